#include "judge_priv.h"

#include "outside.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A request other than INVITE is answered within 64*T1, or the client gives up. */
#define OTHER_US (JUDGE_LONG_US + 1000000)
/* An INVITE within the limit of setup, and what an address may take beyond it. */
#define INVITE_EXTRA_US UINT64_C(40000000)

#define TIMER_I_US UINT64_C(5000000)

void judge_fault(struct judge *judge, const char *rule, const char *format, ...)
{
	char text[400];
	va_list args;

	if (judge->rule)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	judge->rule = rule;
	err_set(&judge->text, ERR_FORMAT, "%s: %s", rule, text);
	stage_note(judge->stage, "JUDGE %s: %s", rule, text);
}

uint64_t judge_now_us(const struct judge *judge)
{
	return judge->stage->clock.mono_us;
}

uint64_t judge_slack_us(const struct judge *judge)
{
	return judge->stage->outside ? judge->stage->outside->slack_us : 0;
}

bool judge_is_recent(const struct judge *judge, uint64_t since_us)
{
	return judge_now_us(judge) - since_us < JUDGE_LONG_US - judge_slack_us(judge);
}

bool judge_open(const struct judge *judge, const struct party *party, uint64_t flow)
{
	return stage_is_open(judge->stage, party, flow);
}

static uint64_t fingerprint(struct span text)
{
	uint64_t print = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < text.len; i++)
		print = (print ^ (unsigned char)text.p[i]) * UINT64_C(0x100000001b3);
	return print;
}

/* ---- requests of parties ---- */

static struct judge_asked *find_asked(
	struct judge *judge, const struct stage_passed *passed)
{
	const struct message *message = passed->message;
	struct span branch = message_via(message)->branch;

	LIST_FOREACH (&judge->asked, node, next) {
		struct judge_asked *asked = LIST_ENTRY(node, struct judge_asked, node);

		if (asked->party == passed->party && asked->kind == passed->flow->kind &&
			asked->method == message_method(message) &&
			span_equal_str(branch, asked->branch) &&
			span_equal_str(message_call_id(message), asked->call_id) &&
			span_equal_str(message_from(message)->tag, asked->from_tag))
			return asked;
	}
	return NULL;
}

static void free_asked(struct judge_asked *asked)
{
	list_remove(&asked->node);
	free(asked->branch);
	free(asked->call_id);
	free(asked->from_tag);
	free(asked->to_tag);
	free(asked->offer);
	free(asked);
}

/* How long its transaction goes on after the final response (timers I, J and L). */
static uint64_t rest_us(const struct judge_asked *asked)
{
	bool invite = asked->method == MESSAGE_INVITE;

	return invite && asked->status >= 300 ? TIMER_I_US : JUDGE_LONG_US;
}

/* Its transaction ends with the final response, or is another's. */
static bool ends_at_once(const struct judge_asked *asked, const struct flow *flow)
{
	bool repeats = asked->method == MESSAGE_INVITE && asked->status < 300;

	return asked->flow != flow->id || (flow_is_reliable(flow) && !repeats);
}

/* Its transaction is over: the same once more is a new one. */
static bool is_forgotten(const struct judge *judge, const struct judge_asked *asked,
	const struct flow *flow)
{
	if (!asked->status)
		return false;
	return ends_at_once(asked, flow) ||
	       judge_now_us(judge) - asked->final_us >= rest_us(asked);
}

/* Whether it is over cannot be told from here. */
static bool is_doubtful(const struct judge *judge, const struct judge_asked *asked,
	const struct flow *flow)
{
	uint64_t slack_us = judge_slack_us(judge);
	uint64_t age_us = judge_now_us(judge) - asked->final_us;

	return asked->status && !ends_at_once(asked, flow) &&
	       age_us + slack_us >= rest_us(asked) && age_us < rest_us(asked) + slack_us;
}

/* The same request by another transport is the same transaction (RFC 3261 17.2.3): which of the
 * two is answered is the server's affair. */
static void excuse_twins(struct judge *judge, struct judge_asked *asked)
{
	LIST_FOREACH (&judge->asked, node, next) {
		struct judge_asked *other = LIST_ENTRY(node, struct judge_asked, node);

		if (other->party == asked->party && other->kind != asked->kind &&
			!strcmp(other->branch, asked->branch) &&
			!strcmp(other->call_id, asked->call_id))
			asked->excused = other->excused = true;
	}
}

static void note_asked(struct judge *judge, const struct stage_passed *passed)
{
	const struct message *message = passed->message;
	struct judge_asked *asked;
	bool again = false;
	bool repeated;

	if (message_method(message) == MESSAGE_ACK)
		return;
	asked = find_asked(judge, passed);
	if (asked && is_doubtful(judge, asked, passed->flow)) {
		asked->excused = true;
		return;
	}
	if (asked && !is_forgotten(judge, asked, passed->flow))
		return;
	repeated = asked != NULL;
	if (asked) {
		/* whether it is still remembered then is the server's affair */
		again = asked->method == MESSAGE_INVITE ||
			asked->flow != passed->flow->id;
		free_asked(asked);
	}
	asked = calloc(1, sizeof(*asked));
	if (!asked)
		abort();
	asked->party = passed->party;
	asked->flow = passed->flow->id;
	asked->kind = passed->flow->kind;
	asked->method = message_method(message);
	asked->branch = span_dup(message_via(message)->branch);
	asked->call_id = span_dup(message_call_id(message));
	asked->from_tag = span_dup(message_from(message)->tag);
	asked->to_tag = span_dup(message_to(message)->tag);
	asked->cseq = message_cseq(message);
	/* an UPDATE that is repeated offers nothing anew */
	if (asked->method == MESSAGE_INVITE ||
		(asked->method == MESSAGE_UPDATE && !repeated))
		asked->offer = judge_media_text(message);
	asked->at_us = judge_now_us(judge);
	asked->emergency = asked->method == MESSAGE_INVITE &&
			   judge_trunk_is_emergency(judge, passed);
	/* without a branch others of this far end are taken for the same */
	asked->excused = again || !asked->branch[0];
	excuse_twins(judge, asked);
	list_append(&judge->asked, &asked->node);
}

/* A far end that changed its transport within a dialog, after a reload, has both: answers go by
 * either. */
static bool has_switched(const struct judge *judge, const struct stage_passed *passed)
{
	LIST_FOREACH (&judge->asked, node, next) {
		const struct judge_asked *asked =
			LIST_ENTRY(node, struct judge_asked, node);

		if (asked->party == passed->party && asked->kind != passed->flow->kind &&
			span_equal_str(
				message_via(passed->message)->branch, asked->branch))
			return true;
	}
	return false;
}

/* The connection of somebody is gone, and his name leads to this party now: there his answers go (RFC 3263 5). */
static bool is_led_astray(const struct judge *judge, const struct stage_passed *passed)
{
	if (!passed->party->led_to)
		return false;
	LIST_FOREACH (&judge->asked, node, next) {
		const struct judge_asked *asked =
			LIST_ENTRY(node, struct judge_asked, node);

		if (asked->party != passed->party && asked->flow != passed->flow->id &&
			asked->kind == passed->flow->kind &&
			span_equal_str(
				message_via(passed->message)->branch, asked->branch))
			return true;
	}
	return false;
}

static void check_response(struct judge *judge, const struct stage_passed *passed)
{
	const struct message *message = passed->message;
	struct judge_asked *asked = find_asked(judge, passed);
	uint64_t print = fingerprint(message_text(message));
	int status = message_status(message);

	if (!asked && (has_switched(judge, passed) || is_led_astray(judge, passed))) {
		return;
	} else if (!asked) {
		judge_fault(judge, "no-request", "%d to %s, and %s sent none like it",
			status, message_method_str(message_method(message)),
			passed->party->name);
	} else if (asked->status && !asked->excused &&
		   (status < 200 || print != asked->print)) {
		judge_fault(judge, "two-finals", "%d after %d to %s of %s", status,
			asked->status, message_method_str(asked->method),
			passed->party->name);
	} else if (status >= 200 && !asked->status) {
		asked->status = status;
		asked->final_us = judge_now_us(judge);
		asked->print = print;
		asked->moved = passed->flow->id != asked->flow;
		if (asked->method == MESSAGE_INVITE && status < 300)
			judge_dialog_answered(judge, asked, message, passed->call);
		if (asked->method == MESSAGE_INVITE && status >= 300)
			judge_trunk_refused(judge, asked, status, passed->call);
		if (asked->method == MESSAGE_INVITE && status >= 300)
			judge_headers_refused(judge, asked, status, passed->call);
		if (asked->method == MESSAGE_UPDATE && status < 300)
			judge_dialog_updated(judge, asked, message);
		judge_event_answered(judge, asked, status);
	}
}

static void check_asked(struct judge *judge, struct judge_asked *asked)
{
	uint64_t limit_us =
		asked->method == MESSAGE_INVITE
			? judge->stage->config->limits.setup_ms * 1000 + INVITE_EXTRA_US
			: OTHER_US;

	limit_us += judge_slack_us(judge);
	if (asked->status || asked->excused)
		return;
	if (!judge_open(judge, asked->party, asked->flow))
		asked->excused = true;
	else if (judge_now_us(judge) - asked->at_us > limit_us)
		judge_fault(judge, "unanswered", "%s of %s after %" PRIu64 " s",
			message_method_str(asked->method), asked->party->name,
			(judge_now_us(judge) - asked->at_us) / 1000000);
}

/* ---- what it watches ---- */

static bool seen_before(struct judge *judge, const struct message *message)
{
	uint64_t print = fingerprint(message_via(message)->branch) +
			 (uint64_t)message_method(message);

	for (unsigned i = 0; i < judge->sent_count; i++)
		if (judge->sent[i] == print)
			return true;
	judge->sent = realloc(judge->sent, (judge->sent_count + 1) * sizeof(uint64_t));
	if (!judge->sent)
		abort();
	judge->sent[judge->sent_count++] = print;
	return false;
}

static void sent_h(void *arg, const struct stage_passed *passed)
{
	struct judge *judge = arg;
	struct span text = message_text(passed->message);

	if (passed->flow->kind != TRANSPORT_TLS &&
		(memmem(text.p, text.len, "inline:", 7) ||
			memmem(text.p, text.len, "\na=crypto:", 10)))
		judge_fault(judge, "key-in-clear", "a key goes to %s by %s",
			passed->party->name, transport_kind_name(passed->flow->kind));
	judge_identity_sent(judge, passed);
	judge_headers_sent(judge, passed);
	if (message_is_request(passed->message)) {
		bool again = seen_before(judge, passed->message);

		judge_trunk_sent(judge, passed, again);
		judge_dialog_sent(judge, passed, again);
		judge_event_sent(judge, passed, again);
	} else {
		check_response(judge, passed);
	}
}

static void came_h(void *arg, const struct stage_passed *passed)
{
	struct judge *judge = arg;

	if (!message_can_answer(passed->message))
		return;
	if (message_is_request(passed->message))
		note_asked(judge, passed);
	else
		judge_trunk_came(judge, passed);
	judge_dialog_came(judge, passed);
	judge_event_came(judge, passed);
}

bool judge_has_record(const struct judge *judge, uint64_t call)
{
	for (unsigned i = 0; i < judge->record_count; i++)
		if (judge->records[i] == call)
			return true;
	return false;
}

static void ended_h(void *arg, const struct record *record)
{
	struct judge *judge = arg;

	if (judge_has_record(judge, record->call))
		judge_fault(judge, "records", "call %" PRIu64 " has two", record->call);
	judge_session_record(judge, record);
	if (judge->record_count < JUDGE_RECORDS)
		judge->records[judge->record_count++] = record->call;
}

/* ---- life ---- */

void judge_init(struct judge *judge, struct stage *stage, const struct known_set *known)
{
	*judge = (struct judge){.stage = stage, .known = known};
	list_init(&judge->asked);
	list_init(&judge->invited);
	list_init(&judge->dialogs);
	list_init(&judge->events);
	stage->watches[0] = (struct stage_watch){
		.sent_h = sent_h, .came_h = came_h, .ended_h = ended_h, .arg = judge};
}

void judge_free(struct judge *judge)
{
	LIST_FOREACH (&judge->asked, node, next)
		free_asked(LIST_ENTRY(node, struct judge_asked, node));
	judge_dialog_free(judge);
	judge_event_free(judge);
	free(judge->sent);
}

static void take_fault_of_stage(struct judge *judge)
{
	const char *text = judge->stage->fault.text;

	if (text[0])
		judge_fault(
			judge, strstr(text, "topology") ? "hiding" : "rules", "%s", text);
}

void judge_played(struct judge *judge, const struct step *step)
{
	judge_trunk_played(judge, step);
}

void judge_step(struct judge *judge)
{
	judge_trunk_step(judge);
	LIST_FOREACH (&judge->asked, node, next)
		check_asked(judge, LIST_ENTRY(node, struct judge_asked, node));
	judge_dialog_step(judge);
	judge_media_step(judge);
	judge_session_step(judge);
	take_fault_of_stage(judge);
}

void judge_end(struct judge *judge)
{
	judge_step(judge);
	LIST_FOREACH (&judge->asked, node, next) {
		const struct judge_asked *asked =
			LIST_ENTRY(node, struct judge_asked, node);

		if (!asked->status && !asked->excused &&
			judge_open(judge, asked->party, asked->flow))
			judge_fault(judge, "unanswered", "%s of %s, to the end",
				message_method_str(asked->method), asked->party->name);
	}
	judge_dialog_end(judge);
	judge_event_end(judge);
}
