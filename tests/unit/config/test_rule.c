/* Rules of numbers: what is refused and where, what they make, what they may cost, and that the index finds what
 * looking at each of them finds. */
#include "../unit.h"

#include "config/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rule_scratch *scratch;

static int setup(void **state)
{
	(void)state;
	return rule_scratch_new(&scratch);
}

static int teardown(void **state)
{
	(void)state;
	rule_scratch_free(scratch);
	return 0;
}

static struct rule *rule_of(const char *text)
{
	struct err_text why = {{0}};
	struct rule *rule = NULL;
	struct span bad;

	if (rule_parse(&rule, text, &bad, &why))
		fail_msg("%s: %s", text, why.text);
	return rule;
}

/* ---- what is written ---- */

static const struct {
	const char *text;
	unsigned at; /* of the fault */
	const char *why;
} faults[] = {
	{"", 0,
		"expected an expression, ->, and what the number becomes, as "
		"^\\+49(\\d+)$ -> 0$1"},
	{"^0(\\d+)$", 0,
		"expected an expression, ->, and what the number becomes, as "
		"^\\+49(\\d+)$ -> 0$1"},
	{"-> 1", 0,
		"expected an expression, ->, and what the number becomes, as "
		"^\\+49(\\d+)$ -> 0$1"},
	{"^0 > 1", 0,
		"expected an expression, ->, and what the number becomes, as "
		"^\\+49(\\d+)$ -> 0$1"},
	{"^0(\\d+$ -> 1", 7, "missing closing parenthesis at offset 7 of the expression"},
	{"^0[1$ -> 1", 5,
		"missing terminating ] for character class at offset 5 of the "
		"expression"},
	{"  ^*0+** -> 1", 7, NULL},
	/* a match would begin behind its end */
	{"(?=12\\K) -> $0", 8, NULL},
	{"\\C -> 1", 2,
		"using \\C is disabled by the application at offset 2 of the expression"},
	{"(*UTF)1 -> 1", 0, NULL},
	{"((((((((((((((((((1)))))))))))))))))) -> 1", 17,
		"parentheses are too deeply nested at offset 17 of the expression"},
	{"^0 ->", 0, NULL},
	{"^0 -> 0$1", 7, "the expression has no group of that number"},
	{"^0(.) -> 0$2", 10, "the expression has no group of that number"},
	{"^0 -> 12a", 8, "expected digits, +, *, # and $0 to $9 behind ->"},
	{"^0 -> 1 2", 7, "expected digits, +, *, # and $0 to $9 behind ->"},
	{"^0 -> $", 6, "expected digits, +, *, # and $0 to $9 behind ->"},
	{"^0 -> 1$x", 7, "expected digits, +, *, # and $0 to $9 behind ->"},
	{"^0 -> \\", 6, "expected digits, +, *, # and $0 to $9 behind ->"},
	{"^0 -> \\x", 6, "expected digits, +, *, # and $0 to $9 behind ->"},
	{"^0 -> 1\xc3\xa4", 7, "expected digits, +, *, # and $0 to $9 behind ->"},
	{"^0 -> 12345678901234567890123456789012345678901234567890123456789012345", 70,
		"the number is too long"},
};

static void faults_are_told_with_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct err_text why = {{0}};
		struct rule *rule = NULL;
		struct span bad = {NULL, 0};

		assert_int_equal(
			rule_parse(&rule, faults[i].text, &bad, &why), ERR_FORMAT);
		assert_null(rule);
		assert_true(why.text[0] != '\0');
		if (!faults[i].why)
			continue;
		assert_string_equal(why.text, faults[i].why);
		if (bad.p != faults[i].text + faults[i].at)
			fail_msg("%s: at %td", faults[i].text, bad.p - faults[i].text);
		assert_int_equal(
			bad.p + bad.len <= faults[i].text + strlen(faults[i].text), 1);
	}
}

/* ---- what is made ---- */

/* The words before the place are those of PCRE2, which Debian 13 has in another order. */
static void a_lookbehind_of_any_length_is_told(void **state)
{
	static const char text[] = "(?<=a+)b -> 1";
	static const char place[] = " at offset 0 of the expression";
	struct err_text why = {{0}};
	struct rule *rule = NULL;
	struct span bad = {NULL, 0};

	(void)state;
	assert_int_equal(rule_parse(&rule, text, &bad, &why), ERR_FORMAT);
	assert_null(rule);
	assert_ptr_equal(bad.p, text);
	assert_non_null(strstr(why.text, "lookbehind assertion is not"));
	assert_true(strlen(why.text) > strlen(place));
	assert_string_equal(why.text + strlen(why.text) - strlen(place), place);
}

static void numbers_become_what_stands_behind_the_arrow(void **state)
{
	static const struct {
		const char *rule, *number;
		enum rule_result result;
		const char *made;
	} cases[] = {
		{"^\\+49(\\d+)$ -> 0$1", "+49301234", RULE_MATCHES, "0301234"},
		{"^\\+49(\\d+)$ -> 0$1", "+43301234", RULE_DIFFERS, NULL},
		{"^\\+49(\\d+)$->0$1", "+491", RULE_MATCHES, "01"},
		{"^0(\\d)(\\d)$ -> $2$1", "012", RULE_MATCHES, "21"},
		{"^\\d+$ -> \\#31\\#$0", "0301234", RULE_MATCHES, "#31#0301234"},
		{"^\\d+$ -> \\*67$0", "5551234", RULE_MATCHES, "*675551234"},
		{"^\\d+$ -> \\+\\1$0", "5", RULE_MATCHES, "+15"},
		/* anywhere, where nothing says otherwise */
		{"12 -> 9", "5127", RULE_MATCHES, "9"},
		/* a group that took no part */
		{"^(0)?(1\\d*)$ -> 9$1$2", "12", RULE_MATCHES, "912"},
		{"^(0)?(1)(2)?$ -> 9$3$2", "1", RULE_MATCHES, "91"},
		/* the last arrow parts the two sides */
		{"^1(->)?$ -> 2", "1", RULE_MATCHES, "2"},
		/* more than nine groups */
		{"^(1)(2)(3)(4)(5)(6)(7)(8)(9)(0)(1)$ -> $9$1", "12345678901",
			RULE_MATCHES, "91"},
		{"^(?=(..))\\K1 -> $1", "12", RULE_MATCHES, "12"},
		/* no number */
		{"^(\\d*)x?$ -> $1", "", RULE_ILLEGAL, NULL},
		{"^0(\\d*)$ -> $1", "0", RULE_ILLEGAL, NULL},
		{"^0(\\d*)$ -> $1*", "0", RULE_ILLEGAL, NULL},
		{"^0(.*)$ -> 0$1", "0+49", RULE_ILLEGAL, NULL},
		{"^(.*)$ -> 0$1", "+49", RULE_ILLEGAL, NULL},
		{"^(.*)$ -> $1$1", "123456789012345678901234567890123", RULE_ILLEGAL,
			NULL},
		{"^(.*)$ -> $1$1", "12345678901234567890123456789012", RULE_MATCHES,
			"123456789012345678901234567890121234567890123456789012345678901"
			"2"},
		/* the end is the end */
		{"^1$ -> 2", "1\n", RULE_DIFFERS, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char out[RULE_NUMBER_SIZE] = "untouched";
		struct rule *rule = rule_of(cases[i].rule);
		const enum rule_result result =
			rule_apply(rule, scratch, span_of(cases[i].number), out);

		if (result != cases[i].result ||
			strcmp(out, cases[i].made ? cases[i].made : "untouched") != 0)
			fail_msg("%s of %s: %d, %s", cases[i].rule, cases[i].number,
				(int)result, out);
		rule_free(rule);
	}
}

static void a_text_has_one_blank_on_each_side_of_the_arrow(void **state)
{
	struct rule *rule = rule_of("^0(.+)$\t->$1");

	(void)state;
	assert_string_equal(rule_text(rule), "^0(.+)$ -> $1");
	rule_free(rule);
}

static void numbers_are_told_from_other_texts(void **state)
{
	static const char *const good[] = {"1", "+1", "*21#", "#", "+*1"};
	static const char *const bad[] = {"", "+", "1+", "++1", "a", "1a", "1-2", "1 2",
		"%31", "\xc3\xa4",
		"12345678901234567890123456789012345678901234567890123456789012345"};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_int_equal(rule_number_valid(span_of(good[i])), i != 3);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(rule_number_valid(span_of(bad[i])));
}

/* A rule and its inverse, over random numbers. */
static void a_rule_and_its_inverse_leave_a_number(void **state)
{
	static const char *const pairs[][2] = {
		{"^\\+49(\\d+)$ -> 0$1", "^0(\\d+)$ -> +49$1"},
		{"^(\\d+)$ -> 00$1", "^00(\\d+)$ -> $1"},
		{"^(\\d)(\\d*)$ -> *$1*$2", "^\\*(\\d)\\*(\\d*)$ -> $1$2"},
		{"^([0-4]\\d*)$ -> \\#31\\#$1", "^#31#(\\d+)$ -> $1"},
	};
	unsigned seed = 1, there = 0;

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct rule *rule = rule_of(pairs[i][0]), *inverse = rule_of(pairs[i][1]);

		for (unsigned nth = 0; nth < 5000; nth++) {
			char number[32], out[RULE_NUMBER_SIZE], back[RULE_NUMBER_SIZE];
			size_t len = i == 0 ? (size_t)sprintf(number, "+49") : 0;

			for (unsigned j = 1 + nth % 20; j > 0; j--) {
				seed = seed * 1103515245u + 12345u;
				number[len++] = (char)('0' + (seed >> 16) % 10);
			}
			number[len] = '\0';
			if (rule_apply(rule, scratch, span_of(number), out) !=
				RULE_MATCHES)
				continue;
			there++;
			assert_int_equal(rule_apply(inverse, scratch, span_of(out), back),
				RULE_MATCHES);
			assert_string_equal(back, number);
		}
		rule_free(rule);
		rule_free(inverse);
	}
	assert_true(there > 15000);
}

/* ---- what it costs ---- */

/* Nothing runs away: whether such an expression matches is not known, and the next rule is tried. */
static void expressions_that_go_round_are_given_up(void **state)
{
	static const char *const bombs[] = {"^(\\d+)+\\D$ -> 1",
		"^(\\d|\\d\\d)*\\D$ -> 1", "^(\\d*)*(\\d*)*(\\d*)*(\\d*)*\\D$ -> 1",
		"(\\d+)+(\\d+)+\\D$ -> 1", "^(?:(?=(\\d+))\\1?)+(\\d+)+\\D$ -> 1",
		"^((?R)|\\d)+\\D$ -> 1"};
	static const char number[] =
		"1111111111111111111111111111111111111111111111111111111111111111";
	char out[RULE_NUMBER_SIZE] = "untouched";

	(void)state;
	for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
		struct rules *list = NULL;
		struct rules_found found;
		struct rule *rule = rule_of(bombs[i]);
		struct span bad;

		assert_int_equal(
			rule_apply(rule, scratch, span_of(number), out), RULE_TOO_COSTLY);
		assert_string_equal(out, "untouched");
		rule_free(rule);
		assert_int_equal(rules_add(&list, bombs[i], &bad), 0);
		assert_int_equal(rules_add(&list, "^1+$ -> 2", &bad), 0);
		assert_int_equal(rules_settle(list), 0);
		rules_apply(list, scratch, span_of(number), &found);
		assert_string_equal(found.number, "2");
		assert_ptr_equal(found.rule, rules_at(list, 1));
		assert_ptr_equal(found.failed, rules_at(list, 0));
		assert_int_equal(found.failed_by, RULE_TOO_COSTLY);
		rules_free(list);
	}
}

/* The same that needs no more than its bound. */
static void a_bomb_that_finds_nothing_to_go_round_is_a_rule(void **state)
{
	struct rule *rule = rule_of("^(\\d+)+$ -> 1");
	char out[RULE_NUMBER_SIZE];

	(void)state;
	assert_int_equal(
		rule_apply(rule, scratch, span_of("12345678"), out), RULE_MATCHES);
	rule_free(rule);
}

/* ---- lists ---- */

static void the_first_that_matches_decides(void **state)
{
	static const char *const texts[] = {"^(0*)x?$ -> $1$1", "^\\+49(\\d+)$ -> 1$1",
		"^\\+4930(\\d+)$ -> 2$1", "^\\+(\\d*)$ -> $1", "5$ -> 3"};
	struct rules *list = NULL;
	struct rules_found found;
	struct span bad;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_int_equal(rules_add(&list, texts[i], &bad), 0);
	assert_int_equal(rules_settle(list), 0);
	rules_apply(list, scratch, span_of("+49305"), &found);
	assert_string_equal(found.number, "1305");
	assert_ptr_equal(found.rule, rules_at(list, 1));
	assert_null(found.failed);
	rules_apply(list, scratch, span_of("+445"), &found);
	assert_string_equal(found.number, "445");
	rules_apply(list, scratch, span_of("45"), &found);
	assert_string_equal(found.number, "3");
	rules_apply(list, scratch, span_of("46"), &found);
	assert_null(found.rule);
	/* what it makes of that is no number: the first to fail is named */
	rules_apply(list, scratch, span_of(""), &found);
	assert_null(found.rule);
	assert_ptr_equal(found.failed, rules_at(list, 0));
	assert_int_equal(found.failed_by, RULE_ILLEGAL);
	/* nor is + without anything */
	rules_apply(list, scratch, span_of("+"), &found);
	assert_null(found.rule);
	assert_ptr_equal(found.failed, rules_at(list, 3));
	rules_free(list);
}

static void a_list_without_rules_changes_nothing(void **state)
{
	struct rules_found found;

	(void)state;
	rules_apply(NULL, scratch, span_of("1"), &found);
	assert_null(found.rule);
	assert_null(found.failed);
	assert_int_equal(rules_settle(NULL), 0);
	assert_int_equal(rules_count(NULL), 0);
	rules_free(NULL);
}

static void lists_are_the_same_by_their_rules_and_order(void **state)
{
	struct rules *a = NULL, *b = NULL;
	struct span bad;

	(void)state;
	assert_true(rules_equal(NULL, NULL));
	rules_add(&a, "1 -> 2", &bad);
	assert_false(rules_equal(a, NULL));
	assert_false(rules_equal(NULL, a));
	rules_add(&b, "1->2", &bad);
	assert_true(rules_equal(a, b));
	rules_add(&a, "2 -> 2", &bad);
	assert_false(rules_equal(a, b));
	rules_add(&b, "3 -> 2", &bad);
	assert_false(rules_equal(a, b));
	rules_free(a);
	rules_free(b);
}

static void a_wrong_rule_leaves_the_list_as_it_was(void **state)
{
	struct rules *list = NULL;
	struct span bad;
	static const char wrong[] = "1( -> 2";

	(void)state;
	assert_int_equal(rules_add(&list, wrong, &bad), ERR_FORMAT);
	assert_null(list);
	assert_ptr_equal(bad.p, wrong + 2);
	assert_int_equal(rules_add(&list, "1 -> 2", &bad), 0);
	assert_int_equal(rules_add(&list, wrong, &bad), ERR_FORMAT);
	assert_int_equal(rules_count(list), 1);
	rules_free(list);
}

/* ---- the index ---- */

static void prefixes_are_what_every_match_begins_with(void **state)
{
	static const char *const cases[][2] = {{"^\\+49(\\d+)$", "+49"},
		{"^0049", "0049"}, {"^112$", "112"}, {"^\\*21#", "*21#"}, {"^0?1", ""},
		{"^00?1", "0"}, {"^00*1", "0"}, {"^00+1", "0"}, {"^00{2}1", "0"},
		{"^\\+?49", ""}, {"^1\\d", "1"}, {"^1[23]", "1"}, {"^1.", "1"},
		{"^1(2|3)", "1"}, {"^1|2", ""}, {"1", ""}, {"^(1)", ""},
		{"^1(?:2|3)", "1"}, {"^1(?i)2", ""}, {"^1\\Q2|3\\E", ""},
		{"(*ANYCRLF)^1", ""}, {"^1[|]2", "1"}, {"^1[]|]2|3", ""},
		{"^1[^]|]2", "1"}, {"^1[[:digit:]|]2", "1"}, {"^1[\\]|]2", "1"},
		{"^1\\|2", "1"}, {"^1(2(3|4)5)6", "1"}, {"^1(2)|3", ""}, {"^", ""},
		{"^#", "#"}, {"^1\\", NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0] - 1; i++) {
		char text[64];
		struct rule *rule;
		struct span prefix;

		snprintf(text, sizeof text, "%s -> 1", cases[i][0]);
		rule = rule_of(text);
		prefix = rule_prefix(rule);
		if (!span_equal_str(prefix, cases[i][1]))
			fail_msg("%s: %.*s", text, SPAN_ARG(prefix));
		rule_free(rule);
	}
}

static unsigned chance_state = 1;

static unsigned chance(unsigned limit)
{
	chance_state = chance_state * 1103515245u + 12345u;
	return (chance_state >> 16) % limit;
}

/* An expression of few characters, so that many of a list match, of anything that is_plain() looks at. */
static void random_expression(char *out, size_t size)
{
	static const char *const pieces[] = {"0", "1", "\\+", "0", "1", "0", "1", "[01]",
		"\\d", "(0|1)", "(0)", "0?", "1*", "1+", "0{2}", "|", "[|0]", "(?:1|00)",
		"\\*", "#", ".", "$", "[]0]", "[^1]", "(?i)", "\\Q0\\E", "(?#1)"};
	size_t len = (size_t)snprintf(out, size, "%s", chance(5) ? "^" : "");

	for (unsigned i = 1 + chance(6); i > 0; i--)
		len += (size_t)snprintf(out + len, size - len, "%s",
			pieces[chance(sizeof pieces / sizeof pieces[0])]);
	snprintf(out + len, size - len, " -> %u", 1 + chance(1000));
}

/* What looking at each rule in turn finds. */
static const struct rule *find_each(
	const struct rules *list, struct span number, const struct rule **ret_failed)
{
	char out[RULE_NUMBER_SIZE];

	*ret_failed = NULL;
	for (size_t i = 0; i < rules_count(list); i++) {
		const struct rule *rule = rules_at(list, i);
		const enum rule_result result = rule_apply(rule, scratch, number, out);

		if (result == RULE_MATCHES)
			return rule;
		if (result != RULE_DIFFERS && !*ret_failed)
			*ret_failed = rule;
	}
	return NULL;
}

static void the_index_finds_what_looking_at_each_finds(void **state)
{
	static const char characters[] = "01010101+*#9";
	unsigned found_count = 0;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct rules *list = NULL;

		for (unsigned i = 1 + chance(40); i > 0; i--) {
			char text[200];
			struct span bad;

			random_expression(text, sizeof text);
			(void)rules_add(&list, text, &bad); /* some of them are wrong */
		}
		assert_int_equal(rules_settle(list), 0);
		for (unsigned i = 0; i < 200; i++) {
			char number[RULE_NUMBER_SIZE];
			const struct rule *rule, *failed;
			struct rules_found found;
			const size_t len = i ? chance(12) : RULE_NUMBER_SIZE - 1;

			for (size_t j = 0; j < len; j++)
				number[j] = characters[chance(sizeof characters - 1)];
			rule = find_each(list, (struct span){number, len}, &failed);
			rules_apply(list, scratch, (struct span){number, len}, &found);
			assert_ptr_equal(found.rule, rule);
			assert_ptr_equal(found.failed, failed);
			found_count += rule != NULL;
		}
		rules_free(list);
	}
	assert_true(found_count > 10000);
}

/* A prefix as long as prefixes are, and a number as long as numbers are. */
static void the_longest_prefix_is_found(void **state)
{
	char text[200] = "^", number[RULE_NUMBER_SIZE];
	struct rules *list = NULL;
	struct rules_found found;
	struct span bad;

	(void)state;
	memset(number, '1', sizeof number - 1);
	number[sizeof number - 1] = '\0';
	strcat(text, number);
	strcat(text, "$ -> 5");
	assert_int_equal(rules_add(&list, text, &bad), 0);
	assert_int_equal(rules_settle(list), 0);
	rules_apply(list, scratch, span_of(number), &found);
	assert_string_equal(found.number, "5");
	/* a longer one is not looked at */
	rules_apply(list, scratch,
		span_of("1111111111111111111111111111111111111111111111111111111111111111"
			"1"),
		&found);
	assert_null(found.rule);
	rules_free(list);
}

/* ---- what may become of a number ---- */

static void what_a_rule_may_make_is_known(void **state)
{
	static const struct {
		const char *rule;
		bool may;
	} cases[] = {{"^0(.*)$ -> $1", false}, {"^9$ -> 112", true},
		{"^9(.*)$ -> 11$1", true}, {"^9(.*)$ -> 0$1", false},
		{"^9(.*)$ -> +49$1", false}, {"^(.)(.*)$ -> $1$2", true},
		{"^(.)(.*)$ -> $1$21", false}, {"^9(.*)$ -> $12", true},
		{"^9(.*)$ -> 1$12", true}, {"^9(.*)$ -> 1121$1", false},
		{"^9(.*)$ -> 112$1", true}, {"^(.) -> $1112", true},
		{"^(.) -> $11112", false}, {"^(.) -> $11$12$1", true},
		{"^(.)(.)(.) -> $1$1$1$2$3", true}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rule *rule = rule_of(cases[i].rule);

		if (rule_may_make(rule, "112") != cases[i].may)
			fail_msg("%s", cases[i].rule);
		rule_free(rule);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_are_told_with_their_place),
		cmocka_unit_test(a_lookbehind_of_any_length_is_told),
		cmocka_unit_test(numbers_become_what_stands_behind_the_arrow),
		cmocka_unit_test(a_text_has_one_blank_on_each_side_of_the_arrow),
		cmocka_unit_test(numbers_are_told_from_other_texts),
		cmocka_unit_test(a_rule_and_its_inverse_leave_a_number),
		cmocka_unit_test(expressions_that_go_round_are_given_up),
		cmocka_unit_test(a_bomb_that_finds_nothing_to_go_round_is_a_rule),
		cmocka_unit_test(the_first_that_matches_decides),
		cmocka_unit_test(a_list_without_rules_changes_nothing),
		cmocka_unit_test(lists_are_the_same_by_their_rules_and_order),
		cmocka_unit_test(a_wrong_rule_leaves_the_list_as_it_was),
		cmocka_unit_test(prefixes_are_what_every_match_begins_with),
		cmocka_unit_test(the_index_finds_what_looking_at_each_finds),
		cmocka_unit_test(the_longest_prefix_is_found),
		cmocka_unit_test(what_a_rule_may_make_is_known),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
