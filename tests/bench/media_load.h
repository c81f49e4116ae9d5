/*
 * The far ends of a server's calls: sends RTP (and RTCP as often as phones do) both ways at
 * an even pace, and checks all that comes back: from where, whose, authentic or in clear as
 * it should be, how late.
 *
 * It never waits, so it wants a core of its own, and what is sent to it wakes nobody: that
 * would be the server's cost. A load belongs to one server; one thread.
 */
#pragma once

#include "media_server.h"

#include <stdint.h>

struct media_load;

struct media_slice {
	unsigned pps; /* of RTP, of all calls and both directions together */
	double seconds;
	bool delay; /* measure it; costs the server a little */
};

struct media_result {
	uint64_t sent, received; /* RTP */
	uint64_t bad;            /* received, but not what was sent, or not from there */
	uint64_t rtcp;           /* received */
	uint64_t own_drops;      /* came, but we were too slow */
	double pps;              /* what it came to */
	double lost;             /* shares: of all, of the stream with least, with most */
	double lost_min, lost_max;
	double p50_us, p99_us; /* one way; 0 when not measured */
};

/* Makes COUNT calls: the server's, or between two of our own sockets where it is NULL. */
void media_load_new(struct media_load **ret, struct media_server *server, unsigned count);
/* NULL is fine. Does not end the server. */
void media_load_free(struct media_load *load);
void media_load_run(struct media_load *load, const struct media_slice *slice,
	struct media_result *ret);
/* A call as it was opened; borrowed. */
const struct media_call *media_load_call(const struct media_load *load);
