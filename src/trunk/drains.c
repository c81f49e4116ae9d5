#include "trunk/drains.h"

#include "base/log.h"
#include "base/regular.h"
#include "base/saved.h"
#include "base/span.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The longest file that is read: DRAINS_MAX of the longest. */
#define FILE_MAX ((off_t)16 << 20)

struct drains {
	struct list list; /* struct drain, as they came */
	unsigned count;
	struct clock *clock;
	char *folder, *path, *fresh;
};

/* Not written of struct drain: node (made anew). */
static const struct saved_field fields[] = {
	SAVED_BELOW(struct drain, kind, TRUNK_GATEWAY + 1),
	SAVED_TEXT(struct drain, id),
	SAVED_FIELD(struct drain, since),
	SAVED_TEXT(struct drain, who),
	SAVED_TEXT(struct drain, reason),
	SAVED_END,
};

void drains_free(struct drains *drains)
{
	if (!drains)
		return;
	LIST_FOREACH (&drains->list, node, next)
		free(LIST_ENTRY(node, struct drain, node));
	free(drains->folder);
	free(drains->path);
	free(drains->fresh);
	free(drains);
}

/* ---- the file ---- */

static int save_all(const struct drains *drains, struct buf *out)
{
	struct saved document, object;
	int err = saved_new(&document, 0, NULL);

	if (err)
		return err;
	LIST_FOREACH (&drains->list, node, next) {
		if (!err)
			err = saved_append(document, "drains", &object);
		if (!err)
			err = saved_put(
				object, fields, LIST_ENTRY(node, struct drain, node));
	}
	if (!err)
		err = saved_print(document, out);
	saved_free(&document);
	buf_add_char(out, '\n');
	return err ? err : out->err;
}

/* The name is on the disk when its folder is. */
static int sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = fsync(fd) ? -errno : 0;
	close(fd);
	return err;
}

static int replace(const struct drains *drains, const struct buf *bytes)
{
	int fd = open(drains->fresh,
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	int err;

	if (fd < 0)
		return -errno;
	err = regular_write(fd, buf_span(bytes), NULL);
	if (!err && fsync(fd))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(drains->fresh, drains->path))
		err = -errno;
	if (err)
		unlink(drains->fresh);
	return err ? err : sync_folder(drains->folder);
}

static int write_file(const struct drains *drains, struct err_text *text)
{
	struct buf bytes;
	int err;

	buf_init(&bytes, 0);
	err = save_all(drains, &bytes);
	if (!err)
		err = replace(drains, &bytes);
	buf_free(&bytes);
	if (err)
		err_set(text, err, "%s cannot be written: %s", drains->path,
			err_str(err));
	return err;
}

static int load_one(struct drains *drains, struct saved object, struct err_text *text)
{
	struct drain *drain = calloc(1, sizeof(*drain));
	int err = drain ? saved_take(object, fields, drain, text) : -ENOMEM;

	if (err) {
		free(drain);
		return err;
	}
	list_append(&drains->list, &drain->node);
	drains->count++;
	return 0;
}

static int load_all(struct drains *drains, struct span bytes, struct err_text *text)
{
	struct saved document, object;
	int err = saved_parse(&document, bytes, 0, NULL, text);

	if (err)
		return err;
	for (unsigned i = 0;
		!err && i < DRAINS_MAX && saved_at(document, "drains", i, &object); i++)
		err = load_one(drains, object, text);
	saved_free(&document);
	/* What is written of nobody is an empty object; another one was meant for something else. */
	while (bytes.len > 0 && bytes.p[bytes.len - 1] == '\n')
		bytes.len--;
	if (!err && drains->count == 0 && !span_equal_str(bytes, "{}"))
		err = err_set(text, ERR_FORMAT, "expected a list named drains");
	return err;
}

static int read_file(struct drains *drains, struct err_text *text)
{
	struct err_text why = {{0}};
	struct buf bytes;
	int err;

	buf_init(&bytes, 0);
	err = regular_read(AT_FDCWD, drains->path, FILE_MAX, &bytes);
	if (err == -ENOENT) /* nothing is drained */
		err = 0;
	if (!err && bytes.len > 0)
		err = load_all(drains, buf_span(&bytes), &why);
	buf_free(&bytes);
	if (err && err != -ENOMEM)
		err_set(text, err,
			"%s, which says what is drained, cannot be read: %s; mend it, or "
			"remove it to drain nothing",
			drains->path, why.text[0] ? why.text : err_str(err));
	return err;
}

int drains_new(struct drains **ret, const char *folder, struct clock *clock,
	struct err_text *text)
{
	struct drains *drains = calloc(1, sizeof(*drains));
	int err = 0;

	if (!drains)
		return -ENOMEM;
	list_init(&drains->list);
	drains->clock = clock;
	drains->folder = strdup(folder);
	if (asprintf(&drains->path, "%s/drains.json", folder) < 0)
		drains->path = NULL;
	if (asprintf(&drains->fresh, "%s/drains.new", folder) < 0)
		drains->fresh = NULL;
	if (!drains->folder || !drains->path || !drains->fresh)
		err = -ENOMEM;
	if (!err)
		err = read_file(drains, text);
	if (err) {
		drains_free(drains);
		return err;
	}
	*ret = drains;
	return 0;
}

/* ---- trunks ---- */

static struct drain *find(
	const struct drains *drains, enum trunk_kind kind, const char *id)
{
	LIST_FOREACH (&drains->list, node, next) {
		struct drain *drain = LIST_ENTRY(node, struct drain, node);

		if (drain->kind == kind && strcmp(drain->id, id) == 0)
			return drain;
	}
	return NULL;
}

const struct drain *drains_find(
	const struct drains *drains, enum trunk_kind kind, const char *id)
{
	return find(drains, kind, id);
}

static void take_out(struct drains *drains, struct drain *drain)
{
	list_remove(&drain->node);
	drains->count--;
}

static void tell(const struct drain *drain, const char *event)
{
	char since[CLOCK_TEXT_SIZE], who[LOG_TEXT_SIZE], reason[LOG_TEXT_SIZE];

	log_warning("trunk", "%s=%s event=%s since=%s who=%s reason=%s",
		drain->kind == TRUNK_SERVER ? "server" : "trunk", drain->id, event,
		clock_text(drain->since * 1000000, since),
		log_text(who, drain->who, strlen(drain->who)),
		log_text(reason, drain->reason, strlen(drain->reason)));
}

void drains_apply(struct drains *drains, const struct trunks *trunks, bool start)
{
	struct err_text text = {{0}};
	bool forgot = false;

	LIST_FOREACH (&drains->list, node, next) {
		struct drain *drain = LIST_ENTRY(node, struct drain, node);
		struct trunk *trunk = trunks_find(trunks, drain->kind, drain->id);

		if (trunk)
			trunk->drained = true;
		if (start)
			tell(drain, trunk ? "still-drained" : "drain-forgotten");
		if (trunk || !start)
			continue;
		forgot = true;
		take_out(drains, drain);
		free(drain);
	}
	if (forgot && write_file(drains, &text))
		log_error("trunk", "event=drains-not-written reason=\"%s\"", text.text);
}

int drains_add(struct drains *drains, struct trunk *trunk, const char *who,
	const char *reason, struct err_text *text)
{
	struct drain *drain, *before = find(drains, trunk->kind, trunk->id);
	int err;

	if (!before && drains->count >= DRAINS_MAX)
		return err_set(text, ERR_LIMIT, "%u are drained already", drains->count);
	drain = calloc(1, sizeof(*drain));
	if (!drain)
		return err_set(text, -ENOMEM, "out of memory");
	drain->kind = trunk->kind;
	drain->since = drains->clock->wall_us(drains->clock) / 1000000;
	snprintf(drain->id, sizeof(drain->id), "%s", trunk->id);
	snprintf(drain->who, sizeof(drain->who), "%s", who ? who : "");
	snprintf(drain->reason, sizeof(drain->reason), "%s", reason ? reason : "");
	if (before)
		take_out(drains, before);
	list_append(&drains->list, &drain->node);
	drains->count++;
	err = write_file(drains, text);
	if (err) {
		take_out(drains, drain);
		free(drain);
		if (before) {
			list_append(&drains->list, &before->node);
			drains->count++;
		}
		return err;
	}
	free(before);
	trunk->drained = true;
	return 0;
}

int drains_remove(struct drains *drains, struct trunk *trunk, struct err_text *text)
{
	struct drain *drain = find(drains, trunk->kind, trunk->id);
	int err;

	if (drain) {
		take_out(drains, drain);
		err = write_file(drains, text);
		if (err) {
			list_append(&drains->list, &drain->node);
			drains->count++;
			return err;
		}
		free(drain);
	}
	trunk->drained = false;
	return 0;
}
