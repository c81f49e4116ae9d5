/* Dial plans and rules of numbers as they are configured. */
#include "fixture.h"

#include "config/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GATEWAY "[gateway]\nhost = a.example.com\ntls = no\n"

static const struct config_numbers *load_gateway(
	struct fixture *fixture, const char *lines)
{
	char text[4096];

	snprintf(text, sizeof text, GATEWAY "%s", lines);
	fixture_write(fixture, "gateways.d/a.conf", text);
	fixture_load_ok(fixture);
	return &config_gateway_find(fixture->config, "a")->common.numbers;
}

static void refuse_gateway(struct fixture *fixture, const char *lines, const char *error)
{
	char text[4096], expected[1024];

	snprintf(text, sizeof text, GATEWAY "%s", lines);
	fixture_write(fixture, "gateways.d/a.conf", text);
	snprintf(expected, sizeof expected, "gateways.d/a.conf:%s\n", error);
	fixture_load_fails(fixture, expected);
}

static void nothing_is_changed_by_default(void **state)
{
	const struct config_numbers *numbers = load_gateway(*state, "");

	assert_int_equal(numbers->country, 0);
	assert_string_equal(numbers->area, "");
	assert_string_equal(numbers->national_prefix, "");
	assert_int_equal(numbers->international.count, 1);
	assert_string_equal(config_first(&numbers->international), "00");
	assert_int_equal(numbers->short_max, 6);
	assert_int_equal(numbers->in, CONFIG_NUMBERS_PASS);
	assert_int_equal(numbers->out, CONFIG_NUMBERS_PASS);
	assert_null(numbers->called_in);
	assert_null(numbers->calling_in);
	assert_null(numbers->called_out);
	assert_null(numbers->calling_out);
}

static void a_plan_is_read(void **state)
{
	static const struct {
		const char *word;
		enum config_numbers_form form;
	} forms[] = {{"pass", CONFIG_NUMBERS_PASS}, {"e164", CONFIG_NUMBERS_E164},
		{"digits", CONFIG_NUMBERS_DIGITS},
		{"subscriber", CONFIG_NUMBERS_SUBSCRIBER},
		{"national", CONFIG_NUMBERS_NATIONAL},
		{"international", CONFIG_NUMBERS_INTERNATIONAL}};

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		const struct config_numbers *numbers;
		char lines[300];

		snprintf(lines, sizeof lines,
			"country = 7\narea = 495\nnational-prefix = 8\n"
			"international-prefix = 810, +\nshort-numbers = 5\n"
			"numbers-in = e164\nnumbers-out = %s\n",
			forms[i].word);
		numbers = load_gateway(*state, lines);
		assert_int_equal(numbers->country, 7);
		assert_string_equal(numbers->area, "495");
		assert_string_equal(numbers->national_prefix, "8");
		assert_int_equal(numbers->international.count, 2);
		assert_string_equal(numbers->international.words[1], "+");
		assert_int_equal(numbers->short_max, 5);
		assert_int_equal(numbers->in, CONFIG_NUMBERS_E164);
		assert_int_equal(numbers->out, forms[i].form);
	}
}

static void what_a_plan_must_not_be_is_told(void **state)
{
	static const struct {
		const char *lines, *error;
	} cases[] = {
		{"country = 1000\n", "4:11: error: country: expected a number from 0 to "
				     "999, or none, got \"1000\""},
		{"country = +49\n", "4:11: error: country: expected a number from 0 to "
				    "999, or none, got \"+49\""},
		{"area = 0x\n",
			"4:8: error: area: expected 1 to 8 digits, or none, got \"0x\""},
		{"area = 123456789\n", "4:8: error: area: expected 1 to 8 digits, or "
				       "none, got \"123456789\""},
		{"national-prefix = +\n", "4:19: error: national-prefix: expected 1 to 8 "
					  "digits, or none, got \"+\""},
		{"international-prefix = 00, 0-\n",
			"4:28: error: international-prefix: expected a comma list of 1 "
			"to 8 digits or +, each once, got \"0-\""},
		{"international-prefix = 00, 00\n",
			"4:28: error: international-prefix: expected a comma list of 1 "
			"to 8 digits or +, each once, got \"00\""},
		{"short-numbers = 16\n", "4:17: error: short-numbers: expected a number "
					 "from 0 to 15, got \"16\""},
		{"numbers-in = national\n", "4:14: error: numbers-in: expected one of: "
					    "pass, e164, digits, got \"national\""},
		{"numbers-out = nationa\n",
			"4:15: error: numbers-out: expected one of: pass, e164, digits, "
			"subscriber, national, international, got \"nationa\" (did you "
			"mean \"national\"?)"},
		{"number-in = e164\n", "4:1: error: \"number-in\": unknown key in "
				       "[gateway] (did you mean \"numbers-in\"?)"},
		{"country = 49\n", "4:11: error: country: expected national-prefix "
				   "beside it, none where there is none"},
		{"area = 30\n", "4:8: error: area: expected country beside it"},
		{"numbers-out = national\n",
			"4:15: error: numbers-out: expected country beside it"},
		{"country = 34\nnational-prefix = none\nnumbers-out = subscriber\n",
			"6:15: error: numbers-out: expected area beside it"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		refuse_gateway(*state, cases[i].lines, cases[i].error);
}

static void rules_stand_in_lines_in_order(void **state)
{
	const struct config_numbers *numbers = load_gateway(*state,
		"rewrite-called-in = ^9(\\d+)$ -> $1\n"
		"rewrite-called-out = ^\\+49(\\d+)$ -> 0$1 ; Germany\n"
		"rewrite-called-in = ^8(\\d+)$->\\#31\\#$1\n"
		"rewrite-calling-out = 1 -> 2\nrewrite-calling-in = 2 -> 3\n");

	assert_int_equal(rules_count(numbers->called_in), 2);
	assert_string_equal(
		rule_text(rules_at(numbers->called_in, 0)), "^9(\\d+)$ -> $1");
	assert_string_equal(
		rule_text(rules_at(numbers->called_in, 1)), "^8(\\d+)$ -> \\#31\\#$1");
	assert_string_equal(
		rule_text(rules_at(numbers->called_out, 0)), "^\\+49(\\d+)$ -> 0$1");
	assert_string_equal(rule_text(rules_at(numbers->calling_out, 0)), "1 -> 2");
	assert_string_equal(rule_text(rules_at(numbers->calling_in, 0)), "2 -> 3");
}

static void faults_of_rules_have_their_place(void **state)
{
	static const struct {
		const char *lines, *error;
	} cases[] = {
		{"rewrite-called-in = ^9(\\d+$ -> $1\n",
			"4:28: error: rewrite-called-in: missing closing parenthesis at "
			"offset 7 of the expression"},
		{"rewrite-called-in = ^9 -> 1\nrewrite-called-in = ^9 -> 1$1\n",
			"5:28: error: rewrite-called-in: the expression has no group of "
			"that number"},
		{"rewrite-called-in = ^9\n",
			"4:21: error: rewrite-called-in: expected an expression, ->, and "
			"what the number becomes, as ^\\+49(\\d+)$ -> 0$1"},
		/* a # behind a blank begins a comment */
		{"rewrite-called-in = ^9 -> #1\n",
			"4:26: error: rewrite-called-in: expected what the number "
			"becomes behind ->, as 0$1 (a # behind a blank begins a comment: "
			"write \\#)"},
		{"rewrite-called = ^9 -> 1\n",
			"4:1: error: \"rewrite-called\": unknown key in [gateway] (did "
			"you mean \"rewrite-called-in\"?)"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		refuse_gateway(*state, cases[i].lines, cases[i].error);
}

static void servers_have_them_too(void **state)
{
	struct fixture *fixture = *state;
	const struct config_numbers *numbers;

	fixture_write_main(fixture, "host = pbx1.example.com\n",
		"host = pbx1.example.com\nrewrite-called-in = 1 -> 2\nrewrite-called-in "
		"= 2 -> 3\n"
		"country = 34\nnational-prefix = none\nnumbers-in = e164\n");
	fixture_load_ok(fixture);
	numbers = &config_server_find(fixture->config, "pbx1")->common.numbers;
	assert_int_equal(rules_count(numbers->called_in), 2);
	assert_int_equal(numbers->country, 34);
	fixture_write_main(fixture, "host = pbx1.example.com\n",
		"host = pbx1.example.com\narea = 30\n");
	fixture_load_fails(fixture, "tandem.conf:10:8: error: [server pbx1] area: "
				    "expected country beside it\n");
}

/* Those of a file take the place of a profile's; where it has none, those of the profile count. */
static void a_file_replaces_the_rules_of_its_profile(void **state)
{
	struct fixture *fixture = *state;
	const struct config_numbers *numbers;

	fixture_write(fixture, "profiles/p.conf",
		"[gateway]\nrewrite-called-in = 1 -> 2\nrewrite-called-in = 2 -> 3\n"
		"rewrite-called-out = 4 -> 5\n");
	numbers = load_gateway(fixture, "profile = p\nrewrite-called-in = 7 -> 8\n");
	assert_int_equal(rules_count(numbers->called_in), 1);
	assert_string_equal(rule_text(rules_at(numbers->called_in, 0)), "7 -> 8");
	assert_int_equal(rules_count(numbers->called_out), 1);
}

/* Whether a number of [emergency] may come of one that does not have it in it. */
static void what_may_become_an_emergency_number_is_known(void **state)
{
	static const struct {
		const char *numbers, *lines;
		bool made;
	} cases[] = {
		{"112", "", false},
		{"112", "rewrite-called-in = ^9(.*)$ -> $1\n", false},
		{"112", "rewrite-called-in = ^0(.*)$ -> +49$1\n", false},
		{"112", "rewrite-called-in = ^777$ -> 112\n", true},
		{"110, 112",
			"rewrite-called-in = 1 -> 3\nrewrite-called-in = ^7$ -> 112\n",
			true},
		{"112", "rewrite-called-out = ^777$ -> 112\n", false},
		{"112", "rewrite-calling-in = ^777$ -> 112\n", false},
		{"112", "numbers-in = e164\n", false},
		{"+49112", "numbers-in = e164\n", true},
		{"+49112", "numbers-out = e164\n", false},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[300];

		snprintf(text, sizeof text, "[emergency]\nnumbers = %s\n[media]\n",
			cases[i].numbers);
		fixture_write_main(fixture, "[media]\n", text);
		load_gateway(fixture, cases[i].lines);
		assert_int_equal(fixture->config->emergency.made, cases[i].made);
	}
	fixture_write(fixture, "gateways.d/a.conf", GATEWAY);
	fixture_write_main(fixture, "host = pbx1.example.com\n",
		"host = pbx1.example.com\nrewrite-called-in = 1 -> 112\n"
		"[emergency]\nnumbers = 112\n");
	fixture_load_ok(fixture);
	assert_true(fixture->config->emergency.made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			nothing_is_changed_by_default, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_plan_is_read, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			what_a_plan_must_not_be_is_told, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			rules_stand_in_lines_in_order, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(faults_of_rules_have_their_place,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			servers_have_them_too, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			what_may_become_an_emergency_number_is_known, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(a_file_replaces_the_rules_of_its_profile,
			fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
