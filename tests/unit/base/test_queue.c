#include "base/queue.h"

#include "../unit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 1024 };

static int start(void **state)
{
	return queue_new((struct queue **)state, SIZE);
}

static int finish(void **state)
{
	queue_free(*state);
	return 0;
}

static bool is_readable(const struct queue *queue)
{
	struct pollfd poll_fd = {.fd = queue_fd(queue), .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1;
}

static int push(struct queue *queue, const char *text)
{
	return queue_push(queue, text, strlen(text), NULL, 0);
}

static void assert_next(struct queue *queue, const char *text)
{
	size_t len;
	const void *record = queue_peek(queue, &len);

	assert_non_null(record);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(record, text, len);
	queue_pop(queue);
}

static void records_come_out_in_order_and_whole(void **state)
{
	size_t len;

	assert_null(queue_peek(*state, &len));
	assert_int_equal(queue_push(*state, "head", 4, "body", 4), 0);
	assert_int_equal(queue_push(*state, NULL, 0, "b", 1), 0);
	assert_int_equal(queue_push(*state, NULL, 0, NULL, 0), 0);
	assert_int_equal(push(*state, "last"), 0);
	assert_next(*state, "headbody");
	assert_next(*state, "b");
	assert_next(*state, "");
	assert_next(*state, "last");
	assert_null(queue_peek(*state, &len));
}

static void what_is_popped_is_wiped(void **state)
{
	static const char nothing[8];
	const char *record;
	size_t len;

	push(*state, "a secret");
	record = queue_peek(*state, &len);
	assert_memory_equal(record, "a secret", len);
	queue_pop(*state);
	assert_memory_equal(record, nothing, sizeof(nothing));
}

static void a_record_stays_until_it_is_popped(void **state)
{
	size_t len;
	const void *first;

	push(*state, "a");
	first = queue_peek(*state, &len);
	assert_ptr_equal(queue_peek(*state, &len), first);
	assert_int_equal((uintptr_t)first % 8, 0);
	queue_pop(*state);
	assert_null(queue_peek(*state, &len));
}

static void a_full_queue_refuses_and_counts(void **state)
{
	unsigned pushed = 0;
	size_t len;

	while (push(*state, "0123456789") == 0)
		pushed++;
	assert_int_equal(pushed, SIZE / 24);
	assert_int_equal(push(*state, "0123456789"), -ENOBUFS);
	assert_int_equal(queue_dropped(*state), 2);
	assert_next(*state, "0123456789");
	assert_next(*state, "0123456789");
	assert_int_equal(push(*state, "fits again"), 0);
	for (unsigned i = 2; i < pushed; i++)
		assert_next(*state, "0123456789");
	assert_next(*state, "fits again");
	assert_null(queue_peek(*state, &len));
}

static void a_record_of_more_than_half_the_queue_is_refused(void **state)
{
	static const char bytes[SIZE];

	assert_int_equal(queue_push(*state, bytes, SIZE / 2, NULL, 0), -ENOBUFS);
	assert_int_equal(queue_push(*state, bytes, 8, bytes, SIZE_MAX - 4), -ENOBUFS);
	/* The longest that is taken is taken at every place of the ring. */
	for (int i = 0; i < 200; i++) {
		size_t len;

		assert_int_equal(queue_push(*state, bytes, SIZE / 2 - 8, NULL, 0), 0);
		assert_non_null(queue_peek(*state, &len));
		assert_int_equal(len, SIZE / 2 - 8);
		queue_pop(*state);
		push(*state, "x");
		assert_next(*state, "x");
	}
	assert_int_equal(queue_dropped(*state), 2);
}

static void records_survive_the_end_of_the_ring(void **state)
{
	char text[200];

	/* Lengths without a common divisor with the ring's: every place is its end once. */
	for (unsigned i = 0; i < 5000; i++) {
		size_t len = i * 7 % 199;

		memset(text, 'a' + (int)(i % 26), len);
		text[len] = '\0';
		assert_int_equal(push(*state, text), 0);
		assert_int_equal(push(*state, "between"), 0);
		assert_next(*state, text);
		assert_next(*state, "between");
	}
}

static void the_descriptor_is_written_for_a_sleeping_consumer_alone(void **state)
{
	size_t len;

	assert_false(is_readable(*state));
	push(*state, "a");
	assert_true(is_readable(*state));
	queue_clear_fd(*state);
	assert_false(is_readable(*state));
	/* The consumer is awake until it has found the queue empty. */
	push(*state, "b");
	assert_false(is_readable(*state));
	assert_next(*state, "a");
	assert_next(*state, "b");
	assert_null(queue_peek(*state, &len));
	push(*state, "c");
	assert_true(is_readable(*state));
	queue_clear_fd(*state);
	queue_clear_fd(*state);
}

static void quiet_records_wait_for_one_wake(void **state)
{
	size_t len;

	assert_int_equal(queue_push_quiet(*state, "a", 1, NULL, 0), 0);
	assert_int_equal(queue_push_quiet(*state, "b", 1, NULL, 0), 0);
	assert_false(is_readable(*state));
	queue_wake(*state);
	assert_true(is_readable(*state));
	queue_clear_fd(*state);
	queue_wake(*state);
	assert_false(is_readable(*state));
	assert_next(*state, "a");
	assert_next(*state, "b");
	assert_null(queue_peek(*state, &len));
	/* One without a record only costs the consumer a look. */
	queue_wake(*state);
	assert_true(is_readable(*state));
	assert_null(queue_peek(*state, &len));
}

static void a_size_that_cannot_be_is_refused(void **state)
{
	struct queue *queue = NULL;

	(void)state;
	assert_int_equal(queue_new(&queue, SIZE_MAX), -EINVAL);
	assert_null(queue);
	queue_free(NULL);
	assert_int_equal(queue_new(&queue, 0), 0);
	assert_int_equal(push(queue, "abc"), 0);
	assert_next(queue, "abc");
	queue_free(queue);
}

/* Two threads: every record names its number and its length, and ends with its number. */
#define RECORDS UINT32_C(1000000)

struct head {
	uint32_t number;
	uint32_t body_len;
};

static void *produce(void *arg)
{
	struct queue *queue = arg;
	uint32_t body[16];

	for (uint32_t i = 0; i < RECORDS; i++) {
		struct head head = {.number = i, .body_len = i * 13 % 61};

		for (size_t j = 0; j < 16; j++)
			body[j] = i;
		while (queue_push_quiet(
			       queue, &head, sizeof(head), body, head.body_len) != 0) {
			queue_wake(queue);
			sched_yield();
		}
		/* Of every seven six are quiet, as in a turn of a loop. */
		if (i % 7 == 0)
			queue_wake(queue);
	}
	queue_wake(queue);
	return NULL;
}

/* Drains QUEUE from record NEXT on; returns the number after the last. */
static uint32_t consume(struct queue *queue, uint32_t next)
{
	const uint32_t *record;
	struct head head;
	size_t len;

	while ((record = queue_peek(queue, &len))) {
		memcpy(&head, record, sizeof(head));
		/* One comparison of all: a million cmocka calls would be the test's cost. */
		if (head.number != next || head.body_len != next * 13 % 61 ||
			len != sizeof(head) + head.body_len ||
			(head.body_len >= 4 && record[1 + head.body_len / 4] != next))
			fail_msg("record %u is not as it was pushed", next);
		queue_pop(queue);
		next++;
	}
	return next;
}

static void two_threads_pass_a_million_records(void **state)
{
	struct pollfd poll_fd = {.fd = queue_fd(*state), .events = POLLIN};
	uint32_t next = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, produce, *state), 0);
	while (next < RECORDS) {
		/* A wake that is lost shows here; a working one takes microseconds. */
		assert_int_equal(poll(&poll_fd, 1, 60000), 1);
		queue_clear_fd(*state);
		next = consume(*state, next);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(next, RECORDS);
}

#define on_a_queue(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_a_queue(records_come_out_in_order_and_whole),
		on_a_queue(a_record_stays_until_it_is_popped),
		on_a_queue(what_is_popped_is_wiped),
		on_a_queue(a_full_queue_refuses_and_counts),
		on_a_queue(a_record_of_more_than_half_the_queue_is_refused),
		on_a_queue(records_survive_the_end_of_the_ring),
		on_a_queue(the_descriptor_is_written_for_a_sleeping_consumer_alone),
		on_a_queue(quiet_records_wait_for_one_wake),
		cmocka_unit_test(a_size_that_cannot_be_is_refused),
		on_a_queue(two_threads_pass_a_million_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
