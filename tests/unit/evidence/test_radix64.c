#include "../unit.h"

#include "base/err.h"
#include "evidence/radix64.h"
#include "evidence_fixture.h"

/* RFC 4648 10 */
static const struct {
	const char *plain, *text;
} vectors[] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
};

static void published_vectors_come_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		char plain[16];
		struct buf out;
		size_t len = 99;

		buf_init(&out, 0);
		radix64_add(&out, vectors[i].plain, strlen(vectors[i].plain));
		assert_true(span_equal_str(buf_span(&out), vectors[i].text));
		assert_int_equal(radix64_read(span_of(vectors[i].text), plain,
					 sizeof(plain), &len),
			0);
		assert_int_equal(len, strlen(vectors[i].plain));
		assert_memory_equal(plain, vectors[i].plain, len);
		buf_free(&out);
	}
}

static void every_byte_comes_back(void **state)
{
	uint8_t bytes[256], back[256];
	struct buf out;
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 256; i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t count = 253; count <= 256; count++) {
		buf_init(&out, 0);
		radix64_add(&out, bytes, count);
		assert_int_equal(radix64_read(buf_span(&out), back, count, &len), 0);
		assert_int_equal(len, count);
		assert_memory_equal(back, bytes, count);
		assert_int_equal(
			radix64_read(buf_span(&out), back, count - 1, &len), ERR_LIMIT);
		buf_free(&out);
	}
}

static void a_value_has_one_text(void **state)
{
	static const char *const wrong[] = {"Z", "Zg", "Zg=", "Zg===", "=Zg=", "Z===",
		"====", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n", "Zm 9", "Zm9-", "Zm9_",
		"Zm9\xc3", "Zm9v====", "@m9v", "[m9v", "`m9v", "{m9v", ":m9v", ".m9v"};
	char out[16];
	size_t len = 99;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (radix64_read(span_of(wrong[i]), out, sizeof(out), &len) != ERR_FORMAT)
			fail_msg("\"%s\" was read", wrong[i]);
	assert_int_equal(len, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors_come_out),
		cmocka_unit_test(every_byte_comes_back),
		cmocka_unit_test(a_value_has_one_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
