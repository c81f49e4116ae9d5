/*
 * What the files of the worker share; nobody else includes this.
 */
#pragma once

#include "base/list.h"
#include "base/pulse.h"
#include "media/rtcp.h"
#include "media/worker.h"

#include <pthread.h>

enum command_type {
	COMMAND_OPEN,
	COMMAND_CLOSE,
	COMMAND_ADD,
	COMMAND_REMOVE,
	COMMAND_SET,
	COMMAND_DIGIT,
	COMMAND_TAP,
};

/* What a stream's end becomes. On the heap and not in the queue, so that the keys can be
 * wiped once they have been used. */
struct change {
	struct worker_stream *stream;
	enum relay_end end;
	struct relay_remote remote;
};

struct command {
	enum command_type type;
	union {
		struct worker_session *session;
		struct worker_stream *stream;
		struct change *change;
	};
	struct dtmf_digit digit;
	bool tap;
};

/* The command that ends a session or a stream; part of it, so that it cannot fail. */
struct ending {
	struct list node; /* in the worker's list of endings */
	struct command command;
};

struct worker_port {
	struct io_port io; /* first: what comes in names it */
	struct worker_stream *stream;
	enum relay_end end;
	enum path_channel channel;
};

struct worker_stream {
	struct list node; /* in the session's or the ended streams; the worker's thread */
	struct ending ending;           /* the loop thread */
	struct worker_session *session; /* RO */
	bool ended;                     /* the worker's thread */
	struct list pacing;     /* in the worker's pacing, while path.next_us is set */
	uint32_t told_ssrcs[2]; /* changes that were logged; the worker's thread */
	struct worker_port port[2][2];
	struct path path;
};

struct worker_session {
	struct list node;      /* in the worker's live or ended sessions; its thread */
	struct ending ending;  /* the loop thread */
	struct worker *worker; /* RO */
	char id[32];           /* RO; the call's, for the log */
	char cname[RTCP_CNAME_MAX + 1]; /* RO; ours in RTCP */
	_Atomic uint64_t timeout_us;    /* atomic */
	/* The worker's thread: */
	struct list streams;
	struct path_whose whose; /* its call is RO; whether it is tapped is not */
	bool told[2];            /* that an end is silent */
	uint64_t told_since_us[2];
};

struct worker {
	/* RO after start */
	unsigned index;
	unsigned tick_us;
	const struct tap *tap;
	struct queue *commands; /* loop to worker */
	struct queue *events;   /* worker to loop */
	struct io *io;
	pthread_t thread;

	/* The loop thread: */
	unsigned session_count;
	bool stopped;
	struct list endings; /* that the full queue could not take yet, in order */

	/* The worker's thread: */
	struct list sessions;
	struct list pacing; /* streams whose path is to be ticked */
	struct list ended_sessions,
		ended_streams; /* to be freed at the end of the turn */
	uint64_t now_us;
	uint64_t swept_us;
	uint64_t load_us; /* when the present load window began */
	unsigned load;    /* packets in it */
	bool busy;
	struct path_batch batch;
	_Atomic uint64_t packets; /* atomic */
	_Atomic bool stopping;    /* atomic */
	struct pulse pulse;
	_Alignas(8) uint8_t own[RTCP_WRITE_MAX + SRTP_TRAILER_MAX];
};

/* Sends *OUT of DATA, and counts it. */
void worker_send(
	struct worker_stream *stream, const uint8_t *data, const struct path_out *out);
/* Tells the loop what the path of STREAM has to tell. */
void worker_tell(struct worker *worker, struct worker_stream *stream);

/* What is looked at once a second: silence, digits that nobody ended, reports that are due. */
void sweep(struct worker *worker);
