/* RTCP in the terms of the other end's streams. */
#include "media_test.h"

#include "media/rtcp.h"
#include "media/rtp.h"
#include "media/translator.h"

#include <stdlib.h>

#define ROOM 1400
#define THEIRS 0x11111111 /* who sends the RTCP, and RTP */
#define OTHERS 0x22222222 /* whose RTP it hears */
#define CNAME "0123456789abcdef01234567"

static const struct outgoing_clock pcmu = {8000, 8000};

/* What goes to the other end, and what goes to whom the RTCP comes from, each one packet of
 * another source ahead of its source's own numbers. */
struct fixture {
	struct outgoing forward, back;
	struct translator translator;
	uint8_t in[ROOM], out[ROOM];
	size_t in_len, out_len;
	uint32_t ours_forward, ours_back;
	uint16_t seq_shift;       /* of BACK: ours is theirs and this */
	uint32_t timestamp_shift; /* of FORWARD */
};

static uint32_t pass(
	struct outgoing *outgoing, uint32_t ssrc, uint16_t seq, uint64_t now_us)
{
	struct test_packet packet;

	test_rtp(&packet, ssrc, seq, 160);
	rtp_set_timestamp(packet.data, ssrc + (uint32_t)(now_us / 125));
	assert_true(outgoing_packet(outgoing, &pcmu, packet.data, packet.len, now_us));
	outgoing_count(outgoing, packet.data, packet.len);
	return rtp_ssrc(packet.data);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	outgoing_init(&f->forward, 1);
	outgoing_init(&f->back, 2);
	pass(&f->forward, 1, 500, 1000000);
	pass(&f->back, 2, 700, 1000000);
	for (unsigned i = 0; i < 10; i++) {
		f->ours_forward = pass(
			&f->forward, THEIRS, (uint16_t)(100 + i), 1020000 + i * 20000);
		f->ours_back = pass(
			&f->back, OTHERS, (uint16_t)(65530 + i), 1020000 + i * 20000);
	}
	f->seq_shift = (uint16_t)(701 - 65530);
	f->timestamp_shift = f->forward.streams[0].timestamp - THEIRS - 1200000 / 125;
	f->translator = (struct translator){
		.forward = &f->forward, .back = &f->back, .cname = CNAME};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	outgoing_clear(&f->forward);
	outgoing_clear(&f->back);
	free(f);
	return 0;
}

/* ---- what comes ---- */

static void word(struct fixture *f, uint32_t value)
{
	rtp_put32(f->in + f->in_len, value);
	f->in_len += 4;
}

static void begin(struct fixture *f)
{
	f->in_len = 0;
}

/* A part of COUNT and TYPE with so many WORDS behind its head, to be written next. */
static void part(struct fixture *f, unsigned count, uint8_t type, unsigned words)
{
	word(f, 0x80000000U | count << 24 | (uint32_t)type << 16 | words);
}

static void report_block(struct fixture *f, uint32_t ssrc, uint32_t lost,
	uint32_t highest, uint32_t last_sr)
{
	word(f, ssrc);
	word(f, 0x40000000 | (lost & 0xffffff));
	word(f, highest);
	word(f, 80);
	word(f, last_sr);
	word(f, 655);
}

static size_t translate(struct fixture *f)
{
	assert_true(rtcp_is_valid(f->in, f->in_len));
	f->translator.ended_count = f->translator.left_out = 0;
	f->out_len =
		translator_rtcp(&f->translator, f->in, f->in_len, f->out, sizeof(f->out));
	if (f->out_len > 0)
		assert_true(rtcp_is_valid(f->out, f->out_len));
	return f->out_len;
}

static uint32_t out_word(const struct fixture *f, unsigned index)
{
	assert_true(4 * index + 4 <= f->out_len);
	return rtp_get32(f->out + 4 * index);
}

/* ---- reports ---- */

static void a_sender_report_tells_of_our_stream(void **state)
{
	struct fixture *f = *state;
	struct rtcp_sender sender;

	begin(f);
	part(f, 0, RTCP_SR, 6);
	word(f, THEIRS);
	word(f, 0xe0000000);
	word(f, 0x12345678);
	word(f, 777000);
	word(f, 10);
	word(f, 1600);
	assert_int_equal(translate(f), 28);
	assert_true(rtcp_sender(f->out, f->out_len, &sender));
	assert_int_equal(sender.ssrc, f->ours_forward);
	assert_int_equal(sender.ntp, UINT64_C(0xe000000012345678));
	assert_int_equal(sender.timestamp, 777000 + f->timestamp_shift);
	/* With the one packet of the source before. */
	assert_int_equal(sender.packets, 11);
	assert_int_equal(sender.octets, 11 * 160);
}

static void a_sender_report_about_nothing_that_is_sent_is_a_receiver_report(void **state)
{
	struct fixture *f = *state;
	struct rtcp_report block;

	begin(f);
	part(f, 1, RTCP_SR, 12);
	word(f, 0x33333333);
	for (unsigned i = 0; i < 5; i++)
		word(f, i);
	report_block(f, f->ours_back, 0, 710, 0);
	assert_int_equal(translate(f), 32);
	assert_int_equal(f->out[1], RTCP_RR);
	assert_int_equal(out_word(f, 1), f->ours_forward);
	assert_int_equal(rtcp_reports(f->out, f->out_len, &block, 1), 1);
	assert_int_equal(block.source, OTHERS);
}

static void a_report_block_is_about_the_source_in_its_numbers(void **state)
{
	struct fixture *f = *state;
	struct rtcp_report blocks[3];

	begin(f);
	part(f, 2, RTCP_RR, 13);
	word(f, THEIRS);
	report_block(f, f->ours_back, 5, 709, 0xabcd1234);
	report_block(f, 0x44444444, 1, 1, 1); /* of nobody */
	assert_int_equal(translate(f), 32);
	assert_int_equal(f->translator.left_out, 1);
	assert_int_equal(rtcp_reports(f->out, f->out_len, blocks, 3), 1);
	assert_int_equal(blocks[0].reporter, f->ours_forward);
	assert_int_equal(blocks[0].source, OTHERS);
	assert_int_equal(blocks[0].fraction_lost, 64);
	assert_int_equal(blocks[0].lost, 5);
	/* 709 of ours is 65538: past a wrap of the source's. */
	assert_int_equal(blocks[0].highest_seq, 65538);
	assert_int_equal(blocks[0].jitter, 80);
	assert_int_equal(blocks[0].last_sr, 0xabcd1234);
	assert_int_equal(blocks[0].delay_last_sr, 655);
}

/* What the far end lost of the source before is no loss of the one that follows. */
static void losses_are_counted_for_each_source(void **state)
{
	struct fixture *f = *state;
	struct rtcp_report block;

	begin(f);
	part(f, 1, RTCP_RR, 7);
	word(f, THEIRS);
	report_block(f, f->ours_back, 30, 709, 0);
	translate(f);
	pass(&f->back, 0x55555555, 9000, 1300000);
	begin(f);
	part(f, 1, RTCP_RR, 7);
	word(f, THEIRS);
	report_block(f, f->ours_back, 33, 711, 0);
	translate(f);
	assert_int_equal(rtcp_reports(f->out, f->out_len, &block, 1), 1);
	assert_int_equal(block.source, 0x55555555);
	assert_int_equal(block.lost, 3);
	assert_int_equal(block.highest_seq, 9000);
	/* Less than before: duplicates were set off. */
	begin(f);
	part(f, 1, RTCP_RR, 7);
	word(f, THEIRS);
	report_block(f, f->ours_back, 28, 711, 0);
	translate(f);
	assert_int_equal(rtcp_reports(f->out, f->out_len, &block, 1), 1);
	assert_int_equal(block.lost, -2);
}

static void an_answer_to_our_own_report_is_no_answer_to_theirs(void **state)
{
	struct fixture *f = *state;
	struct rtcp_report block;

	f->translator.own_report = 0x12345678;
	begin(f);
	part(f, 1, RTCP_RR, 7);
	word(f, THEIRS);
	report_block(f, f->ours_back, 0, 709, 0x12345678);
	translate(f);
	assert_int_equal(rtcp_reports(f->out, f->out_len, &block, 1), 1);
	assert_int_equal(block.last_sr, 0);
	assert_int_equal(block.delay_last_sr, 0);
}

/* ---- descriptions and goodbyes ---- */

static void a_description_has_our_name_and_no_other_item(void **state)
{
	static const uint8_t items[] = "\1\5alice\2\7Alice B\0"; /* CNAME, NAME */
	struct fixture *f = *state;

	begin(f);
	part(f, 2, RTCP_SDES, 8);
	word(f, THEIRS);
	memcpy(f->in + f->in_len, items, sizeof(items));
	f->in_len += 20;
	word(f, 0x99999999); /* whom a mixer has in its packets */
	word(f, 0);
	assert_int_equal(translate(f), 4 + 32);
	assert_int_equal(f->out[0], 0x81);
	assert_int_equal(out_word(f, 1), f->ours_forward);
	assert_memory_equal(f->out + 8, "\1\30" CNAME "\0\0", 28);
}

/* Sources that live at once have a stream each, and a chunk each. */
static void a_description_names_each_stream(void **state)
{
	static const uint8_t items[12] = "\1\6alice!"; /* and four zeros */
	struct fixture *f = *state;
	uint32_t second = 0;

	for (unsigned i = 0; i < 3; i++) {
		second = pass(
			&f->forward, 0x66666666, (uint16_t)(1 + i), 1210000 + i * 20000);
		pass(&f->forward, THEIRS, (uint16_t)(110 + i), 1220000 + i * 20000);
	}
	assert_int_not_equal(second, f->ours_forward);
	begin(f);
	part(f, 2, RTCP_SDES, 7);
	word(f, 0x66666666);
	memcpy(f->in + f->in_len, items, sizeof(items));
	f->in_len += sizeof(items);
	word(f, THEIRS);
	word(f, 0x01014100);
	word(f, 0);
	assert_int_equal(translate(f), 4 + 2 * 32);
	assert_int_equal(f->out[0], 0x82);
	assert_int_equal(out_word(f, 1), second);
	assert_memory_equal(f->out + 8, "\1\30" CNAME "\0\0", 28);
	assert_int_equal(out_word(f, 9), f->ours_forward);
	assert_memory_equal(f->out + 40, "\1\30" CNAME "\0\0", 28);
}

/* The text behind the sources is none of them, whatever it says. */
static void the_reason_of_a_goodbye_ends_nothing(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 3; i++) {
		pass(&f->forward, 0x03627965, (uint16_t)(1 + i), 1210000 + i * 20000);
		pass(&f->forward, THEIRS, (uint16_t)(110 + i), 1220000 + i * 20000);
	}
	begin(f);
	part(f, 1, RTCP_BYE, 2);
	word(f, THEIRS);
	word(f, 0x03627965); /* "bye" */
	assert_int_equal(translate(f), 8);
	assert_int_equal(out_word(f, 1), f->ours_forward);
	assert_int_equal(f->translator.ended_count, 1);
}

static void goodbye_ends_the_stream(void **state)
{
	struct fixture *f = *state;

	begin(f);
	part(f, 0, RTCP_RR, 1);
	word(f, THEIRS);
	part(f, 2, RTCP_BYE, 4);
	word(f, THEIRS);
	word(f, 0x44444444);
	word(f, 0x03627965); /* "bye" */
	word(f, 0);
	assert_int_equal(translate(f), 8 + 8);
	assert_int_equal(out_word(f, 2), 0x81cb0001);
	assert_int_equal(out_word(f, 3), f->ours_forward);
	assert_int_equal(f->translator.ended_count, 1);
	assert_int_equal(f->translator.ended[0], f->ours_forward);
	assert_int_not_equal(outgoing_ssrc(&f->forward), f->ours_forward);
	/* Of one that is nobody, nothing is left. */
	begin(f);
	part(f, 1, RTCP_BYE, 1);
	word(f, THEIRS);
	assert_int_equal(translate(f), 0);
}

/* ---- feedback ---- */

static void feedback(struct fixture *f, uint8_t type, unsigned format, uint32_t about,
	const uint32_t *words, unsigned count)
{
	begin(f);
	part(f, format, type, 2 + count);
	word(f, THEIRS);
	word(f, about);
	for (unsigned i = 0; i < count; i++)
		word(f, words[i]);
}

static void what_is_asked_for_again_is_named_as_its_source_does(void **state)
{
	struct fixture *f = *state;
	/* The second one was sent before this source had the stream. */
	const uint32_t lost[] = {705U << 16 | 0xff, 700U << 16, 710U << 16 | 1};

	feedback(f, RTCP_RTPFB, 1, f->ours_back, lost, 3);
	assert_int_equal(translate(f), 12 + 8);
	assert_int_equal(out_word(f, 0), 0x81cd0004);
	assert_int_equal(out_word(f, 1), f->ours_forward);
	assert_int_equal(out_word(f, 2), OTHERS);
	assert_int_equal(out_word(f, 3), (705U - f->seq_shift) << 16 | 0xff);
	assert_int_equal(
		out_word(f, 4), (uint32_t)(uint16_t)(710 - f->seq_shift) << 16 | 1);
	assert_int_equal(f->translator.left_out, 1);
}

static void a_picture_is_asked_for_at_its_source(void **state)
{
	struct fixture *f = *state;
	const uint32_t fir[] = {0, 7U << 24, 0x44444444, 8U << 24};
	uint32_t target[4];

	feedback(f, RTCP_PSFB, 1, f->ours_back, NULL, 0);
	assert_int_equal(translate(f), 12);
	assert_int_equal(out_word(f, 2), OTHERS);
	feedback(f, RTCP_PSFB, 1, 0x44444444, NULL, 0);
	assert_int_equal(translate(f), 0);
	/* RFC 5104 4.3.1: whom it means stands behind, once for each. */
	memcpy(target, fir, sizeof(fir));
	target[0] = f->ours_back;
	feedback(f, RTCP_PSFB, 4, 0, target, 4);
	assert_int_equal(translate(f), 12 + 8);
	assert_int_equal(out_word(f, 2), 0);
	assert_int_equal(out_word(f, 3), OTHERS);
	assert_int_equal(out_word(f, 4), 7U << 24);
	/* The same for a bit rate. */
	feedback(f, RTCP_RTPFB, 3, 0, target, 2);
	assert_int_equal(translate(f), 12 + 8);
	assert_int_equal(out_word(f, 3), OTHERS);
}

static void a_bit_rate_is_named_for_each_source(void **state)
{
	struct fixture *f = *state;
	const uint32_t remb[] = {0x52454d42, 2U << 24 | 0x123456, 0x44444444, 0};
	uint32_t words[4];

	memcpy(words, remb, sizeof(remb));
	words[3] = f->ours_back;
	feedback(f, RTCP_PSFB, 15, 0, words, 4);
	assert_int_equal(translate(f), 12 + 12);
	assert_int_equal(out_word(f, 3), 0x52454d42);
	assert_int_equal(out_word(f, 4), 1U << 24 | 0x123456);
	assert_int_equal(out_word(f, 5), OTHERS);
	/* A count that promises more than is there. */
	words[1] = 9U << 24 | 0x123456;
	feedback(f, RTCP_PSFB, 15, 0, words, 4);
	assert_int_equal(translate(f), 12 + 12);
	assert_int_equal(out_word(f, 4), 1U << 24 | 0x123456);
	assert_int_equal(f->translator.left_out, 1);
	words[1] = 2U << 24 | 0x123456;
	/* What else has this type is not known, and may name anything. */
	words[0] = 0x4d535652;
	feedback(f, RTCP_PSFB, 15, f->ours_back, words, 4);
	assert_int_equal(translate(f), 0);
}

/* Answers to one who sends no RTP of its own reach it. */
static void one_who_only_listens_is_spoken_to(void **state)
{
	struct fixture *f = *state;
	struct outgoing silent;
	uint32_t words[2];

	outgoing_init(&silent, 3);
	f->translator.back = &silent;
	words[0] = outgoing_ssrc(&silent);
	words[1] = 1000;
	feedback(f, RTCP_RTPFB, 4, 0, words, 2); /* TMMBN, to whoever asked */
	assert_int_equal(translate(f), 0);
	silent.reporter = 0x77777777;
	assert_int_equal(translate(f), 12 + 8);
	assert_int_equal(out_word(f, 3), 0x77777777);
	assert_int_equal(f->forward.reporter, THEIRS);
}

/* ---- extended reports ---- */

static void extended_reports_are_about_the_source(void **state)
{
	struct fixture *f = *state;

	begin(f);
	part(f, 0, RTCP_XR, 1 + 3 + 4 + 10 + 3 + 9 + 2);
	word(f, THEIRS);
	word(f, 0x04000002); /* the time there */
	word(f, 0xe0000000);
	word(f, 1);
	word(f, 0x01000003); /* what was lost, by runs */
	word(f, f->ours_back);
	word(f, 705U << 16 | 709);
	word(f, 0xc0010000);
	word(f, 0x06e00009); /* statistics */
	word(f, 0x44444444);
	word(f, 705U << 16 | 709);
	for (unsigned i = 0; i < 7; i++)
		word(f, i);
	word(f, 0x05000002 + 0); /* DLRR: cut off, so nothing is in it */
	word(f, 0x44444444);
	word(f, 0);
	word(f, 0x07000008); /* of voice */
	word(f, f->ours_back);
	for (unsigned i = 0; i < 7; i++)
		word(f, 100 + i);
	word(f, 0x63000001); /* a block of type 99 */
	word(f, f->ours_back);
	assert_int_equal(translate(f), 4 * (2 + 3 + 4 + 9));
	assert_int_equal(out_word(f, 1), f->ours_forward);
	assert_int_equal(out_word(f, 3), 0xe0000000);
	assert_int_equal(out_word(f, 6), OTHERS);
	assert_int_equal(out_word(f, 7), (uint32_t)(uint16_t)(705 - f->seq_shift) << 16 |
						 (uint16_t)(709 - f->seq_shift));
	assert_int_equal(out_word(f, 8), 0xc0010000);
	assert_int_equal(out_word(f, 9), 0x07000008);
	assert_int_equal(out_word(f, 10), OTHERS);
	assert_int_equal(out_word(f, 17), 106);
	assert_int_equal(f->translator.left_out, 3);
	assert_int_equal(f->forward.reporter, THEIRS);
	/* Of a block about nobody nothing is left. */
	begin(f);
	part(f, 0, RTCP_XR, 1 + 2);
	word(f, THEIRS);
	word(f, 0x63000001);
	word(f, f->ours_back);
	assert_int_equal(translate(f), 0);
}

static void the_time_since_a_reference_goes_to_who_sent_that(void **state)
{
	struct fixture *f = *state;

	begin(f);
	part(f, 0, RTCP_XR, 1 + 7);
	word(f, THEIRS);
	word(f, 0x05000006);
	word(f, 0x44444444);
	word(f, 1);
	word(f, 2);
	word(f, f->ours_back);
	word(f, 3);
	word(f, 4);
	assert_int_equal(translate(f), 4 * (2 + 4));
	assert_int_equal(out_word(f, 2), 0x05000003);
	assert_int_equal(out_word(f, 3), OTHERS);
	assert_int_equal(out_word(f, 4), 3);
}

/* ---- what is not passed, and bounds ---- */

static void what_cannot_be_translated_is_left_out(void **state)
{
	static const struct {
		unsigned count;
		uint8_t type;
	} rows[] = {{0, RTCP_APP}, {2, RTCP_RTPFB}, {9, RTCP_RTPFB}, {11, RTCP_RTPFB},
		{7, RTCP_PSFB}, {0, 192}, {0, 208}, {0, 213}};
	struct fixture *f = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(f);
		part(f, 0, RTCP_RR, 1);
		word(f, THEIRS);
		part(f, rows[i].count, rows[i].type, 4);
		word(f, THEIRS);
		word(f, f->ours_back);
		word(f, 0x5445524d);
		word(f, f->ours_back);
		assert_int_equal(translate(f), 8);
		assert_int_equal(f->translator.left_out, 1);
	}
}

static void what_is_left_out_leaves_room_for_the_rest(void **state)
{
	struct fixture *f = *state;
	size_t whole;

	begin(f);
	part(f, 1, RTCP_RR, 7);
	word(f, THEIRS);
	report_block(f, f->ours_back, 0, 709, 0);
	part(f, 1, RTCP_SDES, 2);
	word(f, THEIRS);
	word(f, 0);
	part(f, 1, RTCP_PSFB, 2);
	word(f, THEIRS);
	word(f, f->ours_back);
	whole = translate(f);
	assert_int_equal(whole, 32 + 36 + 12);
	for (size_t room = 0; room <= whole; room++) {
		uint8_t out[128] = {0};
		size_t len = translator_rtcp(&f->translator, f->in, f->in_len, out, room);

		assert_true(len <= room);
		assert_int_equal(out[room], 0);
		if (len > 0)
			assert_true(rtcp_is_valid(out, len));
	}
}

static void padding_is_not_passed_on(void **state)
{
	struct fixture *f = *state;

	begin(f);
	word(f, 0xa1ce0003 & 0xffffffff); /* PLI, with 4 bytes of padding */
	word(f, THEIRS);
	word(f, f->ours_back);
	word(f, 4);
	assert_int_equal(translate(f), 12);
	assert_int_equal(out_word(f, 0), 0x81ce0002);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sender_report_tells_of_our_stream),
		TEST(a_sender_report_about_nothing_that_is_sent_is_a_receiver_report),
		TEST(a_report_block_is_about_the_source_in_its_numbers),
		TEST(losses_are_counted_for_each_source),
		TEST(an_answer_to_our_own_report_is_no_answer_to_theirs),
		TEST(a_description_has_our_name_and_no_other_item),
		TEST(a_description_names_each_stream),
		TEST(the_reason_of_a_goodbye_ends_nothing),
		TEST(goodbye_ends_the_stream),
		TEST(what_is_asked_for_again_is_named_as_its_source_does),
		TEST(a_picture_is_asked_for_at_its_source),
		TEST(a_bit_rate_is_named_for_each_source),
		TEST(one_who_only_listens_is_spoken_to),
		TEST(extended_reports_are_about_the_source),
		TEST(the_time_since_a_reference_goes_to_who_sent_that),
		TEST(what_cannot_be_translated_is_left_out),
		TEST(what_is_left_out_leaves_room_for_the_rest),
		TEST(padding_is_not_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
