/* What is kept of the messages of a far end, good and odd ones. */
#include "../unit.h"

#include "learn/heard.h"

#include <stdio.h>
#include <string.h>

static struct heard heard;

static int setup(void **state)
{
	(void)state;
	memset(&heard, 0, sizeof(heard));
	return 0;
}

static struct message *parse(const char *text)
{
	struct message_fault fault;
	struct message *message;

	assert_int_equal(message_parse(&message, text, strlen(text), &fault), 0);
	return message;
}

/* As of one of a call. */
static void take(const struct message *message)
{
	heard_form(&heard.form, message);
	heard_message(&heard, message);
}

/* A response of an INVITE with further LINES and BODY. */
static void hear_body(int status, const char *lines, const char *body)
{
	struct message *message;
	char text[2000];

	snprintf(text, sizeof(text),
		"SIP/2.0 %d Whatever\r\nVia: SIP/2.0/UDP "
		"us.example.com;branch=z9hG4bK1\r\n"
		"From: <sip:us@us.example.com>;tag=1\r\nTo: "
		"<sip:x@gw.example.com>;tag=2\r\n"
		"Call-ID: 1\r\nCSeq: 1 INVITE\r\n%sContent-Length: %zu\r\n\r\n%s",
		status, lines, strlen(body), body);
	message = parse(text);
	take(message);
	message_unref(message);
}

static void hear(int status, const char *lines)
{
	hear_body(status, lines, "");
}

static void responses_add_up(void **state)
{
	(void)state;
	hear(100, "");
	assert_true(heard.trying);
	assert_false(heard.rang);
	hear(180, "Server: Switch 1\r\n");
	hear_body(183, "Content-Type: application/sdp\r\n", "v=0\r\n");
	hear(200, "User-Agent: another\r\nContact: <sip:x@192.0.2.1>\r\n"
		  "Allow: INVITE, UPDATE\r\nSupported: timer\r\n"
		  "Session-Expires: 1800;refresher=uas\r\n"
		  "P-Asserted-Identity: <sip:x@gw.example.com>\r\n");
	assert_true(heard.rang && heard.progress && heard.early && heard.asserted);
	assert_int_equal(heard.status, 200);
	assert_string_equal(heard.agent, "Switch 1");
	assert_true(heard.allow_said && heard.allows_update);
	assert_false(heard.allows_info);
	assert_true(heard.supports_timer);
	assert_false(heard.supports_reliable);
	assert_int_equal(heard.expires_s, 1800);
	assert_true(heard.refreshes);
	assert_false(heard.reliable);
	assert_false(heard.form.no_tag || heard.form.compact || heard.form.no_contact ||
		     heard.form.bare_contact);
	assert_true(heard.form.contact_user);
}

static void a_reliable_18x_needs_both_headers(void **state)
{
	(void)state;
	hear(183, "RSeq: 1\r\n");
	assert_false(heard.reliable);
	hear(183, "Require: 100rel\r\n");
	assert_false(heard.reliable);
	hear(183, "Require: 100rel\r\nRSeq: 1\r\n");
	assert_true(heard.reliable);
}

static void refusals_name_extensions(void **state)
{
	(void)state;
	hear(420, "Unsupported: 100rel, timer\r\n");
	assert_true(heard.supports_no_reliable && heard.supports_no_timer);
	hear(420, "Unsupported: timer\r\n");
	assert_false(heard.supports_no_reliable);
	hear(421, "Require: 100rel\r\nReason: Q.850;cause=79\r\n");
	assert_true(heard.requires_reliable);
	assert_string_equal(heard.reason, "Q.850;cause=79");
	hear(422, "Min-SE: 600\r\n");
	assert_int_equal(heard.min_expires_s, 600);
	assert_int_equal(heard.status, 422);
	assert_int_equal(heard.expires_s, 0);
}

static void a_short_session_is_read_by_either_name(void **state)
{
	(void)state;
	hear(200, "x: 90\r\nContact: <sip:192.0.2.1>\r\n");
	assert_int_equal(heard.expires_s, 90);
	assert_false(heard.refreshes);
	assert_true(heard.form.compact);
	assert_false(heard.form.contact_user);
	hear(200, "Session-Expires: soon\r\nContact: <sip:192.0.2.1>\r\n");
	assert_int_equal(heard.expires_s, 90);
}

static void forms_are_noticed(void **state)
{
	struct message *message = parse(
		"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP us.example.com;branch=z9hG4bK1\r\n"
		"f: <sip:us@us.example.com>;tag=1\r\nt: <sip:x@gw.example.com>\r\n"
		"i: 1\r\nCSeq: 1 INVITE\r\nm: sip:192.0.2.1\r\nl: 0\r\n\r\n");

	(void)state;
	take(message);
	message_unref(message);
	assert_true(heard.form.compact && heard.form.no_tag && heard.form.bare_contact);
	assert_false(heard.form.no_contact);
	hear(200, "");
	assert_true(heard.form.no_contact);
	heard.form.compact = false;
	hear(180, "Server: s : t\r\n");
	assert_false(heard.form.compact);
	hear(180, "k \t: timer\r\n");
	assert_true(heard.form.compact);
}

/* 100 says nothing of early media, and 300 is an answer of none: its Contact is that of others. */
static void what_is_at_an_edge_counts_by_its_class(void **state)
{
	(void)state;
	hear_body(100, "Content-Type: application/sdp\r\n", "v=0\r\n");
	assert_true(heard.trying);
	assert_false(heard.early);
	hear(100, "Supported: timer\r\n");
	assert_false(heard.supports_timer);
	hear(300, "Supported: timer\r\n");
	assert_false(heard.supports_timer);
	assert_int_equal(heard.status, 300);
	assert_false(heard.form.no_contact);
	hear(299, "");
	assert_true(heard.form.no_contact);
	hear_body(
		101, "Content-Type: application/sdp\r\nSupported: timer\r\n", "v=0\r\n");
	assert_true(heard.early && heard.supports_timer);
}

static void long_texts_are_cut(void **state)
{
	char lines[400] = "Server: ";

	(void)state;
	memset(lines + strlen(lines), 'x', 300);
	strcat(lines, "\r\n");
	hear(180, lines);
	assert_int_equal(strlen(heard.agent), HEARD_TEXT_SIZE - 1);
}

/* A BYE says why; the response to another method says nothing. */
static void other_messages_say_little(void **state)
{
	struct message *message = parse("BYE sip:us@us.example.com SIP/2.0\r\nVia: "
					"SIP/2.0/UDP gw;branch=z9hG4bK1\r\n"
					"From: <sip:x@gw.example.com>;tag=2\r\nTo: "
					"<sip:us@us.example.com>;tag=1\r\n"
					"Call-ID: 1\r\nCSeq: 9 BYE\r\nMax-Forwards: "
					"70\r\nReason: SIP;cause=200\r\n"
					"Content-Length: 0\r\n\r\n");

	(void)state;
	heard_message(&heard, message);
	message_unref(message);
	assert_string_equal(heard.reason, "SIP;cause=200");
	assert_int_equal(heard.status, 0);
	message = parse(
		"SIP/2.0 405 No\r\nVia: SIP/2.0/UDP us;branch=z9hG4bK1\r\n"
		"From: <sip:us@us.example.com>;tag=1\r\n"
		"To: <sip:x@gw.example.com>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 UPDATE\r\n"
		"Content-Length: 0\r\n\r\n");
	heard_message(&heard, message);
	message_unref(message);
	assert_int_equal(heard.status, 0);
}

/* ---- descriptions ---- */

#define BEGINNING                                                                        \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

static struct heard_sdp read_sdp(const char *lines)
{
	struct heard_sdp ret;
	struct sdp *sdp;
	char text[4000];

	snprintf(text, sizeof(text), BEGINNING "%s", lines);
	assert_int_equal(sdp_read(&sdp, text, strlen(text), NULL), 0);
	heard_sdp(&ret, sdp);
	sdp_free(sdp);
	return ret;
}

static void codecs_keep_their_order(void **state)
{
	const struct heard_sdp sdp = read_sdp(
		"m=video 4000 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n"
		"m=audio 4002 RTP/AVP 9 0 96 13 101 0 98\r\na=rtpmap:96 opus/48000/2\r\n"
		"a=rtpmap:101 telephone-event/8000\r\na=rtpmap:98 OPUS/48000/2\r\n"
		"a=sendonly\r\na=rtcp-mux\r\n");

	(void)state;
	assert_true(sdp.there);
	assert_false(sdp.refused);
	assert_int_equal(sdp.codec_count, 3);
	assert_string_equal(sdp.codecs[0], "G722");
	assert_string_equal(sdp.codecs[1], "PCMU");
	assert_string_equal(sdp.codecs[2], "opus");
	assert_int_equal(sdp.event_payload, 101);
	assert_int_equal(sdp.direction, SDP_SENDONLY);
	assert_true(sdp.rtcp_mux);
	assert_int_equal(sdp.crypto_count, 0);
}

static void what_is_not_there_is_not(void **state)
{
	struct heard_sdp sdp = read_sdp("m=image 4000 udptl t38\r\n");

	(void)state;
	assert_false(sdp.there);
	sdp = read_sdp("m=audio 0 RTP/AVP 0\r\n");
	assert_true(sdp.there && sdp.refused);
	sdp = read_sdp("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n");
	assert_true(sdp.nowhere);
	heard_sdp(&sdp, NULL);
	assert_false(sdp.there);
}

/* More codecs and lines than anybody needs are left out. */
static void lists_are_bounded(void **state)
{
	char lines[3000] = "m=audio 4000 RTP/SAVP";
	struct heard_sdp sdp;
	size_t len;

	(void)state;
	for (unsigned i = 96; i < 126; i++)
		sprintf(lines + strlen(lines), " %u", i);
	strcat(lines, "\r\n");
	for (unsigned i = 96; i < 126; i++)
		sprintf(lines + strlen(lines), "a=rtpmap:%u c%u/8000\r\n", i, i);
	for (unsigned i = 0; i < 20; i++)
		sprintf(lines + strlen(lines), "a=crypto:%u SUITE inline:AA\r\n", i + 1);
	len = strlen(lines);
	assert_true(len < sizeof(lines));
	sdp = read_sdp(lines);
	assert_int_equal(sdp.codec_count, HEARD_CODECS);
	assert_int_equal(sdp.crypto_count, HEARD_CRYPTOS);
}

#define KEY "inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void crypto_lines_are_read_without_their_keys(void **state)
{
	const struct heard_sdp sdp =
		read_sdp("m=audio 4000 RTP/SAVP 0\r\n"
			 "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n"
			 "a=crypto:2 A " KEY "|2^31\r\n"
			 "a=crypto:3 B " KEY "|2^31|1:4\r\n"
			 "a=crypto:4 C " KEY "|1:4 FEC\r\n"
			 "a=crypto:x D " KEY "\r\n"
			 "a=crypto:5\r\n");
	char *bytes = (char *)(uintptr_t)&sdp;

	(void)state;
	assert_int_equal(sdp.crypto_count, 4);
	assert_int_equal(sdp.cryptos[0].tag, 1);
	assert_string_equal(sdp.cryptos[0].suite, "AES_CM_128_HMAC_SHA1_80");
	assert_false(sdp.cryptos[0].lifetime || sdp.cryptos[0].mki);
	assert_true(sdp.cryptos[1].lifetime && !sdp.cryptos[1].mki);
	assert_true(sdp.cryptos[2].lifetime && sdp.cryptos[2].mki);
	assert_true(!sdp.cryptos[3].lifetime && sdp.cryptos[3].mki);
	assert_null(memmem(bytes, sizeof(sdp), "AAAA", 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(responses_add_up, setup),
		cmocka_unit_test_setup(a_reliable_18x_needs_both_headers, setup),
		cmocka_unit_test_setup(refusals_name_extensions, setup),
		cmocka_unit_test_setup(a_short_session_is_read_by_either_name, setup),
		cmocka_unit_test_setup(forms_are_noticed, setup),
		cmocka_unit_test_setup(what_is_at_an_edge_counts_by_its_class, setup),
		cmocka_unit_test_setup(long_texts_are_cut, setup),
		cmocka_unit_test_setup(other_messages_say_little, setup),
		cmocka_unit_test(codecs_keep_their_order),
		cmocka_unit_test(what_is_not_there_is_not),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(crypto_lines_are_read_without_their_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
