#include "trunk/obstacle.h"

#include "base/buf.h"
#include "trunk/registration.h"

#include <stdio.h>

static bool is_removed(const struct obstacle_question *question, struct obstacle *ret)
{
	(void)ret;
	return !question->trunk->configured;
}

static bool is_disabled(const struct obstacle_question *question, struct obstacle *ret)
{
	(void)ret;
	return !trunk_settings(question->trunk)->enabled;
}

static bool is_drained(const struct obstacle_question *question, struct obstacle *ret)
{
	(void)ret;
	return question->trunk->drained && !question->replaces;
}

static bool is_unregistered(
	const struct obstacle_question *question, struct obstacle *ret)
{
	const struct registration *registration = question->trunk->registration;
	const struct binding *first;

	if (question->emergency || !registration || !registration->required ||
		registration_is_bound(registration))
		return false;
	first = registration->count ? registration->bindings[0] : NULL;
	ret->since = first ? first->since : 0;
	snprintf(ret->why, sizeof(ret->why), "%s", first ? first->why : "");
	return true;
}

void obstacle_of_limit(enum obstacle_kind as, const struct limit_question *question,
	enum limit_kind kind, struct obstacle *ret)
{
	const unsigned most = limit_most(question->limits, kind);

	*ret = (struct obstacle){
		.kind = as, .retry_s = limit_retry_s(question, kind), .limit = kind};
	if (limit_is_rate(kind))
		snprintf(ret->why, sizeof(ret->why), "%u calls a second (%s)", most,
			limit_name(kind));
	else
		snprintf(ret->why, sizeof(ret->why), "%u of %u calls (%s)%s",
			limit_used(question, kind), most, limit_name(kind),
			kind == LIMIT_CALLS && limit_used(question, kind) < most
				? ", the rest is kept for emergency calls"
				: "");
}

void obstacle_count(
	struct trunk *trunk, const struct obstacle *obstacle, unsigned *retry_s)
{
	if (obstacle->limit)
		trunk->use.reached[obstacle->limit]++;
	if (obstacle->retry_s && (!*retry_s || obstacle->retry_s < *retry_s))
		*retry_s = obstacle->retry_s;
}

static bool is_limited(
	const struct obstacle_question *question, struct obstacle *ret, bool by_rate)
{
	const struct limit_question limits = trunk_limits(question->trunk,
		question->way == OBSTACLE_FROM ? LIMIT_IN : LIMIT_OUT,
		question->emergency, question->now_us);
	const enum limit_kind kind =
		by_rate ? limit_find_rate(&limits) : limit_find_calls(&limits);

	if (question->message || kind == LIMIT_NONE)
		return false;
	obstacle_of_limit(by_rate ? OBSTACLE_RATE : OBSTACLE_FULL, &limits, kind, ret);
	return true;
}

static bool is_full(const struct obstacle_question *question, struct obstacle *ret)
{
	return !question->replaces && is_limited(question, ret, false);
}

static bool is_too_fast(const struct obstacle_question *question, struct obstacle *ret)
{
	return is_limited(question, ret, true);
}

/* Behind which another attempt is worth while: it is a second at most, unless the rate was lowered. */
static bool has_too_many_messages(
	const struct obstacle_question *question, struct obstacle *ret)
{
	const struct config_messages *settings =
		&trunk_settings(question->trunk)->messages;

	if (!question->message ||
		!messages_wait_us(&question->trunk->messages, settings,
			question->way == OBSTACLE_FROM ? LIMIT_IN : LIMIT_OUT,
			question->now_us))
		return false;
	ret->retry_s = 1;
	snprintf(ret->why, sizeof(ret->why), "%u (max-message-rate)", settings->max_rate);
	return true;
}

/* When one of them ends is not known: a guess, as of calls. */
#define SUBSCRIPTIONS_RETRY_S 10

static bool has_too_many_subscriptions(
	const struct obstacle_question *question, struct obstacle *ret)
{
	const unsigned most = trunk_settings(question->trunk)->messages.max_subscriptions;
	const unsigned used = question->trunk->messages.subscriptions;

	if (!question->subscription || used < most)
		return false;
	ret->retry_s = SUBSCRIPTIONS_RETRY_S;
	snprintf(ret->why, sizeof(ret->why), "%u of %u (max-subscriptions)", used, most);
	return true;
}

/* What RECORD, which is back in BACK_MS, says of its state. One that is asked until it answers has no end
 * that could be named. */
static void describe(const struct health_record *record, uint64_t back_ms,
	const struct health_rules *rules, const struct health_time *now,
	struct obstacle *ret)
{
	ret->since = record->since;
	ret->retry_s = (unsigned)((back_ms + 999) / 1000);
	ret->until = rules->pinged && record->machine.state == HEALTH_DOWN
			     ? 0
			     : now->wall + (time_t)((back_ms + 999) / 1000);
	snprintf(ret->why, sizeof(ret->why), "%s", record->why ? record->why : "");
}

static bool hinders(
	const struct trunk *trunk, enum health_state state, struct obstacle *ret)
{
	const struct health_world *world = trunk->health.world;
	const struct health_record *record;
	struct health_time now;
	uint64_t back_ms;

	if (!world || !trunk->health.troubled)
		return false;
	now = health_now(world->timers);
	if (health_hindrance(&trunk->health, &now, &record, &back_ms) != state)
		return false;
	describe(record, back_ms, &trunk->health.rules, &now, ret);
	return true;
}

static bool is_down(const struct obstacle_question *question, struct obstacle *ret)
{
	return hinders(question->trunk, HEALTH_DOWN, ret);
}

static bool is_resting(const struct obstacle_question *question, struct obstacle *ret)
{
	return hinders(question->trunk, HEALTH_RESTING, ret);
}

static const struct kind {
	const char *word;
	const char *says;
	/* Whether it stands: what it found out is in *ret then. NULL: whoever asks for it knows. */
	bool (*stands)(const struct obstacle_question *question, struct obstacle *ret);
	bool asked[OBSTACLE_WAYS]; /* of a call that goes this way */
	bool routed;               /* obstacle_is_routed() */
	bool stops_all;            /* emergency calls too: obstacle_stops() */
	bool brief;                /* obstacle_is_brief() */
} kinds[OBSTACLE_KINDS] = {
	[OBSTACLE_NONE] = {.word = "ready", .says = "", .routed = true},
	/* A call that a trunk makes has been admitted by its certificate or address: trunks_of_flow()
	 * knows who is configured and enabled. */
	[OBSTACLE_REMOVED] = {.word = "removed",
		.says = "not configured any more",
		.stands = is_removed,
		.asked = {[OBSTACLE_TO] = true},
		.stops_all = true},
	[OBSTACLE_DISABLED] = {.word = "disabled",
		.says = "disabled",
		.stands = is_disabled,
		.asked = {[OBSTACLE_TO] = true},
		.stops_all = true},
	[OBSTACLE_DRAINED] = {.word = "drained",
		.says = "drained",
		.stands = is_drained,
		.asked = {[OBSTACLE_TO] = true, [OBSTACLE_FROM] = true},
		.routed = true},
	[OBSTACLE_UNREGISTERED] = {.word = "unregistered",
		.says = "not registered",
		.stands = is_unregistered,
		.asked = {[OBSTACLE_TO] = true},
		.routed = true},
	[OBSTACLE_FULL] = {.word = "full",
		.says = "full",
		.stands = is_full,
		.asked = {[OBSTACLE_TO] = true, [OBSTACLE_FROM] = true},
		.routed = true},
	[OBSTACLE_RATE] = {.word = "rate",
		.says = "too many calls a second",
		.stands = is_too_fast,
		.asked = {[OBSTACLE_TO] = true, [OBSTACLE_FROM] = true},
		.routed = true},
	[OBSTACLE_MESSAGES] = {.word = "message-rate",
		.says = "too many messages a second",
		.stands = has_too_many_messages,
		.asked = {[OBSTACLE_TO] = true, [OBSTACLE_FROM] = true},
		.routed = true},
	[OBSTACLE_SUBSCRIPTIONS] = {.word = "subscriptions",
		.says = "too many subscriptions",
		.stands = has_too_many_subscriptions,
		.asked = {[OBSTACLE_TO] = true, [OBSTACLE_FROM] = true},
		.routed = true},
	[OBSTACLE_DOWN] = {.word = "down",
		.says = "down",
		.stands = is_down,
		.asked = {[OBSTACLE_TO] = true},
		.routed = true,
		.brief = true},
	[OBSTACLE_RESTING] = {.word = "resting",
		.says = "resting",
		.stands = is_resting,
		.asked = {[OBSTACLE_TO] = true},
		.routed = true,
		.brief = true},
	[OBSTACLE_STOPPING] = {.word = "stopping",
		.says = "the server is stopping",
		.routed = true},
	[OBSTACLE_SERVER_FULL] = {.word = "server-full",
		.says = "the server is full",
		.routed = true},
	[OBSTACLE_SERVER_RATE] = {.word = "server-rate",
		.says = "too many calls a second for the server",
		.routed = true},
	[OBSTACLE_OVERLOAD] = {.word = "overload",
		.says = "the server is overloaded",
		.routed = true},
	[OBSTACLE_AUDIT] = {.word = "audit",
		.says = "audit is required and cannot be written",
		.routed = true},
};

enum obstacle_kind obstacle_find(
	const struct obstacle_question *question, struct obstacle *ret)
{
	struct obstacle found = {.kind = OBSTACLE_NONE};

	for (enum obstacle_kind kind = OBSTACLE_NONE; kind < OBSTACLE_KINDS; kind++) {
		if (!kinds[kind].stands || !kinds[kind].asked[question->way] ||
			!kinds[kind].stands(question, &found))
			continue;
		found.kind = kind;
		break;
	}
	if (ret)
		*ret = found;
	return found.kind;
}

const char *obstacle_word(enum obstacle_kind kind)
{
	return kinds[kind].word;
}

bool obstacle_stops(enum obstacle_kind kind, bool emergency)
{
	return kind != OBSTACLE_NONE && (!emergency || kinds[kind].stops_all);
}

bool obstacle_is_routed(enum obstacle_kind kind)
{
	return kinds[kind].routed;
}

bool obstacle_is_brief(enum obstacle_kind kind)
{
	return kinds[kind].brief;
}

enum obstacle_kind obstacle_of_health(const struct health_record *record,
	const struct health_rules *rules, const struct health_time *now,
	struct obstacle *ret)
{
	const uint64_t back_ms = health_machine_back_ms(&record->machine, rules, now->ms);

	*ret = (struct obstacle){.kind = OBSTACLE_NONE};
	if (!back_ms)
		return OBSTACLE_NONE;
	ret->kind =
		record->machine.state == HEALTH_DOWN ? OBSTACLE_DOWN : OBSTACLE_RESTING;
	describe(record, back_ms, rules, now, ret);
	return ret->kind;
}

/* " since 2026-11-22T15:04:05Z"; "" where TIME is 0. */
static void add_time(struct buf *out, const char *word, time_t time)
{
	struct tm tm;
	char text[32];

	if (!time || !gmtime_r(&time, &tm) ||
		!strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return;
	buf_printf(out, " %s %s", word, text);
}

const char *obstacle_text(
	const struct obstacle *obstacle, char buf[static OBSTACLE_TEXT_SIZE])
{
	struct buf out;

	buf_init(&out, 0);
	buf_add_str(&out, kinds[obstacle->kind].says);
	add_time(&out, "since", obstacle->since);
	add_time(&out, "until", obstacle->until);
	if (obstacle->why[0])
		buf_printf(&out, ": %s", obstacle->why);
	snprintf(buf, OBSTACLE_TEXT_SIZE, "%s",
		out.err ? kinds[obstacle->kind].says : buf_str(&out));
	buf_free(&out);
	return buf;
}
