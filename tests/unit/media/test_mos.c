/* The E-model: its known points, and that it falls where it must. */
#include "../unit.h"

#include "media/mos.h"

static unsigned mos(const char *codec, unsigned lost_of_1000, uint32_t jitter_us,
	uint32_t round_trip_us)
{
	const struct mos_facts facts = {
		.codec = codec,
		.received = 1000 - lost_of_1000,
		.lost = lost_of_1000,
		.jitter_us = jitter_us,
		.round_trip_us = round_trip_us,
	};

	return mos_estimate(&facts);
}

/* R = 93.2 is 4.41 in G.107 Annex B; 20 ms of packet cost half a point of R. */
static void a_perfect_call_is_as_good_as_g711_gets(void **state)
{
	(void)state;
	assert_int_equal(mos("PCMA", 0, 0, 0), 440);
	assert_int_equal(mos("", 0, 0, 0), 440);
	assert_int_equal(mos("pcmu", 0, 0, 0), 440);
}

/* R = 93.2 - 11 - 0.48 = 81.72: 4.09. */
static void a_codec_costs_what_g113_says(void **state)
{
	(void)state;
	assert_int_equal(mos("G729", 0, 0, 0), 409);
}

static void falls_with_loss_jitter_and_delay(void **state)
{
	unsigned last = 451;

	(void)state;
	for (unsigned lost = 0; lost <= 500; lost += 50) {
		assert_in_range(mos("PCMA", lost, 0, 0), 100, last - 1);
		last = mos("PCMA", lost, 0, 0);
	}
	assert_true(mos("PCMA", 0, 60000, 0) < mos("PCMA", 0, 1000, 0));
	assert_true(mos("PCMA", 0, 0, 800000) < mos("PCMA", 0, 0, 100000) - 50);
	/* 2 % loss: Ie-eff 95 * 2 / 27.1 = 7.01, R = 85.7: 4.22. */
	assert_int_equal(mos("PCMA", 20, 0, 0), 422);
}

/* By hand from G.107: Ie-eff = Ie + (95 - Ie) * Ppl / (Ppl + Bpl), Id of the delay one way. */
static void known_points_of_the_curve(void **state)
{
	(void)state;
	assert_int_equal(mos("PCMA", 100, 0, 0), 339); /* R = 65.65 */
	assert_int_equal(mos("PCMU", 300, 0, 0), 211); /* R = 41.00 */
	assert_int_equal(mos("G729", 100, 0, 0), 272); /* R = 52.75 */
	assert_int_equal(mos("AMR", 50, 0, 0), 298);   /* R = 57.72 */
	assert_int_equal(mos("GSM-EFR", 50, 0, 0), 298);
	assert_int_equal(mos("G723", 50, 0, 200000), 291); /* R = 56.36 */
	/* Above 177.3 ms a delay costs more: here it is 420, R = 56.42. */
	assert_int_equal(mos("PCMA", 0, 0, 800000), 291);
	assert_int_equal(mos("PCMA", 0, 200000, 0), 291);
}

static void never_leaves_its_scale(void **state)
{
	const struct mos_facts nothing = {.lost = 5};

	(void)state;
	assert_int_equal(mos_estimate(&nothing), 0);
	assert_int_equal(mos("PCMA", 999, 4000000, UINT32_MAX), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_perfect_call_is_as_good_as_g711_gets),
		cmocka_unit_test(a_codec_costs_what_g113_says),
		cmocka_unit_test(falls_with_loss_jitter_and_delay),
		cmocka_unit_test(known_points_of_the_curve),
		cmocka_unit_test(never_leaves_its_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
