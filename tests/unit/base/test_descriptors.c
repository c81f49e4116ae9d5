/* None left, what is said then, and the reserve. */
#include "base/descriptors.h"

#include "../unit.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct rlimit usual;

static void limit_to(rlim_t count)
{
	struct rlimit low = usual;

	low.rlim_cur = count;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
}

/* The next one will be one too many. */
static int take_all(void)
{
	const int next = dup(0);

	assert_true(next >= 0);
	close(next);
	limit_to((rlim_t)next);
	return next;
}

static int begin(void **state)
{
	(void)state;
	return getrlimit(RLIMIT_NOFILE, &usual);
}

static int end(void **state)
{
	(void)state;
	return setrlimit(RLIMIT_NOFILE, &usual);
}

static void none_left_is_said_with_the_limit(void **state)
{
	(void)state;
	limit_to(77);
	assert_string_equal(
		err_str(-EMFILE), "no descriptors left: allowed 77, raise LimitNOFILE=");
	assert_int_equal(descriptors_allowed(), 77);
	assert_string_equal(
		err_str(-ENFILE), "no descriptors left in the system: raise fs.file-max");
	assert_true(descriptors_are_out(-EMFILE) && descriptors_are_out(-ENFILE));
	assert_false(descriptors_are_out(-ENOMEM) || descriptors_are_out(0));
}

static void it_is_known_whether_one_is_left(void **state)
{
	(void)state;
	assert_int_equal(descriptors_try(), 0);
	take_all();
	assert_int_equal(descriptors_try(), -EMFILE);
	end(state);
	assert_int_equal(descriptors_try(), 0);
}

static void those_in_use_are_counted(void **state)
{
	const uint64_t before = descriptors_used();
	const int one = dup(0), two = dup(0);

	(void)state;
	assert_true(before >= 1);
	assert_int_equal(descriptors_used(), before + 2);
	close(one);
	close(two);
	assert_int_equal(descriptors_used(), before);
	take_all();
	assert_int_equal(descriptors_used(), descriptors_allowed());
}

static void the_reserve_outlasts_the_rest(void **state)
{
	struct descriptors_reserve reserve = {.count = 0};
	int fds[DESCRIPTORS_RESERVE];

	(void)state;
	assert_true(descriptors_hold(&reserve));
	take_all();
	assert_int_equal(dup(0), -1);
	for (unsigned i = 0; i < DESCRIPTORS_RESERVE; i++) {
		assert_true(descriptors_spend(&reserve));
		fds[i] = dup(0);
		assert_true(fds[i] >= 0);
		assert_int_equal(dup(0), -1);
	}
	assert_false(descriptors_spend(&reserve));
	/* What is given back is not there for others. */
	for (unsigned i = 0; i < DESCRIPTORS_RESERVE; i++) {
		descriptors_keep(&reserve, fds[i]);
		assert_int_equal(reserve.count, i + 1);
		assert_int_equal(dup(0), -1);
	}
	assert_true(descriptors_spend(&reserve));
	fds[0] = dup(0);
	assert_true(fds[0] >= 0);
	end(state);
	close(fds[0]);
	assert_true(descriptors_hold(&reserve));
	fds[0] = dup(0);
	descriptors_keep(&reserve, fds[0]); /* one more than it holds: closed */
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);
	descriptors_free(&reserve);
	assert_false(descriptors_spend(&reserve));
}

static void a_reserve_that_began_late_fills_up(void **state)
{
	struct descriptors_reserve reserve = {.count = 0};

	(void)state;
	take_all();
	assert_false(descriptors_hold(&reserve));
	assert_false(descriptors_spend(&reserve));
	end(state);
	assert_true(descriptors_hold(&reserve));
	assert_int_equal(reserve.count, DESCRIPTORS_RESERVE);
	descriptors_free(&reserve);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(none_left_is_said_with_the_limit),
		CASE(it_is_known_whether_one_is_left),
		CASE(those_in_use_are_counted),
		CASE(the_reserve_outlasts_the_rest),
		CASE(a_reserve_that_began_late_fills_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
