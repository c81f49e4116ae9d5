#include "audit/index.h"

#include "audit/cdr_row.h"
#include "audit/follow.h"
#include "audit/index_write.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 1000
/* After a fault. */
#define REST_MS 5000
/* Lines of one transaction: some 50 ms. */
#define STEP_LINES 4096
/* Files are counted, so that what was deleted is forgotten. */
#define FORGET_US UINT64_C(60000000)
/* Behind calls and behind captures. */
#define NICE 15

struct index {
	/* RO after start */
	char *state_dir;
	unsigned pause_ms;
	int stop_fd;
	pthread_t thread;
	bool started;

	atomic_bool stopping; /* atomic */
	atomic_bool damaged;  /* atomic; somebody found it so */
	pthread_mutex_t lock;
	struct index_state state; /* LOCK: lock */

	/* its thread */
	struct follow *follow;
	struct index_writer *writer; /* NULL: it is not open */
	unsigned file;               /* of the follower, that the writer knows */
	uint64_t forget_us;          /* when files are counted next */
	bool rebuilding;
	bool foreign; /* a line that is no record was told of */
};

static uint64_t cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void fail(struct index *index, const char *why)
{
	bool began;

	pthread_mutex_lock(&index->lock);
	began = !index->state.failing;
	index->state.failing = true;
	snprintf(index->state.why, sizeof(index->state.why), "%s", why);
	pthread_mutex_unlock(&index->lock);
	if (began)
		log_error("index", "event=index-failing error=\"%s\"", why);
}

static void recover(struct index *index)
{
	bool failed;

	pthread_mutex_lock(&index->lock);
	failed = index->state.failing;
	index->state.failing = false;
	pthread_mutex_unlock(&index->lock);
	if (failed)
		log_warning("index", "event=index-recovered");
}

static void close_writer(struct index *index)
{
	index_writer_free(index->writer);
	index->writer = NULL;
	index->file = 0;
}

/* It is made anew, because of WHY. 0 or negative. */
static int rebuild(struct index *index, const char *why)
{
	int err;

	close_writer(index);
	err = index_db_remove(index->state_dir);
	if (err)
		return err;
	log_warning("index", "event=index-rebuild error=\"%s\"", why);
	index->rebuilding = true;
	pthread_mutex_lock(&index->lock);
	index->state.rebuilt++;
	pthread_mutex_unlock(&index->lock);
	return 0;
}

/* Goes on behind what is in it. -ESTALE: that is not what lies there. */
static int seek(struct index *index, struct err_text *text)
{
	struct follow_position position;
	int err = index_writer_position(index->writer, &position, text);

	if (!err)
		err = follow_seek(index->follow, &position);
	if (err == -ESTALE)
		err_set(text, err, "the records are not those that are in it");
	else if (err && !text->text[0])
		err_set(text, err, "cannot read the records: %s", err_str(err));
	/* Where there was nothing yet, all that lies there is taken. */
	if (!err && !position.file[0])
		index->rebuilding = true;
	return err;
}

static int open_once(struct index *index, struct err_text *text)
{
	int err = index_writer_new(&index->writer, index->state_dir, text);

	if (!err)
		err = seek(index, text);
	if (err)
		close_writer(index);
	return err;
}

static int open_writer(struct index *index, struct err_text *text)
{
	int err = open_once(index, text);

	if (err != ERR_FORMAT && err != -ESTALE)
		return err;
	err = rebuild(index, text->text);
	if (err)
		return err_set(
			text, err, "cannot remove the damaged index: %s", err_str(err));
	return open_once(index, text);
}

static int add_line(
	struct index *index, const struct follow_line *line, struct err_text *text)
{
	struct cdr_row row;
	int err = 0;

	if (line->file != index->file) {
		err = index_writer_file(index->writer, follow_file(index->follow), text);
		if (err)
			return err;
		index->file = line->file;
	}
	if (cdr_row_read(&row, line->text) == 0)
		return index_writer_add(index->writer, line->begin, &row, text);
	if (!index->foreign)
		log_warning("index", "event=foreign-line");
	index->foreign = true;
	return 0;
}

/* Lines of one transaction. 0: more may wait; -EAGAIN: they do not; or another negative code, with TEXT. */
static int add_lines(struct index *index, uint64_t *ret_count, struct err_text *text)
{
	struct follow_line line;
	uint64_t count = 0;
	int err = 0;

	while (!err && count < STEP_LINES) {
		err = follow_next(index->follow, &line);
		if (err && err != -EAGAIN)
			return err_set(
				text, err, "cannot read the records: %s", err_str(err));
		if (!err)
			err = add_line(index, &line, text);
		count += !err;
	}
	*ret_count = count;
	return err;
}

/* One transaction. 0: more may wait; -EAGAIN: all is in it; or another negative code, with TEXT. */
static int step(struct index *index, struct err_text *text)
{
	struct follow_position position;
	uint64_t count = 0;
	int err = index_writer_begin(index->writer, text), added;

	if (err)
		return err;
	added = add_lines(index, &count, text);
	err = added == -EAGAIN ? 0 : added;
	if (!err && count > 0)
		err = follow_position(index->follow, &position);
	if (!err && count > 0)
		err = index_writer_commit(index->writer, &position, text);
	if (err || count == 0)
		index_writer_rollback(index->writer);
	if (err && !text->text[0])
		err_set(text, err, "cannot read the records: %s", err_str(err));
	if (err)
		return err;
	pthread_mutex_lock(&index->lock);
	index->state.records += count;
	index->state.catching_up = added == 0;
	index->state.behind_bytes = follow_behind(index->follow);
	index->state.missing = follow_missing(index->follow);
	pthread_mutex_unlock(&index->lock);
	return added;
}

/* What files were deleted of is forgotten, in steps. 1: there is more. */
static int forget(struct index *index, struct err_text *text)
{
	const uint64_t now_us = clock_real()->mono_us(clock_real());
	int count, err;

	if (now_us < index->forget_us)
		return 0;
	count = follow_count_files(index->state_dir);
	err = count < 0 ? 0 : index_writer_forget(index->writer, (unsigned)count, text);
	if (err == 0)
		index->forget_us = now_us + FORGET_US;
	return err;
}

static void caught_up(struct index *index)
{
	struct index_state state;

	index_state(index, &state);
	if (index->rebuilding)
		log_info("index", "event=index-built records=%" PRIu64, state.records);
	index->rebuilding = false;
}

/* One round: how long to wait for the next one. */
static int turn(struct index *index)
{
	struct err_text text = {""};
	bool damaged = atomic_exchange(&index->damaged, false);
	int err = 0;

	if (index->writer && !index_writer_is_there(index->writer))
		close_writer(index);
	if (damaged) {
		err = rebuild(index, "found damaged by who read it");
		if (err)
			err_set(&text, err, "cannot remove the damaged index: %s",
				err_str(err));
	}
	if (!err && !index->writer)
		err = open_writer(index, &text);
	if (!err)
		err = step(index, &text);
	if (err == -EAGAIN) {
		caught_up(index);
		err = forget(index, &text);
		err = err > 0 ? 0 : err < 0 ? err : -EAGAIN;
	}
	if (err == ERR_FORMAT) /* it shows itself while it is used */
		err = rebuild(index, text.text);
	if (err == 0 || err == -EAGAIN) {
		recover(index);
		return err == 0 ? 0 : (int)index->pause_ms;
	}
	fail(index, text.text);
	close_writer(index);
	return index->pause_ms < PAUSE_MS ? (int)index->pause_ms : REST_MS;
}

static void *run(void *arg)
{
	struct index *index = arg;
	struct pollfd stop = {.fd = index->stop_fd, .events = POLLIN};
	int wait_ms;

	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	while (!atomic_load(&index->stopping)) {
		wait_ms = turn(index);
		pthread_mutex_lock(&index->lock);
		index->state.busy_us = cpu_us();
		pthread_mutex_unlock(&index->lock);
		(void)poll(&stop, 1, wait_ms);
	}
	close_writer(index);
	return NULL;
}

int index_new(struct index **ret, const struct index_params *params)
{
	struct index *index = calloc(1, sizeof(*index));
	int err = -ENOMEM;

	if (!index)
		return -ENOMEM;
	pthread_mutex_init(&index->lock, NULL);
	index->stop_fd = -1;
	index->pause_ms = params->pause_ms > 0 ? params->pause_ms : PAUSE_MS;
	index->state_dir = strdup(params->state_dir);
	if (!index->state_dir)
		goto out;
	err = follow_new(&index->follow, params->state_dir);
	if (err)
		goto out;
	index->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = index->stop_fd < 0 ? -errno
				 : thread_start(&index->thread, "index", run, index);
	if (err)
		goto out;
	index->started = true;
	*ret = index;
	return 0;
out:
	index_free(index);
	return err;
}

void index_start(struct index **ret, const char *state_dir)
{
	const struct index_params params = {.state_dir = state_dir};
	int err = index_new(ret, &params);

	if (err)
		log_error("index", "event=index-failing error=\"%s\"", err_str(err));
}

void index_free(struct index *index)
{
	const uint64_t one = 1;

	if (!index)
		return;
	if (index->started) {
		atomic_store(&index->stopping, true);
		(void)!write(index->stop_fd, &one, sizeof(one));
		pthread_join(index->thread, NULL);
	}
	if (index->stop_fd >= 0)
		close(index->stop_fd);
	follow_free(index->follow);
	pthread_mutex_destroy(&index->lock);
	free(index->state_dir);
	free(index);
}

void index_state(struct index *index, struct index_state *ret)
{
	pthread_mutex_lock(&index->lock);
	*ret = index->state;
	pthread_mutex_unlock(&index->lock);
}

void index_damaged(struct index *index)
{
	atomic_store(&index->damaged, true);
}

const char *index_folder(const struct index *index)
{
	return index->state_dir;
}
