#include "../unit.h"

#include "sdp/b64.h"
#include "sdp/sdes.h"

#include <stdlib.h>
#include <string.h>

/* 30 bytes, the key of RFC 4568's examples. */
#define KEY30 "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
/* 0x00.. of 46, 28 and 44 bytes. */
#define KEY46 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLQ"
#define KEY28 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw"
#define KEY44 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis"
#define CM128 "1 AES_CM_128_HMAC_SHA1_80 inline:"

/* Parses a copy of exactly the text's size, so that ASan sees a read past it. */
static int parse(struct sdes_crypto *ret, const char *text, struct err_text *error)
{
	size_t len = strlen(text);
	char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, text, len);
	int err = sdes_parse(ret, (struct span){copy, len}, error);

	free(copy);
	return err;
}

static void assert_prints(const struct sdes_crypto *crypto, const char *text)
{
	struct buf buf;

	buf_init(&buf, 0);
	sdes_print(crypto, &buf);
	assert_string_equal(buf_str(&buf), text);
	buf_free(&buf);
}

struct good_case {
	const char *text;
	const char *print; /* NULL: the same as the text */
	unsigned tag;
	enum sdes_suite suite;
	uint64_t lifetime;
	bool power;
	uint32_t mki;
	unsigned mki_len;
};

static const struct good_case good_cases[] = {
	{CM128 KEY30, NULL, 1, SDES_AES_CM_128_HMAC_SHA1_80, 0, false, 0, 0},
	/* RFC 4568 6.1, with an MKI that we can take */
	{CM128 KEY30 "|2^20|1:4", NULL, 1, SDES_AES_CM_128_HMAC_SHA1_80, 1 << 20, true, 1,
		4},
	{CM128 KEY30 "|1:4", NULL, 1, SDES_AES_CM_128_HMAC_SHA1_80, 0, false, 1, 4},
	{CM128 KEY30 "|1066:4", NULL, 1, SDES_AES_CM_128_HMAC_SHA1_80, 0, false, 1066, 4},
	{CM128 KEY30 "|4294967295:4", NULL, 1, SDES_AES_CM_128_HMAC_SHA1_80, 0, false,
		4294967295u, 4},
	{CM128 KEY30 "|0255:1", CM128 KEY30 "|255:1", 1, SDES_AES_CM_128_HMAC_SHA1_80, 0,
		false, 255, 1},
	/* RFC 4568 6.1: the same in decimal */
	{CM128 KEY30 "|1048576", NULL, 1, SDES_AES_CM_128_HMAC_SHA1_80, 1 << 20, false, 0,
		0},
	{CM128 KEY30 "|2^48", NULL, 1, SDES_AES_CM_128_HMAC_SHA1_80, (uint64_t)1 << 48,
		true, 0, 0},
	{CM128 KEY30 "|281474976710656", NULL, 1, SDES_AES_CM_128_HMAC_SHA1_80,
		(uint64_t)1 << 48, false, 0, 0},
	{CM128 KEY30 "|2^0", NULL, 1, SDES_AES_CM_128_HMAC_SHA1_80, 1, true, 0, 0},
	/* Lync, Skype for Business, AudioCodes */
	{"2 AES_CM_128_HMAC_SHA1_80 inline:" KEY30 "|2^31|1:1", NULL, 2,
		SDES_AES_CM_128_HMAC_SHA1_80, (uint64_t)1 << 31, true, 1, 1},
	{"3 AES_CM_128_HMAC_SHA1_32 inline:" KEY30 "|2^31", NULL, 3,
		SDES_AES_CM_128_HMAC_SHA1_32, (uint64_t)1 << 31, true, 0, 0},
	{CM128 KEY30 "|2147483648", NULL, 1, SDES_AES_CM_128_HMAC_SHA1_80,
		(uint64_t)1 << 31, false, 0, 0},
	/* tags, case, spaces, what may be ignored */
	{"999999999 AES_CM_128_HMAC_SHA1_32 inline:" KEY30, NULL, 999999999,
		SDES_AES_CM_128_HMAC_SHA1_32, 0, false, 0, 0},
	{" 01  aes_cm_128_hmac_sha1_80  INLINE:" KEY30 " ", CM128 KEY30, 1,
		SDES_AES_CM_128_HMAC_SHA1_80, 0, false, 0, 0},
	{CM128 KEY30 " WSH=64 -NEW=x -KDR=3 -", CM128 KEY30, 1,
		SDES_AES_CM_128_HMAC_SHA1_80, 0, false, 0, 0},
	/* RFC 6188 and RFC 7714, with and without padding */
	{"4 AES_256_CM_HMAC_SHA1_80 inline:" KEY46 "==|2^31|1:4", NULL, 4,
		SDES_AES_256_CM_HMAC_SHA1_80, (uint64_t)1 << 31, true, 1, 4},
	{"4 AES_256_CM_HMAC_SHA1_32 inline:" KEY46,
		"4 AES_256_CM_HMAC_SHA1_32 inline:" KEY46 "==", 4,
		SDES_AES_256_CM_HMAC_SHA1_32, 0, false, 0, 0},
	{"5 AEAD_AES_128_GCM inline:" KEY28 "==", NULL, 5, SDES_AEAD_AES_128_GCM, 0,
		false, 0, 0},
	{"5 AEAD_AES_128_GCM inline:" KEY28, "5 AEAD_AES_128_GCM inline:" KEY28 "==", 5,
		SDES_AEAD_AES_128_GCM, 0, false, 0, 0},
	{"6 AEAD_AES_256_GCM inline:" KEY44 "=|1:1", NULL, 6, SDES_AEAD_AES_256_GCM, 0,
		false, 1, 1},
	{"6 AEAD_AES_256_GCM inline:" KEY44, "6 AEAD_AES_256_GCM inline:" KEY44 "=", 6,
		SDES_AEAD_AES_256_GCM, 0, false, 0, 0},
};

static void good_lines_are_read_and_printed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good_cases) / sizeof(good_cases[0]); i++) {
		const struct good_case *c = &good_cases[i];
		struct err_text error = {""};
		struct sdes_crypto crypto;

		if (parse(&crypto, c->text, &error) != 0)
			fail_msg("\"%s\": %s", c->text, error.text);
		assert_int_equal(crypto.tag, c->tag);
		assert_int_equal(crypto.suite, c->suite);
		assert_int_equal(crypto.key.len, sdes_key_len(c->suite));
		assert_true(crypto.lifetime == c->lifetime);
		assert_int_equal(crypto.lifetime_power, c->power);
		assert_int_equal(crypto.mki, c->mki);
		assert_int_equal(crypto.mki_len, c->mki_len);
		assert_prints(&crypto, c->print ? c->print : c->text);
		sdes_wipe(&crypto);
		assert_int_equal(crypto.key.len, 0);
	}
}

static void key_bytes_are_those_of_the_rfc(void **state)
{
	/* RFC 4568's key is ASCII on purpose. */
	static const char key[] = "wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#";
	struct sdes_crypto crypto;

	(void)state;
	assert_int_equal(parse(&crypto, CM128 KEY30, NULL), 0);
	assert_int_equal(sizeof(key) - 1, crypto.key.len);
	assert_memory_equal(crypto.key.bytes, key, crypto.key.len);
}

struct bad_case {
	const char *text;
	int err;
	const char *says;
};

static const struct bad_case bad_cases[] = {
	{"", ERR_FORMAT, "fewer than three"},
	{"1 AES_CM_128_HMAC_SHA1_80", ERR_FORMAT, "fewer than three"},
	{"x AES_CM_128_HMAC_SHA1_80 inline:" KEY30, ERR_FORMAT, "tag"},
	{"-1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30, ERR_FORMAT, "tag"},
	{"1234567890 AES_CM_128_HMAC_SHA1_80 inline:" KEY30, ERR_FORMAT, "tag"},
	{"0000000001 AES_CM_128_HMAC_SHA1_80 inline:" KEY30, ERR_FORMAT, "tag"},
	/* suites */
	{"1 F8_128_HMAC_SHA1_80 inline:" KEY30, ERR_SUPPORT, "F8_128_HMAC_SHA1_80"},
	{"1 AES_CM_128_HMAC_SHA1_8 inline:" KEY30, ERR_SUPPORT, "not known"},
	{"1 inline:" KEY30 " AES_CM_128_HMAC_SHA1_80", ERR_SUPPORT, "not known"},
	/* keys */
	{"1 AES_CM_128_HMAC_SHA1_80 " KEY30, ERR_FORMAT, "no key method"},
	{"1 AES_CM_128_HMAC_SHA1_80 x:y", ERR_SUPPORT, "not inline"},
	{"1 AES_CM_128_HMAC_SHA1_80 external:" KEY30, ERR_SUPPORT, "not inline"},
	{CM128, ERR_FORMAT, "30 bytes in base64"},
	{CM128 "|2^31", ERR_FORMAT, "30 bytes in base64"},
	{CM128 KEY30 "A", ERR_FORMAT, "30 bytes in base64"},
	{CM128 KEY30 "==", ERR_FORMAT, "30 bytes in base64"},
	{CM128 "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSo", ERR_FORMAT, "base64"},
	{CM128 "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSo=", ERR_FORMAT, "base64"},
	{CM128 "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSo-", ERR_FORMAT, "base64"},
	{"1 AES_256_CM_HMAC_SHA1_80 inline:" KEY46 "=", ERR_FORMAT, "46 bytes"},
	{"1 AES_256_CM_HMAC_SHA1_80 inline:" KEY46 "=A", ERR_FORMAT, "46 bytes"},
	{"1 AES_256_CM_HMAC_SHA1_80 inline:" KEY30, ERR_FORMAT, "46 bytes"},
	/* spare bits that are not 0 */
	{"1 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGx==", ERR_FORMAT,
		"28 bytes"},
	{"1 AEAD_AES_256_GCM inline:" KEY46, ERR_FORMAT, "44 bytes"},
	{CM128 KEY30 ";inline:" KEY30, ERR_SUPPORT, "more than one key"},
	/* lifetimes */
	{CM128 KEY30 "|", ERR_FORMAT, "lifetime"},
	{CM128 KEY30 "||1:4", ERR_FORMAT, "lifetime"},
	{CM128 KEY30 "|0", ERR_FORMAT, "lifetime"},
	{CM128 KEY30 "|2^", ERR_FORMAT, "lifetime"},
	{CM128 KEY30 "|2^49", ERR_FORMAT, "lifetime"},
	{CM128 KEY30 "|3^31", ERR_FORMAT, "lifetime"},
	{CM128 KEY30 "|281474976710657", ERR_FORMAT, "lifetime"},
	{CM128 KEY30 "|2^31|2^31", ERR_FORMAT, "follows"},
	/* MKIs */
	{CM128 KEY30 "|1:4|2^31", ERR_FORMAT, "follows"},
	{CM128 KEY30 "|1:4|1:4", ERR_FORMAT, "follows"},
	{CM128 KEY30 "|1:", ERR_FORMAT, "form number:length"},
	{CM128 KEY30 "|:4", ERR_FORMAT, "form number:length"},
	{CM128 KEY30 "|x:4", ERR_FORMAT, "form number:length"},
	{CM128 KEY30 "|1x:4", ERR_FORMAT, "form number:length"},
	{CM128 KEY30 "|x1:4", ERR_FORMAT, "form number:length"},
	{CM128 KEY30 "|1:0", ERR_FORMAT, "form number:length"},
	{CM128 KEY30 "|1:129", ERR_FORMAT, "form number:length"},
	{CM128 KEY30 "|1:1:1", ERR_FORMAT, "form number:length"},
	{CM128 KEY30 "|256:1", ERR_FORMAT, "does not fit"},
	{CM128 KEY30 "|4294967296:4", ERR_FORMAT, "does not fit"},
	/* RFC 4568's own example has one of 32 bytes */
	{CM128 KEY30 "|2^20|1:32", ERR_SUPPORT, "longer than 4"},
	{CM128 KEY30 "|2^20|1:5", ERR_SUPPORT, "longer than 4"},
	/* session parameters */
	{CM128 KEY30 " KDR=1", ERR_SUPPORT, "KDR"},
	{CM128 KEY30 " UNENCRYPTED_SRTP", ERR_SUPPORT, "UNENCRYPTED_SRTP "},
	{CM128 KEY30 " UNENCRYPTED_SRTCP", ERR_SUPPORT, "UNENCRYPTED_SRTCP"},
	{CM128 KEY30 " unauthenticated_srtp", ERR_SUPPORT, "UNAUTHENTICATED_SRTP"},
	{CM128 KEY30 "|2^20|1:4 FEC_ORDER=FEC_SRTP", ERR_SUPPORT, "FEC_ORDER"},
	{CM128 KEY30 " FEC_KEY=inline:" KEY30, ERR_SUPPORT, "FEC_KEY"},
	{CM128 KEY30 " -X NEW=" KEY30, ERR_SUPPORT, "is not known"},
	{CM128 KEY30 " " KEY30, ERR_SUPPORT, "is not known"},
	{CM128 KEY30 " WSH", ERR_FORMAT, "WSH"},
	{CM128 KEY30 " WSH=63", ERR_FORMAT, "WSH"},
	{CM128 KEY30 " WSH=64x", ERR_FORMAT, "WSH"},
};

static void bad_lines_are_refused_and_leave_the_result_alone(void **state)
{
	struct sdes_crypto crypto;
	struct sdes_crypto before;

	(void)state;
	memset(&crypto, 0x5a, sizeof(crypto));
	memset(&before, 0x5a, sizeof(before));
	for (size_t i = 0; i < sizeof(bad_cases) / sizeof(bad_cases[0]); i++) {
		const struct bad_case *c = &bad_cases[i];
		struct err_text error = {""};
		int err = parse(&crypto, c->text, &error);

		if (err != c->err || !strstr(error.text, c->says))
			fail_msg("\"%s\": %s: \"%s\"", c->text, err_str(err), error.text);
		assert_memory_equal(&crypto, &before, sizeof(crypto));
		assert_int_equal(parse(&crypto, c->text, NULL), c->err);
	}
}

/* Wherever in the line a key stands, no error text repeats eight of its characters. */
static void error_texts_hold_no_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_cases) / sizeof(bad_cases[0]); i++) {
		struct sdes_crypto crypto;
		struct err_text error = {""};

		(void)parse(&crypto, bad_cases[i].text, &error);
		for (size_t at = 0; at + 8 <= strlen(KEY30); at++) {
			char part[9] = {0};

			memcpy(part, &KEY30[at], 8);
			assert_null(strstr(error.text, part));
		}
	}
}

static void made_keys_differ_and_come_back(void **state)
{
	(void)state;
	for (unsigned suite = 0; suite < SDES_SUITES; suite++) {
		struct sdes_crypto a, b, back;
		struct buf buf;

		assert_int_equal(sdes_make(&a, 7, (enum sdes_suite)suite), 0);
		assert_int_equal(sdes_make(&b, 7, (enum sdes_suite)suite), 0);
		assert_int_equal(a.key.len, sdes_key_len((enum sdes_suite)suite));
		assert_false(secret_equal(&a.key, &b.key));
		assert_int_equal(a.lifetime, 0);
		assert_int_equal(a.mki_len, 0);
		buf_init(&buf, 0);
		sdes_print(&a, &buf);
		assert_int_equal(sdes_parse(&back, buf_span(&buf), NULL), 0);
		assert_true(secret_equal(&a.key, &back.key));
		assert_int_equal(back.tag, 7);
		assert_int_equal(back.suite, suite);
		buf_free(&buf);
	}
}

static void suites_have_their_lengths(void **state)
{
	(void)state;
	assert_string_equal(sdes_suite_name(SDES_AEAD_AES_256_GCM), "AEAD_AES_256_GCM");
	assert_int_equal(sdes_key_len(SDES_AEAD_AES_256_GCM), 44);
	assert_int_equal(sdes_key_len(SDES_AEAD_AES_128_GCM), 28);
	assert_int_equal(sdes_key_len(SDES_AES_256_CM_HMAC_SHA1_32), 46);
	assert_int_equal(sdes_key_len(SDES_AES_CM_128_HMAC_SHA1_80), 30);
	assert_int_equal(sdes_tag_len(SDES_AEAD_AES_128_GCM), 16);
	assert_int_equal(sdes_tag_len(SDES_AES_256_CM_HMAC_SHA1_80), 10);
	assert_int_equal(sdes_tag_len(SDES_AES_CM_128_HMAC_SHA1_32), 4);
}

/* RFC 4648 section 10, and every character in every place. */
static void base64_is_that_of_the_rfc(void **state)
{
	static const char *const vectors[][2] = {{"f", "Zg=="}, {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"}};
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		size_t len = strlen(vectors[i][0]);
		char text[9] = {0};
		uint8_t bytes[6];

		b64_encode((const uint8_t *)vectors[i][0], len, text);
		assert_string_equal(text, vectors[i][1]);
		assert_int_equal(b64_decode(span_of(text), bytes, len), 0);
		assert_memory_equal(bytes, vectors[i][0], len);
	}
	for (unsigned c = 0; c < 256; c++) {
		char text[4] = {'A', 'A', 'A', (char)c};
		const char *at = c ? strchr(alphabet, (int)c) : NULL;
		uint8_t bytes[3];
		int err = b64_decode((struct span){text, 4}, bytes, 3);

		assert_int_equal(err, at ? 0 : ERR_FORMAT);
		if (at)
			assert_int_equal(bytes[2], at - alphabet);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lines_are_read_and_printed),
		cmocka_unit_test(key_bytes_are_those_of_the_rfc),
		cmocka_unit_test(bad_lines_are_refused_and_leave_the_result_alone),
		cmocka_unit_test(error_texts_hold_no_key),
		cmocka_unit_test(made_keys_differ_and_come_back),
		cmocka_unit_test(suites_have_their_lengths),
		cmocka_unit_test(base64_is_that_of_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
