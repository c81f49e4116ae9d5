#include "bridge/drill.h"

#include "base/log.h"
#include "bridge/call_log.h"
#include "bridge/identity.h"
#include "bridge/media_relay.h"
#include "bridge/media_sdp.h"
#include "bridge/oa.h"
#include "bridge/parts.h"
#include "bridge/party_rules.h"
#include "bridge/registry.h"
#include "trunk/cause.h"
#include "trunk/emergency.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So long all addresses together have to answer, and so long it lasts then. */
#define RING_MS 60000
#define TALK_MS 5000

struct drill {
	struct list node; /* in bridge->drills */
	struct bridge *bridge;
	struct config *config; /* owned reference */
	uint64_t number;
	char id[32];
	struct hunt *hunt; /* for its one target, until it is answered */
	struct leg leg;    /* to the gateway */
	struct leg nobody; /* the other end of the relay, which sends and hears nothing */
	struct relay_session *session;
	struct history history;
	const struct config_gateway *gateway; /* lives as long as config */
	struct timer timer;                   /* of its length; then of its burial */
	uint64_t start_wall_us, start_us;
	uint64_t ringing_us, answer_us, end_us; /* since start; 0: not */
	int status;
	const char *cause; /* static; NULL: it goes on */
	bool by_far;       /* it ended it */
	char detail[ERR_REASON_SIZE];
	struct drill_user user; /* without handler: nobody waits for it */
};

static uint64_t now_us(const struct drill *drill)
{
	struct clock *clock = timers_clock(drill->bridge->timers);

	return clock->mono_us(clock);
}

static uint64_t age_us(const struct drill *drill)
{
	return now_us(drill) - drill->start_us;
}

/* ---- its life ---- */

static void free_nobody(struct leg *nobody)
{
	offer_free(&nobody->offer);
	for (unsigned i = 0; i < RELAY_STREAMS; i++)
		stream_free(nobody->streams[i]);
	memset(nobody, 0, sizeof(*nobody));
}

static void drill_free(struct drill *drill)
{
	list_remove(&drill->node);
	drill->bridge->drill_count--;
	timer_stop(&drill->timer);
	relay_close(drill->session);
	leg_free(&drill->leg);
	free_nobody(&drill->nobody);
	hunt_free(drill->hunt);
	history_free(&drill->history);
	config_unref(drill->config);
	free(drill);
}

static void bury_h(void *arg)
{
	drill_free(arg);
}

/* Freed by a timer of 0 ms, so that no handler returns into freed memory. */
static void bury(struct drill *drill)
{
	timer_start(drill->bridge->timers, &drill->timer, 0, bury_h, drill);
}

/* ---- its record ---- */

static void fill_record(
	const struct drill *drill, struct record *ret, struct registry_scratch *scratch)
{
	const struct registry_leg leg = {
		.leg = &drill->leg, .session = drill->session, .now_us = now_us(drill)};

	*ret = (struct record){.call = drill->number,
		.id = drill->id,
		.emergency = emergency_name(EMERGENCY_DRILL),
		.location = "",
		.elin = "",
		.from = drill->gateway->emergency_test_caller,
		.to = drill->gateway->emergency_test_number,
		.start_wall_us = drill->start_wall_us,
		.ringing_us = drill->ringing_us,
		.answer_us = drill->answer_us,
		.end_us = drill->end_us,
		.status = drill->status,
		.cause = drill->cause,
		.ended_by = "tandem",
		.detail = drill->detail,
		.media_note = "",
		.far_status = drill->history.far_status,
		.far_reason = drill->history.far_reason ? drill->history.far_reason : "",
		.attempts = drill->history.attempts,
		.attempt_count = drill->history.count};
	ret->legs[0] = record_leg_none();
	ret->legs[0].side = SIDE_INTERNAL;
	registry_fill_leg(&leg, &ret->legs[1], scratch->names[1], scratch->codecs[1]);
	ret->legs[1].side = SIDE_EXTERNAL;
	if (drill->by_far)
		ret->ended_by = record_party(ret, 1);
}

static void tell(struct drill *drill)
{
	const struct bridge_handlers *handlers = &drill->bridge->handlers;
	struct registry_scratch scratch = {0};
	struct record record;

	drill->bridge->ended++;
	drill->bridge->failed += !drill->answer_us;
	fill_record(drill, &record, &scratch);
	call_log_end(&record);
	if (handlers->ended_h)
		handlers->ended_h(handlers->arg, &record);
	if (drill->user.over_h)
		drill->user.over_h(drill->user.arg, &record);
	drill->user.over_h = NULL;
}

/* It is over for CAUSE, static, with STATUS unless it was answered. WHY: a sentence, or NULL. */
static void end(
	struct drill *drill, bool by_far, const char *cause, int status, const char *why)
{
	if (drill->cause)
		return;
	timer_stop(&drill->timer);
	hunt_stop(drill->hunt);
	drill->end_us = age_us(drill);
	drill->by_far = by_far;
	drill->cause = cause;
	drill->status = drill->answer_us ? 200 : status;
	err_reason(drill->detail, why ? why : "");
	history_end(&drill->history, 0, why ? why : cause);
	tell(drill);
	relay_close(drill->session);
	drill->session = NULL;
	if (!drill->leg.home || drill->leg.state == LEG_IDLE ||
		drill->leg.state == LEG_OVER) {
		bury(drill);
		return;
	}
	leg_bye_answer(&drill->leg);
	leg_close(&drill->leg, 487, NULL);
}

static const char *refusal_cause(int status)
{
	return status == 486 || status == 600 ? "busy" : "rejected";
}

static void too_long_h(void *arg)
{
	end(arg, false, "no-answer", 408, "not answered in time");
}

static void heard_enough_h(void *arg)
{
	end(arg, false, "hangup", 200, NULL);
}

/* ---- what the far end says ---- */

static int take_answer(
	struct drill *drill, struct message *response, struct err_text *text)
{
	struct leg *leg = &drill->leg;
	struct sdp *sdp = NULL;
	struct sdp *out = NULL;
	bool is_offer;
	int err = oa_read(response, &sdp, text);

	if (!err && !sdp)
		err = err_set(text, ERR_FORMAT, "the 2xx has no answer to our offer");
	if (!err)
		err = offer_receive(&leg->offer, sdp, &is_offer, text);
	if (err)
		sdp_free(sdp);
	else
		err = media_sdp_pass_own_answer(
			drill->session, drill->config, leg, &drill->nobody, &out, text);
	sdp_free(out);
	if (!err)
		media_sdp_settle(drill->session, &drill->nobody, leg);
	if (!err && leg->streams[0])
		err = media_relay_set(drill->session, 0, leg, &leg->streams[0]->now);
	return err;
}

static void answered(struct drill *drill, struct message *response)
{
	struct err_text text = {{0}};
	int err = take_answer(drill, response, &text);

	hunt_heard(drill->hunt, message_status(response), response);
	leg_ack(&drill->leg, NULL);
	leg_early_over(&drill->leg);
	drill->answer_us = age_us(drill);
	history_end(&drill->history, message_status(response), "answered");
	hunt_stop(drill->hunt);
	if (err)
		end(drill, false, "bad-answer", 488,
			text.text[0] ? text.text : err_str(err));
	else
		timer_start(drill->bridge->timers, &drill->timer, TALK_MS, heard_enough_h,
			drill);
}

static void rang(struct drill *drill, const struct leg_report *report)
{
	hunt_heard(drill->hunt, report->status, report->message);
	if (!drill->ringing_us)
		drill->ringing_us = age_us(drill);
	leg_prack(&drill->leg, NULL);
}

/* It was not taken: by the next address, as an emergency call would go on; there is no next trunk. */
static void go_on(
	struct drill *drill, enum failover_cause cause, int status, const char *why)
{
	const enum failover_step step = failover_step(cause, FAILOVER_QUIET, true);

	history_end(&drill->history, status, why);
	if (step == FAILOVER_STOP) {
		end(drill, true, refusal_cause(status), cause_map(status), why);
		return;
	}
	leg_reset(&drill->leg);
	hunt_next(drill->hunt, step, status, why);
}

static void refused(struct drill *drill, const struct leg_report *report)
{
	const bool is_next = statuses_have(&drill->leg.settings->next_on, report->status);
	char why[ERR_REASON_SIZE];

	history_refusal(report->status, report->why, why);
	hunt_heard(drill->hunt, report->status, report->message);
	history_hear(&drill->history, report->status, report->message);
	go_on(drill, failover_cause(report->status, is_next), report->status, why);
}

static void failed(
	struct drill *drill, enum dial_unheard how, int status, const char *why)
{
	if (drill->answer_us) {
		end(drill, true, "peer-lost", status, why);
		return;
	}
	if (status == 502) /* it answered, in a way that cannot be used */
		hunt_heard(drill->hunt, status, NULL);
	else
		hunt_unheard(drill->hunt, how, why);
	go_on(drill, how == DIAL_SILENT ? FAILOVER_TIMEOUT : FAILOVER_UNREACHED, 0, why);
}

static void silent_h(void *arg)
{
	struct drill *drill = arg;

	failed(drill, DIAL_SILENT, 503,
		hunt_was_cut(drill->hunt)
			? "nothing heard in time: not even 100 Trying came in its share "
			  "of the minute that a drill has; is it up?"
			: "nothing heard in time: not even 100 Trying came within "
			  "answer-within; is it up?");
}

/* A response came, but what is asked now is another INVITE, with the credentials. */
static void asked_again(struct drill *drill, const struct leg_report *report)
{
	hunt_heard(drill->hunt, report->status, report->message);
	hunt_await(drill->hunt, silent_h);
}

/* What a far end may ask of a call; nothing of it is for a drill. */
static void refuse(struct drill *drill, const struct leg_report *report)
{
	if (report->txn)
		txn_server_refuse(report->txn, NULL,
			&(struct txn_refusal){.status = 488,
				.why = "this call is a drill, which ends by itself"});
	else
		leg_refuse(&drill->leg, 488, NULL);
}

static void leg_event_h(void *arg, struct leg *leg, const struct leg_report *report)
{
	struct drill *drill = arg;

	if (report->event == LEG_EVENT_OVER && drill->cause)
		bury(drill);
	else if (report->event == LEG_EVENT_REINVITE || report->txn)
		refuse(drill, report);
	else if (drill->cause)
		return;
	else if (report->event == LEG_EVENT_TRYING)
		hunt_heard(drill->hunt, 100, report->message);
	else if (report->event == LEG_EVENT_ASKED_AGAIN)
		asked_again(drill, report);
	else if (report->event == LEG_EVENT_PROVISIONAL)
		rang(drill, report);
	else if (report->event == LEG_EVENT_ANSWER)
		answered(drill, report->message);
	else if (report->event == LEG_EVENT_REFUSAL)
		refused(drill, report);
	else if (report->event == LEG_EVENT_FAILED)
		failed(drill, dial_how(report->status, report->no_listener),
			report->status, report->why);
	else if (report->event == LEG_EVENT_BYE)
		end(drill, true, "bye", 487, NULL);
	(void)leg;
}

static void closed_h(void *arg, struct leg *leg, const char *why)
{
	struct drill *drill = arg;

	if (leg->state == LEG_TALKING)
		end(drill, true, "peer-lost", 503, why);
}

/* ---- the hunt ---- */

static void target_h(void *arg, struct target *target)
{
	struct drill *drill = arg;
	const struct leg_params params = {.home = &drill->bridge->sides[SIDE_EXTERNAL],
		.end = RELAY_B,
		.h = leg_event_h,
		.closed_h = closed_h,
		.arg = drill,
		.call = drill->number,
		.id = drill->id,
		.name = "b",
		.methods = leg_methods,
		.called = true,
		.untimed = true,
		.target = target};

	leg_free(&drill->leg);
	if (!target)
		return;
	leg_init(&drill->leg, &params);
	leg_charge(&drill->leg);
	free_nobody(&drill->nobody);
	drill->nobody = (struct leg){.home = params.home,
		.end = RELAY_A,
		.id = drill->id,
		.name = "a",
		.target = target,
		.trunk = target->trunk,
		.settings = target->settings,
		.gateway = target->gateway};
	offer_init(&drill->nobody.offer);
}

/* Who calls whom: what rules change of it is what they change of an emergency call. */
static int write_invite(const struct drill *drill, const struct party_shown *shown,
	struct party_invite *ret)
{
	const struct party drilled = {.emergency = true,
		.called.phone = {.number = span_of(drill->gateway->emergency_test_number),
			.is_number = true},
		.from.phone = {.number = span_of(drill->gateway->emergency_test_caller),
			.is_number = true}};
	struct party *party;
	int err = party_copy(&party, &drilled);

	if (err)
		return err;
	err = party_rules_out(party, drill->leg.settings);
	if (!err)
		err = party_write(party, shown, ret);
	party_free(party);
	return err;
}

static int send_invite(struct drill *drill, struct flow *flow, struct err_text *text)
{
	struct party_invite written = {0};
	struct identity_shown identity;
	struct sdp *offer = NULL;
	int err = media_sdp_make_offer(
		drill->session, drill->config, &drill->nobody, &drill->leg, &offer, text);

	if (!err) {
		leg_set_flow(&drill->leg, flow);
		identity_shown(&drill->leg, dial_host(&drill->hunt->dial), &identity);
		err = write_invite(drill, &identity.shown, &written);
	}
	if (!err) {
		const struct leg_invite invite = {.uri = buf_str(&written.uri),
			.from = buf_str(&written.from),
			.to = buf_str(&written.to),
			.max_forwards = 70,
			.headers = buf_span(&written.headers)};

		err = leg_invite(&drill->leg, flow, &invite, offer);
	}
	party_invite_free(&written);
	sdp_free(offer);
	return err;
}

/* The INVITE could not be sent by FLOW. */
static void next_address(struct drill *drill, const struct flow *flow, const char *why)
{
	if (flow->closed)
		hunt_unheard(drill->hunt, DIAL_LOST, why);
	history_end(&drill->history, 0, why);
	hunt_next(drill->hunt, FAILOVER_ADDRESS, 0, why);
}

static void flow_h(void *arg, struct flow *flow)
{
	struct drill *drill = arg;
	struct err_text text = {{0}};
	int err;

	history_begin(&drill->history, drill->gateway->common.id, flow, age_us(drill));
	offer_free(&drill->leg.offer);
	offer_init(&drill->leg.offer);
	err = send_invite(drill, flow, &text);
	if (!err)
		hunt_await(drill->hunt, silent_h);
	else if (err == -EADDRNOTAVAIL)
		end(drill, false, "no-ports", 503,
			"no free media port: widen [media] ports; `tandemctl status` has "
			"those in use");
	else if (!drill->cause)
		next_address(drill, flow, text.text[0] ? text.text : err_str(err));
}

static void passed_over_h(void *arg, struct target *target, const char *why)
{
	struct drill *drill = arg;

	history_begin(&drill->history, target->trunk->id, NULL, age_us(drill));
	history_end(&drill->history, 0, why);
}

static void failed_h(void *arg, struct target *target, const char *why)
{
	struct drill *drill = arg;

	if (!history_is_at(&drill->history, target->trunk->id))
		passed_over_h(drill, target, why);
}

static void exhausted_h(void *arg, int status, const char *why)
{
	struct drill *drill = arg;

	end(drill, drill->hunt->status != 0,
		drill->hunt->status ? refusal_cause(drill->hunt->status) : "unreachable",
		status, why);
}

static const struct hunt_handlers hunt_handlers = {
	.target_h = target_h,
	.flow_h = flow_h,
	.passed_over_h = passed_over_h,
	.failed_h = failed_h,
	.exhausted_h = exhausted_h,
};

/* ---- the beginning ---- */

static int prepare(struct drill *drill, struct trunk *trunk)
{
	const struct relay_open open = {.call = drill->number,
		.id = drill->id,
		.timeout_ms = drill->config->media.hold_timeout_ms,
		.tap = drill->gateway->audit == CONFIG_AUDIT_FULL};
	int err = hunt_new_to(&drill->hunt, drill->bridge, drill->config, trunk);

	return err ? err : relay_open(drill->bridge->relay, &drill->session, &open);
}

int drill_start(struct bridge *bridge, struct trunk *trunk, const struct drill_user *user,
	struct drill **ret, struct err_text *text)
{
	struct clock *clock = timers_clock(bridge->timers);
	struct drill *drill;
	int err;

	if (!trunk->gateway || !trunk->gateway->emergency_test_number[0])
		return err_set(text, ERR_STATE,
			"it has no number for drills: set emergency-test-number");
	if (bridge->drill_count >= DRILLS_MAX)
		return err_set(text, ERR_LIMIT, "%d drills are in progress", DRILLS_MAX);
	drill = calloc(1, sizeof(*drill));
	if (!drill)
		return err_set(text, -ENOMEM, "out of memory");
	drill->bridge = bridge;
	drill->config = config_ref(bridge->config);
	drill->gateway = config_gateway_find(bridge->config, trunk->id);
	drill->start_us = clock->mono_us(clock);
	drill->start_wall_us = clock->wall_us(clock);
	drill->number = registry_next(bridge, drill->id);
	drill->user = *user;
	list_append(&bridge->drills, &drill->node);
	bridge->drill_count++;
	err = drill->gateway ? prepare(drill, trunk) : ERR_STATE;
	if (err) {
		drill_free(drill);
		return err_set(text, err, "%s", err_str(err));
	}
	bridge->started++;
	if (bridge->handlers.begun_h)
		bridge->handlers.begun_h(bridge->handlers.arg, drill->number, drill->id,
			drill->gateway->audit);
	log_info("call", "call=%s event=drill trunk=%s", drill->id, trunk->id);
	*ret = drill;
	timer_start(bridge->timers, &drill->timer, RING_MS, too_long_h, drill);
	hunt_begin(drill->hunt, RING_MS, &hunt_handlers, drill);
	return 0;
}

void drill_forget(struct drill *drill)
{
	drill->user.over_h = NULL;
}

void drills_end(struct bridge *bridge)
{
	LIST_FOREACH (&bridge->drills, node, next) {
		struct drill *drill = LIST_ENTRY(node, struct drill, node);

		end(drill, false, "shutdown", 503, NULL);
	}
}

void drills_free(struct bridge *bridge)
{
	drills_end(bridge);
	LIST_FOREACH (&bridge->drills, node, next)
		drill_free(LIST_ENTRY(node, struct drill, node));
}
