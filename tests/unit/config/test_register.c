/* [register] of a gateway's file. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static const struct config_register *load(struct fixture *fixture, const char *text)
{
	char all[2000];

	snprintf(all, sizeof(all),
		"[gateway]\nhost = a.example\ntls = no\ntransport = tcp\n[register]\n%s",
		text);
	fixture_write(fixture, "gateways.d/a.conf", all);
	fixture_load_ok(fixture);
	return &fixture->config->gateways[0].registration;
}

static void every_key_arrives(void **state)
{
	const struct config_register *is = load(*state,
		"identity = +4930200@carrier.example\nregistrar = r1.example, 192.0.2.1\n"
		"outbound-proxy = p1.example, p2.example\nport = 5080\ncontact = trunk7\n"
		"expires = 10m\nnumbers = +4930201, +4930202@[2001:db8::1]\n"
		"outbound = yes\nrequired = no\ncalled-number = to\n");

	assert_string_equal(is->identity, "+4930200@carrier.example");
	assert_int_equal(is->registrar.count, 2);
	assert_string_equal(is->registrar.words[1], "192.0.2.1");
	assert_int_equal(is->proxies.count, 2);
	assert_string_equal(is->proxies.words[0], "p1.example");
	assert_int_equal(is->port, 5080);
	assert_string_equal(is->contact, "trunk7");
	assert_int_equal(is->expires_ms, 600000);
	assert_int_equal(is->numbers.count, 2);
	assert_string_equal(is->numbers.words[1], "+4930202@[2001:db8::1]");
	assert_true(is->outbound);
	assert_false(is->required);
	assert_false(is->bulk);
	assert_int_equal(is->called, CONFIG_CALLED_TO);
}

static void without_the_section_nothing_is_registered(void **state)
{
	struct fixture *fixture = *state;
	const struct config_register *is;

	fixture_write(fixture, "gateways.d/a.conf", "[gateway]\nhost = a.example\n");
	fixture_load_ok(fixture);
	is = &fixture->config->gateways[0].registration;
	assert_string_equal(is->identity, "");
	assert_true(is->required);
	assert_int_equal(is->expires_ms, 3600000);
	assert_int_equal(is->called, CONFIG_CALLED_AUTO);
}

static void expect_refused(void **state, const char *text, const char *error)
{
	struct fixture *fixture = *state;
	char all[2000];

	snprintf(all, sizeof(all), "[gateway]\nhost = a.example\n[register]\n%s", text);
	fixture_write(fixture, "gateways.d/a.conf", all);
	fixture_load_fails(fixture, error);
}

static void an_identity_is_a_user_and_perhaps_a_domain(void **state)
{
	static const char *const wrong[] = {"sip:+4930@a.example", "a b", "@a.example",
		"a@", "a@b@c", "a@[2001:db8::1", "a@-b", "a;b@c", "\"a\"@c", "a@b:5060"};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[200], error[300];

		snprintf(text, sizeof(text), "identity = %s\n", wrong[i]);
		snprintf(error, sizeof(error),
			"gateways.d/a.conf:4:12: error: identity: expected USER or "
			"USER@DOMAIN such as +4930123@carrier.example, got \"%s\"\n",
			wrong[i]);
		if (wrong[i][0] == '"')
			snprintf(error, sizeof(error),
				"gateways.d/a.conf:4:12: error: identity: expected USER "
				"or "
				"USER@DOMAIN such as +4930123@carrier.example, got "
				"\"\\\"a\\\"@c\"\n");
		if (strchr(wrong[i], ';'))
			continue; /* in this file it begins a comment behind a blank alone */
		expect_refused(state, text, error);
	}
}

static void other_keys_need_an_identity(void **state)
{
	expect_refused(state, "outbound = yes\n",
		"gateways.d/a.conf:4:12: error: identity: missing in [register], "
		"outbound "
		"needs it: USER or USER@DOMAIN such as +4930123@carrier.example\n");
}

static void a_profile_may_have_the_other_keys(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "profiles/p.conf", "[register]\nexpires = 5m\n");
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\nprofile = p\n");
	fixture_load_ok(fixture);
	assert_int_equal(fixture->config->gateways[0].registration.expires_ms, 300000);
}

static void bulk_is_instead_of_numbers(void **state)
{
	expect_refused(state, "identity = a\nbulk = yes\nnumbers = b\n",
		"gateways.d/a.conf:6:11: error: numbers: expected none with bulk = yes, "
		"which registers all\n");
}

static void each_number_is_an_identity(void **state)
{
	expect_refused(state, "identity = a\nnumbers = +4930201, a@b@c, +4930202\n",
		"gateways.d/a.conf:5:11: error: numbers: expected USER or USER@DOMAIN "
		"such as +4930123@carrier.example, got \"a@b@c\"\n");
}

static void outbound_needs_a_connection(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\ntls = no\n[register]\nidentity = a\n"
		"outbound = yes\n");
	fixture_load_fails(fixture,
		"gateways.d/a.conf:6:12: error: outbound: expected no over UDP, which "
		"has "
		"no connection; transport = tcp or tls = yes has one\n");
}

static void there_are_at_most_a_hundred_numbers(void **state)
{
	char text[1600] = "identity = a\nnumbers = n0";
	size_t len = strlen(text);

	for (unsigned i = 1; i < 101; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, ", n%u", i);
	snprintf(text + len, sizeof(text) - len, "\n");
	expect_refused(state, text,
		"gateways.d/a.conf:5:11: error: numbers: expected at most 100, got 101; "
		"bulk = yes is for more\n");
}

static void a_contact_is_a_user(void **state)
{
	expect_refused(state, "identity = a\ncontact = a@b\n",
		"gateways.d/a.conf:5:11: error: contact: expected a user such as "
		"+4930123, "
		"got \"a@b\"\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_key_arrives),
		TEST(without_the_section_nothing_is_registered),
		TEST(an_identity_is_a_user_and_perhaps_a_domain),
		TEST(other_keys_need_an_identity),
		TEST(a_profile_may_have_the_other_keys),
		TEST(bulk_is_instead_of_numbers),
		TEST(each_number_is_an_identity),
		TEST(outbound_needs_a_connection),
		TEST(there_are_at_most_a_hundred_numbers),
		TEST(a_contact_is_a_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
