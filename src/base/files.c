#include "base/files.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not IN_MODIFY: half a file is of no interest, and its writer closes it. */
#define FILES_EVENTS                                                                     \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |          \
		IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)

/* What a file is, as far as one can tell without reading it. */
struct file_stamp {
	int err; /* of stat(2); then all else is 0 */
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec written, changed;
};

struct file {
	char *path;
	struct file_stamp told; /* when the handler was called last */
	struct file_stamp seen; /* at the last look */
};

struct folder {
	char *path;
	int watch; /* -1: not watched; what is in it is found by looking */
	bool warned;
};

struct files {
	struct loop *loop;
	files_h *h;
	void *arg;
	int fd; /* -1: no inotify */
	struct loop_fd events;
	struct file *files; /* sorted by path */
	size_t file_count;
	struct folder *folders; /* sorted by path */
	size_t folder_count;
	struct timer quiet;
	bool by_event; /* quiet runs because of events: they tell when writing ended */
	uint64_t latest_ms; /* when it is told at the latest; of quiet */
	struct timer poll;
	struct timer say; /* which folders are not watched */
};

static void quiet_h(void *arg);

static void stamp_take(struct file_stamp *stamp, const char *path)
{
	struct stat st;

	memset(stamp, 0, sizeof(*stamp));
	if (stat(path, &st)) {
		stamp->err = errno;
		return;
	}
	stamp->device = st.st_dev;
	stamp->inode = st.st_ino;
	stamp->size = st.st_size;
	stamp->written = st.st_mtim;
	stamp->changed = st.st_ctim;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool stamp_equal(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->err == b->err && a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && same_time(&a->written, &b->written) &&
	       same_time(&a->changed, &b->changed);
}

/* ---- looking ---- */

struct look {
	bool moved; /* something differs from the last look */
	bool fresh; /* something differs from what was told */
};

static struct look take_look(struct files *files)
{
	struct look look = {false, false};

	for (size_t i = 0; i < files->file_count; i++) {
		struct file *file = &files->files[i];
		struct file_stamp now;

		stamp_take(&now, file->path);
		look.moved = look.moved || !stamp_equal(&now, &file->seen);
		look.fresh = look.fresh || !stamp_equal(&now, &file->told);
		file->seen = now;
	}
	return look;
}

/* Waits for rest, but not beyond latest_ms. */
static void wait_quiet(struct files *files)
{
	struct timers *timers = loop_timers(files->loop);
	uint64_t now_ms = timers_now_ms(timers);
	uint64_t delay_ms = FILES_QUIET_MS;

	if (!timer_running(&files->quiet))
		files->latest_ms = now_ms + FILES_DELAY_MAX_MS;
	if (now_ms + delay_ms > files->latest_ms)
		delay_ms = files->latest_ms > now_ms ? files->latest_ms - now_ms : 0;
	timer_start(timers, &files->quiet, delay_ms, quiet_h, files);
}

static void quiet_h(void *arg)
{
	struct files *files = arg;
	struct look look = take_look(files);

	/* Found by looking alone, nobody says that the writer is done: it must be the same
	 * twice. */
	if (!files->by_event && look.moved && look.fresh &&
		timers_now_ms(loop_timers(files->loop)) < files->latest_ms) {
		timer_start(loop_timers(files->loop), &files->quiet, FILES_QUIET_MS,
			quiet_h, files);
		return;
	}
	if (!look.fresh)
		return;
	for (size_t i = 0; i < files->file_count; i++)
		files->files[i].told = files->files[i].seen;
	files->h(files->arg);
}

/* ---- events ---- */

static int watch_folder(struct files *files, const char *path)
{
	int watch;

	if (files->fd < 0)
		return -1;
	watch = inotify_add_watch(
		files->fd, path, FILES_EVENTS | IN_ONLYDIR | IN_EXCL_UNLINK);
	return watch < 0 ? -errno : watch;
}

static void say_h(void *arg)
{
	struct files *files = arg;

	for (size_t i = 0; i < files->folder_count; i++) {
		struct folder *folder = &files->folders[i];

		if (folder->watch >= 0 || folder->warned || files->fd < 0)
			continue;
		folder->warned = true;
		log_warning("files",
			"event=folder-not-watched folder=\"%s\" reason=\"%s\" note=\"its "
			"files are looked at every %d s\"",
			folder->path, strerror(-folder->watch), FILES_POLL_MS / 1000);
	}
}

/* What cannot be watched is said when the loop turns: whoever set the files may find in them what is worse, and
 * that is to be said first. */
static void watch_folders(struct files *files)
{
	bool news = false;

	for (size_t i = 0; i < files->folder_count; i++) {
		struct folder *folder = &files->folders[i];

		if (folder->watch < 0)
			folder->watch = watch_folder(files, folder->path);
		news = news || (folder->watch < 0 && !folder->warned);
	}
	if (news)
		timer_start(loop_timers(files->loop), &files->say, 0, say_h, files);
}

static void folder_gone(struct files *files, int watch)
{
	for (size_t i = 0; i < files->folder_count; i++)
		if (files->folders[i].watch == watch)
			files->folders[i].watch = -1;
}

static void events_h(void *arg, uint32_t events)
{
	struct files *files = arg;
	_Alignas(struct inotify_event) char bytes[4096];
	ssize_t len;
	bool any = false;

	(void)events;
	while ((len = read(files->fd, bytes, sizeof(bytes))) > 0) {
		any = true;
		for (ssize_t at = 0; at < len;) {
			const struct inotify_event *event = (const void *)(bytes + at);

			/* the folder itself was removed or renamed: another may have
			 * its name by now */
			if (event->mask & IN_MOVE_SELF)
				inotify_rm_watch(files->fd, event->wd);
			if (event->mask & IN_IGNORED)
				folder_gone(files, event->wd);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
	if (!any)
		return;
	watch_folders(files);
	files->by_event = true;
	wait_quiet(files);
}

static void poll_h(void *arg)
{
	struct files *files = arg;

	timer_start(loop_timers(files->loop), &files->poll, FILES_POLL_MS, poll_h, files);
	watch_folders(files);
	if (timer_running(&files->quiet) || !take_look(files).fresh)
		return;
	files->by_event = false;
	wait_quiet(files);
}

/* ---- the set ---- */

static void free_files(struct file *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i].path);
	free(list);
}

static void free_folders(struct folder *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i].path);
	free(list);
}

static int compare_files(const void *left, const void *right)
{
	const struct file *a = left;
	const struct file *b = right;

	return strcmp(a->path, b->path);
}

static int compare_folders(const void *left, const void *right)
{
	const struct folder *a = left;
	const struct folder *b = right;

	return strcmp(a->path, b->path);
}

/* Sorted, each once; paths are copied. Empty ones are left out. */
static int make_files(
	struct file **ret, size_t *ret_count, const char *const *paths, size_t count)
{
	struct file *list = calloc(count ? count : 1, sizeof(*list));
	size_t kept = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (!paths[i][0])
			continue;
		list[kept].path = strdup(paths[i]);
		if (!list[kept++].path) {
			free_files(list, kept);
			return -ENOMEM;
		}
	}
	qsort(list, kept, sizeof(*list), compare_files);
	count = kept;
	kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (kept && !strcmp(list[kept - 1].path, list[i].path))
			free(list[i].path);
		else
			list[kept++] = list[i];
	}
	*ret = list;
	*ret_count = kept;
	return 0;
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static int make_folders(struct folder **ret, size_t *ret_count, const struct file *files,
	size_t file_count)
{
	struct folder *list = calloc(file_count ? file_count : 1, sizeof(*list));
	size_t kept = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < file_count; i++) {
		char *path = folder_of(files[i].path);

		if (!path) {
			free_folders(list, kept);
			return -ENOMEM;
		}
		list[kept].path = path;
		list[kept++].watch = -1;
	}
	qsort(list, kept, sizeof(*list), compare_folders);
	file_count = kept;
	kept = 0;
	for (size_t i = 0; i < file_count; i++) {
		if (kept && !strcmp(list[kept - 1].path, list[i].path))
			free(list[i].path);
		else
			list[kept++] = list[i];
	}
	*ret = list;
	*ret_count = kept;
	return 0;
}

/* bsearch() where there may be nothing yet, not even an array. */
static void *find_known(const void *key, const void *known, size_t count, size_t size,
	int (*compare)(const void *a, const void *b))
{
	return count ? bsearch(key, known, count, size, compare) : NULL;
}

/* Stamps of known files are kept, others taken; watches of known folders move over. */
static void carry_over(struct files *files, struct file *list, size_t count,
	struct folder *folders, size_t folder_count)
{
	for (size_t i = 0; i < count; i++) {
		const struct file *known = find_known(&list[i], files->files,
			files->file_count, sizeof(*list), compare_files);

		if (known) {
			list[i].told = known->told;
			list[i].seen = known->seen;
		} else {
			stamp_take(&list[i].told, list[i].path);
			list[i].seen = list[i].told;
		}
	}
	for (size_t i = 0; i < folder_count; i++) {
		struct folder *known = find_known(&folders[i], files->folders,
			files->folder_count, sizeof(*folders), compare_folders);

		if (!known)
			continue;
		folders[i].watch = known->watch;
		folders[i].warned = known->warned;
		known->watch = -1;
	}
	for (size_t i = 0; i < files->folder_count; i++)
		if (files->folders[i].watch >= 0)
			inotify_rm_watch(files->fd, files->folders[i].watch);
}

int files_set(struct files *files, const char *const *paths, size_t count)
{
	struct file *list;
	struct folder *folders;
	size_t folder_count;
	int err = make_files(&list, &count, paths, count);

	if (err)
		return err;
	err = make_folders(&folders, &folder_count, list, count);
	if (err) {
		free_files(list, count);
		return err;
	}
	carry_over(files, list, count, folders, folder_count);
	free_files(files->files, files->file_count);
	free_folders(files->folders, files->folder_count);
	files->files = list;
	files->file_count = count;
	files->folders = folders;
	files->folder_count = folder_count;
	watch_folders(files);
	return 0;
}

/* ---- life ---- */

int files_new(struct files **ret, struct loop *loop, files_h *h, void *arg)
{
	struct files *files = calloc(1, sizeof(*files));
	int err;

	if (!files)
		return -ENOMEM;
	files->loop = loop;
	files->h = h;
	files->arg = arg;
	files->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (files->fd >= 0) {
		err = loop_watch(
			loop, &files->events, files->fd, EPOLLIN, events_h, files);
		if (err) {
			close(files->fd);
			free(files);
			return err;
		}
	} else {
		log_warning("files",
			"event=no-inotify reason=\"%s\" note=\"files are looked at every "
			"%d s\"",
			strerror(errno), FILES_POLL_MS / 1000);
	}
	timer_start(loop_timers(loop), &files->poll, FILES_POLL_MS, poll_h, files);
	*ret = files;
	return 0;
}

void files_free(struct files *files)
{
	if (!files)
		return;
	timer_stop(&files->quiet);
	timer_stop(&files->poll);
	timer_stop(&files->say);
	loop_unwatch(&files->events);
	if (files->fd >= 0)
		close(files->fd);
	free_files(files->files, files->file_count);
	free_folders(files->folders, files->folder_count);
	free(files);
}
