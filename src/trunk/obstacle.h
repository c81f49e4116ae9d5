/*
 * Why a new call may not go to a trunk or server now, or may not come from it: one table of the kinds,
 * and one place that makes the words, which the log, records, tandemctl and refusals have in common.
 * Pure: nothing is changed. Loop thread.
 */
#pragma once

#include "trunk/trunk.h"

#include <time.h>

enum obstacle_kind {
	OBSTACLE_NONE,
	/* of a trunk or server; those that stop emergency calls too come first */
	OBSTACLE_REMOVED,
	OBSTACLE_DISABLED,
	OBSTACLE_DRAINED,
	OBSTACLE_UNREGISTERED,  /* its [register] has required = yes */
	OBSTACLE_FULL,          /* as many calls as it may have: limit.h */
	OBSTACLE_RATE,          /* as many began as may in that time */
	OBSTACLE_MESSAGES,      /* as many requests beside calls: max-message-rate */
	OBSTACLE_SUBSCRIPTIONS, /* as many as it may have: max-subscriptions */
	OBSTACLE_DOWN,          /* each of its addresses is down, or rests */
	OBSTACLE_RESTING,       /* likewise, and one of them is back soon */
	/* of this server, whatever trunk a call comes from */
	OBSTACLE_STOPPING,
	OBSTACLE_SERVER_FULL,
	OBSTACLE_SERVER_RATE,
	OBSTACLE_OVERLOAD,
	OBSTACLE_AUDIT,
	OBSTACLE_KINDS,
};

/* Which way a call is to go that meets it. */
enum obstacle_way {
	OBSTACLE_TO,   /* it is offered to the trunk */
	OBSTACLE_FROM, /* the trunk makes it */
	OBSTACLE_WAYS,
};

/* A value, zeroed where there is none. */
struct obstacle {
	enum obstacle_kind kind;
	time_t since;              /* by the wall clock; 0: not known */
	time_t until;              /* it is over then, at the latest; 0: not known */
	unsigned retry_s;          /* after which a caller may try again; 0: not known */
	enum limit_kind limit;     /* that is reached; LIMIT_NONE: it is about none */
	char why[ERR_REASON_SIZE]; /* its cause; "": the kind says all */
};

struct obstacle_question {
	const struct trunk *trunk;
	enum obstacle_way way;
	bool emergency; /* it is an emergency call, which may use what is kept for these */
	bool message;   /* it is no call: trunk/messages.h */
	bool subscription; /* then: it is a SUBSCRIBE */
	bool replaces; /* it takes the place of a call that is there (RFC 3891), and makes none more */
	uint64_t now_us; /* by the monotonic clock */
};

/* The first, in the order of enum obstacle_kind, that stands in the way of a call. *RET (NULL is fine) is
 * written whole, also when nothing does. */
enum obstacle_kind obstacle_find(
	const struct obstacle_question *question, struct obstacle *ret);

/* A call did not go to TRUNK, or was refused, for OBSTACLE: counted there where it is a limit. *RETRY_S, of
 * several trunks, becomes the least time after which one may have room. */
void obstacle_count(
	struct trunk *trunk, const struct obstacle *obstacle, unsigned *retry_s);
/* KIND, that QUESTION has reached, as an obstacle of kind AS. */
void obstacle_of_limit(enum obstacle_kind as, const struct limit_question *question,
	enum limit_kind kind, struct obstacle *ret);

/* One word for the log and for states: "removed", "drained", "full"; "ready" of OBSTACLE_NONE. */
const char *obstacle_word(enum obstacle_kind kind);
/* Whether a call may not go, or come, because of it. An EMERGENCY call is stopped by that alone which no call
 * gets through: the rest makes such a trunk the last to be tried. */
bool obstacle_stops(enum obstacle_kind kind, bool emergency);
/* Whether a trunk that has it still is one that takes its numbers, now or at another time. A call that has
 * no other is refused with 503; without any such trunk there is no route, 404. */
bool obstacle_is_routed(enum obstacle_kind kind);

/* Whether it may be over by the time that the trunk's turn comes: it stays a candidate of a call. */
bool obstacle_is_brief(enum obstacle_kind kind);

/* Of one address or name of a trunk with RULES: OBSTACLE_RESTING, OBSTACLE_DOWN, or OBSTACLE_NONE where calls may
 * use it. *RET is written whole. */
enum obstacle_kind obstacle_of_health(const struct health_record *record,
	const struct health_rules *rules, const struct health_time *now,
	struct obstacle *ret);

/* Room for obstacle_text(), with a NUL. */
#define OBSTACLE_TEXT_SIZE (ERR_REASON_SIZE + 128)
/* In words, cut where it is too long: "full: 30 of 30 calls (max-calls)", "KIND since TIME until TIME: CAUSE" with times as
 * RFC 3339 has them, in UTC. "" of OBSTACLE_NONE. Returns BUF. */
const char *obstacle_text(
	const struct obstacle *obstacle, char buf[static OBSTACLE_TEXT_SIZE]);
