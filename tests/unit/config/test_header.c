/* Rules for headers: which are one, what they are about, and what never crosses whatever they say. */
#include "../unit.h"

#include "config/header.h"
#include "config/words.h"

#include <stdio.h>
#include <string.h>

#define BOTH (HEADER_WAYS | HEADER_KINDS)

static void rules_are_read(void **state)
{
	static const struct {
		const char *text;
		bool with_value;
		unsigned scope;
		const char *name;
		bool star;
		const char *value;
	} rows[] = {
		{"X-Site", false, BOTH, "X-Site", false, ""},
		{" X-Site ", false, BOTH, "X-Site", false, ""},
		{"X-*", false, BOTH, "X-", true, ""},
		{"in X-Site", false, HEADER_IN | HEADER_KINDS, "X-Site", false, ""},
		{"out  X-Site", false, HEADER_OUT | HEADER_KINDS, "X-Site", false, ""},
		{"requests X-Site", false, HEADER_WAYS | HEADER_REQUESTS, "X-Site", false,
			""},
		{"responses out X-S*", false, HEADER_OUT | HEADER_RESPONSES, "X-S", true,
			""},
		{"in requests X", true, 0, NULL, false, NULL},
		{"in-Site", false, BOTH, "in-Site", false, ""},
		{"Priority", false, BOTH, "Priority", false, ""},
		{"P-*", false, BOTH, "P-", true, ""},
		{"X-Site: Berlin", true, HEADER_OUT | HEADER_KINDS, "X-Site", false,
			"Berlin"},
		{"in X-Site:a:b", true, HEADER_IN | HEADER_KINDS, "X-Site", false, "a:b"},
		{"requests X-Site : \"a\\, b\";c=d", true, HEADER_OUT | HEADER_REQUESTS,
			"X-Site", false, "\"a\\, b\";c=d"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct header_rule rule;
		const char *why;
		bool good = header_rule_read(
			&rule, span_of(rows[i].text), rows[i].with_value, &why);

		if (good != (rows[i].name != NULL))
			fail_msg("%s: %s", rows[i].text, why ? why : "form");
		if (!good)
			continue;
		assert_int_equal(rule.scope, rows[i].scope);
		assert_true(span_equal_str(rule.name, rows[i].name));
		assert_int_equal(rule.star, rows[i].star);
		assert_true(span_equal_str(rule.value, rows[i].value));
	}
}

static void records_have_no_header_that_proves_who_is_who(void **state)
{
	static const char compact[] = "by their whole names", proof[] = "proves who";
	static const struct {
		const char *name, *why; /* "": it is fine; NULL: it is no name */
	} rows[] = {
		{"X-Site", ""},
		{"P-Charging-Vector", ""},
		{"Call-ID", ""},
		{"Identity-Info", ""},
		{"Authorization", proof},
		{"PROXY-authorization", proof},
		{"WWW-Authenticate", proof},
		{"Proxy-Authenticate", proof},
		{"Authentication-Info", proof},
		{"Proxy-Authentication-Info", proof},
		{"Security-Verify", proof},
		{"identity", proof},
		{"i", compact},
		{"X-*", NULL},
		{"in X-Site", NULL},
		{"X-Site: 1", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *why = "";
		const bool good = header_record_name(span_of(rows[i].name), &why);

		if (good != (rows[i].why && !rows[i].why[0]))
			fail_msg("%s", rows[i].name);
		if (good || !rows[i].why)
			assert_null(why);
		else
			assert_non_null(strstr(why, rows[i].why));
	}
}

static void what_is_no_rule_is_refused(void **state)
{
	static const struct {
		const char *text;
		bool with_value;
		const char *why; /* part of it; NULL: the form */
	} rows[] = {
		{"", false, NULL},
		{"in", false, NULL}, /* a name of two letters is one */
		{"X Site", false, NULL},
		{"X-Site: a", false, NULL},
		{"X-(a)", false, NULL},
		{"X-\"a\"", false, NULL},
		{"in out X-A", false, NULL},
		{"in in X-A", false, NULL},
		{"requests responses X-A", false, NULL},
		{"X-*-A", false, NULL},
		{"*", false, "before the star"},
		{"X*", false, "before the star"},
		{"i", false, "compact"},
		{"m", false, "compact"},
		{"Via", false, "one hop"},
		{"vIA", false, "one hop"},
		{"in Contact", false, "one hop"},
		{"Content-Type", false, "body"},
		{"Content-Anything", false, "body"},
		{"P-Asserted-Identity", false, "identities"},
		{"Privacy", false, "identities"},
		{"Reason", false, "setting reason"},
		{"Authorization", false, "proves"},
		{"Replaces", false, "dialog"},
		{"Refer-To", false, "dialog"},
		{"P-Charging-Vector", false, "7315"},
		{"X-Site", true, NULL},
		{": a", true, NULL},
		{"X-Site:", true, "has a value"},
		{"X-*: a", true, "whole name"},
		{"s: a", true, "compact"},
		{"Server: a", true, "program"},
		{"X-Site: a\x01", true, "control"},
		{"X-Site: a\r\nVia: b", true, "control"},
		{"X-Site: a\x7f", true, "control"},
		{"X-Site: a\xc3\xa4", true, "ASCII"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct header_rule rule;
		const char *why = NULL;
		bool good = header_rule_read(
			&rule, span_of(rows[i].text), rows[i].with_value, &why);

		if (strcmp(rows[i].text, "in") == 0) {
			assert_true(good);
			continue;
		}
		if (good)
			fail_msg("\"%s\" is taken", rows[i].text);
		if (!why != !rows[i].why || (why && !strstr(why, rows[i].why)))
			fail_msg("\"%s\": %s", rows[i].text, why ? why : "form");
	}
}

static void values_have_512_bytes_at_most(void **state)
{
	struct header_rule rule;
	char text[600] = "X-A: ";
	const char *why;

	(void)state;
	memset(text + 5, 'v', HEADER_VALUE_MAX + 1);
	assert_false(header_rule_read(&rule, span_of(text), true, &why));
	assert_non_null(strstr(why, "512"));
	text[5 + HEADER_VALUE_MAX] = '\0';
	assert_true(header_rule_read(&rule, span_of(text), true, &why));
	assert_int_equal(rule.value.len, HEADER_VALUE_MAX);
	memset(text, 'N', 70);
	text[64] = '\0';
	assert_true(header_rule_read(&rule, span_of(text), false, &why));
	text[64] = 'N';
	text[65] = '\0';
	assert_false(header_rule_read(&rule, span_of(text), false, &why));
}

/* Each by its name, and by what a star in the list stands for. */
static void what_never_crosses_cannot_be_named(void **state)
{
	static const char *const must[] = {"Via", "Route", "Record-Route", "Contact",
		"Call-ID", "CSeq", "From", "To", "Max-Forwards", "Authorization",
		"Proxy-Authorization", "WWW-Authenticate", "Proxy-Authenticate",
		"Authentication-Info", "Content-Type", "Content-Length",
		"Content-Disposition", "Content-ID", "Require", "Proxy-Require",
		"Supported", "Unsupported", "Allow", "Session-Expires", "Min-SE", "RSeq",
		"RAck", "Replaces", "Join", "Target-Dialog", "Refer-To", "Refer-Sub",
		"Referred-By", "P-Charging-Vector", "P-Charging-Function-Addresses",
		"P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID",
		"Diversion", "History-Info", "Identity", "Privacy", "Reason",
		"Geolocation", "Geolocation-Routing", "Path", "Service-Route", "Event",
		"Warning", "Server", "User-Agent", "Security-Client"};
	size_t count;
	const struct header_known *known = header_list(&count);

	(void)state;
	for (size_t i = 0; i < sizeof(must) / sizeof(must[0]); i++) {
		const struct header_known *found = header_find(span_of(must[i]));

		if (!found || !found->why)
			fail_msg("%s may cross", must[i]);
	}
	for (size_t i = 0; i < count; i++) {
		struct header_rule rule;
		char name[80];
		const char *why;

		snprintf(name, sizeof(name), "%s", known[i].name);
		if (name[strlen(name) - 1] == '*')
			strcpy(name + strlen(name) - 1, "Q");
		assert_ptr_equal(header_find(span_of(name)), &known[i]);
		assert_int_equal(header_rule_read(&rule, span_of(name), false, &why),
			known[i].why == NULL);
		assert_true(known[i].with || known[i].why);
	}
	assert_null(header_find(span_of("X-Site")));
	assert_null(header_find(span_of("")));
	assert_null(header_find(span_of("Content")));
	assert_null(header_find(span_of("Vi")));
}

static void rules_take_names_whole_or_by_their_beginning(void **state)
{
	struct header_rule rule;
	const char *why;

	(void)state;
	assert_true(header_rule_read(&rule, span_of("in X-Site"), false, &why));
	assert_int_equal(rule.scope, HEADER_IN | HEADER_KINDS);
	assert_true(header_rule_takes(&rule, span_of("x-SITE")));
	assert_false(header_rule_takes(&rule, span_of("X-Site2")));
	assert_false(header_rule_takes(&rule, span_of("X-Sit")));
	assert_true(header_rule_read(&rule, span_of("responses X-*"), false, &why));
	assert_int_equal(rule.scope, HEADER_WAYS | HEADER_RESPONSES);
	assert_true(header_rule_takes(&rule, span_of("x-")));
	assert_true(header_rule_takes(&rule, span_of("X-Site")));
	assert_false(header_rule_takes(&rule, span_of("X")));
	assert_false(header_rule_takes(&rule, span_of("Y-Site")));
}

static void what_they_are_about_is_printed(void **state)
{
	static const char *const rows[][2] = {{"in X-Site", "X-Site"}, {"X-*", "X-*"},
		{"out X-Site:a\\, \\b", "X-Site: a, \\b"},
		{"X-Site: a\\", "X-Site: a\\"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct header_rule rule;
		const char *why;
		struct buf text;

		buf_init(&text, 0);
		assert_true(header_rule_read(&rule, span_of(rows[i][0]),
			strchr(rows[i][0], ':') != NULL, &why));
		header_rule_print(&rule, &text);
		assert_string_equal(buf_str(&text), rows[i][1]);
		buf_free(&text);
	}
}

static void commas_in_values_are_written_with_a_backslash(void **state)
{
	struct config_words rules = {0};
	struct span bad;

	(void)state;
	assert_int_equal(
		words_set(&rules, SCHEMA_HEADER_LINES, "X-A: a\\, b , in X-B: c", &bad),
		0);
	assert_int_equal(rules.count, 2);
	assert_string_equal(rules.words[0], "X-A: a\\, b");
	assert_string_equal(rules.words[1], "in X-B: c");
	assert_int_not_equal(
		words_set(&rules, SCHEMA_HEADER_LINES, "X-A: a, b", &bad), 0);
	assert_true(span_equal_str(bad, "b"));
	assert_int_not_equal(words_set(&rules, SCHEMA_HEADER_LINES, "X-A: a,", &bad), 0);
	assert_int_not_equal(words_set(&rules, SCHEMA_HEADERS, "X-A, X-B, X-A", &bad), 0);
	assert_true(span_equal_str(bad, "X-A"));
	words_free(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_read),
		cmocka_unit_test(records_have_no_header_that_proves_who_is_who),
		cmocka_unit_test(what_is_no_rule_is_refused),
		cmocka_unit_test(values_have_512_bytes_at_most),
		cmocka_unit_test(what_never_crosses_cannot_be_named),
		cmocka_unit_test(rules_take_names_whole_or_by_their_beginning),
		cmocka_unit_test(what_they_are_about_is_printed),
		cmocka_unit_test(commas_in_values_are_written_with_a_backslash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
