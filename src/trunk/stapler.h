/*
 * Fetches and refreshes the OCSP responses that go along with our certificates: one job for
 * each certificate whose `staple` asks for it, at its responder. Loop thread; server.c makes
 * one.
 *
 * The next response is fetched when half of the time until the present one's nextUpdate has
 * passed. A failure is logged and tried again after a minute, then two, four, up to an hour; the
 * present response is sent until its nextUpdate.
 */
#pragma once

#include "trunk/trunk.h"

struct stapler;

struct stapler_params {
	struct loop *loop;
	struct resolver *resolver; /* borrowed, as the next one */
	const struct trunks *trunks;
	struct filing *filing; /* borrowed */
	const char *folder;    /* responses are kept there; copied */
};

/* 0 or negative. */
int stapler_new(struct stapler **ret, const struct stapler_params *params);
void stapler_free(struct stapler *stapler); /* NULL is fine */

/*
 * Takes over the trunks' present certificates, after any change of them or of the clock. What
 * failed is tried again at once, since the cause may be gone. A response that an earlier run
 * stored for a new certificate is presented at once.
 */
void stapler_refresh(struct stapler *stapler);

/* One certificate's response, for reports. */
struct stapler_state {
	const char *certificate; /* the file that it is of */
	const char *responder;   /* its URL */
	time_t until;            /* what is sent is good until then; 0: nothing is sent */
	time_t next;             /* when it is fetched again; 0: under way */
	const char *error;       /* why the last attempt failed; "" */
};

void stapler_each(const struct stapler *stapler,
	void (*h)(void *arg, const struct stapler_state *state), void *arg);
