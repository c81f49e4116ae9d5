/* Nobody waits for the audit thread while the disk holds it up. Linked with --wrap=write,--wrap=fdatasync. */
#include "../unit.h"

#include "audit/chronicle.h"
#include "audit_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

/* What the disk does: whoever comes is held until it lets him go. */
static atomic_bool hangs, held;

static void disk(void)
{
	while (atomic_load(&hangs)) {
		atomic_store(&held, true);
		sched_yield();
	}
}

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	disk();
	return __real_write(fd, data, len);
}

int __wrap_fdatasync(int fd)
{
	disk();
	return __real_fdatasync(fd);
}

struct fixture {
	char *folder;
	struct health health;
	struct chronicle *chronicle;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct chronicle_params params = {.name = "med1.example.com"};
	struct err_text text = {""};

	fixture->folder = fixture_folder();
	health_init(&fixture->health);
	params.state_dir = fixture->folder;
	params.run_dir = fixture->folder;
	params.health = &fixture->health;
	if (chronicle_new(&fixture->chronicle, &params, &text) != 0)
		fail_msg("%s", text.text);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	chronicle_free(fixture->chronicle);
	health_free(&fixture->health);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

/* What the audit thread is about when the disk hangs. */

static void *writes_h(void *arg)
{
	chronicle_write(arg);
	return NULL;
}

static void *ticks_h(void *arg)
{
	(void)chronicle_tick(arg, 1000000, false);
	return NULL;
}

/* A loop that waited for it would never come to say so. */
static void expect_no_wait(struct fixture *fixture, void *(*held_h)(void *))
{
	static const char body[] = "{\"id\":\"c-2\",\"end\":\"2026\"}\n";
	const struct entry_act act = {.who = "uid 0", .noun = "call", .verb = "end"};
	struct journal_counts before, counts;
	pthread_t audit;

	/* something to write */
	chronicle_add(fixture->chronicle, 1, body, sizeof(body) - 1);
	chronicle_counts(fixture->chronicle, &before);
	atomic_store(&held, false);
	atomic_store(&hangs, true);
	assert_int_equal(pthread_create(&audit, NULL, held_h, fixture->chronicle), 0);
	WAIT_FOR(atomic_load(&held));
	chronicle_begin(fixture->chronicle, 2, "c-2", 1);
	chronicle_add(fixture->chronicle, 2, body, sizeof(body) - 1);
	chronicle_refused(fixture->chronicle, "server", "pbx1", "limit");
	chronicle_act(fixture->chronicle, &act);
	chronicle_counts(fixture->chronicle, &counts);
	assert_true(counts.waiting_bytes > 0);
	atomic_store(&hangs, false);
	pthread_join(audit, NULL);
	(void)chronicle_tick(fixture->chronicle, 2000000, false);
	chronicle_counts(fixture->chronicle, &counts);
	assert_int_equal(counts.written, before.written + 2);
	assert_int_equal(counts.waiting_bytes, 0);
	assert_int_equal(counts.lost, 0);
}

static void nobody_waits_while_records_are_written(void **state)
{
	expect_no_wait(*state, writes_h);
}

static void nobody_waits_while_records_are_synced(void **state)
{
	expect_no_wait(*state, ticks_h);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nobody_waits_while_records_are_written),
		CASE(nobody_waits_while_records_are_synced),
	};

	/* a loop that waits waits for ever */
	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
