/*
 * The witness on the network: HTTP by libmicrohttpd, on a thread of its own. All is bounded: connections, their time, what they send,
 * and submissions a second.
 */
#pragma once

#include "base/addr.h"
#include "base/err.h"
#include "witness/witness.h"

struct endpoint;

/* Serves WITNESS, which is borrowed and nobody else's meanwhile. 0, or negative with TEXT. */
int endpoint_start(struct endpoint **ret, struct witness *witness,
	const struct addr *listen, unsigned rate, struct err_text *text);
void endpoint_stop(struct endpoint *endpoint);
