/* Keys of media as lines: what is written is read, and nothing else is taken. */
#include "../unit.h"

#include "sdp/keyline.h"

#define KEY "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define LINE                                                                             \
	"1764608400.000042 5f3c-00002a b 1 out 192.0.2.1:40000 [2001:db8::7]:30000 "     \
	"1 AES_CM_128_HMAC_SHA1_80 " KEY "|2^31|1:4"

static void what_is_written_is_read(void **state)
{
	struct keyline line, again;
	struct buf out;

	(void)state;
	assert_int_equal(keyline_read(&line, span_of(LINE)), 0);
	assert_true(line.wall_us == UINT64_C(1764608400000042));
	assert_string_equal(line.call, "5f3c-00002a");
	assert_string_equal(line.leg, "b");
	assert_int_equal(line.line, 1);
	assert_true(line.out);
	assert_int_equal(addr_port(&line.local), 40000);
	assert_true(addr_is_v6(&line.remote));
	assert_int_equal(line.crypto.suite, SDES_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(line.crypto.mki_len, 4);
	buf_init(&out, 0);
	keyline_print(&line, &out);
	assert_string_equal(buf_str(&out), LINE "\n");
	buf_clear(&out);
	line.out = false;
	line.remote.len = 0;
	keyline_print(&line, &out);
	assert_non_null(strstr(buf_str(&out), " in 192.0.2.1:40000 - 1 AES"));
	out.len--;
	assert_int_equal(keyline_read(&again, buf_span(&out)), 0);
	assert_false(again.out);
	assert_int_equal(again.remote.len, 0);
	buf_free(&out);
}

static void nothing_else_is_taken(void **state)
{
	static const char *const bad[] = {
		"",
		"1764608400.000042",
		"1764608400 c b 0 in 192.0.2.1:1 - 1 AES_CM_128_HMAC_SHA1_80 " KEY,
		"1764608400.42 c b 0 in 192.0.2.1:1 - 1 AES_CM_128_HMAC_SHA1_80 " KEY,
		"x.000042 c b 0 in 192.0.2.1:1 - 1 AES_CM_128_HMAC_SHA1_80 " KEY,
		"1.000042  b 0 in 192.0.2.1:1 - 1 AES_CM_128_HMAC_SHA1_80 " KEY,
		"1.000042 c eight--- 0 in 192.0.2.1:1 - 1 AES_CM_128_HMAC_SHA1_80 " KEY,
		"1.000042 c b x in 192.0.2.1:1 - 1 AES_CM_128_HMAC_SHA1_80 " KEY,
		"1.000042 c b 0 up 192.0.2.1:1 - 1 AES_CM_128_HMAC_SHA1_80 " KEY,
		"1.000042 c b 0 in 192.0.2.1 - 1 AES_CM_128_HMAC_SHA1_80 " KEY,
		"1.000042 c b 0 in here:1 - 1 AES_CM_128_HMAC_SHA1_80 " KEY,
		"1.000042 c b 0 in 192.0.2.1:1 + 1 AES_CM_128_HMAC_SHA1_80 " KEY,
		"1.000042 c b 0 in 192.0.2.1:1 - 1 AES_CM_128_HMAC_SHA1_80 inline:WVN",
		"1.000042 c b 0 in 192.0.2.1:1 - AES_CM_128_HMAC_SHA1_80 " KEY,
		"1.000042 c b 0 in 192.0.2.1:1 -",
	};
	struct keyline line;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(keyline_read(&line, span_of(bad[i])), ERR_FORMAT);
	assert_int_equal(keyline_read(&line,
				 span_of("1.000042 c b 0 in 192.0.2.1:1 - 1 NONE " KEY)),
		ERR_SUPPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(nothing_else_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
