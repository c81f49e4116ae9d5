/* The log's lines as events: taken apart, filtered, and never waited for. */
#include "../unit.h"

#include "admin/event_line.h"
#include "admin/events.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A follower that keeps what it got; it has room for so many. */
struct kept {
	json_t *events;
	size_t room;
};

struct fixture {
	struct loop *loop;
	struct events *events;
	struct kept kept;
	unsigned logged;
};

static bool keep(void *arg, json_t *event)
{
	struct kept *kept = arg;

	if (json_array_size(kept->events) >= kept->room) {
		json_decref(event);
		return false;
	}
	json_array_append_new(kept->events, event);
	return true;
}

static void count_logged(void *arg, enum log_level level, const char *line)
{
	struct fixture *fixture = arg;

	(void)level;
	(void)line;
	fixture->logged++;
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture || loop_new(&fixture->loop, clock_real()) ||
		events_new(&fixture->events, fixture->loop))
		return -1;
	fixture->kept = (struct kept){.events = json_array(), .room = 10000};
	log_set_level(LOG_LEVEL_INFO);
	log_set_sink(count_logged, fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	events_free(fixture->events);
	log_set_sink(NULL, NULL);
	log_set_level(LOG_LEVEL_INFO);
	loop_free(fixture->loop);
	json_decref(fixture->kept.events);
	free(fixture);
	return 0;
}

static struct events_follower *follow(struct fixture *fixture, const char *match)
{
	struct events_follower *follower = NULL;
	struct err_text text = {""};

	assert_int_equal(events_follow(fixture->events, &follower, &match, match != NULL,
				 keep, &fixture->kept, &text),
		0);
	return follower;
}

static void turn(struct fixture *fixture)
{
	assert_int_equal(loop_turn(fixture->loop, 0), 0);
}

static const json_t *event(struct fixture *fixture, size_t nth)
{
	return json_array_get(fixture->kept.events, nth);
}

static const char *word(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void expect_count(struct fixture *fixture, size_t count)
{
	turn(fixture);
	assert_int_equal(json_array_size(fixture->kept.events), count);
}

/* ---- a line ---- */

static void a_line_is_taken_apart(void **state)
{
	static const char text[] = "info call call=5f-000001 event=ended cause=bye "
				   "reason=\"a \\\"b\\\" \\\\ c\" \xc3\xa9 empty=\"\"";
	struct event_line line;

	(void)state;
	assert_int_equal(event_line_read(&line, LOG_LEVEL_INFO, text), 0);
	assert_string_equal(line.module, "call");
	assert_int_equal(json_object_size(line.words), 5);
	assert_string_equal(word(line.words, "call"), "5f-000001");
	assert_string_equal(word(line.words, "reason"), "a \"b\" \\ c");
	assert_string_equal(word(line.words, "empty"), "");
	event_line_free(&line);
}

static void what_is_no_word_is_skipped(void **state)
{
	static const char *const texts[] = {"", "info", "info ", "info call",
		"info call listening =x \"", "info call a=\"unended"};
	struct event_line line;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(event_line_read(&line, LOG_LEVEL_INFO, texts[i]), 0);
		assert_int_equal(json_object_size(line.words), i == 5);
		event_line_free(&line);
	}
}

/* ---- a filter ---- */

static bool passes(struct event_filter *filter, enum log_level level, const char *text)
{
	struct event_line line;
	bool passed;

	assert_int_equal(event_line_read(&line, level, text), 0);
	passed = event_filter_pass(filter, &line);
	event_line_free(&line);
	return passed;
}

static void make_filter(struct event_filter *filter, const char *a, const char *b)
{
	const char *const matches[] = {a, b};
	struct err_text text = {""};

	*filter = (struct event_filter){.count = 0};
	assert_int_equal(event_filter_read(filter, matches, b ? 2 : 1, &text), 0);
}

static void all_keys_must_match_and_one_value_of_each(void **state)
{
	struct event_filter filter;

	(void)state;
	make_filter(&filter, "event=ended", "cause=bye");
	assert_true(passes(&filter, LOG_LEVEL_INFO, "info call event=ended cause=bye"));
	assert_false(passes(&filter, LOG_LEVEL_INFO, "info call event=ended cause=x"));
	assert_false(passes(&filter, LOG_LEVEL_INFO, "info call cause=bye"));
	event_filter_free(&filter);
	make_filter(&filter, "event=begun", "event=ended");
	assert_true(passes(&filter, LOG_LEVEL_INFO, "info call event=begun"));
	assert_true(passes(&filter, LOG_LEVEL_INFO, "info call event=ended"));
	assert_false(passes(&filter, LOG_LEVEL_INFO, "info call event=ringing"));
	event_filter_free(&filter);
}

static void a_level_is_the_least_that_passes(void **state)
{
	struct event_filter filter;

	(void)state;
	make_filter(&filter, "level=warning", "module=tls");
	assert_true(passes(&filter, LOG_LEVEL_ERROR, "error tls event=x"));
	assert_true(passes(&filter, LOG_LEVEL_WARNING, "warning tls event=x"));
	assert_false(passes(&filter, LOG_LEVEL_INFO, "info tls event=x"));
	assert_false(passes(&filter, LOG_LEVEL_ERROR, "error call event=x"));
	event_filter_free(&filter);
}

static void a_call_is_known_by_id_and_number(void **state)
{
	struct event_filter filter;

	(void)state;
	make_filter(&filter, "call=42", NULL);
	assert_true(passes(&filter, LOG_LEVEL_INFO, "info call call=5f-000042"));
	assert_true(passes(&filter, LOG_LEVEL_INFO, "info media call=42"));
	assert_false(passes(&filter, LOG_LEVEL_INFO, "info call call=5f-000043"));
	assert_false(passes(&filter, LOG_LEVEL_INFO, "info call event=x"));
	event_filter_free(&filter);
	make_filter(&filter, "call=5f-000042", NULL);
	assert_true(passes(&filter, LOG_LEVEL_INFO, "info media call=42"));
	assert_false(passes(&filter, LOG_LEVEL_INFO, "info call call=60-000042"));
	event_filter_free(&filter);
}

static void a_trunk_is_followed_with_its_calls(void **state)
{
	struct event_filter filter;

	(void)state;
	make_filter(&filter, "trunk=gw", NULL);
	assert_false(passes(&filter, LOG_LEVEL_INFO, "info call call=a-1 event=x"));
	assert_true(passes(
		&filter, LOG_LEVEL_INFO, "info call call=a-1 event=begun from=gw"));
	assert_true(passes(&filter, LOG_LEVEL_INFO, "info call call=a-1 event=ended"));
	assert_false(passes(&filter, LOG_LEVEL_INFO, "info call call=a-2 event=ended"));
	assert_true(passes(&filter, LOG_LEVEL_INFO, "info trunk trunk=gw event=x"));
	assert_false(passes(&filter, LOG_LEVEL_INFO, "info trunk trunk=gw2 event=x"));
	/* Its memory is bounded: the oldest is forgotten. */
	for (unsigned i = 0; i < EVENT_CALLS_MAX; i++) {
		char text[64];

		snprintf(text, sizeof(text), "info call call=b-%u from=gw", i + 1);
		assert_true(passes(&filter, LOG_LEVEL_INFO, text));
	}
	assert_false(passes(&filter, LOG_LEVEL_INFO, "info call call=a-1 event=ended"));
	event_filter_free(&filter);
}

static void a_match_without_value_is_refused(void **state)
{
	static const char *const wrong[] = {
		"trunk", "=gw", "trunk=", "level=loud", "level=debug"};
	struct event_filter filter;
	struct err_text text;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		filter = (struct event_filter){.count = 0};
		text = (struct err_text){""};
		assert_int_equal(
			event_filter_read(&filter, &wrong[i], 1, &text), -EINVAL);
		assert_string_not_equal(text.text, "");
		event_filter_free(&filter);
	}
}

/* ---- following ---- */

static void a_line_becomes_an_event(void **state)
{
	struct fixture *fixture = *state;
	struct events_follower *follower;

	log_info("call", "event=before");
	follower = follow(fixture, NULL);
	log_warning("call", "call=5f-000001 event=failed trunk=%s", "gw");
	assert_int_equal(json_array_size(fixture->kept.events), 0);
	expect_count(fixture, 1);
	assert_string_equal(word(event(fixture, 0), "level"), "warning");
	assert_string_equal(word(event(fixture, 0), "module"), "call");
	assert_string_equal(word(event(fixture, 0), "line"),
		"warning call call=5f-000001 event=failed trunk=gw");
	assert_string_equal(
		word(json_object_get(event(fixture, 0), "words"), "event"), "failed");
	assert_non_null(strstr(word(event(fixture, 0), "time"), "T"));
	events_unfollow(follower);
	log_info("call", "event=after");
	expect_count(fixture, 1);
	assert_int_equal(fixture->logged, 3);
}

static void what_the_log_hides_is_an_event_all_the_same(void **state)
{
	struct fixture *fixture = *state;
	struct events_follower *follower = follow(fixture, NULL);

	log_set_level(LOG_LEVEL_ERROR);
	log_info("call", "event=hidden");
	log_debug("call", "event=debug");
	expect_count(fixture, 1);
	assert_int_equal(fixture->logged, 0);
	events_unfollow(follower);
}

static void each_follower_has_its_filter(void **state)
{
	struct fixture *fixture = *state;
	struct events_follower *one = follow(fixture, "event=a");
	struct events_follower *two = follow(fixture, "module=call");

	log_info("call", "event=b");
	log_info("tls", "event=a");
	log_info("tls", "event=b");
	expect_count(fixture, 2);
	events_unfollow(one);
	log_info("call", "event=a");
	expect_count(fixture, 3);
	events_unfollow(two);
}

static void *log_from_thread(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 100; i++)
		log_info("media", "event=from-thread number=%u", i);
	return NULL;
}

static void lines_of_other_threads_come_too(void **state)
{
	struct fixture *fixture = *state;
	struct events_follower *follower = follow(fixture, NULL);
	pthread_t threads[2];

	log_set_sink(NULL, NULL);
	log_set_level(LOG_LEVEL_ERROR); /* not onto the test's own output */
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, log_from_thread, NULL), 0);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	expect_count(fixture, 200);
	events_unfollow(follower);
}

static void more_than_is_kept_is_counted(void **state)
{
	struct fixture *fixture = *state;
	struct events_follower *follower = follow(fixture, NULL);

	for (unsigned i = 0; i < 600; i++)
		log_info("call", "event=x number=%u", i);
	expect_count(fixture, 513);
	assert_int_equal(
		json_integer_value(json_object_get(event(fixture, 512), "lost")), 88);
	log_info("call", "event=after");
	expect_count(fixture, 514);
	assert_non_null(json_object_get(event(fixture, 513), "line"));
	events_unfollow(follower);
}

static void a_slow_follower_loses_and_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct events_follower *follower = follow(fixture, NULL);

	fixture->kept.room = 1;
	for (unsigned i = 0; i < 5; i++)
		log_info("call", "event=x number=%u", i);
	expect_count(fixture, 1);
	fixture->kept.room = 100;
	log_info("call", "event=after");
	expect_count(fixture, 3);
	assert_int_equal(
		json_integer_value(json_object_get(event(fixture, 1), "lost")), 4);
	assert_string_equal(
		word(json_object_get(event(fixture, 2), "words"), "event"), "after");
	events_unfollow(follower);
}

static void followers_are_limited(void **state)
{
	struct fixture *fixture = *state;
	struct events_follower *followers[EVENTS_FOLLOWERS_MAX], *one_more;
	struct err_text text = {""};

	for (unsigned i = 0; i < EVENTS_FOLLOWERS_MAX; i++)
		followers[i] = follow(fixture, NULL);
	assert_int_equal(events_follow(fixture->events, &one_more, NULL, 0, keep,
				 &fixture->kept, &text),
		ERR_LIMIT);
	events_unfollow(followers[0]);
	followers[0] = follow(fixture, NULL);
	for (unsigned i = 0; i < EVENTS_FOLLOWERS_MAX; i++)
		events_unfollow(followers[i]);
}

static void a_refused_filter_leaves_no_follower(void **state)
{
	static const char *const wrong = "nonsense";
	struct fixture *fixture = *state;
	struct events_follower *follower;
	struct err_text text = {""};

	for (unsigned i = 0; i < 2 * EVENTS_FOLLOWERS_MAX; i++)
		assert_int_equal(events_follow(fixture->events, &follower, &wrong, 1,
					 keep, &fixture->kept, &text),
			-EINVAL);
	log_info("call", "event=x");
	expect_count(fixture, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_taken_apart),
		cmocka_unit_test(what_is_no_word_is_skipped),
		cmocka_unit_test(all_keys_must_match_and_one_value_of_each),
		cmocka_unit_test(a_level_is_the_least_that_passes),
		cmocka_unit_test(a_call_is_known_by_id_and_number),
		cmocka_unit_test(a_trunk_is_followed_with_its_calls),
		cmocka_unit_test(a_match_without_value_is_refused),
		cmocka_unit_test_setup_teardown(a_line_becomes_an_event, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_the_log_hides_is_an_event_all_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(
			each_follower_has_its_filter, setup, teardown),
		cmocka_unit_test_setup_teardown(
			lines_of_other_threads_come_too, setup, teardown),
		cmocka_unit_test_setup_teardown(
			more_than_is_kept_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_slow_follower_loses_and_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(followers_are_limited, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_refused_filter_leaves_no_follower, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
