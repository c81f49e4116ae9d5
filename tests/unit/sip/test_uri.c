/* URIs, display names, tokens and parameters, as text on their own. */
#include "../unit.h"

#include "base/buf.h"
#include "base/err.h"
#include "sip/message.h"

#include <stdio.h>
#include <string.h>

#define assert_span(span, text) assert_text(span, text, __LINE__)

static void assert_text(struct span span, const char *text, int line)
{
	if (!span_equal_str(span, text))
		fail_msg("line %d: expected \"%s\", got \"%.*s\"", line, text,
			SPAN_ARG(span));
}

/* RFC 3629 4, at each of its borders. */
static void a_display_name_is_utf8_or_made_so(void **state)
{
	static const struct {
		const char *bytes;
		bool utf8;
	} cases[] = {
		{"\xc2\x80", true},
		{"\xdf\xbf", true},
		{"\xe0\xa0\x80", true},
		{"\xe1\x80\x80", true},
		{"\xed\x9f\xbf", true},
		{"\xee\x80\x80", true},
		{"\xef\xbf\xbf", true},
		{"\xf0\x90\x80\x80", true},
		{"\xf3\xbf\xbf\xbf", true},
		{"\xf4\x8f\xbf\xbf", true},
		{"\x80", false},
		{"\xbf", false},
		{"\xc1\xbf", false},
		{"\xc2", false},
		{"\xc2\x7e", false},
		{"\xc2\xc2", false},
		{"\xe0\x9f\xbf", false},
		{"\xe1\x80", false},
		{"\xe1\x80\x7e", false},
		{"\xed\xa0\x80", false},
		{"\xf0\x8f\xbf\xbf", false},
		{"\xf1\x80\x80", false},
		{"\xf4\x90\x80\x80", false},
		{"\xf5\x80\x80\x80", false},
		{"\xff", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *bytes = cases[i].bytes;
		char quoted[20];
		struct buf out, expected;

		buf_init(&out, 0);
		buf_init(&expected, 0);
		snprintf(quoted, sizeof quoted, "\"%s\"", bytes);
		if (message_display_valid(span_of(quoted)) != cases[i].utf8)
			fail_msg("case %zu", i);
		/* what is none is taken for ISO 8859-1 */
		buf_add_char(&expected, '"');
		for (const char *c = bytes; *c; c++) {
			unsigned char byte = (unsigned char)*c;

			if (!cases[i].utf8 && byte >= 0x80)
				buf_printf(&expected, "%c%c", 0xc0 | byte >> 6,
					0x80 | (byte & 0x3f));
			else
				buf_add_char(&expected, *c);
		}
		buf_add_str(&expected, "\" ");
		message_add_display(&out, span_of(bytes));
		assert_string_equal(buf_str(&out), buf_str(&expected));
		buf_free(&out);
		buf_free(&expected);
	}
}

/* RFC 3261 25.1: quoted-string, or tokens. */
static void what_a_display_name_may_be(void **state)
{
	static const struct {
		const char *text;
		bool valid;
		const char *written;
	} cases[] = {
		{"", true, ""},
		{" \t", true, ""},
		{"Bob", true, "Bob "},
		{"Bob  B. Smith-Jones ", true, "Bob  B. Smith-Jones "},
		{"Bob\tB", false, "\"Bob B\" "},
		{"Bob, B", false, "\"Bob, B\" "},
		{"\"Bob, B\"", true, "\"Bob, B\" "},
		{"\"a\tb\"", true, "\"a\tb\" "},
		{"\"a\\\"b\"", true, "\"a\\\"b\" "},
		{"\"", false, "\"\" "},
		{"\"Bob", false, "\"Bob\" "},
		{"Bob\"", false, "\"Bob\" "},
		{"\"a\" b", false, "\"a\\\" b\" "},
		{"a\\b", false, "\"ab\" "},
		{"a,\\", false, "\"a,\\\\\" "},
		{"a\x1f", false, "\"a \" "},
		{"\"a\x7f\"", false, "\"a \" "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf out;

		buf_init(&out, 0);
		message_add_display(&out, span_of(cases[i].text));
		if (message_display_valid(span_of(cases[i].text)) != cases[i].valid ||
			strcmp(out.len ? buf_str(&out) : "", cases[i].written) != 0)
			fail_msg("'%s': '%s'", cases[i].text,
				out.len ? buf_str(&out) : "");
		buf_free(&out);
	}
}

static void uris_stand_alone(void **state)
{
	struct message_uri uri;

	(void)state;
	assert_int_equal(
		message_uri_parse(&uri, span_of("sips:a%20b@example.com:5061;x?h=v&i=w")),
		0);
	assert_span(uri.scheme, "sips");
	assert_span(uri.user, "a%20b");
	assert_span(uri.host, "example.com");
	assert_int_equal(uri.port, 5061);
	assert_span(uri.params, "x");
	assert_span(uri.headers, "h=v&i=w");
	assert_int_equal(message_uri_parse(&uri, span_of("sip:example.com")), 0);
	assert_int_equal(uri.user.len, 0);
	assert_int_equal(uri.port, 0);
	assert_int_equal(message_uri_parse(&uri, span_of("sip:[::1]")), 0);
	assert_span(uri.host, "[::1]");
	assert_int_equal(message_uri_parse(&uri, span_of("tel:911")), 0);
	assert_span(uri.user, "911");
	assert_int_equal(message_uri_parse(&uri, span_of("urn:service:sos")), 0);
	assert_span(uri.whole, "urn:service:sos");
}

static void each_part_of_a_uri_has_its_borders(void **state)
{
	static const struct {
		const char *text, *scheme, *user, *host;
		uint16_t port;
		const char *params, *headers;
	} cases[] = {
		{"sip:b", "sip", "", "b", 0, "", ""},
		{"SIP:A9z@Z0-a_b.c", "SIP", "A9z", "Z0-a_b.c", 0, "", ""},
		{"sip:a:pw:x@b:65535", "sip", "a", "b", 65535, "", ""},
		{"sip:a?b;c@d:1;e=~!?f", "sip", "a?b;c", "d", 1, "e=~!", "f"},
		{"sip:b;c", "sip", "", "b", 0, "c", ""},
		{"sip:b?c;d", "sip", "", "b", 0, "", "c;d"},
		{"sip:b:5060?c", "sip", "", "b", 5060, "", "c"},
		{"sip:%2F%fF%A0@b%", NULL, "", "", 0, "", ""},
		{"sip:%2F%fF%A0@b;x=%09", "sip", "%2F%fF%A0", "b", 0, "x=%09", ""},
		{"sip:a%4@b", NULL, "", "", 0, "", ""},
		{"sip:a@b;x=%4g", NULL, "", "", 0, "", ""},
		{"sip:a@b;x=%g4", NULL, "", "", 0, "", ""},
		{"sip:a@[::]", "sip", "a", "[::]", 0, "", ""},
		{"sip:a@[:]", NULL, "", "", 0, "", ""},
		{"sip:a@[fF::192.0.2.1]:9", "sip", "a", "[fF::192.0.2.1]", 9, "", ""},
		{"sip:a@[f::1]]", NULL, "", "", 0, "", ""},
		{"sip:a@b]", NULL, "", "", 0, "", ""},
		{"sip: b", NULL, "", "", 0, "", ""},
		{"sip:a<@b", NULL, "", "", 0, "", ""},
		{"sip:a>@b", NULL, "", "", 0, "", ""},
		{"sip:a\"@b", NULL, "", "", 0, "", ""},
		{"sip:a\x1f@b", NULL, "", "", 0, "", ""},
		{"sip:a\x7f@b", NULL, "", "", 0, "", ""},
		{"tel:+1;x;y", "tel", "+1", "", 0, "x;y", ""},
		{"tel:1", "tel", "1", "", 0, "", ""},
		{"Z+a-9.b:x", "Z+a-9.b", "", "", 0, "", ""},
		{"z/:x", NULL, "", "", 0, "", ""},
		{"-z:x", NULL, "", "", 0, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct message_uri uri;
		int err = message_uri_parse(&uri, span_of(cases[i].text));

		if ((err == 0) != (cases[i].scheme != NULL))
			fail_msg("%s: %d", cases[i].text, err);
		if (err != 0)
			continue;
		assert_span(uri.whole, cases[i].text);
		assert_span(uri.scheme, cases[i].scheme);
		assert_span(uri.user, cases[i].user);
		assert_span(uri.host, cases[i].host);
		assert_int_equal(uri.port, cases[i].port);
		assert_span(uri.params, cases[i].params);
		assert_span(uri.headers, cases[i].headers);
	}
}

static void tokens_have_their_characters(void **state)
{
	static const char punctuation[] = "-.!%*_+`'~";

	(void)state;
	for (int c = 1; c < 256; c++) {
		const char text[] = {'a', (char)c, 'b'};
		bool valid = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || strchr(punctuation, c) != NULL;

		if (message_token_valid((struct span){text, 3}) != valid)
			fail_msg("%#x", (unsigned)c);
	}
	assert_false(message_token_valid((struct span){0}));
	assert_false(message_token_valid((struct span){"\0", 1}));
}

static void bad_uris_are_refused(void **state)
{
	static const char *const texts[] = {"", "sip", ":a@b", "1sip:a@b", "s_p:a@b",
		"sip:", "sip:a@", "sip:@b", "sip:a@b@c", "sip:a@b:", "sip:a@b:65536",
		"sip:a@b:5x", "sip:a@b c", "sip:a@b\"", "sip:<a@b>", "sip:a@b%4",
		"sip:a%xyb@c", "sip:a@[::1", "sip:a@[]", "sip:a@[::1]x", "sip:a@[g::1]",
		"sip:a@b!c", "tel:", "tel:;x", "tel:1@b", "urn:", "sip:\xc3\xb6@b",
		"sip:a@b\x7f"};
	struct message_uri uri = {.port = 1};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		if (message_uri_parse(&uri, span_of(texts[i])) != ERR_FORMAT)
			fail_msg("accepted: %s", texts[i]);
	}
	assert_int_equal(message_uri_parse(&uri, (struct span){0}), ERR_FORMAT);
	assert_int_equal(uri.port, 1);
}

static void parameters_are_found_by_name(void **state)
{
	struct span params = span_of("lr;transport=TCP;x = \"a;\\\"lr2=1\" ;empty=;flag");
	struct span value;

	(void)state;
	assert_true(message_param(params, "LR", &value));
	assert_int_equal(value.len, 0);
	assert_true(message_param(params, "transport", &value));
	assert_span(value, "TCP");
	assert_true(message_param(params, "x", &value));
	assert_span(value, "\"a;\\\"lr2=1\"");
	assert_true(message_param(params, "empty", &value));
	assert_int_equal(value.len, 0);
	assert_true(message_param(params, "flag", &value));
	assert_false(message_param(params, "lr2", &value));
	assert_false(message_param(params, "trans", &value));
	assert_false(message_param((struct span){0}, "lr", &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_display_name_is_utf8_or_made_so),
		cmocka_unit_test(what_a_display_name_may_be),
		cmocka_unit_test(uris_stand_alone),
		cmocka_unit_test(each_part_of_a_uri_has_its_borders),
		cmocka_unit_test(tokens_have_their_characters),
		cmocka_unit_test(bad_uris_are_refused),
		cmocka_unit_test(parameters_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
