/* The loop touches no file for an answer, and waits for none, while the disk holds up who does. Linked with --wrap=open and others. */
#include "../unit.h"

#include "../audit/audit_fixture.h"
#include "../audit/capture_fixture.h"

#include "verbs_test.h"

#include "admin/job.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, mode_t mode);
int __real_openat(int dir_fd, const char *path, int flags, ...);
int __wrap_openat(int dir_fd, const char *path, int flags, mode_t mode);
ssize_t __real_read(int fd, void *data, size_t len);
ssize_t __wrap_read(int fd, void *data, size_t len);
ssize_t __real_pread(int fd, void *data, size_t len, off_t at);
ssize_t __wrap_pread(int fd, void *data, size_t len, off_t at);
int __real_close(int fd);
int __wrap_close(int fd);

/* What the disk does: whoever comes is held until it lets him go; but the loop must not come. */
static atomic_bool hangs;
static atomic_uint held, came; /* others than the audit thread; the loop */
static pthread_t loop_thread;  /* RO */

/* What setup() makes its folder of. */
static const char ours[] = "/tmp/tandem-test-";
static atomic_bool watched;

static bool is_ours(const char *path)
{
	return atomic_load(&watched) && strncmp(path, ours, sizeof(ours) - 1) == 0;
}

static void disk(void)
{
	char name[16] = "";

	if (pthread_equal(pthread_self(), loop_thread)) {
		atomic_fetch_add(&came, 1);
		return;
	}
	pthread_getname_np(pthread_self(), name, sizeof(name));
	if (!atomic_load(&hangs))
		return;
	if (strcmp(name, "audit") != 0)
		atomic_fetch_add(&held, 1);
	while (atomic_load(&hangs))
		sched_yield();
}

static void disk_of(int fd)
{
	char link[64], path[4200];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	path[len > 0 ? len : 0] = '\0';
	if (is_ours(path))
		disk();
}

int __wrap_open(const char *path, int flags, mode_t mode)
{
	if (is_ours(path))
		disk();
	return __real_open(path, flags, mode);
}

int __wrap_openat(int dir_fd, const char *path, int flags, mode_t mode)
{
	if (is_ours(path))
		disk();
	else if (dir_fd != AT_FDCWD)
		disk_of(dir_fd);
	return __real_openat(dir_fd, path, flags, mode);
}

ssize_t __wrap_read(int fd, void *data, size_t len)
{
	disk_of(fd);
	return __real_read(fd, data, len);
}

ssize_t __wrap_pread(int fd, void *data, size_t len, off_t at)
{
	disk_of(fd);
	return __real_pread(fd, data, len, at);
}

int __wrap_close(int fd)
{
	disk_of(fd);
	return __real_close(fd);
}

/* ---- what there is ---- */

static int setup_hang(void **state)
{
	const struct record record = fixture_record(2, "5f3c-000002");
	const int err = setup(state);

	if (err)
		return err;
	write_record(&record);
	assert_true(strncmp(context.config_h(NULL)->tandem.state_dir, ours,
			    sizeof(ours) - 1) == 0);
	atomic_store(&came, 0);
	atomic_store(&watched, true);
	return 0;
}

static int teardown_hang(void **state)
{
	atomic_store(&hangs, false);
	atomic_store(&watched, false);
	return teardown(state);
}

static void hang(void)
{
	atomic_store(&held, 0);
	atomic_store(&hangs, true);
}

/* Until one more is held up by the disk. */
static void wait_held(unsigned count)
{
	while (atomic_load(&held) < count)
		loop_turn(loop, 10);
}

/* Others are answered meanwhile. */
static void expect_answers(void)
{
	const unsigned before = answers;

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ask("status", "", NULL, NULL), API_OK);
		assert_int_equal(ask("call", "list", NULL, NULL), API_OK);
		loop_turn(loop, 0);
	}
	assert_int_equal(answers, before);
}

/* ---- what holds ---- */

struct case_ {
	const char *words[6]; /* noun, verb, and arguments */
	enum api_code code;
};

static void expect_no_wait(const struct case_ *wanted)
{
	const char *const *words = wanted->words;
	size_t count = 0;
	enum api_code code;

	while (words[2 + count])
		count++;
	hang();
	code = ask_all(words[0], words[1], words + 2, count);
	if (code != API_PENDING)
		fail_msg("%s %s: %d, %s", words[0], words[1], (int)code, text.text);
	wait_held(1);
	expect_answers();
	atomic_store(&hangs, false);
	code = await(API_PENDING);
	if (code != wanted->code)
		fail_msg("%s %s: %d, %s", words[0], words[1], (int)code, text.text);
	if (atomic_load(&came) > 0)
		fail_msg("%s %s: the loop was at the disk", words[0], words[1]);
}

static void no_question_holds_up_the_loop(void **state)
{
	static const struct case_ cases[] = {
		{{"cdr", "tail"}, API_OK},
		{{"call", "show", "5f3c-000001"}, API_OK},
		{{"call", "show", "5f3c-000002"}, API_OK},
		{{"call", "show", "5f3c-000002", "--brief"}, API_OK},
		{{"call", "show", "5f3c-000003"}, API_NOT_FOUND},
		{{"capture", "list"}, API_OK},
		{{"capture", "hold", "5f3c-000003", "--reason", "x"}, API_NOT_FOUND},
		{{"capture", "release", "5f3c-000003"}, API_NOT_FOUND},
		{{"report", "protection", "2000-01-01"}, API_OK},
		{{"report", "sign", "2000-01-01"}, API_OK},
		{{"cdr", "proof", "5f3c-000002"}, API_OK},
		{{"capture", "export", "5f3c-000002"}, API_OK},
		{{"capture", "export", "5f3c-000003"}, API_NOT_FOUND},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_no_wait(&cases[i]);
	assert_true(parts > 0);
	assert_int_equal(context.jobs[VERBS_JOB_REPORT], 0);
}

static void what_is_given_up_takes_room_while_the_disk_hangs(void **state)
{
	(void)state;
	hang();
	for (unsigned i = 0; i < VERBS_LISTS_MAX; i++) {
		assert_int_equal(ask("cdr", "tail", NULL, NULL), API_PENDING);
		wait_held(i + 1);
		api_abandon(asked);
	}
	assert_int_equal(context.jobs[VERBS_JOB_LIST], 0);
	assert_int_equal(ask("cdr", "tail", NULL, NULL), API_FAILED);
	assert_non_null(strstr(text.text, "the disk does not answer"));
	assert_non_null(strstr(text.text, "since 20"));
	expect_answers();
	atomic_store(&hangs, false);
	WAIT_FOR(ask("cdr", "tail", NULL, NULL) == API_PENDING);
	assert_int_equal(await(API_PENDING), API_OK);
	assert_int_equal(json_array_size(result), 1);
	assert_int_equal(atomic_load(&came), 0);
}

/* Time is CLOCK's too. */
static void hang_in(struct clock_virtual *clock)
{
	clock_virtual_init(clock, 0);
	use_clock(clock);
	atomic_store(&came, 0); /* as at a start, where it reads */
	hang();
}

static void who_waits_too_long_is_told_so(void **state)
{
	struct clock_virtual clock;

	(void)state;
	hang_in(&clock);
	assert_int_equal(ask("cdr", "tail", NULL, NULL), API_PENDING);
	WAIT_FOR(atomic_load(&held) > 0);
	clock_virtual_advance(&clock, (JOB_BESIDE_MS - 1) * UINT64_C(1000));
	loop_turn(loop, 0);
	assert_int_equal(answers, 0);
	clock_virtual_advance(&clock, 1000);
	loop_turn(loop, 0);
	assert_int_equal(answers, 1);
	assert_int_equal(answer_code, API_FAILED);
	assert_non_null(strstr(text.text, "the disk has not answered since 20"));
	assert_int_equal(context.jobs[VERBS_JOB_LIST], 0);
	assert_int_equal(atomic_load(&came), 0);
}

/* What is drained is so at once. */
static void a_drain_is_in_force_while_the_disk_hangs(void **state)
{
	(void)state;
	hang();
	assert_int_equal(ask("server", "drain", "pbx1", NULL), API_PENDING);
	assert_true(server_trunk.drained);
	loop_turn(loop, 0);
	wait_held(1);
	expect_answers();
	assert_int_equal(ask("server", "resume", "pbx1", NULL), API_FAILED);
	assert_non_null(strstr(text.text, "on its way to the disk"));
	/* it is on its way though nobody waits for it */
	api_abandon(asked);
	assert_int_equal(context.jobs[VERBS_JOB_DRAIN], 0);
	assert_int_equal(await(ask("server", "resume", "pbx1", NULL)), API_FAILED);
	assert_non_null(strstr(text.text, "is not on the disk yet"));
	assert_true(server_trunk.drained);
	atomic_store(&hangs, false);
	WAIT_FOR(await(ask("server", "resume", "pbx1", NULL)) == API_OK);
	assert_false(server_trunk.drained);
	assert_int_equal(context.jobs[VERBS_JOB_DRAIN], 0);
	assert_int_equal(atomic_load(&came), 0);
}

static void who_drains_while_the_disk_hangs_is_told_what_holds(void **state)
{
	struct clock_virtual clock;

	(void)state;
	hang_in(&clock);
	assert_int_equal(ask("server", "drain", "pbx1", NULL), API_PENDING);
	loop_turn(loop, 0);
	wait_held(1);
	clock_virtual_advance(&clock, JOB_BESIDE_MS * UINT64_C(1000));
	loop_turn(loop, 0);
	assert_int_equal(answer_code, API_FAILED);
	assert_non_null(
		strstr(text.text, "it is so from now on, but not over a restart"));
	assert_true(server_trunk.drained);
	assert_int_equal(context.jobs[VERBS_JOB_DRAIN], 0);
	assert_int_equal(atomic_load(&came), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			no_question_holds_up_the_loop, setup_hang, teardown_hang),
		cmocka_unit_test_setup_teardown(
			what_is_given_up_takes_room_while_the_disk_hangs, setup_hang,
			teardown_hang),
		cmocka_unit_test_setup_teardown(
			who_waits_too_long_is_told_so, setup_hang, teardown_hang),
		cmocka_unit_test_setup_teardown(a_drain_is_in_force_while_the_disk_hangs,
			setup_hang, teardown_hang),
		cmocka_unit_test_setup_teardown(
			who_drains_while_the_disk_hangs_is_told_what_holds, setup_hang,
			teardown_hang),
	};

	loop_thread = pthread_self();
	/* a loop that waits waits for ever */
	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
