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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_and_written),
		cmocka_unit_test(an_escape_that_is_cut_is_no_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
