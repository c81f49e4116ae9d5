/* Rules for statuses: what they take, what they make, which is one at all. */
#include "../unit.h"

#include "config/codes.h"
#include "config/words.h"

#include <stdio.h>
#include <string.h>

static void one_rule_is_read(void **state)
{
	static const struct {
		const char *text;
		struct codes_rule rule;
	} rows[] = {
		{"404 -> 480", {404, 404, 0, 0, 480}},
		{"404->480", {404, 404, 0, 0, 480}},
		{" 404\t-> 480 ", {404, 404, 0, 0, 480}},
		{"500-599 -> 503", {500, 599, 0, 0, 503}},
		{"300 -> 400", {300, 300, 0, 0, 400}},
		{"699 -> 699", {699, 699, 0, 0, 699}},
		{"q850:34 -> 503", {0, 0, 34, 34, 503}},
		{"q850:1-127 -> rfc3398", {0, 0, 1, 127, CODES_BY_CAUSE}},
		{"480 q850:31 -> 486", {480, 480, 31, 31, 486}},
		{"q850:31   480 -> 486", {480, 480, 31, 31, 486}},
		{"401 -> 403", {401, 401, 0, 0, 403}},
	};
	struct codes_rule rule;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&rule, 0, sizeof(rule));
		if (!codes_rule_read(&rule, span_of(rows[i].text), &why))
			fail_msg("%s is none: %s", rows[i].text, why ? why : "form");
		assert_int_equal(rule.first, rows[i].rule.first);
		assert_int_equal(rule.last, rows[i].rule.last);
		assert_int_equal(rule.first_cause, rows[i].rule.first_cause);
		assert_int_equal(rule.last_cause, rows[i].rule.last_cause);
		assert_int_equal(rule.result, rows[i].rule.result);
	}
}

static void what_is_none_is_refused(void **state)
{
	static const struct {
		const char *text, *why; /* part of it; NULL: the form */
	} rows[] = {
		{"", NULL},
		{"->", NULL},
		{"-> 480", NULL},
		{"404", NULL},
		{"404 ->", NULL},
		{"404 -> x", NULL},
		{"404 -> 1000", NULL},
		{"404 - > 480", NULL},
		{"299 -> 480", NULL},
		{"700 -> 480", NULL},
		{"404-404 -> 480", NULL},
		{"410-404 -> 480", NULL},
		{"404- -> 480", NULL},
		{"404 405 -> 480", NULL},
		{"q850:0 -> 480", NULL},
		{"q850:128 -> 480", NULL},
		{"q850: -> 480", NULL},
		{"q850:1 q850:2 -> 480", NULL},
		{"q850:31 404 405 -> 480", NULL},
		{"Q850:31 -> 480", NULL},
		{"404 -> 480 481", NULL},
		{"404 -> 100", "400 to 699"},
		{"404 -> 200", "400 to 699"},
		{"404 -> 302", "400 to 699"},
		{"404 -> 399", "400 to 699"},
		{"404 -> 700", "400 to 699"},
		{"404 -> 401", "never made"},
		{"404 -> 407", "never made"},
		{"404 -> 481", "never made"},
		{"404 -> 487", "never made"},
		{"404 -> 491", "never made"},
		{"404 -> rfc3398", "q850:1-127"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct codes_rule rule = {.result = 7};
		const char *why = "untouched";

		if (codes_rule_read(&rule, span_of(rows[i].text), &why))
			fail_msg("\"%s\" is taken", rows[i].text);
		assert_int_equal(rule.result, 7);
		if (!why != !rows[i].why || (why && !strstr(why, rows[i].why)))
			fail_msg("\"%s\": %s", rows[i].text, why ? why : "form");
	}
}

/* No status that a rule can make is one that its receiver acts on by itself, or no refusal. */
static void no_rule_makes_more_than_a_refusal(void **state)
{
	static const int never[] = {401, 405, 407, 415, 416, 417, 420, 421, 422, 423, 428,
		436, 437, 438, 469, 470, 481, 482, 483, 487, 489, 491, 493, 494};
	unsigned taken = 0;

	(void)state;
	for (int status = 0; status < 1000; status++) {
		struct codes_rule rule;
		const char *why;
		char text[32];
		bool bound = status < 400 || status > 699;

		for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
			bound = bound || status == never[i];
		snprintf(text, sizeof(text), "500 -> %d", status);
		assert_int_equal(codes_rule_read(&rule, span_of(text), &why), !bound);
		taken += !bound;
	}
	assert_int_equal(taken, 300 - sizeof(never) / sizeof(never[0]));
}

static void the_first_that_takes_it_counts(void **state)
{
	static const struct {
		int status;
		unsigned cause;
		int result;
	} rows[] = {
		{404, 0, 480},
		{404, 34, 480}, /* before the rule of the cause */
		{486, 34, 503},
		{486, 0, 600},
		{486, 17, 600},
		{480, 31, 486},
		{480, 30, 0},
		{480, 0, 0},
		{500, 20, CODES_BY_CAUSE},
		{599, 29, CODES_BY_CAUSE},
		{600, 20, 0},
		{500, 19, 502},
		{500, 0, 502},
		{403, 0, 0},
		{0, 0, 0},
	};
	struct config_words rules = {0};
	struct span bad;

	(void)state;
	assert_int_equal(codes_find(&rules, 404, 0), 0);
	assert_int_equal(
		words_set(&rules, SCHEMA_CODES,
			"404 -> 480, q850:34 -> 503, 486 -> 600, 480 q850:31 -> 486, "
			"500-599 q850:20-29 -> rfc3398, 500 -> 502",
			&bad),
		0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int result = codes_find(&rules, rows[i].status, rows[i].cause);

		if (result != rows[i].result)
			fail_msg("%d with %u: %d", rows[i].status, rows[i].cause, result);
	}
	words_free(&rules);
}

static void a_list_has_32_rules_at_most(void **state)
{
	struct config_words rules = {0};
	char text[1024];
	size_t len = 0;
	struct span bad;

	(void)state;
	for (unsigned i = 0; i < 32; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u -> 480",
			i ? ", " : "", 500 + i);
	assert_int_equal(words_set(&rules, SCHEMA_CODES, text, &bad), 0);
	assert_int_equal(rules.count, 32);
	snprintf(text + len, sizeof(text) - len, ", 600 -> 480");
	assert_int_not_equal(words_set(&rules, SCHEMA_CODES, text, &bad), 0);
	assert_true(span_equal_str(bad, "600 -> 480"));
	assert_int_equal(rules.count, 32);
	words_free(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_rule_is_read),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(no_rule_makes_more_than_a_refusal),
		cmocka_unit_test(the_first_that_takes_it_counts),
		cmocka_unit_test(a_list_has_32_rules_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
