#include "bridge/hunt.h"

#include "trunk/cause.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void dialled_h(void *arg, struct flow *flow, const char *why);
static void next_target(struct hunt *hunt);

static void note(struct hunt *hunt, const char *why)
{
	err_reason(hunt->why, why);
}

/* What keeps calls away from the last one that was looked at. */
static void note_obstacle(
	struct hunt *hunt, const struct trunk *trunk, const struct obstacle *obstacle)
{
	char words[OBSTACLE_TEXT_SIZE];
	struct err_text text;

	err_set(&text, 0, "%s: %s", trunk->id, obstacle_text(obstacle, words));
	note(hunt, text.text);
}

int hunt_new(struct hunt **ret, struct bridge *bridge, struct config *config,
	const struct pick_question *question)
{
	struct hunt *hunt = calloc(1, sizeof(*hunt));
	struct pick pick;

	if (!hunt)
		return -ENOMEM;
	pick_candidates(bridge->trunks, question, &pick);
	hunt->bridge = bridge;
	hunt->routed = pick.routed;
	hunt->retry_s = pick.retry_s;
	hunt->emergency = question->emergency;
	hunt->message = question->method != 0;
	hunt->subscription = question->method == CONFIG_METHOD_SUBSCRIBE;
	hunt->unwilling = !pick.routed && pick.unwilling;
	for (unsigned i = 0; i < pick.count; i++)
		if (!target_new(&hunt->targets[hunt->count], pick.list[i].trunk, config))
			hunt->count++;
	if (!pick.count && pick.left_out)
		note_obstacle(hunt, pick.left_out, &pick.obstacle);
	*ret = hunt;
	return 0;
}

int hunt_new_to(struct hunt **ret, struct bridge *bridge, struct config *config,
	struct trunk *trunk, bool emergency)
{
	struct hunt *hunt = calloc(1, sizeof(*hunt));
	int err;

	if (!hunt)
		return -ENOMEM;
	hunt->bridge = bridge;
	hunt->routed = true;
	hunt->emergency = emergency;
	err = target_new(&hunt->targets[0], trunk, config);
	if (err) {
		free(hunt);
		return err;
	}
	hunt->count = 1;
	*ret = hunt;
	return 0;
}

struct bridge_side *hunt_side(const struct hunt *hunt, const struct target *target)
{
	return &hunt->bridge->sides[target->trunk->kind == TRUNK_SERVER ? SIDE_INTERNAL
									: SIDE_EXTERNAL];
}

/*
 * Nobody is left. 404: nobody takes the number; 405: of a request that is no call, nobody its method. 503: those
 * who do are busy, resting, or not to be reached, or failed, which another way to them may not be. What the last target said of the called party
 * crosses as its own refusal does.
 */
static void exhausted(struct hunt *hunt)
{
	int status = 503;

	if (hunt->status)
		status = cause_exhausted(hunt->status);
	else if (!hunt->routed)
		status = hunt->unwilling ? 405 : 404;
	if (!hunt->why[0] && hunt->unwilling)
		note(hunt, "nobody who takes the number has the method in `methods`");
	if (!hunt->why[0])
		note(hunt, "no gateway or server takes this call: `tandemctl route test` "
			   "says why");
	hunt->handlers->exhausted_h(hunt->arg, status, hunt->why);
}

static enum obstacle_kind find_obstacle(const struct hunt *hunt,
	const struct target *target, uint64_t now_us, struct obstacle *ret)
{
	return hunt->message
		       ? target_message_obstacle(target, hunt->subscription, now_us, ret)
		       : target_obstacle(target, hunt->emergency, now_us, ret);
}

static bool is_stopped(
	const struct hunt *hunt, const struct target *target, struct obstacle *obstacle)
{
	const uint64_t now_us = trunks_now_us(hunt->bridge->trunks);
	const enum obstacle_kind kind = find_obstacle(hunt, target, now_us, obstacle);

	return obstacle_stops(kind, hunt->emergency) &&
	       !(obstacle_is_brief(kind) &&
		       dial_may_arrive(hunt_side(hunt, target), target));
}

static uint64_t left_ms(const struct hunt *hunt, uint64_t until_ms)
{
	const uint64_t now_ms = timers_now_ms(hunt->bridge->timers);

	return until_ms > now_ms ? until_ms - now_ms : 0;
}

/* Whether the target at AT, which has had its turn, has another one in the last pass. */
static bool is_for_last(const struct hunt *hunt, unsigned at)
{
	return !hunt->last_pass && !hunt->answered && hunt->passed_over[at] &&
	       dial_is_worth_a_try(hunt->targets[at]);
}

/* How many are left behind the one whose turn it is, as far as is known. */
static unsigned targets_left(const struct hunt *hunt)
{
	unsigned left = hunt->count - hunt->at;

	for (unsigned i = 0; i < hunt->at; i++)
		left += is_for_last(hunt, i);
	return left;
}

/* The one that is tried has its part of the time that is left for all. What it does not use is the others'. */
static void share_out(struct hunt *hunt)
{
	const uint64_t left = left_ms(hunt, hunt->until_ms);

	hunt->share_until_ms = 0;
	if (left)
		hunt->share_until_ms = timers_now_ms(hunt->bridge->timers) +
				       left / (targets_left(hunt) + 1);
}

/* Its name is not resolved, or no connection can be tried, in its share. */
static void dial_late_h(void *arg)
{
	struct hunt *hunt = arg;

	note(hunt,
		"no address could be tried in its share of setup-within: is DNS slow?");
	hunt->handlers->failed_h(hunt->arg, hunt->targets[hunt->at - 1], hunt->why);
	next_target(hunt);
}

/* Until an INVITE is sent. The last one may take all that is left. */
static void watch_dial(struct hunt *hunt)
{
	timer_stop(&hunt->silence);
	if (hunt->share_until_ms && targets_left(hunt))
		timer_start(hunt->bridge->timers, &hunt->silence,
			left_ms(hunt, hunt->share_until_ms), dial_late_h, hunt);
}

/* Nobody is left: who refused at once is tried all the same, once each and in their order. False: there is none. */
static bool begin_last_pass(struct hunt *hunt)
{
	const unsigned count = hunt->count;

	for (unsigned i = 0; i < count; i++)
		if (is_for_last(hunt, i))
			hunt->targets[hunt->count++] = target_ref(hunt->targets[i]);
	hunt->last_pass = true;
	return hunt->count > count;
}

/* Which addresses of the target whose turn it is are dialled. */
static enum dial_whom whom_of(const struct hunt *hunt)
{
	if (hunt->emergency)
		return DIAL_ALL;
	if (hunt->last_pass || (hunt->at == hunt->count && !hunt->answered))
		return DIAL_TRY;
	return DIAL_USABLE;
}

static void next_target(struct hunt *hunt)
{
	hunt_stop(hunt); /* which keeps what was found out */
	while (hunt->at < hunt->count || begin_last_pass(hunt)) {
		struct target *target = hunt->targets[hunt->at++];
		char words[OBSTACLE_TEXT_SIZE];
		struct obstacle obstacle;

		/* the one before it no longer counts in its trunk's calls */
		hunt->handlers->target_h(hunt->arg, NULL);
		hunt->status = 0;
		if (!is_stopped(hunt, target, &obstacle) ||
			(hunt->last_pass && obstacle_is_brief(obstacle.kind))) {
			hunt->retry_s = 0;
			hunt->handlers->target_h(hunt->arg, target);
			share_out(hunt);
			watch_dial(hunt);
			dial_start(&hunt->dial, &(const struct dial_params){
							.side = hunt_side(hunt, target),
							.target = target,
							.whom = whom_of(hunt),
							.h = dialled_h,
							.arg = hunt});
			return;
		}
		hunt->passed_over[hunt->at - 1] = obstacle_is_brief(obstacle.kind);
		obstacle_count(target->trunk, &obstacle, &hunt->retry_s);
		hunt->handlers->passed_over_h(
			hunt->arg, target, obstacle_text(&obstacle, words));
		note_obstacle(hunt, target->trunk, &obstacle);
	}
	exhausted(hunt);
}

static void dialled_h(void *arg, struct flow *flow, const char *why)
{
	struct hunt *hunt = arg;

	if (flow) {
		hunt->handlers->flow_h(hunt->arg, flow);
		return;
	}
	note(hunt, why);
	hunt->handlers->failed_h(hunt->arg, hunt->targets[hunt->at - 1], hunt->why);
	next_target(hunt);
}

void hunt_begin(struct hunt *hunt, uint64_t within_ms,
	const struct hunt_handlers *handlers, void *arg)
{
	if (within_ms)
		hunt->until_ms = timers_now_ms(hunt->bridge->timers) + within_ms;
	hunt->handlers = handlers;
	hunt->arg = arg;
	next_target(hunt);
}

uint64_t hunt_left_ms(const struct hunt *hunt)
{
	const uint64_t left = left_ms(hunt, hunt->until_ms);

	return hunt->until_ms && !left ? 1 : left;
}

/* How long the address that is tried may be silent; 0: as long as SIP allows. */
static uint64_t patience_ms(struct hunt *hunt)
{
	const struct target *target = hunt->targets[hunt->at - 1];
	const uint64_t within_ms = hunt->message ? 0 : target->settings->answer_within_ms;
	const unsigned addresses = dial_left(&hunt->dial) + 1;
	uint64_t share_ms;

	hunt->cut = false;
	/* nobody could use the rest, or it is used up and goes on all the same */
	if (!hunt->share_until_ms || (!targets_left(hunt) && addresses == 1))
		return within_ms;
	share_ms = left_ms(hunt, hunt->share_until_ms) / addresses;
	if (within_ms && within_ms <= share_ms)
		return within_ms;
	hunt->cut = true;
	return share_ms ? share_ms : 1;
}

void hunt_await(struct hunt *hunt, timer_h *h)
{
	const uint64_t patience = patience_ms(hunt);

	dial_asked(&hunt->dial);
	timer_stop(&hunt->silence);
	if (patience)
		timer_start(hunt->bridge->timers, &hunt->silence, patience, h, hunt->arg);
}

bool hunt_was_cut(const struct hunt *hunt)
{
	return hunt->cut;
}

void hunt_heard(struct hunt *hunt, int status, const struct message *response)
{
	timer_stop(&hunt->silence);
	hunt->answered = hunt->answered || status >= 200;
	if (hunt->message)
		dial_answered(&hunt->dial);
	else
		dial_heard(&hunt->dial, status, response);
}

void hunt_unheard(struct hunt *hunt, enum dial_unheard how, const char *why)
{
	timer_stop(&hunt->silence);
	/* who does not answer a message may take calls: OPTIONS finds out */
	if (!hunt->message || how != DIAL_SILENT)
		dial_unheard(&hunt->dial, how, why);
}

void hunt_next(struct hunt *hunt, enum failover_step step, int status, const char *why)
{
	timer_stop(&hunt->silence);
	note(hunt, why);
	if (status)
		hunt->status = status;
	if (step == FAILOVER_ADDRESS) {
		watch_dial(hunt);
		dial_next(&hunt->dial, hunt->why);
		return;
	}
	hunt->handlers->failed_h(hunt->arg, hunt->targets[hunt->at - 1], hunt->why);
	next_target(hunt);
}

void hunt_again(struct hunt *hunt)
{
	timer_stop(&hunt->silence);
	dial_again(&hunt->dial);
}

void hunt_stop(struct hunt *hunt)
{
	timer_stop(&hunt->silence);
	dial_stop(&hunt->dial);
}

unsigned hunt_retry_s(const struct hunt *hunt)
{
	unsigned first_s = 0;

	if (!hunt || hunt->retry_s)
		return hunt ? hunt->retry_s : 0;
	/* those that were asked may rest since then */
	for (unsigned i = 0; i < hunt->count; i++) {
		struct obstacle obstacle;

		if (!obstacle_is_brief(
			    find_obstacle(hunt, hunt->targets[i], 0, &obstacle)))
			return 0;
		if (!first_s || obstacle.retry_s < first_s)
			first_s = obstacle.retry_s;
	}
	return first_s;
}

void hunt_free(struct hunt *hunt)
{
	if (!hunt)
		return;
	hunt_stop(hunt);
	while (hunt->count)
		target_unref(hunt->targets[--hunt->count]);
	free(hunt);
}
