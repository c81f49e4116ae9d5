/*
 * The limits of a trunk or server, or of all calls together: how many at once, how many that are not
 * answered yet, how many that begin in a second, in both directions together and in each. One table of the
 * settings says what each of them counts. Pure; time is the caller's, in microseconds that never go back.
 * Loop thread.
 *
 * A call counts from the moment at which it is taken, or offered, until it is over; for the rate at that
 * moment alone. One that is refused, or goes elsewhere, counts nowhere. What is in use is kept across
 * reloads: a limit that is lowered ends no call.
 */
#pragma once

#include "config/config.h"
#include "trunk/bucket.h"

enum limit_way {
	LIMIT_IN,  /* comes from there */
	LIMIT_OUT, /* goes there */
	LIMIT_WAYS,
};

enum limit_kind {
	LIMIT_NONE,
	LIMIT_CALLS,
	LIMIT_CALLS_IN,
	LIMIT_CALLS_OUT,
	LIMIT_EARLY,
	LIMIT_RATE,
	LIMIT_RATE_IN,
	LIMIT_RATE_OUT,
	LIMIT_KINDS,
};

/* What is in use beside the calls themselves. Zero-initialised. */
struct limit_use {
	unsigned out;   /* of the calls those that went there */
	unsigned early; /* of the calls those that are not answered yet */
	struct bucket rate, rates[LIMIT_WAYS];
	/* Calls that were refused, or went elsewhere, since the start, by what was reached. */
	uint64_t reached[LIMIT_KINDS];
};

/* One more call, and what it meets. */
struct limit_question {
	const struct limit_use *use;
	const struct config_limits *limits;
	unsigned calls; /* that there are, in both directions together */
	unsigned kept;  /* of max_calls: for others than this one */
	enum limit_way way;
	uint64_t now_us;
};

/* Those of all calls together in CONFIG. They know no directions. */
struct config_limits limit_of_all(const struct config *config);

/* What stands in the way of it: the first of enum limit_kind; LIMIT_NONE: nothing. Nothing is changed: whoever
 * refuses the call counts that in USE->reached. */
enum limit_kind limit_find(const struct limit_question *question);
/* The same among the rates, which come last, or among the others. */
enum limit_kind limit_find_rate(const struct limit_question *question);
enum limit_kind limit_find_calls(const struct limit_question *question);
/* Where limit_find() said KIND: the seconds after which a caller may well try again, at least 1. By the bucket
 * for a rate; where nothing says when a call ends, a guess. */
unsigned limit_retry_s(const struct limit_question *question, enum limit_kind kind);

/* A call begins, also where a limit is reached: it is early. */
void limit_begin(struct limit_use *use, enum limit_way way);
/* It counts for the rates. */
void limit_charge(struct limit_use *use, const struct config_limits *limits,
	enum limit_way way, uint64_t now_us);
/* It is answered, or given up. Once a call. */
void limit_early_over(struct limit_use *use);
/* It is over. */
void limit_end(struct limit_use *use, enum limit_way way);

/* The setting of KIND, not LIMIT_NONE: "max-calls-in". */
const char *limit_name(enum limit_kind kind);
bool limit_is_rate(enum limit_kind kind);
/* What LIMITS says of it; CONFIG_UNLIMITED: nothing. */
unsigned limit_most(const struct config_limits *limits, enum limit_kind kind);
/* How much of it is in use: calls, or of a rate what the bucket has given out and not got back. */
unsigned limit_used(const struct limit_question *question, enum limit_kind kind);
/* The shortest of COUNT lengths, ms, of which 0 is none; 0: all are. */
uint64_t limit_shortest_ms(const uint64_t *lengths, unsigned count);
