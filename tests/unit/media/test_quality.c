/* Loss and jitter by RFC 3550 A.1, A.3 and A.8. */
#include "../unit.h"

#include "media/quality.h"

#include <stdbool.h>

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static bool no_memory;

void *__wrap_calloc(size_t count, size_t size)
{
	return no_memory ? NULL : __real_calloc(count, size);
}

static void feed(struct quality *quality, uint32_t ssrc, uint16_t seq, uint32_t timestamp,
	uint64_t arrival_us)
{
	const struct quality_packet packet = {.ssrc = ssrc,
		.seq = seq,
		.timestamp = timestamp,
		.clock = 8000,
		.arrival_us = arrival_us};

	quality_packet(quality, &packet);
}

/* COUNT packets of 20 ms from SEQ on, as punctual as they can be. */
static void feed_run(struct quality *quality, uint32_t ssrc, uint16_t seq, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		feed(quality, ssrc, (uint16_t)(seq + i), i * 160, 5000000 + i * 20000ULL);
}

static void a_perfect_stream_has_no_loss_and_no_jitter(void **state)
{
	struct quality quality = {0};

	(void)state;
	feed_run(&quality, 1, 65000, 100000); /* over one wrap */
	assert_int_equal(quality_lost(&quality), 0);
	assert_int_equal(quality_jitter_us(&quality), 0);
	assert_int_equal(quality.ssrc_changes, 0);
}

static void counts_gaps_and_forgives_what_came_late(void **state)
{
	struct quality quality = {0};

	(void)state;
	feed(&quality, 1, 65534, 0, 0);
	feed(&quality, 1, 2, 640, 80000); /* 65535, 0 and 1 are missing */
	assert_int_equal(quality_lost(&quality), 3);
	feed(&quality, 1, 65535, 160, 81000);
	assert_int_equal(quality_lost(&quality), 2);
}

static void duplicates_do_not_make_loss_negative(void **state)
{
	struct quality quality = {0};

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		feed(&quality, 1, 10, 0, 0);
	assert_int_equal(quality_lost(&quality), 0);
}

static void a_new_ssrc_keeps_the_loss_of_the_old_one(void **state)
{
	struct quality quality = {0};

	(void)state;
	feed(&quality, 1, 1, 0, 0);
	feed(&quality, 1, 5, 640, 80000);
	feed_run(&quality, 2, 40000, 10);
	assert_int_equal(quality_lost(&quality), 3);
	assert_int_equal(quality.ssrc_changes, 1);
	assert_int_equal(quality.ssrc, 2);
	quality_clear(&quality);
}

static void a_restarted_sender_is_no_loss(void **state)
{
	struct quality quality = {0};

	(void)state;
	feed_run(&quality, 1, 100, 50);
	feed_run(&quality, 1, 30000, 50);
	assert_int_equal(quality_lost(&quality), 0);
}

/* Alternating 10 ms early and late: every difference of transit is 20 ms, and the
 * estimator's limit is that difference. */
static void jitter_converges_to_the_mean_difference(void **state)
{
	struct quality quality = {0};

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		feed(&quality, 1, (uint16_t)i, i * 160,
			1000000 + i * 20000ULL + (i % 2 ? 20000 : 0));
	assert_in_range(quality_jitter_us(&quality), 19000, 20100);
}

static void packets_of_one_timestamp_count_once(void **state)
{
	struct quality quality = {0};

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		feed(&quality, 1, (uint16_t)i, 1600, 1000000 + i * 20000ULL);
	assert_int_equal(quality_jitter_us(&quality), 0);
}

static void knows_the_clock_of_static_types(void **state)
{
	(void)state;
	assert_int_equal(quality_clock_rate(0), 8000);
	assert_int_equal(quality_clock_rate(9), 8000); /* G.722, by its famous mistake */
	assert_int_equal(quality_clock_rate(6), 16000);
	assert_int_equal(quality_clock_rate(10), 44100);
	assert_int_equal(quality_clock_rate(11), 44100);
	assert_int_equal(quality_clock_rate(14), 90000);
	assert_int_equal(quality_clock_rate(16), 11025);
	assert_int_equal(quality_clock_rate(17), 22050);
	assert_int_equal(quality_clock_rate(34), 90000);
	assert_int_equal(quality_clock_rate(101), 8000);
}

static void late_packets_and_duplicates_are_told_apart(void **state)
{
	struct quality quality = {0};

	(void)state;
	feed(&quality, 1, 65535, 0, 0);
	feed(&quality, 1, 1, 320, 40000);
	feed(&quality, 1, 0, 160, 41000); /* late, over the wrap */
	feed(&quality, 1, 0, 160, 42000);
	feed(&quality, 1, 65535, 0, 43000);
	feed(&quality, 1, 1, 320, 44000);
	assert_int_equal(quality.late, 1);
	assert_int_equal(quality.duplicates, 3);
	assert_int_equal(quality.received, 3);
	assert_int_equal(quality_lost(&quality), 0);
	assert_int_equal(quality_highest(&quality), 0x10001);
	/* Farther back than the window of 64: it cannot be told, and is late. */
	feed(&quality, 1, 80, 12800, 1600000);
	feed(&quality, 1, 2, 480, 1600100);
	feed(&quality, 1, 2, 480, 1600200);
	assert_int_equal(quality.late, 3);
	feed(&quality, 1, 17, 2880, 1600300); /* the last one within */
	feed(&quality, 1, 17, 2880, 1600400);
	assert_int_equal(quality.late, 4);
	assert_int_equal(quality.duplicates, 4);
}

/* Two voices at once, or video with its retransmissions: one of them is measured, and is no change
 * of SSRC with each packet. */
static void of_ssrcs_that_live_at_once_one_is_measured(void **state)
{
	struct quality quality = {0};

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		for (uint32_t ssrc = 1; ssrc <= 4; ssrc++)
			feed(&quality, ssrc, (uint16_t)(1000 * ssrc + i), i * 160,
				5000000 + i * 20000ULL + ssrc * 1000);
	assert_int_equal(quality.ssrc_changes, 3);
	assert_int_equal(quality.ssrc, 4);
	assert_int_equal(quality_lost(&quality), 0);
	assert_int_equal(quality_jitter_us(&quality), 0);
	/* When it ends, one of the others is measured on. */
	for (unsigned i = 600; i < 700; i++)
		feed(&quality, 2, (uint16_t)(2000 + i), i * 160, 5000000 + i * 20000ULL);
	assert_int_equal(quality.ssrc, 2);
	assert_int_equal(quality.ssrc_changes, 4);
	quality_clear(&quality);
}

/* What was heard of the others is not known then: each begins anew. */
static void without_memory_each_ssrc_is_measured_anew(void **state)
{
	struct quality quality = {0};

	(void)state;
	no_memory = true;
	feed(&quality, 1, 10, 0, 5000000);
	feed(&quality, 2, 20, 0, 5001000);
	feed(&quality, 1, 11, 160, 5020000);
	no_memory = false;
	assert_int_equal(quality.ssrc, 1);
	assert_int_equal(quality.ssrc_changes, 2);
	assert_int_equal(quality_lost(&quality), 0);
	feed(&quality, 2, 21, 160, 5021000);
	feed(&quality, 1, 12, 320, 5040000);
	assert_int_equal(quality.ssrc, 2); /* the other lives beside it */
	assert_int_equal(quality.ssrc_changes, 3);
	quality_clear(&quality);
	assert_int_equal(quality.ssrc_changes, 0);
}

/* The clock that the description says: Opus counts 48,000 a second. */
static void jitter_is_in_time_whatever_the_clock(void **state)
{
	static const uint32_t clocks[] = {8000, 16000, 48000, 90000};

	(void)state;
	for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		struct quality quality = {0};

		for (unsigned j = 0; j < 2000; j++) {
			const struct quality_packet packet = {.ssrc = 1,
				.seq = (uint16_t)j,
				.timestamp = j * (clocks[i] / 50),
				.clock = clocks[i],
				/* each second one is 2 ms late */
				.arrival_us = 5000000 + j * 20000ULL + j % 2 * 2000};

			quality_packet(&quality, &packet);
		}
		assert_in_range(quality_jitter_us(&quality), 1900, 2000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_perfect_stream_has_no_loss_and_no_jitter),
		cmocka_unit_test(counts_gaps_and_forgives_what_came_late),
		cmocka_unit_test(duplicates_do_not_make_loss_negative),
		cmocka_unit_test(a_new_ssrc_keeps_the_loss_of_the_old_one),
		cmocka_unit_test(a_restarted_sender_is_no_loss),
		cmocka_unit_test(jitter_converges_to_the_mean_difference),
		cmocka_unit_test(packets_of_one_timestamp_count_once),
		cmocka_unit_test(late_packets_and_duplicates_are_told_apart),
		cmocka_unit_test(knows_the_clock_of_static_types),
		cmocka_unit_test(of_ssrcs_that_live_at_once_one_is_measured),
		cmocka_unit_test(without_memory_each_ssrc_is_measured_anew),
		cmocka_unit_test(jitter_is_in_time_whatever_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
