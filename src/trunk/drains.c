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

/* The longest file that is read: DRAINS_MAX of the longest. */
#define FILE_MAX ((off_t)16 << 20)

#define FILE_NAME "drains.json"

/* One that is not on the disk yet; neither: there is none. */
struct change {
	struct drain *before, *after; /* NULL: it was not drained, it is not */
	struct drains_waiter waiter;  /* h NULL: nobody waits */
};

struct drains {
	struct list list; /* struct drain, as they came */
	unsigned count;
	struct drains_params params;
	const struct trunks *trunks;
	char *folder, *path;
	struct change change;
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
	free(drains->change.before);
	free(drains->folder);
	free(drains->path);
	free(drains);
}

/* ---- the list ---- */

static void put_in(struct drains *drains, struct drain *drain)
{
	list_append(&drains->list, &drain->node);
	drains->count++;
}

static void take_out(struct drains *drains, struct drain *drain)
{
	list_remove(&drain->node);
	drains->count--;
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

/* What is so now. 0: DONE_H is told with DRAINS how it ends. */
static int write_file(struct drains *drains, void (*done_h)(void *arg, int err))
{
	struct buf bytes;
	const struct filing_file file = {.folder = drains->folder,
		.name = FILE_NAME,
		.bytes = &bytes,
		.done_h = done_h,
		.arg = drains};
	int err;

	buf_init(&bytes, 0);
	err = save_all(drains, &bytes);
	if (!err)
		return filing_put(drains->params.filing, &file);
	buf_free(&bytes);
	return err;
}

static int explain(const struct drains *drains, int err, struct err_text *text)
{
	return err_set(text, err, "%s cannot be written: %s", drains->path, err_str(err));
}

static int load_one(struct drains *drains, struct saved object, struct err_text *text)
{
	struct drain *drain = calloc(1, sizeof(*drain));
	int err = drain ? saved_take(object, fields, drain, text) : -ENOMEM;

	if (err) {
		free(drain);
		return err;
	}
	put_in(drains, drain);
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

int drains_new(
	struct drains **ret, const struct drains_params *params, struct err_text *text)
{
	struct drains *drains = calloc(1, sizeof(*drains));
	int err = 0;

	if (!drains)
		return -ENOMEM;
	list_init(&drains->list);
	drains->params = *params;
	drains->folder = strdup(params->folder);
	if (asprintf(&drains->path, "%s/" FILE_NAME, params->folder) < 0)
		drains->path = NULL;
	if (!drains->folder || !drains->path)
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

static const char *kind_word(const struct drain *drain)
{
	return drain->kind == TRUNK_SERVER ? "server" : "trunk";
}

static void tell(const struct drain *drain, const char *event)
{
	char since[CLOCK_TEXT_SIZE], who[LOG_TEXT_SIZE], reason[LOG_TEXT_SIZE];

	log_warning("trunk", "%s=%s event=%s since=%s who=%s reason=%s", kind_word(drain),
		drain->id, event, clock_text(drain->since * 1000000, since),
		log_text(who, drain->who, strlen(drain->who)),
		log_text(reason, drain->reason, strlen(drain->reason)));
}

static void forgotten_h(void *arg, int err)
{
	struct drains *drains = arg;
	struct err_text text = {{0}};

	if (!err)
		return;
	explain(drains, err, &text);
	log_error("trunk", "event=drains-not-written reason=\"%s\"", text.text);
}

void drains_apply(struct drains *drains, const struct trunks *trunks, bool start)
{
	bool forgot = false;
	int err;

	drains->trunks = trunks;
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
	err = forgot ? write_file(drains, forgotten_h) : 0;
	if (err)
		forgotten_h(drains, err);
}

/* ---- changes ---- */

static void mark(const struct drains *drains, const struct drain *drain, bool drained)
{
	struct trunk *trunk = trunks_find(drains->trunks, drain->kind, drain->id);

	/* a reload may have removed it meanwhile */
	if (trunk)
		trunk->drained = drained;
}

/* As it was before. */
static void take_back(struct drains *drains, const struct change *change)
{
	if (change->after) {
		mark(drains, change->after, change->before != NULL);
		take_out(drains, change->after);
		free(change->after);
	}
	if (change->before) {
		put_in(drains, change->before);
		mark(drains, change->before, true);
	}
}

static void changed_h(void *arg, int err)
{
	struct drains *drains = arg;
	struct change change = drains->change;
	struct err_text text = {{0}};

	drains->change = (struct change){0};
	if (err) {
		const struct drain *drain = change.after ? change.after : change.before;

		explain(drains, err, &text);
		log_error("trunk", "%s=%s event=drain-taken-back state=%s reason=\"%s\"",
			kind_word(drain), drain->id,
			change.before ? "drained" : "serving", text.text);
		take_back(drains, &change);
	} else {
		free(change.before);
	}
	if (change.waiter.h)
		change.waiter.h(change.waiter.arg, err, &text);
}

/* Either may be NULL. BEFORE, which is in the list, and AFTER, which is not, are taken. */
static int change(struct drains *drains, struct drain *before, struct drain *after,
	const struct drains_waiter *waiter, struct err_text *text)
{
	int err;

	if (before)
		take_out(drains, before);
	if (after)
		put_in(drains, after);
	mark(drains, after ? after : before, after != NULL);
	drains->change =
		(struct change){.before = before, .after = after, .waiter = *waiter};
	err = write_file(drains, changed_h);
	if (!err)
		return 0;
	take_back(drains, &drains->change);
	drains->change = (struct change){0};
	return explain(drains, err, text);
}

/* The file has all that is so when it is written: so one change is on its way at a time, and can be taken back alone. */
static int look_for_room(const struct drains *drains, bool more, struct err_text *text)
{
	if (drains->change.before || drains->change.after)
		return err_set(text, ERR_LIMIT,
			"the one before is not on the disk yet: ask again soon");
	if (more && drains->count >= DRAINS_MAX)
		return err_set(text, ERR_LIMIT, "%u are drained already", drains->count);
	return 0;
}

int drains_add(struct drains *drains, struct trunk *trunk, const char *who,
	const char *reason, const struct drains_waiter *waiter, struct err_text *text)
{
	struct drain *drain, *before = find(drains, trunk->kind, trunk->id);
	int err = look_for_room(drains, !before, text);

	if (err)
		return err;
	drain = calloc(1, sizeof(*drain));
	if (!drain)
		return err_set(text, -ENOMEM, "out of memory");
	drain->kind = trunk->kind;
	drain->since = drains->params.clock->wall_us(drains->params.clock) / 1000000;
	snprintf(drain->id, sizeof(drain->id), "%s", trunk->id);
	snprintf(drain->who, sizeof(drain->who), "%s", who ? who : "");
	snprintf(drain->reason, sizeof(drain->reason), "%s", reason ? reason : "");
	return change(drains, before, drain, waiter, text);
}

int drains_remove(struct drains *drains, struct trunk *trunk,
	const struct drains_waiter *waiter, struct err_text *text)
{
	struct drain *drain = find(drains, trunk->kind, trunk->id);
	int err = look_for_room(drains, false, text);

	if (err)
		return err;
	if (drain)
		return change(drains, drain, NULL, waiter, text);
	waiter->h(waiter->arg, 0, NULL);
	return 0;
}

void drains_forget(struct drains *drains, const void *arg)
{
	if (drains->change.waiter.arg == arg)
		drains->change.waiter.h = NULL;
}
