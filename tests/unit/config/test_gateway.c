#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void file_name_is_the_id(void **state)
{
	struct fixture *fixture = *state;
	const char *text = "[gateway]\nhost = a.example\n";

	fixture_write(fixture, "gateways.d/b-2.conf", text);
	fixture_write(fixture, "gateways.d/a.1.conf", text);
	/* None of ours: an editor's copy, a hidden file, a note. */
	fixture_write(fixture, "gateways.d/a.1.conf~", "nonsense");
	fixture_write(fixture, "gateways.d/.b.conf", "nonsense");
	fixture_write(fixture, "gateways.d/README", "nonsense");
	fixture_load_ok(fixture);
	assert_int_equal(fixture->config->gateway_count, 2);
	assert_string_equal(fixture->config->gateways[0].common.id, "a.1");
	assert_string_equal(fixture->config->gateways[1].common.id, "b-2");
	assert_null(config_gateway_find(fixture->config, "README"));
	fixture_write(fixture, "gateways.d/a b.conf", text);
	fixture_load_fails(fixture,
		"gateways.d:1:1: error: expected files named ID.conf, ID of 1 to 64 of "
		"A-Z a-z 0-9 . _ -, got \"a b.conf\"\n");
}

static void every_key_arrives(void **state)
{
	struct fixture *fixture = *state;
	const struct config_gateway *gateway;

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\nport = 5071\ntls = yes\ntransport = tcp\n"
		"srtp = optional\ncrl = a.crl\nsuites = AES_256_CM_HMAC_SHA1_32\n"
		"codecs = PCMA,opus\nprefixes = +49, 0049\npriority = 3\n"
		"max-calls = 60\nmax-calls-in = 50\nmax-calls-out = 0\n"
		"max-early = 9\nmax-rate = 8\nmax-rate-in = 7\nmax-rate-out = 6\n"
		"max-rate-burst = 5\nmax-duration = 2h\ncalls-to = gateways\nearly-media "
		"= no\nuser-phone = "
		"yes\nrtcp-mux = yes\n"
		"sdp-lifetime = yes\nhold = inactive\nfrom-host = from.example\n"
		"[capture]\nmode = full\n");
	fixture_load_ok(fixture);
	gateway = &fixture->config->gateways[0];
	assert_string_equal(gateway->common.host, "a.example");
	assert_int_equal(gateway->common.port, 5071);
	assert_true(gateway->common.tls);
	assert_int_equal(gateway->common.transport, CONFIG_TCP);
	assert_int_equal(gateway->common.srtp, CONFIG_SRTP_OPTIONAL);
	assert_string_equal(
		gateway->common.certs.crl, fixture_path(fixture, "gateways.d/a.crl"));
	assert_int_equal(gateway->common.suites, CONFIG_SUITE_AES_256_CM_32);
	assert_int_equal(gateway->common.codecs.count, 2);
	assert_string_equal(gateway->common.codecs.words[1], "opus");
	assert_int_equal(gateway->common.limits.max_calls, 60);
	assert_int_equal(gateway->common.limits.max_calls_in, 50);
	assert_int_equal(gateway->common.limits.max_calls_out, 0);
	assert_int_equal(gateway->common.limits.max_early, 9);
	assert_int_equal(gateway->common.limits.max_rate, 8);
	assert_int_equal(gateway->common.limits.max_rate_in, 7);
	assert_int_equal(gateway->common.limits.max_rate_out, 6);
	assert_int_equal(gateway->common.limits.burst, 5);
	assert_int_equal(gateway->common.limits.duration_ms, 7200000);
	assert_int_equal(gateway->common.route.prefixes.count, 2);
	assert_string_equal(gateway->common.route.prefixes.words[0], "+49");
	assert_int_equal(gateway->common.route.priority, 3);
	assert_int_equal(gateway->common.calls_to, CONFIG_CALLS_TO_GATEWAYS);
	assert_false(gateway->early_media);
	assert_true(gateway->user_phone && gateway->rtcp_mux && gateway->sdp_lifetime);
	assert_int_equal(gateway->hold, CONFIG_HOLD_INACTIVE);
	assert_string_equal(gateway->from_host, "from.example");
	assert_int_equal(gateway->audit, CONFIG_AUDIT_FULL);
}

static void routes_are_read_with_what_the_gateway_says(void **state)
{
	struct fixture *fixture = *state;
	const struct config_trunk *common;
	const struct config_route *route;

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\nprefixes = +49, 0[1-9]\ncallers = +4930\n"
		"sources = servers, trunk:b\npriority = 50\nweight = 3\n"
		"[route berlin]\nprefixes = +4930, 112$\npriority = 1\n"
		"[route boss]\ncallers = +493012\nsources = server:pbx1\nweight = 0\n");
	fixture_write(fixture, "gateways.d/b.conf", "[gateway]\nhost = b.example\n");
	fixture_load_ok(fixture);
	common = &config_gateway_find(fixture->config, "a")->common;
	assert_int_equal(common->route_count, 2);
	route = config_route_at(common, 0);
	assert_ptr_equal(route, &common->route);
	assert_null(route->name);
	assert_int_equal(route->prefixes.count, 2);
	assert_int_equal(route->weight, 3);
	route = config_route_at(common, 1);
	assert_string_equal(route->name, "berlin");
	assert_string_equal(route->prefixes.words[1], "112$");
	assert_string_equal(route->callers.words[0], "+4930");
	assert_int_equal(route->sources.count, 2);
	assert_int_equal(route->priority, 1);
	assert_int_equal(route->weight, 3);
	route = config_route_at(common, 2);
	assert_string_equal(route->prefixes.words[1], "0[1-9]");
	assert_string_equal(route->callers.words[0], "+493012");
	assert_string_equal(route->sources.words[0], "server:pbx1");
	assert_int_equal(route->priority, 50);
	assert_int_equal(route->weight, 0);
	assert_null(config_route_at(common, 3));
	common = &config_gateway_find(fixture->config, "b")->common;
	assert_int_equal(common->route.weight, 0); /* by name, as ever */
	assert_int_equal(fixture->config->servers[0].common.route.weight, 1);
}

static void mistakes_of_routes_are_told_where_they_are(void **state)
{
	struct fixture *fixture = *state;
	static const char patterns[] =
		"expected a comma list of beginnings of numbers such as +49, 00N, 0[1-9] "
		"or 112$ (X: 0-9, Z: 1-9, N: 2-9, []: one of these, $: the number ends), "
		"each once";
	char lines[4096];

	fixture_write(fixture, "profiles/mine.conf", "[route x]\nprefixes = 1\n");
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\nprofile = mine\nprefixes = +49, 0[9-1]\n"
		"callers = 1$2\nsources = pbx1\n"
		"[route]\nprefixes = 1\n"
		"[route one]\npriority = 1\n"
		"[route two]\nprefixes = +49, +49\n"
		"[route two]\nprefixes = 2\nhost = x\n");
	snprintf(lines, sizeof(lines),
		"profiles/mine.conf:1:2: error: [route]: belongs in a gateway's file, "
		"not "
		"in a profile\n"
		"gateways.d/a.conf:4:19: error: prefixes: %s, got \"9-1]\"\n"
		"gateways.d/a.conf:5:12: error: callers: %s, got \"$2\"\n"
		"gateways.d/a.conf:6:11: error: sources: expected a comma list of "
		"servers, "
		"gateways, server:ID and trunk:ID, each once, got \"pbx1\"\n"
		"gateways.d/a.conf:7:2: error: [route NAME]: expected a name of 1 to 64 "
		"of "
		"A-Z a-z 0-9 . _ -, got nothing\n"
		"gateways.d/a.conf:9:2: error: [route one]: expected prefixes, callers "
		"or "
		"sources, else it takes the same calls as [gateway]\n"
		"gateways.d/a.conf:12:17: error: prefixes: %s, got \"+49\"\n"
		"gateways.d/a.conf:13:2: error: [route two]: duplicate section\n"
		"gateways.d/a.conf:15:1: error: \"host\": unknown key in [route]\n",
		patterns, patterns, patterns);
	fixture_load_fails(fixture, lines);
}

static void sources_must_be_there(void **state)
{
	struct fixture *fixture = *state;

	fixture_write_main(fixture, "[server pbx1]\n",
		"[server pbx1]\nsources = trunk:a, server:pbx9\n");
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\nsources = server:pbx1, trunk:z\n"
		"[route one]\nsources = server:pbx1, gateways, trunk:y\n");
	fixture_load_fails(fixture,
		"tandem.conf:9:11: error: sources: expected a server or trunk that "
		"there "
		"is, got \"server:pbx9\"\n"
		"gateways.d/a.conf:3:11: error: sources: expected a server or trunk that "
		"there is, got \"trunk:z\"\n"
		"gateways.d/a.conf:5:11: error: sources: expected a server or trunk that "
		"there is, got \"trunk:y\"\n");
}

static void what_leads_on_is_a_list(void **state)
{
	struct fixture *fixture = *state;
	const struct config_trunk *common;

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\nnext-on = 404, 480-486\n"
		"next-after-ringing = yes\nsetup-within = 9s\n");
	fixture_write(fixture, "gateways.d/b.conf",
		"[gateway]\nhost = b.example\nnext-on = none\n");
	fixture_load_ok(fixture);
	common = &config_gateway_find(fixture->config, "a")->common;
	assert_true(statuses_have(&common->next_on, 404));
	assert_true(statuses_have(&common->next_on, 483));
	assert_false(statuses_have(&common->next_on, 503));
	assert_true(common->next_after_ringing);
	assert_int_equal(common->setup_within_ms, 9000);
	common = &config_gateway_find(fixture->config, "b")->common;
	assert_false(statuses_have(&common->next_on, 503));
	common = &fixture->config->servers[0].common;
	for (int status = 300; status < 700; status++)
		assert_int_equal(statuses_have(&common->next_on, status),
			status == 408 || status == 500 ||
				(status >= 502 && status <= 504));
	assert_false(common->next_after_ringing);
	assert_int_equal(common->setup_within_ms, 0);
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\nnext-on = 503, 603\n");
	fixture_load_fails(fixture,
		"gateways.d/a.conf:3:16: error: next-on: expected a comma list of "
		"responses from 300 to 599 and ranges such as 502-504, each once, or "
		"none, got \"603\"\n");
}

static void unset_keys_come_from_the_main_file(void **state)
{
	struct fixture *fixture = *state;
	const struct config_gateway *gateway;

	fixture_write_main(fixture, "[tandem]\n",
		"[audit]\nmode = off\nkeep = 2d\nkeep-size = 1G\n[tandem]\n");
	fixture_write(fixture, "gateways.d/a.conf", "[gateway]\nhost = a.example\n");
	fixture_load_ok(fixture);
	gateway = &fixture->config->gateways[0];
	assert_string_equal(
		gateway->common.certs.certificate, fixture_path(fixture, "external.pem"));
	assert_string_equal(
		gateway->common.certs.key, fixture_path(fixture, "external.key"));
	assert_string_equal(
		gateway->common.certs.trust, fixture_path(fixture, "carriers.pem"));
	assert_int_equal(gateway->audit, CONFIG_AUDIT_OFF);
	assert_int_equal(gateway->keep_ms, 2 * 86400000);
	assert_int_equal(gateway->keep_bytes, 0);
	assert_true(
		gateway->common.enabled && gateway->common.tls && gateway->early_media);
	assert_int_equal(gateway->common.srtp, CONFIG_SRTP_REQUIRED);
	assert_int_equal(gateway->common.port, 0);
	assert_string_equal(gateway->profile, "");
	assert_string_equal(gateway->from_host, "");
	assert_int_equal(gateway->common.codecs.count, 0);
}

static void srtp_is_off_without_tls(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\ntls = no\nsrtp = required\n");
	fixture_load_ok(fixture);
	assert_int_equal(fixture->config->gateways[0].common.srtp, CONFIG_SRTP_OFF);
}

/* What is written counts; what is not is 1m over TLS alone. */
static void who_is_plain_is_asked_when_told_to(void **state)
{
	static const struct {
		const char *lines;
		uint64_t ping_ms;
	} cases[] = {
		{"", 60000},
		{"tls = no\n", CONFIG_OFF},
		{"tls = observe\n", CONFIG_OFF},
		{"tls = no\noptions-ping = 30s\n", 30000},
		{"options-ping = off\n", CONFIG_OFF},
		{"options-ping = 5s\n", 5000},
	};
	struct fixture *fixture = *state;
	char text[120];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct config_trunk *settings;

		snprintf(text, sizeof(text), "[gateway]\nhost = a.example\n%s",
			cases[i].lines);
		fixture_write(fixture, "gateways.d/a.conf", text);
		fixture_load_ok(fixture);
		settings = &fixture->config->gateways[0].common;
		assert_int_equal(settings->options_ping_ms, cases[i].ping_ms);
		assert_true(settings->keepalive_ms == CONFIG_OFF);
		config_unref(fixture->config);
		fixture->config = NULL;
	}
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\noptions-ping = 4s\nkeepalive = 14s\n");
	fixture_load_fails(fixture,
		"gateways.d/a.conf:3:16: error: options-ping: expected a time from 5s to "
		"1h such as 1h, or off, got \"4s\"\n"
		"gateways.d/a.conf:4:13: error: keepalive: expected a time from 15s to "
		"1h such as 1h, or off, got \"14s\"\n");
}

static void tls_never_goes_without_srtp_by_force(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\ntls = yes\nsrtp = off\n");
	fixture_load_fails(fixture,
		"gateways.d/a.conf:4:8: error: srtp: expected required or optional while "
		"tls is not no, got \"off\"\n");
}

static void mistakes_of_all_files_are_told(void **state)
{
	struct fixture *fixture = *state;

	fixture_write_main(fixture, "udp = 127.0.0.1:5060\n", "udp = 127.0.0.1\n");
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\ntls = maybe\nhots = a\n[server x]\nhost = a\n[captrue]\n");
	fixture_write(fixture, "gateways.d/b.conf", "# nothing\n");
	fixture_write(fixture, "gateways.d/c.conf",
		"[gateway x]\nhost = a\ncodecs = PCMA,, PCMU\nkey = k.pem\n[gateway]\n"
		"[capture]\nmode = sginalling\n");
	assert_int_equal(mkdir(fixture_path(fixture, "gateways.d/d.conf"), 0700), 0);
	fixture_load_fails(fixture,
		"tandem.conf:11:7: error: udp: expected address:port such as "
		"0.0.0.0:5061, got \"127.0.0.1\"\n"
		"gateways.d/a.conf:2:7: error: tls: expected one of: no, observe, yes, "
		"got \"maybe\"\n"
		"gateways.d/a.conf:3:1: error: \"hots\": unknown key in [gateway] (did "
		"you mean \"host\"?)\n"
		"gateways.d/a.conf:4:2: error: [server]: belongs in the main file\n"
		"gateways.d/a.conf:6:2: error: \"captrue\": unknown section (did you "
		"mean "
		"\"capture\"?)\n"
		"gateways.d/a.conf:1:2: error: host: missing in [gateway], expected a "
		"comma list of host names or addresses, each once\n"
		"gateways.d/b.conf:1:1: error: host: missing in [gateway], expected a "
		"comma list of host names or addresses, each once\n"
		"gateways.d/c.conf:1:2: error: [gateway]: expected no name behind it\n"
		"gateways.d/c.conf:3:15: error: codecs: expected a comma list of codecs "
		"such as PCMA, G729, opus (without clock rate; private names begin with "
		"x-), each once, got nothing\n"
		"gateways.d/c.conf:5:2: error: [gateway]: duplicate section, first in "
		"line 1\n"
		"gateways.d/c.conf:7:8: error: mode: expected one of: off, signalling, "
		"full, got \"sginalling\" (did you mean \"signalling\"?)\n"
		"gateways.d/d.conf:1:1: error: cannot be read: Is a directory, expected "
		"a file "
		"that this user may read\n");
}

static void tls_needs_certificates(void **state)
{
	struct fixture *fixture = *state;

	fixture_write_main(fixture,
		"certificate = external.pem\nkey = external.key\ntrust = carriers.pem\n",
		"");
	fixture_write(fixture, "gateways.d/a.conf", "[gateway]\nhost = a\ntls = yes\n");
	fixture_load_fails(fixture,
		"gateways.d/a.conf:3:7: error: certificate: missing in [gateway] and in "
		"[external], which tls = yes or observe needs\n"
		"gateways.d/a.conf:3:7: error: key: missing in [gateway] and in "
		"[external], which tls = yes or observe needs\n"
		"gateways.d/a.conf:3:7: error: trust: missing in [gateway] and in "
		"[external], which tls = yes or observe needs\n");
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a\ncertificate = c\nkey = k\ntrust = t\n");
	fixture_load_ok(fixture);
	fixture_write(
		fixture, "gateways.d/a.conf", "[gateway]\nhost = a\nenabled = no\n");
	fixture_load_ok(fixture);
}

static void exceptions_are_dated(void **state)
{
	struct fixture *fixture = *state;
	const char *const gateway = "[gateway]\nhost = a\ncertificate = c\nkey = k\n"
				    "trust = t\ntls-min = 1.0\nciphers = legacy\n"
				    "revocation = soft\ntls = yes\nt38 = relay\n";
	const struct config_gateway *loaded;
	char text[400];

	fixture_write(fixture, "gateways.d/a.conf", gateway);
	fixture_load_fails(fixture,
		"gateways.d/a.conf:6:11: error: tls-min: an exception, expected "
		"exception-until beside it\n"
		"gateways.d/a.conf:7:11: error: ciphers: an exception, expected "
		"exception-until beside it\n"
		"gateways.d/a.conf:8:14: error: revocation: an exception, expected "
		"exception-until beside it\n"
		"gateways.d/a.conf:10:7: error: t38: an exception, expected "
		"exception-until beside it\n");
	snprintf(text, sizeof(text),
		"%sexception-until = 2031-04-30T06:30Z\nexception-reason = old box\n",
		gateway);
	fixture_write(fixture, "gateways.d/a.conf", text);
	fixture_load_ok(fixture);
	loaded = &fixture->config->gateways[0];
	assert_int_equal(loaded->common.tls_min, CONFIG_TLS_1_0);
	assert_int_equal(loaded->common.ciphers, CONFIG_CIPHERS_LEGACY);
	assert_int_equal(loaded->common.peer.revocation, CONFIG_REVOCATION_SOFT);
	assert_int_equal(loaded->common.peer.exception_until, 1935297000);
	assert_string_equal(loaded->common.peer.exception_reason, "old box");
	assert_int_equal(loaded->common.media.t38, CONFIG_T38_RELAY);
	/* where all media is in clear nothing is excepted by it */
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a\ntls = no\nt38 = relay\n");
	fixture_load_ok(fixture);
}

static void dates_are_days_or_minutes_of_the_calendar(void **state)
{
	static const char *const bad[] = {"2031-04-31", "2031-4-30", "31-04-30",
		"2031-04-30T06:30", "2031-04-30T24:61Z", "2031-04-30Z", "1970-01-01"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[200], error[300];

		snprintf(text, sizeof(text),
			"[gateway]\nhost = a\ntls = no\nexception-until = %s\n", bad[i]);
		snprintf(error, sizeof(error),
			"gateways.d/a.conf:4:19: error: exception-until: expected a day "
			"or minute in UTC such as 2026-12-31 or 2026-12-31T12:00Z, got "
			"\"%s\"\n",
			bad[i]);
		fixture_write(fixture, "gateways.d/a.conf", text);
		fixture_load_fails(fixture, error);
	}
}

static void the_next_certificate_comes_whole(void **state)
{
	struct fixture *fixture = *state;
	const char *const own = "[gateway]\nhost = a\ncertificate = c\nkey = k\n"
				"trust = t\nnext-certificate = n\n";
	char text[400];

	fixture_write(fixture, "gateways.d/a.conf", own);
	fixture_load_fails(fixture,
		"gateways.d/a.conf:6:20: error: next-key: missing, next-certificate "
		"needs it\n"
		"gateways.d/a.conf:6:20: error: next-from: missing, next-certificate "
		"needs it\n");
	snprintf(text, sizeof(text), "%sstaple = https://x/\n", own);
	fixture_write(fixture, "gateways.d/a.conf", text);
	fixture_load_fails(fixture,
		"gateways.d/a.conf:7:10: error: staple: expected auto, off, or a URL "
		"such as http://ocsp.example.com/, got \"https://x/\"\n"
		"gateways.d/a.conf:6:20: error: next-key: missing, next-certificate "
		"needs it\n"
		"gateways.d/a.conf:6:20: error: next-from: missing, next-certificate "
		"needs it\n");
	snprintf(text, sizeof(text),
		"%snext-key = m\nnext-from = 2031-01-01\nstaple = http://x/\n", own);
	fixture_write(fixture, "gateways.d/a.conf", text);
	fixture_load_ok(fixture);
	assert_int_equal(fixture->config->gateways[0].common.certs.next_from, 1924992000);
	assert_string_equal(
		fixture->config->gateways[0].common.certs.staple, "http://x/");
}

static void media_may_have_an_address_of_its_own(void **state)
{
	struct fixture *fixture = *state;
	const struct config_gateway *gateway;
	char text[ADDR_TEXT_SIZE];

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a\ntls = no\nmedia-address = 127.0.0.3\n"
		"media-advertise-address = 192.0.2.3\n");
	fixture_write(fixture, "gateways.d/b.conf", "[gateway]\nhost = b\ntls = no\n");
	fixture_load_ok(fixture);
	gateway = &fixture->config->gateways[0];
	assert_string_equal(
		addr_host_text(&gateway->common.media.address, text), "127.0.0.3");
	assert_string_equal(
		addr_host_text(&gateway->common.media.advertise, text), "192.0.2.3");
	assert_int_equal(fixture->config->gateways[1].common.media.address.len, 0);
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a\ntls = no\nmedia-address = ::1\n"
		"media-advertise-address = 192.0.2.3\n");
	fixture_write(fixture, "gateways.d/b.conf",
		"[gateway]\nhost = b\ntls = no\nmedia-advertise-address = 192.0.2.3\n");
	fixture_load_fails(fixture,
		"gateways.d/a.conf:5:27: error: media-advertise-address: expected IPv6 "
		"as "
		"media-address is\n"
		"gateways.d/b.conf:4:27: error: media-advertise-address: expected "
		"media-address beside it\n");
}

static void certificate_and_key_go_together(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "gateways.d/a.conf", "[gateway]\nhost = a\nkey = k\n");
	fixture_write(
		fixture, "gateways.d/b.conf", "[gateway]\nhost = b\ncertificate = c\n");
	fixture_load_fails(fixture,
		"gateways.d/a.conf:3:7: error: key: expected its certificate beside it\n"
		"gateways.d/b.conf:3:15: error: certificate: expected its key beside "
		"it\n");
}

static void a_password_has_a_user_and_a_file(void **state)
{
	struct fixture *fixture = *state;
	const struct config_auth *auth;

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a\ntls = no\ntransport = tcp\nauth-user = u\n");
	fixture_write(fixture, "gateways.d/b.conf",
		"[gateway]\nhost = b\ntls = no\ntransport = tcp\nauth-secret = s\n"
		"auth-algorithms = md5, sha1\nauth-realm = a \\ b\n");
	fixture_load_fails(fixture,
		"gateways.d/a.conf:5:13: error: auth-user: expected auth-secret, the "
		"file "
		"with its password, beside it\n"
		"gateways.d/b.conf:6:24: error: auth-algorithms: expected a comma list "
		"of: "
		"sha-512-256, sha-256, md5, got \"sha1\"\n"
		"gateways.d/b.conf:7:14: error: auth-realm: expected some text without "
		"\" "
		"and \\, got \"a \\\\ b\"\n"
		"gateways.d/b.conf:5:15: error: auth-secret: expected auth-user beside "
		"it\n");
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a\ntls = no\ntransport = tcp\nauth-user = u\n"
		"auth-secret = s\n");
	fixture_write(fixture, "gateways.d/b.conf",
		"[gateway]\nhost = b\ntls = no\ntransport = tcp\nauth-user = a b\n"
		"auth-secret = /s\nauth-algorithms = md5, sha-256\nauth-realm = r\n");
	fixture_load_ok(fixture);
	auth = &fixture->config->gateways[0].common.auth;
	assert_string_equal(auth->user, "u");
	assert_string_equal(auth->secret, fixture_path(fixture, "gateways.d/s"));
	assert_string_equal(auth->realm, "");
	assert_int_equal(auth->algorithms,
		CONFIG_ALGORITHM_SHA_512_256 | CONFIG_ALGORITHM_SHA_256);
	auth = &fixture->config->gateways[1].common.auth;
	assert_string_equal(auth->user, "a b");
	assert_string_equal(auth->secret, "/s");
	assert_string_equal(auth->realm, "r");
	assert_int_equal(
		auth->algorithms, CONFIG_ALGORITHM_MD5 | CONFIG_ALGORITHM_SHA_256);
}

static void what_is_demanded_has_a_password(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a\ntls = no\ntransport = tcp\nauth = digest\n");
	fixture_load_fails(fixture,
		"gateways.d/a.conf:5:8: error: auth: digest needs auth-user and "
		"auth-secret beside it\n");
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a\ntls = no\ntransport = tcp\nauth = digest\n"
		"auth-user = u\nauth-secret = s\n");
	fixture_load_ok(fixture);
	assert_int_equal(
		fixture->config->gateways[0].common.auth.demand, CONFIG_DEMAND_DIGEST);
}

static void fips_leaves_one_hash(void **state)
{
	struct fixture *fixture = *state;

	fixture_write_main(fixture, "[internal]", "fips = required\n[internal]");
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a\ntls = no\ntransport = tcp\nauth-user = u\n"
		"auth-secret = s\nauth-algorithms = md5, sha-256\n");
	fixture_load_fails(fixture,
		"gateways.d/a.conf:7:19: error: auth-algorithms: expected sha-256, "
		"without md5, with fips = required\n");
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a\ntls = no\ntransport = tcp\nauth-user = u\n"
		"auth-secret = s\n");
	fixture_load_ok(fixture);
}

/* A wrong word is told once, and not what would follow from taking it for no. */
static void one_mistake_makes_no_other(void **state)
{
	struct fixture *fixture = *state;

	fixture_write_main(fixture, "udp = 127.0.0.1:5060\n", "");
	fixture_write(fixture, "gateways.d/a.conf", "[gateway]\nhost = a\ntls = maybe\n");
	fixture_load_fails(fixture, "gateways.d/a.conf:3:7: error: tls: expected one of: "
				    "no, observe, yes, got \"maybe\"\n");
	fixture_write_main(fixture, "udp = 127.0.0.1:5060\n", "udp = 127.0.0.1\n");
	fixture_write(fixture, "gateways.d/a.conf", "[gateway]\nhost = a\ntls = no\n");
	fixture_load_fails(fixture,
		"tandem.conf:11:7: error: udp: expected address:port such as "
		"0.0.0.0:5061, got \"127.0.0.1\"\n");
}

static void plain_udp_needs_a_listener(void **state)
{
	struct fixture *fixture = *state;

	fixture_write_main(fixture, "udp = 127.0.0.1:5060\n", "");
	fixture_write(fixture, "gateways.d/a.conf", "[gateway]\nhost = a\ntls = no\n");
	fixture_load_fails(fixture,
		"gateways.d/a.conf:1:2: error: transport: expected udp in [external] to "
		"be set for it\n");
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a\ntls = no\ntransport = tcp\n");
	fixture_load_ok(fixture);
}

static void missing_folder_is_empty_unless_named(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(rmdir(fixture_path(fixture, "gateways.d")), 0);
	fixture_load_ok(fixture);
	assert_int_equal(fixture->config->gateway_count, 0);
	assert_null(config_gateway_find(fixture->config, "a"));
	fixture_write_main(fixture, "[internal]\n", "gateway-dir = trunks\n[internal]\n");
	fixture_load_fails(fixture,
		"tandem.conf:4:15: error: gateway-dir: cannot be read: No such file or "
		"directory, expected a folder that this user may read\n");
	assert_int_equal(mkdir(fixture_path(fixture, "trunks"), 0700), 0);
	fixture_write(fixture, "trunks/a.conf", "[gateway]\nhost = a\n");
	fixture_load_ok(fixture);
	assert_int_equal(fixture->config->gateway_count, 1);
}

static void profile_is_taken_first_and_overridden(void **state)
{
	struct fixture *fixture = *state;
	const struct config_gateway *gateway;

	fixture_write(fixture, "profiles/base.conf",
		"[gateway]\nuser-phone = yes\nsdp-lifetime = yes\nport = 1\n"
		"trust = base.pem\n[capture]\nmode = full\n");
	fixture_write(fixture, "profiles/vendor.conf",
		"[gateway]\nprofile = base\nport = 2\nhold = sendonly\ncodecs = PCMA\n");
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nprofile = vendor\nhost = a\nhold = inactive\n"
		"user-phone = no\n");
	fixture_write(fixture, "gateways.d/b.conf",
		"[gateway]\nhost = b\nport = 3\ncodecs = PCMU\nprofile = vendor\n");
	fixture_load_ok(fixture);
	gateway = config_gateway_find(fixture->config, "a");
	assert_string_equal(gateway->profile, "vendor");
	assert_int_equal(gateway->common.port, 2);
	assert_int_equal(gateway->hold, CONFIG_HOLD_INACTIVE);
	assert_false(gateway->user_phone);
	assert_true(gateway->sdp_lifetime);
	assert_int_equal(gateway->audit, CONFIG_AUDIT_FULL);
	assert_string_equal(
		gateway->common.certs.trust, fixture_path(fixture, "profiles/base.pem"));
	gateway = config_gateway_find(fixture->config, "b");
	assert_int_equal(gateway->common.port, 3);
	assert_true(gateway->user_phone);
	assert_int_equal(gateway->common.codecs.count, 1);
	assert_string_equal(gateway->common.codecs.words[0], "PCMU");
}

static void missing_profile_is_told_to_each(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "profiles/teams.conf", "[gateway]\n");
	fixture_write(fixture, "profiles/asterisk.conf", "[gateway]\n");
	fixture_write(
		fixture, "gateways.d/a.conf", "[gateway]\nhost = a\nprofile = taems\n");
	fixture_write(
		fixture, "gateways.d/b.conf", "[gateway]\nhost = a\nprofile = taems\n");
	fixture_write(
		fixture, "gateways.d/c.conf", "[gateway]\nhost = a\nprofile = ../x\n");
	fixture_load_fails(fixture,
		"gateways.d/a.conf:3:11: error: profile: expected a profile in profiles, "
		"got \"taems\" (did you mean \"teams\"?)\n"
		"gateways.d/b.conf:3:11: error: profile: expected a profile in profiles, "
		"got \"taems\" (did you mean \"teams\"?)\n"
		"gateways.d/c.conf:3:11: error: profile: expected a name of 1 to 64 of "
		"A-Z a-z 0-9 . _ -, got \"../x\"\n");
}

static void mistake_of_a_profile_is_told_once(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "profiles/p.conf", "[gateway]\ntls = on\n");
	fixture_write(fixture, "gateways.d/a.conf", "[gateway]\nhost = a\nprofile = p\n");
	fixture_write(fixture, "gateways.d/b.conf", "[gateway]\nhost = a\nprofile = p\n");
	fixture_load_fails(fixture, "profiles/p.conf:2:7: error: tls: expected one of: "
				    "no, observe, yes, got \"on\"\n");
}

static void circles_of_profiles_are_told(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "profiles/p.conf", "[gateway]\nprofile = q\n");
	fixture_write(fixture, "profiles/q.conf", "[gateway]\nprofile = p\n");
	fixture_write(fixture, "gateways.d/a.conf", "[gateway]\nhost = a\nprofile = p\n");
	fixture_load_fails(fixture,
		"profiles/q.conf:2:11: error: profile: \"p\" inherits from itself\n");
}

static void profiles_nest_to_a_depth(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "profiles/p1.conf", "[gateway]\nport = 7\n");
	for (int i = 2; i <= 9; i++) {
		char name[32];
		char text[64];

		snprintf(name, sizeof(name), "profiles/p%d.conf", i);
		snprintf(text, sizeof(text), "[gateway]\nprofile = p%d\n", i - 1);
		fixture_write(fixture, name, text);
	}
	fixture_write(
		fixture, "gateways.d/a.conf", "[gateway]\nhost = a\nprofile = p8\n");
	fixture_load_ok(fixture);
	assert_int_equal(fixture->config->gateways[0].common.port, 7);
	/* p8 and below are known by then. */
	fixture_write(
		fixture, "gateways.d/b.conf", "[gateway]\nhost = a\nprofile = p9\n");
	fixture_load_fails(fixture,
		"profiles/p9.conf:2:11: error: profile: expected at most 8 profiles deep "
		"and 1000 in all\n");
	assert_int_equal(unlink(fixture_path(fixture, "gateways.d/a.conf")), 0);
	fixture_load_fails(fixture,
		"profiles/p2.conf:2:11: error: profile: expected at most 8 profiles deep "
		"and 1000 in all\n");
}

static void a_thousand_gateways_load(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "profiles/p.conf", "[gateway]\nmax-calls = 60\n");
	for (int i = 0; i < 1000; i++) {
		char name[64];
		char text[256];

		snprintf(name, sizeof(name), "gateways.d/trunk-%d.conf", i);
		snprintf(text, sizeof(text),
			"[gateway] ; number %d\nprofile = p\nhost = sbc%d.example\n"
			"priority = %d\n",
			i, i, 999 - i);
		fixture_write(fixture, name, text);
	}
	fixture_load_ok(fixture);
	assert_int_equal(fixture->config->gateway_count, 1000);
	for (int i = 0; i < 1000; i++) {
		char id[32];
		const struct config_gateway *gateway;

		snprintf(id, sizeof(id), "trunk-%d", i);
		gateway = config_gateway_find(fixture->config, id);
		assert_ptr_equal(gateway, &fixture->config->gateways[999 - i]);
		assert_string_equal(gateway->common.id, id);
		assert_int_equal(gateway->common.limits.max_calls, 60);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(file_name_is_the_id),
		TEST(every_key_arrives),
		TEST(routes_are_read_with_what_the_gateway_says),
		TEST(mistakes_of_routes_are_told_where_they_are),
		TEST(sources_must_be_there),
		TEST(what_leads_on_is_a_list),
		TEST(unset_keys_come_from_the_main_file),
		TEST(srtp_is_off_without_tls),
		TEST(who_is_plain_is_asked_when_told_to),
		TEST(tls_never_goes_without_srtp_by_force),
		TEST(mistakes_of_all_files_are_told),
		TEST(tls_needs_certificates),
		TEST(exceptions_are_dated),
		TEST(dates_are_days_or_minutes_of_the_calendar),
		TEST(the_next_certificate_comes_whole),
		TEST(media_may_have_an_address_of_its_own),
		TEST(certificate_and_key_go_together),
		TEST(a_password_has_a_user_and_a_file),
		TEST(what_is_demanded_has_a_password),
		TEST(fips_leaves_one_hash),
		TEST(one_mistake_makes_no_other),
		TEST(plain_udp_needs_a_listener),
		TEST(missing_folder_is_empty_unless_named),
		TEST(profile_is_taken_first_and_overridden),
		TEST(missing_profile_is_told_to_each),
		TEST(mistake_of_a_profile_is_told_once),
		TEST(circles_of_profiles_are_told),
		TEST(profiles_nest_to_a_depth),
		TEST(a_thousand_gateways_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
