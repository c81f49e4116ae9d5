/* Whom a call would go to: the verb, over real trunks and routes. */
#include "../trunk/plain.h"

#include "admin/route_verbs.h"
#include "admin/verbs.h"

#include <stdio.h>
#include <string.h>

static struct plain plain;
static json_t *result;
static struct err_text text;

static const struct config *config_h(void *arg)
{
	(void)arg;
	return plain.config;
}

static const struct plain_gateway gateways[] = {
	{.id = "any", .host = "127.0.0.2", .priority = 1},
	{.id = "berlin", .host = "127.0.0.3", .port = 5070, .prefixes = {"+4930"}},
	{.id = "full", .host = "127.0.0.4", .prefixes = {"+4930"}, .max_calls = 1},
	{.id = "off", .host = "127.0.0.5", .disabled = true},
	{.id = "austria", .host = "127.0.0.6", .prefixes = {"+43"}}, {.id = NULL}};

static int start(void **state)
{
	(void)state;
	plain_start(&plain);
	plain_apply(&plain, gateways);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	json_decref(result);
	result = NULL;
	plain_stop(&plain);
	return 0;
}

/* Asks with words that have single blanks between them. */
static enum api_code ask(const char *words)
{
	const struct verbs_context context = {
		.trunks = plain.trunks, .config_h = config_h};
	const char *args[16];
	size_t count = 0;
	char copy[256];
	char *save = NULL;

	strcpy(copy, words);
	for (char *word = strtok_r(copy, " ", &save); word;
		word = strtok_r(NULL, " ", &save))
		args[count++] = word;
	json_decref(result);
	result = NULL;
	return route_verb_test((void *)(uintptr_t)&context, args, count, &result, &text);
}

static const char *word(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "(none)";
}

/* The ids of LIST, each with what NAME of it says: "any=2 berlin=1". */
static void expect_list(const char *list, const char *name, const char *words)
{
	const json_t *row;
	char found[512] = "";
	size_t i;

	json_array_foreach(json_object_get(result, list), i, row)
	{
		strcat(found, i ? " " : "");
		strcat(found, word(row, "id"));
		strcat(found, "=");
		strcat(found, word(row, name));
	}
	assert_string_equal(found, words);
}

static void targets_come_in_order_and_the_others_with_their_reason(void **state)
{
	const json_t *target;

	(void)state;
	plain_find(&plain, "full")->calls = 1;
	assert_int_equal(ask("+4930-123 --from +4989 --via server pbx1"), API_OK);
	assert_string_equal(word(result, "called"), "+4930123");
	assert_string_equal(word(result, "caller"), "+4989");
	assert_string_equal(word(result, "via"), "server pbx1");
	assert_true(json_is_null(json_object_get(result, "status")));
	expect_list("targets", "prefix", "berlin=+4930 any=(none)");
	expect_list("others", "why",
		"full=full off=disabled austria=called pbx2=side spare=side pbx1=itself");
	expect_list("others", "words",
		"full=full: 1 of 1 calls (max-calls) off=disabled "
		"austria=its prefixes do not fit the called number "
		"pbx2=calls-to of the caller leads to the other side, and it names no "
		"sources spare=calls-to of the caller leads to the other side, and it "
		"names no sources pbx1=the call comes from it");
	target = json_array_get(json_object_get(result, "targets"), 0);
	assert_string_equal(word(target, "kind"), "trunk");
	assert_string_equal(word(target, "host"), "127.0.0.3");
	assert_int_equal(json_integer_value(json_object_get(target, "port")), 5070);
	assert_string_equal(word(target, "transport"), "UDP");
	assert_string_equal(word(target, "signalling"), "none");
	assert_string_equal(word(target, "media"), "none");
	assert_true(json_is_null(json_object_get(target, "obstacle")));
	/* nobody called: no limit was reached */
	assert_int_equal(plain_find(&plain, "full")->use.reached[LIMIT_CALLS], 0);
}

static const struct plain_gateway crossed[] = {
	{.id = "any", .host = "127.0.0.2", .priority = 20},
	{.id = "rules",
		.host = "127.0.0.8",
		.prefixes = {"+44"},
		.lines = "codes = 404 -> 480\ncodes-out = 503 -> 486\nreason = make\n"
			 "headers-pass = X-A, in X-B, responses X-C\n"
			 "headers-drop = out X-D, in X-E\n"
			 "headers-add = X-F: 1\\, 2, in X-G: 3, responses X-H: 4\n"},
	{.id = NULL}};

/* LIST of CROSSING, its words with a bar between them. */
static void expect_words(const json_t *crossing, const char *list, const char *words)
{
	const json_t *row;
	char found[256] = "";
	size_t i;

	json_array_foreach(json_object_get(crossing, list), i, row)
	{
		strcat(found, i ? "|" : "");
		strcat(found, json_string_value(row));
	}
	assert_string_equal(found, words);
}

static void what_would_cross_is_told_of_each_target(void **state)
{
	const json_t *crossing;

	(void)state;
	plain_apply(&plain, crossed);
	assert_int_equal(ask("+44123 --via server pbx1"), API_OK);
	crossing = json_object_get(
		json_array_get(json_object_get(result, "targets"), 0), "crossing");
	expect_words(crossing, "codes", "404 -> 480");
	expect_words(crossing, "caller_codes", "");
	assert_string_equal(word(crossing, "reason"), "make");
	expect_words(crossing, "headers_pass", "X-A");
	expect_words(crossing, "headers_drop", "X-D");
	expect_words(crossing, "headers_add", "X-F: 1, 2");
	crossing = json_object_get(
		json_array_get(json_object_get(result, "targets"), 1), "crossing");
	expect_words(crossing, "codes", "");
	assert_string_equal(word(crossing, "reason"), "pass");
	/* the other way */
	assert_int_equal(ask("+4930 --via trunk rules"), API_OK);
	crossing = json_object_get(
		json_array_get(json_object_get(result, "targets"), 0), "crossing");
	expect_words(crossing, "codes", "");
	expect_words(crossing, "caller_codes", "503 -> 486");
	assert_string_equal(word(crossing, "reason"), "pass");
	expect_words(crossing, "headers_pass", "X-A|X-B");
	expect_words(crossing, "headers_drop", "X-E");
	expect_words(crossing, "headers_add", "X-G: 3");
}

static void a_call_of_a_trunk_goes_to_the_servers(void **state)
{
	const json_t *target;

	(void)state;
	assert_int_equal(ask("100 --via trunk berlin"), API_OK);
	assert_int_equal(json_array_size(json_object_get(result, "targets")), 3);
	target = json_array_get(json_object_get(result, "targets"), 2);
	assert_string_equal(word(target, "id"), "spare");
	assert_string_equal(word(target, "signalling"), "mutual TLS 1.2, modern ciphers");
	assert_string_equal(word(target, "media"), "SRTP");
	expect_list("others", "why",
		"any=side austria=side full=side off=side berlin=itself");
}

/* The rules of LIST: "called rule=^9(.*)$ -> $1=301 ...". */
static void expect_rules(const json_t *owner, const char *words)
{
	const json_t *step;
	char found[1024] = "";
	size_t i;

	json_array_foreach(json_object_get(owner, "rules"), i, step)
	{
		snprintf(found + strlen(found), sizeof(found) - strlen(found),
			"%s%s %s [%s] %s", i ? "; " : "", word(step, "number"),
			word(step, "by"), word(step, "rule"), word(step, "becomes"));
	}
	assert_string_equal(found, words);
}

static const struct plain_gateway ruled[] = {
	{.id = "de",
		.host = "127.0.0.2",
		.priority = 1,
		.prefixes = {"+49", "112"},
		.lines = "country = 49\nnational-prefix = 0\nnumbers-in = e164\n"
			 "numbers-out = national\n"
			 "rewrite-called-in = ^9(\\d+)$ -> $1\n"
			 "rewrite-calling-in = ^8.*$ -> 1+\n"
			 "rewrite-calling-in = ^(\\d+)+\\D$ -> 1\n"
			 "rewrite-called-out = ^0(\\d+)$ -> 1010$1\n"},
	{.id = "plain", .host = "127.0.0.3", .priority = 2}, {.id = NULL}};

/* Which rules change the numbers in which order, on the way in and out to each target. */
static void rules_and_what_leaves_are_told(void **state)
{
	const json_t *targets;

	(void)state;
	plain_apply(&plain, ruled);
	assert_int_equal(ask("+49-301234 --from +4989 --via server pbx1"), API_OK);
	assert_string_equal(word(result, "called_received"), "+49301234");
	assert_string_equal(word(result, "called"), "+49301234");
	expect_rules(result, "");
	targets = json_object_get(result, "targets");
	expect_list("targets", "called_sent", "de=1010301234 plain=+49301234");
	expect_list("targets", "caller_sent", "de=+4989 plain=+4989");
	expect_rules(json_array_get(targets, 0),
		"called plan [(none)] 0301234; "
		"called rule [^0(\\d+)$ -> 1010$1] 1010301234");
	expect_rules(json_array_get(targets, 1), "");
}

static void rules_of_whose_call_it_is_come_first(void **state)
{
	(void)state;
	plain_apply(&plain, ruled);
	assert_int_equal(ask("90301234 --from 0891234 --via trunk de"), API_OK);
	assert_string_equal(word(result, "called_received"), "90301234");
	assert_string_equal(word(result, "caller_received"), "0891234");
	assert_string_equal(word(result, "called"), "+49301234");
	assert_string_equal(word(result, "caller"), "+49891234");
	expect_rules(result, "called rule [^9(\\d+)$ -> $1] 0301234; "
			     "called plan [(none)] +49301234; "
			     "caller plan [(none)] +49891234");
	/* without a caller of that kind no rules are known */
	assert_int_equal(ask("90301234"), API_OK);
	assert_string_equal(word(result, "called"), "90301234");
	expect_rules(result, "");
	/* what is not applied, and why */
	assert_int_equal(ask("0301234 --from 8123 --via trunk de"), API_OK);
	expect_rules(result, "called plan [(none)] +49301234; "
			     "caller illegal [^8.*$ -> 1+] (none)");
	assert_int_equal(
		ask("0301234 --from 1111111111111111111111111111111 --via trunk de"),
		API_OK);
	expect_rules(result, "called plan [(none)] +49301234; "
			     "caller too-costly [^(\\d+)+\\D$ -> 1] (none)");
}

static void a_name_has_no_rules(void **state)
{
	(void)state;
	plain_apply(&plain, ruled);
	assert_int_equal(ask("alice --from bob --via trunk de"), API_OK);
	assert_string_equal(word(result, "called"), "alice");
	assert_string_equal(word(result, "caller"), "bob");
	expect_rules(result, "");
}

static void nobody_takes_it(void **state)
{
	static const struct plain_gateway one[] = {
		{.id = "austria", .host = "127.0.0.6", .prefixes = {"+43"}},
		{.id = NULL}};

	(void)state;
	plain_apply(&plain, one);
	assert_int_equal(ask("+49"), API_OK);
	assert_string_equal(word(result, "via"), "any server");
	assert_string_equal(word(result, "caller"), "anonymous");
	assert_int_equal(json_integer_value(json_object_get(result, "status")), 404);
	plain_find(&plain, "austria")->drained = true;
	assert_int_equal(ask("+43"), API_OK);
	assert_int_equal(json_integer_value(json_object_get(result, "status")), 503);
	expect_list("others", "words",
		"austria=drained pbx1=calls-to of the caller leads to the other side, "
		"and "
		"it names no sources pbx2=calls-to of the caller leads to the other "
		"side, "
		"and it names no sources spare=calls-to of the caller leads to the other "
		"side, and it names no sources");
}

static void an_emergency_call_goes_everywhere(void **state)
{
	(void)state;
	plain_find(&plain, "berlin")->drained = true;
	assert_int_equal(ask("+4930123 --emergency"), API_OK);
	assert_true(json_is_true(json_object_get(result, "emergency")));
	expect_list("targets", "obstacle",
		"full=(none) any=(none) austria=(none) berlin=drained");
	assert_int_equal(ask("+4930123"), API_OK);
	assert_true(json_is_false(json_object_get(result, "emergency")));
	expect_list("targets", "obstacle", "full=(none) any=(none)");
}

static const struct plain_gateway urgent[] = {{.id = "de",
						      .host = "127.0.0.2",
						      .prefixes = {"+49"},
						      .lines = "calls-to = gateways\n"
							       "rewrite-called-in = "
							       "^0112$ -> 112\n"},
	{.id = "quiet",
		.host = "127.0.0.3",
		.prefixes = {"+49"},
		.lines = "calls-to = gateways\nemergency-calls = no\n"},
	{.id = "hides", .host = "127.0.0.4", .lines = "privacy = apply\n"}, {.id = NULL}};

/* Who calls for help is shown. What is a call for help depends on whose call it is, and on his rules. */
static void whoever_calls_for_help_is_shown(void **state)
{
	(void)state;
	plain_apply(&plain, urgent);
	assert_int_equal(ask("+431 --from +4989 --privacy id --via trunk de"), API_OK);
	expect_list("targets", "caller_sent", "hides=anonymous");
	assert_int_equal(ask("0112 --from +4989 --privacy id --via trunk de"), API_OK);
	expect_list("targets", "caller_sent", "hides=+4989 quiet=+4989");
	assert_int_equal(ask("112 --from +4989 --privacy id --via trunk quiet"), API_OK);
	expect_list("targets", "caller_sent", "hides=anonymous");
}

static void only_so_many_of_the_others_are_named(void **state)
{
	static struct plain_gateway many[121];
	static char ids[120][8], hosts[120][16];

	(void)state;
	for (unsigned i = 0; i < 120; i++) {
		snprintf(ids[i], sizeof(ids[i]), "g%03u", i);
		snprintf(hosts[i], sizeof(hosts[i]), "127.0.1.%u", i + 1);
		many[i] = (struct plain_gateway){.id = ids[i],
			.host = hosts[i],
			.prefixes = {i < 10 ? "+49" : "+43"}};
	}
	plain_apply(&plain, many);
	assert_int_equal(ask("+49"), API_OK);
	assert_int_equal(json_array_size(json_object_get(result, "targets")), 8);
	assert_int_equal(json_array_size(json_object_get(result, "others")), 100);
	/* two behind the eighth, 110 by their numbers, three servers */
	assert_int_equal(
		json_integer_value(json_object_get(result, "others_left_out")), 15);
	assert_string_equal(
		word(json_array_get(json_object_get(result, "others"), 0), "why"),
		"later");
}

static void what_is_asked_wrongly_is_refused(void **state)
{
	static const struct {
		const char *words;
		enum api_code code;
	} rows[] = {
		{"+49 --from", API_USAGE},
		{"+49 --via", API_USAGE},
		{"+49 --via server", API_USAGE},
		{"+49 --via gateway any", API_USAGE},
		{"+49 --via server nobody", API_NOT_FOUND},
		{"+49 --via trunk nobody", API_NOT_FOUND},
		{"+49 +43", API_USAGE},
		{"a@b", API_USAGE},
		{"<>", API_USAGE},
		{"1 --from a@b", API_USAGE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text.text[0] = '\0';
		if (ask(rows[i].words) != rows[i].code || result || !text.text[0])
			fail_msg("%s", rows[i].words);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		CASE(targets_come_in_order_and_the_others_with_their_reason),
		CASE(what_would_cross_is_told_of_each_target),
		CASE(a_call_of_a_trunk_goes_to_the_servers),
		CASE(rules_and_what_leaves_are_told),
		CASE(rules_of_whose_call_it_is_come_first),
		CASE(a_name_has_no_rules),
		CASE(nobody_takes_it),
		CASE(an_emergency_call_goes_everywhere),
		CASE(whoever_calls_for_help_is_shown),
		CASE(only_so_many_of_the_others_are_named),
		CASE(what_is_asked_wrongly_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
