/*
 * Has checkpoints of the log stamped by a time stamping authority (RFC 3161), now and then. What comes back is checked before it is
 * kept (evidence/stamp.h says where). An authority that is down, slow or hostile costs nothing but a line in the log. Audit
 * thread.
 */
#pragma once

#include "audit/mail.h"
#include "evidence/stamp.h"

struct stamper;

struct stamper_params {
	const char *state_dir;
	const char *url;
	const char *https_ca;    /* a PEM file, for an https: URL */
	const char *authorities; /* PEM, whom its certificate must lead to */
	uint64_t interval_us;
	struct mail *mail; /* borrowed */
	unsigned box;      /* in MAIL */
};

int stamper_new(struct stamper **ret, const struct stamper_params *params);
/* Before it is asked for anything: what BEFORE had stamped needs no second one. */
void stamper_go_on(struct stamper *stamper, struct stamper *before);
void stamper_free(struct stamper *stamper); /* NULL is fine */

/* Now and then: the log has SIZE records that are signed. */
void stamper_tick(struct stamper *stamper, uint64_t mono_us, uint64_t size);

struct stamper_state {
	uint64_t
		size; /* of the last checkpoint that was stamped; 0: none since the start */
	char time[STAMP_TIME_SIZE];
	char why[MAIL_WHY_SIZE]; /* the last try failed; "": it did not */
};
/* Any thread. */
void stamper_state(struct stamper *stamper, struct stamper_state *ret);
