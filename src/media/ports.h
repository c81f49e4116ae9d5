/*
 * The pool of UDP port pairs of one local address: even for RTP, the next for RTCP
 * (RFC 3550 11).
 *
 * Free pairs wait in line in the order of their release, at first in a random one, and
 * the head of the line is taken. So a port stays unused for as long as possible: a far end
 * that still sends to a call that has ended does not reach the next call. Where the pool is
 * so small that the head has not rested for the quarantine, it is taken all the same, and
 * counted: a call is worth more than the rest, and every packet's source is compared.
 * Loop thread.
 */
#pragma once

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ports;

struct ports_params {
	struct addr address;    /* a local one, its port is ignored */
	uint16_t min, max;      /* pairs lie within, both included */
	uint64_t quarantine_ms; /* a released pair is to rest so long */
	bool bind;              /* each port is to have a socket */
	unsigned dscp;          /* of what leaves by it */
};

/* 0, ERR_LIMIT when not one pair lies in the range, or a negated errno. */
int ports_new(struct ports **ret, const struct ports_params *params);
void ports_free(struct ports *ports);

/*
 * Takes a pair and, where wanted, binds two non-blocking sockets to it: ret_fd[0] RTP,
 * ret_fd[1] RTCP, the caller's; else both are -1. Pairs that another process holds go back to
 * the end of the line. 0, -EADDRNOTAVAIL when every pair is in use, or another negated
 * errno.
 */
int ports_take(
	struct ports *ports, uint64_t now_ms, int ret_fd[static 2], struct addr *ret_rtp);

/* The pair of RTP_PORT, wherever it stands in the line. As ports_take(); -EADDRNOTAVAIL where it is not
 * of the pool, or in use. */
int ports_take_at(struct ports *ports, uint16_t rtp_port, int ret_fd[static 2],
	struct addr *ret_rtp);

/* Gives back the pair of RTP_PORT, which ports_take() gave. */
void ports_release(struct ports *ports, uint16_t rtp_port, uint64_t now_ms);

/* Pairs that were taken before they had rested for the quarantine. */
uint64_t ports_early(const struct ports *ports);
size_t ports_used(const struct ports *ports);
size_t ports_total(const struct ports *ports);
