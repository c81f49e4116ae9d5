/* Every verb against a small made-up server: the layers below are faked here. */
#include "../unit.h"

#include "../fakes/fakes.h"

#include "admin/trial.h"
#include "admin/verbs.h"

#include "audit/writer.h"
#include "base/log_limit.h"
#include "base/loop.h"
#include "bridge/bridge.h"
#include "config/config.h"
#include "probe/observe.h"
#include "trunk/drains.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The made-up server */

static struct config_gateway gateway;
static struct config_server server;
static struct config config;
static struct trunk gateway_trunk, server_trunk;
static struct flow flow;
static struct record call;
static bool reload_fails, shut_down, shut_down_drain, check_good;
static unsigned reloads;
static uint64_t reload_confirm_ms;
static struct trial trial;
static struct drains *drains;
static enum config_tls_mode file_says; /* what a reload finds */
static struct writer *writer;
static char folder[64], file[128];

static struct record live_call(void)
{
	return (struct record){.call = 1,
		.id = "5f3c-000001",
		.from = "+49\xff",
		.to = "+4940",
		.start_wall_us = UINT64_C(1700000000000000),
		.end_us = 5000000,
		.legs[0] = {.party = "server pbx1", .transport = "TLS"},
		.legs[1] = {.side = SIDE_EXTERNAL,
			.party = "trunk carrier-a",
			.transport = "UDP",
			.media = "RTP"}};
}

/* What is observed of the gateway; its step is NULL: nothing. */
static struct observe_verdict verdict;

bool observe_find(
	const struct observe *observe, const char *id, struct observe_verdict *ret)
{
	(void)observe;
	if (!verdict.step || strcmp(id, gateway_trunk.id) != 0)
		return false;
	*ret = verdict;
	return true;
}

/* The probes under way, and what they were begun with. */
static struct probe_params probes[16];
static unsigned probe_count, probes_cancelled;

int probe_start(
	struct probe **ret, const struct probe_params *params, struct err_text *why)
{
	(void)why;
	assert_true(probe_count < 16);
	probes[probe_count] = *params;
	*ret = (struct probe *)(void *)&probes[probe_count++];
	return 0;
}

void probe_cancel(struct probe *probe)
{
	assert_non_null(probe);
	probes_cancelled++;
}

const char *probe_step_name(enum probe_step_kind kind)
{
	return kind == PROBE_TLS ? "tls" : "other";
}

const char *probe_verdict_name(enum probe_verdict found)
{
	return found == PROBE_FAILED ? "failed" : "ok";
}

static const struct config *config_h(void *arg)
{
	(void)arg;
	return &config;
}

static int reload_h(void *arg, uint64_t confirm_ms, json_t **ret_errors)
{
	(void)arg;
	reloads++;
	reload_confirm_ms = confirm_ms;
	gateway.common.tls = file_says;
	if (!reload_fails)
		return 0;
	*ret_errors = json_pack("[s]", "f:1:1: error: no");
	return ERR_CONFIG;
}

static json_t *check_h(void *arg, bool *ret_good)
{
	(void)arg;
	*ret_good = check_good;
	return json_pack("{s:s}", "file", "f");
}

static void shutdown_h(void *arg, bool drain)
{
	(void)arg;
	shut_down = true;
	shut_down_drain = drain;
}

/* Asking it */

static struct verbs_context context;
static struct loop *loop;
static struct api *api;
static json_t *result;
static struct err_text text;

static unsigned answers;
static enum api_code answer_code;

static void answered(
	void *arg, enum api_code code, json_t *later, const struct err_text *why)
{
	(void)arg;
	(void)why;
	answers++;
	answer_code = code;
	json_decref(result);
	result = later;
}

static struct api_call *asked;

/* Words up to NULL. An answer that comes later is noted by answered(). */
static enum api_code ask(const char *noun, const char *verb, const char *a, const char *b)
{
	const char *args[] = {a, b};
	const struct api_request request = {
		.who = "test",
		.noun = noun,
		.verb = verb,
		.args = args,
		.arg_count = a ? b ? 2 : 1 : 0,
		.done_h = answered,
	};

	json_decref(result);
	result = NULL;
	text.text[0] = '\0';
	return api_call(api, &request, &asked, &result, &text);
}

static const char *word(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "(none)";
}

static json_int_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static int setup(void **state)
{
	struct writer_params params = {.state_dir = folder};
	static char id[] = "carrier-a", server_id[] = "pbx1", host[] = "sbc.example",
		    none[] = "";

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/tandem-test-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof(file), "%s/carrier-a.conf", folder);
	if (writer_new(&writer, &params, &text) != 0)
		return -1;
	if (drains_new(&drains, folder, clock_real(), &text) != 0)
		return -1;
	gateway = (struct config_gateway){.profile = host,
		.common = {.id = id,
			.file = file,
			.host = host,
			.port = 5060,
			.enabled = true,
			.max_calls = 60,
			.suites = CONFIG_SUITE_AES_CM_128_80,
			.srtp = CONFIG_SRTP_OFF,
			.peer = {.exception_reason = none}}};
	server = (struct config_server){.common = {.id = server_id,
						.host = host,
						.port = 5061,
						.enabled = true,
						.tls = CONFIG_TLS_YES,
						.peer = {.exception_reason = none}}};
	config = (struct config){
		.file = file, .tandem = {.fqdn = host, .state_dir = folder}};
	gateway_trunk = (struct trunk){.kind = TRUNK_GATEWAY,
		.id = id,
		.configured = true,
		.gateway = &gateway,
		.calls = 1,
		.last_error = "bad \xff",
		.last_error_at = 1700000000};
	server_trunk = (struct trunk){.kind = TRUNK_SERVER,
		.id = server_id,
		.configured = true,
		.server = &server};
	call = live_call();
	fakes = (struct fakes){.config = &config,
		.trunks = {[TRUNK_SERVER] = &server_trunk,
			[TRUNK_GATEWAY] = &gateway_trunk},
		.listed = {1, 1},
		.flow_trunks = {[TRUNK_SERVER] = &server_trunk,
			[TRUNK_GATEWAY] = &gateway_trunk},
		.flow = &flow,
		.call = &call,
		.crypto = "nettle"};
	flow = (struct flow){.version = "TLS1.3", .cipher = "", .peer_names = "DNS:\xfe"};
	reload_fails = shut_down = shut_down_drain = false;
	reloads = 0;
	file_says = CONFIG_TLS_NO;
	probe_count = probes_cancelled = answers = 0;
	verdict = (struct observe_verdict){.step = NULL};
	trial = (struct trial){.taken_at = 1700000000};
	context = (struct verbs_context){.writer = writer,
		.trial = &trial,
		.drains = drains,
		.start_wall_us = UINT64_C(1600000000000000),
		.config_h = config_h,
		.internal = (struct transport *)(void *)folder,
		.reload_h = reload_h,
		.check_h = check_h,
		.shutdown_h = shutdown_h};
	if (api_new(&api, verbs_table, &context) != 0)
		return -1;
	context.api = api;
	if (loop_new(&loop, clock_real()) != 0)
		return -1;
	context.loop = loop;
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	json_decref(result);
	result = NULL;
	api_free(api);
	loop_free(loop);
	drains_free(drains);
	writer_free(writer);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

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

static void expect_metric(const char *line)
{
	if (!strstr(json_string_value(result), line))
		fail_msg("no line %s in\n%s", line, json_string_value(result));
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

static void a_probe_that_nobody_waits_for_ends(void **state)
{
	(void)state;
	assert_int_equal(ask("trunk", "explain", "carrier-a", NULL), API_PENDING);
	api_abandon(asked);
	assert_int_equal(probes_cancelled, 1);
	assert_int_equal(gateway_trunk.refs, 0);
	assert_int_equal(context.explains, 0);
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

static void a_trunk_is_drained_and_resumed(void **state)
{
	(void)state;
	assert_int_equal(ask("trunk", "drain", "carrier-a", NULL), API_OK);
	assert_true(gateway_trunk.drained);
	assert_string_equal(word(result, "state"), "drained");
	assert_int_equal(ask("trunk", "resume", "carrier-a", NULL), API_OK);
	assert_false(gateway_trunk.drained);
	assert_int_equal(ask("trunk", "drain", "x", NULL), API_NOT_FOUND);
	assert_int_equal(ask("trunk", "drain", "carrier-a", "--reason"), API_USAGE);
	assert_int_equal(ask("server", "drain", "pbx1", NULL), API_OK);
	assert_true(server_trunk.drained);
	assert_int_equal(ask("server", "resume", "pbx1", NULL), API_OK);
	assert_false(server_trunk.drained);
	assert_int_equal(ask("server", "resume", "carrier-a", NULL), API_NOT_FOUND);
}

static void a_drain_is_told_with_who_and_when(void **state)
{
	(void)state;
	assert_int_equal(ask("trunk", "drain", "carrier-a", NULL), API_OK);
	assert_string_equal(word(result, "drained_by"), "test");
	assert_true(json_is_null(json_object_get(result, "drain_reason")));
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	assert_string_equal(word(result, "drained_by"), "test");
	assert_int_equal(strlen(word(result, "drained_since")), 20);
	assert_int_equal(ask("trunk", "resume", "carrier-a", NULL), API_OK);
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
	assert_int_equal(ask("trunk", "show", "carrier-a", NULL), API_OK);
	assert_true(json_real_value(json_object_get(
			    figures_of("since_reset"), "asr_percent")) == 50.0);
	assert_true(json_real_value(json_object_get(
			    figures_of("last_hour"), "ner_percent")) == 75.0);
	assert_int_equal(number(figures_of("last_hour"), "acd_us"), 60000000);
	assert_int_equal(number(figures_of("last_hour"), "pdd_mean_us"), 250000);
	assert_int_equal(number(figures_of("last_hour"), "pdd_median_us"), 250000);
	assert_int_equal(number(result, "calls_total"), 9);
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

static void calls_are_listed_shown_and_hung_up(void **state)
{
	const json_t *row;

	(void)state;
	assert_int_equal(ask("call", "list", NULL, NULL), API_OK);
	row = json_array_get(json_object_get(result, "calls"), 0);
	assert_string_equal(word(row, "from"), "+49\xef\xbf\xbd");
	assert_string_equal(word(json_object_get(row, "external"), "media"), "RTP");
	assert_int_equal(number(result, "total"), 1);
	assert_int_equal(ask("call", "show", "5f3c-000001", NULL), API_OK);
	assert_string_equal(word(result, "state"), "talking");
	assert_true(json_is_null(json_object_get(result, "end")));
	assert_int_equal(ask("call", "show", "x", NULL), API_NOT_FOUND);
	assert_int_equal(ask("call", "hangup", "5f3c-000001", NULL), API_OK);
	assert_int_equal(fakes.hangups, 1);
	assert_int_equal(ask("call", "hangup", "x", NULL), API_NOT_FOUND);
}

static void the_last_records_come_oldest_first(void **state)
{
	struct record record = live_call();
	char id[32];

	(void)state;
	record.id = id;
	for (unsigned i = 1; i <= 30; i++) {
		snprintf(id, sizeof(id), "r-%u", i);
		writer_cdr(writer, &record);
	}
	assert_int_equal(ask("cdr", "tail", NULL, NULL), API_OK);
	assert_int_equal(json_array_size(result), 10);
	assert_string_equal(word(json_array_get(result, 0), "id"), "r-21");
	assert_int_equal(ask("cdr", "tail", "2", NULL), API_OK);
	assert_int_equal(json_array_size(result), 2);
	assert_string_equal(word(json_array_get(result, 1), "id"), "r-30");
	assert_int_equal(ask("cdr", "tail", "1000", NULL), API_OK);
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
	writer_cdr(writer, &record);
	assert_int_equal(ask("report", "protection", NULL, NULL), API_PENDING);
	assert_int_equal(context.reports, 1);
	assert_int_equal(answers, 0);
	for (unsigned turns = 0; answers == 0 && turns < 1000; turns++)
		loop_turn(loop, 10);
	assert_int_equal(answer_code, API_OK);
	assert_int_equal(context.reports, 0);
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
	assert_int_equal(context.reports, 0);
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
			trunks_and_servers_are_listed_and_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_probe_answers_when_it_is_done, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_probe_that_nobody_waits_for_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_observed_trunk_is_shown_with_its_verdict, setup, teardown),
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
		cmocka_unit_test_setup_teardown(
			calls_are_listed_shown_and_hung_up, setup, teardown),
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
