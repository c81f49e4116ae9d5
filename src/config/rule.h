/*
 * A rule of numbers, "^\+49(\d+)$ -> 0$1": a regular expression of PCRE2 that a number has to match, and what it
 * becomes. It is compiled when it is read. What it may cost is bounded, whatever the expression and whatever the
 * number: a match is given up after RULE_STEPS_MAX steps. Loop thread.
 *
 * Behind the arrow: digits, +, * and # as they are; $1 to $9, what that group matched, $0 all that matched; a
 * backslash in front of any of these, since a # behind a blank begins a comment. A group that took no part in
 * the match is nothing.
 */
#pragma once

#include "base/err.h"
#include "base/span.h"

/* The longest number that rules look at and make, and a NUL. */
#define RULE_NUMBER_SIZE 65
/* The longest rule_prefix(). */
#define RULE_PREFIX_MAX 63
/* Backtracking points of one match. */
#define RULE_STEPS_MAX 1000

struct rule;

/* What matching needs, for any number of rules one after another. */
struct rule_scratch;

enum rule_result {
	RULE_DIFFERS, /* the number does not match */
	RULE_MATCHES,
	RULE_TOO_COSTLY, /* whether it matches is not known */
	RULE_ILLEGAL,    /* it matches, and becomes none that can be called */
};

/* Reads TEXT, which stays the caller's. 0 with *RET owned by the caller; ERR_FORMAT with *RET_BAD, the part of TEXT
 * from the fault on, and WHY (NULL is fine), in PCRE2's words where it is PCRE2's; or -ENOMEM. */
int rule_parse(
	struct rule **ret, const char *text, struct span *ret_bad, struct err_text *why);
void rule_free(struct rule *rule); /* NULL is fine */
/* As it was written, with one blank on each side of the arrow. Lives as long as RULE. */
const char *rule_text(const struct rule *rule);
/* What every number that matches begins with; may be empty. Lives as long as RULE. */
struct span rule_prefix(const struct rule *rule);

/* 0 or -ENOMEM. */
int rule_scratch_new(struct rule_scratch **ret);
void rule_scratch_free(struct rule_scratch *scratch); /* NULL is fine */

/* What NUMBER, shorter than RULE_NUMBER_SIZE, becomes; OUT is written for RULE_MATCHES alone. */
enum rule_result rule_apply(const struct rule *rule, struct rule_scratch *scratch,
	struct span number, char out[static RULE_NUMBER_SIZE]);

/* Whether RULE could make NUMBER of one that does not have it in it, as far as what stands behind the arrow says.
 * Never wrongly no. */
bool rule_may_make(const struct rule *rule, const char *number);

/* Whether NUMBER is one as it is dialled: digits, * and #, one digit at least, perhaps behind a +; shorter than
 * RULE_NUMBER_SIZE. */
bool rule_number_valid(struct span number);
