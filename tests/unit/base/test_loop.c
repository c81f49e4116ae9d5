#include "base/loop.h"

#include "../unit.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int start(void **state)
{
	return loop_new((struct loop **)state, clock_real());
}

static int finish(void **state)
{
	loop_free(*state);
	return 0;
}

/* The reading end of a pipe under watch. */
struct reader {
	struct loop_fd watch;
	int fds[2];
	unsigned calls;
	uint32_t events;
	struct reader *victim; /* unwatched by the handler */
};

static void readable(void *arg, uint32_t events)
{
	struct reader *reader = arg;

	reader->calls++;
	reader->events = events;
	if (reader->victim)
		loop_unwatch(&reader->victim->watch);
}

static void open_reader(struct reader *reader, struct loop *loop)
{
	*reader = (struct reader){0};
	assert_int_equal(pipe2(reader->fds, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(loop_watch(loop, &reader->watch, reader->fds[0], EPOLLIN,
				 readable, reader),
		0);
}

static void close_reader(struct reader *reader)
{
	loop_unwatch(&reader->watch);
	close(reader->fds[0]);
	close(reader->fds[1]);
}

static void feed(struct reader *reader)
{
	assert_int_equal(write(reader->fds[1], "x", 1), 1);
}

static void a_readable_descriptor_is_reported_until_it_is_read(void **state)
{
	struct reader reader;
	char c;

	open_reader(&reader, *state);
	assert_int_equal(loop_turn(*state, 0), 0);
	assert_int_equal(reader.calls, 0);
	feed(&reader);
	assert_int_equal(loop_turn(*state, -1), 0);
	assert_int_equal(loop_turn(*state, -1), 0);
	assert_int_equal(reader.calls, 2);
	assert_int_equal(reader.events, EPOLLIN);
	assert_int_equal(read(reader.fds[0], &c, 1), 1);
	assert_int_equal(loop_turn(*state, 0), 0);
	assert_int_equal(reader.calls, 2);
	close_reader(&reader);
}

static void rewatching_changes_what_is_reported(void **state)
{
	struct reader reader;

	open_reader(&reader, *state);
	feed(&reader);
	assert_int_equal(loop_rewatch(&reader.watch, 0), 0);
	assert_int_equal(loop_turn(*state, 0), 0);
	assert_int_equal(reader.calls, 0);
	assert_int_equal(loop_rewatch(&reader.watch, EPOLLIN), 0);
	assert_int_equal(loop_turn(*state, -1), 0);
	assert_int_equal(reader.calls, 1);
	close_reader(&reader);
}

static void an_unwatched_descriptor_gets_no_event_already_fetched(void **state)
{
	struct reader a, b;

	open_reader(&a, *state);
	open_reader(&b, *state);
	a.victim = &b;
	b.victim = &a;
	feed(&a);
	feed(&b);
	assert_int_equal(loop_turn(*state, -1), 0);
	/* Whichever came first silenced the other. */
	assert_int_equal(a.calls + b.calls, 1);
	assert_int_equal(loop_turn(*state, -1), 0);
	assert_int_equal(a.calls + b.calls, 2);
	assert_true(a.calls == 0 || b.calls == 0);
	close_reader(&a);
	close_reader(&b);
}

static void a_handler_may_unwatch_and_watch_itself(void **state)
{
	struct reader reader;

	open_reader(&reader, *state);
	reader.victim = &reader;
	feed(&reader);
	assert_int_equal(loop_turn(*state, -1), 0);
	assert_int_equal(loop_turn(*state, 0), 0);
	assert_int_equal(reader.calls, 1);
	assert_null(reader.watch.loop);
	assert_int_equal(loop_watch(*state, &reader.watch, reader.fds[0], EPOLLIN,
				 readable, &reader),
		0);
	assert_int_equal(loop_turn(*state, -1), 0);
	assert_int_equal(reader.calls, 2);
	close_reader(&reader);
}

static void a_descriptor_that_cannot_be_watched_is_refused(void **state)
{
	struct loop_fd watch = {0};

	assert_int_equal(loop_watch(*state, &watch, -1, EPOLLIN, readable, NULL), -EBADF);
	assert_null(watch.loop);
	loop_unwatch(&watch);
}

static void more_descriptors_than_a_batch_are_all_served(void **state)
{
	enum { COUNT = 300 };
	struct reader *readers = calloc(COUNT, sizeof(*readers));
	unsigned served = 0;

	assert_non_null(readers);
	for (int i = 0; i < COUNT; i++) {
		open_reader(&readers[i], *state);
		feed(&readers[i]);
	}
	assert_int_equal(loop_turn(*state, -1), 0);
	assert_int_equal(loop_turn(*state, -1), 0);
	for (int i = 0; i < COUNT; i++) {
		served += readers[i].calls > 0;
		close_reader(&readers[i]);
	}
	assert_int_equal(served, COUNT);
	free(readers);
}

struct job {
	struct loop *loop;
	struct loop_task task;
	struct job *other;
	unsigned calls;
};

static void work(void *arg)
{
	struct job *job = arg;

	job->calls++;
	if (job->other)
		loop_defer(job->loop, &job->other->task, work, job->other);
}

static void a_task_runs_once_however_often_it_is_deferred(void **state)
{
	struct job job = {.loop = *state};

	loop_defer(*state, &job.task, work, &job);
	loop_defer(*state, &job.task, work, &job);
	assert_int_equal(loop_turn(*state, -1), 0);
	assert_int_equal(loop_turn(*state, 0), 0);
	assert_int_equal(job.calls, 1);
	loop_defer(*state, &job.task, work, &job);
	assert_int_equal(loop_turn(*state, -1), 0);
	assert_int_equal(job.calls, 2);
}

static void a_task_of_a_task_runs_in_the_same_turn(void **state)
{
	struct job second = {.loop = *state};
	struct job first = {.loop = *state, .other = &second};

	loop_defer(*state, &first.task, work, &first);
	assert_int_equal(loop_turn(*state, -1), 0);
	assert_int_equal(second.calls, 1);
}

static void a_cancelled_task_does_not_run(void **state)
{
	struct job job = {.loop = *state};

	loop_cancel(&job.task);
	loop_defer(*state, &job.task, work, &job);
	loop_cancel(&job.task);
	loop_cancel(&job.task);
	assert_int_equal(loop_turn(*state, 0), 0);
	assert_int_equal(job.calls, 0);
}

static void stop_loop(void *arg)
{
	loop_stop(arg);
}

static void a_timer_wakes_the_waiting_loop_in_time(void **state)
{
	struct loop *loop = *state;
	struct clock *clock = loop_clock(loop);
	struct timer timer = {0};
	uint64_t before = clock->mono_us(clock);

	timer_start(loop_timers(loop), &timer, 20, stop_loop, loop);
	assert_int_equal(loop_run(loop), 0);
	assert_true(clock->mono_us(clock) - before >= 20000);
	assert_false(timer_running(&timer));
}

static void a_stopped_loop_can_run_again(void **state)
{
	struct loop_task task = {0};

	for (int i = 0; i < 2; i++) {
		loop_defer(*state, &task, stop_loop, *state);
		assert_int_equal(loop_run(*state), 0);
	}
}

/* Another thread asks for a turn; the reply goes through what the turn runs. */
static void *wake_from_outside(void *arg)
{
	loop_wake(arg);
	return NULL;
}

static void another_thread_wakes_the_loop(void **state)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, wake_from_outside, *state), 0);
	/* Would wait for ever without the wake. */
	assert_int_equal(loop_turn(*state, -1), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void a_loop_on_a_virtual_clock_fires_when_it_is_moved(void **state)
{
	struct clock_virtual clock;
	struct timer timer = {0};
	struct job job = {0};
	struct loop *loop;

	(void)state;
	clock_virtual_init(&clock, 0);
	assert_int_equal(loop_new(&loop, &clock.clock), 0);
	timer_start(loop_timers(loop), &timer, 32000, work, &job);
	clock_virtual_advance(&clock, 31999 * UINT64_C(1000));
	assert_int_equal(loop_turn(loop, 0), 0);
	assert_int_equal(job.calls, 0);
	clock_virtual_advance(&clock, 1000);
	assert_int_equal(loop_turn(loop, -1), 0);
	assert_int_equal(job.calls, 1);
	loop_free(loop);
}

/* What the parts of one turn take for now. */
struct witness {
	struct loop *loop;
	struct clock_virtual *clock;
	struct loop_fd watch;
	struct timer timer;
	struct loop_task task;
	uint64_t watch_ms, timer_ms, task_ms;
};

static uint64_t look(const struct witness *witness)
{
	uint64_t now_ms = timers_now_ms(loop_timers(witness->loop));

	clock_virtual_advance(witness->clock, 7000); /* it takes its time */
	return now_ms;
}

static void task_looks(void *arg)
{
	struct witness *witness = arg;

	witness->task_ms = look(witness);
}

static void timer_looks(void *arg)
{
	struct witness *witness = arg;

	witness->timer_ms = look(witness);
}

static void watch_looks(void *arg, uint32_t events)
{
	struct witness *witness = arg;

	(void)events;
	witness->watch_ms = look(witness);
	loop_defer(witness->loop, &witness->task, task_looks, witness);
	loop_unwatch(&witness->watch);
}

static void all_of_a_turn_is_at_the_moment_when_the_wait_ended(void **state)
{
	struct clock_virtual clock;
	struct witness witness = {.clock = &clock};
	int fds[2];

	(void)state;
	clock_virtual_init(&clock, 0);
	assert_int_equal(loop_new(&witness.loop, &clock.clock), 0);
	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(loop_watch(witness.loop, &witness.watch, fds[0], EPOLLIN,
				 watch_looks, &witness),
		0);
	assert_int_equal(loop_turn(witness.loop, 0), 0);
	timer_start(
		loop_timers(witness.loop), &witness.timer, 60000, timer_looks, &witness);
	clock_virtual_advance(&clock, 100 * UINT64_C(1000000)); /* a long sleep */
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(loop_turn(witness.loop, 0), 0);
	assert_int_equal(witness.watch_ms, 100000);
	assert_int_equal(witness.timer_ms, 100000);
	assert_int_equal(witness.task_ms, 100000);
	assert_int_equal(timers_now_ms(loop_timers(witness.loop)), 100021);
	loop_free(witness.loop);
	close(fds[0]);
	close(fds[1]);
}

static void what_falls_due_during_a_turn_comes_with_the_next(void **state)
{
	struct clock_virtual clock;
	struct witness witness = {.clock = &clock};
	int fds[2];

	(void)state;
	clock_virtual_init(&clock, 0);
	assert_int_equal(loop_new(&witness.loop, &clock.clock), 0);
	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(loop_watch(witness.loop, &witness.watch, fds[0], EPOLLIN,
				 watch_looks, &witness),
		0);
	timer_start(loop_timers(witness.loop), &witness.timer, 5, timer_looks, &witness);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(loop_turn(witness.loop, 0), 0);
	assert_int_equal(witness.timer_ms, 0);
	assert_int_equal(loop_turn(witness.loop, -1), 0);
	assert_int_equal(witness.timer_ms, 14);
	loop_free(witness.loop);
	close(fds[0]);
	close(fds[1]);
}

static void log_twice(void *arg)
{
	(void)arg;
	log_info("x", "a=1");
	log_info("x", "a=2");
}

static void lines_of_a_turn_leave_in_one_write(void **state)
{
	static const char expected[] = "info x a=1\ninfo x a=2\n";
	struct loop *loop = *state;
	struct loop_task task = {0};
	const int saved = dup(STDERR_FILENO);
	char out[100];
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	unsetenv("JOURNAL_STREAM");
	loop_defer(loop, &task, log_twice, NULL);
	dup2(fds[1], STDERR_FILENO);
	assert_int_equal(loop_turn(loop, 0), 0);
	dup2(saved, STDERR_FILENO);
	assert_int_equal(
		recv(fds[0], out, sizeof(out), MSG_DONTWAIT), sizeof(expected) - 1);
	assert_memory_equal(out, expected, sizeof(expected) - 1);
	close(saved);
	close(fds[0]);
	close(fds[1]);
}

static void freeing_a_loop_forgets_its_tasks(void **state)
{
	struct job job = {0};
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop, clock_real()), 0);
	loop_defer(loop, &job.task, work, &job);
	loop_free(loop);
	assert_false(job.task.queued);
	assert_int_equal(job.calls, 0);
	loop_free(NULL);
}

#define on_a_loop(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_a_loop(a_readable_descriptor_is_reported_until_it_is_read),
		on_a_loop(rewatching_changes_what_is_reported),
		on_a_loop(an_unwatched_descriptor_gets_no_event_already_fetched),
		on_a_loop(a_handler_may_unwatch_and_watch_itself),
		on_a_loop(a_descriptor_that_cannot_be_watched_is_refused),
		on_a_loop(more_descriptors_than_a_batch_are_all_served),
		on_a_loop(a_task_runs_once_however_often_it_is_deferred),
		on_a_loop(a_task_of_a_task_runs_in_the_same_turn),
		on_a_loop(a_cancelled_task_does_not_run),
		on_a_loop(a_timer_wakes_the_waiting_loop_in_time),
		on_a_loop(a_stopped_loop_can_run_again),
		on_a_loop(another_thread_wakes_the_loop),
		cmocka_unit_test(a_loop_on_a_virtual_clock_fires_when_it_is_moved),
		cmocka_unit_test(all_of_a_turn_is_at_the_moment_when_the_wait_ended),
		cmocka_unit_test(what_falls_due_during_a_turn_comes_with_the_next),
		cmocka_unit_test_setup_teardown(
			lines_of_a_turn_leave_in_one_write, start, finish),
		cmocka_unit_test(freeing_a_loop_forgets_its_tasks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
