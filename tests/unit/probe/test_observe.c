/* Which trunks are observed, how often, and what their verdicts say; the probes' results are
 * those of the test. */
#include "../trunk/plain.h"

#include "base/log.h"
#include "probe/observe.h"
#include "probe/probe_priv.h"

#include <stdio.h>
#include <string.h>

#define INTERVAL "observe-interval = 60s\n"
#define MINUTE_MS 60000
#define MANY 20

static struct plain plain;
static struct observe *observe;

/* ---- probes ---- */

static struct probe_params probes[200];
static bool probe_is_open[200];
static unsigned probe_count, open_count, open_most, cancelled;

int probe_start(
	struct probe **ret, const struct probe_params *params, struct err_text *text)
{
	(void)text;
	assert_true(probe_count < 200);
	assert_true(params->quiet);
	probes[probe_count] = *params;
	probe_is_open[probe_count] = true;
	*ret = (struct probe *)(void *)&probes[probe_count++];
	if (++open_count > open_most)
		open_most = open_count;
	return 0;
}

static void close_probe(unsigned index)
{
	assert_true(probe_is_open[index]);
	probe_is_open[index] = false;
	open_count--;
}

void probe_cancel(struct probe *probe)
{
	if (!probe)
		return;
	cancelled++;
	close_probe((unsigned)((struct probe_params *)(void *)probe - probes));
}

const char *probe_step_name(enum probe_step_kind kind)
{
	return kind == PROBE_TCP ? "tcp" : kind == PROBE_TLS ? "tls" : "other";
}

const char *probe_verdict_name(enum probe_verdict verdict)
{
	return verdict == PROBE_OK ? "ok" : "other";
}

void probe_context(const struct config *config, enum trunk_kind kind,
	const struct config_trunk *settings, struct explain_context *ret)
{
	(void)config;
	assert_int_equal(kind, TRUNK_GATEWAY);
	*ret = (struct explain_context){settings->file, "[gateway]", settings->host,
		settings->certs.trust, "", settings->certs.certificate};
}

/* The probe of that number ends so; FAILED is PROBE_STEPS: it would work. */
static void end_probe(unsigned index, enum probe_step_kind step, const char *words)
{
	static struct probe_result result;

	memset(&result, 0, sizeof(result));
	result.wall_us = plain.clock.wall_us;
	result.failed = step;
	result.steps[PROBE_SRTP].verdict = PROBE_OK;
	if (step != PROBE_STEPS)
		snprintf(result.steps[step].words, sizeof(result.steps[step].words), "%s",
			words);
	close_probe(index);
	probes[index].h(probes[index].arg, &result);
}

/* The next one of the only trunk. */
static void end_next(enum probe_step_kind step, const char *words)
{
	unsigned index = probe_count;

	for (unsigned i = 0; i < 3 && probe_count == index; i++) {
		clock_virtual_advance(&plain.clock, MINUTE_MS * 1000 / 2);
		loop_turn(plain.loop, 0);
	}
	assert_int_equal(probe_count, index + 1);
	end_probe(index, step, words);
}

/* ---- the log ---- */

static unsigned said;
static char last_line[2000];

static void line_h(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	if (!strstr(line, "event=observe"))
		return;
	said++;
	snprintf(last_line, sizeof(last_line), "%s", line);
}

/* ---- the lab ---- */

static int setup(void **state)
{
	struct observe_params params;

	(void)state;
	plain_start(&plain);
	clock_virtual_advance(&plain.clock, 1000000);
	params = (struct observe_params){
		.loop = plain.loop, .resolver = plain.resolver, .trunks = plain.trunks};
	assert_int_equal(observe_new(&observe, &params), 0);
	probe_count = open_count = open_most = cancelled = said = 0;
	log_set_sink(line_h, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	log_set_sink(NULL, NULL);
	observe_free(observe);
	plain_stop(&plain);
	assert_int_equal(open_count, 0);
	return 0;
}

static void apply(const struct plain_gateway *gateways)
{
	plain_apply(&plain, gateways);
	observe_apply(observe);
}

static struct observe_verdict verdict_of(const char *id)
{
	struct observe_verdict verdict;

	assert_true(observe_find(observe, id, &verdict));
	return verdict;
}

static const struct plain_gateway one[] = {
	{.id = "a", .host = "192.0.2.1", .observed = INTERVAL}, {.id = NULL}};

/* ---- cases ---- */

static void those_that_say_so_are_observed(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "a", .host = "192.0.2.1", .observed = INTERVAL},
		{.id = "b", .host = "192.0.2.2"},
		{.id = "c", .host = "192.0.2.3", .observed = INTERVAL, .disabled = true},
		{.id = NULL}};
	struct observe_verdict verdict;

	(void)state;
	apply(gateways);
	assert_false(observe_find(observe, "b", &verdict));
	assert_false(observe_find(observe, "c", &verdict));
	assert_false(observe_find(observe, "x", &verdict));
	verdict = verdict_of("a");
	assert_int_equal(verdict.state, OBSERVE_UNKNOWN);
	assert_int_equal(verdict.inbound->verdict, PROBE_UNKNOWN);
	assert_int_equal(verdict.checked_us, 0);
}

static void a_few_are_probed_at_once(void **state)
{
	static char ids[MANY][8];
	struct plain_gateway gateways[MANY + 1] = {{.id = NULL}};

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(ids[i], sizeof(ids[i]), "g%u", i);
		gateways[i] = (struct plain_gateway){
			.id = ids[i], .host = "192.0.2.1", .observed = INTERVAL};
	}
	apply(gateways);
	clock_virtual_advance(&plain.clock, MINUTE_MS * 1000);
	loop_turn(plain.loop, 0);
	assert_int_equal(probe_count, OBSERVE_PROBES_MAX);
	for (unsigned i = 0; i < MANY; i++)
		end_probe(i, PROBE_STEPS, "");
	assert_int_equal(probe_count, MANY);
	assert_int_equal(open_most, OBSERVE_PROBES_MAX);
	/* and again within the interval and a tenth */
	clock_virtual_advance(&plain.clock, MINUTE_MS * 1100);
	loop_turn(plain.loop, 0);
	assert_int_equal(probe_count, MANY + OBSERVE_PROBES_MAX);
}

static void a_verdict_is_said_when_it_changes(void **state)
{
	struct observe_verdict verdict;
	uint64_t since_us;

	(void)state;
	apply(one);
	end_next(PROBE_STEPS, "");
	since_us = plain.clock.wall_us;
	end_next(PROBE_STEPS, "");
	end_next(PROBE_STEPS, "");
	verdict = verdict_of("a");
	assert_int_equal(verdict.state, OBSERVE_WORKS);
	assert_int_equal(verdict.since_us, since_us);
	assert_int_equal(verdict.checked_us, plain.clock.wall_us);
	assert_int_equal(verdict.probes, 3);
	assert_int_equal(said, 1);
	assert_non_null(strstr(last_line, "trunk=a event=observe verdict=would-work"));
	end_next(PROBE_TLS, "expired");
	end_next(PROBE_TLS, "expired");
	verdict = verdict_of("a");
	assert_int_equal(verdict.state, OBSERVE_FAILS);
	assert_string_equal(verdict.step, "tls");
	assert_string_equal(verdict.words, "expired");
	assert_int_equal(verdict.probes, 2);
	assert_int_equal(said, 2);
	assert_non_null(strstr(last_line, "verdict=would-fail step=tls"));
	end_next(PROBE_TLS, "revoked");
	assert_int_equal(said, 3);
	/* addresses come in no order */
	end_next(PROBE_TCP, "x refused; y refused");
	end_next(PROBE_TCP, "y refused; x refused");
	assert_int_equal(said, 4);
	assert_string_equal(verdict_of("a").words, "y refused; x refused");
	end_next(PROBE_STEPS, "");
	assert_int_equal(said, 5);
	assert_string_equal(verdict_of("a").words, "");
	assert_int_equal(verdict_of("a").probes, 1);
}

static void a_reload_keeps_a_verdict_that_it_does_not_touch(void **state)
{
	static const struct plain_gateway busier[] = {
		{.id = "a", .host = "192.0.2.1", .max_calls = 9, .observed = INTERVAL},
		{.id = NULL}};
	static const struct plain_gateway other[] = {
		{.id = "a",
			.host = "192.0.2.1",
			.observed = INTERVAL "probe-number = 99\n"},
		{.id = NULL}};
	static const struct plain_gateway switched[] = {
		{.id = "a", .host = "192.0.2.1"}, {.id = NULL}};
	struct observe_verdict verdict;

	(void)state;
	apply(one);
	end_next(PROBE_STEPS, "");
	apply(busier);
	assert_int_equal(verdict_of("a").state, OBSERVE_WORKS);
	apply(other);
	assert_int_equal(verdict_of("a").state, OBSERVE_UNKNOWN);
	end_next(PROBE_STEPS, "");
	/* one that is under way ends with what it is for */
	clock_virtual_advance(&plain.clock, MINUTE_MS * 1100);
	loop_turn(plain.loop, 0);
	assert_int_equal(open_count, 1);
	apply(switched);
	assert_int_equal(cancelled, 1);
	assert_false(observe_find(observe, "a", &verdict));
	clock_virtual_advance(&plain.clock, MINUTE_MS * 2000);
	loop_turn(plain.loop, 0);
	assert_int_equal(open_count, 0);
}

static void each_of_its_hosts_has_to_do(void **state)
{
	static const struct plain_gateway two[] = {
		{.id = "a", .host = "192.0.2.1, 192.0.2.2", .observed = INTERVAL},
		{.id = NULL}};
	static const struct plain_gateway others[] = {
		{.id = "a", .host = "192.0.2.1, 192.0.2.3", .observed = INTERVAL},
		{.id = NULL}};

	(void)state;
	apply(two);
	end_next(PROBE_STEPS, "");
	assert_int_equal(verdict_of("a").state, OBSERVE_UNKNOWN);
	assert_int_equal(probe_count, 2); /* of the second, at once */
	assert_int_equal(probes[0].name, 0);
	assert_int_equal(probes[1].name, 1);
	end_probe(1, PROBE_TLS, "expired");
	assert_int_equal(verdict_of("a").state, OBSERVE_FAILS);
	assert_string_equal(verdict_of("a").words, "expired");
	assert_int_equal(verdict_of("a").probes, 1);
	end_next(PROBE_TCP, "refused");
	assert_int_equal(probes[2].name, 0);
	assert_int_equal(probe_count, 3); /* the fault of the first does */
	assert_string_equal(verdict_of("a").words, "refused");
	end_next(PROBE_STEPS, "");
	end_probe(4, PROBE_STEPS, "");
	assert_int_equal(verdict_of("a").state, OBSERVE_WORKS);
	apply(others);
	assert_int_equal(verdict_of("a").state, OBSERVE_UNKNOWN);
}

static void a_shorter_interval_counts_at_once(void **state)
{
	static const struct plain_gateway rare[] = {
		{.id = "a",
			.host = "192.0.2.1",
			.observed = "observe-interval "
				    "= 1d\n"},
		{.id = NULL}};

	(void)state;
	apply(rare);
	end_next(PROBE_STEPS, "");
	apply(one);
	end_next(PROBE_STEPS, "");
	assert_int_equal(verdict_of("a").probes, 2);
}

/* A connection that the far end made and that was refused, CLAIMS as a name of a peer. */
static void come_badly(const char *from, const char *claims)
{
	static struct explain_report report;
	struct flow flow = {
		.kind = TRANSPORT_TLS, .report = &report, .version = "", .cipher = ""};

	memset(&report, 0, sizeof(report));
	report.fault = CHANNEL_REFUSED_BY_US;
	report.rule = report.verdict.rule = PEER_ISSUER;
	snprintf(report.verdict.claims, sizeof(report.verdict.claims), "%s", claims);
	assert_int_equal(addr_parse(&flow.remote, from, 0), 0);
	observe_judged_h(observe, &flow);
}

static void come_well(const char *from)
{
	struct flow flow = {.kind = TRANSPORT_TLS,
		.peer = plain_find(&plain, "a")->peer,
		.version = "TLS1.3",
		.cipher = "AES-256-GCM",
		.peer_names = "DNS:a"};

	assert_non_null(flow.peer);
	assert_int_equal(addr_parse(&flow.remote, from, 0), 0);
	observe_judged_h(observe, &flow);
}

static void their_connections_count_too(void **state)
{
	struct observe_verdict verdict;

	(void)state;
	apply(one);
	end_next(PROBE_STEPS, "");
	come_well("192.0.2.1:33000");
	verdict = verdict_of("a");
	assert_int_equal(verdict.inbound->verdict, PROBE_OK);
	assert_string_equal(verdict.inbound->words,
		"accepted: TLS1.3 AES-256-GCM with DNS:a from 192.0.2.1");
	assert_int_equal(verdict.inbound_us, plain.clock.wall_us);
	assert_int_equal(verdict.state, OBSERVE_WORKS);
	assert_int_equal(said, 1);
	come_badly("192.0.2.1:33001", "trunk a");
	verdict = verdict_of("a");
	assert_int_equal(verdict.state, OBSERVE_FAILS);
	assert_string_equal(verdict.step, "tls-in");
	assert_non_null(strstr(verdict.words, "rule=issuer"));
	assert_true(verdict.fix[0] != '\0');
	/* once, however often it comes */
	come_badly("192.0.2.1:33002", "trunk a");
	end_next(PROBE_STEPS, "");
	assert_int_equal(said, 2);
	/* a fault of the probe goes before, and hides nothing */
	end_next(PROBE_TLS, "expired");
	come_badly("192.0.2.1:33003", "trunk a");
	assert_string_equal(verdict_of("a").step, "tls");
	end_next(PROBE_STEPS, "");
	assert_string_equal(verdict_of("a").step, "tls-in");
	come_well("198.51.100.7:33000");
	assert_int_equal(verdict_of("a").state, OBSERVE_WORKS);
	assert_int_equal(said, 5);
}

static void strangers_do_not_count(void **state)
{
	(void)state;
	apply(one);
	end_next(PROBE_STEPS, "");
	come_badly("198.51.100.7:33000", "trunk a");
	come_badly("192.0.2.1:33000", "trunk b");
	assert_int_equal(verdict_of("a").state, OBSERVE_WORKS);
	assert_int_equal(verdict_of("a").inbound->verdict, PROBE_UNKNOWN);
}

static void an_old_refusal_counts_no_more(void **state)
{
	(void)state;
	apply(one);
	come_badly("192.0.2.1:33000", "");
	assert_string_equal(verdict_of("a").step, "tls-in");
	end_next(PROBE_STEPS, "");
	assert_int_equal(verdict_of("a").state, OBSERVE_FAILS);
	clock_virtual_advance(&plain.clock, OBSERVE_REFUSED_MS * (uint64_t)1000);
	end_next(PROBE_STEPS, "");
	assert_int_equal(verdict_of("a").state, OBSERVE_WORKS);
	assert_int_equal(verdict_of("a").inbound->verdict, PROBE_FAILED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(those_that_say_so_are_observed),
		CASE(a_few_are_probed_at_once),
		CASE(a_verdict_is_said_when_it_changes),
		CASE(a_reload_keeps_a_verdict_that_it_does_not_touch),
		CASE(each_of_its_hosts_has_to_do),
		CASE(a_shorter_interval_counts_at_once),
		CASE(their_connections_count_too),
		CASE(strangers_do_not_count),
		CASE(an_old_refusal_counts_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
