/* Frames of captures on the wire: UDP is found wherever it is, and nothing is read beyond what was captured; SRTP is opened. */
#include "../unit.h"

#include "ctl/wire_frame.h"
#include "ctl/wire_media.h"
#include "media/srtp.h"
#include "media/srtp_engine.h"
#include "sdp/keyline.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM 1000

/* Both have "RTP!" as payload, from port 1000 to port 2000. */
static const char udp4[] = "\x45\0\0\x20\0\0\0\0\x40\x11\0\0\xc0\0\2\1\xc0\0\2\2"
			   "\x03\xe8\x07\xd0\0\x0c\0\0RTP!";
static const char udp6[] = "\x60\0\0\0\0\x0c\x11\x40\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0"
			   "\1\x20\1\x0d\xb8\0\0\0\0\0\0"
			   "\0\0\0\0\0\2\x03\xe8\x07\xd0\0\x0c\0\0RTP!";

struct head {
	int link_type;
	size_t len;
	const char *bytes;
	bool v6;
};

/* A literal with its length. */
#define BYTES(text) sizeof(text) - 1, text

static const struct head heads[] = {
	{DLT_EN10MB, BYTES("aaaaaabbbbbb\x08\0"), false},
	{DLT_EN10MB, BYTES("aaaaaabbbbbb\x86\xdd"), true},
	{DLT_EN10MB, BYTES("aaaaaabbbbbb\x81\0\0\1\x08\0"), false},
	{DLT_EN10MB, BYTES("aaaaaabbbbbb\x88\xa8\0\1\x81\0\0\2\x86\xdd"), true},
	{DLT_LINUX_SLL, BYTES("\0\4\3\4\0\6hhhhhh\0\0\x08\0"), false},
	{DLT_LINUX_SLL2, BYTES("\x86\xdd\0\0\0\0\0\1\0\1\0\6hhhhhhhh"), true},
	{DLT_RAW, BYTES(""), false},
	{DLT_RAW, BYTES(""), true},
};

static size_t make(const struct head *head, uint8_t *out)
{
	const size_t len = head->v6 ? sizeof(udp6) - 1 : sizeof(udp4) - 1;

	memcpy(out, head->bytes, head->len);
	memcpy(out + head->len, head->v6 ? udp6 : udp4, len);
	return head->len + len;
}

static void udp_is_found(void **state)
{
	struct wire_frame frame;
	uint8_t data[ROOM];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		len = make(&heads[i], data);
		assert_true(wire_frame_read(&frame, heads[i].link_type, data, len));
		assert_int_equal(frame.ip, heads[i].len);
		assert_int_equal(frame.payload_len, 4);
		assert_memory_equal(data + frame.payload, "RTP!", 4);
		assert_int_equal(addr_port(&frame.from), 1000);
		assert_int_equal(addr_port(&frame.to), 2000);
		assert_int_equal(addr_is_v6(&frame.to), heads[i].v6);
		assert_false(addr_equal_host(&frame.from, &frame.to));
		/* behind its end the link may have something */
		assert_true(wire_frame_read(&frame, heads[i].link_type, data, len + 6));
		assert_int_equal(frame.payload_len, 4);
	}
}

static void one_that_was_cut_has_none(void **state)
{
	struct wire_frame frame;
	uint8_t data[ROOM], *copy;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		len = make(&heads[i], data);
		for (size_t cut = 0; cut < len; cut++) {
			/* of its own, so that what is read behind it is seen */
			copy = malloc(cut + 1);
			memcpy(copy, data, cut);
			assert_false(
				wire_frame_read(&frame, heads[i].link_type, copy, cut));
			free(copy);
		}
	}
}

/* BYTE at AT of the IP packet makes it none. */
static void refused(const struct head *head, size_t at, uint8_t byte)
{
	struct wire_frame frame;
	uint8_t data[ROOM];
	size_t len = make(head, data);

	data[head->len + at] = byte;
	assert_false(wire_frame_read(&frame, head->link_type, data, len));
}

static void what_is_no_udp_is_none(void **state)
{
	const struct head *v4 = &heads[0], *v6 = &heads[1];
	struct wire_frame frame;
	uint8_t data[ROOM];
	size_t len;

	(void)state;
	refused(v4, 0, 0x65);
	refused(v4, 0, 0x44); /* shorter than a header */
	refused(v4, 0, 0x4f); /* longer than the packet */
	refused(v4, 3, 27);
	refused(v4, 3, 33);
	refused(v4, 6, 0x20); /* a fragment follows */
	refused(v4, 7, 1);
	refused(v4, 9, 6);
	refused(v4, 25, 7);
	refused(v4, 25, 13);
	refused(v6, 0, 0x40);
	refused(v6, 5, 7);
	refused(v6, 5, 13);
	refused(v6, 6, 44);
	refused(v6, 45, 13);
	len = make(v4, data);
	data[12] = 0x86;
	assert_false(wire_frame_read(&frame, DLT_EN10MB, data, len));
	assert_false(wire_frame_read(&frame, DLT_IEEE802_11, data, len));
}

static uint16_t sum(const uint8_t *data, size_t len, uint32_t start)
{
	for (size_t i = 0; i < len; i++)
		start += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return (uint16_t)start;
}

static void a_shorter_one_is_right(void **state)
{
	struct wire_frame frame, again;
	uint8_t data[ROOM];
	size_t len, left;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		left = 3 - i;
		len = make(&heads[i], data);
		assert_true(wire_frame_read(&frame, heads[i].link_type, data, len));
		len = wire_frame_write(&frame, data, left);
		assert_int_equal(len, frame.payload + left);
		assert_true(wire_frame_read(&again, heads[i].link_type, data, len));
		assert_int_equal(again.payload_len, left);
		if (!frame.v6)
			assert_int_equal(sum(data + frame.ip, 20, 0), 0xffff);
		/* addresses, protocol and length are summed with it: RFC 768, RFC 8200 8.1 */
		assert_int_equal(sum(data + frame.udp - (frame.v6 ? 32U : 8U),
					 (frame.v6 ? 32U : 8U) + 8 + left,
					 (uint32_t)(17 + 8 + left)),
			0xffff);
	}
}

/* ---- SRTP ---- */

#define KEY "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define OTHER "inline:QU5fX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define LINE(time, call, way, local, key)                                                \
	time ".000000 " call " a 0 " way " " local " - 1 AES_CM_128_HMAC_SHA1_80 " key   \
	     "\n"
#define NOW_US UINT64_C(100000000)

static struct wire_media *media_of(const char *keys)
{
	struct wire_media *media = NULL;
	struct err_text text = {""};

	if (wire_media_new(&media, span_of(keys), NULL, &text) != 0)
		fail_msg("%s", text.text);
	return media;
}

static struct srtp_context *sealer(const char *key)
{
	char text[200];
	struct srtp_context *context;
	struct relay_key made = {.suite = RELAY_AES_CM_128_HMAC_SHA1_80};
	struct sdes_crypto crypto;
	struct err_text why;

	snprintf(text, sizeof(text), "1 AES_CM_128_HMAC_SHA1_80 %s", key);
	assert_int_equal(sdes_parse(&crypto, span_of(text), &why), 0);
	made.key = crypto.key;
	assert_int_equal(srtp_context_new(&context, &made, SRTP_SEAL), 0);
	return context;
}

/* A frame with a packet of RTP, or RTCP, that CONTEXT seals. FRAME is of it. */
static void seal(struct srtp_context *context, bool rtcp, unsigned number,
	struct wire_frame *frame, uint8_t data[static ROOM])
{
	_Alignas(8) uint8_t packet[100] = {0x80, rtcp ? 201 : 8, 0, rtcp ? 1 : 0};
	size_t len = rtcp ? 8 : 20;

	if (!rtcp) {
		packet[2] = (uint8_t)(number >> 8);
		packet[3] = (uint8_t)number;
	}
	packet[rtcp ? 7 : 11] = 1;
	assert_int_equal(srtp_context_seal(context, rtcp, packet, &len), 0);
	assert_true(wire_frame_read(frame, DLT_RAW, data, make(&heads[6], data)));
	memcpy(data + frame->payload, packet, len);
	frame->payload_len = len;
}

static enum wire_media_found open_one(struct wire_media *media, uint64_t us,
	struct srtp_context *context, bool rtcp, unsigned number)
{
	char note[WIRE_MEDIA_NOTE_SIZE] = "";
	struct wire_frame frame;
	enum wire_media_found found;
	uint8_t data[ROOM];
	size_t len = 0;

	seal(context, rtcp, number, &frame, data);
	found = wire_media_open(media, us, &frame, data, &len, note);
	assert_int_equal(note[0] != '\0', found == WIRE_MEDIA_OPENED);
	if (found == WIRE_MEDIA_OPENED)
		assert_int_equal(len, rtcp ? 8 : 20);
	return found;
}

static void media_is_opened_by_the_key_of_its_port(void **state)
{
	static const struct {
		const char *keys;
		enum wire_media_found rtp, rtcp;
	} cases[] = {
		{LINE("100", "c", "in", "192.0.2.2:2000", KEY), WIRE_MEDIA_OPENED,
			WIRE_MEDIA_OPENED},
		{LINE("100", "c", "out", "192.0.2.1:1000", KEY), WIRE_MEDIA_OPENED,
			WIRE_MEDIA_OPENED},
		/* RTCP is at the next port */
		{LINE("100", "c", "in", "192.0.2.2:1999", KEY), WIRE_MEDIA_NONE,
			WIRE_MEDIA_OPENED},
		{LINE("100", "c", "out", "192.0.2.1:999", KEY), WIRE_MEDIA_NONE,
			WIRE_MEDIA_OPENED},
		{LINE("100", "c", "out", "192.0.2.2:2000", KEY), WIRE_MEDIA_NONE,
			WIRE_MEDIA_NONE},
		{LINE("100", "c", "in", "192.0.2.3:2000", KEY), WIRE_MEDIA_NONE,
			WIRE_MEDIA_NONE},
		{LINE("100", "c", "in", "192.0.2.2:2001", KEY), WIRE_MEDIA_NONE,
			WIRE_MEDIA_NONE},
		{LINE("100", "c", "in", "192.0.2.2:2000", OTHER), WIRE_MEDIA_CLOSED,
			WIRE_MEDIA_CLOSED},
		/* of a call that is later */
		{LINE("103", "c", "in", "192.0.2.2:2000", KEY), WIRE_MEDIA_NONE,
			WIRE_MEDIA_NONE},
		{LINE("99", "c", "in", "192.0.2.2:2000", KEY)
				LINE("100", "d", "in", "192.0.2.2:2000", OTHER),
			WIRE_MEDIA_OPENED, WIRE_MEDIA_OPENED},
		{"", WIRE_MEDIA_NONE, WIRE_MEDIA_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wire_media *media = media_of(cases[i].keys);
		struct srtp_context *context = sealer(KEY);

		assert_int_equal(
			open_one(media, NOW_US, context, false, 7), cases[i].rtp);
		assert_int_equal(
			open_one(media, NOW_US, context, true, 0), cases[i].rtcp);
		srtp_context_free(context);
		wire_media_free(media);
	}
}

static void it_is_found_behind_a_roll_over(void **state)
{
	struct wire_media *media =
		media_of(LINE("100", "c", "in", "192.0.2.2:2000", KEY));
	struct srtp_context *context = sealer(KEY);
	struct wire_frame frame;
	uint8_t data[ROOM];

	(void)state;
	/* the capture begins behind it */
	for (unsigned number = 60000; number < 66000; number++)
		seal(context, false, number & 0xffff, &frame, data);
	for (unsigned number = 66000; number < 66010; number++)
		assert_int_equal(open_one(media, NOW_US, context, false, number & 0xffff),
			WIRE_MEDIA_OPENED);
	srtp_context_free(context);
	wire_media_free(media);
}

static void one_that_comes_twice_stays(void **state)
{
	struct wire_media *media =
		media_of(LINE("100", "c", "in", "192.0.2.2:2000", KEY));
	struct srtp_context *context = sealer(KEY);
	char note[WIRE_MEDIA_NOTE_SIZE];
	struct wire_frame frame;
	uint8_t data[ROOM], before[ROOM];
	size_t len;

	(void)state;
	seal(context, false, 7, &frame, data);
	memcpy(before, data, sizeof(before));
	assert_int_equal(wire_media_open(media, NOW_US, &frame, data, &len, note),
		WIRE_MEDIA_OPENED);
	memcpy(data, before, sizeof(data));
	assert_int_equal(wire_media_open(media, NOW_US, &frame, data, &len, note),
		WIRE_MEDIA_AGAIN);
	assert_memory_equal(data, before, frame.payload + frame.payload_len);
	/* nor is what is no RTP touched */
	data[frame.payload] = 0;
	assert_int_equal(wire_media_open(media, NOW_US, &frame, data, &len, note),
		WIRE_MEDIA_NONE);
	frame.payload_len = 4;
	assert_int_equal(wire_media_open(media, NOW_US, &frame, data, &len, note),
		WIRE_MEDIA_NONE);
	srtp_context_free(context);
	wire_media_free(media);
}

static void those_of_one_call_open_nothing_else(void **state)
{
	static const char keys[] = LINE("100", "c", "in", "192.0.2.2:2000", KEY)
		LINE("100", "d", "in", "192.0.2.2:2000", OTHER);
	struct srtp_context *context = sealer(KEY);
	struct wire_media *media;
	struct err_text text;

	(void)state;
	assert_int_equal(wire_media_new(&media, span_of(keys), "c", &text), 0);
	assert_int_equal(open_one(media, NOW_US, context, false, 7), WIRE_MEDIA_OPENED);
	wire_media_free(media);
	assert_int_equal(wire_media_new(&media, span_of(keys), "d", &text), 0);
	assert_int_equal(open_one(media, NOW_US, context, false, 8), WIRE_MEDIA_CLOSED);
	wire_media_free(media);
	assert_int_equal(wire_media_new(&media, span_of(keys), "e", &text), -ENOENT);
	assert_string_equal(text.text, "no keys of call e");
	srtp_context_free(context);
}

static void keys_that_are_none_are_named(void **state)
{
	struct wire_media *media = NULL;
	struct err_text text = {""};

	(void)state;
	assert_true(
		wire_media_new(&media,
			span_of(LINE("100", "c", "in", "192.0.2.2:2000", KEY) "noise\n"),
			NULL, &text) < 0);
	assert_string_equal(text.text, "line 2 is no key of SRTP");
	/* the server was killed while it wrote */
	media = media_of(LINE("100", "c", "in", "192.0.2.2:2000", KEY) "100.0000");
	wire_media_free(media);
	wire_media_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_is_found),
		cmocka_unit_test(one_that_was_cut_has_none),
		cmocka_unit_test(what_is_no_udp_is_none),
		cmocka_unit_test(a_shorter_one_is_right),
		cmocka_unit_test(media_is_opened_by_the_key_of_its_port),
		cmocka_unit_test(it_is_found_behind_a_roll_over),
		cmocka_unit_test(one_that_comes_twice_stays),
		cmocka_unit_test(those_of_one_call_open_nothing_else),
		cmocka_unit_test(keys_that_are_none_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
