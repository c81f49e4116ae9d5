/* INVITEs of Tandem's with their answers, and the dialogs that 2xx confirm. */
#include "judge_priv.h"

#include "sip/reliable.h"

#include <stdlib.h>
#include <string.h>

/* ---- INVITEs of Tandem's ---- */

static struct judge_invited *find_invited(
	struct judge *judge, const struct party *party, struct span branch)
{
	LIST_FOREACH (&judge->invited, node, next) {
		struct judge_invited *invited =
			LIST_ENTRY(node, struct judge_invited, node);

		if (invited->party == party && span_equal_str(branch, invited->branch))
			return invited;
	}
	return NULL;
}

/* An INVITE that is sent again with credentials, where a branch answered the one before it early: which of the two
 * answers counts is not followed. */
static bool was_answered_early(struct judge *judge, const struct message *invite)
{
	LIST_FOREACH (&judge->invited, node, next) {
		const struct judge_invited *invited =
			LIST_ENTRY(node, struct judge_invited, node);

		if (invited->early && !invited->to_tag[0] &&
			span_equal_str(message_call_id(invite), invited->call_id) &&
			span_equal_str(message_from(invite)->tag, invited->from_tag))
			return true;
	}
	return false;
}

static void note_invited(struct judge *judge, const struct stage_passed *passed)
{
	const struct message *message = passed->message;
	struct judge_invited *invited = calloc(1, sizeof(*invited));

	if (!invited)
		abort();
	invited->party = passed->party;
	invited->flow = passed->flow->id;
	invited->kind = passed->flow->kind;
	invited->branch = span_dup(message_via(message)->branch);
	invited->call_id = span_dup(message_call_id(message));
	invited->from_tag = span_dup(message_from(message)->tag);
	invited->to_tag = span_dup(message_to(message)->tag);
	invited->cseq = message_cseq(message);
	invited->at_us = judge_now_us(judge);
	invited->offer = judge_media_text(message);
	invited->call = passed->call;
	invited->timed = message_lists(message, "Supported", "timer");
	invited->mixed = was_answered_early(judge, message);
	list_append(&judge->invited, &invited->node);
}

static struct judge_answer *find_answer(struct judge_invited *invited, struct span tag)
{
	for (unsigned i = 0; i < invited->answer_count; i++)
		if (span_equal_str(tag, invited->answers[i].tag))
			return &invited->answers[i];
	return NULL;
}

static bool is_answered(const struct judge_invited *invited)
{
	return invited->refused || invited->answered;
}

/* ---- dialogs ---- */

static struct judge_dialog *find_dialog(
	struct judge *judge, struct span call_id, struct span ours, struct span theirs)
{
	LIST_FOREACH (&judge->dialogs, node, next) {
		struct judge_dialog *dialog = LIST_ENTRY(node, struct judge_dialog, node);

		if (span_equal_str(call_id, dialog->call_id) &&
			span_equal_str(ours, dialog->ours) &&
			span_equal_str(theirs, dialog->theirs))
			return dialog;
	}
	return NULL;
}

static struct judge_dialog *make_dialog(struct judge *judge, const struct party *party,
	uint64_t flow, struct span call_id, struct span ours, struct span theirs)
{
	struct judge_dialog *dialog = calloc(1, sizeof(*dialog));

	if (!dialog)
		abort();
	dialog->party = party;
	dialog->flow = flow;
	dialog->call_id = span_dup(call_id);
	dialog->ours = span_dup(ours);
	dialog->theirs = span_dup(theirs);
	list_append(&judge->dialogs, &dialog->node);
	return dialog;
}

/* The dialog of a request that Tandem sends, or of a party's. */
static struct judge_dialog *dialog_of(
	struct judge *judge, const struct message *request, bool by_tandem)
{
	struct span from = message_from(request)->tag;
	struct span to = message_to(request)->tag;

	return find_dialog(judge, message_call_id(request), by_tandem ? from : to,
		by_tandem ? to : from);
}

void judge_dialog_answered(struct judge *judge, const struct judge_asked *asked,
	const struct message *answer, uint64_t call)
{
	struct span ours = message_to(answer)->tag;
	struct span theirs = span_of(asked->from_tag);
	struct judge_dialog *dialog =
		find_dialog(judge, span_of(asked->call_id), ours, theirs);
	/* a 2xx that is repeated to an INVITE that is repeated */
	bool again = dialog && dialog->unacked && dialog->ok_cseq == asked->cseq;
	char *body;

	/* an INVITE that came again over another connection: maybe only its 2xx did too */
	if (dialog && asked->excused) {
		dialog->session.unsure = true;
		judge_media_forget(&dialog->agreed);
		return;
	}
	/* within a dialog that a strange answer made, of which nothing is known */
	if (!dialog && asked->to_tag[0])
		return;
	if (!dialog) {
		dialog = make_dialog(judge, asked->party, asked->flow,
			span_of(asked->call_id), ours, theirs);
		dialog->called = true;
		dialog->kind = asked->kind;
		dialog->call = call;
	}
	body = judge_media_text(answer);
	if (asked->mixed)
		judge_media_forget(&dialog->agreed);
	else if (asked->offer)
		judge_media_agree(&dialog->agreed, body, asked->offer);
	else
		judge_media_half(&dialog->agreed, body, true);
	free(body);
	/* from outside it may be the 2xx of an earlier one, and when that began is not known */
	dialog->unacked = !asked->excused || !judge->stage->outside;
	judge_session_answered(judge, dialog, answer);
	if (!again)
		dialog->ok_us = asked->moved ? 0 : judge_now_us(judge);
	dialog->ok_cseq = asked->cseq;
}

void judge_dialog_updated(struct judge *judge, const struct judge_asked *asked,
	const struct message *answer)
{
	struct judge_dialog *dialog = find_dialog(judge, span_of(asked->call_id),
		message_to(answer)->tag, span_of(asked->from_tag));
	char *body = judge_media_text(answer);

	if (dialog && asked->offer)
		judge_media_agree(&dialog->agreed, body, asked->offer);
	free(body);
	if (dialog && asked->excused)
		dialog->session.unsure = true;
	else if (dialog)
		judge_session_answered(judge, dialog, answer);
}

/* An UPDATE or PRACK with SDP within an early dialog: what is agreed there is not followed. */
static void note_mixed(struct judge *judge, const struct message *message)
{
	char *text = judge_media_text(message);
	struct span call_id = message_call_id(message);

	if (!text)
		return;
	free(text);
	LIST_FOREACH (&judge->invited, node, next) {
		struct judge_invited *invited =
			LIST_ENTRY(node, struct judge_invited, node);

		if (span_equal_str(call_id, invited->call_id))
			invited->mixed = true;
	}
	LIST_FOREACH (&judge->asked, node, next) {
		struct judge_asked *asked = LIST_ENTRY(node, struct judge_asked, node);

		if (asked->method == MESSAGE_INVITE &&
			span_equal_str(call_id, asked->call_id))
			asked->mixed = true;
	}
}

/* ---- what Tandem sends ---- */

/* RFC 3261 14.1: no INVITE while another is open, either way, or awaits its ACK. */
static void check_glare(
	struct judge *judge, const struct judge_dialog *dialog, struct span to)
{
	if (dialog->unacked && judge_is_recent(judge, dialog->ok_us) &&
		!dialog->party->unseen)
		judge_fault(judge, "glare", "INVITE to %s, whose ACK is awaited",
			dialog->party->name);
	LIST_FOREACH (&judge->invited, node, next) {
		const struct judge_invited *invited =
			LIST_ENTRY(node, struct judge_invited, node);

		if (!strcmp(invited->call_id, dialog->call_id) &&
			!strcmp(invited->from_tag, dialog->ours) &&
			judge_open(judge, invited->party, invited->flow) &&
			span_equal_str(to, invited->to_tag) && !is_answered(invited) &&
			judge_is_recent(judge, invited->at_us))
			judge_fault(judge, "glare", "two INVITEs to %s at once",
				dialog->party->name);
	}
	LIST_FOREACH (&judge->asked, node, next) {
		const struct judge_asked *asked =
			LIST_ENTRY(node, struct judge_asked, node);

		if (asked->method == MESSAGE_INVITE && !asked->status &&
			!asked->excused && judge_open(judge, asked->party, asked->flow) &&
			!strcmp(asked->call_id, dialog->call_id) &&
			!strcmp(asked->to_tag, dialog->ours))
			judge_fault(judge, "glare", "INVITE to %s, whose own is open",
				dialog->party->name);
	}
}

static void check_ack(struct judge *judge, const struct stage_passed *passed)
{
	const struct message *ack = passed->message;
	struct judge_invited *invited =
		find_invited(judge, passed->party, message_via(ack)->branch);
	struct judge_dialog *dialog;

	if (invited && invited->refused)
		return;
	LIST_FOREACH (&judge->invited, node, next) {
		struct judge_answer *answer;

		invited = LIST_ENTRY(node, struct judge_invited, node);
		if (invited->cseq != message_cseq(ack) ||
			!span_equal_str(message_call_id(ack), invited->call_id) ||
			!span_equal_str(message_from(ack)->tag, invited->from_tag))
			continue;
		answer = find_answer(invited, message_to(ack)->tag);
		if (!answer)
			continue;
		answer->acks++;
		answer->owed = false;
		dialog = dialog_of(judge, ack, true);
		if (dialog && !dialog->agreed.half_is_ours)
			judge_media_whole(&dialog->agreed, ack);
		return;
	}
	judge_fault(judge, "ack-stray", "an ACK to %s for nothing", passed->party->name);
}

static void check_cancel(struct judge *judge, const struct stage_passed *passed)
{
	struct judge_invited *invited =
		find_invited(judge, passed->party, message_via(passed->message)->branch);

	if ((invited && invited->strange) || (!invited && passed->party->unseen))
		return;
	if (!invited || !invited->rang || is_answered(invited))
		judge_fault(judge, "cancel", "to %s: %s", passed->party->name,
			!invited         ? "of nothing"
			: !invited->rang ? "before any 1xx"
					 : "after the final response");
	if (invited && !invited->cancelled_us)
		invited->cancelled_us = judge_now_us(judge);
}

static void check_within(struct judge *judge, const struct stage_passed *passed)
{
	const struct message *request = passed->message;
	enum message_method method = message_method(request);
	struct judge_dialog *dialog = dialog_of(judge, request, true);

	if (!dialog && (method == MESSAGE_UPDATE || method == MESSAGE_PRACK))
		note_mixed(judge, request);
	if (!dialog)
		return;
	dialog->flow = passed->flow->id; /* the connection may be another by now */
	dialog->kind = passed->flow->kind;
	if (dialog->cseq && message_cseq(request) <= dialog->cseq)
		judge_fault(judge, "cseq", "%s to %s has %u after %u",
			message_method_str(method), passed->party->name,
			message_cseq(request), dialog->cseq);
	dialog->cseq = message_cseq(request);
	dialog->call = passed->call;
	if (method == MESSAGE_UPDATE)
		judge_media_update(&dialog->agreed, request);
	judge_session_sent(judge, dialog, request);
	if (method == MESSAGE_INVITE)
		check_glare(judge, dialog, message_to(request)->tag);
	if (method != MESSAGE_BYE)
		return;
	if (dialog->called && dialog->unacked && dialog->ok_cseq &&
		judge_is_recent(judge, dialog->ok_us) && !dialog->acked &&
		!dialog->party->unseen)
		judge_fault(judge, "bye-early", "BYE to %s, whose ACK is awaited",
			passed->party->name);
	dialog->ended = true;
}

void judge_dialog_sent(struct judge *judge, const struct stage_passed *passed, bool again)
{
	enum message_method method = message_method(passed->message);

	if (method == MESSAGE_ACK)
		check_ack(judge, passed);
	else if (again)
		return;
	else if (method == MESSAGE_CANCEL)
		check_cancel(judge, passed);
	else if (message_to(passed->message)->tag.len)
		check_within(judge, passed);
	if (method == MESSAGE_INVITE)
		note_invited(judge, passed);
}

/* ---- what parties send ---- */

/* Timer B has ended it. */
static bool is_timed_out(const struct judge *judge, const struct judge_invited *invited)
{
	return !invited->rang && !invited->answer_count &&
	       !judge_is_recent(judge, invited->at_us);
}

/* A 2xx counts while the INVITE it answers can still be known. */
static bool counts(const struct judge *judge, const struct judge_invited *invited)
{
	uint64_t now_us = judge_now_us(judge);

	if (invited->refused || invited->strange ||
		!judge_open(judge, invited->party, invited->flow))
		return false;
	if (invited->cancelled_us && !judge_is_recent(judge, invited->cancelled_us))
		return false;
	if (!invited->answer_count)
		return now_us - invited->at_us + judge_slack_us(judge) <
		       judge->stage->config->limits.setup_ms * 1000;
	/* where the first one came too late to count, its repetitions do */
	return invited->answered && judge_is_recent(judge, invited->answers[0].first_us);
}

/* The 2xx may leave its SDP to an 18x of the same dialog before it (RFC 3261 13.2.1). */
static void note_agreement(struct judge_dialog *dialog,
	const struct judge_invited *invited, const struct message *answer)
{
	struct span tag = message_to(answer)->tag;
	char *body = judge_media_text(answer);
	bool early = !body && invited->early && span_equal_str(tag, invited->early_tag);

	if (invited->mixed || (invited->reliable && body))
		judge_media_forget(&dialog->agreed);
	else if (!invited->offer)
		judge_media_half(&dialog->agreed, body, false);
	else
		judge_media_agree(
			&dialog->agreed, invited->offer, early ? invited->early : body);
	free(body);
}

/* RFC 3262 4: a reliable 18x that does not follow the one before it is as if it had not come. */
static bool is_in_order(struct judge_invited *invited, const struct message *message)
{
	struct span tag = message_to(message)->tag;
	unsigned i = 0;
	uint32_t rseq;

	if (!reliable_is_asked(message, &rseq))
		return true;
	while (i < invited->reliable_count &&
		!span_equal_str(tag, invited->reliable_tags[i]))
		i++;
	if (i < invited->reliable_count && rseq != invited->rseqs[i] + 1)
		return false;
	if (i == JUDGE_ANSWERS)
		return true;
	if (i == invited->reliable_count)
		invited->reliable_tags[invited->reliable_count++] = span_dup(tag);
	invited->rseqs[i] = rseq;
	return true;
}

static void note_early(struct judge_invited *invited, const struct message *message)
{
	bool in_order = is_in_order(invited, message);
	char *body = judge_media_text(message);

	if (!body || !in_order) {
		free(body);
		return;
	}
	invited->mixed = invited->mixed || invited->reliable;
	invited->reliable = message_lists(message, "Require", "100rel");
	free(invited->early);
	free(invited->early_tag);
	invited->early = body;
	invited->early_tag = span_dup(message_to(message)->tag);
}

static void note_answer(struct judge *judge, const struct stage_passed *passed,
	struct judge_invited *invited)
{
	struct span tag = message_to(passed->message)->tag;
	struct judge_answer *answer = find_answer(invited, tag);
	struct span call_id = span_of(invited->call_id);
	struct span ours = span_of(invited->from_tag);
	struct judge_dialog *dialog = find_dialog(judge, call_id, ours, tag);
	bool counted = counts(judge, invited);
	bool first = !answer;

	if (!answer) {
		if (invited->answer_count == JUDGE_ANSWERS)
			return;
		answer = &invited->answers[invited->answer_count++];
		answer->tag = span_dup(tag);
		answer->first_us = judge_now_us(judge);
	}
	answer->owed = answer->owed || counted;
	invited->answered = invited->answered || counted;
	if (!counted)
		return;
	if (!dialog && !invited->to_tag[0]) {
		dialog = make_dialog(
			judge, passed->party, invited->flow, call_id, ours, tag);
		dialog->cseq = invited->cseq;
		dialog->kind = invited->kind;
		dialog->call = invited->call;
	}
	if (dialog && first)
		note_agreement(dialog, invited, passed->message);
	/* that of another branch is declined */
	if (dialog && first && invited->answer_count == 1)
		judge_session_accepted(judge, dialog, invited->timed, passed->message);
	if (dialog)
		dialog->session.invite_us = 0;
}

static void note_refusal(struct judge *judge, const struct message *response)
{
	struct judge_dialog *dialog = dialog_of(judge, response, true);
	enum message_method method = message_method(response);

	if (!dialog || (method != MESSAGE_INVITE && method != MESSAGE_UPDATE))
		return;
	dialog->refused_us = judge_now_us(judge);
	if (method == MESSAGE_INVITE && message_status(response) == 491)
		dialog->agreed.glared = true;
}

static void came_response(struct judge *judge, const struct stage_passed *passed)
{
	const struct message *message = passed->message;
	int status = message_status(message);
	struct judge_dialog *dialog;
	struct judge_invited *invited;

	if (status == 481 || status == 408) {
		dialog = dialog_of(judge, message, true);
		if (dialog)
			dialog->ended = true;
	}
	if (status >= 300)
		note_refusal(judge, message);
	if (message_method(message) == MESSAGE_UPDATE) {
		dialog = dialog_of(judge, message, true);
		if (dialog)
			judge_media_updated(&dialog->agreed, message);
		if (dialog)
			judge_session_heard(judge, dialog, message,
				dialog->kind == passed->flow->kind);
	}
	if (message_method(message) != MESSAGE_INVITE)
		return;
	invited = find_invited(judge, passed->party, message_via(message)->branch);
	if (!invited)
		return;
	if (invited->kind != passed->flow->kind || is_timed_out(judge, invited))
		invited->strange = true;
	if (status < 200) {
		invited->rang = true;
		note_early(invited, message);
	} else if (status < 300) {
		note_answer(judge, passed, invited);
	} else if (!invited->answer_count || invited->strange) {
		/* A strange answer before it may have found nobody. */
		invited->refused = true;
		invited->everywhere = status >= 600;
		dialog = dialog_of(judge, message, true);
		if (dialog)
			dialog->session.invite_us = 0;
	}
}

static void came_request(struct judge *judge, const struct stage_passed *passed)
{
	const struct message *message = passed->message;
	struct judge_dialog *dialog = dialog_of(judge, message, false);

	if (!dialog && (message_method(message) == MESSAGE_UPDATE ||
			       message_method(message) == MESSAGE_PRACK))
		note_mixed(judge, message);
	if (!dialog || dialog->party != passed->party)
		return;
	/* who speaks plainly in a dialog over TLS is not believed to be its far end */
	if (dialog->kind == TRANSPORT_TLS && passed->flow->kind != TRANSPORT_TLS)
		return;
	if (message_method(message) == MESSAGE_ACK &&
		message_cseq(message) == dialog->ok_cseq) {
		dialog->unacked = false;
		dialog->acked = true;
		if (dialog->agreed.half && dialog->agreed.half_is_ours)
			judge_media_whole(&dialog->agreed, message);
	}
	if (message_method(message) == MESSAGE_BYE)
		dialog->ended = true;
}

void judge_dialog_came(struct judge *judge, const struct stage_passed *passed)
{
	if (message_is_request(passed->message))
		came_request(judge, passed);
	else
		came_response(judge, passed);
}

/* ---- judgement ---- */

/* END: nothing may be owed any more. Else a repetition may not be. */
static void check_owed(struct judge *judge, struct judge_invited *invited, bool end)
{
	for (unsigned i = 0; i < invited->answer_count; i++) {
		struct judge_answer *answer = &invited->answers[i];

		if (!answer->owed || (!end && !answer->acks))
			continue;
		if (!judge_open(judge, invited->party, invited->flow))
			answer->owed = false;
		else
			judge_fault(judge, "ack-missing",
				"2xx of %s with tag %s has %u ACK", invited->party->name,
				answer->tag, answer->acks);
	}
}

void judge_dialog_step(struct judge *judge)
{
	LIST_FOREACH (&judge->invited, node, next)
		check_owed(judge, LIST_ENTRY(node, struct judge_invited, node), false);
}

void judge_dialog_end(struct judge *judge)
{
	LIST_FOREACH (&judge->invited, node, next)
		check_owed(judge, LIST_ENTRY(node, struct judge_invited, node), true);
	LIST_FOREACH (&judge->dialogs, node, next) {
		const struct judge_dialog *dialog =
			LIST_ENTRY(node, struct judge_dialog, node);

		if (!dialog->ended && judge_open(judge, dialog->party, dialog->flow))
			judge_fault(judge, "not-ended", "dialog of %s with tag %s",
				dialog->party->name, dialog->theirs);
	}
}

bool judge_dialog_is_quiet(struct judge *judge, const struct judge_dialog *dialog)
{
	if (dialog->unacked || dialog->agreed.half || dialog->agreed.update)
		return false;
	LIST_FOREACH (&judge->invited, node, next) {
		const struct judge_invited *invited =
			LIST_ENTRY(node, struct judge_invited, node);

		if (!strcmp(invited->call_id, dialog->call_id) && !is_answered(invited))
			return false;
	}
	LIST_FOREACH (&judge->asked, node, next) {
		const struct judge_asked *asked =
			LIST_ENTRY(node, struct judge_asked, node);

		if ((asked->method == MESSAGE_INVITE || asked->offer) && !asked->status &&
			!strcmp(asked->call_id, dialog->call_id))
			return false;
	}
	return true;
}

bool judge_dialog_may_pause(struct judge *judge, const struct judge_dialog *dialog)
{
	uint64_t since_us = dialog->refused_us;

	if (!dialog->agreed.glared)
		return false;
	/* an offer of the party that Tandem refused in the pause begins it anew */
	LIST_FOREACH (&judge->asked, node, next) {
		const struct judge_asked *asked =
			LIST_ENTRY(node, struct judge_asked, node);

		if (asked->offer && asked->final_us > since_us &&
			!strcmp(asked->call_id, dialog->call_id))
			since_us = asked->final_us;
	}
	return judge_now_us(judge) - since_us <= JUDGE_PAUSE_US;
}

void judge_dialog_free(struct judge *judge)
{
	LIST_FOREACH (&judge->invited, node, next) {
		struct judge_invited *invited =
			LIST_ENTRY(node, struct judge_invited, node);

		for (unsigned i = 0; i < invited->answer_count; i++)
			free(invited->answers[i].tag);
		free(invited->branch);
		free(invited->call_id);
		free(invited->from_tag);
		free(invited->to_tag);
		free(invited->offer);
		free(invited->early);
		free(invited->early_tag);
		for (unsigned i = 0; i < invited->reliable_count; i++)
			free(invited->reliable_tags[i]);
		free(invited);
	}
	LIST_FOREACH (&judge->dialogs, node, next) {
		struct judge_dialog *dialog = LIST_ENTRY(node, struct judge_dialog, node);

		free(dialog->call_id);
		free(dialog->ours);
		free(dialog->theirs);
		judge_media_free(&dialog->agreed);
		free(dialog->session.update);
		free(dialog);
	}
}
