#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "admin/metrics_priv.h"

#include "admin/verbs.h"
#include "audit/index.h"
#include "audit/sink.h"
#include "audit/writer.h"
#include "base/clock.h"
#include "base/log_limit.h"
#include "bridge/bridge.h"
#include "hep/hep.h"
#include "media/relay.h"
#include "sip/transport.h"
#include "trunk/inventory.h"
#include "trunk/registration.h"
#include "trunk/trunk.h"

#include <errno.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* One without labels. */
static void single(struct buf *out, const char *name, const char *type, const char *help,
	uint64_t value)
{
	metrics_head(out, name, type, help);
	buf_printf(out, "tandem_%s %llu\n", name, (unsigned long long)value);
}

static void print_server(const struct verbs_context *context, struct buf *out)
{
	metrics_head(out, "build_info", "gauge", "The version that runs.");
	buf_add_str(out, "tandem_build_info{");
	metrics_label(out, "version", PACKAGE_VERSION);
	buf_add_str(out, "} 1\n");
	single(out, "start_time_seconds", "gauge", "When the server was started.",
		context->start_wall_us / 1000000);
}

static void print_emergencies(const struct bridge_emergencies *counts, struct buf *out)
{
	const struct {
		const char *outcome;
		uint64_t count;
	} rows[] = {
		{"answered", counts->answered},
		{"given-up", counts->given_up},
		{"failed", counts->failed},
	};

	single(out, "emergency_calls", "gauge", "Emergency calls now.", counts->now);
	single(out, "emergency_calls_started_total", "counter", "Emergency calls begun.",
		counts->started);
	metrics_head(out, "emergency_calls_total", "counter",
		"Emergency calls over, by outcome: answered, given up by the caller, or "
		"failed, as nobody took them.");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		buf_printf(out, "tandem_emergency_calls_total{outcome=\"%s\"} %llu\n",
			rows[i].outcome, (unsigned long long)rows[i].count);
}

static void print_calls(const struct verbs_context *context, struct buf *out)
{
	struct bridge_totals totals;
	struct config_limits limits;
	struct limit_question question;

	bridge_totals(context->bridge, &totals);
	bridge_limits(context->bridge, &limits, &question);
	single(out, "calls", "gauge", "Calls now.", totals.calls);
	single(out, "calls_answered", "gauge", "Calls that talk now.", totals.answered);
	single(out, "dialogs", "gauge", "SIP dialogs now.", totals.dialogs);
	single(out, "transactions", "gauge", "SIP transactions now.",
		totals.transactions);
	single(out, "calls_started_total", "counter", "Calls begun.", totals.started);
	single(out, "calls_ended_total", "counter", "Calls over.", totals.ended);
	single(out, "calls_failed_total", "counter", "Calls never answered.",
		totals.failed);
	single(out, "calls_refused_total", "counter",
		"INVITEs answered 503 before they were calls.", totals.refused);
	single(out, "calls_early", "gauge", "Calls that are not answered yet.",
		question.use->early);
	single(out, "subscriptions", "gauge",
		"Subscriptions now, those that are asked for included.",
		totals.subscriptions);
	single(out, "draining", "gauge", "1: no new calls are taken.", totals.draining);
	print_emergencies(&totals.emergencies, out);
}

static void print_media(const struct verbs_context *context, struct buf *out)
{
	struct relay_totals totals;

	relay_totals(context->relay, &totals);
	single(out, "media_workers", "gauge", "Media threads.", totals.workers);
	single(out, "media_sessions", "gauge", "Relay sessions now.", totals.sessions);
	single(out, "media_streams", "gauge", "Relayed streams now.", totals.streams);
	single(out, "media_port_pairs_used", "gauge", "Pairs of ports in use.",
		totals.ports_used);
	single(out, "media_port_pairs", "gauge", "Pairs of ports there are.",
		totals.ports_total);
	single(out, "media_port_pairs_early_total", "counter",
		"Pairs of ports given again before they had rested.", totals.ports_early);
	single(out, "media_packets_total", "counter", "Packets relayed.", totals.packets);
}

static void print_audit(const struct verbs_context *context, struct buf *out)
{
	struct writer_totals totals;
	struct ledger_state log;

	writer_totals(context->writer, &totals);
	single(out, "audit_failing", "gauge", "1: audit cannot write.", totals.failing);
	single(out, "audit_behind", "gauge",
		"1: captures were lost for want of room, and not all is written yet.",
		totals.behind);
	single(out, "audit_stalled", "gauge",
		"1: the disk of audit does not answer, or did not a moment ago.",
		totals.stalled);
	single(out, "audit_overflows_total", "counter", "Times that audit fell behind.",
		totals.overflows);
	single(out, "audit_offered_total", "counter",
		"Messages and packets to be captured.", totals.offered);
	single(out, "audit_stored_total", "counter", "Of them stored.", totals.stored);
	single(out, "audit_lost_total", "counter", "Of them lost.", totals.lost);
	single(out, "audit_cut_total", "counter", "Messages stored cut.", totals.cut);
	single(out, "audit_open_files", "gauge", "Capture files open.",
		totals.open_files);
	single(out, "audit_disk_critical", "gauge",
		"1: calls are not captured, since the disk is nearly full.",
		strcmp(totals.disk, "critical") == 0);
	single(out, "audit_uncaptured_total", "counter",
		"Calls that were not captured for that.", totals.uncaptured);
	single(out, "audit_deleted_total", "counter",
		"Captures deleted, by age or size, or for want of room.", totals.deleted);
	single(out, "call_records_total", "counter", "Call records written.",
		totals.cdrs);
	single(out, "call_records_lost_total", "counter", "Call records lost.",
		totals.cdrs_lost);
	single(out, "call_records_waiting_bytes", "gauge",
		"Call records that wait in memory for the disk.",
		totals.cdrs_waiting_bytes);
	writer_log(context->writer, &log);
	single(out, "log_signed_records", "gauge", "Records of the log that are signed.",
		log.size);
	single(out, "log_stopped", "gauge", "1: no more records are signed.",
		log.stopped);
}

static void print_hep(const struct verbs_context *context, struct buf *out)
{
	struct hep_state state;

	if (!context->hep || !hep_in_use(context->hep))
		return;
	hep_state(context->hep, &state);
	single(out, "hep_open", "gauge", "1: the collector of HEP is reached.",
		state.sender.open);
	single(out, "hep_sent_total", "counter",
		"Packets that were sent to the collector of HEP.", state.sender.sent);
	single(out, "hep_lost_total", "counter",
		"Packets for it that had no room to wait, or were refused.",
		state.sender.lost);
	single(out, "hep_cut_total", "counter",
		"Packets for it whose message was too long, and was cut.", state.cut);
	single(out, "hep_waiting_bytes", "gauge", "What waits for the collector of HEP.",
		state.sender.waiting_bytes);
}

static void print_sink(const struct verbs_context *context, struct buf *out)
{
	struct sink_state state;

	if (!context->sink)
		return;
	sink_state(context->sink, &state);
	single(out, "sink_failing", "gauge", "1: the PostgreSQL server takes no records.",
		state.failing);
	single(out, "sink_behind", "gauge", "1: signed records are not there yet.",
		state.behind);
	single(out, "sink_records_total", "counter", "Records that it took.",
		state.records);
	single(out, "sink_next_record", "gauge",
		"The number behind the last record that is there.", state.next);
	single(out, "sink_missing_total", "counter",
		"Records for it that no file had which could be read.", state.missing);
}

static void print_index(const struct verbs_context *context, struct buf *out)
{
	struct index_state state;

	if (!context->index)
		return;
	index_state(context->index, &state);
	single(out, "index_failing", "gauge",
		"1: the index of records cannot be written.", state.failing);
	single(out, "index_behind_bytes", "gauge",
		"Records of the present file that are not in the index yet.",
		state.behind_bytes);
	single(out, "index_records_total", "counter", "Records that the index took.",
		state.records);
	single(out, "index_rebuilt_total", "counter",
		"Times that the index was made anew.", state.rebuilt);
}

/* ---- one row a side ---- */

struct side_row {
	const char *name, *type, *help;
	uint64_t value[2]; /* internal, external */
};

static void print_sides(const struct verbs_context *context, struct buf *out)
{
	struct transport_totals in = {0}, ex = {0};

	if (context->internal)
		transport_totals(context->internal, &in);
	if (context->external)
		transport_totals(context->external, &ex);
	const struct side_row rows[] = {
		{"connections", "gauge", "Connections open.",
			{in.connections, ex.connections}},
		{"handshakes", "gauge", "Handshakes under way.",
			{in.handshakes, ex.handshakes}},
		{"connections_accepted_total", "counter", "Connections accepted.",
			{in.accepted, ex.accepted}},
		{"connections_refused_total", "counter",
			"Accepted connections that were refused.",
			{in.refused, ex.refused}},
		{"messages_received_total", "counter", "SIP messages received.",
			{in.messages_in, ex.messages_in}},
		{"messages_sent_total", "counter", "SIP messages sent.",
			{in.messages_out, ex.messages_out}},
		{"input_broken_total", "counter",
			"Connections closed and datagrams dropped for what they held.",
			{in.broken, ex.broken}},
		{"input_too_big_total", "counter",
			"Messages over a limit that were read past.",
			{in.too_big, ex.too_big}},
		{"input_stray_total", "counter",
			"Datagrams and connections from unknown sources.",
			{in.stray, ex.stray}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		metrics_head(out, rows[i].name, rows[i].type, rows[i].help);
		buf_printf(out,
			"tandem_%s{side=\"internal\"} %llu\n"
			"tandem_%s{side=\"external\"} %llu\n",
			rows[i].name, (unsigned long long)rows[i].value[0], rows[i].name,
			(unsigned long long)rows[i].value[1]);
	}
}

/* One row a side and reason. */
static void print_refused(const struct verbs_context *context, struct buf *out)
{
	const char *reason;
	uint64_t count;

	metrics_head(out, "messages_refused_total", "counter",
		"SIP messages refused, or dropped, by reason.");
	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; bridge_refused(
			     context->bridge, (enum side)side, i, &reason, &count);
			i++)
			buf_printf(out,
				"tandem_messages_refused_total{side=\"%s\",reason=\"%s\"}"
				" "
				"%llu\n",
				side_name((enum side)side), reason,
				(unsigned long long)count);
}

/* One row a module. */
static void print_suppressed(struct buf *out)
{
	const char *module;
	uint64_t count;

	metrics_head(out, "log_lines_suppressed_total", "counter",
		"Lines left out of the log, since there were too many of their kind.");
	for (unsigned i = 0; log_suppressed(i, &module, &count); i++)
		buf_printf(out, "tandem_log_lines_suppressed_total{module=\"%s\"} %llu\n",
			module, (unsigned long long)count);
}

/* ---- certificates ---- */

static void print_certificate(
	const struct inventory_item *item, const struct trunk *peer, struct buf *out)
{
	buf_add_str(out, "tandem_certificate_not_after_timestamp_seconds{");
	metrics_label(out, "role", inventory_role_name(item));
	buf_add_char(out, ',');
	metrics_label(out, "subject", item->facts.subject);
	buf_add_char(out, ',');
	metrics_label(out, "fingerprint", item->facts.fingerprint);
	buf_add_char(out, ',');
	if (peer)
		metrics_party(out, peer);
	else
		metrics_label(out, "file", item->file);
	buf_printf(out, "} %lld\n", (long long)item->facts.to);
}

static void print_list(const struct inventory_item *item, struct buf *out)
{
	buf_add_str(out, "tandem_crl_next_update_timestamp_seconds{");
	metrics_label(out, "issuer", item->facts.issuer);
	buf_add_char(out, ',');
	metrics_label(out, "file", item->file);
	buf_printf(out, "} %lld\n", (long long)item->facts.to);
}

/* What peers showed has one row for each of them. */
static void print_dates(const struct inventory *inventory, struct buf *out)
{
	metrics_head(out, "certificate_not_after_timestamp_seconds", "gauge",
		"When a certificate runs out.");
	for (size_t i = 0; i < inventory->count; i++) {
		const struct inventory_item *item = inventory->items[i];

		if (item->role == INVENTORY_CRL)
			continue;
		if (item->file[0])
			print_certificate(item, NULL, out);
		for (unsigned j = 0; !item->file[0] && j < item->user_count; j++)
			print_certificate(item, item->users[j].trunk, out);
	}
	metrics_head(out, "crl_next_update_timestamp_seconds", "gauge",
		"When a revocation list is stale.");
	for (size_t i = 0; i < inventory->count; i++)
		if (inventory->items[i]->role == INVENTORY_CRL)
			print_list(inventory->items[i], out);
}

static void print_warnings(const struct inventory *inventory, struct buf *out)
{
	const time_t now = (time_t)(clock_real()->wall_us(clock_real()) / 1000000);
	unsigned counts[INVENTORY_LEVELS] = {0};

	for (size_t i = 0; i < inventory->count; i++)
		for (unsigned level = inventory_level(inventory->items[i], now);
			level > INVENTORY_FINE; level--)
			counts[level]++;
	metrics_head(out, "certificate_warnings", "gauge",
		"Certificates and revocation lists that run out within the time, or are "
		"over.");
	for (unsigned level = INVENTORY_30_DAYS; level < INVENTORY_LEVELS; level++)
		buf_printf(out, "tandem_certificate_warnings{threshold=\"%s\"} %u\n",
			inventory_level_name((enum inventory_level)level), counts[level]);
}

static void print_certificates(const struct verbs_context *context, struct buf *out)
{
	struct inventory *inventory;

	if (inventory_new(&inventory, context->trunks, context->seen)) {
		out->err = -ENOMEM;
		return;
	}
	print_dates(inventory, out);
	print_warnings(inventory, out);
	inventory_free(inventory);
}

void metrics_print(const struct verbs_context *context, struct buf *out)
{
	print_server(context, out);
	print_calls(context, out);
	print_media(context, out);
	print_sides(context, out);
	print_refused(context, out);
	metrics_trunks(context, out);
	print_audit(context, out);
	print_hep(context, out);
	print_index(context, out);
	print_sink(context, out);
	print_suppressed(out);
	print_certificates(context, out);
}
