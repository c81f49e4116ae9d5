/* What stands in the way of a new call, and how it is said. */
#include "trunk/obstacle.h"

#include "plain.h"

#include <string.h>

static struct plain plain;

static int start(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "a", .host = "192.0.2.1", .max_calls = 2}, {.id = NULL}};

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, gateways);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	plain_stop(&plain);
	return 0;
}

static void assert_found(const struct trunk *trunk, enum obstacle_way way,
	enum obstacle_kind kind, const char *words)
{
	const struct obstacle_question question = {.trunk = trunk, .way = way};
	char buf[OBSTACLE_TEXT_SIZE];
	struct obstacle found = {.kind = OBSTACLE_KINDS, .since = 1, .why = "x"};

	assert_int_equal(obstacle_find(&question, &found), kind);
	assert_int_equal(found.kind, kind);
	assert_string_equal(obstacle_text(&found, buf), words);
}

static void the_first_of_several_is_named(void **state)
{
	static const struct plain_gateway disabled[] = {
		{.id = "a", .host = "192.0.2.1", .disabled = true, .max_calls = 2},
		{.id = NULL}};
	static const struct plain_gateway none[] = {{.id = NULL}};
	struct trunk *a = trunk_ref(plain_find(&plain, "a"));

	(void)state;
	assert_found(a, OBSTACLE_TO, OBSTACLE_NONE, "");
	a->calls = 1;
	assert_found(a, OBSTACLE_TO, OBSTACLE_NONE, "");
	a->calls = 2;
	assert_found(a, OBSTACLE_TO, OBSTACLE_FULL, "full: 2 of 2 calls (max-calls)");
	a->drained = true;
	assert_found(a, OBSTACLE_TO, OBSTACLE_DRAINED, "drained");
	plain_apply(&plain, disabled);
	assert_found(a, OBSTACLE_TO, OBSTACLE_DISABLED, "disabled");
	plain_apply(&plain, none);
	assert_found(a, OBSTACLE_TO, OBSTACLE_REMOVED, "not configured any more");
	trunk_unref(a);
}

static void a_call_from_it_meets_drain_and_room_alone(void **state)
{
	struct trunk *a = plain_find(&plain, "a");

	(void)state;
	a->configured = false;
	assert_found(a, OBSTACLE_FROM, OBSTACLE_NONE, "");
	a->calls = 2;
	assert_found(a, OBSTACLE_FROM, OBSTACLE_FULL, "full: 2 of 2 calls (max-calls)");
	a->drained = true;
	assert_found(a, OBSTACLE_FROM, OBSTACLE_DRAINED, "drained");
	a->configured = true;
}

static void tell(struct trunk *trunk, enum health_event event, const char *why)
{
	const struct health_time now = health_now(loop_timers(plain.loop));
	const struct addr *addr = &trunk->health.addresses[0].addr;

	health_report(trunk, 0, addr,
		&(struct health_report){.layer = HEALTH_SIP,
			.event = event,
			.why = why,
			.rest_ms = 30000},
		&now);
}

static void an_address_that_rests_is_in_the_way(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "a", .host = "192.0.2.1"}, {.id = NULL}};
	struct health_time now;
	struct obstacle found;
	struct trunk *a;

	(void)state;
	plain_apply(&plain, gateways);
	a = plain_find(&plain, "a");
	tell(a, HEALTH_ASKS, "503 with Retry-After 30");
	assert_found(a, OBSTACLE_TO, OBSTACLE_RESTING,
		"resting until 1970-01-01T00:00:30Z: "
		"503 with Retry-After 30");
	assert_found(a, OBSTACLE_FROM, OBSTACLE_NONE, "");
	assert_true(obstacle_is_brief(OBSTACLE_RESTING));
	assert_true(obstacle_is_brief(OBSTACLE_DOWN));
	assert_false(obstacle_is_brief(OBSTACLE_FULL));
	now = health_now(loop_timers(plain.loop));
	assert_int_equal(obstacle_of_health(&a->health.addresses[0].record,
				 &a->health.rules, &now, &found),
		OBSTACLE_RESTING);
	assert_string_equal(found.why, "503 with Retry-After 30");
	clock_virtual_advance(&plain.clock, 30000000);
	assert_found(a, OBSTACLE_TO, OBSTACLE_NONE, "");
	for (unsigned i = 0; i < 3; i++)
		tell(a, HEALTH_FAILS, "silent");
	assert_found(a, OBSTACLE_TO, OBSTACLE_DOWN,
		"down since 1970-01-01T00:00:30Z until 1970-01-01T00:00:38Z: silent");
	/* nobody knows when it answers again */
	a->health.rules.pinged = true;
	assert_found(
		a, OBSTACLE_TO, OBSTACLE_DOWN, "down since 1970-01-01T00:00:30Z: silent");
}

static void says_its_times_and_its_cause(void **state)
{
	static const struct {
		struct obstacle obstacle;
		const char *words;
	} rows[] = {
		{{.kind = OBSTACLE_NONE}, ""},
		{{.kind = OBSTACLE_DRAINED, .since = 1792000000},
			"drained since 2026-10-14T17:46:40Z"},
		{{.kind = OBSTACLE_DRAINED, .until = 1792000000},
			"drained until 2026-10-14T17:46:40Z"},
		{{.kind = OBSTACLE_DRAINED,
			 .since = 1792000000,
			 .until = 1792000031,
			 .why = "503 with Retry-After 30"},
			"drained since 2026-10-14T17:46:40Z until 2026-10-14T17:47:11Z: "
			"503 with Retry-After 30"},
	};
	char buf[OBSTACLE_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(obstacle_text(&rows[i].obstacle, buf), rows[i].words);
}

/* A text is never longer than its room, however long the cause is. */
static void a_long_cause_fits(void **state)
{
	struct obstacle obstacle = {
		.kind = OBSTACLE_AUDIT, .since = 1792000000, .until = 1792000000};
	char buf[OBSTACLE_TEXT_SIZE];

	(void)state;
	memset(obstacle.why, 'x', sizeof(obstacle.why) - 1);
	obstacle_text(&obstacle, buf);
	assert_string_equal(buf + strlen(buf) - 3, "xxx");
}

static bool is_word(const char *word)
{
	return *word && strspn(word, "abcdefghijklmnopqrstuvwxyz-") == strlen(word);
}

static void each_kind_has_a_word_of_its_own_and_words(void **state)
{
	char buf[OBSTACLE_TEXT_SIZE];

	(void)state;
	for (enum obstacle_kind a = OBSTACLE_NONE; a < OBSTACLE_KINDS; a++) {
		const struct obstacle obstacle = {.kind = a};

		assert_true(is_word(obstacle_word(a)));
		assert_int_equal(obstacle_text(&obstacle, buf)[0] != '\0', a != 0);
		for (enum obstacle_kind b = OBSTACLE_NONE; b < a; b++)
			assert_string_not_equal(obstacle_word(a), obstacle_word(b));
	}
}

/* What is switched off or gone is no route: 404 instead of 503. */
static void who_is_off_is_no_route(void **state)
{
	(void)state;
	for (enum obstacle_kind kind = OBSTACLE_NONE; kind < OBSTACLE_KINDS; kind++)
		assert_int_equal(obstacle_is_routed(kind),
			kind != OBSTACLE_REMOVED && kind != OBSTACLE_DISABLED);
}

/* What is no call is counted apart from calls, in each direction. */
static void a_message_meets_the_rate_of_messages_alone(void **state)
{
	struct trunk *a = plain_find(&plain, "a");
	struct obstacle_question question = {
		.trunk = a, .way = OBSTACLE_TO, .message = true};
	char buf[OBSTACLE_TEXT_SIZE];
	struct obstacle found;

	(void)state;
	a->calls = 2;
	assert_int_equal(obstacle_find(&question, NULL), OBSTACLE_NONE);
	for (unsigned i = 0; i < 50; i++)
		messages_charge(&a->messages, &trunk_settings(a)->messages, LIMIT_OUT, 0);
	assert_int_equal(obstacle_find(&question, &found), OBSTACLE_MESSAGES);
	assert_string_equal(obstacle_text(&found, buf),
		"too many messages a second: 50 (max-message-rate)");
	assert_int_equal(found.retry_s, 1);
	question.way = OBSTACLE_FROM;
	assert_int_equal(obstacle_find(&question, NULL), OBSTACLE_NONE);
	question.way = OBSTACLE_TO;
	question.now_us = 1000000;
	assert_int_equal(obstacle_find(&question, NULL), OBSTACLE_NONE);
	a->drained = true;
	assert_int_equal(obstacle_find(&question, NULL), OBSTACLE_DRAINED);
	a->drained = false;
	a->calls = 0;
	for (unsigned i = 0; i < 50; i++)
		messages_charge(&a->messages, &trunk_settings(a)->messages, LIMIT_IN, 0);
	assert_found(a, OBSTACLE_FROM, OBSTACLE_NONE, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_first_of_several_is_named, start, stop),
		cmocka_unit_test_setup_teardown(
			a_call_from_it_meets_drain_and_room_alone, start, stop),
		cmocka_unit_test_setup_teardown(
			an_address_that_rests_is_in_the_way, start, stop),
		cmocka_unit_test_setup_teardown(
			a_message_meets_the_rate_of_messages_alone, start, stop),
		cmocka_unit_test(says_its_times_and_its_cause),
		cmocka_unit_test(a_long_cause_fits),
		cmocka_unit_test(each_kind_has_a_word_of_its_own_and_words),
		cmocka_unit_test(who_is_off_is_no_route),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
