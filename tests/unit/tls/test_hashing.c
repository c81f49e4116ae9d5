/* Hashes: their published vectors, in parts and whole. */
#include "../unit.h"

#include "base/err.h"
#include "tls/hashing.h"
#include "tls/policy.h"

#include <string.h>

static const struct {
	enum hashing_kind kind;
	const char *text, *hex;
} vectors[] = {
	/* RFC 1321 A.5 */
	{HASHING_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
	{HASHING_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
	/* FIPS 180-4, as NIST publishes its examples */
	{HASHING_SHA_256, "abc",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{HASHING_SHA_512_256, "",
		"c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a"},
	{HASHING_SHA_512_256, "abc",
		"53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"},
	{HASHING_SHA_512_256,
		"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
		"hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		"3928e184fb8690f840da3988121d31be65cb9d3ef83ee6146feac861e19b563a"},
};

static void published_vectors_come_out(void **state)
{
	char hex[HASHING_HEX_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		const struct span whole = span_of(vectors[i].text);
		int err = hashing_hex(vectors[i].kind, &whole, 1, hex);

		if (policy_fips_active() && vectors[i].kind != HASHING_SHA_256) {
			assert_int_equal(err, ERR_SUPPORT);
			continue;
		}
		assert_int_equal(err, 0);
		assert_string_equal(hex, vectors[i].hex);
	}
}

static void parts_are_one_text(void **state)
{
	char whole[HASHING_HEX_SIZE], parts[HASHING_HEX_SIZE];

	(void)state;
	for (enum hashing_kind kind = 0; kind < HASHING_KINDS; kind++) {
		const struct span one = span_of("abcdef");
		const struct span three[] = {span_of("abc"), {NULL, 0}, span_of("def")};

		if (policy_fips_active() && kind != HASHING_SHA_256)
			continue;
		assert_int_equal(hashing_hex(kind, &one, 1, whole), 0);
		assert_int_equal(hashing_hex(kind, three, 3, parts), 0);
		assert_string_equal(whole, parts);
	}
}

/* RFC 4231 4.3 */
static void a_code_is_hmac(void **state)
{
	const struct span parts[] = {
		span_of("what do ya want "), span_of("for nothing?")};
	char code[HASHING_HEX_SIZE];
	struct secret key;

	(void)state;
	secret_set(&key, "Jefe", 4);
	assert_int_equal(hashing_code(&key, parts, 2, code), 0);
	assert_string_equal(
		code, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void texts_are_compared_whole(void **state)
{
	(void)state;
	assert_true(hashing_same(span_of("abc"), span_of("abc")));
	assert_true(hashing_same(span_of(""), span_of("")));
	assert_false(hashing_same(span_of("abc"), span_of("abd")));
	assert_false(hashing_same(span_of("abc"), span_of("ab")));
	assert_false(hashing_same(span_of(""), span_of("a")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors_come_out),
		cmocka_unit_test(parts_are_one_text),
		cmocka_unit_test(a_code_is_hmac),
		cmocka_unit_test(texts_are_compared_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
