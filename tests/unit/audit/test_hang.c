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

/* What the disk does to threads but the first one: it takes one in, and lets it go. */
static pthread_t loop;
static atomic_bool hangs, held;

static void disk(void)
{
	if (pthread_equal(pthread_self(), loop))
		return;
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

	loop = pthread_self();
	fixture->folder = fixture_folder();
	health_init(&fixture->health);
	params.state_dir = fixture->folder;
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

static void *writes_files_h(void *arg)
{
	chronicle_files(arg, "c-1", "2026-01-01", 0, span_of(""));
	return NULL;
}

static void *writes_a_deletion_h(void *arg)
{
	const struct entry_deleted deleted = {
		.id = "c-1", .day = "2026-01-01", .why = "age", .rule = "keep"};

	chronicle_deleted(arg, &deleted);
	return NULL;
}

static void *ticks_h(void *arg)
{
	(void)chronicle_tick(arg, 1000000, false);
	return NULL;
}

/* Its lock would be held until the disk answers, and a loop that waits for it would never come to say so. */
static void expect_no_wait(struct fixture *fixture, void *(*held_h)(void *))
{
	static const char body[] = "{\"id\":\"c-2\",\"end\":\"2026\"}\n";
	struct journal_counts before, counts;
	pthread_t audit;

	/* something to sync */
	chronicle_add(fixture->chronicle, 1, body, sizeof(body) - 1);
	chronicle_counts(fixture->chronicle, &before);
	atomic_store(&held, false);
	atomic_store(&hangs, true);
	assert_int_equal(pthread_create(&audit, NULL, held_h, fixture->chronicle), 0);
	WAIT_FOR(atomic_load(&held));
	chronicle_begin(fixture->chronicle, 2, "c-2", 1);
	chronicle_add(fixture->chronicle, 2, body, sizeof(body) - 1);
	chronicle_refused(fixture->chronicle, "server", "pbx1", "limit");
	chronicle_counts(fixture->chronicle, &counts);
	atomic_store(&hangs, false);
	pthread_join(audit, NULL);
	(void)chronicle_tick(fixture->chronicle, 2000000, false);
	chronicle_counts(fixture->chronicle, &counts);
	assert_int_equal(counts.written, before.written + 1);
	assert_int_equal(counts.waiting_bytes, 0);
	assert_int_equal(counts.lost, 0);
}

static void nobody_waits_while_files_are_recorded(void **state)
{
	expect_no_wait(*state, writes_files_h);
}

static void nobody_waits_while_a_deletion_is_recorded(void **state)
{
	expect_no_wait(*state, writes_a_deletion_h);
}

static void nobody_waits_while_records_are_synced(void **state)
{
	expect_no_wait(*state, ticks_h);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nobody_waits_while_files_are_recorded),
		CASE(nobody_waits_while_a_deletion_is_recorded),
		CASE(nobody_waits_while_records_are_synced),
	};

	/* a loop that waits waits for ever */
	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
