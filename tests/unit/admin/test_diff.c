/* What a reload would change, between files of a folder, with calls and a connection that stand. */
#include "../config/fixture.h"

#include "../fakes/fakes.h"

#include "admin/diff.h"
#include "admin/verbs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct verbs_context context;
static struct flow flow;
static struct config *before;
static json_t *result;

static const char gateway_text[] = "[gateway]\nhost = a.example.com\ntls = no\n";

/* What is in force is what the files say, and the one trunk has CALLS and one connection. */
static void run(struct fixture *fixture, struct trunk *trunk, unsigned calls)
{
	fixture_load_ok(fixture);
	before = config_ref(fixture->config);
	trunk->calls = calls;
	trunk->configured = true;
	fakes = (struct fakes){.flow = &flow};
	fakes.trunks[trunk->kind] = trunk;
	fakes.flow_trunks[trunk->kind] = trunk;
	context = (struct verbs_context){.internal = (struct transport *)(void *)fixture,
		.external = (struct transport *)(void *)fixture};
}

static void compare(struct fixture *fixture)
{
	fixture_load_ok(fixture);
	result = diff_json(&context, before, fixture->config);
	assert_non_null(result);
}

static void done(void)
{
	config_unref(before);
	json_decref(result);
	result = NULL;
}

static const json_t *change(size_t index)
{
	return json_array_get(json_object_get(result, "changes"), index);
}

static const char *word(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "(none)";
}

/* The COUNT effects of the one change are those of TEXTS, in order. */
static void expect_effects(size_t index, size_t count, const char *const *texts)
{
	const json_t *effects = json_object_get(change(index), "effects");

	for (size_t i = 0; i < count; i++) {
		const char *effect = json_string_value(json_array_get(effects, i));

		assert_string_equal(effect ? effect : "(none)", texts[i]);
	}
	assert_int_equal(json_array_size(effects), count);
}

static void the_same_files_are_no_difference(void **state)
{
	struct fixture *fixture = *state;
	struct trunk trunk = {.kind = TRUNK_GATEWAY, .id = (char[]){"a"}};

	fixture_write(fixture, "gateways.d/a.conf", gateway_text);
	run(fixture, &trunk, 0);
	/* other lines, same values */
	fixture_write(fixture, "gateways.d/a.conf",
		"# moved\n[gateway]\n\ntls = no\nhost = a.example.com\npriority = 10\n");
	compare(fixture);
	assert_true(json_is_false(json_object_get(result, "differs")));
	assert_int_equal(json_array_size(json_object_get(result, "changes")), 0);
	done();
}

static void a_switch_to_tls_says_what_calls_do(void **state)
{
	static const char *const effects[] = {
		"3 calls go on in plain", "the next call is TLS"};
	struct fixture *fixture = *state;
	struct trunk trunk = {.kind = TRUNK_GATEWAY, .id = (char[]){"a"}};
	const json_t *key;

	fixture_write(fixture, "gateways.d/a.conf", gateway_text);
	run(fixture, &trunk, 3);
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example.com\ntls = yes\n"
		"certificate = c.pem\nkey = k.pem\ntrust = t.pem\n");
	fixture_write_main(fixture, "udp = 127.0.0.1:5060\n",
		"tls = 0.0.0.0:5062\nudp = 127.0.0.1:5060\n");
	compare(fixture);
	assert_true(json_is_true(json_object_get(result, "differs")));
	assert_string_equal(word(change(1), "id"), "a");
	assert_string_equal(word(change(1), "change"), "changed");
	assert_int_equal(json_integer_value(json_object_get(change(1), "calls")), 3);
	key = json_array_get(json_object_get(change(1), "keys"), 0);
	assert_string_equal(word(key, "key"), "tls");
	assert_string_equal(word(key, "old"), "no");
	assert_string_equal(word(key, "new"), "yes");
	assert_non_null(strstr(word(key, "origin"), "gateways.d/a.conf:3"));
	expect_effects(1, 2, effects);
	/* what a listener needs */
	assert_string_equal(word(change(0), "id"), "external");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(result, "restart"), 0)),
		"[external] tls");
	done();
}

static void a_server_that_goes_takes_its_connection_along(void **state)
{
	static const char *const effects[] = {"no new calls by it",
		"1 connection will be closed",
		"2 calls end when the connection is closed"};
	struct fixture *fixture = *state;
	struct trunk trunk = {.kind = TRUNK_SERVER, .id = (char[]){"pbx9"}};

	fixture_write_main(
		fixture, "[media]", "[server pbx9]\nhost = pbx9.example.com\n[media]");
	run(fixture, &trunk, 2);
	fixture_write(fixture, "tandem.conf", fixture_main);
	compare(fixture);
	assert_string_equal(word(change(0), "kind"), "server");
	assert_string_equal(word(change(0), "id"), "pbx9");
	assert_string_equal(word(change(0), "change"), "removed");
	expect_effects(0, 3, effects);
	done();
}

static void a_trunk_that_comes_is_told_with_what_it_sets(void **state)
{
	static const char *const effects[] = {"takes calls from then on, plain"};
	struct fixture *fixture = *state;
	struct trunk trunk = {.kind = TRUNK_GATEWAY, .id = (char[]){"x"}};
	const json_t *keys;

	run(fixture, &trunk, 0);
	fixture_write(fixture, "gateways.d/a.conf", gateway_text);
	compare(fixture);
	assert_string_equal(word(change(0), "change"), "added");
	keys = json_object_get(change(0), "keys");
	assert_int_equal(json_array_size(keys), 2);
	assert_string_equal(word(json_array_get(keys, 0), "key"), "host");
	assert_true(json_is_null(json_object_get(json_array_get(keys, 0), "old")));
	expect_effects(0, 1, effects);
	done();
}

static void a_limit_below_what_stands_and_a_switch_off(void **state)
{
	static const char *const effects[] = {"no new calls by it",
		"5 calls go on until they end", "no new calls until fewer than 4 stand"};
	struct fixture *fixture = *state;
	struct trunk trunk = {.kind = TRUNK_GATEWAY, .id = (char[]){"a"}};

	fixture_write(fixture, "gateways.d/a.conf", gateway_text);
	run(fixture, &trunk, 5);
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example.com\ntls = no\nenabled = no\nmax-calls = "
		"4\n");
	compare(fixture);
	expect_effects(0, 3, effects);
	done();
}

/* What servers inherit is a change of its section alone. */
static void what_is_inherited_is_told_once(void **state)
{
	static const char *const effects[] = {
		"crl: of 1 server or trunk that inherits it too",
		"counts for the next handshake; open connections are judged again"};
	struct fixture *fixture = *state;
	struct trunk trunk = {.kind = TRUNK_SERVER, .id = (char[]){"pbx1"}};

	run(fixture, &trunk, 1);
	fixture_write_main(fixture, "[internal]\n", "[internal]\ncrl = other.crl\n");
	compare(fixture);
	assert_int_equal(json_array_size(json_object_get(result, "changes")), 1);
	assert_string_equal(word(change(0), "kind"), "section");
	assert_string_equal(word(change(0), "id"), "internal");
	expect_effects(0, 2, effects);
	done();
}

/* Key INDEX of the one change, with section, name and both values. */
static void expect_key(size_t index, const char *section, const char *name,
	const char *old, const char *fresh)
{
	const json_t *key = json_array_get(json_object_get(change(0), "keys"), index);

	assert_string_equal(word(key, "section"), section);
	assert_string_equal(word(key, "key"), name);
	assert_string_equal(word(key, "old"), old);
	assert_string_equal(word(key, "new"), fresh);
}

static void routes_are_told_by_their_names(void **state)
{
	struct fixture *fixture = *state;
	struct trunk trunk = {.kind = TRUNK_GATEWAY, .id = (char[]){"a"}};

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example.com\ntls = no\n"
		"[route stays]\nprefixes = 1\n[route changes]\nprefixes = 2\n"
		"[route goes]\ncallers = 3\npriority = 7\n");
	run(fixture, &trunk, 0);
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example.com\ntls = no\n"
		"[route comes]\nprefixes = 4\n[route changes]\nprefixes = 2, 5\n"
		"[route stays]\nprefixes = 1\n");
	compare(fixture);
	assert_int_equal(json_array_size(json_object_get(change(0), "keys")), 4);
	expect_key(0, "route comes", "prefixes", "(none)", "4");
	expect_key(1, "route changes", "prefixes", "2", "2, 5");
	expect_key(2, "route goes", "callers", "3", "");
	expect_key(3, "route goes", "priority", "7", "");
	assert_int_equal(json_array_size(json_object_get(result, "changes")), 1);
	done();
}

static void a_change_of_names_has_open_connections_judged(void **state)
{
	static const char *const effects[] = {
		"1 call goes on by the old settings, the next one is by the new",
		"1 connection is judged again: one that no longer fits is closed, and "
		"its "
		"calls end"};
	struct fixture *fixture = *state;
	struct trunk trunk = {.kind = TRUNK_SERVER, .id = (char[]){"pbx9"}};

	fixture_write_main(
		fixture, "[media]", "[server pbx9]\nhost = pbx9.example.com\n[media]");
	run(fixture, &trunk, 1);
	fixture_write_main(
		fixture, "[media]", "[server pbx9]\nhost = pbx8.example.com\n[media]");
	compare(fixture);
	expect_effects(0, 2, effects);
	done();
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		CASE(the_same_files_are_no_difference),
		CASE(a_switch_to_tls_says_what_calls_do),
		CASE(a_server_that_goes_takes_its_connection_along),
		CASE(a_trunk_that_comes_is_told_with_what_it_sets),
		CASE(a_limit_below_what_stands_and_a_switch_off),
		CASE(what_is_inherited_is_told_once),
		CASE(routes_are_told_by_their_names),
		CASE(a_change_of_names_has_open_connections_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
