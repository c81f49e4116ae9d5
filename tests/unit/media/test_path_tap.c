/* What taps are told of packets: as received, and as sent. */
#include "path_test.h"

static void taps_what_is_relayed_with_its_addresses(void **state)
{
	struct fixture *f = *state;
	const struct addr source = test_addr("192.0.2.2:3001");
	const struct addr destination = test_addr(EXTERNAL_RTCP);

	test_rtcp(&f->packet, 5);
	assert_true(take(f, RELAY_A, PATH_RTCP, INTERNAL_RTCP));
	assert_int_equal(f->tapped.count, 2);
	assert_int_equal(f->tapped.last.call, 42);
	assert_int_equal(f->tapped.last.worker, 3);
	assert_int_equal(f->tapped.last.mono_us, 1000000);
	assert_int_equal(f->tapped.last.end, RELAY_B);
	assert_true(f->tapped.last.sent);
	assert_true(f->tapped.last.captured);
	/* who watches the quality of calls has it as it was received */
	assert_false(f->tapped.last.rtcp);
	assert_true(addr_equal(&f->tapped.last.source, &source));
	assert_true(addr_equal(&f->tapped.last.destination, &destination));
	assert_int_equal(f->tapped.last.len, f->packet.len);
	assert_memory_equal(f->tapped.data, f->packet.data, f->packet.len);
	f->remote[RELAY_B].send = false;
	apply(f);
	test_rtp(&f->packet, 5, 1, 160);
	assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_int_equal(f->tapped.count, 2);
}

/* What goes on with other numbers alone is told once. */
static void taps_what_is_sent_with_what_was_received(void **state)
{
	struct fixture *f = *state;
	const struct addr from = test_addr(EXTERNAL_RTP),
			  ours = test_addr("192.0.2.2:3000");
	const struct addr out = test_addr("10.0.0.2:2000"), to = test_addr(INTERNAL_RTP);
	struct test_packet clear;

	test_rtp(&clear, 5, 1, 160);
	f->packet = clear;
	assert_true(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	test_rtp(&clear, 7, 9, 160); /* another source: its numbers follow on */
	f->packet = clear;
	f->batch.now_us += 600000;
	assert_true(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	assert_int_equal(f->tapped.count, 2);
	assert_int_equal(f->tapped.last.end, RELAY_B);
	assert_false(f->tapped.last.sent);
	assert_true(addr_equal(&f->tapped.last.source, &from));
	assert_true(addr_equal(&f->tapped.last.destination, &ours));
	assert_memory_equal(f->tapped.data, clear.data, clear.len);
	assert_true(f->tapped.has_onward);
	assert_int_equal(f->tapped.onward.end, RELAY_A);
	assert_int_equal(f->tapped.onward.head_len, TAP_HEAD);
	assert_true(addr_equal(&f->tapped.onward.source, &out));
	assert_true(addr_equal(&f->tapped.onward.destination, &to));
	assert_int_equal(rtp_seq(f->tapped.onward.head), 2);
	assert_memory_equal(f->tapped.onward.head, f->packet.data, TAP_HEAD);
	assert_memory_equal(f->packet.data + TAP_HEAD, clear.data + TAP_HEAD, 160);
	/* one that comes twice was received twice, and sent once */
	f->packet = clear;
	assert_false(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	assert_int_equal(f->tapped.count, 3);
	assert_false(f->tapped.has_onward);
	assert_false(f->tapped.last.sent);
	assert_memory_equal(f->tapped.data, clear.data, clear.len);
}

/* Who watches the quality of all calls wants no media. */
static void taps_the_rtcp_of_calls_that_are_not_captured(void **state)
{
	struct fixture *f = *state;

	f->whose.tapped = false;
	test_rtcp(&f->packet, 5);
	assert_true(take(f, RELAY_A, PATH_RTCP, INTERNAL_RTCP));
	assert_int_equal(f->tapped.count, 0);
	atomic_store(&f->tap.rtcp, true);
	test_rtp(&f->packet, 5, 1, 160);
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_int_equal(f->tapped.count, 0);
	test_rtcp(&f->packet, 5);
	assert_true(take(f, RELAY_A, PATH_RTCP, INTERNAL_RTCP));
	assert_int_equal(f->tapped.count, 1);
	assert_true(f->tapped.last.rtcp);
	assert_false(f->tapped.last.captured);
	f->whose.tapped = true;
	test_rtp(&f->packet, 6, 1, 160);
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_int_equal(f->tapped.count, 2);
	assert_false(f->tapped.last.rtcp);
	assert_true(f->tapped.last.captured);
	f->batch.tap = NULL;
	test_rtcp(&f->packet, 5);
	assert_true(take(f, RELAY_A, PATH_RTCP, INTERNAL_RTCP));
	assert_int_equal(f->tapped.count, 2);
}

/* By the number that the SDP of either end gave them, whichever way they go. */
static void telephone_events_are_told_as_such(void **state)
{
	struct fixture *f = *state;

	f->remote[RELAY_A].formats[0] = (struct relay_format){
		.type = 101, .aside = true, .event = true, .rate = 8000};
	f->remote[RELAY_A].format_count = 1;
	apply(f);
	test_rtp(&f->packet, 5, 1, 4);
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_false(f->tapped.last.event);
	for (enum relay_end end = 0; end < 2; end++) {
		test_rtp(&f->packet, 5, 2, 4);
		f->packet.data[1] = 101;
		assert_true(take(f, end, PATH_RTP, end ? EXTERNAL_RTP : INTERNAL_RTP));
		assert_true(f->tapped.last.event);
	}
	test_rtcp(&f->packet, 5);
	assert_true(take(f, RELAY_A, PATH_RTCP, INTERNAL_RTCP));
	assert_false(f->tapped.last.event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(taps_what_is_relayed_with_its_addresses),
		TEST(taps_what_is_sent_with_what_was_received),
		TEST(taps_the_rtcp_of_calls_that_are_not_captured),
		TEST(telephone_events_are_told_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
