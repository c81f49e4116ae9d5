/* The metrics with one row a trunk or server, and those of the limits of all calls. */
#include "admin/metrics_priv.h"

#include "admin/verbs.h"
#include "bridge/bridge.h"
#include "trunk/registration.h"
#include "trunk/trunk.h"

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

		metrics_head(out, name, rows[row].type, rows[row].help);
		for (unsigned i = 0; (trunk = trunks_at(context->trunks, kind, i)); i++) {
			buf_printf(out, "tandem_%s{", name);
			metrics_party(out, trunk);
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
		metrics_party(out, trunk);
		buf_add_char(out, ',');
		metrics_label(out, "address", addr_text(&address->addr, text));
		buf_printf(out, "} %.6g\n", number);
	}
}

static void print_options(struct buf *out, const char *name, const struct trunk *trunk,
	uint64_t (*value)(const struct trunk *trunk))
{
	if (!trunk->options_sent)
		return; /* it is not asked */
	buf_printf(out, "tandem_%s{", name);
	metrics_party(out, trunk);
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

		metrics_head(out, name, rows[row].type, rows[row].help);
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
			metrics_party(out, trunk);
			buf_add_char(out, ',');
		}
		metrics_label(out, "limit", limit_name(kind));
		buf_printf(out, "} %llu\n", (unsigned long long)count);
	}
}

static void print_limits(const struct verbs_context *context, struct buf *out)
{
	struct config_limits limits;
	struct limit_question question;

	bridge_limits(context->bridge, &limits, &question);
	metrics_head(out, "limited_total", "counter",
		"Calls refused for a limit of all calls, by the limit.");
	print_reached(out, "limited_total", NULL, &question);
}

static void print_trunk_limits(
	const struct verbs_context *context, enum trunk_kind kind, struct buf *out)
{
	const char *name =
		kind == TRUNK_GATEWAY ? "trunk_limited_total" : "server_limited_total";
	const struct trunk *trunk;

	metrics_head(out, name, "counter",
		"Calls refused, or sent elsewhere, for a limit of it, by the limit.");
	for (unsigned i = 0; (trunk = trunks_at(context->trunks, kind, i)); i++) {
		const struct limit_question question =
			trunk_limits(trunk, LIMIT_IN, true, 0);

		print_reached(out, name, trunk, &question);
	}
}

static void print_messages_of(struct buf *out, const char *name,
	const struct trunk *trunk, enum limit_way way, enum messages_method method)
{
	for (unsigned class = 0; class < MESSAGES_CLASSES; class ++) {
		const uint64_t count = trunk->messages.count->ended[way][method][class];

		if (!count)
			continue;
		buf_printf(out, "tandem_%s{", name);
		metrics_party(out, trunk);
		buf_printf(out, ",direction=\"%s\",method=\"%s\",code=\"%uxx\"} %llu\n",
			way == LIMIT_IN ? "in" : "out", messages_name(method), class + 2,
			(unsigned long long)count);
	}
}

static void print_messages(
	const struct verbs_context *context, enum trunk_kind kind, struct buf *out)
{
	const char *name =
		kind == TRUNK_GATEWAY ? "trunk_messages_total" : "server_messages_total";
	const struct trunk *trunk;

	metrics_head(out, name, "counter",
		"Requests beside calls that came from it, or were offered to it, by "
		"method and final response.");
	for (unsigned i = 0; (trunk = trunks_at(context->trunks, kind, i)); i++) {
		if (!trunk->messages.count)
			continue;
		for (unsigned way = 0; way < LIMIT_WAYS; way++)
			for (unsigned method = 0; method < MESSAGES_METHODS; method++)
				print_messages_of(out, name, trunk, way, method);
	}
}

static void print_redirects(
	const struct verbs_context *context, enum trunk_kind kind, struct buf *out)
{
	static const char *const results[] = {"refused", "followed", "passed"};
	const char *name = kind == TRUNK_GATEWAY ? "trunk_redirects_total"
						 : "server_redirects_total";
	const struct trunk *trunk;

	metrics_head(out, name, "counter",
		"Its 3xx to calls that it was asked to take, by what became of them.");
	for (unsigned i = 0; (trunk = trunks_at(context->trunks, kind, i)); i++) {
		for (unsigned result = 0; result < TRUNK_REDIRECTS; result++) {
			buf_printf(out, "tandem_%s{", name);
			metrics_party(out, trunk);
			buf_printf(out, ",result=\"%s\"} %llu\n", results[result],
				(unsigned long long)trunk->redirected[result]);
		}
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
		metrics_head(out, rows[row].name, rows[row].type, rows[row].help);
		for (unsigned i = 0;
			(trunk = trunks_at(context->trunks, TRUNK_GATEWAY, i)); i++) {
			if (!trunk->registration)
				continue;
			buf_printf(out, "tandem_%s{", rows[row].name);
			metrics_party(out, trunk);
			buf_printf(out, "} %llu\n",
				(unsigned long long)rows[row].value(trunk->registration));
		}
	}
}

static void print_bucket(struct buf *out, const char *name, const struct trunk *trunk,
	unsigned bucket, uint64_t count)
{
	buf_printf(out, "tandem_%s_bucket{", name);
	metrics_party(out, trunk);
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
	metrics_party(out, trunk);
	buf_printf(out, "} %.6f\ntandem_%s_count{", (double)total->delay_us / 1e6, name);
	metrics_party(out, trunk);
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
			metrics_head(out, name, "histogram",
				"From our INVITE to ringing or the answer.");
		first = false;
		print_delays_of(out, name, trunk);
	}
}

void metrics_trunks(const struct verbs_context *context, struct buf *out)
{
	print_trunks(context, TRUNK_SERVER, out);
	print_trunks(context, TRUNK_GATEWAY, out);
	print_health(context, TRUNK_SERVER, out);
	print_health(context, TRUNK_GATEWAY, out);
	print_limits(context, out);
	print_trunk_limits(context, TRUNK_SERVER, out);
	print_trunk_limits(context, TRUNK_GATEWAY, out);
	print_messages(context, TRUNK_SERVER, out);
	print_messages(context, TRUNK_GATEWAY, out);
	print_redirects(context, TRUNK_SERVER, out);
	print_redirects(context, TRUNK_GATEWAY, out);
	print_registrations(context, out);
	print_delays(context, TRUNK_SERVER, out);
	print_delays(context, TRUNK_GATEWAY, out);
}
