/*
 * Fetches and refreshes the OCSP responses that go along with our certificates: one job for
 * each certificate whose `staple` asks for it, at its responder. Loop thread; server.c makes
 * one.
 *
 * Half of what is left of a response's life passes, then the next is fetched. A failure is
 * logged and tried again after a minute, then two, four, up to an hour; the response of
 * before is sent until it is due.
 */
#pragma once

#include "trunk/trunk.h"

struct stapler;

struct stapler_params {
	struct loop *loop;
	struct resolver *resolver; /* borrowed, as the next one */
	const struct trunks *trunks;
	const char *folder; /* responses are kept there; copied */
};

/* 0 or negative. */
int stapler_new(struct stapler **ret, const struct stapler_params *params);
void stapler_free(struct stapler *stapler); /* NULL is fine */

/*
 * Takes the trunks' present certificates up, after any change of them or of the clock, and
 * begins anew with what failed: somebody may have put it right. What is kept of a new
 * certificate's is presented at once.
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
