/* Files in a real folder, time by a virtual clock: no test waits. */
#include "base/files.h"

#include "base/log.h"

#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
	struct clock_virtual clock;
	struct loop *loop;
	struct files *files;
	unsigned told;
	unsigned warnings;
	char folder[64];
	char a[128], b[128];
};

static void told_h(void *arg)
{
	((struct world *)arg)->told++;
}

static void sink(void *arg, enum log_level level, const char *line)
{
	(void)line;
	if (level == LOG_LEVEL_WARNING)
		((struct world *)arg)->warnings++;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int start(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	snprintf(world->folder, sizeof(world->folder), "%s/tandem-files.XXXXXX",
		getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->a, sizeof(world->a), "%s/a", world->folder);
	snprintf(world->b, sizeof(world->b), "%s/b", world->folder);
	put(world->a, "one");
	put(world->b, "two");
	log_set_sink(sink, world);
	clock_virtual_init(&world->clock, 0);
	assert_int_equal(loop_new(&world->loop, &world->clock.clock), 0);
	assert_int_equal(files_new(&world->files, world->loop, told_h, world), 0);
	*state = world;
	return 0;
}

static void clear(const char *folder)
{
	char command[160];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
}

static int finish(void **state)
{
	struct world *world = *state;

	files_free(world->files);
	loop_free(world->loop);
	log_set_sink(NULL, NULL);
	clear(world->folder);
	free(world);
	return 0;
}

static void watch_both(struct world *world)
{
	const char *const paths[] = {world->b, world->a, "", world->b};

	assert_int_equal(files_set(world->files, paths, 4), 0);
}

/* Events that are there are taken, then so much time goes by, turn by turn. */
static void pass(struct world *world, unsigned ms)
{
	loop_turn(world->loop, 0);
	for (unsigned i = 0; i < ms; i += 10) {
		clock_virtual_advance(&world->clock, 10000);
		loop_turn(world->loop, 0);
	}
}

static void tells_once_after_rest(void **state)
{
	struct world *world = *state;

	watch_both(world);
	put(world->a, "another");
	pass(world, 200);
	put(world->b, "another too");
	pass(world, 200);
	assert_int_equal(world->told, 0);
	pass(world, 150);
	assert_int_equal(world->told, 1);
	pass(world, 3 * FILES_POLL_MS);
	assert_int_equal(world->told, 1);
}

static void tells_of_what_is_renamed_over(void **state)
{
	struct world *world = *state;
	char fresh[140];

	watch_both(world);
	snprintf(fresh, sizeof(fresh), "%s.new", world->a);
	put(fresh, "one");
	pass(world, 1000);
	assert_int_equal(world->told, 0);
	assert_int_equal(rename(fresh, world->a), 0);
	pass(world, 400);
	assert_int_equal(world->told, 1);
}

static void tells_of_what_went_and_came(void **state)
{
	struct world *world = *state;

	watch_both(world);
	assert_int_equal(unlink(world->a), 0);
	pass(world, 400);
	assert_int_equal(world->told, 1);
	put(world->a, "one");
	pass(world, 400);
	assert_int_equal(world->told, 2);
}

static void tells_of_a_mode(void **state)
{
	struct world *world = *state;

	watch_both(world);
	assert_int_equal(chmod(world->a, 0600), 0);
	pass(world, 400);
	assert_int_equal(world->told, 1);
}

/* As Kubernetes does: a -> ..data/a, and ..data is another folder from one moment on. */
static void tells_of_a_swapped_link(void **state)
{
	struct world *world = *state;
	char old[128], fresh[128], data[128], link[128], path[160];
	const char *paths[] = {link};

	snprintf(old, sizeof(old), "%s/1", world->folder);
	snprintf(fresh, sizeof(fresh), "%s/2", world->folder);
	snprintf(data, sizeof(data), "%s/..data", world->folder);
	snprintf(link, sizeof(link), "%s/tls.crt", world->folder);
	assert_int_equal(mkdir(old, 0700) + mkdir(fresh, 0700), 0);
	snprintf(path, sizeof(path), "%s/tls.crt", old);
	put(path, "old");
	snprintf(path, sizeof(path), "%s/tls.crt", fresh);
	put(path, "new");
	assert_int_equal(symlink("1", data), 0);
	assert_int_equal(symlink("..data/tls.crt", link), 0);
	assert_int_equal(files_set(world->files, paths, 1), 0);
	snprintf(path, sizeof(path), "%s/..tmp", world->folder);
	assert_int_equal(symlink("2", path), 0);
	assert_int_equal(rename(path, data), 0);
	pass(world, 400);
	assert_int_equal(world->told, 1);
}

/* The far end of a link lies where nobody watches. */
static void finds_by_looking_what_no_event_tells(void **state)
{
	struct world *world = *state;
	char far[128], link[128], path[160];
	const char *paths[] = {link};

	snprintf(far, sizeof(far), "%s/far", world->folder);
	assert_int_equal(mkdir(far, 0700), 0);
	snprintf(path, sizeof(path), "%s/cert", far);
	put(path, "old");
	snprintf(link, sizeof(link), "%s/cert", world->folder);
	assert_int_equal(symlink("far/cert", link), 0);
	assert_int_equal(files_set(world->files, paths, 1), 0);
	put(path, "newer");
	pass(world, FILES_POLL_MS - 100);
	assert_int_equal(world->told, 0);
	pass(world, 200 + FILES_QUIET_MS);
	assert_int_equal(world->told, 1);
}

static void a_busy_folder_does_not_postpone(void **state)
{
	struct world *world = *state;
	char other[140];
	unsigned ms = 0;

	snprintf(other, sizeof(other), "%s/other", world->folder);
	watch_both(world);
	put(world->a, "another");
	while (!world->told && ms < 4 * FILES_DELAY_MAX_MS) {
		put(other, "noise");
		pass(world, 100);
		ms += 100;
	}
	assert_int_equal(world->told, 1);
	assert_true(ms <= FILES_DELAY_MAX_MS + 200);
	/* and noise alone tells nothing */
	for (unsigned i = 0; i < 50; i++) {
		put(other, "noise");
		pass(world, 100);
	}
	assert_int_equal(world->told, 1);
}

static void a_folder_that_is_not_there_is_looked_for(void **state)
{
	struct world *world = *state;
	char folder[128], path[160];
	const char *paths[] = {path};

	snprintf(folder, sizeof(folder), "%s/later", world->folder);
	snprintf(path, sizeof(path), "%s/cert", folder);
	assert_int_equal(files_set(world->files, paths, 1), 0);
	/* a start that fails says why it fails, and not this before */
	assert_int_equal(world->warnings, 0);
	pass(world, 10);
	assert_int_equal(world->warnings, 1);
	pass(world, 2 * FILES_POLL_MS);
	assert_int_equal(world->warnings, 1);
	assert_int_equal(mkdir(folder, 0700), 0);
	put(path, "here");
	pass(world, FILES_POLL_MS + 1000);
	assert_int_equal(world->told, 1);
	/* from now on by events */
	put(path, "here again");
	pass(world, 400);
	assert_int_equal(world->told, 2);
	/* another folder takes its name */
	clear(folder);
	pass(world, 400);
	assert_int_equal(world->told, 3);
	assert_int_equal(mkdir(folder, 0700), 0);
	put(path, "anew");
	pass(world, FILES_POLL_MS + 1000);
	assert_int_equal(world->told, 4);
}

static void a_new_set_keeps_what_is_not_told_yet(void **state)
{
	struct world *world = *state;
	const char *paths[] = {world->a};

	watch_both(world);
	put(world->a, "another");
	assert_int_equal(files_set(world->files, paths, 1), 0);
	pass(world, 400);
	assert_int_equal(world->told, 1);
	put(world->b, "nobody wants to know");
	pass(world, 2 * FILES_POLL_MS);
	assert_int_equal(world->told, 1);
	watch_both(world);
	pass(world, 2 * FILES_POLL_MS);
	assert_int_equal(world->told, 1);
	put(world->b, "now they do");
	pass(world, 400);
	assert_int_equal(world->told, 2);
}

int main(void)
{
#define FILES_TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
	const struct CMUnitTest tests[] = {
		FILES_TEST(tells_once_after_rest),
		FILES_TEST(tells_of_what_is_renamed_over),
		FILES_TEST(tells_of_what_went_and_came),
		FILES_TEST(tells_of_a_mode),
		FILES_TEST(tells_of_a_swapped_link),
		FILES_TEST(finds_by_looking_what_no_event_tells),
		FILES_TEST(a_busy_folder_does_not_postpone),
		FILES_TEST(a_folder_that_is_not_there_is_looked_for),
		FILES_TEST(a_new_set_keeps_what_is_not_told_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
