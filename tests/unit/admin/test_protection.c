/* The report's rows and broken rules, of a made-up server: the layers below are faked here. */
#include "../unit.h"

#include "../fakes/fakes.h"

#include "admin/protection.h"

#include "bridge/bridge.h"
#include "config/config.h"
#include "media/relay.h"
#include "tls/policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NOW 1795000000
#define LATER (NOW + 86400)
#define BEFORE (NOW - 86400)

/* The made-up server: one server, one gateway */

static struct config config, other_config, *present;
static struct config_gateway gateway;
static struct config_server server;
static struct peer peer;
static struct trunk gateway_trunk, server_trunk;
static struct flow flow;
static struct record live;
static void (*step_h)(void); /* between two steps */

static const struct config *config_h(void *arg)
{
	(void)arg;
	return present;
}

/* Making one */

static struct tally tally;
static json_t *report;

static int setup(void **state)
{
	static char certificate[] = "/c/internal.pem";
	static const struct config_tls files = {.certificate = certificate};
	static struct trunk_tls own;
	static char fqdn[] = "med1", other_fqdn[] = "med2", id[] = "gw",
		    server_id[] = "pbx1", none[] = "", crl[] = "/c/carriers.crl";

	(void)state;
	config = (struct config){.refs = 1, .tandem = {.fqdn = fqdn}};
	other_config = (struct config){.refs = 1, .tandem = {.fqdn = other_fqdn}};
	present = &config;
	own = (struct trunk_tls){.kind = TRUNK_SERVER,
		.files = &files,
		.cred = (struct cred *)(void *)certificate};
	step_h = NULL;
	gateway = (struct config_gateway){.common = {.id = id,
						  .enabled = true,
						  .tls = CONFIG_TLS_YES,
						  .tls_min = CONFIG_TLS_1_2,
						  .srtp = CONFIG_SRTP_REQUIRED,
						  .certs = {.crl = crl},
						  .peer = {.exception_reason = none}}};
	server = (struct config_server){.common = gateway.common};
	server.common.id = server_id;
	peer = (struct peer){.terms = {0}};
	gateway_trunk = (struct trunk){
		.kind = TRUNK_GATEWAY, .id = id, .gateway = &gateway, .peer = &peer};
	server_trunk = (struct trunk){
		.kind = TRUNK_SERVER, .id = server_id, .server = &server, .peer = &peer};
	flow = (struct flow){.kind = TRANSPORT_TLS,
		.version = "TLS1.3",
		.cipher = "AES-256-GCM",
		.peer_names = "DNS:\xfe",
		.until = LATER};
	live = (struct record){.id = "5f3c-000009",
		.answer_us = 1,
		.legs[0] = {.party = "server pbx1",
			.transport = "TLS",
			.version = "TLS1.3"},
		.legs[1] = {.side = SIDE_EXTERNAL,
			.party = "trunk gw",
			.transport = "TLS",
			.version = "TLS1.2",
			.cipher = "AES-128-GCM",
			.peer_names = "DNS:\"quoted\"",
			.media = "AEAD_AES_256_GCM"}};
	fakes = (struct fakes){.trunks = {[TRUNK_SERVER] = &server_trunk,
				       [TRUNK_GATEWAY] = &gateway_trunk},
		.listed = {1, 1},
		.flow_trunks = {[TRUNK_GATEWAY] = &gateway_trunk},
		.own = &own,
		.own_expires = LATER,
		.crypto = "nettle"};
	report = NULL;
	return tally_init(&tally);
}

static int teardown(void **state)
{
	(void)state;
	json_decref(report);
	tally_free(&tally);
	return 0;
}

static void make(void)
{
	static struct verbs_context context;
	const struct cdr_scan_counts counts = {.records = 3};
	const struct protection_facts facts = {.context = &context,
		.tally = &tally,
		.counts = &counts,
		.since = BEFORE,
		.now = NOW};

	struct protection *protection;
	int err;

	context = (struct verbs_context){
		.config_h = config_h, .external = (struct transport *)(void *)&flow};
	json_decref(report);
	report = NULL;
	assert_int_equal(protection_new(&protection, &facts), 0);
	while ((err = protection_step(protection, &report)) == -EAGAIN)
		if (step_h)
			step_h();
	assert_int_equal(err, 0);
	assert_non_null(report);
	protection_free(protection);
}

static const char *word(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "(none)";
}

static const json_t *row_of(const char *kind, const char *id, const char *traffic)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(report, "rows"), i, row)
	{
		if (strcmp(word(row, "kind"), kind) == 0 &&
			strcmp(word(row, "id"), id) == 0 &&
			strcmp(word(row, "traffic"), traffic) == 0)
			return row;
	}
	fail_msg("no row %s %s %s", kind, id, traffic);
	return NULL;
}

static const json_t *exceptions_of(const char *traffic)
{
	return json_object_get(row_of("trunk", "gw", traffic), "exceptions");
}

/* The one broken rule. */
static const json_t *the_fault(const char *rule)
{
	const json_t *broken = json_object_get(report, "broken");

	if (json_array_size(broken) != 1)
		fail_msg("%zu broken rules, not %s alone", json_array_size(broken), rule);
	assert_string_equal(word(json_array_get(broken, 0), "rule"), rule);
	return json_array_get(broken, 0);
}

static void no_fault(void)
{
	assert_int_equal(json_array_size(json_object_get(report, "broken")), 0);
}

static void what_is_required_is_said(void **state)
{
	(void)state;
	make();
	no_fault();
	assert_string_equal(word(row_of("server", "pbx1", "signalling"), "required"),
		"mutual TLS 1.2, modern ciphers");
	assert_string_equal(word(row_of("trunk", "gw", "media"), "required"), "SRTP");
	assert_int_equal(json_array_size(exceptions_of("signalling")), 0);
	assert_int_equal(json_array_size(exceptions_of("media")), 0);
	assert_true(json_is_null(json_object_get(row_of("total", "", "media"), "share")));
	gateway.common.tls = CONFIG_TLS_NO;
	gateway.common.srtp = CONFIG_SRTP_OFF;
	make();
	no_fault();
	assert_string_equal(
		word(row_of("trunk", "gw", "signalling"), "required"), "none");
	assert_string_equal(word(row_of("trunk", "gw", "media"), "required"), "none");
	assert_int_equal(json_array_size(exceptions_of("signalling")), 1);
	assert_int_equal(json_array_size(exceptions_of("media")), 1);
}

static void each_setting_below_the_rules_is_an_exception(void **state)
{
	static const char *const settings[] = {"tls-min = 1.0", "ciphers = legacy",
		"wildcard = one-label", "revocation = soft"};
	static char reason[] = "old box \xc3\xbc";
	const json_t *list;

	(void)state;
	gateway.common.tls_min = CONFIG_TLS_1_0;
	gateway.common.ciphers = CONFIG_CIPHERS_LEGACY;
	gateway.common.srtp = CONFIG_SRTP_OPTIONAL;
	gateway.common.peer.wildcard = CONFIG_WILDCARD_ONE_LABEL;
	gateway.common.peer.revocation = CONFIG_REVOCATION_SOFT;
	gateway.common.peer.exception_until = LATER;
	make();
	no_fault();
	list = exceptions_of("signalling");
	assert_int_equal(json_array_size(list), 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(
			word(json_array_get(list, i), "setting"), settings[i]);
		assert_string_equal(
			word(json_array_get(list, i), "state"), "undocumented");
	}
	list = exceptions_of("media");
	assert_string_equal(word(json_array_get(list, 0), "setting"), "srtp = optional");
	gateway.common.peer.exception_reason = reason;
	make();
	list = json_array_get(exceptions_of("media"), 0);
	assert_string_equal(word(list, "state"), "documented");
	assert_string_equal(word(list, "reason"), reason);
	assert_string_equal(word(list, "until"), "2026-11-19T11:06:40Z");
}

static void fax_in_clear_is_an_exception_where_media_is_protected(void **state)
{
	const json_t *list;

	(void)state;
	gateway.common.media.t38 = server.common.media.t38 = CONFIG_T38_RELAY;
	gateway.common.peer.exception_until = LATER;
	server.common.peer.exception_until = NOW;
	make();
	assert_string_equal(word(the_fault("exception-over"), "kind"), "server");
	assert_string_equal(
		word(row_of("server", "pbx1", "media"), "required"), "SRTP, but for fax");
	list = json_object_get(row_of("server", "pbx1", "media"), "exceptions");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(word(json_array_get(list, 0), "setting"), "t38 = relay");
	assert_string_equal(word(json_array_get(list, 0), "allows"), "fax in clear");
	assert_int_equal(json_array_size(exceptions_of("media")), 1);
	/* where all is in clear, one word says it */
	gateway.common.tls = CONFIG_TLS_NO;
	gateway.common.srtp = CONFIG_SRTP_OFF;
	make();
	list = exceptions_of("media");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(word(json_array_get(list, 0), "setting"), "tls = no");
}

static json_int_t legs_of(const json_t *row, const char *name)
{
	return json_integer_value(json_object_get(row, name));
}

static bool has_row(const char *kind, const char *traffic)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(report, "rows"), i, row)
	{
		if (strcmp(word(row, "kind"), kind) == 0 &&
			strcmp(word(row, "traffic"), traffic) == 0)
			return true;
	}
	return false;
}

static void messages_have_rows_where_they_may_cross_or_did(void **state)
{
	const struct cdr_leg none = {.party = span_of("server pbx1"),
		.transport = span_of(""),
		.tls_version = span_of(""),
		.tls_cipher = span_of(""),
		.peer_names = span_of(""),
		.media = span_of(""),
		.signalling_required = span_of(""),
		.media_required = span_of("")};
	struct cdr cdr = {.id = span_of("a"), .message = true, .legs = {none, none}};
	const json_t *list;

	(void)state;
	make();
	assert_false(has_row("trunk", "messages"));
	assert_false(has_row("total", "messages"));
	gateway.common.tls = CONFIG_TLS_NO;
	gateway.common.srtp = CONFIG_SRTP_OFF;
	gateway.common.messages.methods = CONFIG_METHOD_MESSAGE;
	make();
	assert_string_equal(word(row_of("trunk", "gw", "messages"), "required"), "none");
	list = exceptions_of("messages");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(
		word(json_array_get(list, 0), "setting"), "methods = MESSAGE");
	assert_string_equal(word(json_array_get(list, 0), "allows"), "messages in clear");
	gateway.common.messages.methods = 0;
	cdr.legs[1].party = span_of("trunk gw");
	cdr.legs[1].transport = span_of("UDP");
	tally_add(&tally, &cdr, true);
	make();
	assert_int_equal(legs_of(row_of("trunk", "gw", "messages"), "legs"), 1);
	assert_int_equal(legs_of(row_of("trunk", "gw", "messages"), "protected_legs"), 0);
	assert_int_equal(json_array_size(exceptions_of("messages")), 0);
	assert_int_equal(legs_of(row_of("total", "", "messages"), "legs"), 1);
	assert_false(has_row("server", "messages"));
	cdr.legs[1].party = span_of("trunk gone");
	tally_add(&tally, &cdr, true);
	make();
	assert_string_equal(
		word(row_of("trunk", "gone", "messages"), "state"), "removed");
}

static void messages_over_tls_are_no_exception(void **state)
{
	(void)state;
	gateway.common.messages.methods = CONFIG_METHOD_MESSAGE;
	make();
	assert_int_equal(json_array_size(exceptions_of("messages")), 0);
}

static void an_exception_is_over_on_its_day(void **state)
{
	(void)state;
	gateway.common.srtp = CONFIG_SRTP_OPTIONAL;
	gateway.common.peer.exception_until = NOW + 1;
	make();
	no_fault();
	gateway.common.peer.exception_until = NOW;
	make();
	assert_string_equal(word(the_fault("exception-over"), "traffic"), "media");
	/* Plain toward a gateway needs no exception; one that is dated is held to it. */
	gateway.common.tls = CONFIG_TLS_OBSERVE;
	gateway.common.srtp = CONFIG_SRTP_OFF;
	make();
	assert_int_equal(json_array_size(json_object_get(report, "broken")), 2);
	/* Nothing goes by a trunk that is out of use. */
	gateway.common.enabled = false;
	make();
	no_fault();
	assert_string_equal(word(row_of("trunk", "gw", "media"), "state"), "disabled");
	/* A date without an exception is none. */
	gateway.common.enabled = true;
	gateway.common.tls = CONFIG_TLS_YES;
	gateway.common.srtp = CONFIG_SRTP_REQUIRED;
	make();
	no_fault();
}

static void connections_are_shown_and_judged(void **state)
{
	const json_t *connection;

	(void)state;
	fakes.flow = &flow;
	make();
	no_fault();
	connection = json_array_get(
		json_object_get(row_of("trunk", "gw", "signalling"), "connections"), 0);
	assert_string_equal(word(connection, "tls_version"), "TLS1.3");
	assert_string_equal(word(connection, "peer_names"), "DNS:?");
	assert_string_equal(word(connection, "peer_good_until"), "2026-11-19T11:06:40Z");
	assert_true(
		json_is_null(json_object_get(connection, "asked_for_our_certificate")));
	flow.version = "TLS1.1";
	flow.asked = FLOW_ASKED_NO;
	make();
	the_fault("connection-below");
	peer.terms.min = POLICY_TLS_1_0;
	make();
	no_fault();
	flow.closed = true;
	make();
	assert_int_equal(json_array_size(json_object_get(
				 row_of("trunk", "gw", "signalling"), "connections")),
		0);
}

static void calls_that_stand_are_counted_apart(void **state)
{
	const json_t *way;

	(void)state;
	fakes.call = &live;
	make();
	no_fault();
	way = json_array_get(
		json_object_get(row_of("trunk", "gw", "signalling"), "ways"), 0);
	assert_string_equal(word(way, "protection"), "TLS1.2 AES-128-GCM");
	assert_string_equal(word(way, "peer_names"), "DNS:\"quoted\"");
	assert_int_equal(json_integer_value(json_object_get(way, "legs")), 0);
	assert_int_equal(json_integer_value(json_object_get(way, "legs_now")), 1);
	live.legs[1].media = "RTP";
	live.legs[1].media_required = "SRTP";
	make();
	assert_non_null(strstr(word(the_fault("calls-below"), "words"), "5f3c-000009"));
}

static void shares_are_never_rounded_up(void **state)
{
	struct cdr cdr = {.id = span_of("a"),
		.answered = true,
		.legs[0] = {.party = span_of("server pbx1"), .media = span_of("AEAD")},
		.legs[1] = {.party = span_of("trunk gone"), .media = span_of("AEAD")}};
	const json_t *row;

	(void)state;
	for (unsigned i = 0; i < 4999; i++)
		tally_add(&tally, &cdr, true);
	cdr.legs[1].media = span_of("RTP");
	tally_add(&tally, &cdr, true);
	make();
	row = row_of("server", "pbx1", "media");
	assert_true(json_real_value(json_object_get(row, "share")) == 100.0);
	/* A trunk that left the configuration is not forgotten. */
	row = row_of("trunk", "gone", "media");
	assert_string_equal(word(row, "state"), "removed");
	assert_true(json_real_value(json_object_get(row, "share")) == 99.9);
	row = row_of("total", "", "media");
	assert_true(json_real_value(json_object_get(row, "share")) == 99.9);
	assert_int_equal(json_integer_value(json_object_get(row, "legs")), 10000);
}

static void reload_h(void)
{
	present = &other_config;
	fakes.listed[TRUNK_GATEWAY] = 2;
}

static void a_reload_in_between_begins_it_anew(void **state)
{
	(void)state;
	fakes.listed[TRUNK_GATEWAY] = 1000;
	make();
	assert_int_equal(json_array_size(json_object_get(report, "rows")), 2004);
	fakes.call = &live;
	step_h = reload_h;
	make();
	assert_string_equal(word(report, "host"), "med2");
	assert_int_equal(json_array_size(json_object_get(report, "rows")), 8);
	/* The call that stands was counted once. */
	assert_int_equal(
		json_integer_value(json_object_get(
			json_array_get(
				json_object_get(row_of("trunk", "gw", "media"), "ways"),
				0),
			"legs_now")),
		1);
	assert_int_equal(config.refs + other_config.refs, 2);
}

static void fips_must_be_active_where_it_is_required(void **state)
{
	(void)state;
	config.tandem.fips = CONFIG_FIPS_REQUIRED;
	make();
	assert_string_equal(word(the_fault("fips-inactive"), "kind"), "tandem");
	fakes.fips_active = true;
	make();
	the_fault("fips-inactive"); /* SRTP is not by the validated module */
	fakes.crypto = "GnuTLS";
	make();
	no_fault();
	assert_true(json_is_true(
		json_object_get(json_object_get(report, "fips"), "library_active")));
}

static void what_ran_out_is_a_broken_rule(void **state)
{
	const json_t *fault;

	(void)state;
	fakes.own_expires = NOW;
	make();
	fault = the_fault("certificate-expired");
	assert_string_equal(word(fault, "id"), "internal");
	assert_non_null(strstr(word(fault, "words"), "/c/internal.pem"));
	fakes.own_expires = LATER;
	fakes.crl_due = LATER;
	make();
	no_fault();
	fakes.crl_due = NOW;
	gateway.common.tls = CONFIG_TLS_NO;
	make();
	fault = the_fault("crl-overdue");
	assert_string_equal(word(fault, "id"), "pbx1");
	assert_non_null(strstr(word(fault, "words"), "/c/carriers.crl"));
	server.common.peer.revocation = CONFIG_REVOCATION_SOFT;
	make();
	no_fault();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_is_required_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(
			each_setting_below_the_rules_is_an_exception, setup, teardown),
		cmocka_unit_test_setup_teardown(
			fax_in_clear_is_an_exception_where_media_is_protected, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			messages_have_rows_where_they_may_cross_or_did, setup, teardown),
		cmocka_unit_test_setup_teardown(
			messages_over_tls_are_no_exception, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_exception_is_over_on_its_day, setup, teardown),
		cmocka_unit_test_setup_teardown(
			connections_are_shown_and_judged, setup, teardown),
		cmocka_unit_test_setup_teardown(
			calls_that_stand_are_counted_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(
			shares_are_never_rounded_up, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_reload_in_between_begins_it_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(
			fips_must_be_active_where_it_is_required, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_ran_out_is_a_broken_rule, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
