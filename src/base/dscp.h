/*
 * Differentiated services code points (RFC 2474): their names, and putting them on sockets.
 * Any thread.
 */
#pragma once

#include "base/addr.h"

#include <stdbool.h>

#define DSCP_MAX 63

/* TEXT is a number up to DSCP_MAX or one of CS0 to CS7, AF11 to AF43 and EF (RFC 2474, 2597,
 * 3246), in any case. False: neither. */
bool dscp_parse(const char *text, unsigned *ret);
/* The byte of the IP header that has it, ECN's bits zero. */
unsigned dscp_tos(unsigned dscp);
/* What FD, a socket of the family of ADDR, sends is marked with it. 0 or a negated errno. */
int dscp_set(int fd, const struct addr *addr, unsigned dscp);
