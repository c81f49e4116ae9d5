#include "audit/cdr.h"

#include "audit/members.h"
#include "base/clock.h"
#include "bridge/tolerated.h"

#include <string.h>

/* HUNDREDTHS as a number with two decimals; 0: null. */
static void member_score(struct buf *out, struct span name, unsigned hundredths)
{
	members_name(out, name);
	if (hundredths == 0) {
		buf_add_str(out, "null");
		return;
	}
	buf_add_uint(out, hundredths / 100);
	buf_add_char(out, '.');
	buf_add_char(out, (char)('0' + hundredths / 10 % 10));
	buf_add_char(out, (char)('0' + hundredths % 10));
}

/* Members that are there only where there is something to say: 0, NULL and "" are nothing. */
static void add_said_uint(struct buf *out, struct span name, uint32_t value)
{
	if (value)
		members_uint(out, name, value);
}

static void add_said_text(struct buf *out, struct span name, const char *value)
{
	if (value && value[0])
		members_string(out, name, value);
}

static void add_stats(struct buf *out, const struct relay_stats *stats)
{
	members_uint(out, MEMBER("rx_packets"), stats->rx_packets);
	members_uint(out, MEMBER("rx_bytes"), stats->rx_bytes);
	members_uint(out, MEMBER("tx_packets"), stats->tx_packets);
	members_uint(out, MEMBER("tx_bytes"), stats->tx_bytes);
	members_uint(out, MEMBER("rx_rtcp_packets"), stats->rx_rtcp);
	members_uint(out, MEMBER("tx_rtcp_packets"), stats->tx_rtcp);
	members_uint(out, MEMBER("rx_lost_packets"), stats->rx_lost);
	members_uint(out, MEMBER("rx_late_packets"), stats->rx_late);
	members_uint(out, MEMBER("rx_duplicate_packets"), stats->rx_duplicates);
	members_uint(out, MEMBER("jitter_us"), stats->jitter_us);
	members_uint(out, MEMBER("round_trip_us"), stats->round_trip_us);
	members_uint(out, MEMBER("far_lost_packets"), stats->far_lost);
	members_uint(out, MEMBER("far_jitter_us"), stats->far_jitter_us);
	members_uint(out, MEMBER("dropped_source_packets"), stats->dropped_source);
	members_uint(out, MEMBER("dropped_auth_packets"), stats->dropped_auth);
	members_uint(out, MEMBER("dropped_replay_packets"), stats->dropped_replay);
	members_uint(out, MEMBER("dropped_malformed_packets"), stats->dropped_malformed);
	members_uint(out, MEMBER("dropped_direction_packets"), stats->dropped_direction);
	members_uint(out, MEMBER("send_errors"), stats->send_errors);
	members_uint(out, MEMBER("ssrc"), stats->ssrc);
	members_uint(out, MEMBER("ssrc_changes"), stats->ssrc_changes);
	members_uint(out, MEMBER("roll_overs"), stats->roll_overs);
	members_uint(out, MEMBER("roc_changes"), stats->roc_changes);
}

static void add_tolerated(struct buf *out, unsigned bits)
{
	bool first = true;

	members_name(out, MEMBER("tolerated"));
	buf_add_char(out, '[');
	for (unsigned i = 0; i < TOLERATED_COUNT; i++) {
		if (!(bits >> i & 1))
			continue;
		if (!first)
			buf_add_char(out, ',');
		members_value(out, tolerated_name(i));
		first = false;
	}
	buf_add_char(out, ']');
}

static void add_released(struct buf *out, const struct record_reason *said)
{
	add_said_uint(out, MEMBER("release_q850"), said->q850);
	add_said_uint(out, MEMBER("release_sip"), said->sip);
	add_said_text(out, MEMBER("release_text"), said->text);
}

static void add_microsoft(struct buf *out, const struct record_words *ids)
{
	if (ids->count == 0)
		return;
	buf_add_str(out, ",\"microsoft\":{");
	for (unsigned i = 0; i < ids->count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		members_value(out, ids->list[i].name);
		buf_add_char(out, ':');
		members_value(out, ids->list[i].value);
	}
	buf_add_char(out, '}');
}

/* Values under names of ours: a peer chooses no member. */
static void add_headers(struct buf *out, const struct record_words *headers)
{
	if (headers->count == 0)
		return;
	members_name(out, MEMBER("headers"));
	buf_add_char(out, '[');
	for (unsigned i = 0; i < headers->count; i++) {
		buf_add_str(out, i > 0 ? ",{" : "{");
		members_string(out, MEMBER("header"), headers->list[i].name);
		members_string(out, MEMBER("value"), headers->list[i].value);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void add_attempts(struct buf *out, const struct record *record)
{
	members_name(out, MEMBER("attempts"));
	buf_add_char(out, '[');
	for (unsigned i = 0; i < record->attempt_count; i++) {
		const struct record_attempt *attempt = &record->attempts[i];

		buf_add_str(out, i > 0 ? ",{" : "{");
		members_string(out, MEMBER("target"), attempt->target);
		members_addr(out, MEMBER("address"), &attempt->address);
		members_uint(out, MEMBER("flow"), attempt->flow);
		members_uint(out, MEMBER("status"),
			attempt->status > 0 ? (uint64_t)attempt->status : 0);
		members_string(
			out, MEMBER("reason"), attempt->reason ? attempt->reason : "");
		add_said_text(out, MEMBER("phrase"), attempt->phrase);
		add_said_uint(out, MEMBER("q850"), attempt->said.q850);
		add_said_uint(out, MEMBER("sip_cause"), attempt->said.sip);
		add_said_text(out, MEMBER("reason_text"), attempt->said.text);
		add_microsoft(out, &attempt->microsoft);
		members_uint(out, MEMBER("after_us"), attempt->after_us);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void add_transfers(struct buf *out, const struct record *record)
{
	members_name(out, MEMBER("transfers"));
	buf_add_char(out, '[');
	for (unsigned i = 0; i < record->transfer_count; i++) {
		const struct record_transfer *transfer = &record->transfers[i];

		buf_add_str(out, i > 0 ? ",{" : "{");
		members_string(out, MEMBER("by"), transfer->by);
		members_string(out, MEMBER("to"), transfer->to);
		members_text(out, MEMBER("target"), transfer->target);
		members_uint(out, MEMBER("status"),
			transfer->status > 0 ? (uint64_t)transfer->status : 0);
		members_uint(out, MEMBER("after_us"), transfer->after_us);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void add_redirections(struct buf *out, const struct record *record)
{
	members_name(out, MEMBER("redirections"));
	buf_add_char(out, '[');
	for (unsigned i = 0; i < record->redirection_count; i++) {
		const struct record_redirection *at = &record->redirections[i];

		buf_add_str(out, i > 0 ? ",{" : "{");
		members_string(out, MEMBER("by"), at->by);
		members_uint(
			out, MEMBER("status"), at->status > 0 ? (uint64_t)at->status : 0);
		members_string(out, MEMBER("to"), at->to);
		members_string(
			out, MEMBER("action"), record_redirection_name(at->action));
		members_uint(out, MEMBER("after_us"), at->after_us);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void add_captured(struct buf *out, const struct record *record)
{
	const struct record_capture *captured = record->captured;

	if (!captured)
		return;
	members_name(out, MEMBER("captured"));
	buf_add_char(out, '{');
	members_text(out, MEMBER("mode"), record->capture_mode);
	members_string(out, MEMBER("state"), captured->state);
	add_said_text(out, MEMBER("day"), captured->day);
	if (captured->lost)
		members_uint(out, MEMBER("lost"), captured->lost);
	buf_add_char(out, '}');
}

/* It is never the first member. */
static void add_leg(struct buf *out, const char *name, const struct record_leg *leg)
{
	buf_add_str(out, ",\"");
	buf_add_str(out, name);
	buf_add_str(out, "\":{");
	members_string(out, MEMBER("party"), leg->party);
	members_uint(out, MEMBER("flow"), leg->flow);
	members_bool(out, MEMBER("connected"), leg->connected);
	members_string(out, MEMBER("transport"), leg->transport);
	members_string(out, MEMBER("tls_version"), leg->version);
	members_string(out, MEMBER("tls_cipher"), leg->cipher);
	members_string(out, MEMBER("peer_names"), leg->peer_names);
	members_string(out, MEMBER("signalling_required"), leg->signalling_required);
	members_addr(out, MEMBER("remote"), &leg->remote);
	members_string(out, MEMBER("sip_call_id"), leg->call_id);
	add_tolerated(out, leg->tolerated);
	members_uint(out, MEMBER("session_interval_s"), leg->session_s);
	members_string(out, MEMBER("session_refresher"), leg->session_refresher);
	members_string(out, MEMBER("media"), leg->media);
	members_string(out, MEMBER("media_required"), leg->media_required);
	members_string(out, MEMBER("codec"), leg->codec);
	members_string(out, MEMBER("media_verdict"), leg->media_verdict);
	members_addr(out, MEMBER("media_remote"), &leg->media_remote);
	members_addr(out, MEMBER("media_latched"), &leg->media_latched);
	member_score(out, MEMBER("mos"), leg->mos);
	members_uint(out, MEMBER("key_age_us"), leg->key_age_us);
	add_stats(out, &leg->stats);
	add_microsoft(out, &leg->microsoft);
	add_headers(out, &leg->headers);
	buf_add_char(out, '}');
}

/* RECORD's durations are monotonic, so a clock that was set meanwhile changes none. */
static void add_times(struct buf *out, const struct record *record)
{
	uint64_t start_us = record->start_wall_us;
	bool rang = record->ringing_us > 0, answered = record->answer_us > 0;
	uint64_t talk_us = 0;

	if (answered && record->end_us > record->answer_us)
		talk_us = record->end_us - record->answer_us;
	members_time(out, MEMBER("start"), start_us, 0, true);
	members_time(out, MEMBER("ringing"), start_us, record->ringing_us, rang);
	members_time(out, MEMBER("answer"), start_us, record->answer_us, answered);
	members_time(out, MEMBER("end"), start_us, record->end_us, true);
	members_uint(out, MEMBER("duration_us"), record->end_us);
	members_uint(out, MEMBER("talk_us"), talk_us);
}

void cdr_format(const struct record *record, struct buf *out)
{
	buf_add_char(out, '{');
	members_string(out, MEMBER("id"), record->id);
	members_uint(out, MEMBER("call"), record->call);
	members_string(out, MEMBER("method"), record->method);
	members_bool(out, MEMBER("inbound"), record->inbound);
	members_string(out, MEMBER("emergency"), record->emergency);
	members_string(out, MEMBER("location"), record->location);
	members_string(out, MEMBER("elin"), record->elin);
	members_string(out, MEMBER("purpose"), record->purpose);
	members_string(out, MEMBER("from"), record->from);
	members_string(out, MEMBER("to"), record->to);
	members_string(out, MEMBER("from_received"), record->from_received);
	members_string(out, MEMBER("to_received"), record->to_received);
	members_string(out, MEMBER("from_sent"), record->from_sent);
	members_string(out, MEMBER("to_sent"), record->to_sent);
	members_text(out, MEMBER("asserted"), record->asserted);
	members_text(out, MEMBER("asserted_sent"), record->asserted_sent);
	add_said_text(out, MEMBER("diverted_by"), record->diverted_by);
	add_said_text(out, MEMBER("diverted_reason"), record->diverted_reason);
	add_times(out, record);
	members_uint(
		out, MEMBER("status"), record->status > 0 ? (uint64_t)record->status : 0);
	members_string(out, MEMBER("cause"), record->cause);
	members_string(out, MEMBER("ended_by"), record->ended_by);
	members_string(out, MEMBER("detail"), record->detail);
	members_string(out, MEMBER("media_note"), record->media_note);
	members_uint(out, MEMBER("far_status"),
		record->far_status > 0 ? (uint64_t)record->far_status : 0);
	members_string(out, MEMBER("far_reason"), record->far_reason);
	add_released(out, &record->released);
	members_text(out, MEMBER("replaces"), record->replaces);
	members_text(out, MEMBER("replaced_by"), record->replaced_by);
	add_attempts(out, record);
	add_transfers(out, record);
	add_redirections(out, record);
	add_captured(out, record);
	for (unsigned i = 0; i < 2; i++)
		add_leg(out, record_leg_name(record, i), &record->legs[i]);
	buf_add_char(out, '}');
}
