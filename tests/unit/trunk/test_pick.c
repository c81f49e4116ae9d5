/* Which trunk a call goes to. */
#include "plain.h"

#include "../tls/lab.h"

#include "trunk/pick.h"

#include <string.h>
#include <unistd.h>

/* The candidates' ids with blanks between, for a call of FROM, or of any server, to that side. */
static bool assert_picked_for(struct plain *plain, const struct trunk *from,
	enum trunk_kind kind, const char *number, const char *ids)
{
	struct pick_question question = {.config = plain->config,
		.call = {.kind = TRUNK_SERVER, .called = span_of(number)}};
	struct pick pick;
	char text[256] = "";

	if (from)
		question.call = pick_call(from, span_of(number), span_of(""));
	question.call.calls_to = kind == TRUNK_GATEWAY ? CONFIG_CALLS_TO_GATEWAYS
						       : CONFIG_CALLS_TO_SERVERS;
	pick_candidates(plain->trunks, &question, &pick);
	assert_in_range(pick.count, 0, PICK_MAX);
	for (unsigned i = 0; i < pick.count; i++) {
		strcat(text, i ? " " : "");
		strcat(text, pick.list[i].trunk->id);
	}
	assert_string_equal(text, ids);
	return pick.routed;
}

static void assert_picked(
	struct plain *plain, enum trunk_kind kind, const char *number, const char *ids)
{
	assert_picked_for(plain, NULL, kind, number, ids);
}

static void prefers_the_longest_prefix(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "any", .host = "127.0.0.2", .priority = 1},
		{.id = "germany",
			.host = "127.0.0.3",
			.priority = 50,
			.prefixes = {"+49"}},
		{.id = "berlin",
			.host = "127.0.0.4",
			.priority = 60,
			.prefixes = {"+43", "+4930"}},
		{.id = "austria",
			.host = "127.0.0.5",
			.priority = 1,
			.prefixes = {"+43"}},
		{.id = NULL}};
	struct plain plain;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, gateways);
	assert_picked(&plain, TRUNK_GATEWAY, "+4930123", "berlin germany any");
	assert_picked(&plain, TRUNK_GATEWAY, "+4989123", "germany any");
	assert_picked(&plain, TRUNK_GATEWAY, "+431", "austria berlin any");
	assert_picked(&plain, TRUNK_GATEWAY, "+1", "any");
	assert_picked(&plain, TRUNK_GATEWAY, "", "any");
	plain_stop(&plain);
}

static void leaves_out_who_takes_no_call(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "a", .host = "127.0.0.2", .priority = 1, .max_calls = 2},
		{.id = "b", .host = "127.0.0.3", .priority = 2, .disabled = true},
		{.id = "c", .host = "127.0.0.4", .priority = 3},
		{.id = "d", .host = "127.0.0.5", .priority = 4}, {.id = NULL}};
	struct plain plain;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, gateways);
	assert_picked(&plain, TRUNK_GATEWAY, "1", "a c d");
	plain_find(&plain, "a")->calls = 1;
	plain_find(&plain, "c")->drained = true;
	assert_picked(&plain, TRUNK_GATEWAY, "1", "a d");
	plain_find(&plain, "a")->calls = 2;
	assert_picked(&plain, TRUNK_GATEWAY, "1", "d");
	plain_find(&plain, "d")->drained = true;
	assert_picked(&plain, TRUNK_GATEWAY, "1", "");
	plain_stop(&plain);
}

static void keeps_the_best_of_many(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "g12", .host = "127.0.0.12", .priority = 12},
		{.id = "g11", .host = "127.0.0.11", .priority = 11},
		{.id = "g01", .host = "127.0.0.1", .priority = 1},
		{.id = "g10", .host = "127.0.0.10", .priority = 10},
		{.id = "g02", .host = "127.0.0.2", .priority = 2},
		{.id = "g09", .host = "127.0.0.9", .priority = 9},
		{.id = "g03", .host = "127.0.0.3", .priority = 3},
		{.id = "g08", .host = "127.0.0.8", .priority = 8},
		{.id = "g04", .host = "127.0.0.4", .priority = 4},
		{.id = "g07", .host = "127.0.0.7", .priority = 7}, {.id = NULL}};
	struct plain plain;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, gateways);
	assert_picked(&plain, TRUNK_GATEWAY, "1", "g01 g02 g03 g04 g07 g08 g09 g10");
	plain_stop(&plain);
}

static void equal_gateways_keep_the_order_of_their_names(void **state)
{
	static const struct plain_gateway gateways[] = {{.id = "c", .host = "127.0.0.2"},
		{.id = "a", .host = "127.0.0.3"}, {.id = "d", .host = "127.0.0.4"},
		{.id = "b", .host = "127.0.0.5"}, {.id = NULL}};
	struct plain plain;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, gateways);
	assert_picked(&plain, TRUNK_GATEWAY, "1", "a b c d");
	plain_stop(&plain);
}

static void leaves_out_whose_call_it_is(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "a", .host = "127.0.0.2", .priority = 1, .prefixes = {"1"}},
		{.id = "b", .host = "127.0.0.3", .priority = 2, .prefixes = {"12"}},
		{.id = NULL}};
	const struct trunk *a, *b;
	struct plain plain;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, gateways);
	a = plain_find(&plain, "a");
	b = plain_find(&plain, "b");
	assert_true(assert_picked_for(&plain, a, TRUNK_GATEWAY, "123", "b"));
	assert_true(assert_picked_for(&plain, b, TRUNK_GATEWAY, "123", "a"));
	assert_true(assert_picked_for(&plain, b, TRUNK_GATEWAY, "13", "a"));
	/* it alone takes the number: as if nobody did */
	assert_false(assert_picked_for(&plain, a, TRUNK_GATEWAY, "13", ""));
	plain_stop(&plain);
}

/* Priority counts before weight; within one priority both are first at times. */
static void draws_servers_by_weight(void **state)
{
	static const struct plain_gateway none[] = {{.id = NULL}};
	const struct pick_question question = {
		.call = {.kind = TRUNK_GATEWAY, .called = span_of("1")}};
	struct pick pick;
	unsigned first[2] = {0, 0};
	struct plain plain;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, none);
	for (unsigned i = 0; i < 400; i++) {
		pick_candidates(plain.trunks, &question, &pick);
		assert_int_equal(pick.count, 3);
		assert_string_equal(pick.list[2].trunk->id, "spare");
		first[strcmp(pick.list[0].trunk->id, "pbx1") != 0]++;
	}
	/* 3 to 1 gives 300 to 100, with a deviation of 9: far enough from either bound */
	assert_in_range(first[0], 230, 370);
	assert_in_range(first[1], 30, 170);
	plain_stop(&plain);
}

/* The servers of the fixture differ by weight alone, or not at all. */
/* Nothing is drawn. */
static void assert_servers_settled(struct plain *plain)
{
	const struct pick_question question = {.config = plain->config,
		.settled = true,
		.call = {.kind = TRUNK_GATEWAY,
			.calls_to = CONFIG_CALLS_TO_SERVERS,
			.called = {"1", 1}}};
	struct pick pick;

	pick_candidates(plain->trunks, &question, &pick);
	assert_int_equal(pick.count, 3);
	assert_string_equal(pick.list[0].trunk->id, "pbx1");
	assert_string_equal(pick.list[1].trunk->id, "pbx2");
	assert_string_equal(pick.list[2].trunk->id, "spare");
}

static void what_is_settled_is_always_the_same(void **state)
{
	static const struct plain_gateway none[] = {{.id = NULL}};
	struct plain plain;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, none);
	for (unsigned i = 0; i < 20; i++)
		assert_servers_settled(&plain);
	plain_stop(&plain);
}

/* Neither certificates nor names are needed to say whom a call would go to. */
static void a_plan_has_routes_without_files(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "a", .host = "127.0.0.2", .observed = ""},
		{.id = "b", .host = "127.0.0.3", .prefixes = {"12"}}, {.id = NULL}};
	struct trunks *planned;
	struct plain plain;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, gateways);
	assert_int_equal(unlink(lab_path("us.pem")), 0);
	assert_int_equal(unlink(lab_path("ca.pem")), 0);
	assert_int_equal(trunks_new(&planned, plain.loop, NULL), 0);
	assert_int_equal(trunks_plan(planned, plain.config), 0);
	trunks_free(plain.trunks);
	plain.trunks = planned;
	assert_picked(&plain, TRUNK_GATEWAY, "123", "b a");
	assert_servers_settled(&plain);
	assert_null(trunks_at(planned, TRUNK_GATEWAY, 0)->cred);
	plain_stop(&plain);
}

/* The name of the route by which A takes a call of NUMBER, or comes nearest to it; "" for its own keys. */
static void assert_judged(struct plain *plain, const char *number, const char *caller,
	enum route_verdict verdict, const char *name)
{
	const struct pick_question question = {.config = plain->config,
		.call = {.kind = TRUNK_SERVER,
			.calls_to = CONFIG_CALLS_TO_GATEWAYS,
			.called = span_of(number),
			.caller = span_of(caller)}};
	struct pick_opinion opinion;

	pick_judge(plain->trunks, plain_find(plain, "a"), &question, &opinion);
	assert_int_equal(opinion.verdict, verdict);
	assert_string_equal(opinion.route->name ? opinion.route->name : "", name);
}

/* The first of its routes, one in the middle or the last, wherever it stands. */
static void the_nearest_of_its_routes_is_judged(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "a",
			.host = "127.0.0.2",
			.prefixes = {"+49"},
			.lines = "[route long]\nprefixes = +4930, +43\npriority = 7\n"
				 "[route office]\nprefixes = +43\ncallers = +4930\n"
				 "[route late]\nprefixes = +43\npriority = 8\n"},
		{.id = NULL}};
	struct plain plain;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, gateways);
	assert_judged(&plain, "+4989", "", ROUTE_FITS, "");
	assert_judged(&plain, "+4930", "", ROUTE_FITS, "long");
	assert_judged(&plain, "+43", "+49301", ROUTE_FITS, "office");
	assert_judged(&plain, "+43", "+4989", ROUTE_FITS, "long");
	assert_judged(&plain, "+1", "", ROUTE_NOT_CALLED, "");
	plain_stop(&plain);
}

static void the_verdict_that_was_asked_last_is_nearest(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "a",
			.host = "127.0.0.2",
			.prefixes = {"+49"},
			.lines = "[route office]\nprefixes = +43\ncallers = +4930\n"
				 "[route other]\nprefixes = +44\n"},
		{.id = NULL}};
	struct plain plain;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, gateways);
	assert_judged(&plain, "+43", "+4989", ROUTE_NOT_CALLER, "office");
	plain_stop(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefers_the_longest_prefix),
		cmocka_unit_test(leaves_out_who_takes_no_call),
		cmocka_unit_test(leaves_out_whose_call_it_is),
		cmocka_unit_test(keeps_the_best_of_many),
		cmocka_unit_test(equal_gateways_keep_the_order_of_their_names),
		cmocka_unit_test(draws_servers_by_weight),
		cmocka_unit_test(what_is_settled_is_always_the_same),
		cmocka_unit_test(a_plan_has_routes_without_files),
		cmocka_unit_test(the_nearest_of_its_routes_is_judged),
		cmocka_unit_test(the_verdict_that_was_asked_last_is_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
