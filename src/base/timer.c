/*
 * The wheel has eleven levels of 64 slots, six bits of a 64-bit expiry each. A timer hangs
 * on the level of the highest digit in which its expiry differs from `now`, in the slot of
 * that digit. Three things follow, and the code below rests on them:
 *
 *  - every timer of a level is due before every timer of the levels above it;
 *  - within a level, slots are due in the order of their index, none before now's digit;
 *  - when `now` reaches the first millisecond of a slot above level 0, its timers differ
 *    from `now` only in lower digits: they are hung again, and end on level 0, where a
 *    slot is one millisecond.
 */
#include "base/timer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define DIGIT_BITS 6
#define SLOTS 64
#define LEVELS 11
#define SLOT_COUNT ((size_t)LEVELS * SLOTS)

/* So many timers of a slot are looked at for the first of them. */
#define LOOK_AT 16

/* No expiry lies later, so that its microseconds fit 64 bits: 580,000 years. */
#define EXPIRY_MAX_MS (UINT64_MAX / 1000 - 1)

struct timers {
	struct clock *clock;
	uint64_t wheel_ms; /* where the wheel stands: all before it has fired */
	uint64_t turn_ms;  /* when the present turn began */
	bool turning;
	bool firing;
	uint64_t used[LEVELS]; /* a bit for each slot that is not empty */
	struct list slots[SLOT_COUNT];
};

int timers_new(struct timers **ret, struct clock *clock)
{
	struct timers *timers = calloc(1, sizeof(*timers));

	if (!timers)
		return -ENOMEM;
	timers->clock = clock;
	timers->wheel_ms = clock->mono_us(clock) / 1000;
	for (size_t i = 0; i < SLOT_COUNT; i++)
		list_init(&timers->slots[i]);
	*ret = timers;
	return 0;
}

static struct timer *first_timer(const struct list *slot)
{
	return LIST_ENTRY(slot->next, struct timer, node);
}

void timers_free(struct timers *timers)
{
	if (!timers)
		return;
	for (size_t i = 0; i < SLOT_COUNT; i++) {
		while (!list_empty(&timers->slots[i]))
			timer_stop(first_timer(&timers->slots[i]));
	}
	free(timers);
}

uint64_t timers_now_ms(const struct timers *timers)
{
	return timers->turning ? timers->turn_ms
			       : timers->clock->mono_us(timers->clock) / 1000;
}

struct clock *timers_clock(const struct timers *timers)
{
	return timers->clock;
}

static unsigned digit(uint64_t ms, unsigned level)
{
	return (unsigned)(ms >> (level * DIGIT_BITS)) & (SLOTS - 1);
}

static void hang(struct timers *timers, struct timer *timer)
{
	uint64_t difference = timer->expiry_ms ^ timers->wheel_ms;
	unsigned level = 0, slot;

	if (difference != 0)
		level = (unsigned)(63 - __builtin_clzll(difference)) / DIGIT_BITS;
	slot = digit(timer->expiry_ms, level);
	list_append(&timers->slots[level * SLOTS + slot], &timer->node);
	timers->used[level] |= UINT64_C(1) << slot;
}

static void unhang(struct timers *timers, struct timer *timer)
{
	struct list *head = timer->node.next;
	bool last = timer->node.prev == head;

	list_remove(&timer->node);
	/* The neighbour on both sides of a list's only node is the list's head. */
	if (last) {
		size_t i = (size_t)(head - timers->slots);

		timers->used[i / SLOTS] &= ~(UINT64_C(1) << i % SLOTS);
	}
}

void timer_start(struct timers *timers, struct timer *timer, uint64_t delay_ms,
	timer_h *h, void *arg)
{
	uint64_t now_us = timers->clock->mono_us(timers->clock);
	uint64_t expiry_ms;

	timer_stop(timer);
	/* From the clock, not from the turn's beginning, which is old at the end of a long
	 * turn; rounded up: a timer never fires early. */
	expiry_ms = now_us / 1000 + (now_us % 1000 != 0);
	if (delay_ms > EXPIRY_MAX_MS - expiry_ms)
		expiry_ms = EXPIRY_MAX_MS;
	else
		expiry_ms += delay_ms;
	/* Without a delay it is due in this turn: nobody is woken for it. But a handler that starts
	 * its timer anew must not keep the run for ever. */
	if (delay_ms == 0 && timers->turning && timer->expiry_ms != timers->turn_ms)
		expiry_ms = timers->turn_ms;
	else if (timers->firing && expiry_ms <= timers->turn_ms)
		expiry_ms = timers->turn_ms + 1;
	if (expiry_ms < timers->wheel_ms)
		expiry_ms = timers->wheel_ms;
	timer->expiry_ms = expiry_ms;
	timer->owner = timers;
	timer->h = h;
	timer->arg = arg;
	hang(timers, timer);
}

void timer_stop(struct timer *timer)
{
	if (!timer->owner)
		return;
	unhang(timer->owner, timer);
	timer->owner = NULL;
	timer->expiry_ms = 0;
}

bool timer_running(const struct timer *timer)
{
	return timer->owner != NULL;
}

/*
 * Finds the earliest slot in use and the first millisecond that it stands for.
 * Returns its index, or SLOT_COUNT when no timer runs.
 */
static size_t earliest_slot(const struct timers *timers, uint64_t *ret_ms)
{
	for (unsigned level = 0; level < LEVELS; level++) {
		unsigned shift = level * DIGIT_BITS, slot;
		uint64_t above = 0;

		if (timers->used[level] == 0)
			continue;
		slot = (unsigned)__builtin_ctzll(timers->used[level]);
		/* The digits above this level are those of now; the top level has none. */
		if (level < LEVELS - 1)
			above = timers->wheel_ms >> (shift + DIGIT_BITS)
							    << (shift + DIGIT_BITS);
		*ret_ms = above | (uint64_t)slot << shift;
		return (size_t)level * SLOTS + slot;
	}
	return SLOT_COUNT;
}

/* The first expiry of SLOT, or SLOT_MS where that would take long to find. */
static uint64_t first_expiry(const struct list *slot, uint64_t slot_ms)
{
	uint64_t first_ms = UINT64_MAX;
	unsigned looked_at = 0;

	LIST_FOREACH (slot, node, next) {
		const struct timer *timer = LIST_ENTRY(node, struct timer, node);

		if (looked_at++ == LOOK_AT)
			return slot_ms;
		if (timer->expiry_ms < first_ms)
			first_ms = timer->expiry_ms;
	}
	return first_ms;
}

int64_t timers_next_ms(const struct timers *timers)
{
	uint64_t now_us = timers->clock->mono_us(timers->clock);
	uint64_t next_ms;
	size_t slot = earliest_slot(timers, &next_ms);

	if (slot == SLOT_COUNT)
		return -1;
	if (slot >= SLOTS)
		next_ms = first_expiry(&timers->slots[slot], next_ms);
	if (next_ms * 1000 <= now_us)
		return 0;
	return (int64_t)((next_ms * 1000 - now_us + 999) / 1000);
}

static void fire(struct timers *timers, struct timer *timer)
{
	timer_stop(timer);
	timer->expiry_ms = timers->turn_ms; /* once a turn, as timer_start() sees */
	timer->h(timer->arg); /* may start, stop or free any timer, this one too */
}

/* The slot's first millisecond has come: its timers go to lower levels. */
static void cascade(struct timers *timers, size_t slot)
{
	while (!list_empty(&timers->slots[slot])) {
		struct timer *timer = first_timer(&timers->slots[slot]);

		unhang(timers, timer);
		hang(timers, timer);
	}
}

uint64_t timers_begin_turn(struct timers *timers)
{
	uint64_t now_us = timers->clock->mono_us(timers->clock);

	assert(!timers->turning && "one turn at a time");
	timers->turn_ms = now_us / 1000;
	timers->turning = true;
	return now_us;
}

unsigned timers_fire(struct timers *timers)
{
	unsigned fired = 0;
	uint64_t slot_ms;

	assert(timers->turning && !timers->firing && "once in a turn, not in a handler");
	timers->firing = true;
	for (;;) {
		size_t slot = earliest_slot(timers, &slot_ms);

		if (slot == SLOT_COUNT || slot_ms > timers->turn_ms)
			break;
		timers->wheel_ms = slot_ms;
		if (slot >= SLOTS) {
			cascade(timers, slot);
		} else {
			fire(timers, first_timer(&timers->slots[slot]));
			fired++;
		}
	}
	timers->wheel_ms = timers->turn_ms;
	timers->firing = false;
	return fired;
}

void timers_end_turn(struct timers *timers)
{
	timers->turning = false;
}

unsigned timers_run(struct timers *timers)
{
	unsigned fired;

	timers_begin_turn(timers);
	fired = timers_fire(timers);
	timers_end_turn(timers);
	return fired;
}
