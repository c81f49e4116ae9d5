#include "audit/index_hours.h"

#include <string.h>

_Static_assert(HOURS_MAX < UINT16_MAX, "slots have 16 bits");

void hours_clear(struct hours *hours)
{
	hours->count = 0;
	memset(hours->slots, 0, sizeof(hours->slots));
}

bool hours_is_full(const struct hours *hours)
{
	return hours->count + HOUR_OFFERS + 1 > HOURS_MAX;
}

struct hour *hours_find(
	struct hours *hours, int64_t hour, int64_t party, enum hour_direction direction)
{
	const uint64_t key =
		((uint64_t)hour * 31 + (uint64_t)party) * 2 + (uint64_t)direction;
	size_t slot = (key * UINT64_C(0x9e3779b97f4a7c15) >> 32) % (HOURS_MAX * 2);
	struct hour *at;

	for (; hours->slots[slot]; slot = (slot + 1) % (HOURS_MAX * 2)) {
		at = &hours->list[hours->slots[slot] - 1];
		if (at->hour == hour && at->party == party && at->direction == direction)
			return at;
	}
	at = &hours->list[hours->count++];
	hours->slots[slot] = (uint16_t)hours->count;
	*at = (struct hour){.hour = hour, .party = party, .direction = direction};
	return at;
}

/* Not of the network: busy, away, not in the mood. As bridge/call.c has it of a far end's refusal. */
static bool is_of_callee(unsigned status)
{
	return status == 480 || status == 486 || status == 487 || status == 600 ||
	       status == 603;
}

static struct hour_offer *find_offer(
	struct hour_offer *offers, unsigned count, struct span target)
{
	for (unsigned i = 0; i < count; i++)
		if (span_equal(offers[i].target, target))
			return &offers[i];
	return NULL;
}

/* When the last offer began: the first of the attempts in a row that are its. */
struct last {
	struct span target;
	uint64_t since_us;
	unsigned status;
};

/* What ringing and the answer say, they say of the offer that was made last. */
static void judge_last(
	const struct cdr_row *row, const struct last *last, struct hour_offer *offer)
{
	const bool any = row->rang || row->answered;
	const uint64_t heard_us = row->rang ? row->ringing_us : row->answer_us;

	offer->answered = row->answered;
	offer->rang = any && heard_us >= last->since_us;
	offer->delay_us = offer->rang ? heard_us - last->since_us : 0;
	/* It rang until the caller, or the limit of time, gave it up: no far end refused it. */
	offer->effective |= row->answered || (offer->rang && last->status == 0);
}

unsigned hour_offers(const struct cdr_row *row, struct hour_offer ret[static HOUR_OFFERS])
{
	struct span rest = row->attempts;
	struct cdr_row_attempt attempt;
	struct last last = {.since_us = 0};
	struct hour_offer *offer = NULL;
	unsigned count = 0;

	while (cdr_row_attempt(&rest, &attempt)) {
		if (attempt.target.len == 0)
			continue;
		if (!span_equal(attempt.target, last.target))
			last = (struct last){attempt.target, attempt.after_us, 0};
		last.status = attempt.status;
		offer = find_offer(ret, count, attempt.target);
		if (!offer && count == HOUR_OFFERS)
			continue;
		if (!offer)
			offer = &ret[count++];
		*offer = (struct hour_offer){.target = attempt.target,
			.effective = is_of_callee(attempt.status)};
	}
	if (offer)
		judge_last(row, &last, offer);
	return count;
}

static void add(struct hour *hour, enum hour_figure figure, uint64_t number)
{
	hour->figures[figure] += number;
}

static void add_delay(struct hour *hour, uint64_t us)
{
	add(hour, HOUR_DELAYS, 1);
	add(hour, HOUR_DELAY_US, us);
	if (us > hour->figures[HOUR_DELAY_MAX_US])
		hour->figures[HOUR_DELAY_MAX_US] = us;
}

static void add_score(struct hour *hour, unsigned mos)
{
	uint64_t *least = &hour->figures[HOUR_SCORE_MIN];

	add(hour, HOUR_SCORES, 1);
	add(hour, HOUR_SCORE, mos);
	if (*least == 0 || mos < *least)
		*least = mos;
}

/* How the leg was protected, and what came from there. */
static void add_leg(struct hour *hour, const struct cdr_row_leg *leg)
{
	static const enum hour_figure signalling[] = {
		[CDR_SIGNALLING_UNKNOWN] = HOUR_FIGURES,
		[CDR_SIGNALLING_NONE] = HOUR_PLAIN,
		[CDR_SIGNALLING_TLS12] = HOUR_TLS12,
		[CDR_SIGNALLING_TLS13] = HOUR_TLS13,
	};
	static const enum hour_figure media[] = {
		[CDR_MEDIA_NONE] = HOUR_FIGURES,
		[CDR_MEDIA_RTP] = HOUR_RTP,
		[CDR_MEDIA_UDPTL] = HOUR_UDPTL,
		[CDR_MEDIA_SRTP] = HOUR_SRTP,
	};

	if (signalling[leg->signalling] != HOUR_FIGURES)
		add(hour, signalling[leg->signalling], 1);
	if (media[leg->media] != HOUR_FIGURES)
		add(hour, media[leg->media], 1);
	if (leg->mos > 0)
		add_score(hour, leg->mos);
	add(hour, HOUR_PACKETS, leg->packets);
	add(hour, HOUR_LOST, leg->lost);
	if (leg->packets > 0) {
		add(hour, HOUR_JITTERS, 1);
		add(hour, HOUR_JITTER_US, leg->jitter_us);
	}
}

void hour_add_offer(struct hour *hour, const struct hour_offer *offer,
	const struct cdr_row *row, const struct cdr_row_leg *leg)
{
	add(hour, HOUR_ATTEMPTS, 1);
	add(hour, HOUR_ANSWERED, offer->answered);
	add(hour, HOUR_EFFECTIVE, offer->effective);
	if (offer->answered)
		add(hour, HOUR_TALK_US, row->talk_us);
	if (offer->rang)
		add_delay(hour, offer->delay_us);
	if (leg)
		add_leg(hour, leg);
}

void hour_add_made(
	struct hour *hour, const struct cdr_row *row, const struct cdr_row_leg *leg)
{
	const bool gave_up = row->rang && row->status == 487;

	add(hour, HOUR_ATTEMPTS, 1);
	add(hour, HOUR_ANSWERED, row->answered);
	add(hour, HOUR_EFFECTIVE,
		row->answered || gave_up ||
			(row->status != 487 && is_of_callee(row->status)));
	if (row->answered)
		add(hour, HOUR_TALK_US, row->talk_us);
	if (row->rang || row->answered)
		add_delay(hour, row->rang ? row->ringing_us : row->answer_us);
	add_leg(hour, leg);
}
