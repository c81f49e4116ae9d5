#include "record_print.h"

#include "bridge/tolerated.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What the relay counted for all streams of a leg: told.c. */
static void print_sums(struct buf *out, const char *name, const struct relay_stats *sum)
{
	const uint64_t sums[] = {sum->rx_packets, sum->rx_bytes, sum->tx_packets,
		sum->tx_bytes, sum->rx_rtcp, sum->tx_rtcp, sum->dropped_source,
		sum->dropped_auth, sum->dropped_replay, sum->dropped_malformed,
		sum->dropped_direction, sum->send_errors, sum->rx_late,
		sum->rx_duplicates, sum->ssrc_changes, sum->roc_changes,
		sum->good_since_set};
	const uint64_t mosts[] = {sum->rx_lost, sum->jitter_us, sum->round_trip_us,
		sum->far_lost, sum->far_jitter_us, sum->roll_overs, sum->sets};

	buf_printf(out, " %s.sums=", name);
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		buf_printf(out, "%s%" PRIu64, i ? "," : "", sums[i]);
	buf_printf(out, " %s.mosts=", name);
	for (size_t i = 0; i < sizeof(mosts) / sizeof(mosts[0]); i++)
		buf_printf(out, "%s%" PRIu64, i ? "," : "", mosts[i]);
}

/* As one word: expectations are parted by blanks. */
static void print_word(struct buf *out, const char *text)
{
	for (; text && *text; text++)
		buf_add_char(out, *text == ' ' ? '_' : *text);
}

/* "x_c:0123,diagnostics:1034" */
static void print_words(struct buf *out, const char *leg, const char *what,
	const struct record_words *words)
{
	buf_printf(out, " %s.%s=", leg, what);
	for (unsigned i = 0; i < words->count; i++) {
		buf_printf(out, "%s%s:", i ? "," : "", words->list[i].name);
		print_word(out, words->list[i].value);
	}
}

static void print_leg(struct buf *out, const char *name, const struct record_leg *leg)
{
	char latched[ADDR_TEXT_SIZE];
	char remote[ADDR_TEXT_SIZE];

	buf_printf(out, " %s=%s %s.connected=%s %s.transport=%s %s.tls=%s", name,
		strrchr(leg->party, ' ') ? strrchr(leg->party, ' ') + 1 : "none", name,
		leg->connected ? "yes" : "no", name, leg->transport, name, leg->version);
	buf_printf(out, " %s.remote=%s", name,
		leg->remote.len ? addr_text(&leg->remote, remote) : "none");
	buf_printf(out, " %s.media=%s %s.codec=%s %s.mos=%u", name, leg->media, name,
		leg->codec, name, leg->mos);
	if (leg->media_latched.len)
		buf_printf(out, " %s.latched=%s", name,
			addr_text(&leg->media_latched, latched));
	buf_printf(out, " %s.tolerated=", name);
	for (unsigned i = 0; i < TOLERATED_COUNT; i++)
		if (leg->tolerated >> i & 1)
			buf_printf(out, "%s,", tolerated_name(i));
	if (leg->session_s)
		buf_printf(out, " %s.session=%u/%s", name, (unsigned)leg->session_s,
			leg->session_refresher);
	print_words(out, name, "microsoft", &leg->microsoft);
	print_words(out, name, "headers", &leg->headers);
	print_sums(out, name, &leg->stats);
}

/* "34/503/No_circuit": the causes of Q.850 and SIP, 0 for none, and the text. */
static void print_reason(struct buf *out, const struct record_reason *said)
{
	buf_printf(out, "%u/%u/", (unsigned)said->q850, (unsigned)said->sip);
	print_word(out, said->text);
}

/* "gw@10.2.0.11:5060=503,gw2=0": whom, where, and its final response. */
static void print_attempts(struct buf *out, const struct record *record)
{
	char address[ADDR_TEXT_SIZE];

	buf_add_str(out, " attempts=");
	for (unsigned i = 0; i < record->attempt_count; i++) {
		const struct record_attempt *attempt = &record->attempts[i];

		buf_printf(out, "%s%s%s%s=%d", i > 0 ? "," : "", attempt->target,
			attempt->address.len ? "@" : "",
			attempt->address.len ? addr_text(&attempt->address, address) : "",
			attempt->status);
	}
	for (unsigned i = 0; i < record->attempt_count; i++)
		buf_printf(out, " reason%u=\"%s\" after%u-ms=%" PRIu64, i + 1,
			record->attempts[i].reason ? record->attempts[i].reason : "",
			i + 1, record->attempts[i].after_us / 1000);
	for (unsigned i = 0; i < record->attempt_count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "attempt%u", i + 1);
		buf_printf(out, " said%u=", i + 1);
		print_reason(out, &record->attempts[i].said);
		buf_printf(out, " phrase%u=", i + 1);
		print_word(out, record->attempts[i].phrase);
		print_words(out, name, "microsoft", &record->attempts[i].microsoft);
	}
	buf_add_str(out, " released=");
	print_reason(out, &record->released);
	buf_printf(out, " far-status=%d far-reason=\"%s\"", record->far_status,
		record->far_reason);
}

/* "server pbx>600@gw2=200": who asked, for which number, who took it, and what came of it. */
static void print_transfers(struct buf *out, const struct record *record)
{
	buf_add_str(out, " transfers=");
	for (unsigned i = 0; i < record->transfer_count; i++) {
		const struct record_transfer *transfer = &record->transfers[i];
		const char *id = strrchr(transfer->by, ' ');

		buf_printf(out, "%s%s>%s@%s=%d", i > 0 ? "," : "",
			id ? id + 1 : transfer->by, transfer->to,
			transfer->target ? transfer->target : "none", transfer->status);
	}
}

/* "gw:302>+4930=followed": who named which number, by which 3xx, and what was done with it. */
static void print_redirections(struct buf *out, const struct record *record)
{
	buf_add_str(out, " redirections=");
	for (unsigned i = 0; i < record->redirection_count; i++) {
		const struct record_redirection *at = &record->redirections[i];
		const char *id = strrchr(at->by, ' ');

		buf_printf(out, "%s%s:%d>%s=%s", i > 0 ? "," : "", id ? id + 1 : at->by,
			at->status, at->to, record_redirection_name(at->action));
	}
}

void record_print(struct buf *out, const struct record *record)
{
	buf_printf(out,
		"cause=%s status=%d by=%s inbound=%s from=%s to=%s rang=%s answered=%s",
		record->cause, record->status, record->ended_by,
		record->inbound ? "yes" : "no", record->from, record->to,
		record->ringing_us ? "yes" : "no", record->answer_us ? "yes" : "no");
	if (record->asserted)
		buf_printf(out, " asserted=%s", record->asserted);
	if (record->asserted_sent)
		buf_printf(out, " asserted-sent=%s", record->asserted_sent);
	buf_printf(out, " diverted=%s:%s", record->diverted_by ? record->diverted_by : "",
		record->diverted_reason ? record->diverted_reason : "");
	if (strcmp(record->method, "INVITE") != 0)
		buf_printf(out, " method=%s", record->method);
	if (record->emergency[0])
		buf_printf(out, " emergency=%s", record->emergency);
	if (record->purpose && record->purpose[0])
		buf_printf(out, " purpose=%s", record->purpose);
	if (record->elin[0])
		buf_printf(out, " elin=%s", record->elin);
	if (record->location[0])
		buf_printf(out, " location=%s", record->location);
	if (strcmp(record->from, record->from_received) != 0 ||
		strcmp(record->to, record->to_received) != 0)
		buf_printf(out, " received=%s:%s", record->from_received,
			record->to_received);
	buf_printf(out, " shown=%s", record->to_sent[0] ? "yes" : "no");
	if (record->to_sent[0] && (strcmp(record->from, record->from_sent) != 0 ||
					  strcmp(record->to, record->to_sent) != 0))
		buf_printf(out, " sent=%s:%s", record->from_sent, record->to_sent);
	buf_printf(out, " ms=%" PRIu64 " answer-ms=%" PRIu64, record->end_us / 1000,
		record->answer_us / 1000);
	for (unsigned i = 0; i < 2; i++)
		print_leg(out, record_leg_name(record, i), &record->legs[i]);
	print_attempts(out, record);
	print_transfers(out, record);
	print_redirections(out, record);
	if (record->replaces && record->replaces[0])
		buf_printf(out, " replaces=%s", record->replaces);
	if (record->replaced_by && record->replaced_by[0])
		buf_printf(out, " replaced-by=%s", record->replaced_by);
	buf_printf(out, " detail=\"%s\"", record->detail);
}
