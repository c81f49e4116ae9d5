#include "../unit.h"

#include "base/err.h"
#include "evidence/head.h"
#include "evidence_fixture.h"

#define SALT "00112233445566778899aabbccddeeff"

static void a_head_is_written_and_read(void **state)
{
	static const uint64_t numbers[] = {0, 9, 10, 4711, INT64_MAX};
	struct buf line;
	uint64_t seq;

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		buf_init(&line, 0);
		head_write(&line, numbers[i], SALT);
		seq = 77;
		assert_int_equal(head_read(buf_span(&line), &seq), 0);
		assert_true(seq == numbers[i]);
		if (i == 3)
			assert_true(span_equal_str(buf_span(&line),
				"{\"v\":1,\"seq\":4711,\"salt\":\"" SALT "\""));
		buf_add_str(&line, ",\"kind\":\"call\"}");
		assert_int_equal(head_read(buf_span(&line), &seq), 0);
		buf_free(&line);
	}
}

static void a_line_of_before_has_none(void **state)
{
	uint64_t seq = 77;

	(void)state;
	assert_int_equal(head_read(span_of(""), &seq), -ENOENT);
	assert_int_equal(head_read(span_of("{\"id\":\"x\",\"v\":1}"), &seq), -ENOENT);
	assert_int_equal(head_read(span_of("no record"), &seq), -ENOENT);
	assert_int_equal(seq, 77);
}

static void a_head_has_one_form(void **state)
{
	static const char *const bad[] = {
		"{\"v\":", "{\"v\":2,\"seq\":1,\"salt\":\"" SALT "\"",
		"{\"v\":1,\"seq\":,\"salt\":\"" SALT "\"",
		"{\"v\":1,\"seq\":01,\"salt\":\"" SALT "\"",
		"{\"v\":1,\"seq\":-1,\"salt\":\"" SALT "\"",
		"{\"v\":1,\"seq\":1 ,\"salt\":\"" SALT "\"",
		"{\"v\":1,\"seq\":9223372036854775808,\"salt\":\"" SALT "\"",
		"{\"v\":1,\"seq\":99999999999999999999,\"salt\":\"" SALT "\"",
		"{\"v\":1,\"seq\":1", "{\"v\":1,\"seq\":1,\"salt\":\"",
		"{\"v\":1,\"seq\":1,\"salt\":\"" SALT,
		"{\"v\":1,\"seq\":1,\"salt\":\"" SALT "0\"",
		"{\"v\":1,\"seq\":1,\"salt\":\"0011223344556677889\"aabbccddeeff\"",
		"{\"v\":1,\"seq\":1,\"salt\":\"00112233445566778899AABBCCDDEEFF\"",
		"{\"v\":1,\"seq\":1,\"salt\":\"00112233445566778899aabbccddee:f\"",
		"{\"v\":1,\"seq\":1,\"salt\":\"00112233445566778899aabbccddee`g\"",
		"{\"v\":1,\"seq\":1,\"pepr\":\"" SALT "\""};
	uint64_t seq = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (head_read(span_of(bad[i]), &seq) >= 0 ||
			head_read(span_of(bad[i]), &seq) == -ENOENT)
			fail_msg("number %zu has no head", i);
	assert_int_equal(seq, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_is_written_and_read),
		cmocka_unit_test(a_line_of_before_has_none),
		cmocka_unit_test(a_head_has_one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
