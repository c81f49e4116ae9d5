/* What an end's RTCP says, the way to it and back, and the reports that we make. */
#include "../unit.h"

#include "media/report.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_US UINT64_C(1000000)

struct fixture {
	struct report report, other;
	struct quality back;
	struct report_facts facts;
	uint8_t out[RTCP_WRITE_MAX];
	size_t len;
};

static void feed(struct quality *quality, uint32_t ssrc, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		const struct quality_packet packet = {.ssrc = ssrc,
			.seq = (uint16_t)i,
			.timestamp = i * 160,
			.clock = 8000,
			.arrival_us = i * 20000ULL};

		quality_packet(quality, &packet);
	}
}

/* A stream of SSRC 7 goes to the end, which itself sends SSRC 9; its far end is silent. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->other.heard_us = 1;
	f->facts = (struct report_facts){
		.now_us = 20 * SECOND_US,
		.wall_us = 1000 * SECOND_US,
		.ssrc = 7,
		.timestamp = 499 * 160 + 80,
		.sent_us = 20 * SECOND_US - 10000,
		.packets = 500,
		.octets = 80000,
		.back = &f->back,
		.cname = "0123456789abcdef01234567",
	};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static bool make(struct fixture *f)
{
	if (!report_due(&f->report, &f->other, &f->facts))
		return false;
	f->len = report_make(&f->report, &f->facts, f->out);
	return true;
}

static void writes_what_rfc_3550_asks_for(void **state)
{
	struct fixture *f = *state;
	struct rtcp_report block;
	struct rtcp_sender sender;

	assert_true(make(f));
	assert_true(rtcp_is_valid(f->out, f->len));
	assert_int_equal(f->len, 28 + 36);
	assert_true(rtcp_sender(f->out, f->len, &sender));
	assert_int_equal(sender.ssrc, 7);
	assert_int_equal(sender.ntp >> 32, 2208988800 + 1000);
	assert_int_equal(sender.packets, 500);
	assert_int_equal(sender.octets, 80000);
	assert_int_equal(sender.timestamp, 499 * 160 + 80);
	assert_int_equal(rtcp_reports(f->out, f->len, &block, 1), 0);
	assert_memory_equal(f->out + 28 + 4,
		"\0\0\0\7\1\30"
		"0123456789abcdef01234567",
		30);
	assert_int_equal(f->out[f->len - 1], 0);
}

static void reports_on_what_the_side_sends(void **state)
{
	struct fixture *f = *state;
	struct rtcp_report block;

	feed(&f->back, 9, 0, 100);
	feed(&f->back, 9, 110, 120); /* 10 of 120 are missing */
	assert_true(make(f));
	assert_int_equal(rtcp_reports(f->out, f->len, &block, 1), 1);
	assert_int_equal(block.source, 9);
	assert_int_equal(block.lost, 10);
	assert_int_equal(block.fraction_lost, 10 * 255 / 120);
	assert_int_equal(block.highest_seq, 119);
	assert_int_equal(block.last_sr, 0);
	/* The second one is about what came since. */
	feed(&f->back, 9, 120, 220);
	f->facts.now_us += REPORT_INTERVAL_US;
	f->facts.sent_us = f->facts.now_us;
	assert_true(make(f));
	assert_int_equal(rtcp_reports(f->out, f->len, &block, 1), 1);
	assert_int_equal(block.lost, 10);
	assert_int_equal(block.fraction_lost, 0);
}

/* RFC 3550 6.4.1: 24 bits with a sign. */
static void more_loss_than_its_field_has_room_for_stays_at_its_end(void **state)
{
	struct fixture *f = *state;
	struct rtcp_report block;

	for (unsigned i = 0; i < 2790; i++)
		feed(&f->back, 9, 2999 * i, 2999 * i + 1);
	assert_true(make(f));
	assert_int_equal(rtcp_reports(f->out, f->len, &block, 1), 1);
	assert_int_equal(block.lost, 2998 * 2789);
	for (unsigned i = 2790; i < 2900; i++)
		feed(&f->back, 9, 2999 * i, 2999 * i + 1);
	f->report.made_us = 0;
	assert_true(make(f));
	assert_int_equal(rtcp_reports(f->out, f->len, &block, 1), 1);
	assert_int_equal(block.lost, 0x7fffff);
}

/* The time since their sender report, in units of 1/65536 s, and its middle. */
static void answers_the_sides_sender_reports(void **state)
{
	struct fixture *f = *state;
	uint8_t theirs[28] = {0x80, 200, 0, 6, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8};
	struct rtcp_report block;

	feed(&f->back, 9, 0, 10);
	f->other.heard_us = 1;
	report_heard(&f->report, theirs, sizeof(theirs), f->facts.now_us);
	f->facts.now_us += 1500000;
	f->facts.sent_us = f->facts.now_us;
	assert_true(make(f));
	assert_int_equal(rtcp_reports(f->out, f->len, &block, 1), 1);
	assert_int_equal(block.last_sr, 0x03040506);
	assert_int_equal(block.delay_last_sr, 65536 + 32768);
	/* Of one that came 20 hours ago no more can be said than the field holds. */
	f->facts.now_us += UINT64_C(72000000000);
	f->facts.sent_us = f->facts.now_us;
	assert_true(make(f));
	assert_int_equal(rtcp_reports(f->out, f->len, &block, 1), 1);
	assert_int_equal(block.delay_last_sr, UINT32_MAX);
}

/* Above a minute, or before it was asked, is a mistake of the far end's. */
static void an_impossible_way_is_not_believed(void **state)
{
	struct fixture *f = *state;
	uint8_t answer[32] = {0x81, 201, 0, 7, 0, 0, 0, 9, 0, 0, 0, 7};

	assert_true(make(f));
	memcpy(answer + 24, f->out + 10, 4);
	report_heard(&f->report, answer, sizeof(answer), f->facts.now_us + 59999999);
	assert_int_equal(f->report.round_trip_us, 59999999);
	report_heard(&f->report, answer, sizeof(answer), f->facts.now_us + 60000000);
	assert_int_equal(f->report.round_trip_us, 59999999);
	answer[29] = 1; /* held for a second, and answered after half of one */
	report_heard(&f->report, answer, sizeof(answer), f->facts.now_us + 500000);
	assert_int_equal(f->report.round_trip_us, 0);
	/* Who names no report of ours answers none. */
	f->report.sent_middle = 0;
	memset(answer + 24, 0, 8);
	report_heard(&f->report, answer, sizeof(answer), f->facts.now_us + 500000);
	assert_int_equal(f->report.round_trip_us, 0);
}

static void is_due_only_where_the_far_side_makes_none(void **state)
{
	struct fixture *f = *state;

	f->other.heard_us = f->facts.now_us - REPORT_SILENCE_US + 1;
	assert_false(make(f));
	f->other.heard_us -= 1;
	assert_true(make(f));
	assert_false(make(f)); /* not twice */
	f->facts.now_us += REPORT_INTERVAL_US - 1;
	f->facts.sent_us = f->facts.now_us;
	assert_false(make(f));
	f->facts.now_us += 1;
	assert_true(make(f));
	/* The stream stands still: on hold. */
	f->facts.now_us += REPORT_INTERVAL_US;
	assert_false(make(f));
}

static void nothing_is_said_before_something_was_passed_on(void **state)
{
	struct fixture *f = *state;

	f->facts.packets = 0;
	assert_false(make(f));
	f->facts.packets = 1;
	assert_true(make(f));
}

/* An answer of RR with LSR and DLSR, 30 ms after, held for 10 ms of them. */
static void the_way_there_and_back_is_measured(void **state)
{
	struct fixture *f = *state;
	uint8_t answer[32] = {0x81, 201, 0, 7, 0, 0, 0, 9, 0, 0, 0, 7, 64, 0, 0, 5, 0, 0,
		0, 0, 0, 0, 0, 80};
	uint32_t held = 655; /* of 65536 a second */

	assert_true(make(f));
	memcpy(answer + 24, f->out + 10, 4); /* the middle of the NTP time */
	for (unsigned i = 0; i < 4; i++)
		answer[28 + i] = (uint8_t)(held >> (24 - 8 * i));
	report_heard(&f->report, answer, sizeof(answer), f->facts.now_us + 30000);
	assert_in_range(f->report.round_trip_us, 20000, 20010);
	assert_int_equal(f->report.far_fraction_lost, 64);
	assert_int_equal(f->report.far_lost, 5);
	assert_int_equal(f->report.far_jitter, 80);
	/* One about another report tells nothing of the way. */
	f->report.round_trip_us = 0;
	answer[24] ^= 1;
	report_heard(&f->report, answer, sizeof(answer), f->facts.now_us + 30000);
	assert_int_equal(f->report.round_trip_us, 0);
}

static void a_report_that_passes_is_as_good_as_our_own(void **state)
{
	struct fixture *f = *state;
	struct report end = {0};
	uint8_t answer[32] = {0x81, 201, 0, 7, 0, 0, 0, 9, 0, 0, 0, 7};

	assert_true(make(f));
	report_passed(&end, f->out, f->len, 5 * SECOND_US);
	memcpy(answer + 24, f->out + 10, 4);
	report_heard(&end, answer, sizeof(answer), 5 * SECOND_US + 42000);
	assert_int_equal(end.round_trip_us, 42000);
	/* What we hear of its sender reports goes into ours as LSR and DLSR. */
	report_heard(&f->report, f->out, f->len, f->facts.now_us + 1);
	assert_int_equal(
		f->report.heard_middle, rtcp_ntp_middle(rtcp_ntp(f->facts.wall_us)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			writes_what_rfc_3550_asks_for, setup, teardown),
		cmocka_unit_test_setup_teardown(
			reports_on_what_the_side_sends, setup, teardown),
		cmocka_unit_test_setup_teardown(
			more_loss_than_its_field_has_room_for_stays_at_its_end, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			answers_the_sides_sender_reports, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_impossible_way_is_not_believed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			is_due_only_where_the_far_side_makes_none, setup, teardown),
		cmocka_unit_test_setup_teardown(
			nothing_is_said_before_something_was_passed_on, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_way_there_and_back_is_measured, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_report_that_passes_is_as_good_as_our_own, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
