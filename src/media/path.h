/*
 * The path of one packet through one stream: from the bytes that came in at one end to
 * the bytes that leave on the other. No input or output, no clock, no lock and no log:
 * worker.c brings packets here and sends what comes back. A packet allocates nothing, but the
 * first one that makes a further source of a line (outgoing.h, quality.h) or SSRC of a key
 * (ssrcs.h).
 *
 * A struct path belongs to its worker. The counters alone are read by other threads.
 */
#pragma once

#include "base/saved.h"
#include "media/counters.h"
#include "media/dtmf.h"
#include "media/formats.h"
#include "media/keys.h"
#include "media/outgoing.h"
#include "media/quality.h"
#include "media/relay.h"
#include "media/remote.h"
#include "media/report.h"
#include "media/search.h"
#include "media/srtp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which of our two ports of an end, and what kind of packet. */
enum path_channel { PATH_RTP, PATH_RTCP };

/* How an end's packets are protected. The first is what a zeroed end is: it neither
 * accepts nor sends anything. */
enum path_cover { PATH_CLOSED, PATH_PLAIN, PATH_SRTP, PATH_UDPTL };

/* What RTCP may become on its way; what does not fit is left out. */
#define PATH_RTCP_MAX 1400

struct path_end {
	struct formats formats;
	/* What each packet needs stands together. */
	enum path_cover cover;
	bool mux, send, receive;
	struct srtp_context *open; /* with PATH_SRTP alone; borrowed from the keys */
	struct srtp_context *seal;
	struct remote remote; /* its indices are by enum path_channel */
	struct counters counters;
	struct quality quality;
	struct outgoing outgoing; /* what we send to it */
	/* The rest. */
	struct search search; /* for what OPEN refuses */
	struct addr local[2];
	uint64_t set_us; /* when the far end's silence began to count */
	struct report report;
	struct keys open_keys, seal_keys;
};

/* Digits between an end that has telephone-events and one that has them signalled. */
struct path_dtmf {
	enum relay_end end; /* which has the events */
	struct dtmf_terms terms;
	struct dtmf_reader reader;  /* of what it sends */
	struct dtmf_player player;  /* into what is sent to it */
	struct dtmf_digit ended[2]; /* to be told, in order; the owner clears the count */
	unsigned ended_count;
};

/* Whose a path is, for taps. */
struct path_whose {
	uint64_t call;
	bool tapped; /* its media is captured */
};

struct path {
	struct path_end end[2];         /* by enum relay_end */
	const struct path_whose *whose; /* borrowed */
	const char *cname;              /* ours, in RTCP; borrowed */
	bool due;         /* something is to be told: what latched and dtmf say */
	uint64_t next_us; /* when path_tick() is to be called; 0: not at all */
	/* The last latch, to be told; end[].remote is where it went. */
	struct path_latched {
		bool due; /* the owner clears it */
		enum relay_end end;
		enum path_channel channel;
		struct addr from; /* where the far end was expected */
	} latched;
	struct path_dtmf *dtmf; /* owned; NULL: no digits are converted */
};

/* What is the same for all packets of a batch. */
struct path_batch {
	uint64_t now_us;  /* monotonic */
	uint64_t wall_us; /* for taps; 0 when there is none */
	unsigned worker;
	const struct tap *tap; /* NULL: none */
};

struct path_in {
	enum relay_end end;
	enum path_channel channel; /* our port that it came to */
	const struct addr *source;
	/* Aligned to 4, with SRTP_TRAILER_MAX bytes of room behind LEN and behind
	 * PATH_RTCP_MAX. */
	uint8_t *data;
	size_t len;
};

/* Send data of the path_in, now LEN bytes, from our CHANNEL port of END to TO. */
struct path_out {
	enum relay_end end;
	enum path_channel channel;
	enum path_channel kind;
	const struct addr *to;
	size_t len;
	size_t clear_len; /* for the counters */
};

struct path_params {
	struct addr local_rtp[2];       /* by end; RTCP is the next port */
	const char *cname;              /* borrowed as long as the path */
	const struct path_whose *whose; /* the same */
	uint64_t seed;                  /* random */
};
void path_init(struct path *path, const struct path_params *params);
/* Wipes the keys and frees what it holds. */
void path_clear(struct path *path);

/* ---- path_saved.c ---- */

/* Writes how far it has come: numbers, counters, keys, where its far ends were found. 0, -ENOMEM, or
 * what the sealer returns. */
int path_save(const struct path *path, struct saved to);
/*
 * PATH, new, goes on there once path_set() has told of its ends again: numbers and timestamps without
 * a break, under SSRCs of its own, so that no index of a key is used twice even if what was written is
 * older than what was sent. 0; ERR_FORMAT, ERR_AUTH, ERR_SUPPORT or ERR_LIMIT with ERROR; -ENOMEM or
 * ERR_LIBRARY.
 */
int path_load(struct path *path, struct saved from, struct err_text *error);

/*
 * Whether REMOTE can be used: both keys are plain, or both can be SRTP contexts. 0,
 * ERR_SUPPORT, or ERR_STATE when one is plain and the other is not. Any thread.
 */
int path_check(const struct relay_remote *remote);
/*
 * Takes what END announced; a key that was in use before, however long ago, goes on with its
 * context. 0, ERR_SUPPORT,
 * ERR_STATE, -ENOMEM or ERR_LIBRARY; the end is closed then.
 */
int path_set(struct path *path, enum relay_end end, const struct relay_remote *remote,
	uint64_t now_us);

/*
 * Takes one packet through: pinned source, class (RFC 5761, RFC 7983), open, count, tap,
 * our numbers (outgoing.h), seal. True: send *ret_out. False: it was dropped and counted. A packet that is not
 * authentic changes nothing but a counter.
 *
 * The tap sees it in clear, as received: source is the far end, destination our port; and as sent, with our numbers: from
 * our port to the other far end. It sees those that go on to the other end alone, so that the capture is what was relayed, or
 * told as a digit. What one of them was sent as is there even where the network then refused it.
 */
bool path_packet(struct path *path, const struct path_batch *batch,
	const struct path_in *in, struct path_out *ret_out);
/* A digit to be played to the end with telephone-events; nothing where there is none. See
 * path.next_us afterwards. */
void path_play(struct path *path, const struct dtmf_digit *digit, uint64_t now_us);
/*
 * A packet of our own is due, of a digit that finds no audio to be played into: send *OUT, whose
 * bytes stand in DATA (DTMF_PACKET and SRTP_TRAILER_MAX bytes, aligned to 4). False: none is.
 * Says in path.next_us when to call it again.
 */
bool path_tick(struct path *path, const struct path_batch *batch, uint8_t *data,
	struct path_out *ret_out);
/* Ends a digit of which nothing is heard any more; see path.due. */
void path_expire(struct path *path, uint64_t now_us);
/*
 * The report that is due toward END because the other end makes none, sealed: send *OUT,
 * whose bytes stand in DATA (RTCP_WRITE_MAX and SRTP_TRAILER_MAX bytes, aligned to 4).
 * False: none is due. BATCH needs its wall_us.
 */
bool path_report(struct path *path, enum relay_end end, const struct path_batch *batch,
	uint8_t *data, struct path_out *ret_out);
/* Counts what became of *OUT. */
void path_sent(struct path *path, const struct path_out *out, bool ok);
/* A packet that path_sent() counted as sent from END was refused by the network after all. */
void path_send_failed(struct path *path, enum relay_end end);

/* Whether END is expected to send. *ret_since_us: since when it was silent, monotonic. */
bool path_awaits(const struct path *path, enum relay_end end, uint64_t *ret_since_us);

/* Any thread. */
void path_stats(const struct path *path, enum relay_end end, struct relay_stats *ret);
