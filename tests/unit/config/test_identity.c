/* Who calls whom, as [server ID] and [gateway] tell it: the keys of struct config_identity. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static void write_gateway(struct fixture *fixture, const char *lines)
{
	char text[512];

	snprintf(text, sizeof(text), "[gateway]\nhost = a.example\n%s\n", lines);
	fixture_write(fixture, "gateways.d/a.conf", text);
}

static void assert_refused(struct fixture *fixture, const char *text)
{
	assert_int_equal(fixture_load(fixture), ERR_CONFIG);
	if (!strstr(buf_str(&fixture->errors.text), text))
		fail_msg("expected %s in %s", text, buf_str(&fixture->errors.text));
}

static void every_key_arrives(void **state)
{
	struct fixture *fixture = *state;
	const struct config_identity *identity;

	write_gateway(fixture,
		"trust-identity = no\nidentity-from = asserted\nasserted = make\n"
		"remote-party-id = drop\nprivacy = apply\ndiversion = history-info\n"
		"connected = pass");
	fixture_load_ok(fixture);
	identity = &fixture->config->gateways[0].common.identity;
	assert_false(identity->trusted);
	assert_string_equal(identity->from, "asserted");
	assert_int_equal(identity->asserted, CONFIG_IDENTITY_MAKE);
	assert_int_equal(identity->remote, CONFIG_IDENTITY_DROP);
	assert_int_equal(identity->privacy, CONFIG_PRIVACY_APPLY);
	assert_int_equal(identity->diversion, CONFIG_DIVERSION_HISTORY);
	assert_int_equal(identity->connected, CONFIG_CONNECTED_PASS);
}

static void every_word_has_its_value(void **state)
{
	static const struct {
		const char *line;
		int value;
	} rows[] = {
		{"pass", CONFIG_DIVERSION_PASS},
		{"diversion", CONFIG_DIVERSION_DIVERSION},
		{"history-info", CONFIG_DIVERSION_HISTORY},
		{"both", CONFIG_DIVERSION_BOTH},
		{"drop", CONFIG_DIVERSION_DROP},
	};
	struct fixture *fixture = *state;
	char line[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(line, sizeof(line), "diversion = %s", rows[i].line);
		write_gateway(fixture, line);
		fixture_load_ok(fixture);
		assert_int_equal(fixture->config->gateways[0].common.identity.diversion,
			rows[i].value);
	}
	write_gateway(fixture, "privacy = strip\nidentity-from = fixed +49*30#1");
	fixture_load_ok(fixture);
	assert_int_equal(fixture->config->gateways[0].common.identity.privacy,
		CONFIG_PRIVACY_STRIP);
	assert_string_equal(
		fixture->config->gateways[0].common.identity.from, "fixed +49*30#1");
}

static void defaults_trust_and_change_nothing(void **state)
{
	struct fixture *fixture = *state;

	write_gateway(fixture, "");
	fixture_load_ok(fixture);
	for (unsigned i = 0; i < 2; i++) {
		const struct config_identity *identity =
			i ? &fixture->config->gateways[0].common.identity
			  : &fixture->config->servers[0].common.identity;

		assert_true(identity->trusted);
		assert_string_equal(identity->from, "from");
		assert_int_equal(identity->asserted, CONFIG_IDENTITY_PASS);
		assert_int_equal(identity->remote, CONFIG_IDENTITY_PASS);
		assert_int_equal(identity->privacy, CONFIG_PRIVACY_PASS);
		assert_int_equal(identity->diversion, CONFIG_DIVERSION_PASS);
		assert_int_equal(identity->connected, CONFIG_CONNECTED_DROP);
	}
}

static void wrong_values_are_told(void **state)
{
	static const char number[] = "a.conf:3:17: error: identity-from: expected from, "
				     "asserted, or fixed and a "
				     "number such as fixed +493010, got ";
	static const char *const rows[][2] = {
		{"identity-from = to", number},
		{"identity-from = fixed", number},
		{"identity-from = fixed  1", number},
		{"identity-from = fixed a", number},
		{"identity-from = fixed +", number},
		{"identity-from = fixed 1 2", number},
		{"identity-from = fixed 123456789012345678901234567890123", number},
		{"identity-from = assertd", "(did you mean \"asserted\"?)"},
		{"trust-identity = maybe",
			"trust-identity: expected yes or no, got \"maybe\""},
		{"asserted = pas", "asserted: expected one of: pass, make, drop, got "
				   "\"pas\" (did you mean \"pass\"?)"},
		{"remote-party-id = strip", "expected one of: pass, make, drop"},
		{"privacy = drop", "expected one of: pass, apply, strip"},
		{"diversion = history", "expected one of: pass, diversion, history-info, "
					"both, drop"},
		{"connected = make", "expected one of: drop, pass"},
		{"identity-form = from", "(did you mean \"identity-from\"?)"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_gateway(fixture, rows[i][0]);
		assert_refused(fixture, rows[i][1]);
	}
}

static void what_is_hidden_is_not_shown_to_strangers(void **state)
{
	struct fixture *fixture = *state;

	write_gateway(fixture, "trust-identity = no\nprivacy = strip");
	assert_refused(fixture, "a.conf:4:11: error: privacy: expected pass or apply "
				"with trust-identity = "
				"no");
	write_gateway(fixture, "trust-identity = no\nprivacy = apply");
	fixture_load_ok(fixture);
	write_gateway(fixture, "trust-identity = yes\nprivacy = strip");
	fixture_load_ok(fixture);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_key_arrives),
		TEST(every_word_has_its_value),
		TEST(defaults_trust_and_change_nothing),
		TEST(wrong_values_are_told),
		TEST(what_is_hidden_is_not_shown_to_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
