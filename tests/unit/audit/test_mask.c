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
		cmocka_unit_test(other_text_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
