/*
 * How the calls fared that were offered to one trunk or server: the counts behind the answer-seizure ratio
 * (ITU-T E.411), the network effectiveness ratio and the average call duration (E.425), and the post-dial
 * delay. A fixed amount of memory. Pure, but for what a first call allocates. Loop thread.
 *
 * A call is counted once for each trunk that it was offered to, when it is known what came of it: so no
 * ratio is above 1. Calls that a trunk made are not in here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Upper bounds of the buckets of delays, ms; the last bucket has none. */
#define FIGURES_BUCKETS 19
extern const uint32_t figures_bounds_ms[FIGURES_BUCKETS - 1];

/* The window of the last hour, in parts: the oldest of them goes as a whole. */
#define FIGURES_SLOTS 12
#define FIGURES_SLOT_US UINT64_C(300000000)

enum figures_outcome {
	FIGURES_ANSWERED,
	/* Not answered, and not for the network: the called party was busy, declined, or rang until
	 * somebody gave up. */
	FIGURES_EFFECTIVE,
	FIGURES_FAILED,
};

struct figures_count {
	uint64_t attempts;
	uint64_t answered;
	uint64_t effective; /* those that were answered among them */
	uint64_t talks;     /* answered calls that are over */
	uint64_t talk_us;   /* of these */
	uint64_t delays[FIGURES_BUCKETS];
	uint64_t delay_us; /* sum */
};

struct figures_slot {
	uint64_t period; /* which one: now / FIGURES_SLOT_US + 1; 0: never used */
	struct figures_count count;
};

/* Zero-initialised. */
struct figures {
	struct figures_count total; /* only ever grows */
	struct figures_count
		base; /* of the operator's view: what total was at the reset */
	struct figures_slot *window; /* FIGURES_SLOTS of them; owned; NULL: no call yet */
};

void figures_free(struct figures *figures);

/* What came of a call; NOW_US is monotonic. */
void figures_add(struct figures *figures, uint64_t now_us, enum figures_outcome outcome);
/* So long after our INVITE the far end rang, or answered. */
void figures_add_delay(struct figures *figures, uint64_t now_us, uint64_t delay_us);
/* An answered call is over. */
void figures_add_talk(struct figures *figures, uint64_t now_us, uint64_t talk_us);

void figures_reset(struct figures *figures);
struct figures_count figures_since_reset(const struct figures *figures);
/* The last 55 to 60 minutes. */
struct figures_count figures_last_hour(const struct figures *figures, uint64_t now_us);

/* How many delays there are in COUNT. */
uint64_t figures_delay_count(const struct figures_count *count);
/*
 * The delay that PERCENT of the calls did not exceed, us: within its bucket by linear interpolation; in
 * the last one its lower bound. 0: there is none.
 */
uint64_t figures_delay_at(const struct figures_count *count, unsigned percent);
