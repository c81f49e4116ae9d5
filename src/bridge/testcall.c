/* A test call from its making to its record. */
#include "bridge/testcall_priv.h"

#include "base/log.h"
#include "bridge/call_log.h"
#include "bridge/captured.h"
#include "bridge/identity.h"
#include "bridge/media_sdp.h"
#include "bridge/party_rules.h"
#include "bridge/registry.h"
#include "trunk/cause.h"
#include "trunk/emergency.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t now_us(const struct testcall *testcall)
{
	struct clock *clock = timers_clock(testcall->bridge->timers);

	return clock->mono_us(clock);
}

uint64_t testcall_age_us(const struct testcall *testcall)
{
	return now_us(testcall) - testcall->start_us;
}

/* ---- its life ---- */

static void free_nobody(struct leg *nobody)
{
	offer_free(&nobody->offer);
	for (unsigned i = 0; i < RELAY_STREAMS; i++)
		stream_free(nobody->streams[i]);
	memset(nobody, 0, sizeof(*nobody));
}

static void testcall_free(struct testcall *testcall)
{
	list_remove(&testcall->node);
	testcall->bridge->testcall_count--;
	free(testcall->called);
	free(testcall->caller);
	free(testcall->from_sent);
	free(testcall->to_sent);
	timer_stop(&testcall->timer);
	relay_close(testcall->session);
	leg_free(&testcall->leg);
	free_nobody(&testcall->nobody);
	hunt_free(testcall->hunt);
	history_free(&testcall->history);
	config_unref(testcall->config);
	free(testcall);
}

static void bury_h(void *arg)
{
	testcall_free(arg);
}

/* Freed by a timer of 0 ms, so that no handler returns into freed memory. */
static void bury(struct testcall *testcall)
{
	timer_start(testcall->bridge->timers, &testcall->timer, 0, bury_h, testcall);
}

/* ---- its record ---- */

static void fill_record(const struct testcall *testcall, struct record *ret,
	struct registry_scratch *scratch)
{
	const struct registry_leg leg = {.leg = &testcall->leg,
		.session = testcall->session,
		.now_us = now_us(testcall)};

	*ret = (struct record){.call = testcall->number,
		.method = "INVITE",
		.id = testcall->id,
		.emergency =
			testcall->kind->emergency ? emergency_name(EMERGENCY_DRILL) : "",
		.purpose = testcall->kind->purpose,
		.location = "",
		.elin = "",
		.from = testcall->caller,
		.to = testcall->called,
		.from_received = testcall->caller,
		.to_received = testcall->called,
		.from_sent = testcall->from_sent ? testcall->from_sent : "",
		.to_sent = testcall->to_sent ? testcall->to_sent : "",
		.start_wall_us = testcall->start_wall_us,
		.ringing_us = testcall->ringing_us,
		.answer_us = testcall->answer_us,
		.end_us = testcall->end_us,
		.status = testcall->status,
		.cause = testcall->cause,
		.ended_by = "tandem",
		.detail = testcall->detail,
		.media_note = "",
		.far_status = testcall->history.far_status,
		.far_reason =
			testcall->history.far_reason ? testcall->history.far_reason : "",
		.capture_mode = config_audit_name(testcall->gateway->audit),
		.attempts = testcall->history.attempts,
		.attempt_count = testcall->history.count};
	ret->legs[0] = record_leg_none();
	ret->legs[0].side = SIDE_INTERNAL;
	registry_fill_leg(&leg, &ret->legs[1], scratch->names[1], scratch->codecs[1]);
	ret->legs[1].side = SIDE_EXTERNAL;
	if (testcall->by_far)
		ret->ended_by = record_party(ret, 1);
}

static void tell(struct testcall *testcall)
{
	const struct bridge_handlers *handlers = &testcall->bridge->handlers;
	struct registry_scratch scratch = {0};
	struct record record;

	testcall->bridge->ended++;
	testcall->bridge->failed += !testcall->answer_us;
	fill_record(testcall, &record, &scratch);
	call_log_end(&record);
	if (handlers->ended_h)
		handlers->ended_h(handlers->arg, &record);
	if (testcall->user.over_h)
		testcall->user.over_h(testcall->user.arg, &record);
	testcall->user.over_h = NULL;
}

/* It is over for CAUSE, static, with STATUS unless it was answered. WHY: a sentence, or NULL. */
void testcall_over(struct testcall *testcall, bool by_far, const char *cause, int status,
	const char *why)
{
	if (testcall->cause)
		return;
	timer_stop(&testcall->timer);
	hunt_stop(testcall->hunt);
	testcall->end_us = testcall_age_us(testcall);
	testcall->by_far = by_far;
	testcall->cause = cause;
	testcall->status = testcall->answer_us ? 200 : status;
	err_reason(testcall->detail, why ? why : "");
	history_end(&testcall->history, 0, why ? why : cause);
	tell(testcall);
	relay_close(testcall->session);
	testcall->session = NULL;
	if (!testcall->leg.home || testcall->leg.state == LEG_IDLE ||
		testcall->leg.state == LEG_OVER) {
		bury(testcall);
		return;
	}
	leg_bye_answer(&testcall->leg);
	leg_close(&testcall->leg, 487, NULL);
}

static const char *refusal_cause(int status)
{
	return status == 486 || status == 600 ? "busy" : "rejected";
}

static void too_long_h(void *arg)
{
	testcall_over(arg, false, "no-answer", 408, "not answered in time");
}

static void heard_enough_h(void *arg)
{
	testcall_over(arg, false, "hangup", 200, NULL);
}

void testcall_end(struct testcall *testcall)
{
	testcall_over(
		testcall, false, testcall->answer_us ? "hangup" : "cancel", 487, NULL);
}

/* ---- what the far end says ---- */

static void answered(struct testcall *testcall, struct message *response)
{
	struct err_text text = {{0}};
	struct sdp *answer = NULL;
	int err = testcall_take(testcall, response, &answer, &text);

	hunt_heard(testcall->hunt, message_status(response), response);
	leg_ack(&testcall->leg, answer);
	sdp_free(answer);
	leg_early_over(&testcall->leg);
	testcall->answer_us = testcall_age_us(testcall);
	history_end(&testcall->history, message_status(response), "answered");
	hunt_stop(testcall->hunt);
	if (err)
		testcall_over(testcall, false, "bad-answer", 488,
			text.text[0] ? text.text : err_str(err));
	else {
		timer_start(testcall->bridge->timers, &testcall->timer,
			testcall->kind->talk_ms, heard_enough_h, testcall);
		if (testcall->user.talks_h)
			testcall->user.talks_h(testcall->user.arg);
	}
}

static void rang(struct testcall *testcall, const struct leg_report *report)
{
	hunt_heard(testcall->hunt, report->status, report->message);
	if (!testcall->ringing_us)
		testcall->ringing_us = testcall_age_us(testcall);
	testcall_take_early(testcall, report->message);
}

/* It was not taken: by the next address, as an emergency call would go on; there is no next trunk. */
static void go_on(
	struct testcall *testcall, enum failover_cause cause, int status, const char *why)
{
	const enum failover_step step = failover_step(cause, FAILOVER_QUIET, true);

	history_end(&testcall->history, status, why);
	if (step == FAILOVER_STOP) {
		testcall_over(
			testcall, true, refusal_cause(status), cause_map(status), why);
		return;
	}
	leg_reset(&testcall->leg);
	hunt_next(testcall->hunt, step, status, why);
}

static void refused(struct testcall *testcall, const struct leg_report *report)
{
	const bool is_next =
		statuses_have(&testcall->leg.settings->next_on, report->status);
	char why[ERR_REASON_SIZE];

	history_refusal(report->status, report->why, why);
	hunt_heard(testcall->hunt, report->status, report->message);
	history_hear(&testcall->history, report->status, report->message);
	go_on(testcall, failover_cause(report->status, is_next), report->status, why);
}

static void failed(
	struct testcall *testcall, enum dial_unheard how, int status, const char *why)
{
	if (testcall->answer_us) {
		testcall_over(testcall, true, "peer-lost", status, why);
		return;
	}
	if (status == 502) /* it answered, in a way that cannot be used */
		hunt_heard(testcall->hunt, status, NULL);
	else
		hunt_unheard(testcall->hunt, how, why);
	go_on(testcall, how == DIAL_SILENT ? FAILOVER_TIMEOUT : FAILOVER_UNREACHED, 0,
		why);
}

static void silent_h(void *arg)
{
	struct testcall *testcall = arg;

	failed(testcall, DIAL_SILENT, 503,
		hunt_was_cut(testcall->hunt)
			? "nothing heard in time: not even 100 Trying came in its share "
			  "of the time that a test call has; is it up?"
			: "nothing heard in time: not even 100 Trying came within "
			  "answer-within; is it up?");
}

/* A response came, but what is asked now is another INVITE, with the credentials. */
static void asked_again(struct testcall *testcall, const struct leg_report *report)
{
	hunt_heard(testcall->hunt, report->status, report->message);
	hunt_await(testcall->hunt, silent_h);
}

/* What a far end may ask of a call; nothing of it is for a testcall. */
static void refuse(struct testcall *testcall, const struct leg_report *report)
{
	if (report->txn)
		txn_server_refuse(report->txn, NULL,
			&(struct txn_refusal){
				.status = 488, .why = testcall->kind->refusal});
	else
		leg_refuse(&testcall->leg, 488, NULL);
}

static void tell_heard(const struct testcall *testcall, const struct leg_report *report)
{
	const struct message *message =
		report->txn ? txn_server_request(report->txn) : report->message;

	if (testcall->user.heard_h && message && !testcall->cause)
		testcall->user.heard_h(testcall->user.arg, message);
}

static void leg_event_h(void *arg, struct leg *leg, const struct leg_report *report)
{
	struct testcall *testcall = arg;

	tell_heard(testcall, report);
	if (report->event == LEG_EVENT_OVER && testcall->cause)
		bury(testcall);
	else if (report->event == LEG_EVENT_REINVITE || report->txn)
		refuse(testcall, report);
	else if (testcall->cause)
		return;
	else if (testcall->answer_us && testcall_asked(testcall, report))
		return;
	else if (report->event == LEG_EVENT_TRYING)
		hunt_heard(testcall->hunt, 100, report->message);
	else if (report->event == LEG_EVENT_ASKED_AGAIN)
		asked_again(testcall, report);
	else if (report->event == LEG_EVENT_PROVISIONAL)
		rang(testcall, report);
	else if (report->event == LEG_EVENT_ANSWER)
		answered(testcall, report->message);
	else if (report->event == LEG_EVENT_REFUSAL)
		refused(testcall, report);
	else if (report->event == LEG_EVENT_FAILED)
		failed(testcall, dial_how(report->status, report->no_listener),
			report->status, report->why);
	else if (report->event == LEG_EVENT_BYE)
		testcall_over(testcall, true, "bye", 487, NULL);
	(void)leg;
}

static void closed_h(void *arg, struct leg *leg, const char *why)
{
	struct testcall *testcall = arg;

	if (leg->state == LEG_TALKING)
		testcall_over(testcall, true, "peer-lost", 503, why);
}

/* ---- the hunt ---- */

static void tell_party(const struct testcall *testcall)
{
	const struct leg *leg = &testcall->leg;
	char name[80];
	const enum config_audit mode = testcall->gateway->audit;
	const struct tap_party party = {.call = testcall->number,
		.id = testcall->id,
		.captured = mode != CONFIG_AUDIT_OFF,
		.party = leg->party,
		.end = leg_end(leg),
		.leg = leg->name,
		.trunk = trunk_name(leg->trunk, name)};

	if (captured_is_watched(testcall->bridge, mode))
		captured_tell(testcall->bridge, &party);
}

static void target_h(void *arg, struct target *target)
{
	struct testcall *testcall = arg;
	const struct leg_params params = {.home = &testcall->bridge->sides[SIDE_EXTERNAL],
		.end = RELAY_B,
		.h = leg_event_h,
		.closed_h = closed_h,
		.arg = testcall,
		.call = testcall->number,
		.id = testcall->id,
		.name = "b",
		.methods = leg_methods,
		.called = true,
		.untimed = true,
		.target = target};

	leg_free(&testcall->leg);
	if (!target)
		return;
	leg_init(&testcall->leg, &params);
	if (testcall->has_own)
		testcall->leg.settings = &testcall->own;
	leg_charge(&testcall->leg);
	tell_party(testcall);
	free_nobody(&testcall->nobody);
	testcall->nobody = (struct leg){.home = params.home,
		.end = RELAY_A,
		.id = testcall->id,
		.name = "a",
		.target = target,
		.trunk = target->trunk,
		.settings = testcall->leg.settings,
		.gateway = target->gateway};
	offer_init(&testcall->nobody.offer);
}

/* Who calls whom, as the far end is shown it, for the record. */
static int note_sent(struct testcall *testcall, const struct party *party)
{
	free(testcall->from_sent);
	free(testcall->to_sent);
	testcall->from_sent = party_number(&party->from);
	testcall->to_sent = party_number(&party->called);
	return testcall->from_sent && testcall->to_sent ? 0 : -ENOMEM;
}

/* Who calls whom: what rules change of a drill is what they change of an emergency call. No rule makes an
 * emergency call of another test. */
static int write_invite(struct testcall *testcall, const struct party_shown *shown,
	struct party_invite *ret, struct err_text *text)
{
	const struct party made = {.emergency = testcall->kind->emergency,
		.called.phone = {.number = span_of(testcall->called), .is_number = true},
		.from.phone = {.number = span_of(testcall->caller), .is_number = true}};
	struct party *party;
	int err = party_copy(&party, &made);

	if (err)
		return err;
	err = party_rules_out(party, testcall->leg.settings);
	if (!err && !made.emergency &&
		emergency_is_any(testcall->config, party->called.phone.number))
		err = err_set(
			text, ERR_TRUST, "its rules make an emergency number of it");
	if (!err)
		err = note_sent(testcall, party);
	if (!err)
		err = party_write(party, shown, ret);
	party_free(party);
	return err;
}

static int send_invite(
	struct testcall *testcall, struct flow *flow, struct err_text *text)
{
	struct party_invite written = {0};
	struct identity_shown identity;
	struct sdp *offer = NULL;
	int err = testcall->delayed
			  ? 0
			  : media_sdp_make_offer(testcall->session, testcall->config,
				    &testcall->nobody, &testcall->leg, &offer, text);

	if (!err) {
		leg_set_flow(&testcall->leg, flow);
		identity_shown(
			&testcall->leg, dial_host(&testcall->hunt->dial), &identity);
		err = write_invite(testcall, &identity.shown, &written, text);
	}
	if (!err) {
		buf_add_str(&written.headers, testcall->headers);
		err = written.headers.err;
	}
	if (!err) {
		const struct leg_invite invite = {.uri = buf_str(&written.uri),
			.from = buf_str(&written.from),
			.to = buf_str(&written.to),
			.max_forwards = 70,
			.headers = buf_span(&written.headers)};

		err = leg_invite(&testcall->leg, flow, &invite, offer);
	}
	party_invite_free(&written);
	sdp_free(offer);
	return err;
}

/* The INVITE could not be sent by FLOW. */
static void next_address(
	struct testcall *testcall, const struct flow *flow, const char *why)
{
	if (flow->closed)
		hunt_unheard(testcall->hunt, DIAL_LOST, why);
	history_end(&testcall->history, 0, why);
	hunt_next(testcall->hunt, FAILOVER_ADDRESS, 0, why);
}

static void flow_h(void *arg, struct flow *flow)
{
	struct testcall *testcall = arg;
	struct err_text text = {{0}};
	int err;

	history_begin(&testcall->history, testcall->gateway->common.id, flow,
		testcall_age_us(testcall));
	offer_free(&testcall->leg.offer);
	offer_init(&testcall->leg.offer);
	err = send_invite(testcall, flow, &text);
	if (!err)
		hunt_await(testcall->hunt, silent_h);
	else if (err == -EADDRNOTAVAIL)
		testcall_over(testcall, false, "no-ports", 503,
			"no free media port: widen [media] ports; `tandemctl status` has "
			"those in use");
	else if (err == ERR_TRUST)
		testcall_over(testcall, false, "rejected", 403,
			text.text[0] ? text.text : "a key was to leave in plain");
	else if (!testcall->cause)
		next_address(testcall, flow, text.text[0] ? text.text : err_str(err));
}

static void passed_over_h(void *arg, struct target *target, const char *why)
{
	struct testcall *testcall = arg;

	history_begin(
		&testcall->history, target->trunk->id, NULL, testcall_age_us(testcall));
	history_end(&testcall->history, 0, why);
}

static void failed_h(void *arg, struct target *target, const char *why)
{
	struct testcall *testcall = arg;

	if (!history_is_at(&testcall->history, target->trunk->id))
		passed_over_h(testcall, target, why);
}

static void exhausted_h(void *arg, int status, const char *why)
{
	struct testcall *testcall = arg;

	testcall_over(testcall, testcall->hunt->status != 0,
		testcall->hunt->status ? refusal_cause(testcall->hunt->status)
				       : "unreachable",
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

static int prepare(struct testcall *testcall, struct trunk *trunk)
{
	const struct relay_open open = {.call = testcall->number,
		.id = testcall->id,
		.timeout_ms = testcall->config->media.hold_timeout_ms,
		.tap = testcall->gateway->audit == CONFIG_AUDIT_FULL};
	int err = hunt_new_to(&testcall->hunt, testcall->bridge, testcall->config, trunk,
		testcall->kind->emergency);

	return err ? err : relay_open(testcall->bridge->relay, &testcall->session, &open);
}

/* What of it is the caller's is copied. 0 or -ENOMEM. */
static int take_params(struct testcall *testcall, const struct testcall_params *params)
{
	testcall->kind = params->kind;
	testcall->has_own = params->settings != NULL;
	if (params->settings)
		testcall->own = *params->settings;
	testcall->headers = params->headers;
	testcall->delayed = params->delayed;
	testcall->user = params->user;
	testcall->called = strdup(params->called);
	testcall->caller = strdup(params->caller);
	return testcall->called && testcall->caller ? 0 : -ENOMEM;
}

int testcall_start(struct bridge *bridge, const struct testcall_params *params,
	struct testcall **ret, struct err_text *text)
{
	struct clock *clock = timers_clock(bridge->timers);
	struct testcall *testcall;
	int err;

	if (bridge->testcall_count >= TESTCALLS_MAX)
		return err_set(
			text, ERR_LIMIT, "%d test calls are in progress", TESTCALLS_MAX);
	testcall = calloc(1, sizeof(*testcall));
	if (!testcall)
		return err_set(text, -ENOMEM, "out of memory");
	testcall->bridge = bridge;
	testcall->config = config_ref(params->config ? params->config : bridge->config);
	testcall->gateway = config_gateway_find(testcall->config, params->trunk->id);
	testcall->start_us = clock->mono_us(clock);
	testcall->start_wall_us = clock->wall_us(clock);
	testcall->number = registry_next(bridge, testcall->id);
	list_append(&bridge->testcalls, &testcall->node);
	bridge->testcall_count++;
	err = testcall->gateway ? take_params(testcall, params) : ERR_STATE;
	if (!err)
		err = prepare(testcall, params->trunk);
	if (err) {
		testcall_free(testcall);
		return err_set(text, err, "%s", err_str(err));
	}
	bridge->started++;
	if (bridge->handlers.begun_h)
		bridge->handlers.begun_h(bridge->handlers.arg, testcall->number,
			testcall->id, testcall->gateway->audit);
	log_info("call", "call=%s %s trunk=%s", testcall->id, testcall->kind->event,
		params->trunk->id);
	*ret = testcall;
	timer_start(bridge->timers, &testcall->timer, testcall->kind->ring_ms, too_long_h,
		testcall);
	hunt_begin(testcall->hunt, testcall->kind->ring_ms, &hunt_handlers, testcall);
	return 0;
}

void testcall_forget(struct testcall *testcall)
{
	testcall->user = (struct testcall_user){.over_h = NULL};
}

uint64_t testcall_packets(const struct testcall *testcall)
{
	struct relay_stats stats = {0};

	if (testcall->session && relay_stream_exists(testcall->session, 0))
		relay_stats(testcall->session, 0, leg_end(&testcall->leg), &stats);
	return stats.rx_packets;
}

void testcalls_end(struct bridge *bridge)
{
	LIST_FOREACH (&bridge->testcalls, node, next) {
		struct testcall *testcall = LIST_ENTRY(node, struct testcall, node);

		testcall_over(testcall, false, "shutdown", 503, NULL);
	}
}

void testcalls_free(struct bridge *bridge)
{
	testcalls_end(bridge);
	LIST_FOREACH (&bridge->testcalls, node, next)
		testcall_free(LIST_ENTRY(node, struct testcall, node));
}
