/* What is drained outlives the process, with who, when and why. */
#include "../unit.h"

#include "base/log.h"
#include "base/loop.h"
#include "trunk/drains.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW_S UINT64_C(1800000000)

static char folder[64], path[96];
static struct clock_virtual now;
static struct loop *loop; /* NULL: there is none, and all is written at once */
static struct filing *filing;
static struct drains *drains;
static struct trunk trunk, server;
static struct trunk *known[2]; /* by kind; NULL: not configured */
static struct err_text text;
static char last_line[1000];
static unsigned warnings;

/* The only two that there are. */
struct trunk *__wrap_trunks_find(
	const struct trunks *trunks, enum trunk_kind kind, const char *id);
struct trunk *__wrap_trunks_find(
	const struct trunks *trunks, enum trunk_kind kind, const char *id)
{
	(void)trunks;
	return known[kind] && strcmp(known[kind]->id, id) == 0 ? known[kind] : NULL;
}

/* How the last change ended: it is written before it returns, for there is no loop. */
static int ended;

static void ended_h(void *arg, int err, const struct err_text *why)
{
	assert_ptr_equal(arg, &ended);
	ended = err;
	if (err)
		text = *why;
}

static const struct drains_waiter waiter = {.h = ended_h, .arg = &ended};

static int add(struct trunk *to, const char *who, const char *reason)
{
	int err = drains_add(drains, to, who, reason, &waiter, &text);

	return err ? err : ended;
}

static int take_away(struct trunk *from)
{
	int err = drains_remove(drains, from, &waiter, &text);

	return err ? err : ended;
}

static void sink_h(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	warnings += level == LOG_LEVEL_WARNING;
	snprintf(last_line, sizeof(last_line), "%s", line);
}

/* As after a start. */
static void start(void)
{
	drains_free(drains);
	drains = NULL;
	trunk = (struct trunk){.kind = TRUNK_GATEWAY};
	trunk.id = (char *)(uintptr_t) "carrier-a";
	server = (struct trunk){.kind = TRUNK_SERVER};
	server.id = (char *)(uintptr_t) "carrier-a";
	known[TRUNK_GATEWAY] = &trunk;
	known[TRUNK_SERVER] = &server;
	text.text[0] = '\0';
	warnings = 0;
}

static int try_open(void)
{
	const struct drains_params params = {
		.folder = folder, .clock = &now.clock, .filing = filing};

	return drains_new(&drains, &params, &text);
}

static void open_it(void)
{
	assert_int_equal(try_open(), 0);
	drains_apply(drains, NULL, true);
}

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/tandem-test-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/drains.json", folder);
	clock_virtual_init(&now, NOW_S * 1000000);
	log_set_sink(sink_h, NULL);
	assert_int_equal(filing_new(&filing, NULL), 0);
	start();
	open_it();
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	drains_free(drains);
	drains = NULL;
	filing_free(filing);
	if (loop)
		loop_free(loop);
	loop = NULL;
	log_set_sink(NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static void a_drain_outlives_the_process(void **state)
{
	const struct drain *drain;

	(void)state;
	assert_int_equal(add(&trunk, "uid 0 pid 7", "maint \"x\""), 0);
	assert_true(trunk.drained);
	start();
	open_it();
	assert_true(trunk.drained);
	assert_false(server.drained);
	drain = drains_find(drains, TRUNK_GATEWAY, "carrier-a");
	assert_non_null(drain);
	assert_int_equal(drain->since, NOW_S);
	assert_string_equal(drain->who, "uid 0 pid 7");
	assert_string_equal(drain->reason, "maint \"x\"");
	assert_null(drains_find(drains, TRUNK_SERVER, "carrier-a"));
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(last_line,
		"trunk=carrier-a event=still-drained since=2027-01-15T08:00:00.000000Z "
		"who=\"uid 0 pid 7\" reason=\"maint \\\"x\\\"\""));
}

static void a_resume_outlives_it_too(void **state)
{
	(void)state;
	assert_int_equal(add(&server, "me", NULL), 0);
	assert_int_equal(take_away(&server), 0);
	assert_false(server.drained);
	assert_int_equal(take_away(&server), 0);
	start();
	open_it();
	assert_false(server.drained);
	assert_int_equal(warnings, 0);
}

static void a_second_drain_tells_its_own_reason(void **state)
{
	(void)state;
	assert_int_equal(add(&trunk, "me", "one"), 0);
	clock_virtual_advance(&now, 60000000);
	assert_int_equal(add(&trunk, "you", "two"), 0);
	start();
	open_it();
	assert_string_equal(
		drains_find(drains, TRUNK_GATEWAY, "carrier-a")->reason, "two");
	assert_int_equal(
		drains_find(drains, TRUNK_GATEWAY, "carrier-a")->since, NOW_S + 60);
	assert_int_equal(warnings, 1);
}

static void one_that_leaves_and_comes_back_is_still_drained(void **state)
{
	(void)state;
	assert_int_equal(add(&trunk, "me", NULL), 0);
	known[TRUNK_GATEWAY] = NULL;
	drains_apply(drains, NULL, false); /* a reload without it */
	trunk.drained = false;
	known[TRUNK_GATEWAY] = &trunk;
	drains_apply(drains, NULL, false);
	assert_true(trunk.drained);
}

static void a_start_without_it_forgets_it(void **state)
{
	(void)state;
	assert_int_equal(add(&trunk, "me", NULL), 0);
	start();
	known[TRUNK_GATEWAY] = NULL;
	open_it();
	assert_non_null(strstr(last_line, "event=drain-forgotten"));
	assert_null(drains_find(drains, TRUNK_GATEWAY, "carrier-a"));
	start();
	open_it();
	assert_false(trunk.drained);
	assert_int_equal(warnings, 0);
}

/* Where it cannot be kept it does not happen: a restart would undo it without a word. */
static void what_cannot_be_written_does_not_happen(void **state)
{
	char fresh[96];

	(void)state;
	snprintf(fresh, sizeof(fresh), "%s/drains.json.new", folder);
	assert_int_equal(mkdir(fresh, 0700), 0);
	assert_int_equal(add(&trunk, "me", NULL), -EISDIR);
	assert_non_null(strstr(text.text, "drains.json cannot be written"));
	assert_false(trunk.drained);
	assert_null(drains_find(drains, TRUNK_GATEWAY, "carrier-a"));
	assert_int_equal(rmdir(fresh), 0);
	assert_int_equal(add(&trunk, "me", "kept"), 0);
	assert_int_equal(mkdir(fresh, 0700), 0);
	assert_int_equal(add(&trunk, "me", "lost"), -EISDIR);
	assert_int_equal(take_away(&trunk), -EISDIR);
	assert_true(trunk.drained);
	assert_string_equal(
		drains_find(drains, TRUNK_GATEWAY, "carrier-a")->reason, "kept");
}

static void told_h(void *arg, int err, const struct err_text *why)
{
	ended_h(arg, err, why);
	loop_stop(loop);
}

static const struct drains_waiter told = {.h = told_h, .arg = &ended};

/* As in the server: what is written is written beside the loop. */
static void with_a_loop(void)
{
	start();
	filing_free(filing);
	assert_int_equal(loop_new(&loop, clock_real()), 0);
	assert_int_equal(filing_new(&filing, loop), 0);
	open_it();
	ended = 1; /* not told yet */
}

static void a_change_is_in_force_before_it_is_written(void **state)
{
	(void)state;
	with_a_loop();
	assert_int_equal(drains_add(drains, &trunk, "me", "one", &told, &text), 0);
	assert_true(trunk.drained);
	assert_int_equal(access(path, F_OK), -1);
	/* the one before could not be taken back any more */
	assert_int_equal(
		drains_add(drains, &server, "me", NULL, &told, &text), ERR_LIMIT);
	assert_int_equal(drains_remove(drains, &trunk, &told, &text), ERR_LIMIT);
	assert_false(server.drained);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(ended, 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(drains_add(drains, &server, "me", NULL, &told, &text), 0);
	assert_int_equal(loop_run(loop), 0);
	start();
	open_it();
	assert_true(trunk.drained);
	assert_true(server.drained);
}

static void one_that_cannot_be_written_is_taken_back(void **state)
{
	char fresh[96];

	(void)state;
	with_a_loop();
	assert_int_equal(drains_add(drains, &trunk, "me", "one", &told, &text), 0);
	assert_int_equal(loop_run(loop), 0);
	snprintf(fresh, sizeof(fresh), "%s/drains.json.new", folder);
	assert_int_equal(mkdir(fresh, 0700), 0);
	assert_int_equal(drains_remove(drains, &trunk, &told, &text), 0);
	assert_false(trunk.drained);
	/* and it is gone by a reload, and back */
	known[TRUNK_GATEWAY] = NULL;
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(ended, -EISDIR);
	assert_non_null(strstr(text.text, "drains.json cannot be written"));
	assert_non_null(strstr(last_line,
		"trunk=carrier-a event=drain-taken-back state=drained reason="));
	known[TRUNK_GATEWAY] = &trunk;
	drains_apply(drains, NULL, false);
	assert_true(trunk.drained);
	assert_string_equal(
		drains_find(drains, TRUNK_GATEWAY, "carrier-a")->reason, "one");
}

/* Who asked went away: it is written all the same, and he is not told. */
static void nobody_waits_for_it(void **state)
{
	(void)state;
	with_a_loop();
	assert_int_equal(drains_add(drains, &trunk, "me", NULL, &told, &text), 0);
	drains_forget(drains, &ended);
	while (access(path, F_OK) != 0)
		assert_int_equal(loop_turn(loop, 10), 0);
	while (drains_add(drains, &trunk, "me", NULL, &told, &text) != 0)
		assert_int_equal(loop_turn(loop, 10), 0);
	assert_int_equal(ended, 1);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(ended, 0);
}

static void a_file_that_is_none_of_ours_stops_the_start(void **state)
{
	static const char *const texts[] = {"{", "[]", "{\"drains\": [{\"kind\": 9}]}",
		"{\"drains\": [{\"id\": 5}]}", "{\"drains\": 5}", "{\"trunks\": []}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(texts[i], file);
		fclose(file);
		start();
		assert_int_not_equal(try_open(), 0);
		assert_non_null(
			strstr(text.text, "drains.json, which says what is drained"));
		assert_null(drains);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_drain_outlives_the_process, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_resume_outlives_it_too, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_second_drain_tells_its_own_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_that_leaves_and_comes_back_is_still_drained, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_start_without_it_forgets_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_cannot_be_written_does_not_happen, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_change_is_in_force_before_it_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_that_cannot_be_written_is_taken_back, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_waits_for_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_file_that_is_none_of_ours_stops_the_start, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
