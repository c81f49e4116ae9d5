/*
 * A media worker: one thread that takes the packets of its sessions from io.c through
 * path.c and sends what comes back. Used by relay.c alone.
 *
 * Everything here is called on the loop thread; what is said of the worker's thread is how
 * it works inside. Sessions and streams are made and filled by the loop; from the command
 * that hands them over until they end they belong to the worker's thread, which also frees
 * them. What the loop may still read are their counters.
 */
#pragma once

#include "media/io.h"
#include "media/path.h"

struct worker;
struct worker_session;
struct worker_stream;

struct worker_params {
	unsigned index;
	unsigned tick_us;         /* see struct relay_params */
	const struct tap *tap;    /* NULL: none. Borrowed */
	struct io_shared *shared; /* borrowed */
};

/* Starts the thread. 0, or negative with TEXT. */
int worker_new(
	struct worker **ret, const struct worker_params *params, struct err_text *text);
/* Joins the thread: no packet passes any more. What was commanded has been done. */
void worker_stop(struct worker *worker);
/* Joins the thread, where that has not been done, and frees what it holds; its sessions have been closed before. NULL is
 * fine. */
void worker_free(struct worker *worker);

/* What became of one session. */
struct worker_event {
	enum worker_event_type {
		WORKER_SILENT, /* CALL and END of latched count */
		WORKER_LATCHED,
		WORKER_DIGIT,
	} type;
	union {
		struct relay_latched latched;
		struct relay_digit digit;
	};
};

/* Readable when there are events. worker_events() empties it and calls H for each. */
int worker_event_fd(const struct worker *worker);
typedef void worker_event_h(void *arg, const struct worker_event *event);
void worker_events(struct worker *worker, worker_event_h *h, void *arg);

/* Whether its thread has turned since this was last asked; it is woken to do so until the next time. */
bool worker_turns(struct worker *worker);

/* Packets sent since the start. */
uint64_t worker_packets(const struct worker *worker);
/* Sessions that the loop has here. */
unsigned worker_sessions(const struct worker *worker);

/*
 * Commands are queued in order. They run once the thread is woken, before a packet that comes
 * after them is looked at, or in a second: the caller of any function below that commands wakes
 * it soon, once for many, where something waits for it.
 */
void worker_wake(struct worker *worker);

/* -ENOMEM, or ERR_LIMIT while commands back up. */
int worker_open(struct worker *worker, struct worker_session **ret,
	const struct relay_open *open);
/*
 * Ends it with all its streams. Never fails, but when the worker's queue is full the
 * command waits: true says so, and that worker_flush() is to be called.
 */
bool worker_close(struct worker_session *session);
/* Hands over what waits. True: some still does, call again in some milliseconds. */
bool worker_flush(struct worker *worker);
void worker_set_timeout(struct worker_session *session, uint64_t timeout_ms);
/* Takes its turn among the other commands; 0 or ERR_LIMIT. */
int worker_set_tap(struct worker_session *session, bool tap);

/* By enum relay_end and enum path_channel. The worker's as soon as worker_add() says 0. */
struct worker_ports {
	int fd[2][2]; /* -1 where io_shared_binds() says no */
	struct addr local_rtp[2];
};

/* Goes on at what FROM says, where that is not NULL. 0; -ENOMEM or ERR_LIMIT; with ERROR as path_load(). */
int worker_add(struct worker_session *session, struct worker_stream **ret,
	const struct worker_ports *ports, const struct saved *from,
	struct err_text *error);
/* After worker_stop(): as path_save(). */
int worker_save(const struct worker_stream *stream, struct saved to);
/* As worker_close(). */
bool worker_remove(struct worker_stream *stream);
/* Keys are copied, and the copy is wiped. 0, -ENOMEM, ERR_LIMIT, or as path_check(). */
int worker_set(struct worker_stream *stream, enum relay_end end,
	const struct relay_remote *remote);

/* 0 or ERR_LIMIT; see relay_digit(). */
int worker_digit(struct worker_stream *stream, const struct dtmf_digit *digit);

void worker_stats(
	const struct worker_stream *stream, enum relay_end end, struct relay_stats *ret);
