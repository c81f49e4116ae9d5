#include "../unit.h"

#include "../audit/audit_fixture.h"

#include "verbs_test.h"

#include "../fakes/fakes.h"

#include "admin/trial.h"
#include "trunk/drains.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The made-up server */

struct config_gateway gateway;
struct config_server server;
static struct config config;
struct trunk gateway_trunk, server_trunk;
struct flow flow;
static struct record call;
bool reload_fails, shut_down, shut_down_drain, check_good;
unsigned reloads;
uint64_t reload_confirm_ms;
static struct trial trial;
static struct filing *filing;
static struct drains *drains;
enum config_tls_mode file_says;
struct writer *writer;
static char folder[64], file[128];

struct record live_call(void)
{
	return (struct record){.call = 1,
		.id = "5f3c-000001",
		.from = "+49\xff",
		.to = "+4940",
		.from_received = "030",
		.to_received = "040",
		.from_sent = "4930",
		.to_sent = "4940",
		.start_wall_us = UINT64_C(1700000000000000),
		.end_us = 5000000,
		.legs[0] = {.party = "server pbx1",
			.transport = "TLS",
			.version = "TLS1.3"},
		.legs[1] = {.side = SIDE_EXTERNAL,
			.party = "trunk carrier-a",
			.transport = "UDP",
			.version = "",
			.media = "RTP"}};
}

void write_record(const struct record *record)
{
	struct writer_totals totals;
	uint64_t before;

	writer_totals(writer, &totals);
	before = totals.cdrs;
	writer_cdr(writer, record);
	WAIT_FOR((writer_totals(writer, &totals), totals.cdrs > before));
}

struct observe_verdict verdict;

bool observe_find(
	const struct observe *observe, const char *id, struct observe_verdict *ret)
{
	(void)observe;
	if (!verdict.step || strcmp(id, gateway_trunk.id) != 0)
		return false;
	*ret = verdict;
	return true;
}

struct probe_params probes[16];
unsigned probes_cancelled;
static unsigned probe_count;

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

struct verbs_context context;
struct loop *loop;
json_t *result;
struct err_text text;
unsigned answers, parts;
enum api_code answer_code;
struct api_call *asked;

static struct api *api;

void answered(void *arg, enum api_code code, json_t *later, const struct err_text *why)
{
	(void)arg;
	answers++;
	answer_code = code;
	text = *why;
	json_decref(result);
	result = later;
}

static bool part_h(void *arg, json_t *part)
{
	(void)arg;
	json_decref(part);
	parts++;
	return true;
}

enum api_code ask_all(
	const char *noun, const char *verb, const char *const *args, size_t count)
{
	const struct api_request request = {
		.who = "test",
		.noun = noun,
		.verb = verb,
		.args = args,
		.arg_count = count,
		.done_h = answered,
		.part_h = part_h,
	};

	json_decref(result);
	result = NULL;
	text.text[0] = '\0';
	return api_call(api, &request, &asked, &result, &text);
}

enum api_code ask(const char *noun, const char *verb, const char *a, const char *b)
{
	const char *args[] = {a, b};

	return ask_all(noun, verb, args, a ? b ? 2 : 1 : 0);
}

enum api_code await(enum api_code code)
{
	const unsigned before = answers;

	if (code != API_PENDING)
		return code;
	while (answers == before)
		loop_turn(loop, 50);
	return answer_code;
}

const char *word(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "(none)";
}

json_int_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* And what hangs on it. */
static int make_loop(struct clock *clock)
{
	struct drains_params params = {.folder = folder, .clock = clock};

	if (loop_new(&loop, clock) != 0 || filing_new(&filing, loop) != 0)
		return -1;
	params.filing = filing;
	if (drains_new(&drains, &params, &text) != 0)
		return -1;
	context.loop = loop;
	context.drains = drains;
	return 0;
}

static void free_loop(void)
{
	drains_free(drains);
	filing_free(filing);
	loop_free(loop);
}

void use_clock(struct clock_virtual *clock)
{
	free_loop();
	assert_int_equal(make_loop(&clock->clock), 0);
}

int setup(void **state)
{
	struct style *style = style_new(CONFIG_CAPTURE_PCAPNG, NULL, "sbc.example.com");
	struct writer_params params = {.state_dir = folder,
		.style = style,
		.name = "sbc.example.com",
		.key = ""};
	static char id[] = "carrier-a", server_id[] = "pbx1", host[] = "sbc.example",
		    second_host[] = "sbc2.example", none[] = "";
	static char *hosts[] = {host, second_host};

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/tandem-test-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof(file), "%s/carrier-a.conf", folder);
	if (writer_new(&writer, &params, &text) != 0)
		return -1;
	style_unref(style);
	gateway = (struct config_gateway){.profile = host,
		.common = {.id = id,
			.file = file,
			.host = host,
			.hosts = {.words = hosts, .count = 1},
			.contact_host = none,
			.port = 5060,
			.enabled = true,
			.limits = {.max_calls = 60,
				.max_calls_in = CONFIG_UNLIMITED,
				.max_calls_out = CONFIG_UNLIMITED,
				.max_early = CONFIG_UNLIMITED,
				.max_rate = CONFIG_UNLIMITED,
				.max_rate_in = CONFIG_UNLIMITED,
				.max_rate_out = 5},
			.suites = CONFIG_SUITE_AES_CM_128_80,
			.srtp = CONFIG_SRTP_OFF,
			.auth = {.user = none},
			.peer = {.exception_reason = none}}};
	server = (struct config_server){.common = {.id = server_id,
						.host = host,
						.hosts = {.words = hosts, .count = 1},
						.contact_host = none,
						.port = 5061,
						.enabled = true,
						.tls = CONFIG_TLS_YES,
						.auth = {.user = none},
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
	probe_count = probes_cancelled = answers = parts = 0;
	verdict = (struct observe_verdict){.step = NULL};
	trial = (struct trial){.taken_at = 1700000000};
	context = (struct verbs_context){.writer = writer,
		.hep = (struct hep *)(void *)folder,
		.trial = &trial,
		.start_wall_us = UINT64_C(1600000000000000),
		.config_h = config_h,
		.internal = (struct transport *)(void *)folder,
		.reload_h = reload_h,
		.check_h = check_h,
		.shutdown_h = shutdown_h};
	if (api_new(&api, verbs_table, &context) != 0)
		return -1;
	context.api = api;
	return make_loop(clock_real());
}

int teardown(void **state)
{
	char command[128];

	(void)state;
	json_decref(result);
	result = NULL;
	api_free(api);
	free_loop();
	writer_free(writer);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

void expect_metric(const char *line)
{
	if (!strstr(json_string_value(result), line))
		fail_msg("no line %s in\n%s", line, json_string_value(result));
}
