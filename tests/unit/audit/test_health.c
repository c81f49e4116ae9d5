/* What is said of a disk that fails, and of one that does not answer. */
#include "../unit.h"

#include "audit/health.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW UINT64_C(1000000000)

struct fixture {
	struct health health;
	char said[1024]; /* all lines since the last look */
};

static void log_h(void *arg, enum log_level level, const char *line)
{
	struct fixture *fixture = arg;
	const size_t len = strlen(fixture->said);

	(void)level;
	snprintf(fixture->said + len, sizeof(fixture->said) - len, "%s\n", line);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	health_init(&fixture->health);
	log_set_sink(log_h, fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	log_set_sink(NULL, NULL);
	health_free(&fixture->health);
	free(fixture);
	return 0;
}

static void says(struct fixture *fixture, const char *expected)
{
	assert_string_equal(fixture->said, expected);
	fixture->said[0] = '\0';
}

static void a_fault_is_said_once_and_its_end(void **state)
{
	struct fixture *fixture = *state;
	char why[128];

	health_fail(&fixture->health, "capture", -ENOSPC);
	says(fixture, "error audit event=failing what=capture error=\"No space left on "
		      "device\"\n");
	health_fail(&fixture->health, "cdr", -EIO);
	says(fixture, "");
	assert_true(health_is_failing(&fixture->health));
	health_why(&fixture->health, why, sizeof(why));
	assert_string_equal(why, "cdr: Input/output error");
	health_recover(&fixture->health, 7);
	says(fixture, "warning audit event=recovered lost=7\n");
	health_recover(&fixture->health, 7);
	says(fixture, "");
	assert_false(health_is_failing(&fixture->health));
}

static void a_turn_that_lasts_is_said_once_and_its_end(void **state)
{
	struct fixture *fixture = *state;
	struct health *health = &fixture->health;

	health_look(health, NOW);
	health_turn_begins(health, NOW);
	health_look(health, NOW + HEALTH_STALLED_US);
	assert_false(health_is_stalled(health));
	says(fixture, "");
	health_look(health, NOW + HEALTH_STALLED_US + 1000);
	assert_true(health_is_stalled(health));
	says(fixture, "error audit event=stalled after-ms=601\n");
	health_look(health, NOW + 5000000);
	health_turn_ends(health);
	health_look(health, NOW + 5000000 + HEALTH_REST_US);
	assert_true(health_is_stalled(health));
	says(fixture, "");
	health_look(health, NOW + 5000001 + HEALTH_REST_US);
	assert_false(health_is_stalled(health));
	says(fixture, "warning audit event=goes-on\n");
	health_look(health, NOW + 90000000);
	says(fixture, "");
}

#define made(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		made(a_fault_is_said_once_and_its_end),
		made(a_turn_that_lasts_is_said_once_and_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
