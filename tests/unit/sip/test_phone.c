/* Telephone numbers in tel: and sip: URIs: RFC 3966, RFC 3261 19.1.6. */
#include "../unit.h"

#include "base/err.h"
#include "sip/phone.h"

#include <string.h>

static const struct {
	const char *uri;
	const char *number;
	const char *user;
	const char *subscriber;
	bool is_number;
	bool params;
} table[] = {
	{"tel:+49-30-111;phone-context=x;ext=5", "+4930111",
		"+4930111;ext=5;phone-context=x", "+4930111;ext=5;phone-context=x", true,
		true},
	{"tel:863-1234;phone-context=+1-914-555", "8631234",
		"8631234;phone-context=+1-914-555", "8631234;phone-context=+1-914-555",
		true, true},
	{"tel:+(33)1.0", "+3310", "+3310", "+3310", true, false},
	{"tel:1;x=y;EXT=1", "1", "1;ext=1", "1;ext=1", true, true},
	{"tel:1;rn=2;npdi;cic=+1-6789;tgrp=a;trunk-context=b.c;isub=9", "1",
		"1;isub=9;cic=+1-6789;npdi;rn=2;tgrp=a;trunk-context=b.c",
		"1;isub=9;cic=+1-6789;npdi;rn=2;tgrp=a;trunk-context=b.c", true, true},
	{"tel:1;isub=[2]:3", "1", "1;isub=%5B2%5D%3A3", "1;isub=[2]:3", true, true},
	{"sip:+49-30-111@h", "+4930111", "+4930111", "+4930111", true, false},
	{"sip:030-111@h", "030-111", "030-111", "030-111", true, false},
	{"sip:030-111@h;user=phone", "030111", "030111", "030111", true, false},
	{"sip:030-111;ext=1@h", "030111", "030111;ext=1", "030111;ext=1", true, true},
	{"sip:+4930111;phone-context=x@h;user=phone", "+4930111",
		"+4930111;phone-context=x", "+4930111;phone-context=x", true, true},
	{"sip:10.1.0.1@h", "10.1.0.1", "10.1.0.1", "10.1.0.1", true, false},
	{"sip:bob.smith@h", "bob.smith", "bob.smith", "bob.smith", false, false},
	{"sip:user;par=u%40example.net@h", "user;par=u%40example.net",
		"user;par=u%40example.net", "user%3Bpar%3Du%40example.net", false, false},
	{"sip:%2B49(30)@h;user=phone", "%2B4930", "%2B4930", "%2B4930", true, false},
	{"sip:*21%23@h", "*21%23", "*21%23", "*21%23", true, false},
	{"sip:4+9@h", "4+9", "4+9", "4+9", false, false},
	{"sip:-.@h", "-.", "-.", "-.", false, false},
	{"sip:h", "", "", "", false, false},
	{"sip:030-111@h;user=ip", "030-111", "030-111", "030-111", true, false},
	{"tel:1;verstat=No", "1", "1;verstat=No", "1;verstat=No", true, true},
	{"tel:1;ext", "1", "1;ext", "1;ext", true, true},
	{"sip:1%2A%28%2b@h", "1%2A%28%2b", "1%2A%28%2b", "1%2A%28%2b", true, false},
	{"sip:1%24@h", "1%24", "1%24", "1%24", false, false},
	{"sip:1%3A@h", "1%3A", "1%3A", "1%3A", false, false},
};

static void assert_text(struct buf *out, const char *expected, const char *uri)
{
	const char *text = out->len ? buf_str(out) : "";

	if (strcmp(text, expected) != 0)
		fail_msg("%s: expected '%s', got '%s'", uri, expected, text);
	buf_clear(out);
}

static void numbers_are_read_and_written(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct message_uri uri;
		struct phone phone;

		assert_int_equal(message_uri_parse(&uri, span_of(table[i].uri)), 0);
		phone_read(&phone, &uri);
		assert_int_equal(phone.is_number, table[i].is_number);
		assert_int_equal(phone_has_params(&phone), table[i].params);
		phone_add_number(&out, &phone);
		assert_text(&out, table[i].number, table[i].uri);
		phone_add_user(&out, &phone);
		assert_text(&out, table[i].user, table[i].uri);
		phone_add_subscriber(&out, &phone);
		assert_text(&out, table[i].subscriber, table[i].uri);
	}
	buf_free(&out);
}

/* What stands behind it is another part of the URI, or nobody's. */
static void an_escape_that_is_cut_is_no_number(void **state)
{
	static const char text[] = "1%23";

	(void)state;
	for (size_t len = 2; len <= 4; len++) {
		const struct message_uri uri = {
			.scheme = span_of("sip"), .user = {text, len}};
		struct phone phone;

		phone_read(&phone, &uri);
		assert_int_equal(phone.is_number, len == 4);
	}
}

/* What rules and plans see. */
static void a_plain_number_has_digits_alone(void **state)
{
	static const struct {
		const char *uri, *plain; /* NULL: it is none */
	} cases[] = {
		{"sip:+49-30-111@h", "+4930111"},
		{"sip:030-111@h", "030111"},
		{"sip:(030)111@h", "030111"},
		{"sip:030.111@h", NULL}, /* nothing says that it is no address */
		{"sip:030.111@h;user=phone", "030111"},
		{"sip:10.1.0.1@h", NULL},
		{"sip:%2B49(30)@h", "+4930"},
		{"sip:%2b49@h", "+49"},
		{"sip:*21%23@h", "*21#"},
		{"sip:%2A21%23@h", "*21#"},
		{"sip:%2821)@h", "21"},
		{"sip:%2B%2B49@h", NULL},
		{"sip:4%2B9@h", NULL},
		{"sip:%23@h", NULL}, /* no digit */
		{"sip:bob1@h", NULL},
		{"sip:1;x=y@h", "1"},
		{"sip:h", NULL},
		{"tel:+1-201-555", "+1201555"},
		{"tel:7A2;phone-context=x", NULL}, /* hexadecimal */
		{"tel:1%401", NULL},
		{"sip:1234567890123456789012345678901234567890123456789012345678901234@h",
			"123456789012345678901234567890123456789012345678901234567890123"
			"4"},
		{"sip:12345678901234567890123456789012345678901234567890123456789012345@"
		 "h",
			NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *expected = cases[i].plain ? cases[i].plain : "untouched";
		char out[PHONE_PLAIN_SIZE] = "untouched";
		struct message_uri uri;
		struct phone phone;

		assert_int_equal(message_uri_parse(&uri, span_of(cases[i].uri)), 0);
		phone_read(&phone, &uri);
		assert_int_equal(
			phone_plain(&phone, out, sizeof out), cases[i].plain != NULL);
		if (strcmp(out, expected) != 0)
			fail_msg("%s: %s", cases[i].uri, out);
	}
}

/* One of 4,000 bytes is none, and a smaller buffer takes a smaller number. */
static void a_plain_number_has_a_place(void **state)
{
	static char digits[4000];
	struct phone phone = {.number = {digits, sizeof digits}, .is_number = true};
	char out[4] = "-";

	(void)state;
	memset(digits, '1', sizeof digits);
	assert_false(phone_plain(&phone, out, sizeof out));
	phone.number.len = 4;
	assert_false(phone_plain(&phone, out, sizeof out));
	assert_string_equal(out, "-");
	phone.number.len = 3;
	assert_true(phone_plain(&phone, out, sizeof out));
	assert_string_equal(out, "111");
}

static void a_context_is_plain_where_it_is_global(void **state)
{
	static const struct {
		const char *params, *context, *others;
	} cases[] = {
		{"phone-context=+49", "+49", ""},
		{"ext=5;phone-context=+1-914-555", "+1914555", "ext=5"},
		{"phone-context=corp.example;rn=2;ext=5", "corp.example", "ext=5;rn=2"},
		{"phone-context=", NULL, ""},
		{"phone-context=+4x", NULL, ""},
		{"npdi;x=y;isub=1%202", NULL, "isub=1%202;npdi"},
		{"", NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct phone phone = {.params = span_of(cases[i].params)};
		char context[PHONE_PLAIN_SIZE] = "";
		struct buf params;

		assert_int_equal(phone_context(&phone, context, sizeof context),
			cases[i].context != NULL);
		assert_string_equal(context, cases[i].context ? cases[i].context : "");
		buf_init(&params, 0);
		phone_add_params_of_global(&params, &phone);
		assert_true(span_equal_str(buf_span(&params), cases[i].others));
		buf_free(&params);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_and_written),
		cmocka_unit_test(an_escape_that_is_cut_is_no_number),
		cmocka_unit_test(a_plain_number_has_digits_alone),
		cmocka_unit_test(a_plain_number_has_a_place),
		cmocka_unit_test(a_context_is_plain_where_it_is_global),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
