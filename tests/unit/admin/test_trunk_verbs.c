/* The verbs of trunks and servers, against a small made-up server. */
#include "verbs_test.h"

#include "../fakes/fakes.h"

#include "trunk/drains.h"
#include "trunk/registration.h"

#include <stdio.h>
#include <string.h>

static struct probe_result a_result(void)
{
	struct probe_result found = {.failed = PROBE_TLS, .wall_us = 1};

	found.steps[PROBE_TLS].verdict = PROBE_FAILED;
	found.steps[PROBE_TLS].ms = 12;
	snprintf(found.steps[PROBE_TLS].words, sizeof(found.steps[PROBE_TLS].words),
		"tls refused \xff");
	return found;
}

static void a_probe_answers_when_it_is_done(void **state)
{
	struct probe_result found = a_result();
	const json_t *step;

	(void)state;
	assert_int_equal(ask("trunk", "explain", "x", NULL), API_NOT_FOUND);
	assert_int_equal(ask("trunk", "explain", "carrier-a", NULL), API_PENDING);
	assert_int_equal(answers, 0);
	assert_ptr_equal(probes[0].trunk, &gateway_trunk);
	assert_int_equal(gateway_trunk.refs, 1);
	probes[0].h(probes[0].arg, &found);
	assert_int_equal(answers, 1);
	assert_int_equal(answer_code, API_OK);
	assert_int_equal(gateway_trunk.refs, 0);
	assert_string_equal(word(result, "id"), "carrier-a");
	assert_string_equal(word(result, "kind"), "trunk");
	assert_string_equal(word(result, "tls"), "no");
	assert_true(json_is_false(json_object_get(result, "would_work")));
	step = json_array_get(json_object_get(result, "steps"), PROBE_TLS);
	assert_string_equal(word(step, "step"), "tls");
	assert_string_equal(word(step, "verdict"), "failed");
	assert_string_equal(word(step, "words"), "tls refused ?");
	assert_int_equal(number(step, "ms"), 12);

	found.failed = PROBE_STEPS;
	assert_int_equal(ask("server", "explain", "pbx1", NULL), API_PENDING);
	probes[1].h(probes[1].arg, &found);
	assert_string_equal(word(result, "kind"), "server");
	assert_string_equal(word(result, "tls"), "yes");
	assert_true(json_is_true(json_object_get(result, "would_work")));
	assert_int_equal(probes_cancelled, 0);
}

static void each_host_is_probed_and_one_that_fails_counts(void **state)
{
	struct probe_result found = a_result(), good = found;
	const json_t *steps;

	(void)state;
	good.failed = PROBE_STEPS;
	found.wall_us = 2000000;
	good.wall_us = 1000000;
	gateway.common.hosts.count = 2;
	assert_int_equal(ask("trunk", "explain", "carrier-a", NULL), API_PENDING);
	assert_int_equal(probes[0].name, 0);
	assert_int_equal(probes[1].name, 1);
	probes[1].h(probes[1].arg, &found);
	gateway.common.hosts.count = 1; /* a reload */
	assert_int_equal(answers, 0);
	assert_int_equal(gateway_trunk.refs, 1);
	probes[0].h(probes[0].arg, &good);
	assert_int_equal(answers, 1);
	assert_int_equal(gateway_trunk.refs, 0);
	assert_true(json_is_false(json_object_get(result, "would_work")));
	assert_string_equal(word(result, "checked"), "1970-01-01T00:00:01.000000Z");
	steps = json_object_get(result, "steps");
	assert_int_equal(json_array_size(steps), 2 * PROBE_STEPS);
	assert_string_equal(word(json_array_get(steps, 0), "host"), "sbc.example");
	assert_string_equal(
		word(json_array_get(steps, PROBE_STEPS), "host"), "sbc2.example");
	/* who gives up ends those that are left */
	gateway.common.hosts.count = 2;
	assert_int_equal(ask("trunk", "explain", "carrier-a", NULL), API_PENDING);
	probes[2].h(probes[2].arg, &good);
	api_abandon(asked);
	assert_int_equal(probes_cancelled, 1);
	assert_int_equal(context.jobs[VERBS_JOB_EXPLAIN], 0);
}

static void a_probe_that_nobody_waits_for_ends(void **state)
{
	(void)state;
	assert_int_equal(ask("trunk", "explain", "carrier-a", NULL), API_PENDING);
	api_abandon(asked);
	assert_int_equal(probes_cancelled, 1);
	assert_int_equal(gateway_trunk.refs, 0);
	assert_int_equal(context.jobs[VERBS_JOB_EXPLAIN], 0);
	assert_int_equal(answers, 0);
}

static void trunks_and_servers_are_listed_and_shown(void **state)
{
	const json_t *row;

	(void)state;
	assert_int_equal(ask("trunk", "list", NULL, NULL), API_OK);
	row = json_array_get(result, 0);
	assert_string_equal(word(row, "id"), "carrier-a");
	assert_string_equal(word(row, "state"), "ready");
	assert_string_equal(word(row, "transport"), "UDP");
	assert_string_equal(word(row, "last_error"), "bad ?");
	assert_string_equal(word(row, "last_error_at"), "2023-11-14T22:13:20Z");
	assert_int_equal(number(row, "calls_max"), 60);
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(result, "suites"), 0)),
		"AES_CM_128_HMAC_SHA1_80");
	assert_int_equal(ask("trunk", "show", "x", NULL), API_NOT_FOUND);
	assert_string_equal(text.text, "no such trunk: x");
	assert_int_equal(ask("server", "list", NULL, NULL), API_OK);
	assert_string_equal(word(json_array_get(result, 0), "srtp"), "required");
	assert_int_equal(ask("server", "show", "pbx1", NULL), API_OK);
	row = json_array_get(json_object_get(result, "connections"), 0);
	assert_string_equal(word(row, "tls_version"), "TLS1.3");
	assert_string_equal(word(row, "peer_names"), "DNS:?");
	assert_true(json_is_null(json_object_get(row, "asked_for_our_certificate")));
	assert_string_equal(word(result, "mutual"), "lax");
	assert_string_equal(word(result, "wildcard"), "no");
	flow.asked = FLOW_ASKED_NO;
	assert_int_equal(ask("server", "show", "pbx1", NULL), API_OK);
	row = json_array_get(json_object_get(result, "connections"), 0);
	assert_true(json_is_false(json_object_get(row, "asked_for_our_certificate")));
	flow.asked = FLOW_ASKED_YES;
	assert_int_equal(ask("server", "show", "pbx1", NULL), API_OK);
	row = json_array_get(json_object_get(result, "connections"), 0);
	assert_true(json_is_true(json_object_get(row, "asked_for_our_certificate")));
	assert_int_equal(ask("server", "show", "carrier-a", NULL), API_NOT_FOUND);
}

/* The object of LIMIT in what was asked last. */
static const json_t *limit_of(const char *limit)
{
	const json_t *array = json_object_get(result, "limits");

	for (size_t i = 0; i < json_array_size(array); i++)
		if (!strcmp(word(json_array_get(array, i), "limit"), limit))
			return json_array_get(array, i);
	fail_msg("no %s", limit);
	return NULL;
}

static void limits_are_shown_with_their_use(void **state)
{
	(void)state;
	gateway_trunk.calls = 3;
	for (unsigned i = 0; i < TRUNK_REDIRECTS; i++)
		gateway_trunk.redirected[i] = i + 1;
	gateway_trunk.use = (struct limit_use){
		.out = 2, .early = 1, .reached = {[LIMIT_RATE_OUT] = 4}};
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	assert_int_equal(json_array_size(json_object_get(result, "limits")), 7);
	assert_int_equal(number(limit_of("max-calls"), "used"), 3);
	assert_int_equal(number(limit_of("max-calls"), "most"), 60);
	assert_int_equal(number(limit_of("max-calls-in"), "used"), 1);
	assert_true(json_is_null(json_object_get(limit_of("max-calls-in"), "most")));
	assert_int_equal(number(limit_of("max-calls-out"), "used"), 2);
	assert_int_equal(number(limit_of("max-early"), "used"), 1);
	assert_int_equal(number(limit_of("max-rate-out"), "most"), 5);
	assert_int_equal(number(limit_of("max-rate-out"), "reached"), 4);
	assert_int_equal(ask("status", "", NULL, NULL), API_OK);
	assert_int_equal(number(limit_of("max-calls"), "reached"), 3);
	assert_int_equal(number(limit_of("max-early"), "most"), 5);
	assert_int_equal(ask("metrics", "", NULL, NULL), API_OK);
	expect_metric("\ntandem_calls_early 1\n");
	expect_metric("\ntandem_limited_total{limit=\"max-calls\"} 3\n"
		      "tandem_limited_total{limit=\"max-early\"} 0\n#");
	expect_metric("\ntandem_trunk_redirects_total{trunk=\"carrier-a\",result="
		      "\"refused\"} 1\n"
		      "tandem_trunk_redirects_total{trunk=\"carrier-a\",result="
		      "\"followed\"} 2\n"
		      "tandem_trunk_redirects_total{trunk=\"carrier-a\",result="
		      "\"passed\"} 3\n");
	expect_metric("\ntandem_server_redirects_total{server=\"pbx1\",result="
		      "\"refused\"} 0\n");
	expect_metric("\ntandem_trunk_calls_out{trunk=\"carrier-a\"} 2\n");
	expect_metric("\ntandem_trunk_calls_early{trunk=\"carrier-a\"} 1\n");
	expect_metric(
		"\ntandem_trunk_limited_total{trunk=\"carrier-a\",limit=\"max-calls\"} "
		"0\n"
		"tandem_trunk_limited_total{trunk=\"carrier-a\",limit=\"max-rate-out\"} "
		"4\n#");
}

/* By what name it knows us, with which certificate, and what became of that on each connection. */
static void it_is_shown_who_we_are_to_it(void **state)
{
	static char host[] = "a.tenants.example";
	const json_t *row;

	(void)state;
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	assert_string_equal(word(result, "contact_host"), "");
	assert_true(json_is_null(json_object_get(result, "presented")));
	assert_int_equal(ask("server", "show", "pbx1", NULL), API_OK);
	assert_string_equal(word(result, "contact_host"), "sbc.example");
	assert_true(json_is_null(json_object_get(result, "presented")));
	row = json_array_get(json_object_get(result, "connections"), 0);
	assert_string_equal(word(row, "server_name"), "");
	assert_string_equal(word(row, "presented"), "");
	server.common.contact_host = host;
	server_trunk.cred = (struct cred *)(void *)host;
	fakes.own_expires = 1700000000;
	flow.server_name = "a.tenants.example\xff";
	flow.ours = "own.pem";
	assert_int_equal(ask("server", "show", "pbx1", NULL), API_OK);
	assert_string_equal(word(result, "contact_host"), host);
	row = json_object_get(result, "presented");
	assert_string_equal(word(row, "file"), "own.pem");
	assert_string_equal(word(row, "name"), "a.tenants.example?");
	assert_string_equal(word(row, "not_after"), "2023-11-14T22:13:20Z");
	assert_true(json_is_true(json_object_get(row, "own")));
	row = json_array_get(json_object_get(result, "connections"), 0);
	assert_string_equal(word(row, "server_name"), "a.tenants.example?");
	assert_string_equal(word(row, "presented"), "own.pem");
}

static void a_registration_is_shown_with_its_bindings(void **state)
{
	struct binding first = {.aor = "sip:1@c.example",
		.state = BINDING_REGISTERED,
		.bound = true,
		.since = 1795305600,
		.expires = 1795309200,
		.next = 1795308600,
		.status = 200,
		.status_at = 1795305600,
		.failures = 2};
	struct binding second = {.aor = "sip:2@c.example",
		.state = BINDING_WAITING,
		.since = 1795305600,
		.status = 403,
		.failures = 5,
		.why = "refused with 403"};
	struct binding *bindings[] = {&first, &second};
	struct registration registration = {
		.required = true, .bindings = bindings, .count = 2};
	const json_t *shown, *row;

	(void)state;
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	assert_true(json_is_null(json_object_get(result, "registration")));
	assert_true(json_is_null(json_object_get(result, "registered")));
	gateway_trunk.registration = &registration;
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	assert_true(json_is_true(json_object_get(result, "registered")));
	shown = json_object_get(result, "registration");
	assert_int_equal(number(shown, "registered_count"), 1);
	row = json_array_get(json_object_get(shown, "bindings"), 0);
	assert_string_equal(word(row, "identity"), "sip:1@c.example");
	assert_string_equal(word(row, "state"), "registered");
	assert_string_equal(word(row, "expires"), "2026-11-22T01:00:00Z");
	assert_true(json_is_null(json_object_get(row, "address")));
	row = json_array_get(json_object_get(shown, "bindings"), 1);
	assert_string_equal(word(row, "state"), "waiting");
	assert_true(json_is_null(json_object_get(row, "expires")));
	assert_int_equal(number(row, "last_status"), 403);
	assert_string_equal(word(row, "error"), "refused with 403");
	assert_int_equal(ask("metrics", "", NULL, NULL), API_OK);
	expect_metric("\ntandem_trunk_registered{trunk=\"carrier-a\"} 1\n");
	expect_metric("\ntandem_trunk_registered_identities{trunk=\"carrier-a\"} 1\n");
	expect_metric("\ntandem_trunk_registration_expires_timestamp_seconds{"
		      "trunk=\"carrier-a\"} 1795309200\n");
	expect_metric("\ntandem_trunk_register_failures_total{trunk=\"carrier-a\"} 7\n");
	/* it is lost: no calls to it, and the list says so */
	first.bound = false;
	assert_int_equal(ask("trunk", "list", NULL, NULL), API_OK);
	assert_string_equal(word(json_array_get(result, 0), "state"), "unregistered");
	gateway_trunk.registration = NULL;
}

static void a_trunk_is_drained_and_resumed(void **state)
{
	(void)state;
	assert_int_equal(await(ask("trunk", "drain", "carrier-a", NULL)), API_OK);
	assert_true(gateway_trunk.drained);
	assert_string_equal(word(result, "state"), "drained");
	assert_int_equal(await(ask("trunk", "resume", "carrier-a", NULL)), API_OK);
	assert_false(gateway_trunk.drained);
	assert_int_equal(ask("trunk", "drain", "x", NULL), API_NOT_FOUND);
	assert_int_equal(ask("trunk", "drain", "carrier-a", "--reason"), API_USAGE);
	assert_int_equal(await(ask("server", "drain", "pbx1", NULL)), API_OK);
	assert_true(server_trunk.drained);
	assert_int_equal(await(ask("server", "resume", "pbx1", NULL)), API_OK);
	assert_false(server_trunk.drained);
	assert_int_equal(ask("server", "resume", "carrier-a", NULL), API_NOT_FOUND);
}

static void a_drain_is_told_with_who_and_when(void **state)
{
	(void)state;
	assert_int_equal(await(ask("trunk", "drain", "carrier-a", NULL)), API_OK);
	assert_string_equal(word(result, "drained_by"), "test");
	assert_true(json_is_null(json_object_get(result, "drain_reason")));
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	assert_string_equal(word(result, "drained_by"), "test");
	assert_int_equal(strlen(word(result, "drained_since")), 20);
	assert_int_equal(await(ask("trunk", "resume", "carrier-a", NULL)), API_OK);
	assert_true(json_is_null(json_object_get(result, "drained_since")));
}

static const json_t *figures_of(const char *span)
{
	return json_object_get(json_object_get(result, "figures"), span);
}

/* Two calls of four answered, one more was busy; they talked for a minute each. */
static void figures_are_told_and_begin_anew(void **state)
{
	struct figures *figures = &gateway_trunk.figures;
	const uint64_t now_us = clock_real()->mono_us(clock_real());

	(void)state;
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	assert_true(
		json_is_null(json_object_get(figures_of("last_hour"), "asr_percent")));
	assert_true(json_is_null(json_object_get(figures_of("last_hour"), "acd_us")));
	assert_string_equal(word(json_object_get(result, "figures"), "reset_at"),
		"2020-09-13T12:26:40Z");
	figures_add(figures, now_us, FIGURES_ANSWERED);
	figures_add(figures, now_us, FIGURES_ANSWERED);
	figures_add(figures, now_us, FIGURES_EFFECTIVE);
	figures_add(figures, now_us, FIGURES_FAILED);
	figures_add_delay(figures, now_us, 250000);
	figures_add_talk(figures, now_us, 50000000);
	figures_add_talk(figures, now_us, 70000000);
	gateway_trunk.calls_total = 9;
	gateway_trunk.calls_failed = 2;
	gateway_trunk.proof.asked = 7;
	gateway_trunk.proof.wrong_total = 3;
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	assert_true(json_real_value(json_object_get(
			    figures_of("since_reset"), "asr_percent")) == 50.0);
	assert_true(json_real_value(json_object_get(
			    figures_of("last_hour"), "ner_percent")) == 75.0);
	assert_int_equal(number(figures_of("last_hour"), "acd_us"), 60000000);
	assert_int_equal(number(figures_of("last_hour"), "pdd_mean_us"), 250000);
	assert_int_equal(number(figures_of("last_hour"), "pdd_median_us"), 250000);
	assert_int_equal(number(result, "calls_total"), 9);
	assert_int_equal(number(json_object_get(result, "auth"), "asked"), 7);
	assert_int_equal(number(json_object_get(result, "auth"), "wrong"), 3);
	assert_true(
		json_is_null(json_object_get(json_object_get(result, "auth"), "user")));
	assert_int_equal(ask("counters", "reset", "nobody", NULL), API_NOT_FOUND);
	assert_int_equal(ask("counters", "reset", "carrier-a", NULL), API_OK);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(result, "reset"), 0)),
		"trunk carrier-a");
	assert_int_equal(json_array_size(json_object_get(result, "reset")), 1);
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	assert_int_equal(number(figures_of("since_reset"), "attempts"), 0);
	assert_int_equal(number(figures_of("last_hour"), "attempts"), 4);
	assert_int_equal(number(result, "calls_total"), 0);
	assert_int_equal(number(result, "calls_failed"), 0);
	/* what is scraped goes on */
	assert_int_equal(ask("metrics", "", NULL, NULL), API_OK);
	expect_metric("\ntandem_trunk_calls_total{trunk=\"carrier-a\"} 9\n");
	expect_metric("\ntandem_trunk_passwords_wrong_total{trunk=\"carrier-a\"} 3\n");
	expect_metric("\ntandem_trunk_attempts_total{trunk=\"carrier-a\"} 4\n");
	expect_metric("\ntandem_trunk_answered_total{trunk=\"carrier-a\"} 2\n");
	expect_metric("\ntandem_trunk_effective_total{trunk=\"carrier-a\"} 3\n");
	expect_metric("\ntandem_trunk_talk_seconds_total{trunk=\"carrier-a\"} 120\n");
	expect_metric("\ntandem_trunk_post_dial_delay_seconds_bucket{trunk=\"carrier-a\","
		      "le=\"0.2\"} 0\n");
	expect_metric("\ntandem_trunk_post_dial_delay_seconds_bucket{trunk=\"carrier-a\","
		      "le=\"0.3\"} 1\n");
	expect_metric(
		"\ntandem_trunk_post_dial_delay_seconds_bucket{trunk=\"carrier-a\","
		"le=\"+Inf\"} 1\n"
		"tandem_trunk_post_dial_delay_seconds_sum{trunk=\"carrier-a\"} "
		"0.250000\n"
		"tandem_trunk_post_dial_delay_seconds_count{trunk=\"carrier-a\"} 1\n");
	figures_free(figures);
}

static void tls_is_switched_by_what_the_file_says_now(void **state)
{
	(void)state;
	file_says = CONFIG_TLS_YES;
	assert_int_equal(ask("trunk", "tls", "carrier-a", "on"), API_OK);
	assert_int_equal(reloads, 1);
	assert_string_equal(word(result, "tls"), "yes");
	assert_true(json_is_true(json_object_get(result, "changed")));
	assert_int_equal(ask("trunk", "tls", "carrier-a", "on"), API_OK);
	assert_true(json_is_false(json_object_get(result, "changed")));
	assert_int_equal(reloads, 1);
	file_says = CONFIG_TLS_OBSERVE;
	assert_int_equal(ask("trunk", "tls", "carrier-a", "observe"), API_OK);
	assert_string_equal(word(result, "tls"), "observe");
	/* nobody has written it there */
	assert_int_equal(ask("trunk", "tls", "carrier-a", "off"), API_FAILED);
	assert_non_null(strstr(text.text, "carrier-a.conf does not say tls = no"));
	assert_int_equal(ask("trunk", "tls", "carrier-a", "maybe"), API_USAGE);
	assert_int_equal(ask("trunk", "tls", "x", "on"), API_NOT_FOUND);
}

static void an_observed_trunk_is_shown_with_its_verdict(void **state)
{
	static const struct probe_step unknown = {
		.verdict = PROBE_OK, .words = "who knows"};
	const json_t *observed;

	(void)state;
	file_says = CONFIG_TLS_YES;
	gateway.common.tls = CONFIG_TLS_OBSERVE;
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	assert_null(json_object_get(result, "observe"));
	verdict = (struct observe_verdict){.state = OBSERVE_WORKS,
		.since_us = 1795687200000000,
		.checked_us = 1795687260000000,
		.probes = 2,
		.step = "",
		.words = "",
		.fix = "",
		.srtp = &unknown,
		.inbound = &unknown};
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	observed = json_object_get(result, "observe");
	assert_string_equal(word(observed, "verdict"),
		"tls on would work since 2026-11-26 10:00 UTC (2 probes)");
	assert_string_equal(word(observed, "state"), "works");
	assert_string_equal(word(observed, "since"), "2026-11-26T10:00:00Z");
	assert_string_equal(word(observed, "tls_in_words"), "who knows");
	assert_true(json_is_null(json_object_get(observed, "tls_in_at")));
	verdict.state = OBSERVE_FAILS;
	verdict.step = "tls";
	verdict.words = "no \xff";
	verdict.fix = "do it";
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	observed = json_object_get(result, "observe");
	assert_string_equal(
		word(observed, "verdict"), "would fail: tls: no ?; fix: do it");
	assert_int_equal(ask("trunk", "list", NULL, NULL), API_OK);
	assert_string_equal(
		word(json_array_get(result, 0), "tls_state"), "observe: fails tls");
	assert_int_equal(ask("server", "list", NULL, NULL), API_OK);
	assert_string_equal(word(json_array_get(result, 0), "tls_state"), "yes");
	/* switched on all the same, and warned of */
	assert_int_equal(ask("trunk", "tls", "carrier-a", "on"), API_OK);
	assert_int_equal(reloads, 1);
	assert_string_equal(word(result, "warning"), "would fail: tls: no ?; fix: do it");
}

static void a_switch_that_the_reload_refuses_is_told(void **state)
{
	(void)state;
	reload_fails = true;
	assert_int_equal(ask("trunk", "tls", "carrier-a", "on"), API_CONFIG);
	assert_int_equal(json_array_size(json_object_get(result, "errors")), 1);
	assert_string_equal(text.text, "the configuration was refused");
}

/* The health of carrier-a: one address is up, another rests. */
static void make_health(struct trunk *trunk)
{
	const uint64_t now_us = clock_real()->mono_us(clock_real());
	const struct health_time now = {.ms = now_us / 1000, .wall = 1700000000};
	const struct health_rules rules = {
		.down_after = 3, .up_after = 2, .rest_max_ms = 120000};
	struct resolve_answer answer = {.count = 2};

	assert_int_equal(addr_parse(&answer.addrs[0], "192.0.2.1:5060", 0), 0);
	assert_int_equal(addr_parse(&answer.addrs[1], "192.0.2.2:5060", 0), 0);
	assert_int_equal(health_begin(&trunk->health, &rules, 1), 0);
	assert_int_equal(health_learn(trunk, 0, &answer, &now), 0);
	health_report(trunk, 0, &answer.addrs[0],
		&(struct health_report){.layer = HEALTH_SIP,
			.event = HEALTH_ANSWERS,
			.status = 405,
			.round_trip_us = 12500},
		&now);
	health_report(trunk, 0, &answer.addrs[1],
		&(struct health_report){.layer = HEALTH_CALLS,
			.event = HEALTH_ASKS,
			.rest_ms = 60000,
			.status = 503,
			.why = "503 to OPTIONS with Retry-After 60 \xff"},
		&now);
	trunk->options_sent = 7;
	trunk->options_answered = 6;
}

static void each_address_is_shown_with_its_health(void **state)
{
	const json_t *row;

	(void)state;
	make_health(&gateway_trunk);
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	assert_int_equal(number(result, "options_sent"), 7);
	assert_int_equal(number(result, "options_answered"), 6);
	assert_int_equal(json_array_size(json_object_get(result, "health")), 2);
	row = json_array_get(json_object_get(result, "health"), 0);
	assert_string_equal(word(row, "name"), "sbc.example");
	assert_string_equal(word(row, "address"), "192.0.2.1:5060");
	assert_string_equal(word(row, "state"), "up");
	assert_string_equal(word(row, "since"), "2023-11-14T22:13:20Z");
	assert_true(json_is_null(json_object_get(row, "until")));
	assert_string_equal(word(row, "why"), "");
	assert_int_equal(number(row, "last_status"), 405);
	assert_int_equal(number(row, "round_trip_us"), 12500);
	assert_string_equal(word(row, "sip"), "good");
	assert_string_equal(word(row, "calls"), "unknown");
	row = json_array_get(json_object_get(result, "health"), 1);
	assert_string_equal(word(row, "state"), "resting");
	assert_true(json_is_string(json_object_get(row, "until")));
	assert_non_null(strstr(word(row, "why"), "Retry-After 60"));
	assert_true(json_is_null(json_object_get(row, "round_trip_us")));
	assert_string_equal(word(row, "transport"), "good");
	assert_string_equal(word(row, "calls"), "bad");
	assert_int_equal(ask("metrics", "", NULL, NULL), API_OK);
	expect_metric("\ntandem_trunk_address_up{trunk=\"carrier-a\","
		      "address=\"192.0.2.1:5060\"} 1\n"
		      "tandem_trunk_address_up{trunk=\"carrier-a\","
		      "address=\"192.0.2.2:5060\"} 0\n#");
	expect_metric("\ntandem_trunk_address_round_trip_seconds{trunk=\"carrier-a\","
		      "address=\"192.0.2.1:5060\"} 0.0125\n#");
	expect_metric("\ntandem_trunk_options_total{trunk=\"carrier-a\"} 7\n#");
	expect_metric("\ntandem_trunk_options_answered_total{trunk=\"carrier-a\"} 6\n#");
	health_clear(&gateway_trunk.health);
}

/* A name that does not resolve has a row without an address. */
static void a_name_without_addresses_is_shown(void **state)
{
	const struct health_time now = {.ms = 1, .wall = 1700000000};
	const struct health_rules rules = {
		.down_after = 1, .up_after = 1, .rest_max_ms = 120000};
	struct resolve_answer answer = {.err = ERR_RESOLVE, .why = "no such name"};
	const json_t *row;

	(void)state;
	assert_int_equal(health_begin(&server_trunk.health, &rules, 1), 0);
	assert_int_equal(health_learn(&server_trunk, 0, &answer, &now), 0);
	assert_int_equal(ask("server", "show", "pbx1", NULL), API_OK);
	assert_int_equal(json_array_size(json_object_get(result, "health")), 1);
	row = json_array_get(json_object_get(result, "health"), 0);
	assert_true(json_is_null(json_object_get(row, "address")));
	assert_string_equal(word(row, "state"), "down");
	assert_string_equal(word(row, "why"), "no such name");
	health_clear(&server_trunk.health);
}

static struct learn_result a_learning(void)
{
	struct learn_result found = {.call_count = 1, .answered = true};

	snprintf(found.calls[0].id, sizeof(found.calls[0].id), "5f3c-000001");
	found.calls[0].what = "without an offer";
	found.calls[0].status = 200;
	found.learned.fact_count = found.learned.line_count = 1;
	found.learned.facts[0].topic = "name";
	snprintf(found.learned.facts[0].said, sizeof(found.learned.facts[0].said),
		"it calls itself \xff");
	found.learned.lines[0].key = "codecs";
	found.learned.lines[0].in_force = true;
	snprintf(found.learned.lines[0].value, sizeof(found.learned.lines[0].value),
		"PCMA");
	snprintf(found.learned.lines[0].why, sizeof(found.learned.lines[0].why), "so");
	return found;
}

static void what_was_learnt_is_answered(void **state)
{
	struct learn_result found = a_learning();
	const json_t *row;

	(void)state;
	gateway.emergency_test_caller = (char[]){"+4930100"};
	assert_int_equal(ask("trunk", "learn", "x", "1"), API_NOT_FOUND);
	assert_int_equal(ask("trunk", "learn", "carrier-a", "a@b"), API_USAGE);
	assert_int_equal(ask("trunk", "learn", "carrier-a", ""), API_USAGE);
	assert_int_equal(ask("trunk", "learn", "carrier-a", "+4930999"), API_PENDING);
	assert_ptr_equal(fakes.learn.trunk, &gateway_trunk);
	assert_string_equal(fakes.learn_called, "+4930999 from +4930100");
	/* one at once */
	assert_int_equal(ask("trunk", "learn", "carrier-a", "+4930999"), API_FAILED);
	fakes.learn.over_h(fakes.learn.arg, &found);
	assert_int_equal(answers, 1);
	assert_int_equal(answer_code, API_OK);
	assert_string_equal(word(result, "id"), "carrier-a");
	row = json_array_get(json_object_get(result, "facts"), 0);
	assert_string_equal(word(row, "said"), "it calls itself ?");
	row = json_array_get(json_object_get(result, "lines"), 0);
	assert_string_equal(word(row, "key"), "codecs");
	assert_string_equal(word(row, "value"), "PCMA");
	assert_true(json_is_true(json_object_get(row, "in_force")));
	row = json_array_get(json_object_get(result, "calls"), 0);
	assert_int_equal(number(row, "status"), 200);
	assert_int_equal(context.jobs[VERBS_JOB_LEARN], 0);

	found.answered = false;
	snprintf(found.why, sizeof(found.why), "busy");
	assert_int_equal(ask("trunk", "learn", "carrier-a", "+4930999"), API_PENDING);
	fakes.learn.over_h(fakes.learn.arg, &found);
	assert_int_equal(answer_code, API_OK);
	assert_true(json_is_false(json_object_get(result, "answered")));
	assert_string_equal(word(result, "why"), "busy");
	assert_int_equal(fakes.learns_stopped, 0);
}

static void learning_that_nobody_waits_for_ends(void **state)
{
	(void)state;
	gateway.emergency_test_caller = (char[]){""};
	gateway.registration.identity = (char[]){"+4930555@carrier.example"};
	fakes.learn_refused = true;
	assert_int_equal(ask("trunk", "learn", "carrier-a", "112"), API_FAILED);
	assert_int_equal(context.jobs[VERBS_JOB_LEARN], 0);
	fakes.learn_refused = false;
	assert_int_equal(ask("trunk", "learn", "carrier-a", "1"), API_PENDING);
	assert_string_equal(fakes.learn_called, "1 from +4930555");
	api_abandon(asked);
	assert_int_equal(fakes.learns_stopped, 1);
	assert_int_equal(context.jobs[VERBS_JOB_LEARN], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			trunks_and_servers_are_listed_and_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_probe_answers_when_it_is_done, setup, teardown),
		cmocka_unit_test_setup_teardown(
			each_host_is_probed_and_one_that_fails_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_probe_that_nobody_waits_for_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_was_learnt_is_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(
			learning_that_nobody_waits_for_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_observed_trunk_is_shown_with_its_verdict, setup, teardown),
		cmocka_unit_test_setup_teardown(
			limits_are_shown_with_their_use, setup, teardown),
		cmocka_unit_test_setup_teardown(
			it_is_shown_who_we_are_to_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_registration_is_shown_with_its_bindings, setup, teardown),
		cmocka_unit_test_setup_teardown(
			each_address_is_shown_with_its_health, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_name_without_addresses_is_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_trunk_is_drained_and_resumed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_drain_is_told_with_who_and_when, setup, teardown),
		cmocka_unit_test_setup_teardown(
			figures_are_told_and_begin_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(
			tls_is_switched_by_what_the_file_says_now, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_switch_that_the_reload_refuses_is_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
