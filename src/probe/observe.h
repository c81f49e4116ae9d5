/*
 * The trunks with tls = observe: each is probed from time to time while its calls go on in
 * plain, and what comes from it over TLS is looked at. Its verdict says whether `tls on`
 * would work, and since when, or what would fail. Nothing is switched by it. It is kept
 * over a reload that leaves alone what it depends on, and lost at a restart. Loop thread.
 */
#pragma once

#include "probe/probe.h"

enum observe_state {
	OBSERVE_UNKNOWN, /* no probe is through yet */
	OBSERVE_WORKS,
	OBSERVE_FAILS,
};

/* Texts are borrowed until the loop turns on, and escaped. */
struct observe_verdict {
	enum observe_state state;
	uint64_t since_us;   /* wall time, since when each probe said the same */
	uint64_t checked_us; /* when the last one began; 0: none was */
	unsigned probes;     /* so many said the same */
	const char *step;    /* FAILS: "files" to "srtp" of a probe, "tls-in"; else "" */
	const char *words, *fix;
	/* Of the last probe: PROBE_UNKNOWN where nothing could be learned of SRTP. */
	const struct probe_step *srtp;
	/* Their connections to us over TLS: PROBE_UNKNOWN until one came. */
	const struct probe_step *inbound;
	uint64_t inbound_us; /* wall time of the last */
};

struct observe;

/* All borrowed. */
struct observe_params {
	struct loop *loop;
	struct resolver *resolver;
	struct trunks *trunks;
};

/* Probes under way at once: what a thousand trunks may cost. */
#define OBSERVE_PROBES_MAX 8
/* A connection that we refused counts so long against a trunk, or until one was good. */
#define OBSERVE_REFUSED_MS (3600 * 1000)

int observe_new(struct observe **ret, const struct observe_params *params);
void observe_free(struct observe *observe); /* NULL is fine */

/* The trunks were changed: by now, those are observed that say so. */
void observe_apply(struct observe *observe);

/* For transport_watch_judged() of the external side. */
void observe_judged_h(void *observe, const struct flow *flow);

/* False: no trunk of that ID is observed. */
bool observe_find(
	const struct observe *observe, const char *id, struct observe_verdict *ret);
