/* Time stamps, as `openssl ts -reply` made them: tests/data/stamp. */
#include "../unit.h"

#include "base/regular.h"
#include "evidence/der.h"
#include "evidence/radix64.h"
#include "evidence/stamp.h"
#include "evidence_fixture.h"

static const uint8_t nonce[STAMP_NONCE_LEN] = {
	0x41, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};

static struct err_text text;

static const char *path_of(const char *name)
{
	static char path[4300];
	const char *srcdir = getenv("srcdir");

	snprintf(path, sizeof(path), "%s/tests/data/stamp/%s", srcdir ? srcdir : ".",
		name);
	return path;
}

static struct buf data_of(const char *name)
{
	struct buf data;

	buf_init(&data, 0);
	assert_int_equal(regular_read(AT_FDCWD, path_of(name), STAMP_MAX, &data), 0);
	assert_true(data.len > 0);
	return data;
}

/* What RESPONSE is of the note, for the nonce. */
static int read_it(const char *name, struct stamp *ret)
{
	struct buf response = data_of(name), note = data_of("note");
	int err = stamp_read(ret, buf_span(&response), buf_span(&note), nonce, &text);

	buf_free(&response);
	buf_free(&note);
	return err;
}

/* Authorities are DER in the tree, and PEM for whoever reads them. */
static char *folder;

static const char *authorities_of(const char *name)
{
	static char path[4300];
	struct buf der = data_of(name), pem;

	buf_init(&pem, 0);
	buf_add_str(&pem, "-----BEGIN CERTIFICATE-----\n");
	radix64_add(&pem, der.data, der.len);
	buf_add_str(&pem, "\n-----END CERTIFICATE-----\n");
	fixture_write(folder, "authorities", pem.data, pem.len);
	snprintf(path, sizeof(path), "%s/authorities", folder);
	buf_free(&der);
	buf_free(&pem);
	return path;
}

static int verify_it(const char *name, const char *authorities)
{
	struct buf response = data_of(name);
	int err = stamp_verify(buf_span(&response), authorities, &text);

	buf_free(&response);
	return err;
}

static void the_request_is_what_openssl_reads(void **state)
{
	struct buf query = data_of("query"), note = data_of("note"), made;

	(void)state;
	buf_init(&made, 0);
	stamp_request(&made, buf_span(&note), nonce);
	assert_true(span_equal(buf_span(&made), buf_span(&query)));
	buf_free(&made);
	buf_free(&query);
	buf_free(&note);
}

static void a_nonce_is_a_positive_number_of_full_length(void **state)
{
	uint8_t drawn[64][STAMP_NONCE_LEN];

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		assert_int_equal(stamp_nonce(drawn[i]), 0);
		assert_int_equal(drawn[i][0] & 0xc0, 0x40);
		for (unsigned k = 0; k < i; k++)
			assert_memory_not_equal(drawn[i], drawn[k], STAMP_NONCE_LEN);
	}
}

static void a_stamp_says_when(void **state)
{
	struct stamp stamp = {""};

	(void)state;
	assert_int_equal(read_it("good.tsr", &stamp), 0);
	assert_string_equal(stamp.time, "2026-12-01T12:14:49Z");
	assert_int_equal(verify_it("good.tsr", authorities_of("ca.bin")), 0);
}

static void it_is_of_these_data_and_this_request(void **state)
{
	static const uint8_t other[STAMP_NONCE_LEN] = {0x41, 2, 3, 4, 5, 6, 7, 9};
	struct buf response = data_of("good.tsr"), note = data_of("note");
	struct stamp stamp = {"as it was"};

	(void)state;
	assert_int_equal(stamp_read(&stamp, buf_span(&response), span_of("another note"),
				 nonce, &text),
		ERR_TRUST);
	assert_string_equal(text.text, "it stamps something else");
	assert_int_equal(
		stamp_read(&stamp, buf_span(&response), buf_span(&note), other, &text),
		ERR_TRUST);
	assert_string_equal(text.text, "it answers another request");
	assert_string_equal(stamp.time, "as it was");
	/* Whoever looks later does not know the request. */
	assert_int_equal(
		stamp_read(&stamp, buf_span(&response), buf_span(&note), NULL, &text), 0);
	assert_string_equal(stamp.time, "2026-12-01T12:14:49Z");
	buf_free(&response);
	buf_free(&note);
}

static void what_is_refused_is_said(void **state)
{
	struct stamp stamp;

	(void)state;
	assert_int_equal(read_it("refused.tsr", &stamp), ERR_STATE);
	assert_string_equal(text.text, "the authority refuses: status 2");
	assert_int_equal(read_it("tokenless.tsr", &stamp), ERR_FORMAT);
	assert_string_equal(text.text, "no token came with the response");
	/* Signed well, but not as a time stamp. */
	assert_int_equal(read_it("data.tsr", &stamp), ERR_FORMAT);
	assert_string_equal(text.text, "its token is no time stamp");
	assert_int_equal(read_it("note", &stamp), ERR_FORMAT);
	assert_string_equal(text.text, "it is no TimeStampResp (RFC 3161)");
}

static void who_signed_must_be_an_authority_for_stamps(void **state)
{
	struct stamp stamp;

	(void)state;
	assert_int_equal(verify_it("good.tsr", authorities_of("other.bin")), ERR_TRUST);
	assert_int_equal(verify_it("good.tsr", path_of("note")), ERR_FORMAT);
	assert_int_equal(verify_it("good.tsr", "/none.pem"), ERR_FORMAT);
	/* The same info, by a certificate of the same authority for web servers. */
	assert_int_equal(read_it("web.tsr", &stamp), 0);
	assert_int_equal(verify_it("web.tsr", authorities_of("ca.bin")), ERR_TRUST);
}

/* Whatever is changed: it is refused, or says the same. */
static void no_byte_changes_what_it_says(void **state)
{
	struct buf response = data_of("good.tsr"), note = data_of("note");
	const char *authorities = authorities_of("ca.bin");
	struct stamp stamp;
	unsigned refused = 0;

	(void)state;
	for (size_t i = 0; i < response.len; i++) {
		response.data[i] ^= 0x55;
		if (stamp_read(&stamp, buf_span(&response), buf_span(&note), nonce,
			    &text) != 0 ||
			stamp_verify(buf_span(&response), authorities, &text) != 0)
			refused++;
		else
			assert_string_equal(stamp.time, "2026-12-01T12:14:49Z");
		response.data[i] ^= 0x55;
	}
	assert_true(refused > response.len / 2);
	for (size_t i = 0; i < response.len; i++)
		assert_int_not_equal(stamp_read(&stamp, (struct span){response.data, i},
					     buf_span(&note), nonce, &text),
			0);
	buf_add_char(&response, '\0');
	assert_int_equal(
		stamp_read(&stamp, buf_span(&response), buf_span(&note), nonce, &text),
		ERR_FORMAT);
	buf_free(&response);
	buf_free(&note);
}

static void elements_of_der_are_within_what_is_around_them(void **state)
{
	static const struct {
		const char *hex;
		int len; /* of the contents; -1: refused */
	} rows[] = {
		{"0400", 0},
		{"0401aa", 1},
		{"0401", -1},
		{"04", -1},
		{"", -1},
		{"0201aa", -1},     /* another tag */
		{"0480aa0000", -1}, /* indefinite */
		{"048101aa", -1},   /* not the shortest form */
		{"04820001aa", -1}, /* nor this */
		{"0485", -1},       /* a length of five bytes */
		{"0484ffffffff", -1},
		{"0482", -1},
		{"1f0400", -1},
	};
	struct buf bytes;
	struct span rest, got;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_init(&bytes, 0);
		if (rows[i].hex[0])
			assert_int_equal(
				buf_add_unhexed(&bytes, span_of(rows[i].hex)), 0);
		rest = buf_span(&bytes);
		if (der_take(&rest, DER_OCTETS, &got) != (rows[i].len >= 0))
			fail_msg("%s", rows[i].hex);
		if (rows[i].len >= 0)
			assert_int_equal(got.len, rows[i].len);
		else
			assert_int_equal(rest.len, bytes.len);
		buf_free(&bytes);
	}
	/* A long one, and what follows it. */
	buf_init(&bytes, 0);
	buf_add(&bytes, "\x04\x81\x80", 3);
	for (unsigned i = 0; i < 0x80 + 1; i++)
		buf_add_char(&bytes, 'x');
	rest = buf_span(&bytes);
	assert_true(der_take_any(&rest, &got));
	assert_int_equal(got.len, 3 + 0x80);
	assert_int_equal(rest.len, 1);
	assert_int_equal(der_tag(rest), 'x');
	assert_false(der_take_any(&rest, &got));
	buf_free(&bytes);
}

static void the_next_stamp_behind_a_record_is_found(void **state)
{
	int fd = fixture_log_fd(folder);
	char path[STAMP_PATH_SIZE];
	uint64_t size = 0;

	(void)state;
	assert_int_equal(stamp_find(fd, 0, &size), -ENOENT);
	assert_int_equal(logbook_replace(fd, "stamps/100.tsr", span_of("x")), 0);
	assert_int_equal(logbook_replace(fd, "stamps/20.tsr", span_of("x")), 0);
	assert_int_equal(logbook_replace(fd, "stamps/90.checkpoint", span_of("x")), 0);
	assert_int_equal(logbook_replace(fd, "stamps/x.tsr", span_of("x")), 0);
	assert_int_equal(logbook_replace(fd, "stamps/95.tsr.old", span_of("x")), 0);
	assert_int_equal(stamp_find(fd, 19, &size), 0);
	assert_int_equal(size, 20);
	assert_int_equal(stamp_find(fd, 20, &size), 0);
	assert_int_equal(size, 100);
	assert_int_equal(stamp_find(fd, 100, &size), -ENOENT);
	assert_string_equal(stamp_note_path(20, path), "stamps/20.checkpoint");
	assert_string_equal(stamp_response_path(20, path), "stamps/20.tsr");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_request_is_what_openssl_reads),
		cmocka_unit_test(a_nonce_is_a_positive_number_of_full_length),
		cmocka_unit_test(a_stamp_says_when),
		cmocka_unit_test(it_is_of_these_data_and_this_request),
		cmocka_unit_test(what_is_refused_is_said),
		cmocka_unit_test(who_signed_must_be_an_authority_for_stamps),
		cmocka_unit_test(no_byte_changes_what_it_says),
		cmocka_unit_test(elements_of_der_are_within_what_is_around_them),
		cmocka_unit_test(the_next_stamp_behind_a_record_is_found),
	};

	int failed;

	folder = fixture_folder();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_remove(folder);
	return failed;
}
