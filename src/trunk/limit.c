#include "trunk/limit.h"

#include <stddef.h>

/* Calls end at some time, and nobody knows when: one in progress sooner than one that talks. */
#define RETRY_CALLS_S 10
#define RETRY_EARLY_S 5
/* A wait that is longer is worth another attempt in between. */
#define RETRY_MAX_S 60

enum counted { COUNTED_CALLS, COUNTED_EARLY, COUNTED_RATE };

#define SETTING(member) offsetof(struct config_limits, member)

/* In the order in which they are looked at. LIMIT_WAYS: of both ways together. */
static const struct {
	const char *name;
	enum counted counted;
	enum limit_way way;
	size_t setting;
} kinds[LIMIT_KINDS] = {
	[LIMIT_CALLS] = {"max-calls", COUNTED_CALLS, LIMIT_WAYS, SETTING(max_calls)},
	[LIMIT_CALLS_IN] = {"max-calls-in", COUNTED_CALLS, LIMIT_IN,
		SETTING(max_calls_in)},
	[LIMIT_CALLS_OUT] = {"max-calls-out", COUNTED_CALLS, LIMIT_OUT,
		SETTING(max_calls_out)},
	[LIMIT_EARLY] = {"max-early", COUNTED_EARLY, LIMIT_WAYS, SETTING(max_early)},
	[LIMIT_RATE] = {"max-rate", COUNTED_RATE, LIMIT_WAYS, SETTING(max_rate)},
	[LIMIT_RATE_IN] = {"max-rate-in", COUNTED_RATE, LIMIT_IN, SETTING(max_rate_in)},
	[LIMIT_RATE_OUT] = {"max-rate-out", COUNTED_RATE, LIMIT_OUT,
		SETTING(max_rate_out)},
};

struct config_limits limit_of_all(const struct config *config)
{
	struct config_limits limits = config->limits.calls;

	limits.max_calls_in = CONFIG_UNLIMITED;
	limits.max_calls_out = CONFIG_UNLIMITED;
	limits.max_rate_in = CONFIG_UNLIMITED;
	limits.max_rate_out = CONFIG_UNLIMITED;
	return limits;
}

const char *limit_name(enum limit_kind kind)
{
	return kinds[kind].name;
}

unsigned limit_most(const struct config_limits *limits, enum limit_kind kind)
{
	return *(const unsigned *)(const void *)((const char *)limits +
						 kinds[kind].setting);
}

bool limit_is_rate(enum limit_kind kind)
{
	return kind != LIMIT_NONE && kinds[kind].counted == COUNTED_RATE;
}

static struct bucket_size size_of(
	const struct config_limits *limits, enum limit_kind kind)
{
	const unsigned rate = limit_most(limits, kind);

	return (struct bucket_size){
		.rate = rate, .burst = limits->burst ? limits->burst : rate};
}

static const struct bucket *bucket_of(const struct limit_use *use, enum limit_kind kind)
{
	const enum limit_way way = kinds[kind].way;

	return way == LIMIT_WAYS ? &use->rate : &use->rates[way];
}

static unsigned calls_of(const struct limit_question *question, enum limit_kind kind)
{
	const struct limit_use *use = question->use;

	if (kinds[kind].counted == COUNTED_EARLY)
		return use->early;
	if (kinds[kind].way == LIMIT_OUT)
		return use->out;
	return kinds[kind].way == LIMIT_IN ? question->calls - use->out : question->calls;
}

static uint64_t wait_us(const struct limit_question *question, enum limit_kind kind)
{
	return bucket_wait_us(bucket_of(question->use, kind),
		size_of(question->limits, kind), question->now_us);
}

static bool concerns(enum limit_kind kind, enum limit_way way)
{
	return kinds[kind].way == LIMIT_WAYS || kinds[kind].way == way;
}

static bool is_reached(const struct limit_question *question, enum limit_kind kind)
{
	const unsigned most = limit_most(question->limits, kind);

	if (most == CONFIG_UNLIMITED)
		return false;
	if (kinds[kind].counted == COUNTED_RATE)
		return wait_us(question, kind) > 0;
	return calls_of(question, kind) >=
	       most - (kind == LIMIT_CALLS ? question->kept : 0);
}

/* The first from FIRST on, but not UNTIL. */
static enum limit_kind find(const struct limit_question *question, enum limit_kind first,
	enum limit_kind until)
{
	for (enum limit_kind kind = first; kind < until; kind++)
		if (concerns(kind, question->way) && is_reached(question, kind))
			return kind;
	return LIMIT_NONE;
}

enum limit_kind limit_find(const struct limit_question *question)
{
	return find(question, LIMIT_NONE + 1, LIMIT_KINDS);
}

enum limit_kind limit_find_calls(const struct limit_question *question)
{
	return find(question, LIMIT_NONE + 1, LIMIT_RATE);
}

enum limit_kind limit_find_rate(const struct limit_question *question)
{
	return find(question, LIMIT_RATE, LIMIT_KINDS);
}

unsigned limit_retry_s(const struct limit_question *question, enum limit_kind kind)
{
	uint64_t us;

	if (kinds[kind].counted == COUNTED_CALLS)
		return RETRY_CALLS_S;
	if (kinds[kind].counted == COUNTED_EARLY)
		return RETRY_EARLY_S;
	us = wait_us(question, kind);
	if (us > RETRY_MAX_S * UINT64_C(1000000))
		return RETRY_MAX_S;
	return us ? (unsigned)((us + 999999) / 1000000) : 1;
}

void limit_begin(struct limit_use *use, enum limit_way way)
{
	use->out += way == LIMIT_OUT;
	use->early++;
}

static void charge(struct bucket *bucket, const struct config_limits *limits,
	enum limit_kind kind, uint64_t now_us)
{
	if (limit_most(limits, kind) == CONFIG_UNLIMITED)
		*bucket = (struct bucket){.taken = 0};
	else
		bucket_take(bucket, size_of(limits, kind), now_us);
}

void limit_charge(struct limit_use *use, const struct config_limits *limits,
	enum limit_way way, uint64_t now_us)
{
	charge(&use->rate, limits, LIMIT_RATE, now_us);
	charge(&use->rates[way], limits, way == LIMIT_IN ? LIMIT_RATE_IN : LIMIT_RATE_OUT,
		now_us);
}

void limit_early_over(struct limit_use *use)
{
	use->early--;
}

void limit_end(struct limit_use *use, enum limit_way way)
{
	use->out -= way == LIMIT_OUT;
}

unsigned limit_used(const struct limit_question *question, enum limit_kind kind)
{
	if (kinds[kind].counted != COUNTED_RATE)
		return calls_of(question, kind);
	if (limit_most(question->limits, kind) == CONFIG_UNLIMITED)
		return 0;
	return bucket_taken(bucket_of(question->use, kind),
		size_of(question->limits, kind), question->now_us);
}

uint64_t limit_shortest_ms(const uint64_t *lengths, unsigned count)
{
	uint64_t shortest = 0;

	for (unsigned i = 0; i < count; i++)
		if (lengths[i] && (!shortest || lengths[i] < shortest))
			shortest = lengths[i];
	return shortest;
}
