/*
 * Files of age as others expect them: two vectors of C2SP's test kit (CCTV, age/testdata/x25519 and
 * x25519_multiple_recipients), whose random bytes are the key stream of ChaCha20 under its fixed key; and
 * Debian's age, where it is, reads what is written here.
 */
#include "../unit.h"

#include "audit/age.h"
#include "audit_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The public key of another identity. */
#define OTHER "age1f3ygt5e2d2h7d6dae2tnwgy4y6f0kwhvpa64cre0k2gprv2r8qnst4j00y"

static struct age_recipients *recipients_of(const char *text)
{
	struct age_recipients *recipients = NULL;
	struct err_text error = {""};

	if (age_recipients_read(&recipients, span_of(text), &error) != 0)
		fail_msg("%s", error.text);
	return recipients;
}

static void unhex(uint8_t *out, const char *hex)
{
	struct buf bytes;

	buf_init(&bytes, 0);
	assert_int_equal(buf_add_unhexed(&bytes, span_of(hex)), 0);
	memcpy(out, bytes.data, bytes.len);
	buf_free(&bytes);
}

/* A file for RECIPIENTS that has "age", behind what OUT has, with the random bytes of the test kit from those of the first
 * ephemeral key on. */
static void write_vector(struct buf *out, const char *recipients,
	const char *const *ephemerals, const char *nonce)
{
	struct age_recipients *list = recipients_of(recipients);
	struct age_secrets secrets = {.file_key = "YELLOW SUBMARINE"};
	struct age_stream stream;

	for (size_t i = 0; i < age_recipients_count(list); i++)
		unhex(secrets.ephemeral[i], ephemerals[i]);
	unhex(secrets.nonce, nonce);
	assert_int_equal(age_header(out, list, &secrets), 0);
	age_stream_begin(&stream, &secrets);
	assert_int_equal(age_stream_seal(&stream, out, "age", 3, true), 0);
	age_recipients_unref(list);
}

static void the_vector_of_one_recipient_is_written(void **state)
{
	static const char *const ephemerals[] = {
		"ac5d3f3706e55071d3a604204697b9091b35c6e687dd00da3ac379ac9f742c21"};
	static const char head[] =
		"age-encryption.org/v1\n"
		"-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n"
		"EmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U\n"
		"--- Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0\n";
	uint8_t payload[35];
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	write_vector(&out, RECIPIENT, ephemerals, "eecf62c7ce91b433274e68d4f2f9134c");
	unhex(payload,
		"eecf62c7ce91b433274e68d4f2f9134cb74c5bfef7beaa52c8f0bc0e992c1e8331"
		"fb66");
	assert_int_equal(out.len, strlen(head) + sizeof(payload));
	assert_memory_equal(out.data, head, strlen(head));
	assert_memory_equal(out.data + strlen(head), payload, sizeof(payload));
	buf_free(&out);
}

static void the_vector_of_two_recipients_is_written(void **state)
{
	static const char *const ephemerals[] = {
		"eecf62c7ce91b433274e68d4f2f9134c5b1de6e82e0e0cbdd323c877cf853d61",
		"dddf72d06fbcab57df3d0d312496ad2102545e6bf4c6061c893e8f29eccd2c0b"};
	static const char head[] =
		"age-encryption.org/v1\n"
		"-> X25519 ajtqAvDEkVNr2B7zUOtq2mAQXDSBlNrVAuM/dKb5sT4\n"
		"0evrK/HQXVsQ4YaDe+659l5OQzvAzD2ytLGHQLQiqxg\n"
		"-> X25519 0qC7u6AbLxuwnM8tPFOWVtWZn/ZZe7z7gcsP5kgA0FI\n"
		"T/PZg76MmVt2IaLntrxppzDnzeFDYHsHFcnTnhbRLQ8\n"
		"--- 7W07ef2PhsTAl74pn+9vSj/Xzukwa6SuTqMc16cdBk0\n";
	static const char recipients[] = "# two\r\n\n" OTHER "\r\n" RECIPIENT "\n",
			  nonce[] = "f0b818be0f355442399920ad8084964b";
	struct buf out, behind;

	(void)state;
	buf_init(&out, 0);
	write_vector(&out, recipients, ephemerals, nonce);
	assert_true(out.len > strlen(head));
	assert_memory_equal(out.data, head, strlen(head));
	/* other bytes before it are not of it */
	buf_init(&behind, 0);
	buf_add_str(&behind, "before");
	write_vector(&behind, recipients, ephemerals, nonce);
	assert_int_equal(behind.len, strlen("before") + out.len);
	assert_memory_equal(behind.data + strlen("before"), out.data, out.len);
	buf_free(&behind);
	buf_free(&out);
}

static void assert_refused(const char *text, const char *why)
{
	struct age_recipients *recipients = NULL;
	struct err_text error = {""};

	assert_true(age_recipients_read(&recipients, span_of(text), &error) < 0);
	assert_null(recipients);
	if (!strstr(error.text, why))
		fail_msg("%s", error.text);
}

static void what_is_no_recipient_is_refused(void **state)
{
	char many[AGE_RECIPIENTS_MAX * 70 + 200] = "";
	struct age_recipients *recipients;

	(void)state;
	assert_refused("", "no recipient");
	assert_refused("# one\n\n", "no recipient");
	assert_refused(IDENTITY "\n", "line 1 is a secret key");
	assert_refused("#\nage1\n", "line 2 is no age");
	/* its check sum, another separator, another prefix, 33 bytes, bits of padding, both cases */
	assert_refused("age1w3tyke4gev25vaxxsvcgqu4484rf6ejpmavs57p6yz6lhy2sfs5swrvwyq",
		"line 1 is no");
	assert_refused("age2w3tyke4gev25vaxxsvcgqu4484rf6ejpmavs57p6yz6lhy2sfs5swrvwyn",
		"line 1 is no");
	assert_refused("ags1w3tyke4gev25vaxxsvcgqu4484rf6ejpmavs57p6yz6lhy2sfs5szydjdf",
		"line 1 is no");
	assert_refused("age1w3tyke4gev25vaxxsvcgqu4484rf6ejpmavs57p6yz6lhy2sfs5hssh9pa2",
		"line 1 is no");
	assert_refused("age1w3tyke4gev25vaxxsvcgqu4484rf6ejpmavs57p6yz6lhy2sfs53n4cmep",
		"line 1 is no");
	assert_refused("Age1w3tyke4gev25vaxxsvcgqu4484rf6ejpmavs57p6yz6lhy2sfs5swrvwyn",
		"line 1 is no");
	/* points of low order: the shared secret would be 0 */
	assert_refused("age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z",
		"line 1 is no");
	assert_refused("age1qyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqj7vrya",
		"line 1 is no");
	assert_refused("ssh-ed25519 AAAA", "line 1 is no");
	for (unsigned i = 0; i < AGE_RECIPIENTS_MAX; i++)
		strcat(many, RECIPIENT "\n");
	recipients = recipients_of(many);
	assert_int_equal(age_recipients_count(recipients), AGE_RECIPIENTS_MAX);
	age_recipients_unref(recipients);
	strcat(many, "AGE1W3TYKE4GEV25VAXXSVCGQU4484RF6EJPMAVS57P6YZ6LHY2SFS5SWRVWYN");
	assert_refused(many, "line 17: more than 16");
}

/* LEN bytes, each another one than its neighbours. */
static uint8_t *some_bytes(size_t len)
{
	uint8_t *bytes = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	return bytes;
}

static void assert_fresh(const uint8_t *one, const uint8_t *other, size_t len)
{
	uint8_t before[AGE_KEY];

	assert_true(len <= sizeof(before));
	memset(before, 7, sizeof(before));
	assert_memory_not_equal(one, other, len);
	assert_memory_not_equal(one, before, len);
	assert_memory_not_equal(other, before, len);
}

static void secrets_are_new_each_time(void **state)
{
	struct age_secrets one, other;

	(void)state;
	memset(&one, 7, sizeof(one));
	memset(&other, 7, sizeof(other));
	assert_int_equal(age_secrets_make(&one), 0);
	assert_int_equal(age_secrets_make(&other), 0);
	assert_fresh(one.file_key, other.file_key, sizeof(one.file_key));
	assert_fresh(one.nonce, other.nonce, sizeof(one.nonce));
	for (size_t i = 0; i < AGE_RECIPIENTS_MAX; i++)
		assert_fresh(one.ephemeral[i], other.ephemeral[i], AGE_KEY);
}

static void write_file(const char *folder, const char *name, const void *data, size_t len)
{
	char path[4300];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_int_equal(fwrite(data, 1, len, file), len);
	fclose(file);
}

/* A file as the server makes it, with its own random bytes. */
static void write_age(struct buf *out, const uint8_t *bytes, size_t len)
{
	struct age_recipients *list = recipients_of(RECIPIENT);
	struct age_secrets secrets;
	struct age_stream stream;

	buf_init(out, 0);
	assert_int_equal(age_secrets_make(&secrets), 0);
	assert_int_equal(age_header(out, list, &secrets), 0);
	age_stream_begin(&stream, &secrets);
	while (len > AGE_CHUNK) {
		assert_int_equal(
			age_stream_seal(&stream, out, bytes, AGE_CHUNK, false), 0);
		bytes += AGE_CHUNK;
		len -= AGE_CHUNK;
	}
	assert_int_equal(age_stream_seal(&stream, out, bytes, len, true), 0);
	age_recipients_unref(list);
}

static int run(const char *folder, const char *command)
{
	char text[5000];

	snprintf(text, sizeof(text), "cd '%s' && { %s; } >/dev/null 2>&1", folder,
		command);
	return system(text);
}

static void age_opens_what_is_written(void **state)
{
	static const size_t lens[] = {0, 1, 65535, 65536, 65537, 131072, 131073, 200000,
		258 * 65536 + 1 /* more chunks than a byte counts */};
	char *folder = fixture_folder();
	struct buf out;

	(void)state;
	if (system("command -v age >/dev/null 2>&1") != 0) {
		fixture_remove(folder);
		skip();
	}
	write_file(folder, "key", IDENTITY "\n", strlen(IDENTITY) + 1);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		uint8_t *bytes = some_bytes(lens[i]);

		write_age(&out, bytes, lens[i]);
		write_file(folder, "plain", bytes, lens[i]);
		write_file(folder, "file.age", out.data, out.len);
		assert_int_equal(run(folder, "age -d -i key file.age | cmp - plain"), 0);
		if (lens[i] > 0) {
			/* the first byte of the last chunk, and its end */
			assert_int_equal(run(folder, "head -c -1 file.age >cut.age; "
						     "age -d -i key cut.age"),
				256);
		}
		free(bytes);
		buf_free(&out);
	}
	fixture_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vector_of_one_recipient_is_written),
		cmocka_unit_test(the_vector_of_two_recipients_is_written),
		cmocka_unit_test(what_is_no_recipient_is_refused),
		cmocka_unit_test(secrets_are_new_each_time),
		cmocka_unit_test(age_opens_what_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
