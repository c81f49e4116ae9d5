#include "audit/sink.h"

#include "audit/cdr_row.h"
#include "audit/follow.h"
#include "audit/sink_pg.h"
#include "audit/writer.h"
#include "base/log.h"
#include "base/thread.h"

#include <errno.h>
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
/* After a fault: doubled from the one to the other. */
#define REST_MIN_MS 1000
#define REST_MAX_MS 60000
/* Rows of a transaction. */
#define STEP_LINES 500
/* What a stop waits for a server that does not answer. */
#define FAREWELL_S 3
#define NICE 15

/* What thread and owner share; the last of the two frees it. */
struct sink {
	/* RO after start */
	char *state_dir, *file, *table;
	bool verify;
	char log[256];
	const struct writer *writer; /* until STOPPING */
	int stop_fd;
	pthread_t thread;

	atomic_uint users;       /* atomic */
	atomic_bool stopping;    /* atomic */
	pthread_mutex_t lock;    /* also: WRITER is asked with it */
	struct sink_state state; /* LOCK: lock */

	/* its thread */
	struct follow *follow;
	struct sink_pg *pg; /* NULL: there is no connection */
	int rest_ms;
};

static void leave(struct sink *sink)
{
	if (atomic_fetch_sub(&sink->users, 1) > 1)
		return;
	if (sink->stop_fd >= 0)
		close(sink->stop_fd);
	follow_free(sink->follow);
	pthread_mutex_destroy(&sink->lock);
	free(sink->state_dir);
	free(sink->file);
	free(sink->table);
	free(sink);
}

static void fail(struct sink *sink, const char *why)
{
	char said[LOG_TEXT_SIZE];
	bool began;

	log_text(said, why, strlen(why)); /* it may be the server's words */
	pthread_mutex_lock(&sink->lock);
	began = !sink->state.failing;
	sink->state.failing = true;
	snprintf(sink->state.why, sizeof(sink->state.why), "%s", why);
	pthread_mutex_unlock(&sink->lock);
	if (began)
		log_error("sink", "event=sink-failing error=%s", said);
}

static void recover(struct sink *sink)
{
	bool failed;

	pthread_mutex_lock(&sink->lock);
	failed = sink->state.failing;
	sink->state.failing = false;
	pthread_mutex_unlock(&sink->lock);
	if (failed)
		log_warning("sink", "event=sink-recovered");
}

/* Records that are signed; none once it is to stop. */
static uint64_t signed_count(struct sink *sink)
{
	struct ledger_state log = {.size = 0};

	pthread_mutex_lock(&sink->lock);
	if (!atomic_load(&sink->stopping))
		writer_log(sink->writer, &log);
	pthread_mutex_unlock(&sink->lock);
	return log.size;
}

/* Connects, and goes on behind what is there. What is not there any more is read from the beginning: rows have keys. */
static int open_pg(struct sink *sink, struct err_text *text)
{
	const struct sink_pg_params params = {.file = sink->file,
		.table = sink->table,
		.log = sink->log,
		.verify = sink->verify};
	struct follow_position position, none = {.next = 0};
	int err = sink_pg_open(&sink->pg, &params, text);

	if (err)
		return err;
	err = sink_pg_position(sink->pg, &position, text);
	if (err)
		return err;
	err = follow_seek(sink->follow, &position);
	if (err == -ESTALE)
		err = follow_seek(sink->follow, &none);
	if (err)
		return err_set(text, err, "cannot read the records: %s", err_str(err));
	pthread_mutex_lock(&sink->lock);
	sink->state.connections++;
	sink->state.next = position.next;
	pthread_mutex_unlock(&sink->lock);
	return 0;
}

/* 0: there may be more; -EAGAIN: there is none now that is signed; or negative. */
static int add_lines(struct sink *sink, uint64_t *ret_count)
{
	const uint64_t limit = signed_count(sink);
	struct follow_line line;
	struct cdr_row row;
	uint64_t count = 0;
	int err = 0;

	while (!err && count < STEP_LINES) {
		err = follow_next(sink->follow, &line);
		if (err || cdr_row_read(&row, line.text) != 0)
			continue; /* what is no record is none there either */
		if (row.numbered && row.seq >= limit) {
			follow_again(sink->follow);
			err = -EAGAIN;
			break;
		}
		err = sink_pg_add(sink->pg, line.text, &row);
		count += !err;
	}
	*ret_count = count;
	return err;
}

static int step(struct sink *sink, struct err_text *text)
{
	struct follow_position position;
	uint64_t count = 0;
	int added = add_lines(sink, &count), err = added == -EAGAIN ? 0 : added;

	if (!err && count > 0)
		err = follow_position(sink->follow, &position);
	if (err)
		return err_set(text, err, "cannot read the records: %s", err_str(err));
	if (count > 0)
		err = sink_pg_commit(sink->pg, &position, text);
	if (err)
		return err;
	pthread_mutex_lock(&sink->lock);
	if (count > 0)
		sink->state.next = position.next;
	sink->state.records += count;
	sink->state.behind = added == 0;
	sink->state.missing = follow_missing(sink->follow);
	pthread_mutex_unlock(&sink->lock);
	return added;
}

/* One round: how long to wait for the next one. */
static int turn(struct sink *sink)
{
	struct err_text text = {""};
	int err = sink->pg ? 0 : open_pg(sink, &text), rest_ms;

	if (!err)
		err = step(sink, &text);
	if (err == 0 || err == -EAGAIN) {
		recover(sink);
		sink->rest_ms = REST_MIN_MS;
		return err == 0 ? 0 : PAUSE_MS;
	}
	fail(sink, text.text);
	sink_pg_close(sink->pg);
	sink->pg = NULL;
	pthread_mutex_lock(&sink->lock);
	sink->state.behind = true;
	pthread_mutex_unlock(&sink->lock);
	rest_ms = sink->rest_ms;
	sink->rest_ms = rest_ms * 2 < REST_MAX_MS ? rest_ms * 2 : REST_MAX_MS;
	return rest_ms;
}

static void *run(void *arg)
{
	struct sink *sink = arg;
	struct pollfd stop = {.fd = sink->stop_fd, .events = POLLIN};

	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	while (!atomic_load(&sink->stopping))
		(void)poll(&stop, 1, turn(sink));
	sink_pg_close(sink->pg);
	sink->pg = NULL;
	leave(sink);
	return NULL;
}

int sink_new(struct sink **ret, const struct sink_params *params)
{
	struct sink *sink = calloc(1, sizeof(*sink));
	struct ledger_state log;
	int err;

	if (!sink)
		return -ENOMEM;
	pthread_mutex_init(&sink->lock, NULL);
	atomic_init(&sink->users, 1);
	sink->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = sink->stop_fd < 0 ? -errno : 0;
	sink->state_dir = strdup(params->state_dir);
	sink->file = strdup(params->file);
	sink->table = strdup(params->table);
	sink->verify = params->verify;
	sink->writer = params->writer;
	sink->rest_ms = REST_MIN_MS;
	writer_log(params->writer, &log);
	snprintf(sink->log, sizeof(sink->log), "%s", log.name);
	if (!err && (!sink->state_dir || !sink->file || !sink->table))
		err = -ENOMEM;
	if (!err)
		err = follow_new(&sink->follow, params->state_dir);
	atomic_fetch_add(&sink->users, 1);
	if (!err)
		err = thread_start(&sink->thread, "sink", run, sink);
	if (err) {
		atomic_fetch_sub(&sink->users, 1);
		leave(sink);
		return err;
	}
	*ret = sink;
	return 0;
}

void sink_start(struct sink **ret, const struct sink_params *params)
{
	int err = sink_new(ret, params);

	if (err)
		log_error("sink", "event=sink-failing error=\"%s\"", err_str(err));
}

void sink_free(struct sink *sink)
{
	const uint64_t one = 1;
	struct timespec until;

	if (!sink)
		return;
	pthread_mutex_lock(&sink->lock);
	atomic_store(&sink->stopping, true);
	pthread_mutex_unlock(&sink->lock);
	(void)!write(sink->stop_fd, &one, sizeof(one));
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FAREWELL_S;
	if (pthread_timedjoin_np(sink->thread, NULL, &until) != 0)
		pthread_detach(sink->thread);
	leave(sink);
}

void sink_state(struct sink *sink, struct sink_state *ret)
{
	pthread_mutex_lock(&sink->lock);
	*ret = sink->state;
	pthread_mutex_unlock(&sink->lock);
}
