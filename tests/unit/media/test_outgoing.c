/* The streams that we send: ours, and without a break whatever the other end does. */
#include "media_test.h"

#include "media/outgoing.h"
#include "media/rtp.h"

#define START_US UINT64_C(1000000)
#define FRAME 160
#define FRAME_US 20000

static const struct outgoing_clock pcmu = {8000, 8000};
static const struct outgoing_clock video = {90000, 90000};

/* What comes, and what the last packet became. */
struct fixture {
	struct outgoing outgoing;
	struct outgoing_clock clock;
	uint64_t now_us;
	uint32_t ssrc, timestamp; /* as sent */
	uint16_t seq;
	bool marker;
};

static struct fixture begin(void)
{
	struct fixture f = {.clock = pcmu, .now_us = START_US};

	outgoing_init(&f.outgoing, 4711);
	return f;
}

static void end(struct fixture *f)
{
	outgoing_clear(&f->outgoing);
}

/* A fixture that ends with its test. */
#define CLEARED __attribute__((cleanup(end)))

static bool pass(struct fixture *f, uint32_t ssrc, uint16_t seq, uint32_t timestamp)
{
	struct test_packet packet;

	test_rtp(&packet, ssrc, seq, 160);
	rtp_set_timestamp(packet.data, timestamp);
	if (!outgoing_packet(&f->outgoing, &f->clock, packet.data, packet.len, f->now_us))
		return false;
	outgoing_count(&f->outgoing, packet.data, packet.len);
	f->ssrc = rtp_ssrc(packet.data);
	f->seq = rtp_seq(packet.data);
	f->timestamp = rtp_timestamp(packet.data);
	f->marker = packet.data[1] & RTP_MARKER;
	return true;
}

/* COUNT packets of 20 ms, each of which must follow on the one before, by GAP of numbers at the
 * first. */
static void send_run(struct fixture *f, uint32_t ssrc, uint16_t seq, uint32_t timestamp,
	unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct fixture before = *f;

		f->now_us += FRAME_US;
		assert_true(pass(f, ssrc, (uint16_t)(seq + i), timestamp + i * FRAME));
		assert_int_equal(f->ssrc, before.ssrc);
		assert_int_equal(f->seq, (uint16_t)(before.seq + 1));
		assert_int_equal(f->timestamp, before.timestamp + FRAME);
		assert_int_equal(f->marker, false);
	}
}

static void the_first_sources_numbers_stay_its_ssrc_does_not(void **state)
{
	CLEARED struct fixture f = begin();

	(void)state;
	assert_true(pass(&f, 7, 65530, 4000000000));
	assert_int_not_equal(f.ssrc, 7);
	assert_int_not_equal(f.ssrc, 0);
	assert_int_equal(f.seq, 65530);
	assert_int_equal(f.timestamp, 4000000000);
	assert_false(f.marker);
	send_run(&f, 7, 65531, 4000000160, 3000);
	assert_int_equal(f.outgoing.streams[0].packets, 3001);
	assert_int_equal(f.outgoing.streams[0].octets, 3001 * 160);
	/* What nearly all lines do with. */
	assert_null(f.outgoing.more);
	assert_int_equal(outgoing_stream_count(&f.outgoing), OUTGOING_FEW_STREAMS);
}

static void each_side_and_line_has_an_ssrc_of_its_own(void **state)
{
	struct outgoing outgoing[100];

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		outgoing_init(&outgoing[i], i);
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(
				outgoing_ssrc(&outgoing[i]), outgoing_ssrc(&outgoing[j]));
	}
}

/* What comes after AFTER_US of silence has the numbers that it would have without a change. */
static void check_follows(struct fixture *f, uint32_t ssrc, uint16_t seq,
	uint32_t timestamp, uint64_t after_us)
{
	const struct fixture before = *f;
	uint32_t units = (uint32_t)(after_us * 8 / 1000);

	f->now_us += after_us;
	assert_true(pass(f, ssrc, seq, timestamp));
	assert_int_equal(f->ssrc, before.ssrc);
	assert_int_equal(f->seq, (uint16_t)(before.seq + 1));
	assert_int_equal(f->timestamp - before.timestamp, units > FRAME ? units : FRAME);
	assert_true(f->marker);
	send_run(f, ssrc, (uint16_t)(seq + 1), timestamp + FRAME, 5);
}

static void another_source_takes_the_place_of_the_one_before(void **state)
{
	static const uint64_t gaps_us[] = {1000, 20000, 400000, 2000000, 3600000000};
	CLEARED struct fixture f = begin();

	(void)state;
	pass(&f, 1, 100, 5000);
	send_run(&f, 1, 101, 5160, 5);
	for (uint32_t ssrc = 2; ssrc < 300; ssrc++)
		check_follows(&f, ssrc, (uint16_t)(ssrc * 7919), ssrc * 123456789,
			gaps_us[ssrc % 5]);
}

/* Numbers of another line, which the far end had before. */
static void a_stream_goes_on_behind_that_of_another_line(void **state)
{
	static const uint16_t begins[] = {0, 1, 999, 1000, 1001, 40000, 65535};

	(void)state;
	for (unsigned i = 0; i < sizeof(begins) / sizeof(*begins); i++) {
		CLEARED struct fixture f = begin();

		outgoing_follow(&f.outgoing, 1 + 1000);
		assert_true(pass(&f, 7, begins[i], 5000));
		assert_int_equal(f.seq, 1001);
		assert_int_equal(f.timestamp, 5000);
		assert_false(f.marker);
		send_run(&f, 7, (uint16_t)(begins[i] + 1), 5160, 5);
	}
}

static void what_was_sent_of_another_line_may_be_ahead_of_ours(void **state)
{
	CLEARED struct fixture f = begin();

	(void)state;
	pass(&f, 7, 60000, 5000);
	outgoing_follow(&f.outgoing, 1 + 2000); /* ahead, over the wrap */
	f.now_us += FRAME_US;
	assert_true(pass(&f, 7, 60001, 5160));
	assert_int_equal(f.seq, 2001);
	assert_true(f.marker);
	send_run(&f, 7, 60002, 5320, 5);
	outgoing_follow(&f.outgoing, 1 + 1000); /* behind */
	outgoing_follow(&f.outgoing, 1 + 2006); /* where we are */
	outgoing_follow(&f.outgoing, 0);
	send_run(&f, 7, 60007, 5320 + 5 * FRAME, 5);
	assert_false(pass(&f, 7, 60003, 5480)); /* it was sent */
}

/* One packet each, as announcements and music make them. */
static void sources_of_one_packet_each_are_one_stream(void **state)
{
	CLEARED struct fixture f = begin();

	(void)state;
	pass(&f, 0x5000, 100, 0);
	for (uint32_t ssrc = 0x5001; ssrc < 0x5100; ssrc++) {
		const struct fixture before = f;

		f.now_us += 80000;
		assert_true(pass(&f, ssrc, 100, 0));
		assert_int_equal(f.ssrc, before.ssrc);
		assert_int_equal(f.seq, before.seq + 1);
		assert_int_equal(f.timestamp, before.timestamp + 640);
	}
}

static void a_source_may_begin_again_anywhere(void **state)
{
	static const uint16_t restarts[] = {10000, 60000, 9000, 12000, 1, 40000, 7000};
	CLEARED struct fixture f = begin();

	(void)state;
	pass(&f, 1, 30000, 0);
	send_run(&f, 1, 30001, 160, 20);
	for (unsigned i = 0; i < sizeof(restarts) / sizeof(restarts[0]); i++) {
		check_follows(&f, 1, restarts[i], i * 777777, 20000);
		check_follows(&f, 1, (uint16_t)(restarts[i] - 4000), 0, 300000);
	}
	/* Its timestamps alone begin again. */
	check_follows(&f, 1, (uint16_t)(7000 - 4000 + 6), 0, 20000);
	check_follows(&f, 1, (uint16_t)(7000 - 4000 + 12), 0xf0000000, 20000);
}

/* So near that it could be late ones: the timestamps tell, or else that nothing else comes. */
static void a_source_may_begin_again_a_little_lower(void **state)
{
	CLEARED struct fixture f = begin();
	unsigned sent = 0;

	(void)state;
	pass(&f, 1, 30000, 900000);
	send_run(&f, 1, 30001, 900160, 50);
	check_follows(&f, 1, 30040, 0, 20000);
	f.now_us += 400000;
	/* To the bit what came before: two are taken for duplicates. */
	for (unsigned i = 0; i < 20; i++) {
		f.now_us += FRAME_US;
		sent += pass(&f, 1, (uint16_t)(30040 + i), i * FRAME);
	}
	assert_int_equal(sent, 18);
}

static void late_packets_keep_their_place_and_go_once(void **state)
{
	CLEARED struct fixture f = begin();
	uint16_t highest;

	(void)state;
	pass(&f, 9, 1, 0); /* so that the numbers differ from what comes */
	f.now_us += FRAME_US;
	pass(&f, 1, 1000, 0);
	highest = f.seq;
	for (unsigned i = 1; i < 100; i++) {
		f.now_us += FRAME_US;
		if (i % 10)
			assert_true(pass(&f, 1, (uint16_t)(1000 + i), i * FRAME));
	}
	for (unsigned i = 90; i >= 10; i -= 10) {
		assert_true(pass(&f, 1, (uint16_t)(1000 + i), i * FRAME));
		assert_int_equal(f.seq, highest + i);
		assert_false(f.marker);
		assert_false(pass(&f, 1, (uint16_t)(1000 + i), i * FRAME));
	}
	for (unsigned i = 99; i > 60; i -= 2)
		assert_false(pass(&f, 1, (uint16_t)(1000 + i), i * FRAME));
	/* Beyond the window. */
	f.now_us += 200 * FRAME_US;
	assert_true(pass(&f, 1, 1300, 300 * FRAME));
	assert_false(pass(&f, 1, 1172, 172 * FRAME));
	assert_true(pass(&f, 1, 1173, 173 * FRAME));
}

static void what_is_lost_on_the_way_stays_a_gap(void **state)
{
	CLEARED struct fixture f = begin();

	(void)state;
	pass(&f, 1, 100, 0);
	f.now_us += 50 * FRAME_US;
	assert_true(pass(&f, 1, 150, 50 * FRAME));
	assert_int_equal(f.seq, 150);
	assert_int_equal(f.timestamp, 50 * FRAME);
	assert_false(f.marker);
	/* A sender that is faster than its clock, and loses some. */
	f.now_us += 1000;
	assert_true(pass(&f, 1, 1150, 1050 * FRAME));
	assert_int_equal(f.seq, 1150);
	assert_int_equal(f.timestamp, 1050 * FRAME);
	/* Silence suppression: time goes on, numbers do not. */
	f.now_us += 3000000;
	assert_true(pass(&f, 1, 1151, 1050 * FRAME + 24000));
	assert_int_equal(f.timestamp, 1050 * FRAME + 24000);
}

static void what_was_held_back_leaves_no_gap(void **state)
{
	CLEARED struct fixture f = begin();
	struct fixture before;

	(void)state;
	pass(&f, 1, 100, 0);
	send_run(&f, 1, 101, FRAME, 5);
	before = f;
	outgoing_pause(&f.outgoing);
	f.now_us += 400 * FRAME_US;
	assert_true(pass(&f, 1, 505, 405 * FRAME));
	assert_int_equal(f.seq, before.seq + 1);
	assert_int_equal(f.timestamp, before.timestamp + 400 * FRAME);
	assert_true(f.marker);
	send_run(&f, 1, 506, 406 * FRAME, 5);
}

static void sources_that_live_at_once_have_a_stream_each(void **state)
{
	CLEARED struct fixture f = begin();
	uint32_t ours[5] = {0};
	uint16_t seqs[5] = {0};

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		for (uint32_t ssrc = 0; ssrc < 5; ssrc++) {
			f.now_us += 4000;
			assert_true(pass(
				&f, 10 + ssrc, (uint16_t)(1000 * ssrc + i), i * FRAME));
			if (i > 1) {
				assert_int_equal(f.ssrc, ours[ssrc]);
				assert_int_equal(f.seq, seqs[ssrc] + 1);
			}
			ours[ssrc] = f.ssrc;
			seqs[ssrc] = f.seq;
		}
	for (unsigned i = 0; i < 5; i++)
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(ours[i], ours[j]);
	/* When all but one have fallen silent, a further one takes the place of a silent one:
	 * no SSRC is new to the far end. */
	f.now_us += OUTGOING_SILENT_US;
	pass(&f, 10, 2000, 0);
	pass(&f, 99, 5, 5);
	assert_true(f.ssrc == ours[0] || f.ssrc == ours[1] || f.ssrc == ours[2] ||
		    f.ssrc == ours[3] || f.ssrc == ours[4]);
}

/* Simulcast and retransmission begin within one frame of each other. */
static void streams_of_video_are_not_taken_for_one(void **state)
{
	CLEARED struct fixture f = begin();
	uint32_t first;

	(void)state;
	f.clock = video;
	pass(&f, 1, 1, 0);
	first = f.ssrc;
	pass(&f, 2, 1, 0);
	assert_int_not_equal(f.ssrc, first);
	/* Pictures that are shown in another order than they come in. */
	pass(&f, 1, 2, 9000);
	f.now_us += 33000;
	assert_true(pass(&f, 1, 3, 3000));
	assert_int_equal(f.timestamp, 3000);
	assert_int_equal(f.seq, 3);
	assert_false(f.marker);
}

static void more_sources_than_streams_share_them(void **state)
{
	CLEARED struct fixture f = begin();
	uint32_t seen[OUTGOING_STREAMS] = {0};
	unsigned count = 0;

	(void)state;
	for (unsigned i = 0; i < 50; i++)
		for (uint32_t ssrc = 1; ssrc <= OUTGOING_SOURCES; ssrc++) {
			unsigned at = 0;

			f.now_us += 500;
			assert_true(pass(&f, ssrc, (uint16_t)i, i * FRAME));
			while (at < count && seen[at] != f.ssrc)
				at++;
			assert_in_range(at, 0, OUTGOING_STREAMS - 1);
			if (at == count)
				seen[count++] = f.ssrc;
		}
	assert_int_equal(count, OUTGOING_STREAMS);
}

/* No number of any stream is used twice, whatever comes: it would be a key stream used twice. */
static void no_number_is_ever_sent_twice(void **state)
{
	static uint8_t sent[OUTGOING_STREAMS][65536];
	CLEARED struct fixture f = begin();
	uint32_t random = 1;
	unsigned count = 0;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		unsigned stream = 0;
		uint32_t wraps;

		random = random * 1664525 + 1013904223;
		f.now_us += random >> 8 & 0x7fff;
		if (random >> 28 == 3) {
			outgoing_insert(&f.outgoing, 8000, f.now_us);
			continue;
		}
		if (random >> 28 == 4)
			outgoing_pause(&f.outgoing);
		if (!pass(&f, random >> 29, (uint16_t)(random >> 20), random))
			continue;
		while (outgoing_stream(&f.outgoing, stream)->ssrc != f.ssrc)
			stream++;
		wraps = outgoing_stream(&f.outgoing, stream)->highest >> 16;
		/* Once a wrap. */
		assert_true(sent[stream][f.seq] <= wraps);
		sent[stream][f.seq] = (uint8_t)(wraps + 1);
		count++;
	}
	assert_true(count > 100000);
}

static void packets_of_our_own_stand_between_theirs(void **state)
{
	CLEARED struct fixture f = begin();
	struct outgoing_numbers own;

	(void)state;
	pass(&f, 1, 100, 0);
	send_run(&f, 1, 101, FRAME, 5);
	for (unsigned i = 1; i <= 10; i++) {
		f.now_us += FRAME_US;
		own = outgoing_insert(&f.outgoing, 8000, f.now_us);
		assert_int_equal(own.ssrc, f.ssrc);
		assert_int_equal(own.seq, f.seq + i);
		assert_int_equal(own.timestamp, f.timestamp + i * FRAME);
	}
	/* Its clock went on meanwhile, or stood still. */
	f.now_us += FRAME_US;
	assert_true(pass(&f, 1, 106, 16 * FRAME));
	assert_int_equal(f.seq, own.seq + 1);
	assert_int_equal(f.timestamp, own.timestamp + FRAME);
	f.now_us += FRAME_US;
	own = outgoing_insert(&f.outgoing, 8000, f.now_us);
	f.now_us += FRAME_US;
	assert_true(pass(&f, 1, 107, 17 * FRAME));
	assert_int_equal(f.seq, own.seq + 1);
	assert_int_equal(f.timestamp, own.timestamp + FRAME);
	send_run(&f, 1, 108, 18 * FRAME, 5);
}

static void packets_of_our_own_need_nobody_elses(void **state)
{
	CLEARED struct fixture f = begin();
	struct outgoing_numbers first, next;

	(void)state;
	first = outgoing_insert(&f.outgoing, 8000, f.now_us);
	assert_in_range(first.seq, 0, 0x7fff);
	f.now_us += FRAME_US;
	next = outgoing_insert(&f.outgoing, 8000, f.now_us);
	assert_int_equal(next.ssrc, first.ssrc);
	assert_int_equal(next.seq, first.seq + 1);
	assert_int_equal(next.timestamp, first.timestamp + FRAME);
	f.now_us += FRAME_US;
	assert_true(pass(&f, 1, 60000, 0));
	assert_int_equal(f.ssrc, first.ssrc);
	assert_int_equal(f.seq, next.seq + 1);
	assert_int_equal(f.timestamp, next.timestamp + FRAME);
}

/* Where the clock is a guess, timestamps are left alone. */
static void an_unknown_clock_is_not_judged(void **state)
{
	CLEARED struct fixture f = begin();

	(void)state;
	f.clock.rate_most = 48000;
	pass(&f, 1, 1, 0);
	for (unsigned i = 1; i < 100; i++) { /* Opus */
		f.now_us += FRAME_US;
		assert_true(pass(&f, 1, (uint16_t)(1 + i), i * 960));
		assert_int_equal(f.timestamp, i * 960);
		assert_int_equal(f.seq, 1 + i);
	}
}

static void a_source_that_says_goodbye_ends_its_stream(void **state)
{
	CLEARED struct fixture f = begin();
	uint32_t first, ended = 0;

	(void)state;
	pass(&f, 1, 100, 0);
	first = f.ssrc;
	assert_false(outgoing_end(&f.outgoing, 2, &ended));
	assert_true(outgoing_end(&f.outgoing, 1, &ended));
	assert_int_equal(ended, first);
	assert_int_not_equal(outgoing_ssrc(&f.outgoing), first);
	assert_false(outgoing_end(&f.outgoing, 1, &ended));
	pass(&f, 2, 100, 0);
	assert_int_not_equal(f.ssrc, first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_sources_numbers_stay_its_ssrc_does_not),
		cmocka_unit_test(each_side_and_line_has_an_ssrc_of_its_own),
		cmocka_unit_test(a_stream_goes_on_behind_that_of_another_line),
		cmocka_unit_test(what_was_sent_of_another_line_may_be_ahead_of_ours),
		cmocka_unit_test(another_source_takes_the_place_of_the_one_before),
		cmocka_unit_test(sources_of_one_packet_each_are_one_stream),
		cmocka_unit_test(a_source_may_begin_again_anywhere),
		cmocka_unit_test(a_source_may_begin_again_a_little_lower),
		cmocka_unit_test(late_packets_keep_their_place_and_go_once),
		cmocka_unit_test(what_is_lost_on_the_way_stays_a_gap),
		cmocka_unit_test(what_was_held_back_leaves_no_gap),
		cmocka_unit_test(sources_that_live_at_once_have_a_stream_each),
		cmocka_unit_test(streams_of_video_are_not_taken_for_one),
		cmocka_unit_test(more_sources_than_streams_share_them),
		cmocka_unit_test(no_number_is_ever_sent_twice),
		cmocka_unit_test(packets_of_our_own_stand_between_theirs),
		cmocka_unit_test(packets_of_our_own_need_nobody_elses),
		cmocka_unit_test(an_unknown_clock_is_not_judged),
		cmocka_unit_test(a_source_that_says_goodbye_ends_its_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
