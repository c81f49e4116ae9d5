#include "base/buf.h"

#include "../unit.h"

#include "base/err.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void appends_add_up(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 0);
	buf_add_str(&buf, "a");
	buf_add_char(&buf, '-');
	buf_add_span(&buf, (struct span){"bcd", 2});
	buf_add_uint(&buf, 0);
	buf_add_uint(&buf, UINT64_MAX);
	buf_printf(&buf, " %s=%d", "x", -1);
	buf_add(&buf, NULL, 0);
	assert_string_equal(buf_str(&buf), "a-bc018446744073709551615 x=-1");
	assert_int_equal(buf.len, strlen(buf.data));
	assert_int_equal(buf.err, 0);
	buf_free(&buf);
}

static void bytes_go_to_hex_and_back(void **state)
{
	static const char bytes[] = "\x00\x0f\xf0\xff~";
	struct buf hex, back;

	(void)state;
	buf_init(&hex, 0);
	buf_init(&back, 0);
	buf_add_hex(&hex, (struct span){bytes, 5});
	assert_string_equal(buf_str(&hex), "000ff0ff7e");
	assert_int_equal(buf_add_unhexed(&back, buf_span(&hex)), 0);
	assert_int_equal(back.len, 5);
	assert_memory_equal(back.data, bytes, 5);
	buf_free(&hex);
	buf_free(&back);
}

static void what_is_no_hex_is_refused(void **state)
{
	static const struct span bad[] = {
		{"0", 1},
		{"000", 3},
		{"0g", 2},
		{"g0", 2},
		{"0F", 2},
		{"0\0", 2},
		{" 0", 2},
		{"00-1", 4},
	};
	struct buf buf;

	(void)state;
	buf_init(&buf, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(buf_add_unhexed(&buf, bad[i]), ERR_FORMAT);
	assert_int_equal(buf_add_unhexed(&buf, (struct span){0}), 0);
	buf_free(&buf);
}

static void an_empty_buffer_is_an_empty_string(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 0);
	assert_int_equal(buf_span(&buf).len, 0);
	assert_string_equal(buf_str(&buf), "");
	buf_consume(&buf, 0);
	assert_int_equal(buf.len, 0);
	buf_free(&buf);
	assert_null(buf.data);
}

static void it_grows_over_many_appends(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 0);
	for (unsigned i = 0; i < 10000; i++)
		buf_printf(&buf, "%04u", i % 10000);
	assert_int_equal(buf.len, 40000);
	assert_memory_equal(buf.data + 4 * 1234, "1234", 4);
	assert_memory_equal(buf.data + 39996, "9999", 4);
	buf_free(&buf);
}

static void max_may_be_reached_but_not_passed(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 100);
	buf_printf(&buf, "%0100d", 1);
	assert_int_equal(buf.err, 0);
	assert_int_equal(strlen(buf_str(&buf)), 100);
	buf_add_char(&buf, 'x');
	assert_int_equal(buf.err, ERR_LIMIT);
	assert_int_equal(buf.len, 100);
	buf_free(&buf);
	assert_int_equal(buf.max, 100);
	assert_int_equal(buf.err, 0);
}

static void the_first_error_sticks(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 4);
	buf_add_str(&buf, "12345");
	buf_add_str(&buf, "1");
	buf_printf(&buf, "%d", 1);
	assert_null(buf_reserve(&buf, 1));
	assert_null(buf_str(&buf));
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf.err, ERR_LIMIT);
	buf_clear(&buf);
	buf_add_str(&buf, "1");
	assert_string_equal(buf_str(&buf), "1");
	buf_free(&buf);
}

static void a_length_beyond_memory_is_refused(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 0);
	buf_add_str(&buf, "abc");
	assert_null(buf_reserve(&buf, SIZE_MAX));
	assert_int_equal(buf.err, -ENOMEM);
	buf_free(&buf);
	buf_init(&buf, 10);
	buf_add_str(&buf, "abc");
	assert_null(buf_reserve(&buf, SIZE_MAX));
	assert_int_equal(buf.err, ERR_LIMIT);
	buf_free(&buf);
}

static void reserved_room_is_filled_by_the_caller(void **state)
{
	struct buf buf;
	char *room;

	(void)state;
	buf_init(&buf, 0);
	buf_add_str(&buf, "ab");
	room = buf_reserve(&buf, 1000);
	memset(room, 'c', 1000);
	buf.len += 2;
	assert_string_equal(buf_str(&buf), "abcc");
	buf_free(&buf);
}

static void consume_drops_the_front(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 0);
	buf_add_str(&buf, "abcdef");
	buf_consume(&buf, 2);
	assert_string_equal(buf_str(&buf), "cdef");
	buf_consume(&buf, 4);
	assert_string_equal(buf_str(&buf), "");
	buf_free(&buf);
}

static void steal_gives_the_bytes_away(void **state)
{
	struct buf buf;
	size_t len = 9;
	char *text;

	(void)state;
	buf_init(&buf, 0);
	assert_null(buf_steal(&buf, &len));
	assert_int_equal(len, 0);
	buf_add_str(&buf, "abc");
	text = buf_steal(&buf, &len);
	assert_int_equal(len, 3);
	assert_string_equal(text, "abc");
	free(text);
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	buf_add_str(&buf, "again");
	assert_string_equal(buf_str(&buf), "again");
	buf_free(&buf);
}

/* malloc's own rounding aside: who keeps the bytes does not keep the room to grow. */
static void what_is_stolen_has_no_spare_room(void **state)
{
	struct buf buf;
	char *text;

	(void)state;
	buf_init(&buf, 0);
	buf_add_str(&buf, "abc");
	text = buf_steal(&buf, NULL);
	assert_in_range(malloc_usable_size(text), 4, 100);
	assert_string_equal(text, "abc");
	free(text);
}

static void nothing_is_stolen_after_an_error(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 4);
	buf_add_str(&buf, "1234");
	buf_add_str(&buf, "5");
	assert_null(buf_steal(&buf, NULL));
	assert_int_equal(buf.err, ERR_LIMIT);
	buf_free(&buf);
}

static void what_is_no_longer_held_is_wiped(void **state)
{
	static const char nothing[64];
	struct buf buf;

	(void)state;
	buf_init(&buf, 0);
	buf_add_str(&buf, "inline:0123456789abcdef");
	buf_consume(&buf, 7);
	assert_memory_equal(buf.data, "0123456789abcdef", 16);
	assert_memory_equal(buf.data + 16, nothing, 7);
	buf_clear(&buf);
	assert_memory_equal(buf.data, nothing, 23);
	buf_free(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_add_up),
		cmocka_unit_test(bytes_go_to_hex_and_back),
		cmocka_unit_test(what_is_no_hex_is_refused),
		cmocka_unit_test(an_empty_buffer_is_an_empty_string),
		cmocka_unit_test(it_grows_over_many_appends),
		cmocka_unit_test(max_may_be_reached_but_not_passed),
		cmocka_unit_test(the_first_error_sticks),
		cmocka_unit_test(a_length_beyond_memory_is_refused),
		cmocka_unit_test(reserved_room_is_filled_by_the_caller),
		cmocka_unit_test(consume_drops_the_front),
		cmocka_unit_test(steal_gives_the_bytes_away),
		cmocka_unit_test(what_is_stolen_has_no_spare_room),
		cmocka_unit_test(nothing_is_stolen_after_an_error),
		cmocka_unit_test(what_is_no_longer_held_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
