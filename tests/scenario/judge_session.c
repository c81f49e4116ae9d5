/* Session timers of dialogs (RFC 4028), as the messages that pass agree on them. */
#include "judge_priv.h"

#include "bridge/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US UINT64_C(1000000)
/* What may pass between a moment and what is seen of it. */
#define NEAR_US (2 * SECOND_US)

/* What MESSAGE says; 0: nothing. *RET_UAS: whoever answers refreshes. */
static uint32_t read_expires(const struct message *message, bool *ret_uas)
{
	struct span line, again, number;
	uint64_t seconds = 0;

	*ret_uas = false;
	if (!message_line(message, "Session-Expires", 0, &line) ||
		message_line(message, "Session-Expires", 1, &again))
		return 0;
	*ret_uas = memmem(line.p, line.len, "refresher=uas", 13) != NULL;
	span_next(&line, ';', &number);
	if (span_uint(span_trim(number), UINT32_MAX, &seconds))
		return 0;
	/* nobody may set less; where somebody does, 90 s count */
	return seconds < 90 ? 90 : (uint32_t)seconds;
}

static bool has_expires(const struct message *message)
{
	struct span line;

	return message_line(message, "Session-Expires", 0, &line);
}

void judge_session_answered(
	struct judge *judge, struct judge_dialog *dialog, const struct message *answer)
{
	bool by_tandem;

	dialog->session.interval_s = read_expires(answer, &by_tandem);
	dialog->session.ours = by_tandem;
	dialog->session.agreed_us = judge_now_us(judge);
}

void judge_session_accepted(struct judge *judge, struct judge_dialog *dialog, bool timed,
	const struct message *answer)
{
	struct judge_session *session = &dialog->session;
	bool by_party;

	/* Tandem said that it has none */
	if (!timed)
		return;
	session->interval_s = has_expires(answer) ? read_expires(answer, &by_party) : 0;
	session->ours = session->interval_s && !by_party;
	session->agreed_us = judge_now_us(judge);
}

void judge_session_sent(
	struct judge *judge, struct judge_dialog *dialog, const struct message *request)
{
	struct judge_session *session = &dialog->session;

	if (message_method(request) == MESSAGE_INVITE)
		session->invite_us = judge_now_us(judge);
	if (message_method(request) != MESSAGE_UPDATE)
		return;
	/* one is followed at a time; the other may stay without an answer */
	if (session->update)
		session->unsure = true;
	session->update_us = judge_now_us(judge);
	free(session->update);
	session->update = span_dup(message_via(request)->branch);
	session->timed = message_lists(request, "Supported", "timer");
}

void judge_session_heard(struct judge *judge, struct judge_dialog *dialog,
	const struct message *response, bool same_kind)
{
	struct judge_session *session = &dialog->session;
	const bool ours = session->update &&
			  span_equal_str(message_via(response)->branch, session->update);

	if (!ours || message_status(response) < 200)
		return;
	/* whether it still found its transaction is not followed; in another process it finds none */
	if (!same_kind || session->update_us <= judge->reborn_us ||
		!judge_is_recent(judge, session->update_us))
		session->unsure = true;
	else if (message_status(response) < 300)
		judge_session_accepted(judge, dialog, session->timed, response);
	free(session->update);
	session->update = NULL;
	session->update_us = 0;
}

static uint64_t end_us(const struct judge_session *session)
{
	const uint64_t interval_us = session->interval_s * SECOND_US;
	const uint64_t third_us = interval_us / 3;
	const uint64_t early_us = third_us < 32 * SECOND_US ? third_us : 32 * SECOND_US;

	return session->agreed_us + interval_us - (session->ours ? 0 : early_us);
}

/* Its connection may have died, so that not all that was sent is seen. */
static bool is_lost(const struct judge *judge, const struct party *party)
{
	for (unsigned i = 0; i < judge->path_count; i++)
		if (!strcmp(judge->paths[i].party, party->name) && judge->paths[i].lost)
			return true;
	return party->unseen;
}

/* A call whose session nobody refreshed is over in time. */
void judge_session_step(struct judge *judge)
{
	if (judge->stage->outside)
		return;
	LIST_FOREACH (&judge->dialogs, node, next) {
		const struct judge_dialog *dialog =
			LIST_ENTRY(node, struct judge_dialog, node);
		const struct judge_session *session = &dialog->session;

		if (!session->interval_s || session->unsure || dialog->ended ||
			is_lost(judge, dialog->party) || !dialog->call ||
			judge_has_record(judge, dialog->call))
			continue;
		if (judge_now_us(judge) > end_us(session) + NEAR_US)
			judge_fault(judge, "session",
				"that of %s was to end %" PRIu64 " ms ago",
				dialog->party->name,
				(judge_now_us(judge) - end_us(session)) / 1000);
	}
}

static bool is_silent(const struct judge *judge, uint64_t since_us)
{
	return since_us && judge_now_us(judge) + NEAR_US - since_us >= JUDGE_LONG_US;
}

/* Why a session may have ended: its time was over, its dialog is gone, or a request was not answered. */
static bool may_end(const struct judge *judge, const struct judge_dialog *dialog)
{
	const struct judge_session *session = &dialog->session;

	return session->unsure || dialog->ended || is_lost(judge, dialog->party) ||
	       is_silent(judge, session->invite_us) ||
	       is_silent(judge, session->update_us) ||
	       (session->interval_s && judge_now_us(judge) + NEAR_US >= end_us(session));
}

/* A call whose sessions were refreshed does not end by one. */
void judge_session_record(struct judge *judge, const struct record *record)
{
	unsigned count = 0;

	if (judge->stage->outside || strcmp(record->cause, "session-expired") != 0)
		return;
	LIST_FOREACH (&judge->dialogs, node, next) {
		const struct judge_dialog *dialog =
			LIST_ENTRY(node, struct judge_dialog, node);

		if (dialog->call != record->call)
			continue;
		count++;
		if (may_end(judge, dialog))
			return;
	}
	/* one that was answered from elsewhere is not followed */
	if (count < 2)
		return;
	judge_fault(judge, "session", "call %" PRIu64 " ended by one that was refreshed",
		record->call);
}
