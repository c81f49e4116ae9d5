#include "../unit.h"

#include "evidence/ed25519.h"
#include "evidence/radix64.h"
#include "evidence_fixture.h"

/* RFC 8032 7.1 */
static const struct {
	const char *secret, *public, *message, *signature;
} vectors[] = {
	{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb88215"
		"90a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
	{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e4"
		"3e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
		"af82",
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b53"
		"8d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static int setup(void **state)
{
	*state = fixture_folder();
	return 0;
}

static int teardown(void **state)
{
	fixture_remove(*state);
	return 0;
}

/* A PEM file with SECRET: PKCS #8 as RFC 8410 10.3 has it. */
static void write_secret(const char *path, const char *secret, const char *algorithm)
{
	uint8_t der[48];
	struct buf pem;
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	unhex("302e020100300506032b", der, 10);
	unhex(algorithm, der + 10, 2);
	unhex("04220420", der + 12, 4);
	unhex(secret, der + 16, 32);
	buf_init(&pem, 0);
	radix64_add(&pem, der, sizeof(der));
	fprintf(file, "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n",
		buf_str(&pem));
	assert_int_equal(fchmod(fileno(file), 0600), 0);
	fclose(file);
	buf_free(&pem);
}

static void published_vectors_come_out(void **state)
{
	char *path = fixture_path(*state, "key");

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t public[32], expected[64], signature[64], got[32], message[2];
		struct span data = {(char *)message, strlen(vectors[i].message) / 2};
		struct err_text text = {""};
		struct ed25519 *key = NULL;

		unhex(vectors[i].public, public, 32);
		unhex(vectors[i].signature, expected, 64);
		unhex(vectors[i].message, message, data.len);
		write_secret(path, vectors[i].secret, "6570");
		assert_int_equal(ed25519_load(&key, path, &text), 0);
		ed25519_public(key, got);
		assert_memory_equal(got, public, 32);
		assert_int_equal(ed25519_sign(key, data, signature), 0);
		assert_memory_equal(signature, expected, 64);
		assert_true(ed25519_verify(public, data, signature, 64));
		assert_false(ed25519_verify(public, data, signature, 63));
		signature[40] ^= 1;
		assert_false(ed25519_verify(public, data, signature, 64));
		ed25519_free(key);
	}
	free(path);
}

/* RFC 8032 5.1.7: S must be below the order of the group, else one signature makes others. */
static void a_signature_has_one_form(void **state)
{
	static const char order[] =
		"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
	uint8_t public[32], signature[64], l[32];
	unsigned carry = 0;

	(void)state;
	unhex(vectors[1].public, public, 32);
	unhex(vectors[1].signature, signature, 64);
	unhex(order, l, 32);
	for (unsigned i = 0; i < 32; i++) {
		carry += signature[32 + i] + l[i];
		signature[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	assert_false(ed25519_verify(public, span_of("r"), signature, 64));
}

static void a_key_that_is_made_is_nobody_elses(void **state)
{
	char *path = fixture_path(*state, "made");
	uint8_t public[32], other[32], signature[64];
	struct err_text text = {""};
	struct ed25519 *key = NULL;
	struct stat st;

	assert_int_equal(ed25519_create(path, &text), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* What is there is never written over. */
	assert_int_equal(ed25519_create(path, &text), -EEXIST);
	assert_int_equal(ed25519_load(&key, path, &text), 0);
	ed25519_public(key, public);
	assert_int_equal(ed25519_sign(key, span_of("text"), signature), 0);
	assert_true(ed25519_verify(public, span_of("text"), signature, 64));
	assert_false(ed25519_verify(public, span_of("Text"), signature, 64));
	ed25519_free(key);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ed25519_create(path, &text), 0);
	assert_int_equal(ed25519_load(&key, path, &text), 0);
	ed25519_public(key, other);
	assert_memory_not_equal(public, other, 32);
	assert_false(ed25519_verify(other, span_of("text"), signature, 64));
	ed25519_free(key);
	free(path);
}

static void what_is_no_such_key_is_refused(void **state)
{
	char *path = fixture_path(*state, "key");
	struct err_text text = {""};
	struct ed25519 *key = NULL;

	assert_true(ed25519_load(&key, path, &text) < 0);
	/* X25519 */
	write_secret(path, vectors[0].secret, "656e");
	assert_int_equal(ed25519_load(&key, path, &text), ERR_SUPPORT);
	assert_non_null(strstr(text.text, "openssl genpkey -algorithm ed25519"));
	write_secret(path, vectors[0].secret, "6570");
	assert_int_equal(chmod(path, 0644), 0);
	assert_true(ed25519_load(&key, path, &text) < 0);
	assert_null(key);
	free(path);
	path = fixture_path(*state, "nowhere/key");
	assert_int_equal(ed25519_create(path, &text), -ENOENT);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			published_vectors_come_out, setup, teardown),
		cmocka_unit_test(a_signature_has_one_form),
		cmocka_unit_test_setup_teardown(
			a_key_that_is_made_is_nobody_elses, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_no_such_key_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
