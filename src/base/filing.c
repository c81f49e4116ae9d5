#include "base/filing.h"

#include "base/err.h"
#include "base/list.h"
#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is written has this behind its name until it is whole. */
#define FRESH ".new"

/* What is to be done: its thread's while that is under way. */
struct work {
	char *folder, *name, *fresh;
	struct buf bytes;
	bool remove;
	int err;
};

/* Who is told. */
struct entry {
	struct list node;
	struct work *work; /* NULL: it is done, or its thread has it */
	void (*done_h)(void *arg, int err);
	void *arg;
};

struct filing {
	struct loop *loop;     /* NULL: there is none */
	struct loop_task task; /* begins the next one */
	struct list waiting;   /* struct entry, the oldest first */
	unsigned count;        /* of them, and WRITING */
	struct entry *writing; /* NULL: nothing is written now */
	struct aside *aside;   /* that writes it */
};

/* Of the whole process: what was given up may outlive who began it. */
static struct aside_group group = ASIDE_GROUP_INIT;

static int last_error(void)
{
	return errno > 0 ? -errno : -EIO;
}

static void work_free(void *arg)
{
	struct work *work = arg;

	if (!work)
		return;
	buf_free(&work->bytes);
	free(work->folder);
	free(work->name);
	free(work->fresh);
	free(work);
}

/* NULL: out of memory. */
static struct work *work_new(const struct filing_file *file)
{
	struct work *work = calloc(1, sizeof(*work));

	if (!work)
		return NULL;
	buf_init(&work->bytes, 0);
	work->remove = !file->bytes;
	work->folder = strdup(file->folder);
	work->name = strdup(file->name);
	if (asprintf(&work->fresh, "%s" FRESH, file->name) < 0)
		work->fresh = NULL;
	if (work->folder && work->name && work->fresh)
		return work;
	work_free(work);
	return NULL;
}

/* ---- the disk: no loop, any thread ---- */

static int open_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && mkdir(path, 0750) == 0)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? last_error() : fd;
}

static int take_away(const struct work *work, int dir_fd)
{
	return unlinkat(dir_fd, work->name, 0) && errno != ENOENT ? last_error() : 0;
}

static void work_do(void *arg, const atomic_bool *cancelled)
{
	struct work *work = arg;
	const int dir_fd = open_folder(work->folder);

	(void)cancelled; /* one file is all that there is */
	work->err = dir_fd < 0     ? dir_fd
		    : work->remove ? take_away(work, dir_fd)
				   : regular_replace(dir_fd, work->name, work->fresh,
					     buf_span(&work->bytes));
	if (dir_fd < 0)
		return;
	/* a name is on the disk when its folder is */
	if (!work->err && fsync(dir_fd))
		work->err = last_error();
	close(dir_fd);
}

/* ---- the loop ---- */

static void entry_free(struct entry *entry)
{
	work_free(entry->work);
	free(entry);
}

static void begin_h(void *arg);

static void begin_soon(struct filing *filing)
{
	if (filing->loop && !filing->writing && !list_empty(&filing->waiting))
		loop_defer(filing->loop, &filing->task, begin_h, filing);
}

/* Who is told may put more, or free FILING: so that comes last. */
static void tell(struct filing *filing, struct entry *entry, int err)
{
	void (*done_h)(void *arg, int err) = entry->done_h;
	void *arg = entry->arg;

	filing->count--;
	entry_free(entry);
	begin_soon(filing);
	if (done_h)
		done_h(arg, err);
}

static void written_h(void *arg, void *done)
{
	struct filing *filing = arg;
	struct entry *entry = filing->writing;
	struct work *work = done;
	const int err = work->err;

	filing->writing = NULL;
	filing->aside = NULL;
	work_free(work);
	tell(filing, entry, err);
}

static struct entry *take_first(struct filing *filing)
{
	struct entry *entry = LIST_ENTRY(filing->waiting.next, struct entry, node);

	list_remove(&entry->node);
	return entry;
}

static void begin_h(void *arg)
{
	struct filing *filing = arg;
	struct entry *entry = take_first(filing);
	const struct aside_params params = {.loop = filing->loop,
		.name = "file",
		.group = &group,
		.work_h = work_do,
		.free_h = work_free,
		.done_h = written_h,
		.work = entry->work,
		.arg = filing};
	int err;

	entry->work = NULL; /* aside_start() takes it in any case */
	err = aside_start(&filing->aside, &params);
	if (err)
		tell(filing, entry, err);
	else
		filing->writing = entry;
}

static struct entry *entry_new(const struct filing_file *file)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->done_h = file->done_h;
	entry->arg = file->arg;
	entry->work = work_new(file);
	if (entry->work)
		return entry;
	free(entry);
	return NULL;
}

static int put(struct filing *filing, const struct filing_file *file)
{
	struct entry *entry;
	int err;

	if (filing->count >= FILING_MAX)
		return ERR_LIMIT;
	entry = entry_new(file);
	if (!entry)
		return -ENOMEM;
	if (file->bytes) {
		entry->work->bytes = *file->bytes;
		buf_init(file->bytes, 0);
	}
	filing->count++;
	if (filing->loop) {
		list_append(&filing->waiting, &entry->node);
		begin_soon(filing);
		return 0;
	}
	work_do(entry->work, NULL);
	err = entry->work->err;
	tell(filing, entry, err);
	return 0;
}

int filing_put(struct filing *filing, const struct filing_file *file)
{
	int err = put(filing, file);

	if (err && file->bytes)
		buf_free(file->bytes);
	return err;
}

int filing_new(struct filing **ret, struct loop *loop)
{
	struct filing *filing = calloc(1, sizeof(*filing));

	if (!filing)
		return -ENOMEM;
	filing->loop = loop;
	list_init(&filing->waiting);
	*ret = filing;
	return 0;
}

void filing_free(struct filing *filing)
{
	if (!filing)
		return;
	loop_cancel(&filing->task);
	if (filing->aside)
		aside_cancel(filing->aside);
	if (filing->writing)
		entry_free(filing->writing);
	while (!list_empty(&filing->waiting))
		entry_free(take_first(filing));
	free(filing);
}
