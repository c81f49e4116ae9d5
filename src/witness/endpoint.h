/*
 * The witness on the network: HTTP or HTTPS by libmicrohttpd, on a thread of its own. All is bounded: connections, their time, what they
 * send, and submissions a second.
 */
#pragma once

#include "base/addr.h"
#include "base/err.h"
#include "witness/witness.h"

struct cred;
struct endpoint;

struct endpoint_params {
	struct witness *witness; /* borrowed, and nobody else's meanwhile */
	const struct cred *cred; /* of https, borrowed; NULL: it is http */
	const struct addr *listen;
	unsigned rate; /* submissions a second */
};

/* 0, or negative with TEXT. */
int endpoint_start(struct endpoint **ret, const struct endpoint_params *params,
	struct err_text *text);
void endpoint_stop(struct endpoint *endpoint);
