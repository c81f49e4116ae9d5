/* What a snapshot says, and where each value came from. */
#include "fixture.h"

#include "config/effective.h"
#include "config/print.h"
#include "config/value.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char gateway_text[] = "[gateway]\n"
				   "profile = mine\n"
				   "host = a.example.com\n"
				   "tls = no\n"
				   "port = 5070\n";
static const char profile_text[] = "[gateway]\n"
				   "port = 5080\n"
				   "hold = inactive\n"
				   "srtp = optional\n";

static const struct config_gateway *load_gateway(struct fixture *fixture)
{
	fixture_write(fixture, "profiles/mine.conf", profile_text);
	fixture_write(fixture, "gateways.d/a.conf", gateway_text);
	fixture_load_ok(fixture);
	return config_gateway_find(fixture->config, "a");
}

static struct buf value;

/* The value of NAME of PART is TEXT; where it came from is returned. */
static struct effective expect(const struct effective_part *part,
	enum schema_section section, const char *name, const char *text)
{
	struct effective effective;

	buf_free(&value);
	effective_read(part, schema_find(section, name), &effective, &value);
	assert_string_equal(buf_str(&value), text);
	return effective;
}

static void each_value_is_told_with_its_place(void **state)
{
	struct fixture *fixture = *state;
	const struct config_gateway *gateway = load_gateway(fixture);
	const struct effective_part part = {
		.config = fixture->config, .gateway = gateway};
	struct effective found = expect(&part, SCHEMA_GATEWAY, "port", "5070");

	assert_int_equal(found.from, EFFECTIVE_FILE);
	assert_string_equal(found.file, fixture_path(fixture, "gateways.d/a.conf"));
	assert_int_equal(found.line, 5);
	found = expect(&part, SCHEMA_GATEWAY, "hold", "inactive");
	assert_int_equal(found.from, EFFECTIVE_PROFILE);
	assert_string_equal(found.file, fixture_path(fixture, "profiles/mine.conf"));
	assert_int_equal(found.line, 3);
	found = expect(&part, SCHEMA_GATEWAY, "priority", "10");
	assert_int_equal(found.from, EFFECTIVE_DEFAULT);
	assert_null(found.file);
	found = expect(&part, SCHEMA_CAPTURE, "mode", "signalling");
	assert_int_equal(found.from, EFFECTIVE_INHERITED);
	assert_string_equal(found.section, "audit");
	assert_null(found.file);
	expect(&part, SCHEMA_GATEWAY, "max-calls", "unlimited");
	buf_free(&value);
}

static void what_is_inherited_is_told_with_the_place_in_the_main_file(void **state)
{
	struct fixture *fixture = *state;
	struct effective_part part;
	struct effective found;

	load_gateway(fixture);
	part = (struct effective_part){
		.config = fixture->config, .server = &fixture->config->servers[0]};
	found = expect(
		&part, SCHEMA_SERVER, "trust", fixture->config->internal.tls.trust);
	assert_int_equal(found.from, EFFECTIVE_INHERITED);
	assert_string_equal(found.section, "internal");
	assert_string_equal(found.file, fixture_path(fixture, "tandem.conf"));
	assert_true(found.line > 1);
	buf_free(&value);
}

static void a_route_has_its_own_keys_and_those_of_its_gateway(void **state)
{
	struct fixture *fixture = *state;
	struct effective_part part;
	char section[EFFECTIVE_SECTION_SIZE];
	struct effective found;

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\ncallers = +49\n"
		"[route berlin]\nprefixes = +4930, 112$\n");
	fixture_load_ok(fixture);
	part = (struct effective_part){
		.config = fixture->config, .gateway = &fixture->config->gateways[0]};
	assert_false(effective_has(&part, schema_find(SCHEMA_ROUTE, "prefixes")));
	part.route = &part.gateway->common.routes[0];
	assert_true(effective_has(&part, schema_find(SCHEMA_ROUTE, "prefixes")));
	assert_false(effective_has(&part, schema_find(SCHEMA_GATEWAY, "prefixes")));
	found = expect(&part, SCHEMA_ROUTE, "prefixes", "+4930, 112$");
	assert_int_equal(found.from, EFFECTIVE_FILE);
	assert_int_equal(found.line, 5);
	found = expect(&part, SCHEMA_ROUTE, "callers", "+49");
	assert_int_equal(found.from, EFFECTIVE_INHERITED);
	assert_string_equal(found.section, "gateway");
	assert_string_equal(found.file, fixture_path(fixture, "gateways.d/a.conf"));
	assert_int_equal(found.line, 3);
	found = expect(&part, SCHEMA_ROUTE, "priority", "10");
	assert_int_equal(found.from, EFFECTIVE_INHERITED);
	assert_null(found.file);
	assert_string_equal(
		effective_section(&part, schema_find(SCHEMA_ROUTE, "prefixes"), section),
		"route berlin");
	buf_free(&value);
}

static void srtp_is_told_as_written_and_what_plain_makes_of_it(void **state)
{
	struct fixture *fixture = *state;
	const struct config_gateway *gateway = load_gateway(fixture);
	const struct effective_part part = {
		.config = fixture->config, .gateway = gateway};
	struct effective found = expect(&part, SCHEMA_GATEWAY, "srtp", "optional");

	assert_string_equal(found.note, "off, as tls is not yes");
	buf_free(&value);
}

struct stale {
	char names[256];
};

static void note_stale(void *arg, const char *file, bool gone)
{
	struct stale *stale = arg;
	const char *slash = strrchr(file, '/');

	strcat(stale->names, slash + 1);
	strcat(stale->names, gone ? "(gone) " : " ");
}

static void files_that_changed_since_are_told(void **state)
{
	struct fixture *fixture = *state;
	const struct config_gateway *gateway = load_gateway(fixture);
	const struct effective_part part = {
		.config = fixture->config, .gateway = gateway};
	struct stale stale = {""};

	effective_stale(&part, note_stale, &stale);
	assert_string_equal(stale.names, "");
	fixture_write(fixture, "profiles/mine.conf", "[gateway]\nhold = pass\n");
	assert_int_equal(unlink(fixture_path(fixture, "gateways.d/a.conf")), 0);
	effective_stale(&part, note_stale, &stale);
	assert_string_equal(stale.names, "a.conf(gone) mine.conf ");
	/* what is in force is told all the same */
	expect(&part, SCHEMA_GATEWAY, "hold", "inactive");
	buf_free(&value);
}

static void both_snapshots_are_compared_by_value(void **state)
{
	struct fixture *fixture = *state;
	struct effective_part old, fresh;
	struct config *before;

	load_gateway(fixture);
	before = config_ref(fixture->config);
	/* the same value at another place */
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\n\nhost = a.example.com\nprofile = mine\ntls = no\nport = "
		"5071\n"
		"hold = inactive\nsrtp = required\n");
	fixture_load_ok(fixture);
	old = (struct effective_part){
		.config = before, .gateway = config_gateway_find(before, "a")};
	fresh = (struct effective_part){.config = fixture->config,
		.gateway = config_gateway_find(fixture->config, "a")};
	assert_true(effective_equal(&old, &fresh, schema_find(SCHEMA_GATEWAY, "hold")));
	assert_false(effective_equal(&old, &fresh, schema_find(SCHEMA_GATEWAY, "port")));
	/* both are off while tls is not yes */
	assert_false(effective_equal(&old, &fresh, schema_find(SCHEMA_GATEWAY, "srtp")));
	config_unref(before);
}

/* One of every type, in the form that is printed. */
static const struct {
	enum schema_section section;
	const char *name, *text, *printed; /* NULL: the same */
} forms[] = {
	{SCHEMA_TANDEM, "fqdn", "a.example.com", NULL},
	{SCHEMA_TANDEM, "user", "tandem", NULL},
	{SCHEMA_TANDEM, "state-dir", "here", "/etc/here"},
	{SCHEMA_EXTERNAL, "key", "pkcs11:token=t;object=o", NULL},
	{SCHEMA_EXTERNAL, "key", "pkcs11:token=t?pin-value=1234",
		"pkcs11:token=t?" PRINT_HIDDEN},
	{SCHEMA_EXTERNAL, "staple", "http://ca.example/x@y", NULL},
	{SCHEMA_EXTERNAL, "staple", "http://me:secret@ca.example/",
		"http://" PRINT_HIDDEN "@ca.example/"},
	{SCHEMA_EXTERNAL, "udp", "[2001:db8::1]:5060", NULL},
	{SCHEMA_EXTERNAL, "next-from", "2026-12-31", NULL},
	{SCHEMA_EXTERNAL, "next-from", "2026-12-31T12:30Z", NULL},
	{SCHEMA_MEDIA, "internal-address", "192.0.2.1, 2001:db8::1", NULL},
	{SCHEMA_MEDIA, "ports", "2000-2999", NULL},
	{SCHEMA_MEDIA, "workers", "auto", NULL},
	{SCHEMA_MEDIA, "workers", "3", NULL},
	{SCHEMA_MEDIA, "tick", "500us", NULL},
	{SCHEMA_MEDIA, "dscp", "46", "EF"},
	{SCHEMA_MEDIA, "dscp", "AF41", NULL},
	{SCHEMA_MEDIA, "dscp", "1", NULL},
	{SCHEMA_LIMITS, "max-duration", "unlimited", NULL},
	{SCHEMA_LIMITS, "max-duration", "90m", NULL},
	{SCHEMA_LIMITS, "queue-size", "1M", NULL},
	{SCHEMA_AUDIT, "required", "yes", NULL},
	{SCHEMA_INTERNAL, "suites", "AEAD_AES_256_GCM, AES_CM_128_HMAC_SHA1_80", NULL},
	{SCHEMA_GATEWAY, "port", "5060", NULL},
	{SCHEMA_GATEWAY, "max-calls", "0", NULL},
	{SCHEMA_GATEWAY, "names", "a.example,b.example", "a.example, b.example"},
	{SCHEMA_GATEWAY, "media-address", "192.0.2.1", NULL},
	{SCHEMA_GATEWAY, "area", "none", NULL},
	{SCHEMA_GATEWAY, "area", "06", NULL},
	{SCHEMA_GATEWAY, "country", "none", NULL},
	{SCHEMA_GATEWAY, "international-prefix", "00,+", "00, +"},
	{SCHEMA_SERVER, "rewrite-called-in", "^0(.*)$->$1", "^0(.*)$ -> $1"},
	{SCHEMA_GATEWAY, "tls", "observe", NULL},
};

union base {
	struct config config;
	struct config_server server;
	struct config_gateway gateway;
};

static void each_type_is_printed_as_it_is_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct schema_key *key =
			schema_find(forms[i].section, forms[i].name);
		union base *base = calloc(1, sizeof(*base));
		struct span bad;

		if (!key)
			fail_msg("no key %s", forms[i].name);
		assert_int_equal(value_set(key, base, "/etc", forms[i].text, &bad), 0);
		buf_free(&value);
		print_value(key, base, &value);
		assert_string_equal(buf_str(&value),
			forms[i].printed ? forms[i].printed : forms[i].text);
		value_clear(key, base);
		free(base);
	}
	buf_free(&value);
}

/* What is printed of a default is read as the same. */
static void every_default_is_printed_so_that_it_is_read_again(void **state)
{
	size_t count;
	const struct schema_key *keys = schema_keys(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		union base *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
		struct span bad;

		buf_free(&value);
		if (keys[i].fallback && keys[i].fallback[0]) {
			assert_int_equal(
				value_set(&keys[i], a, "/etc", keys[i].fallback, &bad),
				0);
			print_value(&keys[i], a, &value);
			assert_int_equal(
				value_set(&keys[i], b, "/etc", buf_str(&value), &bad), 0);
			assert_true(print_equal(&keys[i], a, b));
		} else {
			/* not set */
			print_value(&keys[i], a, &value);
			assert_true(value.len == 0 || keys[i].words != NULL ||
				    keys[i].fallback == NULL);
		}
		value_clear(&keys[i], a);
		value_clear(&keys[i], b);
		free(a);
		free(b);
	}
	buf_free(&value);
}

static void secrets_that_differ_are_different(void **state)
{
	const struct schema_key *key = schema_find(SCHEMA_EXTERNAL, "key");
	union base *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
	struct span bad;

	(void)state;
	assert_int_equal(value_set(key, a, "/etc", "pkcs11:t?pin-value=1", &bad), 0);
	assert_int_equal(value_set(key, b, "/etc", "pkcs11:t?pin-value=2", &bad), 0);
	assert_false(print_equal(key, a, b));
	value_clear(key, a);
	value_clear(key, b);
	free(a);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_value_is_told_with_its_place,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			what_is_inherited_is_told_with_the_place_in_the_main_file,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_route_has_its_own_keys_and_those_of_its_gateway, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(
			srtp_is_told_as_written_and_what_plain_makes_of_it, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(files_that_changed_since_are_told,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(both_snapshots_are_compared_by_value,
			fixture_setup, fixture_teardown),
		cmocka_unit_test(each_type_is_printed_as_it_is_written),
		cmocka_unit_test(every_default_is_printed_so_that_it_is_read_again),
		cmocka_unit_test(secrets_that_differ_are_different),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
