#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIN "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define PIN2 "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void defaults_are_those_of_the_manual(void **state)
{
	struct fixture *fixture = *state;
	const struct config *config;
	char text[ADDR_TEXT_SIZE];

	fixture_load_ok(fixture);
	config = fixture->config;
	assert_string_equal(config->tandem.fqdn, "med1.example.com");
	assert_string_equal(config->tandem.user, "");
	assert_string_equal(addr_text(&config->internal.listen, text), "0.0.0.0:5061");
	assert_int_equal(config->internal.suites, 0x3f);
	assert_int_equal(config->external.tcp.len, 0);
	assert_int_equal(config->media.port_min, 16384);
	assert_int_equal(config->media.port_max, 32767);
	assert_int_equal(config->media.workers, 0);
	assert_int_equal(config->media.tick_us, 1000);
	assert_int_equal(config->media.dscp, 46);
	assert_int_equal(config->sip.dscp, 0);
	assert_int_equal(config->media.timeout_ms, 60000);
	assert_int_equal(config->audit.mode, CONFIG_AUDIT_SIGNALLING);
	assert_false(config->audit.required);
	assert_int_equal(config->limits.calls.max_calls, 10000);
	assert_int_equal(config->limits.queue_bytes, 262144);
	assert_int_equal(config->limits.calls.duration_ms, 0);
	assert_int_equal(config->limits.calls.max_early, CONFIG_UNLIMITED);
	assert_int_equal(config->limits.calls.max_rate, CONFIG_UNLIMITED);
	assert_int_equal(config->limits.calls.burst, 0);
	assert_int_equal(config->sip.t1_ms, 500);
	assert_int_equal(config->sip.t2_ms, 4000);
	assert_int_equal(config->sip.t4_ms, 5000);
	assert_int_equal(config->gateway_count, 0);
}

static void paths_count_from_the_file_that_names_them(void **state)
{
	struct fixture *fixture = *state;
	const struct config_gateway *gateway;

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example.com\ncertificate = a.pem\n"
		"key = pkcs11:token=t;object=o\ntrust = /etc/ca.pem\n");
	fixture_load_ok(fixture);
	gateway = config_gateway_find(fixture->config, "a");
	assert_non_null(gateway);
	assert_string_equal(
		fixture->config->internal.tls.key, fixture_path(fixture, "internal.key"));
	assert_string_equal(
		fixture->config->tandem.gateway_dir, fixture_path(fixture, "gateways.d"));
	assert_string_equal(gateway->common.certs.certificate,
		fixture_path(fixture, "gateways.d/a.pem"));
	assert_string_equal(gateway->common.certs.key, "pkcs11:token=t;object=o");
	assert_string_equal(gateway->common.certs.trust, "/etc/ca.pem");
	assert_string_equal(gateway->common.certs.crl, "");
	assert_string_equal(
		gateway->common.file, fixture_path(fixture, "gateways.d/a.conf"));
}

static void relative_main_file_gives_absolute_paths(void **state)
{
	struct fixture *fixture = *state;
	struct config *config = NULL;
	char *here = getcwd(NULL, 0);

	assert_non_null(here);
	assert_int_equal(chdir(fixture->folder), 0);
	assert_int_equal(config_load(&config, "tandem.conf", &fixture->errors), 0);
	assert_int_equal(chdir(here), 0);
	assert_string_equal(config->file, fixture_path(fixture, "tandem.conf"));
	assert_string_equal(
		config->internal.tls.certificate, fixture_path(fixture, "internal.pem"));
	config_unref(config);
	free(here);
}

static void comments_may_stand_anywhere(void **state)
{
	struct fixture *fixture = *state;

	fixture_write_main(fixture, "[tandem]\nfqdn = med1.example.com\n",
		"; first\n  # second\n\n[tandem] ; behind a title\n"
		"\tfqdn=med1.example.com\t# behind a value ; twice\n\r\n"
		"user = tandem;not-a-comment\n");
	fixture_load_fails(fixture,
		"tandem.conf:7:8: error: user: expected a name of 1 to 64 of "
		"A-Z a-z 0-9 . _ -, got \"tandem;not-a-comment\"\n");
	fixture_write_main(fixture, "fqdn = med1.example.com\n",
		"fqdn = med1.example.com ; x\nuser = tandem #y\n");
	fixture_load_ok(fixture);
	assert_string_equal(fixture->config->tandem.user, "tandem");
}

/* What no key of [server ID] sets is a rule: no server gets less. */
static void a_server_is_always_tls_and_srtp(void **state)
{
	struct fixture *fixture = *state;
	const struct config_trunk *server;

	fixture_write_main(fixture, "", "");
	fixture_load_ok(fixture);
	server = &fixture->config->servers[0].common;
	assert_true(server->enabled);
	assert_int_equal(server->tls, CONFIG_TLS_YES);
	assert_int_equal(server->tls_min, CONFIG_TLS_1_2);
	assert_int_equal(server->ciphers, CONFIG_CIPHERS_MODERN);
	assert_int_equal(server->srtp, CONFIG_SRTP_REQUIRED);
	assert_int_equal(server->srtp_with_tls, CONFIG_SRTP_REQUIRED);
	assert_string_equal(server->file, fixture->config->file);
	assert_string_equal(
		server->certs.certificate, fixture->config->internal.tls.certificate);
}

static void servers_inherit_from_internal_and_are_sorted(void **state)
{
	struct fixture *fixture = *state;
	const struct config_server *server;

	fixture_write_main(fixture, "[server pbx1]\nhost = pbx1.example.com\n",
		"[server low]\nhost = low.example.com\npriority = 20\n"
		"[server b]\nhost = b.example.com\ntrust = partner.pem\n"
		"suites = AES_CM_128_HMAC_SHA1_80,AEAD_AES_256_GCM\n"
		"[server a]\nhost = 192.0.2.1\nport = 5071\ncodecs = PCMA, PCMU\n"
		"max-calls = 7\ncalls-to = servers\n");
	fixture_load_ok(fixture);
	assert_int_equal(fixture->config->server_count, 3);
	server = fixture->config->servers;
	assert_string_equal(server[0].common.id, "a");
	assert_int_equal(server[0].common.port, 5071);
	assert_int_equal(server[0].common.limits.max_calls, 7);
	assert_int_equal(server[0].common.limits.max_calls_in, CONFIG_UNLIMITED);
	assert_int_equal(server[0].common.limits.max_rate_out, CONFIG_UNLIMITED);
	assert_int_equal(server[0].common.limits.duration_ms, 0);
	assert_int_equal(server[0].common.calls_to, CONFIG_CALLS_TO_SERVERS);
	assert_int_equal(server[1].common.calls_to, CONFIG_CALLS_TO_OTHER);
	assert_int_equal(server[0].common.suites, 0x3f);
	assert_string_equal(
		server[0].common.certs.trust, fixture_path(fixture, "enterprise.pem"));
	assert_int_equal(server[0].common.codecs.count, 2);
	assert_string_equal(server[0].common.codecs.words[0], "PCMA");
	assert_string_equal(server[0].common.codecs.words[1], "PCMU");
	assert_string_equal(server[1].common.id, "b");
	assert_string_equal(
		server[1].common.certs.trust, fixture_path(fixture, "partner.pem"));
	assert_int_equal(server[1].common.suites,
		CONFIG_SUITE_AES_CM_128_80 | CONFIG_SUITE_AEAD_AES_256_GCM);
	assert_string_equal(server[2].common.id, "low");
	assert_ptr_equal(config_server_find(fixture->config, "b"), &server[1]);
	assert_null(config_server_find(fixture->config, "c"));
}

/* Servers and gateways have the same keys for it. */
static void peers_are_judged_as_configured(void **state)
{
	static const char keys[] = "names = b.example, 192.0.2.7\nwildcard = one-label\n"
				   "eku = strict\npins = " PIN "\nmutual = strict\n";
	struct fixture *fixture = *state;
	const struct config_peer *peers[2];
	char text[512];

	fixture_load_ok(fixture);
	peers[0] = &fixture->config->servers[0].common.peer;
	assert_int_equal(peers[0]->names.count, 0);
	assert_int_equal(peers[0]->wildcard, CONFIG_WILDCARD_NO);
	assert_int_equal(peers[0]->eku, CONFIG_EKU_EITHER);
	assert_int_equal(peers[0]->pins.count, 0);
	assert_int_equal(peers[0]->mutual, CONFIG_MUTUAL_LAX);

	snprintf(text, sizeof(text), "[server pbx1]\n%s", keys);
	fixture_write_main(fixture, "[server pbx1]\n", text);
	snprintf(text, sizeof(text), "[gateway]\nhost = a.example\n%s", keys);
	fixture_write(fixture, "gateways.d/a.conf", text);
	fixture_load_ok(fixture);
	peers[0] = &fixture->config->servers[0].common.peer;
	peers[1] = &fixture->config->gateways[0].common.peer;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(peers[i]->names.count, 2);
		assert_string_equal(peers[i]->names.words[1], "192.0.2.7");
		assert_string_equal(
			config_wildcard_name(peers[i]->wildcard), "one-label");
		assert_string_equal(config_eku_name(peers[i]->eku), "strict");
		assert_int_equal(peers[i]->pins.count, 1);
		assert_string_equal(peers[i]->pins.words[0], PIN);
		assert_string_equal(config_mutual_name(peers[i]->mutual), "strict");
	}
}

static void every_mistake_is_told_at_once(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "tandem.conf",
		"early = 1\n"
		"[tandem]\n"
		"fqdn = med1\n"
		"\tfqnd = x\n"
		"state-dir =\n"
		"[intrenal]\n"
		"x = y\n"
		"[internal] ; our side\n"
		"listen = 5061\n"
		"certificate = a\n"
		"key = b\n"
		"key = c\n"
		"suites = AES_CM_128_HMAC_SHA1_80, AES_CM_128_HMAC_SHA_80\n"
		"this is no entry\n"
		"[sip]\n"
		"t1 = 500\n"
		"t2 = 1us\n"
		"[media]\n"
		"ports = 40000-30000\n"
		"internal-address = 0.0.0.0\n"
		"dscp = AF44\n"
		"[gateway]\n"
		"[sip]\n"
		"[server a b]\n"
		"host = -x\n"
		"port = 65536\n"
		"[server]\n");
	fixture_load_fails(fixture,
		"tandem.conf:14:1: error: expected \"key = value\", \"[section]\" or a "
		"comment, got \"this is no entry\"\n"
		"tandem.conf:1:1: error: expected a [section] first, got \"early\"\n"
		"tandem.conf:3:8: error: fqdn: expected a full host name such as "
		"med1.example.com, got \"med1\"\n"
		"tandem.conf:4:2: error: \"fqnd\": unknown key in [tandem] (did you mean "
		"\"fqdn\"?)\n"
		"tandem.conf:5:12: error: state-dir: expected a path, got nothing\n"
		"tandem.conf:6:2: error: \"intrenal\": unknown section (did you mean "
		"\"internal\"?)\n"
		"tandem.conf:9:10: error: listen: expected address:port such as "
		"0.0.0.0:5061, got \"5061\"\n"
		"tandem.conf:12:1: error: key: duplicate key, first set in line 11\n"
		"tandem.conf:13:35: error: suites: expected a comma list of: "
		"AEAD_AES_256_GCM, AEAD_AES_128_GCM, AES_256_CM_HMAC_SHA1_80, "
		"AES_CM_128_HMAC_SHA1_80, AES_256_CM_HMAC_SHA1_32, "
		"AES_CM_128_HMAC_SHA1_32, got \"AES_CM_128_HMAC_SHA_80\" (did you mean "
		"\"AES_CM_128_HMAC_SHA1_80\"?)\n"
		"tandem.conf:16:6: error: t1: expected a time from 10ms to 10s such as "
		"500ms, got \"500\"\n"
		"tandem.conf:17:6: error: t2: expected a time from 10ms to 1m such as "
		"4s, "
		"got \"1us\"\n"
		"tandem.conf:19:9: error: ports: expected a range of ports such as "
		"16384-32767 (1024-65535), got \"40000-30000\"\n"
		"tandem.conf:20:20: error: internal-address: expected an IPv4 or IPv6 "
		"address of one interface, or one of each with a comma, got \"0.0.0.0\"\n"
		"tandem.conf:21:8: error: dscp: expected a number from 0 to 63, or EF, "
		"CS0 to CS7, AF11 to AF43, got \"AF44\"\n"
		"tandem.conf:22:2: error: [gateway]: belongs in a gateway's file\n"
		"tandem.conf:23:2: error: [sip]: duplicate section, first in line 15\n"
		"tandem.conf:8:2: error: trust: missing in [internal], expected a path\n"
		"tandem.conf:18:2: error: external-address: missing in [media], expected "
		"an IPv4 or IPv6 address of one interface, or one of each with a "
		"comma\n"
		"tandem.conf:24:2: error: [server ID]: expected a name of 1 to 64 of A-Z "
		"a-z 0-9 . _ -, got \"a b\"\n"
		"tandem.conf:25:8: error: host: expected a comma list of host names or "
		"addresses, each once, got "
		"\"-x\"\n"
		"tandem.conf:26:8: error: port: expected a port (1-65535), got "
		"\"65536\"\n"
		"tandem.conf:27:2: error: [server ID]: expected a name of 1 to 64 of A-Z "
		"a-z 0-9 . _ -, got nothing\n"
		"tandem.conf:27:2: error: host: missing in [server], expected a comma "
		"list "
		"of host names or addresses, each once\n");
}

static void empty_file_misses_everything(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "tandem.conf", "");
	fixture_load_fails(fixture,
		"tandem.conf:1:1: error: fqdn: missing in [tandem], expected a full host "
		"name such as med1.example.com\n"
		"tandem.conf:1:1: error: certificate: missing in [internal], expected a "
		"path\n"
		"tandem.conf:1:1: error: key: missing in [internal], expected a path, a "
		"pkcs11: URI, or credential: and a name\n"
		"tandem.conf:1:1: error: trust: missing in [internal], expected a path\n"
		"tandem.conf:1:1: error: internal-address: missing in [media], expected "
		"an IPv4 or IPv6 address of one interface, or one of each with a "
		"comma\n"
		"tandem.conf:1:1: error: external-address: missing in [media], expected "
		"an IPv4 or IPv6 address of one interface, or one of each with a "
		"comma\n"
		"tandem.conf:1:1: error: [server ID]: missing, expected at least one\n");
}

struct row {
	const char *line;
	bool valid;
};

static void assert_rows(struct fixture *fixture, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char text[320];

		snprintf(text, sizeof(text), "%s\n[tandem]\n", rows[i].line);
		fixture_write_main(fixture, "[tandem]\n", text);
		if ((fixture_load(fixture) == 0) != rows[i].valid)
			fail_msg("%s", rows[i].line);
	}
}

static void words_are_judged_by_their_kind(void **state)
{
	static const struct row rows[] = {
		{"[server s]\nhost = a\nbody-types = application/pidf+xml, x/y", true},
		{"[server s]\nhost = a\nbody-types = application", false},
		{"[server s]\nhost = a\nbody-types = application/", false},
		{"[server s]\nhost = a\nbody-types = /xml", false},
		{"[server s]\nhost = a\nbody-types = a/b/c", false},
		{"[server s]\nhost = a\nbody-types = a/b;c=d", false},
		{"[server s]\nhost = a\nbody-types = Application/SDP", false},
		{"[server s]\nhost = a\nbody-types = multipart/mixed", false},
		{"[server s]\nhost = a\nmethods = MESSAGE", true},
		{"[server s]\nhost = a\nmethods = PUBLISH, MESSAGE", true},
		{"[server s]\nhost = a\nmethods = message", false},
		{"[server s]\nhost = a\nevent-packages = presence, reg", true},
		{"[server s]\nhost = a\nevent-types = application/dialog-info+xml", true},
		{"[server s]\nhost = a\nevent-types = application", false},
		{"[server s]\nhost = a\nmethods = MESSAGE, MESSAGE", false},
		{"[server s]\nhost = a\nmethods = INVITE", false},
		{"[server s]\nhost = a\nmessage-types = text/plain, image/png", true},
		{"[server s]\nhost = a\ninfo-packages = a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p",
			true},
		{"[server s]\nhost = a\ninfo-packages = "
		 "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q",
			false},
		{"[server s]\nhost = a\ninfo-packages = a b", false},
		{"[server s]\nhost = a\nmessage-types = application/sdp", false},
		{"[server s]\nhost = a\nmax-message-rate = 1", true},
		{"[server s]\nhost = a\nmax-message-rate = 10000", true},
		{"[server s]\nhost = a\nmax-message-rate = 0", false},
		{"[server s]\nhost = a\nmax-message-rate = 10001", false},
		{"[server s]\nhost = a\nmax-message-rate = unlimited", false},
	};

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

static void values_are_judged_at_their_bounds(void **state)
{
	static const struct row rows[] = {
		{"[limits]\nmax-calls = 1", true},
		{"[limits]\nmax-calls = 0", false},
		{"[limits]\nmax-calls = 1000000", true},
		{"[limits]\nmax-calls = 1000001", false},
		{"[limits]\nmax-calls = -1", false},
		{"[limits]\nmax-calls = 1e3", false},
		{"[limits]\nmax-calls = 99999999999999999999999", false},
		{"[limits]\nqueue-size = 64k", true},
		{"[limits]\nqueue-size = 65535", false},
		{"[limits]\nqueue-size = 65536", true},
		{"[limits]\nqueue-size = 64M", true},
		{"[limits]\nqueue-size = 1G", false},
		{"[limits]\nqueue-size = 17179869184G", false},
		{"[limits]\nqueue-size = k", false},
		{"[limits]\nmax-duration = 0", true},
		{"[limits]\nmax-duration = unlimited", true},
		{"[limits]\nmax-duration = 30d", true},
		{"[limits]\nmax-duration = 31d", false},
		{"[limits]\nmax-duration = 1h30m", false},
		{"[limits]\ndrain-timeout = unlimited", false},
		{"[limits]\nidle-timeout = 18446744073709551615d", false},
		{"[sip]\nt4 = 10ms", true},
		{"[sip]\nt4 = 9ms", false},
		{"[sip]\nt4 = 10001us", false}, /* less than the unit it is kept in */
		{"[server s]\nhost = a\nsuites = AEAD_AES_128_GCM", true},
		{"[server s]\nhost = a\nsuites = AEAD_AES_128_GCM, AEAD_AES_128_GCM",
			false},
		{"[server s]\nhost = a\nport = 0", false},
		{"[server s]\nhost = a\nwildcard = one-label", true},
		{"[server s]\nhost = a\nwildcard = yes", false},
		{"[server s]\nhost = a\nwildcard =", false},
		{"[server s]\nhost = a\neku = strict", true},
		{"[server s]\nhost = a\neku = Strict", false},
		{"[server s]\nhost = a\nmutual = strict", true},
		{"[server s]\nhost = a\nmutual = yes", false},
		{"[server s]\nhost = a\nnames = b.example, 192.0.2.1, ::1", true},
		{"[server s]\nhost = a\nnames =", false},
		{"[server s]\nhost = a\nnames = b.example,", false},
		{"[server s]\nhost = a\nnames = b.example b2.example", false},
		{"[server s]\nhost = a\nnames = b.example, b.example", false},
		{"[server s]\nhost = a\nnames = *.example.com", false},
		{"[server s]\nhost = a\nnames = sip:b.example", false},
		{"[server s]\nhost = a\npins = " PIN, true},
		{"[server s]\nhost = a\npins = " PIN ", " PIN2, true},
		{"[server s]\nhost = a\npins =", false},
		{"[server s]\nhost = a\npins = " PIN ",", false},
		{"[server s]\nhost = a\npins = " PIN ", " PIN, false},
		/* not SHA-256, too short, too long, another alphabet, spare bits set */
		{"[server s]\nhost = a\npins = sha1/47DEQpj8HBSa+/TImW+5JCeuQeQ=", false},
		{"[server s]\nhost = a\npins = "
		 "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
			false},
		{"[server s]\nhost = a\npins = "
		 "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
			false},
		{"[server s]\nhost = a\npins = "
		 "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUA",
			false},
		{"[server s]\nhost = a\npins = "
		 "sha256/47DEQpj8HBSa-/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
			false},
		{"[server s]\nhost = a\npins = "
		 "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=",
			false},
		{"[server s]\nhost = a\npins = "
		 "SHA256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
			false},
		{"[audit]\nmode = Full", false},
		{"[audit]\nrequired = true", false},
		{"[audit]\ndisk-low = 10%", true},
		{"[audit]\ndisk-low = 10", true},
		{"[audit]\ndisk-low = off", true},
		{"[audit]\ndisk-low = %", false},
		{"[audit]\ndisk-low = 10%%", false},
		{"[audit]\ndisk-low = 0%", false},
		{"[audit]\ndisk-low = 91%", false},
		{"[audit]\ndisk-low = 10%\ndisk-critical = 9%", true},
		{"[audit]\ndisk-low = 10%\ndisk-critical = 10%", false},
		{"[audit]\ndisk-critical = 10%", true},
		{"[limits]\nmax-calls = 10%", false},
	};

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

static void words_of_media_are_judged(void **state)
{
	static const struct {
		const char *line;
		bool valid;
	} rows[] = {
		{"codecs = PCMA", true},
		{"codecs = PCMA, PCMA", false},
		{"codecs = PCMA PCMU", false},
		{"codecs = g711, G.729, Opus, x-private", true},
		{"codecs = PCMA, telephone-event, CN", true},
		{"codecs = telephone-event, CN", false},
		{"codecs = PCMA/8000", false},
		{"codecs = 8", false},
		{"codecs = PCAM", false},
		{"codecs = x-", false},
		{"media-networks = 10.0.0.0/8, 2001:db8::/32", true},
		{"media-networks = 10.0.0.1/8", false},
		{"media-networks = 10.0.0.0/8, 10.0.0.0/8", false},
		{"sdp-attributes = X-nat, x-nat, a.b!", true},
		{"sdp-attributes = X-nat, X-nat", false},
		{"sdp-attributes = X:nat", false},
		{"sdp-attributes = a b", false},
		{"sdp-attributes = Crypto", false},
		{"sdp-attributes = ice-anything", false},
		{"sdp-attributes = ptime, acap", false},
		{"sdp-attributes = sendonly", false},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[320];

		snprintf(text, sizeof(text), "[server s]\nhost = a\n%s\n[tandem]\n",
			rows[i].line);
		fixture_write_main(fixture, "[tandem]\n", text);
		if ((fixture_load(fixture) == 0) != rows[i].valid)
			fail_msg("%s", rows[i].line);
	}
}

/* One address for media, or one of each family. */
static void media_addresses_are_of_two_families(void **state)
{
	static const struct {
		const char *value;
		const char *first, *second; /* NULL: refused */
	} rows[] = {
		{"192.0.2.1", "192.0.2.1", ""},
		{"192.0.2.1, 2001:db8::1", "192.0.2.1", "2001:db8::1"},
		{"2001:db8::1,192.0.2.1", "2001:db8::1", "192.0.2.1"},
		{"192.0.2.1, 192.0.2.2", NULL, NULL},
		{"192.0.2.1, 2001:db8::1, 192.0.2.3", NULL, NULL},
		{"192.0.2.1,", NULL, NULL},
		{"192.0.2.1, ::", NULL, NULL},
		{"192.0.2.1:5060", NULL, NULL},
		{"", NULL, NULL},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct addr *pair;
		char line[96], text[ADDR_TEXT_SIZE];

		snprintf(line, sizeof(line), "external-address = %s\n", rows[i].value);
		fixture_write_main(fixture, "external-address = 127.0.0.2\n", line);
		if ((fixture_load(fixture) == 0) != (rows[i].first != NULL))
			fail_msg("%s", rows[i].value);
		if (!rows[i].first)
			continue;
		pair = fixture->config->media.external;
		assert_string_equal(addr_host_text(&pair[0], text), rows[i].first);
		assert_string_equal(pair[1].len ? addr_host_text(&pair[1], text) : "",
			rows[i].second);
	}
	/* what is shown has the family of an address */
	fixture_write_main(fixture, "external-address = 127.0.0.2\n",
		"external-address = 127.0.0.2, ::1\n"
		"external-advertise-address = 2001:db8::1\n");
	assert_int_equal(fixture_load(fixture), 0);
	fixture_write_main(fixture, "external-address = 127.0.0.2\n",
		"external-address = 127.0.0.2\n"
		"external-advertise-address = 192.0.2.9, 2001:db8::1\n");
	assert_int_not_equal(fixture_load(fixture), 0);
}

static void names_and_addresses_are_judged(void **state)
{
	static const struct {
		const char *host;
		bool valid;
	} rows[] = {
		{"pbx", true},
		{"pbx1.example.com", true},
		{"192.0.2.1", true},
		{"2001:db8::1", true},
		{"1.example", true},
		{"10.0.0.256", false},
		{"pbx.", false},
		{"pbx..example", false},
		{"pbx_1.example", false},
		{"[2001:db8::1]", false},
		{"pbx:5061", false},
		{"sip:pbx", false},
		{"b\303\274ro.example", false},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text), "host = %s\n", rows[i].host);
		fixture_write_main(fixture, "host = pbx1.example.com\n", text);
		if ((fixture_load(fixture) == 0) != rows[i].valid)
			fail_msg("%s", rows[i].host);
	}
}

static void keys_must_fit_each_other(void **state)
{
	struct fixture *fixture = *state;

	fixture_write_main(fixture, "[external]\nudp = 127.0.0.1:5060\n",
		"[sip]\nt2 = 400ms\n[external]\ntls = 0.0.0.0:5061\n"
		"tcp = 0.0.0.0:5061\n");
	fixture_load_fails(fixture,
		"tandem.conf:14:7: error: tcp: expected an address of its own, got that "
		"of [internal] listen\n"
		"tandem.conf:13:7: error: tls: expected an address of its own, got that "
		"of [internal] listen\n"
		"tandem.conf:13:7: error: tls: expected an address of its own, got that "
		"of [external] tcp\n"
		"tandem.conf:11:6: error: t1: expected at most t2\n");
	fixture_write_main(fixture,
		"certificate = external.pem\nkey = external.key\ntrust = carriers.pem\n",
		"tls = 127.0.0.1:5062\n");
	fixture_load_fails(fixture,
		"tandem.conf:12:7: error: certificate: missing in [external], which its "
		"tls needs\n"
		"tandem.conf:12:7: error: key: missing in [external], which its tls "
		"needs\n"
		"tandem.conf:12:7: error: trust: missing in [external], which its tls "
		"needs\n");
	fixture_write_main(fixture, "external-address = 127.0.0.2\n",
		"external-address = 127.0.0.2\nexternal-advertise-address = ::1\n");
	fixture_load_fails(fixture,
		"tandem.conf:18:30: error: external-advertise-address: expected IPv4 as "
		"the address itself\n");
	fixture_write_main(fixture, "[server pbx1]\n",
		"[server pbx1]\nhost = a.example\n[server pbx1]\n");
	fixture_load_fails(
		fixture, "tandem.conf:10:2: error: [server pbx1]: duplicate section\n");
}

static void a_time_stamping_authority_has_an_address_that_is_sent_whole(void **state)
{
	struct fixture *fixture = *state;
	char text[800];

	for (int len = 511; len <= 512; len++) {
		snprintf(text, sizeof(text),
			"[audit]\ntimestamp-ca = /ca.pem\ntimestamp-url = "
			"http://%0*d\n[server pbx1]\n",
			len - (int)strlen("http://"), 1);
		fixture_write_main(fixture, "[server pbx1]\n", text);
		if (len == 511)
			fixture_load_ok(fixture);
		else
			fixture_load_fails(fixture, "tandem.conf:10:17: error: "
						    "timestamp-url: expected at most "
						    "511 characters, got 512\n");
	}
}

static void exceptions_of_servers_are_dated(void **state)
{
	struct fixture *fixture = *state;

	fixture_write_main(fixture, "[server pbx1]\n",
		"[server pbx1]\nrevocation = soft\nt38 = relay\n");
	fixture_load_fails(fixture,
		"tandem.conf:9:14: error: [server pbx1] revocation: soft is an "
		"exception, expected exception-until beside it\n"
		"tandem.conf:10:7: error: [server pbx1] t38: relay is an exception, "
		"expected exception-until beside it\n");
	fixture_write_main(fixture, "[server pbx1]\n",
		"[server pbx1]\nmedia-address = 127.0.0.9\n"
		"media-advertise-address = ::1\n");
	fixture_load_fails(fixture,
		"tandem.conf:10:27: error: [server pbx1] media-advertise-address: "
		"expected IPv4 as media-address is\n");
	fixture_write_main(fixture, "[server pbx1]\n",
		"[server pbx1]\nt38 = relay\nexception-until = 2031-04-30\n");
	fixture_load_ok(fixture);
	assert_int_equal(fixture->config->servers[0].common.media.t38, CONFIG_T38_RELAY);
}

static void unreadable_files_are_told(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(unlink(fixture_path(fixture, "tandem.conf")), 0);
	assert_int_equal(fixture_load(fixture), -ENOENT);
	assert_non_null(strstr(buf_str(&fixture->errors.text),
		"tandem.conf:1:1: error: cannot be read: No such file or directory, "
		"expected a file that this user may read\n"));
	assert_int_equal(mkdir(fixture_path(fixture, "tandem.conf"), 0700), 0);
	assert_int_equal(fixture_load(fixture), -EISDIR);
	assert_int_equal(rmdir(fixture_path(fixture, "tandem.conf")), 0);
	assert_int_equal(mkfifo(fixture_path(fixture, "tandem.conf"), 0600), 0);
	fixture_load_fails(fixture, "tandem.conf:1:1: error: expected a regular file\n");
}

static void unusable_texts_are_told(void **state)
{
	struct fixture *fixture = *state;
	char *text = calloc(1, 2 * 1024 * 1024);

	assert_non_null(text);
	fixture_write(fixture, "tandem.conf", "[tandem]\n a\001");
	fixture_load_fails(
		fixture, "tandem.conf:2:3: error: expected text, got byte 0x01\n");
	memset(text, 'x', 5000);
	fixture_write(fixture, "tandem.conf", text);
	fixture_load_fails(fixture,
		"tandem.conf:1:4097: error: expected lines of at most 4096 bytes\n");
	memset(text, '\n', 20001);
	text[20000] = ';';
	fixture_write(fixture, "tandem.conf", text);
	fixture_load_fails(
		fixture, "tandem.conf:20001:1: error: expected at most 20000 lines\n");
	memset(text, '\n', 1024 * 1024 + 1);
	fixture_write(fixture, "tandem.conf", text);
	fixture_load_fails(fixture,
		"tandem.conf:1:1: error: expected a file of at most 1048576 bytes\n");
	free(text);
}

/* No pass over the file for each of thousands of bad lines. */
static void broken_lines_are_told_up_to_a_number(void **state)
{
	struct fixture *fixture = *state;
	char text[1024] = "";

	for (int i = 0; i < 100; i++)
		strcat(text, "]\n");
	fixture_write(fixture, "tandem.conf", text);
	assert_int_equal(fixture_load(fixture), ERR_CONFIG);
	assert_int_equal(fixture->errors.count, 20);
}

static void the_list_of_mistakes_is_bounded(void **state)
{
	struct fixture *fixture = *state;
	char text[8192] = "[tandem]\n";
	const char *lines;

	for (int i = 0; i < 1500; i++)
		strcat(text, "x=\n");
	fixture_write(fixture, "tandem.conf", text);
	assert_int_equal(fixture_load(fixture), ERR_CONFIG);
	assert_true(fixture->errors.count > 1500);
	lines = buf_str(&fixture->errors.text);
	assert_non_null(strstr(lines, "tandem.conf:1001:1: error: "));
	assert_null(strstr(lines, "tandem.conf:1002:1: error: "));
	assert_non_null(strstr(lines, "\nfurther errors are not shown\n"));
}

static void reload_leaves_the_old_snapshot(void **state)
{
	struct fixture *fixture = *state;
	struct config *old;

	fixture_write(fixture, "gateways.d/a.conf", "[gateway]\nhost = a.example\n");
	fixture_load_ok(fixture);
	old = config_ref(fixture->config);
	fixture_write(fixture, "gateways.d/a.conf", "[gateway]\nhost = b.example\n");
	fixture_load_ok(fixture);
	assert_ptr_not_equal(old, fixture->config);
	assert_string_equal(config_gateway_find(old, "a")->common.host, "a.example");
	assert_string_equal(
		config_gateway_find(fixture->config, "a")->common.host, "b.example");
	fixture_write(fixture, "gateways.d/a.conf", "[gateway]\nhost = b b\n");
	assert_int_equal(fixture_load(fixture), ERR_CONFIG);
	assert_string_equal(old->gateways[0].common.host, "a.example");
	config_unref(old);
	config_unref(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(defaults_are_those_of_the_manual),
		TEST(paths_count_from_the_file_that_names_them),
		TEST(relative_main_file_gives_absolute_paths),
		TEST(comments_may_stand_anywhere),
		TEST(a_server_is_always_tls_and_srtp),
		TEST(servers_inherit_from_internal_and_are_sorted),
		TEST(peers_are_judged_as_configured),
		TEST(every_mistake_is_told_at_once),
		TEST(empty_file_misses_everything),
		TEST(words_are_judged_by_their_kind),
		TEST(values_are_judged_at_their_bounds),
		TEST(words_of_media_are_judged),
		TEST(media_addresses_are_of_two_families),
		TEST(names_and_addresses_are_judged),
		TEST(keys_must_fit_each_other),
		TEST(a_time_stamping_authority_has_an_address_that_is_sent_whole),
		TEST(exceptions_of_servers_are_dated),
		TEST(unreadable_files_are_told),
		TEST(unusable_texts_are_told),
		TEST(broken_lines_are_told_up_to_a_number),
		TEST(the_list_of_mistakes_is_bounded),
		TEST(reload_leaves_the_old_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
