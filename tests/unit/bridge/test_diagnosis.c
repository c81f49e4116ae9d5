/* One line for silence: whose it is, and why. */
#include "../unit.h"

#include "bridge/diagnosis.h"

#define NOW_US UINT64_C(100000000)

/* A call answered 12 s ago, both sides heard just now. */
static struct record talking(void)
{
	const struct relay_stats heard = {.expected = true,
		.rx_packets = 600,
		.last_rx_us = NOW_US - 20000,
		.sets = 1};

	return (struct record){
		.answer_us = 1000000,
		.end_us = 13000000,
		.legs[0] = {.stats = heard},
		.legs[1] = {.side = SIDE_EXTERNAL, .stats = heard},
	};
}

static void expect_note(const struct record *record, const char *note)
{
	char out[DIAGNOSIS_SIZE];

	diagnosis_media(record, NOW_US, out);
	assert_string_equal(out, note);
}

static void a_good_call_has_none(void **state)
{
	struct record record = talking();

	(void)state;
	expect_note(&record, "");
}

static void names_who_sends_nothing(void **state)
{
	struct record record = talking();

	(void)state;
	record.legs[0].stats.rx_packets = 0;
	record.legs[0].stats.last_rx_us = 0;
	expect_note(&record, "gateway sends to us, server does not: 0 packets in 12 s");
	record.legs[1].stats.rx_packets = 0;
	record.legs[1].stats.last_rx_us = 0;
	expect_note(&record, "neither side sends: nothing for 12 s");
	/* On hold nothing is expected. */
	record.legs[0].stats.expected = record.legs[1].stats.expected = false;
	expect_note(&record, "");
}

static void names_who_stopped(void **state)
{
	struct record record = talking();

	(void)state;
	record.legs[1].stats.last_rx_us = NOW_US - 7500000;
	expect_note(&record, "server sends to us, gateway does not: 0 packets in 7 s");
	record.legs[1].stats.last_rx_us = NOW_US - 4000000; /* too early to tell */
	expect_note(&record, "");
	record.legs[1].stats.last_rx_us = NOW_US + 20; /* by another thread's clock */
	expect_note(&record, "");
}

static void says_why_it_cannot_be_heard(void **state)
{
	struct record record = talking();
	struct relay_stats *stats = &record.legs[0].stats;

	(void)state;
	stats->last_rx_us = NOW_US - 6000000;
	stats->bad_since_set = 300;
	expect_note(&record,
		"server sends with bad tags since media was last negotiated: 300 "
		"packets; its key is not the one of its SDP");
	stats->roc_restarts = 40;
	stats->sets = 3;
	expect_note(&record,
		"server began its SRTP roll-over counter anew under the same key after "
		"media was negotiated 3 times (RFC 3711 3.3.1): what it sends is "
		"refused");
	stats->roc_restarts = 1;
	expect_note(&record,
		"server began its SRTP roll-over counter anew under the same key after "
		"media was negotiated 3 times (RFC 3711 3.3.1): what it sends is "
		"refused");
	stats->roc_restarts = 0;
	stats->rx_packets = 0;
	stats->last_rx_us = 0;
	expect_note(&record, "server sends with another SRTP key than its SDP says: 300 "
			     "packets with bad tags");
	stats->bad_since_set = 0;
	stats->dropped_source = 600;
	expect_note(&record,
		"server sends from another address than its SDP says: 600 packets");
	stats->dropped_source = 0;
	stats->dropped_malformed = 5;
	expect_note(&record, "server sends what is no RTP: 5 packets");
}

static void expect_verdicts(
	const struct record *record, const char *first, const char *second)
{
	assert_string_equal(diagnosis_verdict(record, 0, NOW_US), first);
	assert_string_equal(diagnosis_verdict(record, 1, NOW_US), second);
}

static void each_direction_has_its_verdict(void **state)
{
	struct record record = talking();
	struct relay_stats *stats = &record.legs[1].stats;

	(void)state;
	expect_verdicts(&record, "ok", "ok");
	stats->last_rx_us = NOW_US - 7500000;
	expect_verdicts(&record, "ok", "silent");
	stats->expected = false; /* it put the call on hold */
	expect_verdicts(&record, "ok", "ok");
	stats->rx_packets = 0;
	stats->last_rx_us = 0;
	expect_verdicts(&record, "ok", "none");
	stats->expected = true;
	expect_verdicts(&record, "ok", "silent");
	record.end_us = record.answer_us + 4000000;
	expect_verdicts(&record, "ok", "brief");
	record.answer_us = 0;
	expect_verdicts(&record, "", "");
}

static void a_call_without_answer_has_none(void **state)
{
	struct record record = talking();

	(void)state;
	record.legs[0].stats.rx_packets = 0;
	record.answer_us = 0;
	expect_note(&record, "");
	record.answer_us = 9000000; /* four seconds old */
	record.legs[0].stats.last_rx_us = 0;
	expect_note(&record, "");
}

static void tells_two_of_one_side_apart(void **state)
{
	struct record record = talking();

	(void)state;
	record.legs[0].side = SIDE_EXTERNAL;
	record.legs[1].stats.rx_packets = 0;
	record.legs[1].stats.last_rx_us = 0;
	expect_note(&record, "caller sends to us, callee does not: 0 packets in 12 s");
}

static void says_where_media_was_found(void **state)
{
	struct record record = talking();

	(void)state;
	assert_int_equal(
		addr_parse(&record.legs[1].media_latched, "203.0.113.5:6000", 0), 0);
	expect_note(&record,
		"gateway's media was found at 203.0.113.5:6000, not where its "
		"SDP says, and followed there");
	record.legs[0].stats.rx_packets = 0;
	expect_note(&record, "gateway sends to us, server does not: 0 packets in 12 s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_call_has_none),
		cmocka_unit_test(names_who_sends_nothing),
		cmocka_unit_test(names_who_stopped),
		cmocka_unit_test(says_why_it_cannot_be_heard),
		cmocka_unit_test(each_direction_has_its_verdict),
		cmocka_unit_test(a_call_without_answer_has_none),
		cmocka_unit_test(tells_two_of_one_side_apart),
		cmocka_unit_test(says_where_media_was_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
