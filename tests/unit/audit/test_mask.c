#include "../unit.h"

#include "audit/mask.h"

#include <string.h>

/* What TEXT becomes. */
static void check(const char *text, const char *expected, unsigned count)
{
	char copy[2048];
	size_t len = strlen(text);

	assert_true(len < sizeof(copy));
	assert_int_equal(len, strlen(expected));
	memcpy(copy, text, len + 1);
	assert_int_equal(mask_keys(copy, len), count);
	assert_string_equal(copy, expected);
}

static void sdes_keys_are_masked_and_lengths_kept(void **state)
{
	(void)state;
	check("a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
	      "inline:abcd+/==|2^31|1:1\r\na=sendrecv\r\n",
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
		"inline:xxxxxxxx|2^31|1:1\r\na=sendrecv\r\n",
		1);
	check("a=crypto:1 F8 inline:AA|1:4;inline:BB|2:4 FEC_ORDER=FEC_SRTP\r\n",
		"a=crypto:1 F8 inline:xx|1:4;inline:xx|2:4 FEC_ORDER=FEC_SRTP\r\n", 2);
}

static void odd_spellings_are_masked_too(void **state)
{
	(void)state;
	check("a=crypto:1 X INLINE: abc\n", "a=crypto:1 X INLINE: xxx\n", 1);
	check("inline:abc", "inline:xxx", 1);
	check("inline:", "inline:", 1);
	check("x\r\nk=base64:QUJD\r\nk=clear:a b\r\n",
		"x\r\nk=base64:xxxx\r\nk=clear:xxx\r\n", 2);
	check("a=key-mgmt:mikey AQAF\r\nb", "a=key-mgmt:xxxxxxxxxx\r\nb", 1);
	check("a=KEY-MGMT:mikey\nk=uri:a\nK=URI:b\nK=CLEAR:c\n\nAUTHORIZATION: Digest "
	      "response=1\n",
		"a=KEY-MGMT:xxxxx\nk=uri:x\nK=URI:x\nK=CLEAR:x\n\nAUTHORIZATION: Digest "
		"response=x\n",
		5);
}

static void responses_of_digest_are_masked(void **state)
{
	(void)state;
	check("INVITE sip:a SIP/2.0\r\nAuthorization: Digest username=\"u\", "
	      "response=\"0aF9\", nc=00000001\r\nVia: a:1\r\n",
		"INVITE sip:a SIP/2.0\r\nAuthorization: Digest username=\"u\", "
		"response=\"xxxx\", nc=00000001\r\nVia: a:1\r\n",
		1);
	check("\nproxy-authorization \t: Digest RESPONSE = 0aF9,\r\n cnonce=\"c\"\r\n",
		"\nproxy-authorization \t: Digest RESPONSE = xxxx,\r\n cnonce=\"c\"\r\n",
		1);
	/* folded; without an end; twice */
	check("\nAuthorization: Digest\r\n response=\r\n\t\"0a\",response=\"1\"",
		"\nAuthorization: Digest\r\n response=\r\n\t\"xx\",response=\"x\"", 1);
	check("\nAuthorization: Digest response=\"0a",
		"\nAuthorization: Digest response=\"xx", 1);
	check("\nAuthorization: Digest respons", "\nAuthorization: Digest respons", 1);
	/* the next header is another one */
	check("\nAuthorization: Digest a=b\r\nX: response=\"0\"\r\n",
		"\nAuthorization: Digest a=b\r\nX: response=\"0\"\r\n", 1);
}

static void other_secrets_are_masked(void **state)
{
	(void)state;
	check("v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\n",
		"v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:xxxxxxxxxxxxxxxxxxxxxx\r\n", 1);
	check("\nA=ICE-PWD:ab\n", "\nA=ICE-PWD:xx\n", 1);
	check("\r\nProxy-Authentication-Info: rspauth=\"0a\", qop=auth\r\nX: 1\r\n",
		"\r\nProxy-Authentication-Info: rspauth=\"xx\", qop=auth\r\nX: 1\r\n", 1);
	check("\nAuthentication-info:rspauth=0a", "\nAuthentication-info:rspauth=xx", 1);
	check("\nAuthorization: NTLM gssapi-data=\"TlRM/+==\", version=4\n",
		"\nAuthorization: NTLM gssapi-data=\"xxxxxx==\", version=4\n", 1);
	check("\nAuthorization: Basic dXNlcjpwYXNz\r\n \tmore\r\nX: 1\r\n",
		"\nAuthorization: Basic xxxxxxxxxxxx\r\n \txxxx\r\nX: 1\r\n", 1);
	check("\nproxy-authorization:\r\n BEARER  eyJ.a-b",
		"\nproxy-authorization:\r\n BEARER  xxxxxxx", 1);
	/* a scheme of another name, none, and nothing */
	check("\nAuthorization: Basics a=b\nX: 1", "\nAuthorization: Basics a=b\nX: 1",
		1);
	check("\nAuthorization: Basic", "\nAuthorization: Basic", 1);
	check("\nAuthorization:\r\nBasic: x\r\n", "\nAuthorization:\r\nBasic: x\r\n", 1);
	check("\nAuthorization:", "\nAuthorization:", 1);
}

/* What TEXT becomes where digits are overwritten. */
static void check_digits(const char *text, const char *expected, unsigned count)
{
	char copy[2048];
	size_t len = strlen(text);

	assert_true(len < sizeof(copy));
	memcpy(copy, text, len + 1);
	assert_int_equal(mask_digits(copy, len), count);
	assert_string_equal(copy, expected);
}

#define INFO "INFO sip:a SIP/2.0\r\nVia: a:1\r\n"

static void digits_of_info_are_masked(void **state)
{
	(void)state;
	check_digits(INFO
		"Content-Type: application/dtmf-relay\r\nContent-Length: 24\r\n\r\n"
		"Signal= 5\r\nDuration=160\r\n",
		INFO "Content-Type: application/dtmf-relay\r\nContent-Length: 24\r\n\r\n"
		     "Signal= x\r\nDuration=160\r\n",
		1);
	check_digits(INFO "c:application/DTMF\r\n\r\n5\r\n",
		INFO "c:application/DTMF\r\n\r\nx\r\n", 1);
	check_digits(INFO "Content-Type: application/vnd.nortelnetworks.digits\r\n\r\n"
			  "p=Digit-Collection\r\ny=Digits\r\nd=#*12\r\n",
		INFO "Content-Type: application/vnd.nortelnetworks.digits\r\n\r\n"
		     "p=xxxxxxxxxxxxxxxx\r\ny=xxxxxx\r\nd=xxxx\r\n",
		1);
	check_digits(INFO "Content-Type:audio/telephone-event\r\n\r\n\x05\x0a\r1",
		INFO "Content-Type:audio/telephone-event\r\n\r\nxxxx", 1);
	check_digits(
		"NOTIFY sip:a SIP/2.0\nContent-Type: application/kpml-response+xml; "
		"a=b\n\n"
		"<kpml-response code=\"200\" digits = \"12#\" tag='1'/><r DIGITS='7'/>",
		"NOTIFY sip:a SIP/2.0\nContent-Type: application/kpml-response+xml; "
		"a=b\n\n"
		"<kpml-response code=\"200\" digits = \"xxx\" tag='1'/><r DIGITS='x'/>",
		1);
}

/* As somebody may write who wants them found in a capture, or a sloppy one. */
static void odd_digits_are_masked_too(void **state)
{
	(void)state;
	/* folded, blanks before the colon, other case, without carriage returns, no end */
	check_digits(
		"INFO a\nCONTENT-type \t:\r\n\t application/Dtmf-Relay;x\n\nSIGNAL=5",
		"INFO a\nCONTENT-type \t:\r\n\t application/Dtmf-Relay;x\n\nSIGNAL=x", 1);
	check_digits("INFO a\nC :\n application/dtmf\nX: 1\n 2\n\n 5 \n",
		"INFO a\nC :\n application/dtmf\nX: 1\n 2\n\n x \n", 1);
	/* lines that are none of these */
	check_digits(INFO "Content-Type: application/dtmf-relay\r\n\r\n5\r\n\r\n "
			  "=6\r\n7=\r\nduration 8\r\n",
		INFO "Content-Type: application/dtmf-relay\r\n\r\nx\r\n\r\n "
		     "=x\r\n7=\r\nduration 8\r\n",
		1);
	/* parts, one in the other */
	check_digits(INFO
		"Content-Type: multipart/mixed;boundary=b\r\n\r\n--b\r\n"
		"Content-Type: application/sdp\r\n\r\nv=0\r\n--b\r\n"
		"content-type: application/dtmf-relay\r\n\r\nSignal=5\r\n--b\r\n"
		"c: application/dtmf\r\n\r\n6\r\n--b--\r\n7",
		INFO "Content-Type: multipart/mixed;boundary=b\r\n\r\n--b\r\n"
		     "Content-Type: application/sdp\r\n\r\nv=0\r\n--b\r\n"
		     "content-type: application/dtmf-relay\r\n\r\nSignal=x\r\n--b\r\n"
		     "c: application/dtmf\r\n\r\nx\r\n--b--\r\n7",
		2);
	/* cut anywhere, it is read to its end and no further */
	check_digits(INFO "Content-Type: application/dtmf",
		INFO "Content-Type: application/dtmf", 1);
	check_digits(INFO "Content-Type: application/dtmf\r\n\r\n",
		INFO "Content-Type: application/dtmf\r\n\r\n", 1);
	check_digits(INFO "Content-Type:", INFO "Content-Type:", 0);
	check_digits(INFO "Content-Type:\r\n\r\napplication/dtmf\r\n\r\n5",
		INFO "Content-Type:\r\n\r\napplication/dtmf\r\n\r\n5", 0);
	check_digits(INFO "c: application/kpml-response+xml\n\ndigits",
		INFO "c: application/kpml-response+xml\n\ndigits", 1);
	check_digits(INFO "c: application/kpml-response+xml\n\ndigits=\"12",
		INFO "c: application/kpml-response+xml\n\ndigits=\"xx", 1);
	check_digits("", "", 0);
}

static void other_bodies_keep_their_digits(void **state)
{
	(void)state;
	check_digits(INFO "Content-Type: application/dtmfs\r\n\r\n5",
		INFO "Content-Type: application/dtmfs\r\n\r\n5", 0);
	check_digits(INFO "Content-Type: application/sdp\r\n\r\nm=audio 5",
		INFO "Content-Type: application/sdp\r\n\r\nm=audio 5", 0);
	check_digits(INFO "X-Content-Type: application/dtmf\r\nCall-ID: 5\r\n\r\n5",
		INFO "X-Content-Type: application/dtmf\r\nCall-ID: 5\r\n\r\n5", 0);
}

static void other_text_is_left_alone(void **state)
{
	(void)state;
	check("Content-Disposition: inline;handling=required\r\nVia: SIP/2.0/TLS a:1\r\n",
		"Content-Disposition: inline;handling=required\r\nVia: SIP/2.0/TLS "
		"a:1\r\n",
		0);
	check("", "", 0);
	check(":", ":", 0);
	check("nline:abc", "nline:abc", 0);
	check("e:abc", "e:abc", 0);
	check("Line: a:b\r\nEra:1\r\nFontaine :x\r\n",
		"Line: a:b\r\nEra:1\r\nFontaine :x\r\n", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sdes_keys_are_masked_and_lengths_kept),
		cmocka_unit_test(odd_spellings_are_masked_too),
		cmocka_unit_test(responses_of_digest_are_masked),
		cmocka_unit_test(other_secrets_are_masked),
		cmocka_unit_test(digits_of_info_are_masked),
		cmocka_unit_test(odd_digits_are_masked_too),
		cmocka_unit_test(other_bodies_keep_their_digits),
		cmocka_unit_test(other_text_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
