/*
 * Where the peer at one end is: where we send to, and whose packets we take. That is what its
 * SDP says, unless it may be found elsewhere:
 *
 * - latching (RFC 7362 4): the first good packet since its SDP settles where it is, wherever that
 *   comes from, and we send there too; the next SDP opens the question again;
 * - asymmetric RTP: it sends from another port than it receives on, of the same host. The first
 *   good packet from another one settles which; we go on sending to what SDP says, and taking
 *   what comes from there. It excludes latching.
 *
 * Owned by the worker of the line; no clock. Indices are 0 for RTP, 1 for RTCP.
 */
#pragma once

#include "media/relay.h"

/* A latch is open for so long after the far end's SDP was told, where packets prove nothing. */
#define REMOTE_LATCH_US 10000000

/* Zeroed nothing is known. */
struct remote {
	struct addr to[2]; /* where it is sent to; len 0: not known */
	struct remote_search
		*found; /* owned; NULL: it is nowhere else than its SDP says */
};

/* Of one that may be found elsewhere. */
struct remote_search {
	struct addr from[2];      /* from where packets are taken, beside TO */
	struct addr announced[2]; /* by its last SDP */
	bool latches, asymmetric;
	bool open[2];              /* the first good packet settles it */
	uint64_t until_us;         /* of what proves nothing, later ones do not */
	uint64_t payload_types[2]; /* see struct relay_remote */
};

/* What the far end's SDP says. What was found stays while its SDP repeats itself, open to one more
 * packet. MUX: all goes by the RTP port. 0 or -ENOMEM. */
int remote_set(struct remote *remote, const struct relay_remote *said, bool mux,
	uint64_t now_us);

/* Frees what it holds, and makes it zero. */
void remote_clear(struct remote *remote);

/* A packet from elsewhere. */
struct remote_packet {
	unsigned channel;
	const struct addr *source;
	bool authentic; /* it is SRTP: it is taken only if it proves to be */
	bool rtp;       /* by its port; else TYPE is of no meaning */
	uint8_t type;   /* payload type */
	uint64_t now_us;
};
/* Whether it may be from the far end all the same, if it proves good. RTCP comes from the host of
 * RTP, so that nobody gets it alone. */
bool remote_may_be(const struct remote *remote, const struct remote_packet *packet);
/* A good packet came from SOURCE, and remote_is_open(). True: it is sent there from
 * now on, and no more to *RET_BEFORE. */
bool remote_settle(struct remote *remote, unsigned channel, const struct addr *source,
	struct addr *ret_before);

static inline bool remote_is_open(const struct remote *remote, unsigned channel)
{
	return remote->found && remote->found->open[channel];
}

static inline bool remote_is_source(
	const struct remote *remote, unsigned channel, const struct addr *source)
{
	return addr_equal(source, &remote->to[channel]) ||
	       (remote->found && addr_equal(source, &remote->found->from[channel]));
}
