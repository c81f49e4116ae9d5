/* The states of a call, its end, and what is left of it behind that. */
#include "bridge/call_priv.h"

#include "base/log.h"
#include "bridge/call_log.h"
#include "bridge/crossing.h"
#include "bridge/dtmf.h"
#include "bridge/reason.h"
#include "bridge/redirection.h"
#include "bridge/registry.h"
#include "trunk/cause.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[CALL_STATES] = {
	[CALL_SETUP] = "trying",
	[CALL_TALKING] = "talking",
	[CALL_JOINING] = "joining",
	[CALL_ASIDE] = "aside",
	[CALL_ENDING] = "ending",
	[CALL_OVER] = "over",
};

const char *call_state_name(const struct call *call)
{
	if (call->state == CALL_SETUP && call->ringing_us)
		return "ringing";
	if ((call->transfer || call->replacement || call->referral) &&
		call->state < CALL_ENDING)
		return "transferring";
	return state_names[call->state];
}

uint64_t call_now_us(const struct call *call)
{
	struct clock *clock = timers_clock(call->bridge->timers);

	return clock->mono_us(clock);
}

void call_set_state(struct call *call, enum call_state state)
{
	/* a bit for each state that it may go to */
	static const unsigned legal[CALL_STATES] = {
		[CALL_SETUP] = 1u << CALL_TALKING | 1u << CALL_JOINING |
			       1u << CALL_ASIDE | 1u << CALL_ENDING,
		[CALL_TALKING] =
			1u << CALL_JOINING | 1u << CALL_ASIDE | 1u << CALL_ENDING,
		[CALL_JOINING] = 1u << CALL_TALKING | 1u << CALL_ENDING,
		[CALL_ASIDE] =
			1u << CALL_JOINING | 1u << CALL_TALKING | 1u << CALL_ENDING,
		[CALL_ENDING] = 1u << CALL_OVER,
		[CALL_OVER] = 0,
	};

	if (!(legal[call->state] >> state & 1)) {
		log_error("call", "call=%s event=illegal-move from=%s to=%s", call->id,
			call_state_name(call), state_names[state]);
		return;
	}
	log_debug("call", "call=%s event=state from=%s to=%s", call->id,
		call_state_name(call), state_names[state]);
	call->state = state;
}

/* ---- the end ---- */

const char *call_refusal_cause(int status)
{
	return status == 486 || status == 600 ? "busy" : "rejected";
}

static void note_end(struct call *call, enum call_end by, const char *cause, int status,
	const char *detail)
{
	call->end_us = call_now_us(call) - call->start_us;
	call->ended_by = by;
	call->cause = cause;
	call->status = call->answer_us ? 200 : status;
	if (detail && detail[0])
		call->detail = strdup(detail);
}

void call_note_said(struct call *call, const struct leg *from, struct message *message)
{
	message_unref(call->said);
	call->said = message ? message_ref(message) : NULL;
	call->said_by = from;
}

/* Why both legs are ended, where that is said by nobody else; NULL: it need not be told. */
static const char *own_reason(const struct call *call)
{
	if (!strcmp(call->cause, CALL_SESSION_EXPIRED))
		return "Reason: SIP ;cause=408 ;text=\"session expired\"\r\n";
	/* whose phone rang did not miss a call */
	if (!strcmp(call->cause, CALL_REPLACED) && call->b->state == LEG_INVITING)
		return "Reason: SIP ;cause=200 ;text=\"Call completed elsewhere\"\r\n";
	return NULL;
}

static void stop_timers(struct call *call)
{
	timer_stop(&call->setup_timer);
	timer_stop(&call->late_timer);
	timer_stop(&call->redirect_timer);
	timer_stop(&call->duration_timer);
	if (call->hunt)
		hunt_stop(call->hunt);
}

/* Leg b does not exist while no candidate was chosen. */
static bool b_is_over(const struct call *call)
{
	return !call->b->home || call->b->state == LEG_OVER;
}

struct call *call_make(struct bridge *bridge)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->a = calloc(1, sizeof(*call->a));
	call->b = calloc(1, sizeof(*call->b));
	if (!call->a || !call->b) {
		free(call->a);
		free(call->b);
		free(call);
		return NULL;
	}
	list_init(&call->node);
	call->bridge = bridge;
	call->config = config_ref(bridge->config);
	return call;
}

void call_free(struct call *call)
{
	list_remove(&call->node);
	stop_timers(call);
	oa_end(call);
	relay_close(call->session);
	leg_free(call->a);
	leg_free(call->b);
	free(call->a);
	free(call->b);
	history_free(&call->history);
	hunt_free(call->hunt);
	redirection_free(call);
	target_unref(call->asker);
	call_party_free(call);
	free(call->connected_tag);
	message_unref(call->said);
	free(call->endings[0]);
	free(call->endings[1]);
	free(call->elin);
	free(call->detail);
	config_unref(call->config);
	free(call);
}

static void reap_h(void *arg)
{
	struct bridge *bridge = arg;

	LIST_FOREACH (&bridge->dead, node, next) {
		list_remove(node);
		call_free(LIST_ENTRY(node, struct call, dead_node));
	}
}

void call_bury(struct call *call)
{
	struct bridge *bridge = call->bridge;

	if (!call->inner) {
		hash_remove(&bridge->by_number, &call->by_number);
		bridge->call_count--;
	}
	list_append(&bridge->dead, &call->dead_node);
	if (!timer_running(&bridge->reaper))
		timer_start(bridge->timers, &bridge->reaper, 0, reap_h, bridge);
}

void call_finish(struct call *call)
{
	if (call->state == CALL_ENDING && call->a->state == LEG_OVER && b_is_over(call)) {
		call_set_state(call, CALL_OVER);
		call_bury(call);
	}
}

/* What the leg that ended the call said, where it is that which LEG has to hear of. */
static const struct message *said_to(
	struct call *call, const struct leg *leg, enum call_end by)
{
	const struct leg *from = call_other(call, leg);
	bool theirs = by == (from == call->a ? CALL_BY_A : CALL_BY_B);

	return theirs && call->said_by == from ? call->said : NULL;
}

/* Leg a, whose INVITE is open, is refused with STATUS. One that gave up is told so. */
static int status_for_a(struct call *call, enum call_end by, int status)
{
	if (by == CALL_BY_A || call->a->state != LEG_INVITING)
		return status;
	return cause_out(&call->a->settings->crossing.codes_out, status,
		reason_cause(said_to(call, call->a, by)));
}

/* Appends what LEG is ended with beside what its message has anyway. STATUS is why. */
static void add_ending(
	struct buf *out, struct call *call, struct leg *leg, enum call_end by, int status)
{
	const bool is_response = leg->state == LEG_INVITING && leg_is_invited(leg);
	const struct message *said = said_to(call, leg, by);
	const struct leg *from = call_other(call, leg);
	const bool alike = said && message_is_request(said) != is_response;

	reason_add(out, &(struct reason){.mode = leg->settings->crossing.reason,
				.source = said,
				.own = own_reason(call),
				.is_response = is_response,
				.made = reason_made(status, by != CALL_BY_TANDEM)});
	crossing_add(
		out, &(struct crossing){.from = from->home ? from->settings : NULL,
			     .to = leg->settings,
			     .leg = from,
			     .message = alike ? said : NULL,
			     .kind = is_response ? HEADER_RESPONSES : HEADER_REQUESTS});
}

/* Ends LEG with what is in LINES, taken. Without memory for them it ends all the same. */
static void close_leg(struct call *call, struct leg *leg, int status, struct buf *lines)
{
	char **ending = &call->endings[leg == call->a ? 0 : 1];

	free(*ending);
	*ending = buf_steal(lines, NULL);
	leg_close(leg, status, *ending);
}

/* Leg a is ended, by the call's end of STATUS, with SHOWN in its place. */
static void close_a(
	struct call *call, enum call_end by, int status, int shown, const char *detail)
{
	const bool ours = by == CALL_BY_TANDEM && call->a->state == LEG_INVITING;
	char retry[BRIDGE_RETRY_SIZE];
	struct buf lines;

	buf_init(&lines, 0);
	/* not again at once; what another one said is not of us */
	if (ours && status == 503)
		buf_add_str(&lines, bridge_retry_line(hunt_retry_s(call->hunt), retry));
	add_ending(&lines, call, call->a, by, shown);
	redirection_add(call, shown, &lines);
	/* what we could not accept of its offer, its sender may want to mend */
	if (ours && status == 488 && detail)
		leg_refuse_with(call->a, &(struct txn_refusal){.status = shown,
						 .why = detail,
						 .extra = buf_str(&lines)});
	close_leg(call, call->a, shown, &lines);
}

static void close_b(struct call *call, enum call_end by, int status)
{
	struct buf lines;

	if (!call->b->home)
		return;
	buf_init(&lines, 0);
	add_ending(&lines, call, call->b, by, status);
	leg_bye_answer(call->b);
	close_leg(call, call->b, 487, &lines);
}

void call_record(struct call *call, enum call_end by, const char *cause, int status)
{
	note_end(call, by, cause, status, NULL);
	registry_record(call);
	call->recorded = true;
}

void call_end(struct call *call, enum call_end by, const char *cause, int status,
	const char *detail)
{
	int shown;

	if (call->state >= CALL_ENDING)
		return;
	shown = status_for_a(call, by, status);
	stop_timers(call);
	leg_early_over(call->a);
	leg_early_over(call->b);
	call_offer_end(call, by);
	call_log_attempt(call,
		history_end(&call->history, 0, detail && detail[0] ? detail : cause),
		by == CALL_BY_B ? "failed" : "given-up");
	if (!call->recorded)
		note_end(call, by, cause, shown, detail);
	if (call->ended_h)
		call->ended_h(call, shown);
	call_set_state(call, CALL_ENDING);
	call_emergency_end(call);
	call_elin_end(call);
	if (!call->inner && !call->recorded)
		registry_record(
			call); /* before the final answer to BYE or CANCEL leaves */
	oa_end(call);
	dtmf_tell_lost(call);
	relay_close(call->session);
	call->session = NULL;
	leg_drop_digits(call->a);
	leg_drop_digits(call->b);
	leg_drop_passages(call->a);
	leg_drop_passages(call->b);
	leg_bye_answer(call->a);
	close_a(call, by, status, shown, call->detail);
	close_b(call, by, status);
	call_finish(call);
}

/* ---- connections in mid-call ---- */

/*
 * A connection may end while its calls live on: peers close idle ones, and restart. Another
 * one to the same peer is made; a peer that cannot be reached any more has lost its calls.
 */
static void lose_flow(struct call *call, struct leg *leg, const char *why)
{
	struct leg_report report = {.event = LEG_EVENT_FAILED, .status = 503, .why = why};

	if (!leg_redial(leg, leg->flow))
		call->leg_h(call, leg, &report);
}

void call_flow_closed(struct call *call, struct leg *leg, const char *why)
{
	if (call->state >= CALL_ENDING)
		return;
	/* Who was a peer and is none any more is not connected to again, and hears nothing
	 * more. While it rings another candidate may take the call. */
	if (leg->flow->refused && (leg == call->a || call->state != CALL_SETUP))
		call_end(call, CALL_BY_TANDEM, "peer-refused", 503, why);
	else if (leg->state == LEG_TALKING)
		lose_flow(call, leg, why);
}

/* ---- how long it lasts ---- */

static void too_long_h(void *arg)
{
	call_end(arg, CALL_BY_TANDEM, "duration-limit", 487, NULL);
}

void call_limit_duration(struct call *call)
{
	const uint64_t lengths[] = {call->config->limits.calls.duration_ms,
		call->a->settings->limits.duration_ms,
		call->b->settings->limits.duration_ms};
	const uint64_t limit_ms = limit_shortest_ms(lengths, 3);
	const uint64_t passed_ms =
		(call_now_us(call) - call->start_us - call->answer_us) / 1000;

	if (limit_ms && !call->emergency)
		timer_start(call->bridge->timers, &call->duration_timer,
			limit_ms > passed_ms ? limit_ms - passed_ms : 0, too_long_h,
			call);
}
