/*
 * Written by hand rather than through jansson: it runs on the loop thread once a call, and
 * a tree of eighty nodes for it would cost more than all the rest of a call's end.
 */
#include "audit/cdr.h"

#include "base/clock.h"
#include "bridge/tolerated.h"

#include <string.h>

/* What stands for bytes that are not UTF-8: U+FFFD. */
#define REPLACEMENT "\xef\xbf\xbd"

/* The length of the well-formed UTF-8 sequence at TEXT (Unicode table 3-7), or 0. */
static size_t utf8_len(const unsigned char *text)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (text[0] >= 0xc2 && text[0] <= 0xdf)
		len = 2;
	else if (text[0] >= 0xe0 && text[0] <= 0xef)
		len = 3;
	else if (text[0] >= 0xf0 && text[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (text[0] == 0xe0)
		low = 0xa0;
	else if (text[0] == 0xed)
		high = 0x9f;
	else if (text[0] == 0xf0)
		low = 0x90;
	else if (text[0] == 0xf4)
		high = 0x8f;
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (text[i] < 0x80 || text[i] > 0xbf)
			return 0;
	return len;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* One character at TEXT that is not plain. Returns how many bytes it took. */
static size_t add_special(struct buf *out, const unsigned char *text)
{
	static const char digits[] = "0123456789abcdef";
	size_t len;

	if (*text == '"' || *text == '\\') {
		buf_add_char(out, '\\');
		buf_add_char(out, (char)*text);
		return 1;
	}
	if (*text < 0x20 || *text == 0x7f) {
		buf_add(out, "\\u00", 4);
		buf_add_char(out, digits[*text >> 4]);
		buf_add_char(out, digits[*text & 15]);
		return 1;
	}
	len = utf8_len(text);
	if (len == 0) {
		buf_add_str(out, REPLACEMENT);
		return 1;
	}
	buf_add(out, text, len);
	return len;
}

static void add_string(struct buf *out, const char *value)
{
	const unsigned char *text = (const unsigned char *)(value ? value : "");
	size_t plain;

	buf_add_char(out, '"');
	while (*text) {
		for (plain = 0; is_plain(text[plain]); plain++)
			;
		buf_add(out, text, plain);
		text += plain;
		if (*text)
			text += add_special(out, text);
	}
	buf_add_char(out, '"');
}

/* A member's name, a literal that needs no escaping, with what stands around it: a record has a
 * hundred of them. */
#define NAME(name)                                                                       \
	(struct span)                                                                    \
	{                                                                                \
		",\"" name "\":", sizeof(",\"" name "\":") - 1                           \
	}

static void add_name(struct buf *out, struct span name)
{
	bool first = out->len > 0 && out->data[out->len - 1] == '{';

	buf_add(out, name.p + first, name.len - first);
}

static void member_string(struct buf *out, struct span name, const char *value)
{
	add_name(out, name);
	add_string(out, value);
}

/* NULL: as "". */
static void member_text(struct buf *out, struct span name, const char *value)
{
	member_string(out, name, value ? value : "");
}

static void member_uint(struct buf *out, struct span name, uint64_t value)
{
	add_name(out, name);
	buf_add_uint(out, value);
}

/* HUNDREDTHS as a number with two decimals; 0: null. */
static void member_score(struct buf *out, struct span name, unsigned hundredths)
{
	add_name(out, name);
	if (hundredths == 0) {
		buf_add_str(out, "null");
		return;
	}
	buf_add_uint(out, hundredths / 100);
	buf_add_char(out, '.');
	buf_add_char(out, (char)('0' + hundredths / 10 % 10));
	buf_add_char(out, (char)('0' + hundredths % 10));
}

static void member_bool(struct buf *out, struct span name, bool value)
{
	add_name(out, name);
	buf_add_str(out, value ? "true" : "false");
}

static void member_addr(struct buf *out, struct span name, const struct addr *addr)
{
	char text[ADDR_TEXT_SIZE];

	add_name(out, name);
	if (addr->len > 0)
		add_string(out, addr_text(addr, text));
	else
		buf_add_str(out, "null");
}

/* AFTER_US counts from START_US; HAPPENED: else null. */
static void member_time(struct buf *out, struct span name, uint64_t start_us,
	uint64_t after_us, bool happened)
{
	char text[CLOCK_TEXT_SIZE];

	add_name(out, name);
	if (happened)
		add_string(out, clock_text(start_us + after_us, text));
	else
		buf_add_str(out, "null");
}

static void add_stats(struct buf *out, const struct relay_stats *stats)
{
	member_uint(out, NAME("rx_packets"), stats->rx_packets);
	member_uint(out, NAME("rx_bytes"), stats->rx_bytes);
	member_uint(out, NAME("tx_packets"), stats->tx_packets);
	member_uint(out, NAME("tx_bytes"), stats->tx_bytes);
	member_uint(out, NAME("rx_rtcp_packets"), stats->rx_rtcp);
	member_uint(out, NAME("tx_rtcp_packets"), stats->tx_rtcp);
	member_uint(out, NAME("rx_lost_packets"), stats->rx_lost);
	member_uint(out, NAME("rx_late_packets"), stats->rx_late);
	member_uint(out, NAME("rx_duplicate_packets"), stats->rx_duplicates);
	member_uint(out, NAME("jitter_us"), stats->jitter_us);
	member_uint(out, NAME("round_trip_us"), stats->round_trip_us);
	member_uint(out, NAME("far_lost_packets"), stats->far_lost);
	member_uint(out, NAME("far_jitter_us"), stats->far_jitter_us);
	member_uint(out, NAME("dropped_source_packets"), stats->dropped_source);
	member_uint(out, NAME("dropped_auth_packets"), stats->dropped_auth);
	member_uint(out, NAME("dropped_replay_packets"), stats->dropped_replay);
	member_uint(out, NAME("dropped_malformed_packets"), stats->dropped_malformed);
	member_uint(out, NAME("dropped_direction_packets"), stats->dropped_direction);
	member_uint(out, NAME("send_errors"), stats->send_errors);
	member_uint(out, NAME("ssrc"), stats->ssrc);
	member_uint(out, NAME("ssrc_changes"), stats->ssrc_changes);
	member_uint(out, NAME("roll_overs"), stats->roll_overs);
	member_uint(out, NAME("roc_changes"), stats->roc_changes);
}

static void add_tolerated(struct buf *out, unsigned bits)
{
	bool first = true;

	add_name(out, NAME("tolerated"));
	buf_add_char(out, '[');
	for (unsigned i = 0; i < TOLERATED_COUNT; i++) {
		if (!(bits >> i & 1))
			continue;
		if (!first)
			buf_add_char(out, ',');
		add_string(out, tolerated_name(i));
		first = false;
	}
	buf_add_char(out, ']');
}

static void add_attempts(struct buf *out, const struct record *record)
{
	add_name(out, NAME("attempts"));
	buf_add_char(out, '[');
	for (unsigned i = 0; i < record->attempt_count; i++) {
		const struct record_attempt *attempt = &record->attempts[i];

		buf_add_str(out, i > 0 ? ",{" : "{");
		member_string(out, NAME("target"), attempt->target);
		member_addr(out, NAME("address"), &attempt->address);
		member_uint(out, NAME("flow"), attempt->flow);
		member_uint(out, NAME("status"),
			attempt->status > 0 ? (uint64_t)attempt->status : 0);
		member_string(
			out, NAME("reason"), attempt->reason ? attempt->reason : "");
		member_uint(out, NAME("after_us"), attempt->after_us);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void add_transfers(struct buf *out, const struct record *record)
{
	add_name(out, NAME("transfers"));
	buf_add_char(out, '[');
	for (unsigned i = 0; i < record->transfer_count; i++) {
		const struct record_transfer *transfer = &record->transfers[i];

		buf_add_str(out, i > 0 ? ",{" : "{");
		member_string(out, NAME("by"), transfer->by);
		member_string(out, NAME("to"), transfer->to);
		member_text(out, NAME("target"), transfer->target);
		member_uint(out, NAME("status"),
			transfer->status > 0 ? (uint64_t)transfer->status : 0);
		member_uint(out, NAME("after_us"), transfer->after_us);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void add_redirections(struct buf *out, const struct record *record)
{
	add_name(out, NAME("redirections"));
	buf_add_char(out, '[');
	for (unsigned i = 0; i < record->redirection_count; i++) {
		const struct record_redirection *at = &record->redirections[i];

		buf_add_str(out, i > 0 ? ",{" : "{");
		member_string(out, NAME("by"), at->by);
		member_uint(
			out, NAME("status"), at->status > 0 ? (uint64_t)at->status : 0);
		member_string(out, NAME("to"), at->to);
		member_string(out, NAME("action"), record_redirection_name(at->action));
		member_uint(out, NAME("after_us"), at->after_us);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

/* It is never the first member. */
static void add_leg(struct buf *out, const char *name, const struct record_leg *leg)
{
	buf_add_str(out, ",\"");
	buf_add_str(out, name);
	buf_add_str(out, "\":{");
	member_string(out, NAME("party"), leg->party);
	member_uint(out, NAME("flow"), leg->flow);
	member_bool(out, NAME("connected"), leg->connected);
	member_string(out, NAME("transport"), leg->transport);
	member_string(out, NAME("tls_version"), leg->version);
	member_string(out, NAME("tls_cipher"), leg->cipher);
	member_string(out, NAME("peer_names"), leg->peer_names);
	member_string(out, NAME("signalling_required"), leg->signalling_required);
	member_addr(out, NAME("remote"), &leg->remote);
	member_string(out, NAME("sip_call_id"), leg->call_id);
	add_tolerated(out, leg->tolerated);
	member_uint(out, NAME("session_interval_s"), leg->session_s);
	member_string(out, NAME("session_refresher"), leg->session_refresher);
	member_string(out, NAME("media"), leg->media);
	member_string(out, NAME("media_required"), leg->media_required);
	member_string(out, NAME("codec"), leg->codec);
	member_string(out, NAME("media_verdict"), leg->media_verdict);
	member_addr(out, NAME("media_remote"), &leg->media_remote);
	member_addr(out, NAME("media_latched"), &leg->media_latched);
	member_score(out, NAME("mos"), leg->mos);
	member_uint(out, NAME("key_age_us"), leg->key_age_us);
	add_stats(out, &leg->stats);
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
	member_time(out, NAME("start"), start_us, 0, true);
	member_time(out, NAME("ringing"), start_us, record->ringing_us, rang);
	member_time(out, NAME("answer"), start_us, record->answer_us, answered);
	member_time(out, NAME("end"), start_us, record->end_us, true);
	member_uint(out, NAME("duration_us"), record->end_us);
	member_uint(out, NAME("talk_us"), talk_us);
}

void cdr_format(const struct record *record, struct buf *out)
{
	buf_add_char(out, '{');
	member_string(out, NAME("id"), record->id);
	member_uint(out, NAME("call"), record->call);
	member_string(out, NAME("method"), record->method);
	member_bool(out, NAME("inbound"), record->inbound);
	member_string(out, NAME("emergency"), record->emergency);
	member_string(out, NAME("location"), record->location);
	member_string(out, NAME("elin"), record->elin);
	member_string(out, NAME("purpose"), record->purpose);
	member_string(out, NAME("from"), record->from);
	member_string(out, NAME("to"), record->to);
	member_string(out, NAME("from_received"), record->from_received);
	member_string(out, NAME("to_received"), record->to_received);
	member_string(out, NAME("from_sent"), record->from_sent);
	member_string(out, NAME("to_sent"), record->to_sent);
	member_text(out, NAME("asserted"), record->asserted);
	member_text(out, NAME("asserted_sent"), record->asserted_sent);
	add_times(out, record);
	member_uint(
		out, NAME("status"), record->status > 0 ? (uint64_t)record->status : 0);
	member_string(out, NAME("cause"), record->cause);
	member_string(out, NAME("ended_by"), record->ended_by);
	member_string(out, NAME("detail"), record->detail);
	member_string(out, NAME("media_note"), record->media_note);
	member_uint(out, NAME("far_status"),
		record->far_status > 0 ? (uint64_t)record->far_status : 0);
	member_string(out, NAME("far_reason"), record->far_reason);
	member_text(out, NAME("replaces"), record->replaces);
	member_text(out, NAME("replaced_by"), record->replaced_by);
	add_attempts(out, record);
	add_transfers(out, record);
	add_redirections(out, record);
	for (unsigned i = 0; i < 2; i++)
		add_leg(out, record_leg_name(record, i), &record->legs[i]);
	buf_add_char(out, '}');
}
