#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "admin/metrics.h"

#include "admin/verbs.h"
#include "audit/writer.h"
#include "base/clock.h"
#include "base/log_limit.h"
#include "bridge/bridge.h"
#include "media/relay.h"
#include "sip/transport.h"
#include "trunk/inventory.h"
#include "trunk/registration.h"
#include "trunk/trunk.h"

#include <errno.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP tandem_%s %s\n# TYPE tandem_%s %s\n", name, help, name,
		type);
}

/* One without labels. */
static void single(struct buf *out, const char *name, const char *type, const char *help,
	uint64_t value)
{
	head(out, name, type, help);
	buf_printf(out, "tandem_%s %llu\n", name, (unsigned long long)value);
}

/* VALUE as the format has it between its quotes. */
static void add_label(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			buf_add_char(out, '\\');
		if (*value == '\n')
			buf_add_str(out, "\\n");
		else
			buf_add_char(out, *value);
	}
	buf_add_char(out, '"');
}

static void print_server(const struct verbs_context *context, struct buf *out)
{
	head(out, "build_info", "gauge", "The version that runs.");
	buf_add_str(out, "tandem_build_info{");
	add_label(out, "version", PACKAGE_VERSION);
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
	head(out, "emergency_calls_total", "counter",
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

	writer_totals(context->writer, &totals);
	single(out, "audit_failing", "gauge", "1: audit cannot write.", totals.failing);
	single(out, "audit_behind", "gauge",
		"1: captures were lost for want of room, and not all is written yet.",
		totals.behind);
	single(out, "audit_overflows_total", "counter", "Times that audit fell behind.",
		totals.overflows);
	single(out, "audit_offered_total", "counter",
		"Messages and packets to be captured.", totals.offered);
	single(out, "audit_stored_total", "counter", "Of them stored.", totals.stored);
	single(out, "audit_lost_total", "counter", "Of them lost.", totals.lost);
	single(out, "audit_cut_total", "counter", "Messages stored cut.", totals.cut);
	single(out, "audit_open_files", "gauge", "Capture files open.",
		totals.open_files);
	single(out, "call_records_total", "counter", "Call records written.",
		totals.cdrs);
	single(out, "call_records_lost_total", "counter", "Call records lost.",
		totals.cdrs_lost);
	single(out, "call_records_waiting_bytes", "gauge",
		"Call records that wait in memory for the disk.",
		totals.cdrs_waiting_bytes);
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
		head(out, rows[i].name, rows[i].type, rows[i].help);
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

	head(out, "messages_refused_total", "counter",
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

	head(out, "log_lines_suppressed_total", "counter",
		"Lines left out of the log, since there were too many of their kind.");
	for (unsigned i = 0; log_suppressed(i, &module, &count); i++)
		buf_printf(out, "tandem_log_lines_suppressed_total{module=\"%s\"} %llu\n",
			module, (unsigned long long)count);
}

/* ---- one row a trunk or server ---- */

/* trunk="carrier-a" or server="pbx1" */
static void add_party(struct buf *out, const struct trunk *trunk)
{
	add_label(out, trunk_word(trunk->kind), trunk->id);
}

static uint64_t calls_of(const struct trunk *trunk)
{
	return trunk->calls;
}

static uint64_t calls_out_of(const struct trunk *trunk)
{
	return trunk->use.out;
}

static uint64_t calls_early_of(const struct trunk *trunk)
{
	return trunk->use.early;
}

static uint64_t calls_total_of(const struct trunk *trunk)
{
	return trunk->calls_total;
}

static uint64_t calls_failed_of(const struct trunk *trunk)
{
	return trunk->calls_failed;
}

static uint64_t passwords_wrong_of(const struct trunk *trunk)
{
	return trunk->proof.wrong_total;
}

static uint64_t attempts_of(const struct trunk *trunk)
{
	return trunk->figures.total.attempts;
}

static uint64_t answered_of(const struct trunk *trunk)
{
	return trunk->figures.total.answered;
}

static uint64_t effective_of(const struct trunk *trunk)
{
	return trunk->figures.total.effective;
}

static uint64_t talks_of(const struct trunk *trunk)
{
	return trunk->figures.total.talks;
}

static uint64_t talk_seconds_of(const struct trunk *trunk)
{
	return trunk->figures.total.talk_us / 1000000;
}

static void print_trunks(
	const struct verbs_context *context, enum trunk_kind kind, struct buf *out)
{
	static const struct {
		const char *name[2], *type, *help;
		uint64_t (*value)(const struct trunk *trunk);
	} rows[] = {
		{{"server_calls", "trunk_calls"}, "gauge", "Calls by it now.", calls_of},
		{{"server_calls_out", "trunk_calls_out"}, "gauge",
			"Calls now that go to it.", calls_out_of},
		{{"server_calls_early", "trunk_calls_early"}, "gauge",
			"Calls by it now that are not answered yet.", calls_early_of},
		{{"server_calls_total", "trunk_calls_total"}, "counter", "Calls by it.",
			calls_total_of},
		{{"server_calls_failed_total", "trunk_calls_failed_total"}, "counter",
			"Calls by it that failed.", calls_failed_of},
		{{"server_passwords_wrong_total", "trunk_passwords_wrong_total"},
			"counter", "Its requests with a wrong password.",
			passwords_wrong_of},
		{{"server_attempts_total", "trunk_attempts_total"}, "counter",
			"Calls offered to it, by their outcome's time.", attempts_of},
		{{"server_answered_total", "trunk_answered_total"}, "counter",
			"Of them answered (ASR: of the attempts).", answered_of},
		{{"server_effective_total", "trunk_effective_total"}, "counter",
			"Of them answered, busy, declined, or not answered though it "
			"rang (NER: of the attempts).",
			effective_of},
		{{"server_talks_total", "trunk_talks_total"}, "counter",
			"Answered calls to it that are over.", talks_of},
		{{"server_talk_seconds_total", "trunk_talk_seconds_total"}, "counter",
			"Their time from the answer to the end (ACD: by their number).",
			talk_seconds_of},
	};
	const struct trunk *trunk;

	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		const char *name = rows[row].name[kind == TRUNK_GATEWAY];

		head(out, name, rows[row].type, rows[row].help);
		for (unsigned i = 0; (trunk = trunks_at(context->trunks, kind, i)); i++) {
			buf_printf(out, "tandem_%s{", name);
			add_party(out, trunk);
			buf_printf(out, "} %llu\n",
				(unsigned long long)rows[row].value(trunk));
		}
	}
}

/* Series of one trunk or server: a name with more addresses shows the first ones. */
#define HEALTH_SERIES_MAX 16

/* What a series of an address says; false: nothing, and there is none. */
typedef bool health_value_h(const struct health_record *record, double *ret);

static bool up_of(const struct health_record *record, double *ret)
{
	*ret = record->machine.state == HEALTH_UP ||
	       record->machine.state == HEALTH_UNKNOWN;
	return true;
}

static bool round_trip_of(const struct health_record *record, double *ret)
{
	*ret = (double)record->round_trip_us / 1e6;
	return record->round_trip_us > 0;
}

static uint64_t options_sent_of(const struct trunk *trunk)
{
	return trunk->options_sent;
}

static uint64_t options_answered_of(const struct trunk *trunk)
{
	return trunk->options_answered;
}

static void print_addresses(struct buf *out, const char *name, const struct trunk *trunk,
	health_value_h *value)
{
	const struct trunk_health *health = &trunk->health;
	unsigned printed = 0;
	char text[ADDR_TEXT_SIZE];
	double number;

	for (unsigned i = 0; i < health->count && printed < HEALTH_SERIES_MAX; i++) {
		const struct health_address *address = &health->addresses[i];

		if (!address->named || !value(&address->record, &number))
			continue;
		printed++;
		buf_printf(out, "tandem_%s{", name);
		add_party(out, trunk);
		buf_add_char(out, ',');
		add_label(out, "address", addr_text(&address->addr, text));
		buf_printf(out, "} %.6g\n", number);
	}
}

static void print_options(struct buf *out, const char *name, const struct trunk *trunk,
	uint64_t (*value)(const struct trunk *trunk))
{
	if (!trunk->options_sent)
		return; /* it is not asked */
	buf_printf(out, "tandem_%s{", name);
	add_party(out, trunk);
	buf_printf(out, "} %llu\n", (unsigned long long)value(trunk));
}

static void print_health(
	const struct verbs_context *context, enum trunk_kind kind, struct buf *out)
{
	static const struct {
		const char *name[2], *type, *help;
		health_value_h *value;                        /* of an address, or */
		uint64_t (*count)(const struct trunk *trunk); /* of all of it */
	} rows[] = {
		{{"server_address_up", "trunk_address_up"}, "gauge",
			"Whether calls may go to that address: 0 while it rests or is "
			"down.",
			up_of, NULL},
		{{"server_address_round_trip_seconds",
			 "trunk_address_round_trip_seconds"},
			"gauge", "How long its last answer to OPTIONS took.",
			round_trip_of, NULL},
		{{"server_options_total", "trunk_options_total"}, "counter",
			"OPTIONS that it was sent, to find out whether it answers.", NULL,
			options_sent_of},
		{{"server_options_answered_total", "trunk_options_answered_total"},
			"counter", "Of them answered, by whatever status.", NULL,
			options_answered_of},
	};
	const struct trunk *trunk;

	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		const char *name = rows[row].name[kind == TRUNK_GATEWAY];

		head(out, name, rows[row].type, rows[row].help);
		for (unsigned i = 0; (trunk = trunks_at(context->trunks, kind, i)); i++) {
			if (rows[row].value)
				print_addresses(out, name, trunk, rows[row].value);
			else
				print_options(out, name, trunk, rows[row].count);
		}
	}
}

/* Those of a limit that is set, or was reached: all of ten thousand trunks would make 70,000 lines. */
static void print_reached(struct buf *out, const char *name, const struct trunk *trunk,
	const struct limit_question *question)
{
	for (enum limit_kind kind = LIMIT_NONE + 1; kind < LIMIT_KINDS; kind++) {
		const uint64_t count = question->use->reached[kind];

		if (!count && limit_most(question->limits, kind) == CONFIG_UNLIMITED)
			continue;
		buf_printf(out, "tandem_%s{", name);
		if (trunk) {
			add_party(out, trunk);
			buf_add_char(out, ',');
		}
		add_label(out, "limit", limit_name(kind));
		buf_printf(out, "} %llu\n", (unsigned long long)count);
	}
}

static void print_limits(const struct verbs_context *context, struct buf *out)
{
	struct config_limits limits;
	struct limit_question question;

	bridge_limits(context->bridge, &limits, &question);
	head(out, "limited_total", "counter",
		"Calls refused for a limit of all calls, by the limit.");
	print_reached(out, "limited_total", NULL, &question);
}

static void print_trunk_limits(
	const struct verbs_context *context, enum trunk_kind kind, struct buf *out)
{
	const char *name =
		kind == TRUNK_GATEWAY ? "trunk_limited_total" : "server_limited_total";
	const struct trunk *trunk;

	head(out, name, "counter",
		"Calls refused, or sent elsewhere, for a limit of it, by the limit.");
	for (unsigned i = 0; (trunk = trunks_at(context->trunks, kind, i)); i++) {
		const struct limit_question question =
			trunk_limits(trunk, LIMIT_IN, true, 0);

		print_reached(out, name, trunk, &question);
	}
}

static uint64_t registered_of(const struct registration *registration)
{
	return registration_is_bound(registration);
}

/* That of identity; 0: it is not registered. */
static uint64_t registration_expires_of(const struct registration *registration)
{
	const struct binding *binding = registration_binding(registration);

	return binding ? (uint64_t)binding->expires : 0;
}

static uint64_t bindings_of(const struct registration *registration)
{
	return registration_bound_count(registration);
}

static uint64_t register_failures_of(const struct registration *registration)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < registration->count; i++)
		sum += registration->bindings[i]->failures;
	return sum;
}

/* Of the trunks that register alone. */
static void print_registrations(const struct verbs_context *context, struct buf *out)
{
	static const struct {
		const char *name, *type, *help;
		uint64_t (*value)(const struct registration *registration);
	} rows[] = {
		{"trunk_registered", "gauge", "Whether it is registered: 1 or 0.",
			registered_of},
		{"trunk_registered_identities", "gauge",
			"Of its identities and connections those that are registered.",
			bindings_of},
		{"trunk_registration_expires_timestamp_seconds", "gauge",
			"When its registration runs out; 0: there is none.",
			registration_expires_of},
		{"trunk_register_failures_total", "counter",
			"REGISTER requests that failed or were refused.",
			register_failures_of},
	};
	const struct trunk *trunk;

	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		head(out, rows[row].name, rows[row].type, rows[row].help);
		for (unsigned i = 0;
			(trunk = trunks_at(context->trunks, TRUNK_GATEWAY, i)); i++) {
			if (!trunk->registration)
				continue;
			buf_printf(out, "tandem_%s{", rows[row].name);
			add_party(out, trunk);
			buf_printf(out, "} %llu\n",
				(unsigned long long)rows[row].value(trunk->registration));
		}
	}
}

static void print_bucket(struct buf *out, const char *name, const struct trunk *trunk,
	unsigned bucket, uint64_t count)
{
	buf_printf(out, "tandem_%s_bucket{", name);
	add_party(out, trunk);
	if (bucket < FIGURES_BUCKETS - 1)
		buf_printf(out, ",le=\"%g\"} ", figures_bounds_ms[bucket] / 1000.0);
	else
		buf_add_str(out, ",le=\"+Inf\"} ");
	buf_printf(out, "%llu\n", (unsigned long long)count);
}

static void print_delays_of(struct buf *out, const char *name, const struct trunk *trunk)
{
	const struct figures_count *total = &trunk->figures.total;
	uint64_t count = 0;

	for (unsigned i = 0; i < FIGURES_BUCKETS; i++) {
		count += total->delays[i];
		print_bucket(out, name, trunk, i, count);
	}
	buf_printf(out, "tandem_%s_sum{", name);
	add_party(out, trunk);
	buf_printf(out, "} %.6f\ntandem_%s_count{", (double)total->delay_us / 1e6, name);
	add_party(out, trunk);
	buf_printf(out, "} %llu\n", (unsigned long long)count);
}

/* A series begins with the first delay: a thousand trunks without calls would make 21,000 lines. */
static void print_delays(
	const struct verbs_context *context, enum trunk_kind kind, struct buf *out)
{
	const char *name = kind == TRUNK_GATEWAY ? "trunk_post_dial_delay_seconds"
						 : "server_post_dial_delay_seconds";
	const struct trunk *trunk;
	bool first = true;

	for (unsigned i = 0; (trunk = trunks_at(context->trunks, kind, i)); i++) {
		if (!figures_delay_count(&trunk->figures.total))
			continue;
		if (first)
			head(out, name, "histogram",
				"From our INVITE to ringing or the answer.");
		first = false;
		print_delays_of(out, name, trunk);
	}
}

/* ---- certificates ---- */

static void print_certificate(
	const struct inventory_item *item, const struct trunk *peer, struct buf *out)
{
	buf_add_str(out, "tandem_certificate_not_after_timestamp_seconds{");
	add_label(out, "role", inventory_role_name(item));
	buf_add_char(out, ',');
	add_label(out, "subject", item->facts.subject);
	buf_add_char(out, ',');
	add_label(out, "fingerprint", item->facts.fingerprint);
	buf_add_char(out, ',');
	if (peer)
		add_party(out, peer);
	else
		add_label(out, "file", item->file);
	buf_printf(out, "} %lld\n", (long long)item->facts.to);
}

static void print_list(const struct inventory_item *item, struct buf *out)
{
	buf_add_str(out, "tandem_crl_next_update_timestamp_seconds{");
	add_label(out, "issuer", item->facts.issuer);
	buf_add_char(out, ',');
	add_label(out, "file", item->file);
	buf_printf(out, "} %lld\n", (long long)item->facts.to);
}

/* What peers showed has one row for each of them. */
static void print_dates(const struct inventory *inventory, struct buf *out)
{
	head(out, "certificate_not_after_timestamp_seconds", "gauge",
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
	head(out, "crl_next_update_timestamp_seconds", "gauge",
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
	head(out, "certificate_warnings", "gauge",
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
	print_trunks(context, TRUNK_SERVER, out);
	print_trunks(context, TRUNK_GATEWAY, out);
	print_health(context, TRUNK_SERVER, out);
	print_health(context, TRUNK_GATEWAY, out);
	print_limits(context, out);
	print_trunk_limits(context, TRUNK_SERVER, out);
	print_trunk_limits(context, TRUNK_GATEWAY, out);
	print_registrations(context, out);
	print_delays(context, TRUNK_SERVER, out);
	print_delays(context, TRUNK_GATEWAY, out);
	print_audit(context, out);
	print_suppressed(out);
	print_certificates(context, out);
}
