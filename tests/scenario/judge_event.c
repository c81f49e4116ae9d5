/*
 * Subscriptions of parties, as they see them: each NOTIFY that one gets is within a dialog that its SUBSCRIBE asked for, and
 * none comes behind the last; what Tandem accepted ends before it does.
 */
#include "judge_priv.h"

#include "sip/event.h"

#include <stdlib.h>

static struct judge_event *find(
	struct judge *judge, const struct party *party, struct span call_id)
{
	LIST_FOREACH (&judge->events, node, next) {
		struct judge_event *event = LIST_ENTRY(node, struct judge_event, node);

		if (event->party == party && span_equal_str(call_id, event->call_id))
			return event;
	}
	return NULL;
}

/* Of which MESSAGE, a request of PARTY's within it or a response to one of Tandem's, is part. */
static struct judge_event *event_of(
	struct judge *judge, const struct party *party, const struct message *message)
{
	return find(judge, party, message_call_id(message));
}

static void note_subscribe(struct judge *judge, const struct stage_passed *passed)
{
	const struct message *message = passed->message;
	struct judge_event *event = event_of(judge, passed->party, message);

	if (event) {
		/* what went over the one before may not have come */
		event->doubtful = event->doubtful || event->flow != passed->flow->id;
		event->flow = passed->flow->id;
		/* one that asks anew with the same Call-ID is another one, or is not heard; in plain nobody speaks within a
		 * dialog of TLS */
		event->doubled = event->doubled || !message_to(message)->tag.len ||
				 event->kind != passed->flow->kind;
		return;
	}
	/* within a call nothing is subscribed to */
	if (message_to(message)->tag.len)
		return;
	event = calloc(1, sizeof(*event));
	if (!event)
		abort();
	event->party = passed->party;
	event->flow = passed->flow->id;
	event->kind = passed->flow->kind;
	event->call_id = span_dup(message_call_id(message));
	event->theirs = span_dup(message_from(message)->tag);
	event->ours = span_dup(span_of(""));
	list_append(&judge->events, &event->node);
}

/* A NOTIFY of Tandem's within a dialog. */
static void check_notify(
	struct judge *judge, const struct stage_passed *passed, bool again)
{
	const struct message *message = passed->message;
	struct judge_event *event = event_of(judge, passed->party, message);
	struct event_state state;

	/* that of a transfer is within a call */
	if (again || span_starts(message_content_type(message), "message/sipfrag"))
		return;
	if (!event || !span_equal_str(message_to(message)->tag, event->theirs)) {
		judge_fault(judge, "event-stray", "NOTIFY to %s of nothing",
			passed->party->name);
		return;
	}
	if (event->doubled)
		return;
	if (event->ours[0] && !span_equal_str(message_from(message)->tag, event->ours))
		judge_fault(judge, "event-stray", "NOTIFY to %s in another dialog",
			passed->party->name);
	if (event->over)
		judge_fault(judge, "event-stray", "NOTIFY to %s behind the end",
			passed->party->name);
	if (event->cseq && message_cseq(message) <= event->cseq)
		judge_fault(judge, "cseq", "NOTIFY to %s has %u after %u",
			passed->party->name, message_cseq(message), event->cseq);
	free(event->ours);
	event->ours = span_dup(message_from(message)->tag);
	event->cseq = message_cseq(message);
	event->flow = passed->flow->id;
	if (event->open_count < JUDGE_NOTIFIES)
		event->open[event->open_count++] = event->cseq;
	event->sent_us = judge_now_us(judge);
	event->over = event_state_read(&state, message) && state.is_terminated;
}

void judge_event_sent(struct judge *judge, const struct stage_passed *passed, bool again)
{
	if (message_method(passed->message) == MESSAGE_NOTIFY &&
		message_to(passed->message)->tag.len)
		check_notify(judge, passed, again);
}

void judge_event_answered(
	struct judge *judge, const struct judge_asked *asked, int status)
{
	struct judge_event *event = find(judge, asked->party, span_of(asked->call_id));

	if (!event || asked->method != MESSAGE_SUBSCRIBE)
		return;
	if (status < 300)
		event->accepted = true;
	/* one that was refused may have been notified of: then its end is too */
	else if (asked->to_tag[0] ? event_is_over_by(status) : !event->ours[0])
		event->over = event->accepted = true;
}

/* Once, however often the response comes. */
static void note_answered(struct judge_event *event, uint32_t cseq)
{
	for (unsigned i = 0; i < event->open_count; i++)
		if (event->open[i] == cseq) {
			event->open[i] = event->open[--event->open_count];
			return;
		}
}

void judge_event_came(struct judge *judge, const struct stage_passed *passed)
{
	const struct message *message = passed->message;
	const enum message_method method = message_method(message);
	struct judge_event *event = event_of(judge, passed->party, message);

	if (message_is_request(message)) {
		if (method == MESSAGE_SUBSCRIBE)
			note_subscribe(judge, passed);
		else if (event && method == MESSAGE_INVITE)
			event->doubled = true; /* by a call with the same Call-ID */
		return;
	}
	if (!event || method != MESSAGE_NOTIFY || message_status(message) < 200)
		return;
	note_answered(event, message_cseq(message));
	/* it may be sent again with credentials */
	if (message_status(message) == 401 || message_status(message) == 407) {
		event->over = false;
		event->doubtful = true;
	}
	/* whether it was heard is not known */
	event->doubtful = event->doubtful || event_is_over_by(message_status(message)) ||
			  judge_now_us(judge) - event->sent_us > JUDGE_LONG_US / 2;
}

void judge_event_end(struct judge *judge)
{
	LIST_FOREACH (&judge->events, node, next) {
		const struct judge_event *event =
			LIST_ENTRY(node, struct judge_event, node);

		/* who left a NOTIFY without an answer is given up, and not told so */
		if (event->accepted && !event->doubled && !event->over &&
			!event->doubtful && !event->open_count &&
			judge_open(judge, event->party, event->flow))
			judge_fault(judge, "event-left", "%s is not told of its end",
				event->party->name);
	}
}

void judge_event_free(struct judge *judge)
{
	LIST_FOREACH (&judge->events, node, next) {
		struct judge_event *event = LIST_ENTRY(node, struct judge_event, node);

		free(event->call_id);
		free(event->theirs);
		free(event->ours);
		free(event);
	}
}
