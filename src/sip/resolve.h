/*
 * From a configured host to addresses: numeric, A/AAAA, and SRV where no port is given
 * (RFC 3263 4.2; NAPTR is not asked: the transport is always configured). Asynchronous,
 * by libunbound in the loop; /etc/hosts is read first. Answers are kept for their TTL, and
 * serve up to a day longer while DNS fails (RFC 8767). Loop thread.
 *
 * Of one host IPv4 addresses come before IPv6 ones.
 */
#pragma once

#include "base/addr.h"
#include "base/err.h"
#include "base/loop.h"
#include "sip/flow.h"

#define RESOLVE_MAX 64 /* 8 targets of 8 addresses */

/* Addresses in the order to try them (RFC 3263 4.3): the SRV targets by priority, by a weighted
 * draw within one, and of each target all its addresses. */
struct resolve_answer {
	struct addr addrs[RESOLVE_MAX];
	uint8_t targets
		[RESOLVE_MAX]; /* which target each is of: 0 for the first, and so on */
	unsigned count;
	int err;       /* 0, ERR_RESOLVE, ... */
	char why[200]; /* a phrase for the log when err is not 0 */
};

typedef void resolve_h(void *arg, const struct resolve_answer *answer);

struct resolver;
struct resolve; /* a question under way */

/* NULL or 0: the default. Texts are copied. */
struct resolver_params {
	const char *hosts_file;  /* "/etc/hosts" */
	const char *resolv_conf; /* "/etc/resolv.conf" */
	const char *forward; /* "192.0.2.53@53": asked instead of those in resolv_conf */
	const char *
		trust_anchor; /* file of DNSSEC root keys; none: answers are not validated */
	uint64_t timeout_ms; /* 5000: then a question counts as failed */
};

int resolver_new(struct resolver **ret, struct loop *loop, struct err_text *text);
int resolver_new_with(struct resolver **ret, struct loop *loop,
	const struct resolver_params *params, struct err_text *text);
void resolver_free(struct resolver *resolver); /* open questions are forgotten */

struct resolve_question {
	const char *host;
	uint16_t
		port; /* 0: SRV _sip._udp, _sip._tcp or _sips._tcp, else the default port */
	enum transport_kind kind;
	resolve_h *h;
	void *arg;
};

/*
 * Asks. The question's h is called once; at once, before this returns, when the answer is
 * numeric or kept (then *ret is NULL). 0, or negative when it could not be asked (h is not
 * called).
 */
int resolver_ask(struct resolver *resolver, const struct resolve_question *question,
	struct resolve **ret);
/* Gives the question up: its h is not called. NULL is fine. */
void resolve_cancel(struct resolve *resolve);
