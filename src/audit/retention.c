#include "audit/retention.h"

#include "audit/folder.h"
#include "audit/holds.h"
#include "audit/store_name.h"
#include "base/err.h"
#include "base/log.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROUND_US UINT64_C(60000000)
#define STEP_CAPTURES 64
#define DAY_US UINT64_C(86400000000)
/* Of days in one round; further ones are of the next. */
#define DAYS_MAX 4000

enum phase {
	PHASE_REST,
	PHASE_COUNT, /* how much there is */
	PHASE_DELETE,
};

struct retention {
	enum phase phase;
	uint64_t next_us; /* monotonic: when the next round begins */
	char (*days)[STORE_DATE_SIZE];
	size_t day_count, day;
	DIR *ids;          /* of the day; NULL: not begun */
	bool deleted_some; /* of it */
	uint64_t bytes;
	_Atomic uint64_t deleted; /* atomic */
};

/* What one capture has on the disk. */
struct found {
	uint64_t bytes;
	uint64_t written_us; /* wall */
};

int retention_new(struct retention **ret)
{
	struct retention *retention = calloc(1, sizeof(*retention));

	if (!retention)
		return -ENOMEM;
	*ret = retention;
	return 0;
}

static void forget_days(struct retention *retention)
{
	if (retention->ids)
		closedir(retention->ids);
	retention->ids = NULL;
	free(retention->days);
	retention->days = NULL;
	retention->day_count = 0;
	retention->day = 0;
}

void retention_free(struct retention *retention)
{
	if (retention)
		forget_days(retention);
	free(retention);
}

uint64_t retention_deleted(const struct retention *retention)
{
	return atomic_load(&retention->deleted);
}

/* ---- days ---- */

static bool is_day(const char *name)
{
	static const char form[] = "dddd-dd-dd";

	for (size_t i = 0; i < sizeof(form); i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)name[i])
				   : name[i] != form[i])
			return false;
	return true;
}

static int compare_days(const void *a, const void *b)
{
	return strcmp(a, b);
}

static DIR *open_dir(int parent_fd, const char *name)
{
	const int fd =
		openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		close(fd);
	return dir;
}

static void list_days(struct retention *retention, int root_fd)
{
	DIR *dir = open_dir(root_fd, ".");
	const struct dirent *entry;

	forget_days(retention);
	retention->days = calloc(DAYS_MAX, sizeof(*retention->days));
	while (dir && retention->days && retention->day_count < DAYS_MAX &&
		(entry = readdir(dir)))
		if (is_day(entry->d_name))
			memcpy(retention->days[retention->day_count++], entry->d_name,
				STORE_DATE_SIZE);
	if (dir)
		closedir(dir);
	qsort(retention->days, retention->day_count, sizeof(*retention->days),
		compare_days);
}

/* ---- one capture ---- */

static bool is_capture_file(const char *name)
{
	return strncmp(name, "call.", 5) == 0;
}

/* False: there is none. */
static bool look(int day_fd, const char *id, struct found *ret)
{
	DIR *dir = store_id_ok(id) ? open_dir(day_fd, id) : NULL;
	const struct dirent *entry;
	struct stat st;

	memset(ret, 0, sizeof(*ret));
	while (dir && (entry = readdir(dir))) {
		uint64_t written_us;

		if (!is_capture_file(entry->d_name) ||
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		written_us = (uint64_t)st.st_mtim.tv_sec * 1000000 +
			     (uint64_t)st.st_mtim.tv_nsec / 1000;
		ret->bytes += (uint64_t)st.st_size;
		if (written_us > ret->written_us)
			ret->written_us = written_us;
	}
	if (dir)
		closedir(dir);
	return dir != NULL;
}

/* 0 or a negated errno. Files of others stay, and their folder with them. */
static int delete_files(int day_fd, const char *id)
{
	DIR *dir = open_dir(day_fd, id);
	const struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (is_capture_file(entry->d_name) &&
			unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			err = -errno;
	closedir(dir);
	if (!err && unlinkat(day_fd, id, AT_REMOVEDIR) < 0 && errno != ENOTEMPTY)
		err = -errno;
	return err;
}

static void delete_capture(struct retention *retention, const char *id,
	const struct found *found, const char *reason)
{
	const char *day = retention->days[retention->day];
	const int err = delete_files(dirfd(retention->ids), id);

	if (err) {
		log_warning("store", "call=%s event=capture-kept error=\"%s\"", id,
			err_str(err));
		return;
	}
	retention->bytes -=
		found->bytes < retention->bytes ? found->bytes : retention->bytes;
	atomic_fetch_add(&retention->deleted, 1);
	retention->deleted_some = true;
	log_info("store", "call=%s event=capture-deleted day=%s reason=%s bytes=%" PRIu64,
		id, day, reason, found->bytes);
}

static bool is_over(const struct retention *retention, const struct retention_step *step)
{
	return step->keep_bytes > 0 && retention->bytes > step->keep_bytes;
}

static void judge(
	struct retention *retention, const struct retention_step *step, const char *id)
{
	const char *day = retention->days[retention->day];
	struct found found;
	bool old;

	if (!look(dirfd(retention->ids), id, &found))
		return;
	if (retention->phase == PHASE_COUNT) {
		retention->bytes += found.bytes;
		return;
	}
	old = step->keep_us > 0 && found.written_us + step->keep_us < step->wall_us;
	if ((!old && !is_over(retention, step)) ||
		(found.bytes == 0 && !found.written_us) ||
		holds_has(step->root_fd, day, id) || step->in_use_h(step->arg, day, id))
		return;
	delete_capture(retention, id, &found, old ? "age" : "size");
}

/* ---- rounds ---- */

/* Whether something of DAY, and so of those behind it, may have to go. */
static bool day_counts(const struct retention *retention,
	const struct retention_step *step, const char *day)
{
	char limit[STORE_DATE_SIZE];

	if (retention->phase == PHASE_COUNT || is_over(retention, step))
		return true;
	if (step->keep_us == 0 || step->keep_us > step->wall_us)
		return false;
	return strcmp(day, store_date(step->wall_us - step->keep_us, limit)) <= 0;
}

/* One that is not empty stays. */
static void end_day(struct retention *retention, const struct retention_step *step)
{
	if (retention->ids)
		closedir(retention->ids);
	retention->ids = NULL;
	if (retention->deleted_some)
		(void)unlinkat(
			step->root_fd, retention->days[retention->day], AT_REMOVEDIR);
	retention->deleted_some = false;
}

static void end_phase(struct retention *retention, const struct retention_step *step)
{
	end_day(retention, step);
	retention->day = 0;
	if (retention->phase == PHASE_COUNT) {
		retention->phase = PHASE_DELETE;
		return;
	}
	forget_days(retention);
	retention->phase = PHASE_REST;
	retention->next_us = step->mono_us + ROUND_US;
}

/* The next capture of the round; NULL: this day, or phase, is over. */
static const char *next_id(struct retention *retention, const struct retention_step *step)
{
	const char *day = retention->days[retention->day];
	const struct dirent *entry;

	if (!retention->ids)
		retention->ids = open_dir(step->root_fd, day);
	while (retention->ids && (entry = readdir(retention->ids)))
		if (store_id_ok(entry->d_name))
			return entry->d_name;
	end_day(retention, step);
	retention->day++;
	return NULL;
}

static void begin_round(struct retention *retention, const struct retention_step *step)
{
	if (step->mono_us < retention->next_us || (!step->keep_us && !step->keep_bytes))
		return;
	list_days(retention, step->root_fd);
	retention->bytes = 0;
	retention->phase = step->keep_bytes ? PHASE_COUNT : PHASE_DELETE;
}

void retention_step(struct retention *retention, const struct retention_step *step)
{
	const char *id;

	if (retention->phase == PHASE_REST)
		begin_round(retention, step);
	for (unsigned i = 0; i < STEP_CAPTURES && retention->phase != PHASE_REST; i++) {
		if (retention->day == retention->day_count ||
			!day_counts(retention, step, retention->days[retention->day])) {
			end_phase(retention, step);
			continue;
		}
		id = next_id(retention, step);
		if (id)
			judge(retention, step, id);
	}
}
