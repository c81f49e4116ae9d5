/* What is hidden of a call that is shown to somebody, and what is not. */
#include "../unit.h"

#include "audit/hide.h"

#include <stdlib.h>
#include <string.h>

static void assert_hidden(const char *before, const char *after, bool record)
{
	char *text = strdup(before);
	const bool any = record ? hide_record(text, strlen(text))
				: hide_message(text, strlen(text));

	assert_string_equal(text, after);
	assert_int_equal(any, strcmp(before, after) != 0);
	free(text);
}

static void message(const char *before, const char *after)
{
	assert_hidden(before, after, false);
}

static void record(const char *before, const char *after)
{
	assert_hidden(before, after, true);
}

static void numbers_and_names_of_a_message_are_hidden(void **state)
{
	(void)state;
	message("INVITE sip:+49301234567@192.0.2.1:5060;user=phone SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKabc\r\n"
		"From: \"Alice A.\" <sip:alice@example.com>;tag=1\r\n"
		"f: Bob Miller <sips:201@example.com>;tag=7\r\n"
		"To: <tel:+49-30-1234567;phone-context=x>\r\n"
		"P-Asserted-Identity: \"x\" <sip:030@a>, Carol <tel:0301234567>\r\n"
		"Call-ID: a84b4c76e66710@pc33\r\n"
		"CSeq: 314159 INVITE\r\n\r\n",
		"INVITE sip:+xxxxxxxx567@192.0.2.1:5060;user=phone SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKabc\r\n"
		"From: \"xxxxx x.\" <sip:xxxxx@example.com>;tag=1\r\n"
		"f: xxx xxxxxx <sips:xxx@example.com>;tag=7\r\n"
		"To: <tel:+xx-xx-xxxx567;phone-context=x>\r\n"
		"P-Asserted-Identity: \"x\" <sip:xxx@a>, xxxxx <tel:xxxxxxx567>\r\n"
		"Call-ID: a84b4c76e66710@pc33\r\n"
		"CSeq: 314159 INVITE\r\n\r\n");
}

/* A quoted name may have anything in it, and a header that we do not know may say anything. */
static void what_is_not_known_is_hidden(void **state)
{
	(void)state;
	message("SIP/2.0 200 OK\r\nFrom: \"a, <b> \" <sip:1@h>\r\nX-Who: Bob; 12\r\n"
		"Subject: about Carol\r\nAuthorization: Digest username=\"bob\"\r\n"
		"User-Agent: Phone 1.2\r\n",
		"SIP/2.0 200 OK\r\nFrom: \"x, <x> \" <sip:x@h>\r\nX-Who: xxx; xx\r\n"
		"Subject: xxxxx xxxxx\r\nAuthorization: xxxxxx xxxxxxxx=\"xxx\"\r\n"
		"User-Agent: Phone 1.2\r\n");
}

/* Quotes that are escaped or never closed, folds (RFC 3261 7.3.1), and whatever a user part may have (25.1) hide nothing from us. */
static void a_name_cannot_hide_from_being_hidden(void **state)
{
	(void)state;
	message("SIP/2.0 200 OK\r\nFrom: \"Al \\\" Carol\" <sip:1@h>\r\n"
		"To: O\"Brien <sip:2@h>;tag=5\r\nCSeq: 1 BYE\r\n",
		"SIP/2.0 200 OK\r\nFrom: \"xx \\\" xxxxx\" <sip:x@h>\r\n"
		"To: x\"xxxxx <xxx:x@x>;xxx=x\r\nCSeq: 1 BYE\r\n");
	message("SIP/2.0 200 OK\r\nFrom:\r\n Carol <sip:1@h>\r\n"
		"t: Bob\n\tMiller\n <sip:2@h>\nSubject: about\r\n Dave\r\n"
		"Via: a\r\n b\r\n",
		"SIP/2.0 200 OK\r\nFrom:\r\n xxxxx <sip:x@h>\r\n"
		"t: xxx\n\txxxxxx\n <sip:x@h>\nSubject: xxxxx\r\n xxxx\r\n"
		"Via: a\r\n b\r\n");
	message("BYE sip:h SIP/2.0\r\n Eve\r\nFrank\r\nf: \"Carol\"\n\n",
		"BYE sip:h SIP/2.0\r\n xxx\r\nxxxxx\r\nf: \"xxxxx\"\n\n");
	message("INVITE sip:miller,bob@h SIP/2.0\r\nContact: <sip:miller,carol@h>\r\n"
		"Route: <sip:a;lr>, <sip:b@c>\r\n",
		"INVITE sip:xxxxxx,xxx@h SIP/2.0\r\nContact: <sip:xxxxxx,xxxxx@h>\r\n"
		"Route: <sip:a;lr>, <sip:x@c>\r\n");
}

static void of_a_body_codecs_and_addresses_stay(void **state)
{
	(void)state;
	message("INFO sip:h SIP/2.0\r\nContent-Type: application/sdp\r\n\r\n"
		"v=0\r\no=alice 1 2 IN IP4 192.0.2.1\r\ns=Alice's\r\ne=a@b.c\r\n"
		"p=+49 30 12345\r\nc=IN IP4 192.0.2.1\r\nm=audio 40000 RTP/AVP 8 0 "
		"101\r\n"
		"a=rtpmap:8 PCMA/8000\r\n",
		"INFO sip:h SIP/2.0\r\nContent-Type: application/sdp\r\n\r\n"
		"v=0\r\no=xxxxx 1 2 IN IP4 192.0.2.1\r\ns=xxxxx'x\r\ne=x@x.x\r\n"
		"p=+xx xx xxxxx\r\nc=IN IP4 192.0.2.1\r\nm=audio 40000 RTP/AVP 8 0 "
		"101\r\n"
		"a=rtpmap:8 PCMA/8000\r\n");
	message("INFO sip:h SIP/2.0\r\n\r\n<civic>Hall 7</civic>",
		"INFO sip:h SIP/2.0\r\n\r\n<xxxxx>xxxx x</xxxxx>");
	message("INFO sip:h SIP/2.0\r\n\r\n", "INFO sip:h SIP/2.0\r\n\r\n");
}

static void numbers_are_hidden_wherever_they_are(void **state)
{
	(void)state;
	message("SIP/2.0 404 no such number 0301234567, (030)123-4567\r\n"
		"Reason: Q.850;cause=1;text=\"0049 301234567\"\r\nCSeq: 123456 "
		"INVITE\r\n",
		"SIP/2.0 404 no such number xxxxxxx567, (xxx)xxx-x567\r\n"
		"Reason: Q.850;cause=1;text=\"0049 xxxxxx567\"\r\nCSeq: 123456 "
		"INVITE\r\n");
}

/* Whatever is received: nothing beyond its end is read. */
static void broken_messages_are_survived(void **state)
{
	static const char *const texts[] = {"", "\n", ":", "sip:", "From:", "From: \"",
		"From: <", "a\n\nv=0\no=", "\r\n\r\n", "From: <sip:", "tel:", "x\nTo",
		"\n\n\n", "+", "1234567", "From: ,,,<,>\"\"<"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const size_t len = strlen(texts[i]);
		char *text = malloc(len > 0 ? len : 1);

		memcpy(text, texts[i], len);
		(void)hide_message(text, len);
		(void)hide_record(text, len);
		free(text);
	}
}

static void of_a_record_what_is_known_to_tell_nobody_stays(void **state)
{
	(void)state;
	record("{\"v\":1,\"seq\":7,\"salt\":\"00ff\",\"kind\":\"call\",\"id\":\"5f-1\","
	       "\"from\":\"+49301234567\",\"to\":\"201\",\"asserted\":\"Bob \\\"B\\\" "
	       "\\u00e9\\n<sip:b@h>\","
	       "\"diverted_by\":\"+49301234567\",\"diverted_reason\":\"no-answer\","
	       "\"start\":\"2026-12-01T10:00:00.000000Z\",\"answer\":null,\"status\":200,"
	       "\"attempts\":[{\"target\":\"trunk a\",\"status\":200,\"q850\":16,"
	       "\"reason_text\":\"0301234567 busy\"}],"
	       "\"transfers\":[{\"by\":\"a\",\"target\":\"0301234567\"}],\"new\":"
	       "\"Carol\","
	       "\"captured\":{\"mode\":\"full\",\"state\":\"lossy\",\"day\":\"2026-12-"
	       "01\"},"
	       "\"microsoft\":{\"x_c\":\"01ab/s\"},\"headers\":[{\"header\":\"X-Id\","
	       "\"value\":\"0301234567\"}],"
	       "\"tolerated\":[\"x\",\"late-ack\"]}",
		"{\"v\":1,\"seq\":7,\"salt\":\"xxxx\",\"kind\":\"call\",\"id\":\"5f-1\","
		"\"from\":\"+xxxxxxxx567\",\"to\":\"xxx\",\"asserted\":\"xxx \\\"x\\\" "
		"\\u00e9\\n<xxx:x@x>\","
		"\"diverted_by\":\"+xxxxxxxx567\",\"diverted_reason\":\"no-answer\","
		"\"start\":\"2026-12-01T10:00:00.000000Z\",\"answer\":null,\"status\":"
		"200,"
		"\"attempts\":[{\"target\":\"xxxxx x\",\"status\":200,\"q850\":16,"
		"\"reason_text\":\"xxxxxxxxxx xxxx\"}],"
		"\"transfers\":[{\"by\":\"a\",\"target\":\"xxxxxxx567\"}],\"new\":"
		"\"xxxxx\","
		"\"captured\":{\"mode\":\"full\",\"state\":\"lossy\",\"day\":\"2026-12-"
		"01\"},"
		"\"microsoft\":{\"x_c\":\"xxxx/x\"},\"headers\":[{\"header\":\"X-Id\","
		"\"value\":\"xxxxxxx567\"}],"
		"\"tolerated\":[\"x\",\"late-ack\"]}");
	record("{\"v\":1,\"salt\":\"00ff\",\"id\":\"5f-1\"}",
		"{\"v\":1,\"salt\":\"00ff\",\"id\":\"5f-1\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_names_of_a_message_are_hidden),
		cmocka_unit_test(what_is_not_known_is_hidden),
		cmocka_unit_test(a_name_cannot_hide_from_being_hidden),
		cmocka_unit_test(of_a_body_codecs_and_addresses_stay),
		cmocka_unit_test(numbers_are_hidden_wherever_they_are),
		cmocka_unit_test(broken_messages_are_survived),
		cmocka_unit_test(of_a_record_what_is_known_to_tell_nobody_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
