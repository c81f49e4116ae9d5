#include "base/saved.h"

#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#define NOW_US UINT64_C(5000000000)

enum color { RED, GREEN, BLUE, COLORS };

struct part {
	uint16_t number;
	bool spare;
};

struct thing {
	bool yes;
	uint8_t one;
	uint16_t two;
	uint32_t four;
	uint64_t eight;
	int32_t less;
	enum color color;
	char text[8];
	char *string;
	uint64_t begun_us;
	uint64_t since_us;
	struct addr addr;
	struct secret secret;
	char *letter;
	struct part part;
	struct part parts[3];
	uint64_t numbers[2];
	struct addr addrs[2];
	struct part *owned; /* one */
	struct part *pair;  /* two */
};

static const struct saved_field part_fields[] = {
	SAVED_FIELD(struct part, number),
	SAVED_FIELD(struct part, spare),
	SAVED_END,
};

static const struct saved_field fields[] = {
	SAVED_FIELD(struct thing, yes),
	SAVED_FIELD(struct thing, one),
	SAVED_FIELD(struct thing, two),
	SAVED_FIELD(struct thing, four),
	SAVED_FIELD(struct thing, eight),
	SAVED_FIELD(struct thing, less),
	SAVED_BELOW(struct thing, color, COLORS),
	SAVED_TEXT(struct thing, text),
	SAVED_FIELD(struct thing, string),
	SAVED_TIME(struct thing, begun_us),
	SAVED_SINCE(struct thing, since_us),
	SAVED_FIELD(struct thing, addr),
	SAVED_FIELD(struct thing, secret),
	SAVED_SEALED(struct thing, letter),
	SAVED_STRUCT(struct thing, part, part_fields),
	SAVED_LIST(struct thing, parts, SAVED_IS_STRUCT, part_fields),
	SAVED_LIST(struct thing, numbers, SAVED_IS_UINT, NULL),
	SAVED_LIST(struct thing, addrs, SAVED_IS_ADDR, NULL),
	SAVED_OWNED(struct thing, owned, 1, part_fields),
	SAVED_OWNED(struct thing, pair, 2, part_fields),
	SAVED_END,
};

/* Seals by turning the text round, behind what it is about. */
static int seal_h(void *arg, const char *about, struct span plain, struct buf *out)
{
	(void)arg;
	buf_add_str(out, about);
	buf_add_char(out, '~');
	for (size_t i = plain.len; i > 0; i--)
		buf_add_char(out, plain.p[i - 1]);
	return 0;
}

static int open_h(void *arg, const char *about, struct span text, struct buf *out)
{
	struct span head;

	(void)arg;
	if (!span_next(&text, '~', &head) || !span_equal_str(head, about))
		return ERR_AUTH;
	for (size_t i = text.len; i > 0; i--)
		buf_add_char(out, text.p[i - 1]);
	return 0;
}

static const struct saved_sealer sealer = {.seal_h = seal_h, .open_h = open_h};

/* THING as text; to be freed. */
static char *text_of(const struct thing *thing)
{
	struct saved saved;
	struct buf out;

	buf_init(&out, 0);
	assert_int_equal(saved_new(&saved, NOW_US, &sealer), 0);
	saved.about = "call";
	assert_int_equal(saved_put(saved, fields, thing), 0);
	assert_int_equal(saved_print(saved, &out), 0);
	saved_free(&saved);
	assert_non_null(buf_str(&out));
	return buf_steal(&out, NULL);
}

/* Reads TEXT by a clock that stands at NOW_US, for ABOUT. */
static int read_for(const char *text, uint64_t now_us, const char *about,
	struct thing *ret, struct err_text *error)
{
	struct saved saved;
	int err = saved_parse(&saved, span_of(text), now_us, &sealer, error);

	*ret = (struct thing){.yes = false};
	if (err)
		return err;
	saved.about = about;
	err = saved_take(saved, fields, ret, error);
	saved_free(&saved);
	return err;
}

static int read_text(const char *text, struct thing *ret, struct err_text *error)
{
	return read_for(text, NOW_US, "call", ret, error);
}

static void drop(struct thing *thing)
{
	free(thing->string);
	free(thing->letter);
	free(thing->owned);
	free(thing->pair);
}

static void what_is_written_is_what_is_read(void **state)
{
	char string[] = "pbx \"one\"\r\n\\", letter[] = "a=crypto:1 inline:abc";
	struct part owned = {.number = 12}, pair[2] = {{.spare = true}, {.number = 4}};
	struct thing was = {.yes = true,
		.owned = &owned,
		.pair = pair,
		.one = 255,
		.two = 65535,
		.four = UINT32_MAX,
		.eight = UINT64_MAX,
		.less = -7,
		.color = BLUE,
		.text = "seven77",
		.string = string,
		.begun_us = NOW_US - 40,
		.letter = letter,
		.part = {.number = 3},
		.parts = {{.number = 1}, {.spare = true}, {.number = 9, .spare = true}},
		.numbers = {0, UINT64_C(1) << 63}};
	struct thing is;
	struct err_text error = {{0}};
	char *text;

	(void)state;
	assert_int_equal(addr_parse(&was.addr, "192.0.2.1:5060", 0), 0);
	assert_int_equal(addr_parse(&was.addrs[1], "[2001:db8::1]:40000", 0), 0);
	assert_int_equal(secret_set(&was.secret, "k3y", 3), 0);
	text = text_of(&was);
	if (read_text(text, &is, &error))
		fail_msg("%s", error.text);
	assert_true(is.yes);
	assert_int_equal(is.one, 255);
	assert_int_equal(is.two, 65535);
	assert_int_equal(is.four, UINT32_MAX);
	assert_true(is.eight == UINT64_MAX);
	assert_int_equal(is.less, -7);
	assert_int_equal(is.color, BLUE);
	assert_string_equal(is.text, "seven77");
	assert_string_equal(is.string, string);
	assert_int_equal(is.begun_us, was.begun_us);
	assert_string_equal(is.letter, letter);
	assert_true(addr_equal(&is.addr, &was.addr));
	assert_true(secret_equal(&is.secret, &was.secret));
	assert_memory_equal(&is.part, &was.part, sizeof(is.part));
	assert_memory_equal(is.parts, was.parts, sizeof(is.parts));
	assert_memory_equal(is.numbers, was.numbers, sizeof(is.numbers));
	assert_int_equal(is.addrs[0].len, 0);
	assert_true(addr_equal(&is.addrs[1], &was.addrs[1]));
	assert_memory_equal(is.owned, &owned, sizeof(owned));
	assert_memory_equal(is.pair, pair, sizeof(pair));
	drop(&is);
	free(text);
}

static void what_is_nothing_is_not_written(void **state)
{
	const struct thing nothing = {.since_us = NOW_US};
	char *text = text_of(&nothing);

	(void)state;
	assert_string_equal(text, "{\"since_us\":0}");
	free(text);
}

static void an_empty_string_is_not_none(void **state)
{
	char empty[] = "";
	const struct thing was = {.string = empty};
	struct thing is;
	char *text = text_of(&was);

	(void)state;
	assert_int_equal(read_text(text, &is, NULL), 0);
	assert_string_equal(is.string, "");
	assert_null(is.letter);
	assert_null(is.owned);
	drop(&is);
	free(text);
}

static void a_time_is_as_long_ago_by_another_clock(void **state)
{
	const struct thing was = {.begun_us = NOW_US - 300};
	struct thing is;
	char *text = text_of(&was);

	(void)state;
	assert_int_equal(read_for(text, 1000, "call", &is, NULL), 0);
	assert_int_equal(is.begun_us, 700);
	/* before that clock began: at its beginning, which is not "never" */
	assert_int_equal(read_for(text, 300, "call", &is, NULL), 0);
	assert_int_equal(is.begun_us, 1);
	free(text);
}

static void how_long_it_is_since_survives_a_younger_clock(void **state)
{
	const struct thing was = {.since_us = NOW_US - 3000};
	struct thing is;
	char *text = text_of(&was);

	(void)state;
	assert_int_equal(read_for(text, 1000, "call", &is, NULL), 0);
	assert_true(UINT64_C(1000) - is.since_us == 3000);
	assert_true(UINT64_C(1500) - is.since_us == 3500);
	free(text);
}

static void what_is_no_utf_8_comes_back(void **state)
{
	char string[] = "M\xfcller";
	const struct thing was = {.string = string, .text = "\xff"};
	struct thing is;
	char *text = text_of(&was);

	(void)state;
	assert_int_equal(read_text(text, &is, NULL), 0);
	assert_string_equal(is.string, string);
	assert_string_equal(is.text, "\xff");
	drop(&is);
	free(text);
}

static void no_secret_is_in_the_text(void **state)
{
	char letter[] = "inline:abcdef";
	struct thing was = {.letter = letter};
	char *text;

	(void)state;
	assert_int_equal(secret_set(&was.secret, "0123456789", 10), 0);
	text = text_of(&was);
	assert_null(strstr(text, "abcdef"));
	assert_null(strstr(text, "0123456789"));
	free(text);
}

static void a_secret_of_something_else_is_refused(void **state)
{
	struct thing was = {.yes = false}, is;
	struct err_text error = {{0}};
	char *text;

	(void)state;
	assert_int_equal(secret_set(&was.secret, "0123456789", 10), 0);
	text = text_of(&was);
	assert_int_equal(read_for(text, NOW_US, "other", &is, &error), ERR_AUTH);
	assert_non_null(strstr(error.text, "secret"));
	assert_int_equal(is.secret.len, 0);
	free(text);
}

static void a_value_out_of_its_range_is_refused_by_name(void **state)
{
	static const char *const texts[][2] = {
		{"{\"one\":256}", "one"},
		{"{\"two\":65536}", "two"},
		{"{\"four\":4294967296}", "four"},
		{"{\"four\":-1}", "four"},
		{"{\"eight\":\"0x12\"}", "eight"},
		{"{\"eight\":\"0x00000000000000g0\"}", "eight"},
		{"{\"less\":2147483648}", "less"},
		{"{\"less\":\"-1\"}", "less"},
		{"{\"color\":3}", "color"},
		{"{\"yes\":1}", "yes"},
		{"{\"text\":\"12345678\"}", "text"},
		{"{\"text\":7}", "text"},
		{"{\"string\":7}", "string"},
		{"{\"string\":{\"hex\":\"0g\"}}", "string"},
		{"{\"begun_us\":-4}", "begun_us"},
		{"{\"since_us\":-4}", "since_us"},
		{"{\"string\":{\"hex\":\"0\"}}", "string"},
		{"{\"text\":{\"hex\":\"4142434445464748\"}}", "text"},
		{"{\"addr\":\"192.0.2.256:1\"}", "addr"},
		{"{\"addr\":1}", "addr"},
		{"{\"secret\":1}", "secret"},
		{"{\"letter\":\"none\"}", "letter"},
		{"{\"part\":1}", "part"},
		{"{\"part\":{\"number\":70000}}", "part: number"},
		{"{\"parts\":[{},{}]}", "parts"},
		{"{\"parts\":[{},{},{\"spare\":0}]}", "parts: spare"},
		{"{\"numbers\":[1,-1]}", "numbers"},
		{"{\"numbers\":1}", "numbers"},
		{"{\"owned\":{\"spare\":4}}", "owned: spare"},
		{"{\"owned\":[]}", "owned"},
		{"{\"pair\":{}}", "pair"},
		{"{\"pair\":[{}]}", "pair"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct err_text error = {{0}};
		struct thing is;

		assert_true(read_text(texts[i][0], &is, &error) < 0);
		if (strncmp(error.text, texts[i][1], strlen(texts[i][1])) != 0)
			fail_msg("%s: \"%s\"", texts[i][0], error.text);
		drop(&is);
	}
}

static void a_secret_that_is_too_long_is_refused(void **state)
{
	char text[SECRET_MAX + 40] = "{\"secret\":\"call~";
	struct thing is;

	(void)state;
	memset(text + strlen(text), 'x', SECRET_MAX + 1);
	strcat(text, "\"}");
	assert_int_equal(read_text(text, &is, NULL), ERR_FORMAT);
}

static void what_is_no_object_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "[]", "7", "{\"one\":1", "{} x", "{\"one\":1,\"one\":2}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct err_text error = {{0}};
		struct thing is;

		assert_int_equal(read_text(texts[i], &is, &error), ERR_FORMAT);
		assert_string_not_equal(error.text, "");
	}
}

static void objects_and_lists_are_found_by_name(void **state)
{
	struct saved saved, part;
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(saved_new(&saved, NOW_US, NULL), 0);
	assert_int_equal(saved_add(saved, "whole", &part), 0);
	for (unsigned i = 0; i < 2; i++) {
		const struct part value = {.number = (uint16_t)(i + 5)};

		assert_int_equal(saved_append(saved, "list", &part), 0);
		assert_int_equal(saved_put(part, part_fields, &value), 0);
	}
	assert_int_equal(saved_print(saved, &out), 0);
	assert_string_equal(
		buf_str(&out), "{\"whole\":{},\"list\":[{\"number\":5},{\"number\":6}]}");
	assert_true(saved_get(saved, "whole", &part));
	assert_false(saved_get(saved, "list", &part));
	assert_false(saved_get(saved, "none", &part));
	for (unsigned i = 0; i < 2; i++) {
		struct part value = {.number = 0};

		assert_true(saved_at(saved, "list", i, &part));
		assert_int_equal(saved_take(part, part_fields, &value, NULL), 0);
		assert_int_equal(value.number, i + 5);
	}
	assert_false(saved_at(saved, "list", 2, &part));
	assert_false(saved_at(saved, "whole", 0, &part));
	buf_free(&out);
	saved_free(&saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_what_is_read),
		cmocka_unit_test(what_is_nothing_is_not_written),
		cmocka_unit_test(an_empty_string_is_not_none),
		cmocka_unit_test(a_time_is_as_long_ago_by_another_clock),
		cmocka_unit_test(how_long_it_is_since_survives_a_younger_clock),
		cmocka_unit_test(what_is_no_utf_8_comes_back),
		cmocka_unit_test(no_secret_is_in_the_text),
		cmocka_unit_test(a_secret_of_something_else_is_refused),
		cmocka_unit_test(a_value_out_of_its_range_is_refused_by_name),
		cmocka_unit_test(a_secret_that_is_too_long_is_refused),
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(objects_and_lists_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
