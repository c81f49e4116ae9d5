/* UDPTL: which datagrams are whole, by the structure of T.38 annex A in aligned PER. */
#include "../unit.h"

#include "media/udptl.h"

#include <string.h>

struct row {
	const char *what;
	const char *data;
	size_t len;
	struct udptl udptl; /* of good ones */
};

#define DATA(text) .data = (text), .len = sizeof(text) - 1

static const struct row good[] = {
	{"an indicator, no copies", DATA("\x00\x00\x01\x02\x00\x00"),
		{0, 1, false, 0, 0}},
	{"data, one copy", DATA("\x00\x01\x04\xc0\x01\x80\x00\x00\x01\x01\x02"),
		{1, 4, false, 0, 1}},
	{"two copies, the last sequence number",
		DATA("\xff\xff\x01\x06\x00\x02\x02\xc0\x01\x01\x06"),
		{65535, 1, false, 0, 2}},
	{"an empty copy", DATA("\x00\x02\x01\x06\x00\x01\x00"), {2, 1, false, 0, 1}},
	{"the count in two bytes", DATA("\x00\x02\x01\x06\x00\x80\x01\x01\x07"),
		{2, 1, false, 0, 1}},
	{"error correction over three packets",
		DATA("\x00\x09\x02\xc0\x01\x80\x01\x03\x02\x03xyz\x02uv"),
		{9, 2, true, 3, 2}},
	{"error correction of nothing yet", DATA("\x00\x00\x01\x02\x80\x01\x00\x00"),
		{0, 1, true, 0, 0}},
	{"starts as RTP does", DATA("\x80\x08\x01\x02\x00\x00"),
		{0x8008, 1, false, 0, 0}},
};

static const struct row bad[] = {
	{"nothing", DATA("")},
	{"half a sequence number", DATA("\x00")},
	{"a sequence number alone", DATA("\x00\x01")},
	{"no primary packet", DATA("\x00\x01\x00\x00\x00")},
	{"a primary packet longer than the datagram", DATA("\x00\x01\x04\xc0\x01\x80")},
	{"half a length", DATA("\x00\x01\x80")},
	{"no error recovery", DATA("\x00\x01\x01\x02")},
	{"no count of copies", DATA("\x00\x01\x01\x02\x00")},
	{"half a count", DATA("\x00\x01\x01\x02\x00\x80")},
	{"a copy that is missing", DATA("\x00\x01\x01\x02\x00\x02\x01\x02")},
	{"a copy longer than the datagram", DATA("\x00\x01\x01\x02\x00\x01\x02\x02")},
	{"a byte behind the last copy", DATA("\x00\x01\x01\x02\x00\x01\x01\x02\x00")},
	{"a byte behind no copies", DATA("\x00\x01\x01\x02\x00\x00\x00")},
	{"neither copies nor error correction", DATA("\x00\x01\x01\x02\x40\x00")},
	{"bits behind the choice", DATA("\x00\x01\x01\x02\x81\x01\x00\x00")},
	{"more copies than anybody sends", DATA("\x00\x01\x01\x02\x00\x41")},
	{"fragments of 16K", DATA("\x00\x01\xc1\x02\x00\x00")},
	{"error correction over how many", DATA("\x00\x01\x01\x02\x80")},
	{"a number of no bytes", DATA("\x00\x01\x01\x02\x80\x00\x00")},
	{"a number of two bytes", DATA("\x00\x01\x01\x02\x80\x02\x00\x03\x00")},
	{"error correction over more than anybody",
		DATA("\x00\x01\x01\x02\x80\x01\x41\x00")},
	{"error correction that is missing", DATA("\x00\x01\x01\x02\x80\x01\x03\x01")},
	{"STUN", DATA("\x00\x01\x00\x00\x21\x12\xa4\x42"
		      "0123456789ab")},
	{"a STUN response",
		DATA("\x01\x01\x00\x0c\x21\x12\xa4\x42"
		     "0123456789ab\x00\x20\x00\x08\x00\x01\x12\x34\x5e\x12\xa4\x43")},
	{"DTLS", DATA("\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04"
		      "abcd")},
	{"RTP", DATA("\x80\x08\x05\x00\x00\x00\x00\xa0\x00\x00\x00\x05"
		     "\xd5\xd5\xd5\xd5\xd5\xd5\xd5\xd5")},
	{"RTCP", DATA("\x80\xc9\x00\x01\x00\x00\x00\x05")},
	{"what was T.38 once", DATA("\x00\x01T.38")},
};

static void whole_datagrams_are_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct udptl *wanted = &good[i].udptl;
		struct udptl got;

		if (!udptl_parse((const uint8_t *)good[i].data, good[i].len, &got))
			fail_msg("refused: %s", good[i].what);
		assert_int_equal(got.seq, wanted->seq);
		assert_int_equal(got.primary_len, wanted->primary_len);
		assert_int_equal(got.fec, wanted->fec);
		assert_int_equal(got.fec_span, wanted->fec_span);
		assert_int_equal(got.recovery, wanted->recovery);
	}
}

static void all_else_is_refused(void **state)
{
	struct udptl got = {.seq = 7};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (udptl_parse((const uint8_t *)bad[i].data, bad[i].len, &got))
			fail_msg("taken: %s", bad[i].what);
		assert_int_equal(got.seq, 7);
	}
}

/* The lengths 127, 128 and 16383, which are written differently. */
static void long_packets_are_measured(void **state)
{
	static const size_t lens[] = {127, 128, 300, 16383};
	static uint8_t data[16384 + 16];
	struct udptl got;

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		size_t at = 2;

		memset(data, 0, sizeof(data));
		if (lens[i] >= 128)
			data[at++] = (uint8_t)(0x80 | lens[i] >> 8);
		data[at++] = (uint8_t)lens[i];
		at += lens[i] + 2;
		assert_true(udptl_parse(data, at, &got));
		assert_int_equal(got.primary_len, lens[i]);
		assert_false(udptl_parse(data, at - 1, &got));
		assert_false(udptl_parse(data, at + 1, &got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_datagrams_are_taken),
		cmocka_unit_test(all_else_is_refused),
		cmocka_unit_test(long_packets_are_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
