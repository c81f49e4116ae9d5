/* Ladders as the server makes them: of messages as they passed, as somebody spoiled them, and of records. */
#include "../unit.h"

#include "admin/ladder.h"
#include "admin/ladder_message.h"
#include "admin/ladder_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START UINT64_C(1700000000000000)

static struct addr address(const char *text)
{
	struct addr addr = {.len = 0};

	assert_int_equal(addr_parse(&addr, text, 5060), 0);
	return addr;
}

static const char *word(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "(none)";
}

static json_int_t number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* ---- one message ---- */

static json_t *read_message(const char *text, size_t len)
{
	const struct ladder_message message = {.source = address("192.0.2.1"),
		.destination = address("[2001:db8::1]:5061"),
		.how = span_of("TLS1.3"),
		.text = {text, len}};

	return ladder_message_json(&message);
}

static json_t *read_text(const char *text)
{
	return read_message(text, strlen(text));
}

static void a_request_is_read(void **state)
{
	json_t *object = read_text(
		"INVITE sip:+4930@sbc.example SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1\r\ncseq :  7 INVITE \r\n"
		"Reason: Q.850;cause=16\r\nReason: SIP;cause=200\r\n\r\nCSeq: 8 BYE\r\n");

	(void)state;
	assert_string_equal(word(object, "method"), "INVITE");
	assert_string_equal(word(object, "uri"), "sip:+4930@sbc.example");
	assert_string_equal(word(object, "cseq"), "7 INVITE");
	assert_string_equal(word(object, "reason"), "Q.850;cause=16");
	assert_string_equal(word(object, "source"), "192.0.2.1:5060");
	assert_string_equal(word(object, "destination"), "[2001:db8::1]:5061");
	assert_string_equal(word(object, "how"), "TLS1.3");
	assert_string_equal(word(object, "digit"), "");
	assert_int_equal(number(object, "status"), 0);
	assert_int_equal(json_array_size(json_object_get(object, "media")), 0);
	assert_null(json_object_get(object, "text"));
	json_decref(object);
}

static void a_response_is_read(void **state)
{
	json_t *object = read_text("SIP/2.0 183 Session Progress\nCSeq: 1 INVITE\n\n");

	(void)state;
	assert_string_equal(word(object, "method"), "");
	assert_int_equal(number(object, "status"), 183);
	assert_string_equal(word(object, "phrase"), "Session Progress");
	assert_string_equal(word(object, "cseq"), "1 INVITE");
	json_decref(object);
	object = read_text("SIP/2.0 200 \r\n\r\n");
	assert_int_equal(number(object, "status"), 200);
	assert_string_equal(word(object, "phrase"), "");
	assert_string_equal(word(object, "cseq"), "");
	json_decref(object);
}

static void what_is_no_message_is_none(void **state)
{
	static const char *const texts[] = {"", "\r\n", "\r\n\r\n", "INVITE", "INVITE ",
		"INVITE sip:x", "INVITE sip:x HTTP/1.1\r\n", " INVITE sip:x SIP/2.0\r\n",
		"SIP/2.0\r\n", "SIP/2.0 \r\n", "SIP/2.0 99 x\r\n", "SIP/2.0 700 x\r\n",
		"SIP/2.0 20x OK\r\n", "SIP/2.0 2000 OK\r\n", "\x80\x00\x01\x02"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_false(ladder_message_is(span_of(texts[i])));
		assert_null(read_text(texts[i]));
	}
	assert_true(ladder_message_is(span_of("INVITE sip:x SIP/2.0")));
}

static void media_lines_are_read(void **state)
{
	static const char body[] =
		"v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\n"
		"t=0 0\r\nm=audio 4000 RTP/SAVP 8 101 96\r\n"
		"a=rtpmap:101 telephone-event/8000\r\n"
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxx\r\n"
		"a=crypto:2 AEAD_AES_256_GCM inline:xxxx\r\n"
		"a=sendonly\r\nm=video 0 RTP/AVP 31\r\n";
	static const char *const heads[] = {"Content-Type: application/sdp\r\n",
		"c: Application/SDP;x=y\r\n", "",
		"Content-Type: multipart/mixed;boundary=q\r\n"};
	const json_t *media, *line;
	char text[2000];
	json_t *object;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		snprintf(text, sizeof(text),
			"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n%s\r\n%s%s%s", heads[i],
			i == 3 ? "--q\r\nContent-Type: application/sdp\r\n\r\n" : "",
			body, i == 3 ? "--q\r\n\r\nm=audio 9 x 0\r\n--q--\r\n" : "");
		object = read_text(text);
		media = json_object_get(object, "media");
		assert_int_equal(json_array_size(media), 2);
		line = json_array_get(media, 0);
		assert_string_equal(word(line, "type"), "audio");
		assert_string_equal(word(line, "protocol"), "RTP/SAVP");
		assert_string_equal(word(line, "address"), "192.0.2.7");
		assert_int_equal(number(line, "port"), 4000);
		assert_string_equal(word(line, "direction"), "sendonly");
		assert_true(json_is_true(json_object_get(line, "hold")));
		assert_string_equal(json_string_value(json_array_get(
					    json_object_get(line, "codecs"), 0)),
			"PCMA");
		assert_string_equal(json_string_value(json_array_get(
					    json_object_get(line, "codecs"), 1)),
			"telephone-event");
		/* without a name it is its number */
		assert_string_equal(json_string_value(json_array_get(
					    json_object_get(line, "codecs"), 2)),
			"96");
		assert_string_equal(json_string_value(json_array_get(
					    json_object_get(line, "suites"), 1)),
			"AEAD_AES_256_GCM");
		line = json_array_get(media, 1);
		assert_int_equal(number(line, "port"), 0);
		assert_false(json_is_true(json_object_get(line, "hold")));
		json_decref(object);
	}
	/* of another type it is none */
	object = read_text("MESSAGE sip:x SIP/2.0\r\nContent-Type: text/plain\r\n\r\n"
			   "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\nm=audio 1 "
			   "RTP/AVP 0\r\n");
	assert_int_equal(json_array_size(json_object_get(object, "media")), 0);
	json_decref(object);
}

static void a_digit_is_read(void **state)
{
	json_t *object = read_text("INFO sip:x SIP/2.0\r\nCSeq: 3 INFO\r\n"
				   "Content-Type: application/dtmf-relay; x=y\r\n\r\n"
				   "Signal=5\r\nDuration=160\r\n");

	(void)state;
	assert_string_equal(word(object, "digit"), "5");
	json_decref(object);
	object = read_text(
		"INFO sip:x SIP/2.0\r\nContent-Type: application/dtmf\r\n\r\n11");
	assert_string_equal(word(object, "digit"), "#");
	json_decref(object);
	object = read_text(
		"INFO sip:x SIP/2.0\r\nContent-Type: application/dtmf\r\n\r\nnone");
	assert_string_equal(word(object, "digit"), "");
	json_decref(object);
}

static void odd_bytes_are_text(void **state)
{
	static const char text[] = "INVITE sip:\xff\0@x SIP/2.0\r\n"
				   "CSeq: 1 IN\"VITE\x1b\r\nRefer-To: <\xc3\xbc>\r\n\r\n";
	struct ladder_message message = {
		.how = span_of(""), .text = {text, sizeof(text) - 1}, .whole = true};
	json_t *object = ladder_message_json(&message), *again;
	char *line;

	(void)state;
	assert_string_equal(word(object, "uri"), "sip:??@x");
	assert_string_equal(word(object, "cseq"), "1 IN\"VITE\x1b");
	assert_string_equal(word(object, "refer_to"), "<\xc3\xbc>");
	assert_int_equal(
		json_string_length(json_object_get(object, "text")), sizeof(text) - 1);
	/* and can be read again */
	line = json_dumps(object, 0);
	again = json_loads(line, 0, NULL);
	assert_non_null(again);
	free(line);
	json_decref(again);
	json_decref(object);
}

/* ---- all of a call ---- */

static void add(struct ladder *ladder, uint64_t after_us, bool sent, const char *leg,
	const char *name, const char *text)
{
	const struct ladder_datagram datagram = {.wall_us = START + after_us,
		.source = address(sent ? "192.0.2.9" : "192.0.2.1"),
		.destination = address(sent ? "192.0.2.1" : "192.0.2.9"),
		.knows = true,
		.sent = sent,
		.leg = leg,
		.name = name,
		.how = span_of("UDP"),
		.data = span_of(text)};

	ladder_add(ladder, &datagram);
}

static void messages_are_in_the_order_of_time(void **state)
{
	struct ladder *ladder = ladder_new(true);
	const json_t *rows, *parties;
	json_t *object;

	(void)state;
	assert_false(ladder_has_messages(ladder));
	add(ladder, 1000, true, "a", "server pbx1", "SIP/2.0 100 Trying\r\n\r\n");
	add(ladder, 0, false, "a", "server pbx1", "INVITE sip:x SIP/2.0\r\n\r\n");
	add(ladder, 1000, true, "b", "trunk gw", "INVITE sip:y SIP/2.0\r\n\r\n");
	add(ladder, 501000, true, "b", "trunk gw", "INVITE sip:y SIP/2.0\r\n\r\n");
	/* the same text from another party is another message */
	add(ladder, 502000, true, "b", "trunk gw2", "INVITE sip:y SIP/2.0\r\n\r\n");
	add(ladder, 503000, false, "?", "", "OPTIONS sip:y SIP/2.0\r\n\r\n");
	add(ladder, 503000, false, "b", "trunk gw", "\x80\x08zzzz");
	add(ladder, 503000, false, "b", "trunk gw", "zzzz");
	assert_true(ladder_has_messages(ladder));
	object = ladder_json(ladder, "capture", "a note");
	assert_string_equal(word(object, "source"), "capture");
	assert_string_equal(word(object, "note"), "a note");
	assert_string_equal(word(object, "start"), "2023-11-14T22:13:20.000000Z");
	assert_int_equal(number(object, "left_out"), 0);
	assert_int_equal(number(object, "packets"), 1);
	parties = json_object_get(object, "parties");
	assert_int_equal(json_array_size(parties), 3);
	assert_string_equal(word(json_array_get(parties, 0), "name"), "server pbx1");
	assert_string_equal(
		word(json_array_get(parties, 0), "address"), "192.0.2.1:5060");
	assert_string_equal(word(json_array_get(parties, 2), "leg"), "b");
	assert_string_equal(word(json_array_get(parties, 2), "how"), "UDP");
	rows = json_object_get(object, "messages");
	assert_int_equal(json_array_size(rows), 6);
	assert_string_equal(word(json_array_get(rows, 0), "method"), "INVITE");
	assert_string_equal(
		word(json_array_get(rows, 0), "text"), "INVITE sip:x SIP/2.0\r\n\r\n");
	assert_int_equal(number(json_array_get(rows, 1), "status"), 100);
	assert_int_equal(number(json_array_get(rows, 1), "after_us"), 1000);
	assert_int_equal(number(json_array_get(rows, 2), "party"), 1);
	assert_true(json_is_null(json_object_get(json_array_get(rows, 2), "repeats")));
	assert_int_equal(number(json_array_get(rows, 3), "repeats"), 2);
	assert_true(json_is_null(json_object_get(json_array_get(rows, 4), "repeats")));
	assert_true(json_is_null(json_object_get(json_array_get(rows, 5), "party")));
	json_decref(object);
	ladder_free(ladder);
}

/* An event of RFC 4733 in RTP. */
static void add_event(struct ladder *ladder, bool sent, unsigned type, uint32_t timestamp,
	unsigned event, bool end)
{
	const char packet[] = {(char)0x80, (char)type, 0, 1, 0, 0, (char)(timestamp >> 8),
		(char)timestamp, 1, 2, 3, 4, (char)event, (char)(end ? 0x8a : 0x0a), 0,
		(char)160};
	const struct ladder_datagram datagram = {.wall_us = START + timestamp,
		.source = address("192.0.2.1"),
		.destination = address("192.0.2.9"),
		.knows = true,
		.sent = sent,
		.leg = "b",
		.name = "trunk gw",
		.how = {"", 0},
		.data = {packet, sizeof(packet)}};

	ladder_add(ladder, &datagram);
}

static void digits_in_media_are_told_once(void **state)
{
	struct ladder *ladder = ladder_new(true);
	const json_t *rows;
	json_t *object;

	(void)state;
	/* nobody said what type 101 is */
	add_event(ladder, false, 101, 1, 5, true);
	add(ladder, 0, true, "b", "trunk gw",
		"INVITE sip:x SIP/2.0\r\n\r\nv=0\r\na=rtpmap:101 telephone-event/8000\r\n"
		"a=rtpmap:200 telephone-event/8000\r\na=rtpmap:x\r\na=rtpmap:8 "
		"PCMA/8000\r\n");
	add_event(ladder, false, 101, 100, 11, false);
	for (unsigned i = 0; i < 3; i++)
		add_event(ladder, false, 101, 100, 11, true);
	add_event(ladder, false, 101, 300, 5, true);
	add_event(ladder, false, 8, 400, 5, true);
	add_event(ladder, false, 101, 500, 16, true);
	add_event(ladder, true, 101, 600, 5, true);
	object = ladder_json(ladder, "capture", "");
	rows = json_object_get(object, "messages");
	assert_int_equal(json_array_size(rows), 3);
	assert_int_equal(number(object, "packets"), 9);
	assert_string_equal(word(json_array_get(rows, 1), "digit"), "#");
	assert_string_equal(word(json_array_get(rows, 1), "how"), "RTP");
	assert_int_equal(number(json_array_get(rows, 1), "party"), 0);
	assert_string_equal(word(json_array_get(rows, 2), "digit"), "5");
	assert_null(json_object_get(json_array_get(rows, 2), "text"));
	json_decref(object);
	ladder_free(ladder);
}

static void add_classic(
	struct ladder *ladder, const char *source, const char *destination)
{
	const struct ladder_datagram datagram = {.wall_us = START,
		.source = address(source),
		.destination = address(destination),
		.leg = "",
		.name = "",
		.how = {"", 0},
		.data = span_of("BYE sip:y SIP/2.0\r\n\r\n")};

	ladder_add(ladder, &datagram);
}

static void expect_way(const json_t *rows, size_t index, json_int_t party, bool sent)
{
	const json_t *row = json_array_get(rows, index);

	assert_int_equal(number(row, "party"), party);
	assert_int_equal(json_is_true(json_object_get(row, "sent")), sent);
}

static void who_sent_it_is_found_by_addresses(void **state)
{
	struct ladder *ladder = ladder_new(false);
	const struct addr a = address("192.0.2.1:5060"), b = address("192.0.2.1:5070");
	const json_t *rows;
	json_t *object;

	(void)state;
	assert_int_equal(ladder_party(ladder, "a", "server pbx1", &a), 0);
	assert_int_equal(ladder_party(ladder, "b", "trunk gw", &b), 1);
	add_classic(ladder, "192.0.2.1:5060", "192.0.2.9:5060");
	add_classic(ladder, "192.0.2.9:5060", "192.0.2.1:5070");
	/* a connection from another port is the first one's of that host */
	add_classic(ladder, "192.0.2.1:40000", "192.0.2.9:5060");
	/* all on one host */
	add_classic(ladder, "192.0.2.1:9000", "192.0.2.1:5070");
	add_classic(ladder, "192.0.2.1:5070", "192.0.2.1:9000");
	add_classic(ladder, "198.51.100.1:1", "192.0.2.9:5060");
	object = ladder_json(ladder, "capture", "");
	rows = json_object_get(object, "messages");
	expect_way(rows, 0, 0, false);
	expect_way(rows, 1, 1, true);
	expect_way(rows, 2, 0, false);
	expect_way(rows, 3, 1, true);
	expect_way(rows, 4, 1, false);
	expect_way(rows, 5, -1, false);
	json_decref(object);
	ladder_free(ladder);
}

static void a_ladder_is_bounded(void **state)
{
	struct ladder *ladder = ladder_new(true);
	char name[32], *big = malloc(60000);
	json_t *object;

	(void)state;
	memset(big, 'x', 60000);
	memcpy(big, "INVITE sip:y SIP/2.0\r\n\r\n", 24);
	big[59999] = '\0';
	for (unsigned i = 0; i < LADDER_PARTIES_MAX + 3; i++) {
		snprintf(name, sizeof(name), "trunk %u", i);
		add(ladder, i, true, "b", name, "INVITE sip:y SIP/2.0\r\n\r\n");
	}
	for (unsigned i = LADDER_PARTIES_MAX + 3; i < LADDER_MESSAGES_MAX + 5; i++)
		add(ladder, i, true, "b", "trunk 0", big);
	object = ladder_json(ladder, "capture", "");
	assert_int_equal(
		json_array_size(json_object_get(object, "parties")), LADDER_PARTIES_MAX);
	assert_int_equal(json_array_size(json_object_get(object, "messages")),
		LADDER_MESSAGES_MAX);
	assert_int_equal(number(object, "left_out"), 5);
	assert_null(json_object_get(json_array_get(json_object_get(object, "messages"),
					    LADDER_MESSAGES_MAX - 1),
		"text"));
	json_decref(object);
	ladder_free(ladder);
	free(big);
}

/* ---- what a record says ---- */

static json_t *record(const char *cause, const char *by, bool answered)
{
	json_t *object = json_loads(
		"{\"inbound\":false,\"start\":\"2026-12-01T10:00:00.500000Z\","
		"\"ringing\":\"2026-12-01T10:00:02.000000Z\",\"answer\":null,"
		"\"end\":\"2026-12-01T10:01:00.000000Z\",\"duration_us\":59500000,"
		"\"status\":487,\"attempts\":["
		"{\"target\":\"gw1\",\"address\":null,\"status\":0,\"reason\":\"full\","
		"\"after_us\":10},"
		"{\"target\":\"gw2\",\"address\":\"192.0.2.2:5060\",\"status\":503,"
		"\"reason\":\"answered 503\",\"after_us\":20},"
		"{\"target\":\"gw3\",\"address\":\"192.0.2.3:5060\",\"status\":200,"
		"\"reason\":\"\",\"after_us\":900000}],"
		"\"transfers\":[{\"by\":\"server "
		"pbx1\",\"to\":\"+4930\",\"target\":\"gw3\",\"status\":200,\"after_us\":"
		"30000000}],"
		"\"redirections\":[{\"by\":\"trunk "
		"gw2\",\"to\":\"+4931\",\"status\":302,\"action\":\"followed\",\"after_"
		"us\":500000}],"
		"\"internal\":{\"party\":\"server pbx1\",\"remote\":\"192.0.2.1:5061\"},"
		"\"external\":{\"party\":\"trunk gw3\",\"remote\":\"192.0.2.3:5060\"}}",
		0, NULL);

	assert_non_null(object);
	json_object_set_new(object, "cause", json_string(cause));
	json_object_set_new(object, "ended_by", json_string(by));
	if (answered)
		json_object_set_new(
			object, "answer", json_string("2026-12-01T10:00:03.250000Z"));
	return object;
}

/* Each message in a word: party, way, method or status. */
static const char *told(const json_t *ladder)
{
	static char text[1000];
	const json_t *row;
	size_t i, len = 0;

	json_array_foreach(json_object_get(ladder, "messages"), i, row)
	{
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%lld%s%s%lld",
			i ? " " : "", (long long)number(row, "party"),
			json_is_true(json_object_get(row, "sent")) ? ">" : "<",
			word(row, "method"), (long long)number(row, "status"));
	}
	return text;
}

static void a_record_is_a_ladder(void **state)
{
	json_t *object = record("bye", "gateway", true);
	json_t *ladder = ladder_record_json(object, "why");
	const json_t *rows = json_object_get(ladder, "messages");

	(void)state;
	assert_string_equal(word(ladder, "source"), "record");
	assert_string_equal(word(ladder, "note"), "why");
	assert_string_equal(word(ladder, "start"), "2026-12-01T10:00:00.500000Z");
	assert_string_equal(told(ladder),
		"0<INVITE0 1>0 2>INVITE0 2<503 2<302 3>INVITE0 3<200 0>180 0>200 "
		"0<REFER0 3<BYE0");
	assert_string_equal(word(json_array_get(rows, 1), "phrase"), "full");
	assert_string_equal(word(json_array_get(rows, 3), "phrase"), "");
	assert_true(json_is_null(json_object_get(json_array_get(rows, 3), "after_us")));
	assert_int_equal(number(json_array_get(rows, 7), "after_us"), 1500000);
	assert_int_equal(number(json_array_get(rows, 8), "after_us"), 2750000);
	assert_string_equal(word(json_array_get(rows, 9), "refer_to"), "+4930");
	assert_string_equal(word(json_array_get(rows, 10), "reason"), "bye");
	json_decref(ladder);
	json_decref(object);
}

static void what_far_ends_said_is_in_the_ladder(void **state)
{
	json_t *object = record("bye", "gateway", true);
	json_t *attempt = json_array_get(json_object_get(object, "attempts"), 1), *ladder;
	const json_t *rows;

	(void)state;
	json_object_set_new(attempt, "reason", json_string("answered 503"));
	json_object_set_new(attempt, "phrase", json_string("No Way"));
	json_object_set_new(attempt, "q850", json_integer(34));
	json_object_set_new(object, "release_text", json_string("moved on"));
	ladder = ladder_record_json(object, "");
	rows = json_object_get(ladder, "messages");
	assert_string_equal(word(json_array_get(rows, 2), "reason"), "");
	assert_string_equal(word(json_array_get(rows, 3), "phrase"), "No Way");
	assert_string_equal(word(json_array_get(rows, 3), "reason"), "Q.850;cause=34");
	assert_string_equal(word(json_array_get(rows, 10), "reason"), "moved on");
	json_decref(ladder);
	json_object_set_new(attempt, "reason_text", json_string("x;y"));
	json_object_set_new(object, "release_q850", json_integer(16));
	ladder = ladder_record_json(object, "");
	rows = json_object_get(ladder, "messages");
	assert_string_equal(
		word(json_array_get(rows, 3), "reason"), "Q.850;cause=34;text=x;y");
	assert_string_equal(
		word(json_array_get(rows, 10), "reason"), "Q.850;cause=16;text=moved on");
	json_decref(ladder);
	json_decref(object);
}

/* A server was called, and transferred the call to another trunk: both legs are external then. */
static void a_transfer_has_three_parties(void **state)
{
	json_t *object = json_loads(
		"{\"inbound\":true,\"start\":\"2026-12-01T10:00:00.5Z\",\"ringing\":null,"
		"\"answer\":\"2026-12-01T10:00:01.5Z\",\"end\":\"2026-12-01T10:01:00."
		"5Z\","
		"\"duration_us\":60000000,\"status\":200,\"cause\":\"bye\","
		"\"ended_by\":\"callee\",\"attempts\":["
		"{\"target\":\"pbx1\",\"address\":\"192.0.2.1:5061\",\"status\":200,"
		"\"reason\":\"answered\",\"after_us\":10},"
		"{\"target\":\"gw2\",\"address\":\"192.0.2.3:5060\",\"status\":200,"
		"\"reason\":\"answered\",\"after_us\":5000000}],"
		"\"transfers\":[{\"by\":\"server pbx1\",\"to\":\"+4930\","
		"\"target\":\"gw2\",\"status\":200,\"after_us\":4000000}],"
		"\"redirections\":[],"
		"\"external\":{\"party\":\"trunk gw1\",\"remote\":\"192.0.2.2:5060\"},"
		"\"external_b\":{\"party\":\"trunk gw2\",\"remote\":\"192.0.2.3:5060\"}}",
		0, NULL);
	json_t *ladder = ladder_record_json(object, "");
	const json_t *parties = json_object_get(ladder, "parties");

	(void)state;
	assert_int_equal(json_array_size(parties), 3);
	assert_string_equal(word(json_array_get(parties, 1), "name"), "server pbx1");
	assert_string_equal(word(json_array_get(parties, 1), "leg"), "b");
	assert_string_equal(word(json_array_get(parties, 2), "name"), "trunk gw2");
	assert_string_equal(word(json_array_get(parties, 2), "leg"), "c");
	assert_string_equal(told(ladder),
		"0<INVITE0 1>INVITE0 1<200 0>200 1<REFER0 2>INVITE0 2<200 2<BYE0");
	json_decref(ladder);
	json_decref(object);
}

static void who_ended_it_is_in_the_ladder(void **state)
{
	static const struct {
		const char *cause, *by;
		bool answered;
		const char *last;
	} cases[] = {
		{"cancel", "server", false, "0<CANCEL0 0>487"},
		{"bye", "server", true, "0<BYE0"},
		{"hangup", "tandem", true, "0<REFER0"},
		{"busy", "gateway", false, "0<REFER0 0>487"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *object = record(cases[i].cause, cases[i].by, cases[i].answered);
		json_t *ladder = ladder_record_json(object, "");
		const char *text = told(ladder);

		assert_true(strlen(text) > strlen(cases[i].last));
		assert_string_equal(
			text + strlen(text) - strlen(cases[i].last), cases[i].last);
		json_decref(ladder);
		json_decref(object);
	}
}

static void a_record_that_stands_or_is_odd_is_one_too(void **state)
{
	json_t *object = record("", "", true), *ladder;

	(void)state;
	json_object_set_new(object, "end", json_null());
	/* both legs on one side */
	json_object_set(object, "internal_b", json_object_get(object, "external"));
	json_object_del(object, "external");
	ladder = ladder_record_json(object, "");
	assert_string_equal(
		word(json_array_get(json_object_get(ladder, "parties"), 1), "name"),
		"server gw1");
	json_decref(ladder);
	json_decref(object);
	object = json_pack("{s:s, s:[s, {}], s:s}", "internal", "x", "attempts", "y",
		"start", "yesterday");
	ladder = ladder_record_json(object, "");
	assert_non_null(ladder);
	json_decref(ladder);
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read),
		cmocka_unit_test(a_response_is_read),
		cmocka_unit_test(what_is_no_message_is_none),
		cmocka_unit_test(media_lines_are_read),
		cmocka_unit_test(a_digit_is_read),
		cmocka_unit_test(odd_bytes_are_text),
		cmocka_unit_test(messages_are_in_the_order_of_time),
		cmocka_unit_test(digits_in_media_are_told_once),
		cmocka_unit_test(who_sent_it_is_found_by_addresses),
		cmocka_unit_test(a_ladder_is_bounded),
		cmocka_unit_test(a_record_is_a_ladder),
		cmocka_unit_test(what_far_ends_said_is_in_the_ladder),
		cmocka_unit_test(a_transfer_has_three_parties),
		cmocka_unit_test(who_ended_it_is_in_the_ladder),
		cmocka_unit_test(a_record_that_stands_or_is_odd_is_one_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
