#include "../unit.h"

#include "hep/rtcp_json.h"
#include "media/rtcp.h"

#include <string.h>

#define REPORT                                                                           \
	{                                                                                \
		.source = 7, .fraction_lost = 25, .lost = -3, .highest_seq = 65540,      \
		.jitter = 12, .last_sr = 0x11223344, .delay_last_sr = 65536              \
	}

static void expect(const uint8_t *data, size_t len, bool reports, const char *expected)
{
	struct buf out;

	buf_init(&out, 0);
	assert_true(rtcp_is_valid(data, len));
	assert_int_equal(rtcp_json(data, len, &out), reports);
	assert_string_equal(buf_str(&out) ? buf_str(&out) : "", expected);
	buf_free(&out);
}

static void a_sender_reports_itself_and_whom_it_hears(void **state)
{
	const struct rtcp_sender sender = {.ssrc = 4000000000U,
		.ntp = UINT64_C(3900000000) << 32 | 0x80000000U,
		.timestamp = 160,
		.packets = 5,
		.octets = 800};
	const struct rtcp_report report = REPORT;
	uint8_t data[RTCP_WRITE_MAX];
	size_t len = rtcp_write(data, &sender, &report, "x");

	(void)state;
	expect(data, len, true,
		"{\"type\":200,\"ssrc\":4000000000,\"report_count\":1,"
		"\"sender_information\":{\"ntp_timestamp_sec\":3900000000,"
		"\"ntp_timestamp_usec\":2147483648,\"rtp_timestamp\":160,\"packets\":5,"
		"\"octets\":800},\"report_blocks\":[{\"source_ssrc\":7,\"fraction_lost\":"
		"25,\"packets_lost\":-3,\"highest_seq_no\":65540,\"ia_jitter\":12,"
		"\"lsr\":287454020,\"dlsr\":65536}]}");
	len = rtcp_write(data, &sender, NULL, "x");
	expect(data, len, true,
		"{\"type\":200,\"ssrc\":4000000000,\"report_count\":0,"
		"\"sender_information\":{\"ntp_timestamp_sec\":3900000000,"
		"\"ntp_timestamp_usec\":2147483648,\"rtp_timestamp\":160,\"packets\":5,"
		"\"octets\":800},\"report_blocks\":[]}");
}

static void who_only_hears_reports_that(void **state)
{
	static const uint8_t data[] = {0x82, 201, 0, 13, 0, 0, 0,
		9, /* RR of 9, two blocks */
		0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0,
		0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

	(void)state;
	expect(data, sizeof(data), true,
		"{\"type\":201,\"ssrc\":9,\"report_count\":2,\"report_blocks\":["
		"{\"source_ssrc\":1,\"fraction_lost\":0,\"packets_lost\":1,"
		"\"highest_seq_no\":2,\"ia_jitter\":3,\"lsr\":4,\"dlsr\":5},"
		"{\"source_ssrc\":2,\"fraction_lost\":1,\"packets_lost\":0,"
		"\"highest_seq_no\":0,\"ia_jitter\":0,\"lsr\":0,\"dlsr\":0}]}");
}

static void what_reports_nothing_is_none(void **state)
{
	static const uint8_t bye[] = {0x81, 203, 0, 1, 0, 0, 0, 9};
	static const uint8_t empty[] = {0x80, 201, 0, 1, 0, 0, 0, 9};

	(void)state;
	expect(bye, sizeof(bye), false, "");
	expect(empty, sizeof(empty), false, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sender_reports_itself_and_whom_it_hears),
		cmocka_unit_test(who_only_hears_reports_that),
		cmocka_unit_test(what_reports_nothing_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
