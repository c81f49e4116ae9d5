/* [emergency], and what a gateway's file says of emergency calls. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static const char gateway[] = "[gateway]\nhost = a.example\n%s\n";

/* [emergency] with LINES in the main file. */
static void write_main(struct fixture *fixture, const char *lines)
{
	char text[512];

	snprintf(text, sizeof(text), "[emergency]\n%s\n[external]\n", lines);
	fixture_write_main(fixture, "[external]\n", text);
}

/* It does not load, and TEXT is among the reasons. */
static void assert_refused(struct fixture *fixture, const char *text)
{
	assert_int_equal(fixture_load(fixture), ERR_CONFIG);
	assert_non_null(strstr(buf_str(&fixture->errors.text), text));
}

static void write_gateway(struct fixture *fixture, const char *lines)
{
	char text[512];

	snprintf(text, sizeof(text), gateway, lines);
	fixture_write(fixture, "gateways.d/a.conf", text);
}

static void every_key_arrives(void **state)
{
	struct fixture *fixture = *state;
	const struct config_emergency *emergency;

	write_gateway(fixture,
		"max-calls = 30\nemergency-calls = priority\nemergency-reserve = 30\n"
		"emergency-urn = pass\ngeolocation = pass\nelin = yes");
	write_main(fixture, "numbers = 112, +112, *911#\ntrunks = a\n"
			    "services = police:110, animal-control.dog:+49123");
	fixture_load_ok(fixture);
	assert_int_equal(fixture->config->emergency.numbers.count, 3);
	assert_string_equal(fixture->config->emergency.numbers.words[2], "*911#");
	assert_string_equal(fixture->config->emergency.trunks.words[0], "a");
	assert_string_equal(fixture->config->emergency.services.words[1],
		"animal-control.dog:+49123");
	emergency = &fixture->config->gateways[0].common.emergency;
	assert_int_equal(emergency->from, CONFIG_EMERGENCY_PRIORITY);
	assert_int_equal(emergency->reserve, 30);
	assert_int_equal(emergency->urn, CONFIG_EMERGENCY_URN_PASS);
	assert_true(emergency->location);
	assert_true(emergency->elin);
}

static void defaults_keep_no_place_and_believe_no_header(void **state)
{
	struct fixture *fixture = *state;
	const struct config_emergency *emergency;

	write_gateway(fixture, "");
	fixture_load_ok(fixture);
	assert_int_equal(fixture->config->emergency.numbers.count, 0);
	emergency = &fixture->config->gateways[0].common.emergency;
	assert_int_equal(emergency->from, CONFIG_EMERGENCY_NUMBER);
	assert_int_equal(emergency->reserve, 0);
	assert_int_equal(emergency->urn, CONFIG_EMERGENCY_URN_NUMBER);
	assert_false(emergency->location);
	/* servers are trusted with the header */
	emergency = &fixture->config->servers[0].common.emergency;
	assert_int_equal(emergency->from, CONFIG_EMERGENCY_PRIORITY);
}

static void wrong_values_are_told(void **state)
{
	static const char *const rows[] = {
		"numbers = 11 2",
		"numbers = help",
		"numbers = 112,112",
		"numbers = 1-1-2",
		"numbers = +",
		"numbers = 1+2",
		"numbers = 123456789012345678901234567890123",
		"services = police",
		"services = police:",
		"services = :110",
		"services = .police:110",
		"services = police.:110",
		"services = Police:110",
		"services = police:abc",
		"elin = +4930",
		"elin = +4930:",
		"elin = :+4930",
		"elin = a:+4930",
		"elin = 1:2:3",
		"trunks = a/b",
		"trunks = ,",
	};
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_main(fixture, rows[i]);
		assert_refused(fixture, "expected a comma list of");
	}
}

static void keys_must_fit_each_other(void **state)
{
	struct fixture *fixture = *state;

	write_gateway(fixture, "emergency-reserve = 1");
	assert_refused(fixture,
		"gateways.d/a.conf:3:21: error: emergency-reserve: expected max-calls "
		"beside it");
	write_gateway(fixture, "max-calls = 2\nemergency-reserve = 3");
	assert_refused(fixture,
		"emergency-reserve: expected at most max-calls, which is 2, got 3");
	write_gateway(fixture, "");
	write_main(fixture, "trunks = a, b");
	assert_refused(fixture, "trunks: expected ids of gateways, there is no b.conf");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_key_arrives),
		TEST(defaults_keep_no_place_and_believe_no_header),
		TEST(wrong_values_are_told),
		TEST(keys_must_fit_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
