/* Compound RTCP packets: what is one, and what its reports say. */
#include "../unit.h"

#include "media/rtcp.h"

#include <string.h>

#define SR(count) (uint8_t)(0x80 | (count)), 200, 0, 6 + 6 * (count)
#define RR(count) (uint8_t)(0x80 | (count)), 201, 0, 1 + 6 * (count)

static const uint8_t compound[] = {SR(1), 0, 0, 0, 7, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
	4, 4, 4, 4, 5, 5, 5, 5, 0, 0, 0, 9, 64, 0xff, 0xff, 0xfe, 0, 1, 0, 2, 0, 0, 0, 40,
	0x12, 0x34, 0x56, 0x78, 0, 1, 0, 0, 0x81, 202, 0, 2, 0, 0, 0, 7, 1, 1, 'x', 0};

static void takes_what_is_well_formed(void **state)
{
	static const uint8_t feedback_alone[] = {0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2};
	static const uint8_t padded_last[] = {
		RR(0), 0, 0, 0, 1, 0xa0, 203, 0, 1, 0, 0, 0, 4};

	(void)state;
	assert_true(rtcp_is_valid(compound, sizeof(compound)));
	assert_true(rtcp_is_valid(feedback_alone, sizeof(feedback_alone)));
	assert_true(rtcp_is_valid(padded_last, sizeof(padded_last)));
}

static void refuses_what_is_not(void **state)
{
	static const uint8_t version_1[] = {0x40, 201, 0, 1, 0, 0, 0, 1};
	static const uint8_t rtp[] = {0x80, 0, 0, 1, 0, 0, 0, 1};
	static const uint8_t too_long[] = {0x80, 201, 0, 2, 0, 0, 0, 1};
	static const uint8_t padded_first[] = {
		0xa0, 201, 0, 1, 0, 0, 0, 4, 0x80, 203, 0, 1, 0, 0, 0, 1};
	static const uint8_t second_is_noise[] = {RR(0), 0, 0, 0, 1, 9, 9, 9, 9};

	(void)state;
	assert_false(rtcp_is_valid(version_1, sizeof(version_1)));
	assert_false(rtcp_is_valid(rtp, sizeof(rtp)));
	assert_false(rtcp_is_valid(too_long, sizeof(too_long)));
	assert_false(rtcp_is_valid(padded_first, sizeof(padded_first)));
	assert_false(rtcp_is_valid(second_is_noise, sizeof(second_is_noise)));
}

static void refuses_a_packet_cut_anywhere_but_between_its_parts(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(compound); len++)
		assert_int_equal(rtcp_is_valid(compound, len), len == 52);
}

static void reads_reports(void **state)
{
	struct rtcp_report report;

	(void)state;
	assert_int_equal(rtcp_reports(compound, sizeof(compound), &report, 1), 1);
	assert_int_equal(report.reporter, 7);
	assert_int_equal(report.source, 9);
	assert_int_equal(report.fraction_lost, 64);
	assert_int_equal(report.lost, -2);
	assert_int_equal(report.highest_seq, 0x10002);
	assert_int_equal(report.jitter, 40);
	assert_int_equal(report.last_sr, 0x12345678);
	assert_int_equal(report.delay_last_sr, 65536);
}

/* A count that promises more blocks than the part holds. */
static void reads_no_report_beyond_its_part(void **state)
{
	uint8_t lying[sizeof(compound)];
	struct rtcp_report reports[31];

	(void)state;
	memcpy(lying, compound, sizeof(lying));
	lying[0] = 0x9f;
	assert_int_equal(rtcp_reports(lying, sizeof(lying), reports, 31), 1);
	assert_int_equal(rtcp_reports(lying, sizeof(lying), reports, 0), 0);
	assert_int_equal(rtcp_reports(lying, 20, reports, 31), 0);
}

/* Reports and the sender's part are found wherever they stand. */
static void finds_reports_behind_other_parts(void **state)
{
	static const uint8_t description[] = {0x81, 202, 0, 2, 0, 0, 0, 7, 1, 1, 'x', 0};
	static const uint8_t short_sender[] = {0x80, 200, 0, 1, 0, 0, 0, 8};
	uint8_t data[sizeof(description) + sizeof(short_sender) + 2 * sizeof(compound)];
	uint8_t *end = data;
	struct rtcp_report reports[3];
	struct rtcp_sender sender;

	(void)state;
	memcpy(end, description, sizeof(description));
	end += sizeof(description);
	memcpy(end, short_sender, sizeof(short_sender));
	end += sizeof(short_sender);
	for (unsigned i = 0; i < 2; i++, end += sizeof(compound))
		memcpy(end, compound, sizeof(compound));
	assert_int_equal(rtcp_reports(data, sizeof(data), reports, 3), 2);
	assert_int_equal(reports[1].reporter, 7);
	assert_int_equal(reports[1].source, 9);
	assert_true(rtcp_sender(data, sizeof(data), &sender));
	assert_int_equal(sender.ssrc, 7);
	assert_int_equal(sender.ntp, UINT64_C(0x0101010102020202));
	assert_int_equal(sender.timestamp, 0x03030303);
	assert_int_equal(sender.packets, 0x04040404);
	assert_int_equal(sender.octets, 0x05050505);
	assert_false(rtcp_sender(data, 20, &sender));
}

static void times_are_those_of_ntp(void **state)
{
	(void)state;
	assert_int_equal(rtcp_ntp(1750000), UINT64_C(2208988801) << 32 | 0xc0000000);
	assert_int_equal(rtcp_ntp_middle(UINT64_C(0x1122334455667788)), 0x33445566);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_is_well_formed),
		cmocka_unit_test(refuses_what_is_not),
		cmocka_unit_test(refuses_a_packet_cut_anywhere_but_between_its_parts),
		cmocka_unit_test(reads_reports),
		cmocka_unit_test(reads_no_report_beyond_its_part),
		cmocka_unit_test(finds_reports_behind_other_parts),
		cmocka_unit_test(times_are_those_of_ntp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
