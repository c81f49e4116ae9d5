/* What is drained outlives the process, with who, when and why. */
#include "../unit.h"

#include "base/log.h"
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

static void open_it(void)
{
	assert_int_equal(drains_new(&drains, folder, &now.clock, &text), 0);
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
	log_set_sink(NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static void a_drain_outlives_the_process(void **state)
{
	const struct drain *drain;

	(void)state;
	assert_int_equal(
		drains_add(drains, &trunk, "uid 0 pid 7", "maint \"x\"", &text), 0);
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
	assert_int_equal(drains_add(drains, &server, "me", NULL, &text), 0);
	assert_int_equal(drains_remove(drains, &server, &text), 0);
	assert_false(server.drained);
	assert_int_equal(drains_remove(drains, &server, &text), 0);
	start();
	open_it();
	assert_false(server.drained);
	assert_int_equal(warnings, 0);
}

static void a_second_drain_tells_its_own_reason(void **state)
{
	(void)state;
	assert_int_equal(drains_add(drains, &trunk, "me", "one", &text), 0);
	clock_virtual_advance(&now, 60000000);
	assert_int_equal(drains_add(drains, &trunk, "you", "two", &text), 0);
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
	assert_int_equal(drains_add(drains, &trunk, "me", NULL, &text), 0);
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
	assert_int_equal(drains_add(drains, &trunk, "me", NULL, &text), 0);
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
	snprintf(fresh, sizeof(fresh), "%s/drains.new", folder);
	assert_int_equal(mkdir(fresh, 0700), 0);
	assert_int_equal(drains_add(drains, &trunk, "me", NULL, &text), -EISDIR);
	assert_non_null(strstr(text.text, "drains.json cannot be written"));
	assert_false(trunk.drained);
	assert_null(drains_find(drains, TRUNK_GATEWAY, "carrier-a"));
	assert_int_equal(rmdir(fresh), 0);
	assert_int_equal(drains_add(drains, &trunk, "me", "kept", &text), 0);
	assert_int_equal(mkdir(fresh, 0700), 0);
	assert_int_equal(drains_add(drains, &trunk, "me", "lost", &text), -EISDIR);
	assert_int_equal(drains_remove(drains, &trunk, &text), -EISDIR);
	assert_true(trunk.drained);
	assert_string_equal(
		drains_find(drains, TRUNK_GATEWAY, "carrier-a")->reason, "kept");
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
		assert_int_not_equal(drains_new(&drains, folder, &now.clock, &text), 0);
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
			a_file_that_is_none_of_ours_stops_the_start, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
