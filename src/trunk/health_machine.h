/*
 * The state of one address (or of one name) by what was heard of it: a table {state, event}. Pure: the
 * caller says what time it is. Any thread.
 *
 * It rests from its first failure, so that the next call does not wait for it too. It is down after
 * `down_after` failures in a row, and up again after `up_after` answers in a row. What alternates between
 * the two so stays where it is, and its rest grows: an address that flaps changes its state no more often
 * than one that fails for good.
 *
 * Who rests may be used again when its rest is over: by one call, which shows whether it works
 * (health_machine_claim()). With `pinged` somebody asks it by OPTIONS, and calls need not find out: one
 * that is down then waits for its answers alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum health_state {
	HEALTH_UNKNOWN, /* nothing was heard yet */
	HEALTH_UP,
	HEALTH_RESTING, /* it failed, or asked for a rest */
	HEALTH_DOWN,
	HEALTH_STATES,
};

enum health_event {
	HEALTH_ANSWERS, /* it responded to something: not what a call needs to know */
	HEALTH_TAKES,   /* it took an INVITE up: 100 to 699, but for the 503 below */
	HEALTH_FAILS,   /* no address, refused, silent, ... */
	HEALTH_ASKS,    /* 503 with Retry-After */
	HEALTH_EVENTS,
};

/* The first rest; each further one before it is up again is twice as long, HEALTH_REST_GROWN_MS at most. */
#define HEALTH_REST_MS 2000
#define HEALTH_REST_GROWN_MS 30000

struct health_rules {
	unsigned down_after; /* failures in a row; at least 1 */
	unsigned up_after;   /* answers in a row; at least 1 */
	/* No rest is longer, whatever Retry-After says. 0: nothing rests, and every address may be used
	 * whatever its state. */
	uint64_t rest_max_ms;
	uint64_t trial_ms; /* so long one call may take to find out whether it works */
	bool pinged;       /* it is asked by OPTIONS while it rests or is down */
};

/* Zero-initialised: HEALTH_UNKNOWN. */
struct health_machine {
	enum health_state state;
	unsigned failures; /* in a row */
	unsigned answers;  /* in a row, while it is resting or down */
	unsigned rests;    /* since it was up */
	bool asked;        /* RESTING: it asked to; OPTIONS does not end that */
	/* RESTING, DOWN: not before this, monotonic; 0: at once, since it has answered meanwhile. */
	uint64_t until_ms;
};

/* EVENT at NOW_MS; REST_MS is what Retry-After says, of HEALTH_ASKS alone. Whether the state changed. */
bool health_machine_step(struct health_machine *machine, enum health_event event,
	uint64_t rest_ms, const struct health_rules *rules, uint64_t now_ms);
/* Whether a call may go there. */
bool health_machine_usable(const struct health_machine *machine,
	const struct health_rules *rules, uint64_t now_ms);
/* A call goes there: where it rests, and that rest is over, no other one does before it has shown
 * something, `trial_ms` at most. */
void health_machine_claim(struct health_machine *machine,
	const struct health_rules *rules, uint64_t now_ms);
/* In how many ms it may be usable again; 0: it is. Of one that is down and pinged, a guess. */
uint64_t health_machine_back_ms(const struct health_machine *machine,
	const struct health_rules *rules, uint64_t now_ms);

const char *health_state_name(
	enum health_state state); /* "unknown", "up", "resting", "down" */
