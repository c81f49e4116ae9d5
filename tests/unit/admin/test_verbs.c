/* The verbs of the server, its calls and records, against a small made-up server. */
#include "verbs_test.h"

#include "../fakes/fakes.h"

#include "base/log_limit.h"
#include "bridge/bridge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void status_tells_what_there_is(void **state)
{
	const json_t *row;

	(void)state;
	assert_int_equal(ask("status", "", NULL, NULL), API_OK);
	assert_int_equal(number(json_object_get(result, "calls"), "started"), 9);
	assert_int_equal(number(json_object_get(result, "internal"), "refused"), 4);
	assert_true(json_is_null(json_object_get(result, "external")));
	assert_int_equal(
		number(json_object_get(result, "media"), "port_pairs_total"), 5000);
	assert_true(json_is_false(
		json_object_get(json_object_get(result, "audit"), "failing")));
	assert_true(json_is_false(
		json_object_get(json_object_get(result, "audit"), "behind")));
	assert_int_equal(number(json_object_get(result, "audit"), "overflows"), 0);
	row = json_array_get(json_object_get(result, "stapling"), 0);
	assert_string_equal(word(row, "certificate"), "own.pem");
	assert_string_equal(word(row, "until"), "1970-01-01T00:00:01.000000Z");
	assert_true(json_is_null(json_object_get(row, "next")));
	assert_string_equal(word(row, "error"), "no answer");
}

static const struct hep_settings exported = {
	.target.place = {.transport = COLLECTOR_TLS, .host = "homer", .port = 9061},
	.calls = CONFIG_HEP_CAPTURED};

static void status_and_metrics_tell_what_is_exported(void **state)
{
	const json_t *hep;

	(void)state;
	assert_int_equal(ask("status", "", NULL, NULL), API_OK);
	assert_true(json_is_null(json_object_get(result, "hep")));
	fakes.hep_settings = &exported;
	fakes.hep = (struct hep_state){.sender = {.sent = 5,
					       .lost = 6,
					       .waiting_bytes = 7,
					       .why = "Connection refused"},
		.cut = 8};
	assert_int_equal(ask("status", "", NULL, NULL), API_OK);
	hep = json_object_get(result, "hep");
	assert_string_equal(word(hep, "collector"), "tls:homer:9061");
	assert_string_equal(word(hep, "calls"), "captured");
	assert_string_equal(word(hep, "why"), "Connection refused");
	assert_true(json_is_false(json_object_get(hep, "open")));
	assert_int_equal(number(hep, "sent"), 5);
	assert_int_equal(number(hep, "lost"), 6);
	assert_int_equal(number(hep, "waiting_bytes"), 7);
	assert_int_equal(number(hep, "cut"), 8);
	assert_int_equal(ask("metrics", "", NULL, NULL), API_OK);
	expect_metric("\n# TYPE tandem_hep_open gauge\ntandem_hep_open 0\n");
	expect_metric(
		"\n# TYPE tandem_hep_sent_total counter\ntandem_hep_sent_total 5\n");
	expect_metric(
		"\n# TYPE tandem_hep_lost_total counter\ntandem_hep_lost_total 6\n");
	expect_metric("\n# TYPE tandem_hep_cut_total counter\ntandem_hep_cut_total 8\n");
	expect_metric("\n# TYPE tandem_hep_waiting_bytes gauge\n"
		      "tandem_hep_waiting_bytes 7\n");
}

static void certificates_are_told_with_what_depends_on_them(void **state)
{
	const json_t *list, *certificate;

	(void)state;
	assert_int_equal(ask("cert", "list", NULL, NULL), API_OK);
	assert_int_equal(json_array_size(result), 2);
	list = json_array_get(result, 0);
	assert_string_equal(word(list, "role"), "crl");
	assert_string_equal(word(list, "subject"), "CN=CA");
	assert_string_equal(word(list, "not_after"), "1970-01-01T00:33:20Z");
	assert_string_equal(word(list, "level"), "over");
	assert_true(number(list, "left_days") < -20000);
	assert_null(json_object_get(list, "changed"));
	certificate = json_array_get(result, 1);
	assert_string_equal(word(certificate, "level"), "ok");
	assert_string_equal(word(certificate, "used_by"), "trunk carrier-a");
	assert_string_equal(word(certificate, "then"), "refused");
	assert_string_equal(word(certificate, "fingerprint_before"), "12:34");
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(certificate, "users"), 0)),
		"trunk carrier-a");
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(certificate, "changed"), 0)),
		"key");
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	assert_string_equal(
		word(json_object_get(result, "certificate"), "fingerprint"), "AB:CD");
	assert_int_equal(ask("server", "show", "pbx1", NULL), API_OK);
	assert_true(json_is_null(json_object_get(result, "certificate")));
}

/* Of the whole process: hidden by limits of its own here. */
static void suppressed_lines_are_counted_by_module(void **state)
{
	struct log_limit limit, quiet;
	struct clock_virtual clock;
	struct timers *timers;
	const json_t *array;
	unsigned hidden;

	(void)state;
	clock_virtual_init(&clock, 1000000);
	assert_int_equal(timers_new(&timers, &clock.clock), 0);
	log_limit_init(&limit, timers, "noisy", LOG_LEVEL_DEBUG, 1);
	log_limit_init(&quiet, timers, "quiet", LOG_LEVEL_DEBUG, 1);
	for (unsigned i = 0; i < 4; i++)
		log_limit_pass(&limit, &hidden);
	log_limit_end(&limit);
	timers_free(timers);
	assert_int_equal(ask("metrics", "", NULL, NULL), API_OK);
	expect_metric("\n# TYPE tandem_log_lines_suppressed_total counter\n");
	expect_metric("\ntandem_log_lines_suppressed_total{module=\"noisy\"} 3\n");
	expect_metric("\ntandem_log_lines_suppressed_total{module=\"quiet\"} 0\n");
	assert_int_equal(ask("status", "", NULL, NULL), API_OK);
	array = json_object_get(result, "log_lines_suppressed");
	assert_int_equal(json_array_size(array), 1); /* of those that left out some */
	assert_string_equal(word(json_array_get(array, 0), "module"), "noisy");
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(array, 0), "lines")),
		3);
}

static void metrics_are_told_as_text(void **state)
{
	(void)state;
	assert_int_equal(ask("metrics", "", NULL, NULL), API_OK);
	assert_true(json_is_string(result));
	expect_metric("\n# TYPE tandem_calls_started_total counter\n"
		      "tandem_calls_started_total 9\n");
	expect_metric("\n# TYPE tandem_audit_overflows_total counter\n"
		      "tandem_audit_overflows_total 0\n");
	expect_metric("\ntandem_audit_behind 0\n");
	expect_metric("\n# TYPE tandem_emergency_calls_total counter\n"
		      "tandem_emergency_calls_total{outcome=\"answered\"} 0\n"
		      "tandem_emergency_calls_total{outcome=\"given-up\"} 0\n"
		      "tandem_emergency_calls_total{outcome=\"failed\"} 0\n");
	expect_metric("\n# TYPE tandem_subscriptions gauge\ntandem_subscriptions 2\n");
	expect_metric("\ntandem_connections{side=\"internal\"} 3\n"
		      "tandem_connections{side=\"external\"} 0\n");
	expect_metric("\ntandem_trunk_calls{trunk=\"carrier-a\"} 1\n");
	expect_metric("\n# TYPE tandem_messages_refused_total counter\n"
		      "tandem_messages_refused_total{side=\"external\","
		      "reason=\"bad-via\"} 5\n");
	expect_metric("\ntandem_server_calls{server=\"pbx1\"} 0\n");
	/* what is between quotes is escaped once more */
	expect_metric("\ntandem_certificate_not_after_timestamp_seconds{role=\"peer\","
		      "subject=\"CN=\\\\\\\"odd\\\\x0a\\\\\\\"\",fingerprint=\"AB:CD\","
		      "trunk=\"carrier-a\"} 4000000000\n");
	expect_metric("\ntandem_crl_next_update_timestamp_seconds{issuer=\"CN=CA\","
		      "file=\"/a\\n\\\"b\\\\.crl\"} 2000\n");
	expect_metric("\ntandem_certificate_warnings{threshold=\"30d\"} 1\n");
	expect_metric("\ntandem_certificate_warnings{threshold=\"over\"} 1\n");
}

static void calls_are_listed_shown_and_hung_up(void **state)
{
	const json_t *row;

	(void)state;
	assert_int_equal(ask("call", "list", NULL, NULL), API_OK);
	row = json_array_get(json_object_get(result, "calls"), 0);
	assert_string_equal(word(row, "from"), "+49\xef\xbf\xbd");
	assert_string_equal(word(json_object_get(row, "external"), "media"), "RTP");
	assert_int_equal(number(result, "total"), 1);
	assert_int_equal(ask("call", "show", "5f3c-000001", "--brief"), API_OK);
	assert_string_equal(word(result, "state"), "talking");
	assert_true(json_is_null(json_object_get(result, "end")));
	assert_int_equal(ask("call", "hangup", "5f3c-000001", NULL), API_OK);
	assert_int_equal(fakes.hangups, 1);
	assert_int_equal(ask("call", "hangup", "x", NULL), API_NOT_FOUND);
}

static void subscriptions_are_listed_and_ended(void **state)
{
	const json_t *row;

	(void)state;
	assert_int_equal(ask("subscription", "list", NULL, NULL), API_OK);
	assert_int_equal(number(result, "total"), 1);
	row = json_array_get(json_object_get(result, "subscriptions"), 0);
	assert_string_equal(word(row, "id"), "5f3c-000001");
	assert_string_equal(word(row, "package"), "presence");
	assert_string_equal(word(row, "from"), "+49?");
	assert_int_equal(number(row, "left_s"), 120);
	assert_string_equal(
		word(json_object_get(row, "external"), "party"), "trunk carrier-a");
	assert_int_equal(ask("subscription", "end", "5f3c-000001", NULL), API_OK);
	assert_int_equal(fakes.hangups, 1);
	assert_int_equal(ask("subscription", "end", "x", NULL), API_NOT_FOUND);
	assert_int_equal(ask("status", "", NULL, NULL), API_OK);
	assert_int_equal(number(json_object_get(result, "calls"), "subscriptions"), 2);
}

static enum api_code ask_many(const char *verb, const char *const *args, size_t count)
{
	const struct api_request request = {.who = "uid 0",
		.noun = "capture",
		.verb = verb,
		.args = args,
		.arg_count = count,
		.done_h = answered};

	json_decref(result);
	result = NULL;
	return api_call(context.api, &request, &asked, &result, &text);
}

#define ASK_MANY(verb, ...)                                                              \
	ask_many(verb, (const char *const[]){__VA_ARGS__},                               \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void captures_are_begun_and_ended_on_demand(void **state)
{
	const json_t *demand;

	(void)state;
	assert_int_equal(ASK_MANY("start", "--number", "+49", "--for", "x"), API_USAGE);
	assert_int_equal(ASK_MANY("start", "--number", "+49", "--for", "0s"), API_USAGE);
	assert_int_equal(ASK_MANY("start", "--number", "+49", "--for", "32d"), API_USAGE);
	assert_int_equal(ASK_MANY("start", "--number", "1", "--call", "2"), API_USAGE);
	assert_int_equal(ASK_MANY("start", "--for", "1m", "--mode", "full"), API_USAGE);
	assert_int_equal(
		ASK_MANY("start", "--number", "1", "--for", "1m", "--mode", "off"),
		API_USAGE);
	assert_int_equal(ASK_MANY("start", "--trunk", "x", "--for", "1m"), API_NOT_FOUND);
	assert_int_equal(ASK_MANY("start", "--call", "x", "--for", "1m"), API_NOT_FOUND);
	assert_int_equal(fakes.demand.number, 0);
	assert_int_equal(
		ASK_MANY("start", "--call", "5f3c-000001", "--for", "10m"), API_OK);
	assert_string_equal(word(result, "kind"), "call");
	assert_string_equal(word(result, "of"), "5f3c-000001");
	assert_string_equal(word(result, "mode"), "full");
	assert_string_equal(word(result, "until"), "1970-01-01T00:10:00Z");
	assert_string_equal(word(result, "by"), "uid 0");
	assert_int_equal(ASK_MANY("start", "--number", "1", "--for", "1m"), API_FAILED);
	assert_int_equal(await(ask("capture", "list", NULL, NULL)), API_OK);
	demand = json_array_get(json_object_get(result, "demands"), 0);
	assert_int_equal(number(demand, "demand"), 1);
	assert_int_equal(ask("capture", "stop", "2", NULL), API_NOT_FOUND);
	assert_int_equal(ask("capture", "stop", "x", NULL), API_NOT_FOUND);
	assert_int_equal(ask("capture", "stop", "1", NULL), API_OK);
	assert_int_equal(await(ask("capture", "list", NULL, NULL)), API_OK);
	assert_int_equal(json_array_size(json_object_get(result, "demands")), 0);
}

static void a_capture_is_held_and_released(void **state)
{
	char path[4300];
	const json_t *hold;

	(void)state;
	snprintf(path, sizeof(path), "mkdir -p '%s/audit/2026-01-01/5f3c-000009'",
		context.config_h(context.arg)->tandem.state_dir);
	assert_int_equal(system(path), 0);
	assert_int_equal(ask("capture", "hold", "5f3c-000009", NULL), API_USAGE);
	assert_int_equal(ASK_MANY("hold", "5f3c-000009", "--why", "x"), API_USAGE);
	assert_int_equal(
		await(ASK_MANY("hold", "5f3c-00000a", "--reason", "x")), API_NOT_FOUND);
	assert_int_equal(
		await(ASK_MANY("hold", "../audit", "--reason", "x")), API_NOT_FOUND);
	assert_int_equal(
		await(ASK_MANY("hold", "5f3c-000009", "--reason", "case 7")), API_OK);
	assert_int_equal(
		await(ASK_MANY("hold", "5f3c-000009", "--reason", "again")), API_FAILED);
	assert_int_equal(await(ask("capture", "list", NULL, NULL)), API_OK);
	hold = json_array_get(json_object_get(result, "holds"), 0);
	assert_string_equal(word(hold, "id"), "5f3c-000009");
	assert_string_equal(word(hold, "day"), "2026-01-01");
	assert_string_equal(word(hold, "reason"), "case 7");
	assert_string_equal(word(hold, "by"), "uid 0");
	assert_int_equal(await(ask("capture", "release", "5f3c-000009", NULL)), API_OK);
	assert_int_equal(
		await(ask("capture", "release", "5f3c-000009", NULL)), API_NOT_FOUND);
}

static void the_last_records_come_oldest_first(void **state)
{
	struct record record = live_call();
	char id[32];

	(void)state;
	record.id = id;
	for (unsigned i = 1; i <= 30; i++) {
		snprintf(id, sizeof(id), "r-%u", i);
		write_record(&record);
	}
	assert_int_equal(await(ask("cdr", "tail", NULL, NULL)), API_OK);
	assert_int_equal(json_array_size(result), 10);
	assert_string_equal(word(json_array_get(result, 0), "id"), "r-21");
	assert_int_equal(await(ask("cdr", "tail", "2", NULL)), API_OK);
	assert_int_equal(json_array_size(result), 2);
	assert_string_equal(word(json_array_get(result, 1), "id"), "r-30");
	assert_int_equal(await(ask("cdr", "tail", "1000", NULL)), API_OK);
	assert_int_equal(json_array_size(result), 30);
	assert_int_equal(ask("cdr", "tail", "1001", NULL), API_USAGE);
	assert_int_equal(ask("cdr", "tail", "-1", NULL), API_USAGE);
}

static void a_report_reads_the_records_and_answers_later(void **state)
{
	struct record record = live_call();

	(void)state;
	record.start_wall_us = clock_real()->wall_us(clock_real()) - record.end_us;
	record.answer_us = 1;
	write_record(&record);
	assert_int_equal(ask("report", "protection", NULL, NULL), API_PENDING);
	assert_int_equal(context.jobs[VERBS_JOB_REPORT], 1);
	assert_int_equal(answers, 0);
	for (unsigned turns = 0; answers == 0 && turns < 1000; turns++)
		loop_turn(loop, 10);
	assert_int_equal(answer_code, API_OK);
	assert_int_equal(context.jobs[VERBS_JOB_REPORT], 0);
	assert_int_equal(number(json_object_get(result, "records"), "read"), 1);
	assert_int_equal(json_array_size(json_object_get(result, "rows")), 6);
	assert_int_equal(ask("report", "protection", "yesterday", NULL), API_USAGE);
	assert_non_null(strstr(text.text, "yesterday: expected a day"));
}

static void a_report_that_nobody_waits_for_ends(void **state)
{
	struct api_call *calls[VERBS_REPORTS_MAX];

	(void)state;
	for (size_t i = 0; i < VERBS_REPORTS_MAX; i++) {
		assert_int_equal(ask("report", "protection", "30d", NULL), API_PENDING);
		calls[i] = asked;
	}
	assert_int_equal(ask("report", "protection", "30d", NULL), API_FAILED);
	assert_non_null(strstr(text.text, "ask again"));
	for (size_t i = 0; i < VERBS_REPORTS_MAX; i++)
		api_abandon(calls[i]);
	assert_int_equal(context.jobs[VERBS_JOB_REPORT], 0);
	loop_turn(loop, 10);
	assert_int_equal(answers, 0);
}

static void a_configuration_is_checked_and_reloaded(void **state)
{
	(void)state;
	check_good = true;
	assert_int_equal(ask("config", "check", NULL, NULL), API_OK);
	assert_string_equal(word(result, "file"), "f");
	check_good = false;
	assert_int_equal(ask("config", "check", NULL, NULL), API_CONFIG);
	assert_string_equal(word(result, "file"), "f");
	assert_int_equal(reloads, 0);
	assert_int_equal(ask("config", "reload", NULL, NULL), API_OK);
	assert_int_equal(reload_confirm_ms, 0);
	assert_int_equal(number(result, "gateways"), 0);
	assert_int_equal(ask("config", "reload", "--confirm", "90s"), API_OK);
	assert_int_equal(reload_confirm_ms, 90000);
	assert_int_equal(ask("config", "reload", "--confirm", "4s"), API_USAGE);
	assert_int_equal(ask("config", "reload", "--confirm", NULL), API_USAGE);
	assert_int_equal(ask("config", "reload", "now", "90s"), API_USAGE);
	assert_int_equal(ask("config", "confirm", NULL, NULL), API_FAILED);
	reloads--;
	reload_fails = true;
	assert_int_equal(ask("config", "reload", NULL, NULL), API_CONFIG);
	assert_int_equal(reloads, 2);
}

static void shutdown_may_drain(void **state)
{
	(void)state;
	assert_int_equal(ask("shutdown", "", "--now", NULL), API_USAGE);
	assert_false(shut_down);
	assert_int_equal(ask("shutdown", "", "--drain", NULL), API_OK);
	assert_true(shut_down && shut_down_drain);
	assert_int_equal(ask("shutdown", "", NULL, NULL), API_OK);
	assert_false(shut_down_drain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			status_tells_what_there_is, setup, teardown),
		cmocka_unit_test_setup_teardown(
			status_and_metrics_tell_what_is_exported, setup, teardown),
		cmocka_unit_test_setup_teardown(
			calls_are_listed_shown_and_hung_up, setup, teardown),
		cmocka_unit_test_setup_teardown(
			subscriptions_are_listed_and_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(
			captures_are_begun_and_ended_on_demand, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_capture_is_held_and_released, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_last_records_come_oldest_first, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_report_reads_the_records_and_answers_later, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_report_that_nobody_waits_for_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_configuration_is_checked_and_reloaded, setup, teardown),
		cmocka_unit_test_setup_teardown(
			certificates_are_told_with_what_depends_on_them, setup, teardown),
		cmocka_unit_test_setup_teardown(
			suppressed_lines_are_counted_by_module, setup, teardown),
		cmocka_unit_test_setup_teardown(
			metrics_are_told_as_text, setup, teardown),
		cmocka_unit_test_setup_teardown(shutdown_may_drain, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
