/*
 * Figures of the index: what the calls of an hour were, a row each trunk or server and direction. Added up in memory
 * while a transaction lasts. One thread.
 */
#pragma once

#include "audit/cdr_row.h"

#include <stddef.h>

enum hour_direction {
	HOUR_OUT, /* calls that were offered to it */
	HOUR_IN,  /* calls that it made */
};

/* Figures, in the order of the columns behind hour, party and direction. */
enum hour_figure {
	HOUR_ATTEMPTS,
	HOUR_ANSWERED,
	HOUR_EFFECTIVE, /* answered ones among them */
	HOUR_TALK_US,
	HOUR_DELAYS, /* how many */
	HOUR_DELAY_US,
	HOUR_DELAY_MAX_US,
	HOUR_SCORES, /* how many */
	HOUR_SCORE,  /* hundredths, sum */
	HOUR_SCORE_MIN,
	HOUR_PACKETS,
	HOUR_LOST,
	HOUR_JITTERS, /* how many */
	HOUR_JITTER_US,
	HOUR_TLS13,
	HOUR_TLS12,
	HOUR_PLAIN,
	HOUR_SRTP,
	HOUR_UDPTL,
	HOUR_RTP,
	HOUR_FIGURES,
};

struct hour {
	int64_t hour; /* since 1970 */
	int64_t party;
	enum hour_direction direction;
	uint64_t figures[HOUR_FIGURES];
};

/* Rows at once, at most. */
#define HOURS_MAX 256

struct hours {
	struct hour list[HOURS_MAX];
	size_t count;
	uint16_t slots[HOURS_MAX * 2]; /* 1 + place in LIST; 0: none */
};

void hours_clear(struct hours *hours);
/* Whether the calls of one more record may not find room: flush first. */
bool hours_is_full(const struct hours *hours);
/* The row, which is made where it is missing. */
struct hour *hours_find(
	struct hours *hours, int64_t hour, int64_t party, enum hour_direction direction);

/* A trunk or server that a call was offered to. */
struct hour_offer {
	struct span target;
	bool answered, effective;
	bool rang;
	uint64_t delay_us; /* post-dial, where it rang */
};

/* Offers of one record, at most: as many attempts as it has. */
#define HOUR_OFFERS 16

/* Whom ROW was offered to, each once, with what came of it. Returns how many. */
unsigned hour_offers(
	const struct cdr_row *row, struct hour_offer ret[static HOUR_OFFERS]);
/* Adds an offer; that which LEG (may be NULL) was of too. */
void hour_add_offer(struct hour *hour, const struct hour_offer *offer,
	const struct cdr_row *row, const struct cdr_row_leg *leg);
/* Adds a call that the party made by LEG. */
void hour_add_made(
	struct hour *hour, const struct cdr_row *row, const struct cdr_row_leg *leg);
