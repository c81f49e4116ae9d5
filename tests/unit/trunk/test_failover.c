/* What follows when a target did not take a call: the table that operators have in the guide. */
#include "../unit.h"

#include "trunk/failover.h"

static void each_status_has_a_cause(void **state)
{
	(void)state;
	for (int status = 300; status < 700; status++) {
		enum failover_cause listed = FAILOVER_NEXT, other = FAILOVER_REFUSED;

		if (status == 408)
			listed = FAILOVER_TIMEOUT;
		if (status == 503)
			listed = FAILOVER_UNAVAILABLE;
		if (status < 400)
			other = FAILOVER_REDIRECTED;
		if (status >= 600)
			listed = other = FAILOVER_DECLINED;
		assert_int_equal(failover_cause(status, true), listed);
		assert_int_equal(failover_cause(status, false), other);
	}
}

static void each_cell_is_as_documented(void **state)
{
	static const struct {
		enum failover_cause cause;
		enum failover_step steps[FAILOVER_PHASES]; /* quiet, ringing, on, media */
	} rows[] = {
		{FAILOVER_UNREACHED, {FAILOVER_ADDRESS, FAILOVER_STOP, FAILOVER_TARGET,
					     FAILOVER_STOP}},
		{FAILOVER_TIMEOUT,
			{FAILOVER_ADDRESS, FAILOVER_STOP, FAILOVER_STOP, FAILOVER_STOP}},
		{FAILOVER_UNAVAILABLE, {FAILOVER_ADDRESS, FAILOVER_STOP, FAILOVER_TARGET,
					       FAILOVER_STOP}},
		{FAILOVER_NEXT,
			{FAILOVER_TARGET, FAILOVER_STOP, FAILOVER_STOP, FAILOVER_STOP}},
		{FAILOVER_REDIRECTED,
			{FAILOVER_STOP, FAILOVER_STOP, FAILOVER_STOP, FAILOVER_STOP}},
		{FAILOVER_REFUSED,
			{FAILOVER_STOP, FAILOVER_STOP, FAILOVER_STOP, FAILOVER_STOP}},
		{FAILOVER_DECLINED,
			{FAILOVER_STOP, FAILOVER_STOP, FAILOVER_STOP, FAILOVER_STOP}},
	};

	(void)state;
	assert_int_equal(sizeof(rows) / sizeof(rows[0]), FAILOVER_CAUSES);
	for (size_t i = 0; i < FAILOVER_CAUSES; i++)
		for (enum failover_phase phase = FAILOVER_QUIET; phase < FAILOVER_PHASES;
			phase++)
			assert_int_equal(failover_step(rows[i].cause, phase, false),
				rows[i].steps[phase]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_status_has_a_cause),
		cmocka_unit_test(each_cell_is_as_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
