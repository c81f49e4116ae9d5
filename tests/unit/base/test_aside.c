#include "base/aside.h"

#include "../unit.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

/* What the thread and the test share: WORK outlives a cancelled one. */
struct work {
	atomic_bool go;        /* the thread may end */
	atomic_bool cancelled; /* it saw that nobody waits */
	atomic_uint freed;
	atomic_uint result;
};

static struct aside_group group = ASIDE_GROUP_INIT;
static struct loop *loop;
static unsigned told;

static int setup(void **state)
{
	(void)state;
	told = 0;
	return loop_new(&loop, clock_real());
}

static int teardown(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

static void work_h(void *arg, const atomic_bool *cancelled)
{
	struct work *work = arg;

	while (!atomic_load(&work->go) && !atomic_load(cancelled))
		sched_yield();
	atomic_store(&work->cancelled, atomic_load(cancelled));
	while (!atomic_load(&work->go))
		sched_yield();
	work->result = 42;
}

static void free_h(void *arg)
{
	struct work *work = arg;

	atomic_fetch_add(&work->freed, 1);
}

static void done_h(void *arg, void *work)
{
	assert_ptr_equal(arg, &told);
	assert_int_equal(((struct work *)work)->result, 42);
	assert_int_equal(atomic_load(&((struct work *)work)->freed), 0);
	told++;
	loop_stop(loop);
}

static struct aside *start(struct work *work)
{
	const struct aside_params params = {.loop = loop,
		.name = "test",
		.group = &group,
		.work_h = work_h,
		.free_h = free_h,
		.done_h = done_h,
		.work = work,
		.arg = &told};
	struct aside *aside;

	assert_int_equal(aside_start(&aside, &params), 0);
	return aside;
}

static unsigned given_up(void)
{
	uint64_t since_us = 0;
	const unsigned count = aside_given_up(&group, &since_us);

	assert_int_equal(since_us > 0, count > 0);
	return count;
}

static void wait_freed(struct work *work)
{
	while (atomic_load(&work->freed) == 0)
		sched_yield();
	assert_int_equal(atomic_load(&work->freed), 1);
}

static void the_loop_is_told_when_it_is_done(void **state)
{
	struct work work = {.result = 0};

	(void)state;
	start(&work);
	assert_int_equal(loop_turn(loop, 0), 0);
	assert_int_equal(told, 0);
	atomic_store(&work.go, true);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(told, 1);
	assert_false(work.cancelled);
	assert_int_equal(given_up(), 0);
	/* it is whose the handler was */
	assert_int_equal(loop_turn(loop, 0), 0);
	assert_int_equal(atomic_load(&work.freed), 0);
}

static void who_gives_up_does_not_wait(void **state)
{
	struct work work = {.result = 0};

	(void)state;
	aside_cancel(start(&work));
	while (!atomic_load(&work.cancelled))
		sched_yield();
	assert_int_equal(atomic_load(&work.freed), 0); /* it works on */
	assert_int_equal(given_up(), 1);
	atomic_store(&work.go, true);
	wait_freed(&work);
	while (given_up() > 0)
		sched_yield();
	assert_int_equal(loop_turn(loop, 0), 0);
	assert_int_equal(told, 0);
}

static void what_is_done_may_be_given_up(void **state)
{
	struct work work = {.go = true};
	struct aside *aside = start(&work);

	(void)state;
	while (work.result != 42)
		sched_yield();
	aside_cancel(aside);
	wait_freed(&work);
	assert_int_equal(loop_turn(loop, 0), 0);
	assert_int_equal(told, 0);
}

/* As those that hold files open are. */
static void slow_free_h(void *arg)
{
	struct work *work = arg;

	while (!atomic_load(&work->go))
		sched_yield();
	free_h(work);
}

static void to_free_it_takes_its_time_too(void **state)
{
	struct work work = {.result = 0};

	(void)state;
	aside_discard(&group, slow_free_h, &work);
	assert_int_equal(given_up(), 1);
	assert_int_equal(atomic_load(&work.freed), 0);
	atomic_store(&work.go, true);
	wait_freed(&work);
	while (given_up() > 0)
		sched_yield();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_loop_is_told_when_it_is_done),
		TEST(who_gives_up_does_not_wait),
		TEST(what_is_done_may_be_given_up),
		TEST(to_free_it_takes_its_time_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
