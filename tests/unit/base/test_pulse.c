#include "base/pulse.h"

#include "../unit.h"

static void the_first_look_finds_it_alive(void **state)
{
	struct pulse pulse = {0};

	(void)state;
	assert_true(pulse_look(&pulse));
}

static void without_a_beat_in_between_it_is_not(void **state)
{
	struct pulse pulse = {0};

	(void)state;
	(void)pulse_look(&pulse);
	assert_false(pulse_look(&pulse));
	assert_false(pulse_look(&pulse));
	pulse_beat(&pulse);
	assert_true(pulse_look(&pulse));
	assert_false(pulse_look(&pulse));
}

static void many_beats_are_one_sign(void **state)
{
	struct pulse pulse = {0};

	(void)state;
	(void)pulse_look(&pulse);
	for (unsigned i = 0; i < 1000; i++)
		pulse_beat(&pulse);
	assert_true(pulse_look(&pulse));
	assert_false(pulse_look(&pulse));
}

static void the_counter_may_wrap(void **state)
{
	struct pulse pulse = {0};

	(void)state;
	atomic_store(&pulse.beats, UINT32_MAX);
	(void)pulse_look(&pulse);
	pulse_beat(&pulse);
	assert_true(pulse_look(&pulse));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_look_finds_it_alive),
		cmocka_unit_test(without_a_beat_in_between_it_is_not),
		cmocka_unit_test(many_beats_are_one_sign),
		cmocka_unit_test(the_counter_may_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
