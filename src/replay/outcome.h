/*
 * What one configuration would do with a call of the past: whom it would be offered to, in which order, with what
 * numbers and headers, protected how. Found by the code of calls. One thread.
 */
#pragma once

#include "base/buf.h"
#include "replay/past.h"
#include "replay/world.h"
#include "trunk/pick.h"

#include <jansson.h>

/* One who would be asked. */
struct outcome_target {
	enum trunk_kind kind;
	const char *id; /* lives as long as the world */
	/* How often it would be the first of those that are drawn with it, in percent; 0: never. Those that
	 * follow each other with the same rank are drawn together. */
	unsigned share, rank;
	const char *signalling, *media; /* "TLS", "SRTP"; static */
	/* As they leave, without separators; owned. CALLER is NULL where it is not known. */
	char *called, *caller;
	char *lines; /* From, To and what else crosses, as header lines; "": not known; owned */
};

struct outcome {
	int status; /* what the caller is answered since nobody is asked; 0: somebody is */
	const char *why; /* of STATUS, in words; static */
	bool emergency;
	bool whole;        /* its INVITE is known whole */
	bool knows_caller; /* CALLER is what a call would have */
	char *called,
		*caller; /* as routes see them; owned; NULL where the caller is refused */
	struct outcome_target targets[PICK_MAX];
	unsigned count;
};

/* RET is for outcome_free() in any case. 0 or -ENOMEM. */
int outcome_find(struct outcome *ret, const struct world *world, const struct past *past);
void outcome_free(struct outcome *outcome);

/* What differs between two, the gravest of it. */
enum outcome_change {
	OUTCOME_SAME,
	OUTCOME_HEADERS,    /* what crosses beside the numbers */
	OUTCOME_PROTECTION, /* TLS or SRTP of somebody who is asked */
	OUTCOME_NUMBERS,    /* a number that leaves */
	OUTCOME_ELSEWHERE,  /* others are asked, or in another order */
	OUTCOME_ROUTED,     /* it was not, and now it is */
	OUTCOME_NOT_ROUTED, /* it was, and no more */
	OUTCOME_CHANGES,
};
enum outcome_change outcome_compare(
	const struct outcome *before, const struct outcome *after);
/* The same where it is known of before only whom the call was offered to. */
enum outcome_change outcome_compare_past(
	const struct past *past, const struct outcome *after);
/* "unchanged", "headers", "protection", "numbers", "elsewhere", "routed", "not-routed". Static. */
const char *outcome_change_name(enum outcome_change change);

/* As an object; of LINES those that OTHER (may be NULL) has not. NULL without memory. */
json_t *outcome_json(const struct outcome *outcome, const struct outcome *other);
/* What a record has of that. */
json_t *outcome_past_json(const struct past *past);
