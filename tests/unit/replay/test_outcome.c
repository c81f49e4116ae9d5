/* What a configuration does with a call of the past, and what differs between two. */
#include "days.h"

#include "replay/outcome.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct days days;
static struct world before, after;

static int setup(void **state)
{
	(void)state;
	days_start(&days);
	days_config(&days, "before", "");
	days_config(&days, "after", "");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_close(&before);
	world_close(&after);
	days_stop(&days);
	return 0;
}

static void open_worlds(void)
{
	days_world(&days, "before", &before);
	days_world(&days, "after", &after);
}

/* What AFTER does with CALL, as JSON with what differs. */
static json_t *compare(const struct days_call *call, enum outcome_change change)
{
	char *line = days_line(&days, call);
	const int fd = days_audit(&days);
	struct outcome a = {0}, b = {0};
	struct past past;
	json_t *json;

	assert_int_equal(past_read(&past, span_of(line), fd), PAST_CALL);
	assert_int_equal(outcome_find(&a, &before, &past), 0);
	assert_int_equal(outcome_find(&b, &after, &past), 0);
	assert_string_equal(outcome_change_name(outcome_compare(&a, &b)),
		outcome_change_name(change));
	json = outcome_json(&b, &a);
	assert_non_null(json);
	outcome_free(&a);
	outcome_free(&b);
	past_free(&past);
	close(fd);
	free(line);
	return json;
}

static void assert_change(const struct days_call *call, enum outcome_change change)
{
	json_decref(compare(call, change));
}

/* The value at PATH of JSON, "targets.0.id", is TEXT. */
static void assert_at(const json_t *json, const char *path, const char *text)
{
	char *copy = strdup(path), *rest = copy, *name;
	char *is;

	while ((name = strsep(&rest, ".")))
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(name))
					   : json_object_get(json, name);
	is = json ? json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("nothing");
	assert_string_equal(is, text);
	free(is);
	free(copy);
}

static void the_same_configuration_changes_nothing(void **state)
{
	json_t *json;

	(void)state;
	days_gateway(&days, "before", "a", "prefixes = +49\n");
	days_gateway(&days, "after", "a", "prefixes = +49\n");
	open_worlds();
	json = compare(&(struct days_call){.headers = ""}, OUTCOME_SAME);
	assert_at(json, "status", "null");
	assert_at(json, "called", "\"+493022\"");
	assert_at(json, "caller", "\"+493011\"");
	assert_at(json, "targets.0.kind", "\"trunk\"");
	assert_at(json, "targets.0.id", "\"a\"");
	assert_at(json, "targets.0.share_percent", "100");
	assert_at(json, "targets.0.called", "\"+493022\"");
	assert_at(json, "targets.0.signalling", "\"UDP\"");
	assert_at(json, "targets.0.media", "\"RTP\"");
	assert_at(json, "targets.0.lines", "[]");
	assert_at(json, "targets.1", "nothing");
	json_decref(json);
	assert_change(&(struct days_call){.to = "+431"}, OUTCOME_SAME); /* nobody's */
}

static void a_prefix_leads_elsewhere(void **state)
{
	json_t *json;

	(void)state;
	days_gateway(&days, "before", "a", "");
	days_gateway(&days, "after", "a", "");
	days_gateway(&days, "after", "b", "prefixes = +4930\n");
	open_worlds();
	json = compare(&(struct days_call){.headers = ""}, OUTCOME_ELSEWHERE);
	assert_at(json, "targets.0.id", "\"b\"");
	assert_at(json, "targets.1.id", "\"a\"");
	assert_at(json, "targets.0.lines", "[]"); /* nobody is there to compare it with */
	json_decref(json);
	assert_change(&(struct days_call){.to = "+4940"}, OUTCOME_SAME);
}

/* Who comes behind all others counts too: somebody may fail. */
static void one_more_behind_is_a_change(void **state)
{
	(void)state;
	days_gateway(&days, "before", "a", "");
	days_gateway(&days, "after", "a", "");
	days_gateway(&days, "after", "b", "priority = 90\n");
	open_worlds();
	assert_change(&(struct days_call){0}, OUTCOME_ELSEWHERE);
}

static void who_is_not_routed_any_more_is_told_from_who_now_is(void **state)
{
	json_t *json;

	(void)state;
	days_gateway(&days, "before", "a", "prefixes = +49\n");
	days_gateway(&days, "before", "c", "enabled = yes\nprefixes = +33\n");
	days_gateway(&days, "after", "a", "prefixes = +43\n");
	days_gateway(&days, "after", "c", "enabled = no\nprefixes = +33\n");
	open_worlds();
	json = compare(&(struct days_call){0}, OUTCOME_NOT_ROUTED);
	assert_at(json, "status", "404");
	assert_at(json, "targets", "[]");
	json_decref(json);
	json = compare(&(struct days_call){.to = "+331"}, OUTCOME_NOT_ROUTED);
	assert_at(json, "status", "404");
	json_decref(json);
	assert_change(&(struct days_call){.to = "+431"}, OUTCOME_ROUTED);
}

static void a_caller_may_be_gone_or_disabled(void **state)
{
	json_t *json;

	(void)state;
	days_gateway(&days, "before", "a", "");
	days_gateway(&days, "before", "b", "");
	days_gateway(&days, "after", "b", "enabled = no\n");
	open_worlds();
	json = compare(&(struct days_call){.via = "trunk a"}, OUTCOME_NOT_ROUTED);
	assert_at(json, "status", "403");
	assert_at(json, "why", "\"who makes it is not in this configuration\"");
	assert_at(json, "called", "null");
	json_decref(json);
	json = compare(&(struct days_call){.via = "trunk b"}, OUTCOME_NOT_ROUTED);
	assert_at(json, "status", "403");
	assert_at(json, "why", "\"who makes it is disabled\"");
	json_decref(json);
}

/* One that the weights of the same trunks change goes elsewhere at times. */
static void shares_are_compared(void **state)
{
	json_t *json;

	(void)state;
	days_gateway(&days, "before", "a", "weight = 3\n");
	days_gateway(&days, "before", "b", "weight = 1\n");
	days_gateway(&days, "after", "a", "weight = 1\n");
	days_gateway(&days, "after", "b", "weight = 1\n");
	open_worlds();
	json = compare(&(struct days_call){0}, OUTCOME_ELSEWHERE);
	assert_at(json, "targets.0.share_percent", "50");
	assert_at(json, "targets.1.share_percent", "50");
	json_decref(json);
	world_close(&after);
	days_gateway(&days, "after", "a", "weight = 0\n");
	days_gateway(&days, "after", "b", "weight = 5\n");
	days_world(&days, "after", &after);
	json = compare(&(struct days_call){0}, OUTCOME_ELSEWHERE);
	assert_at(json, "targets.0.id", "\"b\"");
	assert_at(json, "targets.0.share_percent", "100");
	assert_at(json, "targets.1.share_percent", "0");
	json_decref(json);
	world_close(&after);
	days_gateway(&days, "after", "b", "weight = 0\n");
	days_world(&days, "after", &after);
	json = compare(&(struct days_call){0}, OUTCOME_ELSEWHERE);
	assert_at(json, "targets.0.share_percent", "0");
	assert_at(json, "targets.1.share_percent", "0");
	json_decref(json);
}

/* Each call draws anew, and a comparison does not. */
static void nothing_is_drawn(void **state)
{
	(void)state;
	days_gateway(&days, "before", "a", "");
	days_gateway(&days, "before", "b", "");
	days_gateway(&days, "after", "a", "");
	days_gateway(&days, "after", "b", "");
	open_worlds();
	for (unsigned i = 0; i < 20; i++)
		assert_change(&(struct days_call){0}, OUTCOME_SAME);
}

/* Two after each other are not two of which one is drawn, though each is the first of its rank. */
static void an_order_is_no_draw(void **state)
{
	(void)state;
	days_gateway(&days, "before", "a", "weight = 0\npriority = 1\n");
	days_gateway(&days, "before", "b", "weight = 0\npriority = 1\n");
	days_gateway(&days, "after", "a", "weight = 0\npriority = 1\n");
	days_gateway(&days, "after", "b", "weight = 0\npriority = 2\n");
	open_worlds();
	assert_change(&(struct days_call){0}, OUTCOME_ELSEWHERE);
}

static void protection_is_compared(void **state)
{
	json_t *json;

	(void)state;
	days_gateway(&days, "before", "a", "");
	days_gateway(&days, "after", "a", "tls = yes\nsrtp = optional\n");
	open_worlds();
	json = compare(&(struct days_call){0}, OUTCOME_PROTECTION);
	assert_at(json, "targets.0.signalling", "\"TLS\"");
	assert_at(json, "targets.0.media", "\"SRTP or RTP\"");
	json_decref(json);
}

/* What crosses beside the numbers is known from a capture. */
static void headers_are_compared_line_by_line(void **state)
{
	json_t *json;

	(void)state;
	days_gateway(&days, "before", "a", "");
	days_gateway(&days, "after", "a", "user-phone = yes\n");
	open_worlds();
	json = compare(
		&(struct days_call){.headers = "P-Asserted-Identity: "
					       "<sip:+4930999@pbx1.example.com>\r\n"},
		OUTCOME_HEADERS);
	assert_at(json, "targets.0.lines.0",
		"\"Request-URI: sip:+493022@a.example.net;user=phone\"");
	assert_at(json, "targets.0.lines.3",
		"\"P-Asserted-Identity: "
		"<sip:+4930999@us.example.com;user=phone>\"");
	json_decref(json);
}

/* By the rules of both ends. */
static void headers_that_cross_by_rules_are_compared(void **state)
{
	const struct days_call call = {
		.headers = "X-Site: berlin\r\nPriority: urgent\r\nX-Else: 1\r\n"
			   "Reason: Q.850;cause=17;text=\"a\"\r\n"};
	json_t *json;

	(void)state;
	days_gateway(&days, "before", "a", "");
	days_gateway(&days, "after", "a",
		"headers-pass = X-Site\nheaders-drop = Priority\nheaders-add = X-A: 1\n");
	open_worlds();
	json = compare(&call, OUTCOME_HEADERS);
	assert_at(json, "targets.0.lines.0", "\"X-Site: berlin\"");
	assert_at(json, "targets.0.lines.1", "\"X-A: 1\"");
	assert_at(json, "targets.0.lines.2", "nothing");
	json_decref(json);
}

/* A caller that hides is known by whom the capture asserts; the record does not say it. */
static void callers_are_those_that_are_asserted(void **state)
{
	const struct days_call call = {.from = "anonymous",
		.headers = "P-Asserted-Identity: <sip:+4930999@pbx1.example.com>\r\n"};
	json_t *json;

	(void)state;
	days_gateway(&days, "before", "a", "");
	days_gateway(&days, "after", "a", "");
	days_gateway(&days, "after", "b", "callers = +4930\n");
	open_worlds();
	json = compare(&call, OUTCOME_ELSEWHERE);
	assert_at(json, "caller", "\"+4930999\"");
	json_decref(json);
	json = compare(&(struct days_call){.from = "anonymous"}, OUTCOME_SAME);
	assert_at(json, "caller", "null"); /* its record does not say it */
	json_decref(json);
}

/* From shows whom the INVITE asserts: known of a capture, and of a record not known, which may be a change. */
static void identities_are_those_that_are_shown(void **state)
{
	const struct days_call call = {
		.headers = "P-Asserted-Identity: <sip:+4930999@pbx1.example.com>\r\n"};
	json_t *json;

	(void)state;
	days_gateway(&days, "before", "a", "");
	days_gateway(&days, "after", "a", "identity-from = asserted\n");
	open_worlds();
	json = compare(&call, OUTCOME_NUMBERS);
	assert_at(json, "targets.0.caller", "\"+4930999\"");
	json_decref(json);
	json = compare(&(struct days_call){0}, OUTCOME_NUMBERS);
	assert_at(json, "targets.0.caller", "null");
	assert_at(json, "targets.0.lines", "[]");
	json_decref(json);
	world_close(&before);
	days_gateway(&days, "before", "a",
		"identity-from = asserted\nfrom-host = x.example.com\n");
	days_world(&days, "before", &before);
	assert_change(&(struct days_call){0}, OUTCOME_SAME);
	json = compare(&call, OUTCOME_HEADERS);
	assert_at(json, "targets.0.lines.0", "\"From: <sip:+4930999@us.example.com>\"");
	json_decref(json);
}

/* What came goes through the rules of numbers; what a record of old has went through them already. */
static void rules_of_numbers_change_what_leaves(void **state)
{
	json_t *json;

	(void)state;
	days_gateway(&days, "before", "a", "");
	days_gateway(&days, "after", "a", "rewrite-called-out = ^\\+49(\\d+)$ -> 0$1\n");
	days_gateway(&days, "before", "in", "prefixes = 9\n");
	days_gateway(&days, "after", "in",
		"prefixes = 9\nrewrite-called-in = ^0(\\d+)$ -> +49$1\n");
	open_worlds();
	json = compare(&(struct days_call){0}, OUTCOME_NUMBERS);
	assert_at(json, "called", "\"+493022\"");
	assert_at(json, "targets.0.called", "\"03022\"");
	json_decref(json);
	json = compare(
		&(struct days_call){
			.via = "trunk in", .to = "+4940", .to_received = "040"},
		OUTCOME_NUMBERS);
	assert_at(json, "called", "\"+4940\"");
	json_decref(json);
	json = compare(&(struct days_call){.via = "trunk in", .to = "040"}, OUTCOME_SAME);
	assert_at(json, "called", "\"040\"");
	json_decref(json);
}

/* Who demands to stay unknown is called by nobody who does not see to it. */
static void critical_privacy_ends_a_call(void **state)
{
	const struct days_call call = {.headers = "Privacy: id;critical\r\n"
						  "P-Asserted-Identity: "
						  "<sip:+4930999@pbx1.example.com>\r\n"};
	json_t *json;

	(void)state;
	days_gateway(&days, "before", "a", "privacy = apply\n");
	days_gateway(&days, "before", "b", "privacy = strip\npriority = 90\n");
	days_gateway(&days, "after", "a", "privacy = strip\n");
	days_gateway(&days, "after", "b", "privacy = apply\npriority = 90\n");
	open_worlds();
	json = compare(&call, OUTCOME_NOT_ROUTED);
	assert_at(json, "status", "500");
	assert_at(json, "why", "\"its caller demands privacy that is not provided\"");
	assert_at(json, "targets", "[]");
	json_decref(json);
	world_close(&after);
	days_gateway(&days, "after", "a", "privacy = apply\n");
	days_world(&days, "after", &after);
	json = compare(&call, OUTCOME_ELSEWHERE);
	assert_at(json, "targets.1.id", "\"b\"");
	json_decref(json);
}

/* Of a trunk that we registered with, the called number is where [register] says. */
static void a_registered_trunk_calls_by_its_rule(void **state)
{
	const struct days_call call = {.via = "trunk r",
		.to = "alice",
		.headers = "P-Called-Party-ID: <sip:+4940@carrier.example>\r\n"};
	json_t *json;

	(void)state;
	days_gateway(&days, "before", "r", "[register]\nidentity = alice\n");
	days_gateway(&days, "after", "r",
		"[register]\nidentity = bob@x\ncontact = alice\ncalled-number = "
		"request-uri\n");
	open_worlds();
	json = compare(&call, OUTCOME_NUMBERS);
	assert_at(json, "called", "\"alice\"");
	json_decref(json);
	world_close(&after);
	days_gateway(
		&days, "after", "r", "[register]\nidentity = bob@x\ncontact = alice\n");
	days_world(&days, "after", &after);
	json = compare(&call, OUTCOME_SAME);
	assert_at(json, "called", "\"+4940\"");
	json_decref(json);
}

static void an_emergency_goes_to_all_of_its_side(void **state)
{
	json_t *json;

	(void)state;
	days_gateway(&days, "before", "a", "prefixes = +49\n");
	days_gateway(&days, "after", "a", "prefixes = +49\n");
	open_worlds();
	json = compare(&(struct days_call){.to = "112"}, OUTCOME_SAME);
	assert_at(json, "emergency", "true");
	assert_at(json, "targets.0.id", "\"a\"");
	json_decref(json);
	json = compare(
		&(struct days_call){.to = "urn:service:sos", .emergency = "service"},
		OUTCOME_SAME);
	assert_at(json, "emergency", "true");
	assert_at(json, "called", "\"112\"");
	json_decref(json);
}

static enum outcome_change against_record(const struct days_call *call)
{
	char *line = days_line(&days, call);
	struct outcome outcome = {0};
	struct past past;
	enum outcome_change change;

	assert_int_equal(past_read(&past, span_of(line), -1), PAST_CALL);
	assert_int_equal(outcome_find(&outcome, &after, &past), 0);
	change = outcome_compare_past(&past, &outcome);
	outcome_free(&outcome);
	past_free(&past);
	free(line);
	return change;
}

/* Whom it was offered to first is one of those who may be the first. */
static void what_a_record_says_is_compared_with_the_first(void **state)
{
	(void)state;
	days_gateway(&days, "after", "a", "prefixes = +49\n");
	days_gateway(&days, "after", "b", "prefixes = +49\n");
	days_gateway(&days, "after", "c", "prefixes = +49\npriority = 50\n");
	open_worlds();
	assert_int_equal(
		against_record(&(struct days_call){.target = "a"}), OUTCOME_SAME);
	assert_int_equal(
		against_record(&(struct days_call){.target = "b"}), OUTCOME_SAME);
	assert_int_equal(
		against_record(&(struct days_call){.target = "c"}), OUTCOME_ELSEWHERE);
	assert_int_equal(
		against_record(&(struct days_call){.target = ""}), OUTCOME_ROUTED);
	assert_int_equal(
		against_record(&(struct days_call){.to = "+431"}), OUTCOME_NOT_ROUTED);
	assert_int_equal(against_record(&(struct days_call){.to = "+431", .target = ""}),
		OUTCOME_SAME);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(the_same_configuration_changes_nothing),
		CASE(a_prefix_leads_elsewhere),
		CASE(one_more_behind_is_a_change),
		CASE(who_is_not_routed_any_more_is_told_from_who_now_is),
		CASE(a_caller_may_be_gone_or_disabled),
		CASE(shares_are_compared),
		CASE(nothing_is_drawn),
		CASE(an_order_is_no_draw),
		CASE(protection_is_compared),
		CASE(headers_are_compared_line_by_line),
		CASE(headers_that_cross_by_rules_are_compared),
		CASE(callers_are_those_that_are_asserted),
		CASE(identities_are_those_that_are_shown),
		CASE(rules_of_numbers_change_what_leaves),
		CASE(critical_privacy_ends_a_call),
		CASE(a_registered_trunk_calls_by_its_rule),
		CASE(an_emergency_goes_to_all_of_its_side),
		CASE(what_a_record_says_is_compared_with_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
