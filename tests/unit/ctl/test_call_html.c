/* A call's page: whatever peers sent is text in it, and nothing of it is run or loaded. */
#include "../unit.h"

#include "ctl/call_html.h"
#include "ctl/report_html.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The page that was made last. */
static struct buf page;

static int setup(void **state)
{
	(void)state;
	buf_init(&page, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_free(&page);
	return 0;
}

/* A call in which each text that a peer may choose is TEXT. */
static json_t *make_call(const char *text)
{
	json_t *media = json_pack("{s:s, s:s, s:s, s:i, s:[s], s:[s], s:s, s:b}", "type",
		text, "protocol", text, "address", text, "port", 4000, "codecs", text,
		"suites", text, "direction", text, "hold", 1);
	json_t *message = json_pack(
		"{s:i, s:i, s:b, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, "
		"s:[o], s:n, s:s}",
		"after_us", 1500000, "party", 0, "sent", 0, "source", "192.0.2.1:5060",
		"destination", "192.0.2.9:5060", "how", text, "method", text, "uri", text,
		"status", 0, "phrase", text, "cseq", text, "reason", text, "refer_to",
		text, "digit", text, "media", media, "repeats", "text", text);
	json_t *answer = json_pack(
		"{s:i, s:i, s:b, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:[], s:n, s:s}",
		"after_us", 1500000, "party", 1, "sent", 1, "source", "", "destination",
		"", "how", "", "method", "", "status", 200, "phrase", text, "cseq",
		"1 INVITE", "media", "repeats", "text", "SIP/2.0 200 OK\r\n\r\nx\r\n");

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:{s:s, s:s, s:s}, "
			 "s:{s:s}, s:{s:s, s:s, s:[{s:s, s:s, s:s, s:s}, {s:s, s:s, s:s, "
			 "s:s}], s:[o, o], s:i}}",
		"id", "5f3c-00002a", "state", "ended", "from", text, "to", text,
		"far_reason", text, "detail", text, "capture", text, "inbound",
		json_false(), "internal", "party", text, "peer_names", text, "transport",
		"TLS", "external", "party", "trunk gw", "ladder", "source", "capture",
		"note", text, "parties", "leg", "a", "name", text, "address", text, "how",
		text, "leg", "b", "name", "trunk gw", "address", "", "how", "",
		"messages", message, answer, "left_out", 3);
}

/* The same whose far ends said what few do: TEXT. */
static json_t *make_rare_call(const char *text)
{
	json_t *call = make_call(text), *internal = json_object_get(call, "internal");

	json_object_set_new(internal, "microsoft", json_pack("{s:s}", "x_c", text));
	json_object_set_new(internal, "headers",
		json_pack("[{s:s, s:s}]", "header", text, "value", text));
	json_object_set_new(call, "diverted_by", json_string(text));
	json_object_set_new(call, "release_text", json_string(text));
	json_object_set_new(call, "captured", json_pack("{s:s}", "state", text));
	return call;
}

/* CALL is taken. */
static const char *make_page(json_t *call)
{
	assert_non_null(call);
	buf_clear(&page);
	call_html(call, &page);
	assert_int_equal(page.err, 0);
	json_decref(call);
	return buf_str(&page);
}

/* Elements that are in the page, beginning with each <, in a word. */
static void expect_elements_alone(const char *html)
{
	static const char *const known[] = {"!DOCTYPE html>", "html ", "html>", "head>",
		"meta ", "title>", "style>", "body>", "h1>", "h2>", "p>", "table>",
		"thead>", "tbody>", "tr>", "th>", "td>", "div ", "div>", "svg ", "svg>",
		"path ", "text ", "text>", "details>", "summary>", "pre>"};

	for (const char *at = strchr(html, '<'); at; at = strchr(at + 1, '<')) {
		const char *name = at + 1 + (at[1] == '/');
		bool found = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			found |= strncmp(name, known[i], strlen(known[i])) == 0;
		if (!found)
			fail_msg("%.40s", at);
	}
}

static void a_page_says_what_happened(void **state)
{
	const char *html = make_page(make_call("plain"));

	(void)state;
	assert_non_null(strstr(html, "<h1>Call 5f3c-00002a</h1>"));
	assert_non_null(strstr(html, "<th>state</th><td>ended</td>"));
	assert_non_null(strstr(html, "<th>Signalling</th><td>TLS</td><td></td>"));
	assert_non_null(strstr(html, ">plain (plain)</text>"));
	assert_non_null(strstr(html, ">200 plain (1 INVITE)</text>"));
	assert_non_null(strstr(
		html, "<summary>1.500000  to trunk gw  200 plain (1 INVITE)</summary>"));
	/* a message as it stands, in lines */
	assert_non_null(strstr(html, "<pre>SIP/2.0 200 OK\n\nx\n</pre>"));
	assert_non_null(strstr(html, "3 further messages are left out"));
	assert_non_null(strstr(html, "&quot;far_reason&quot;: &quot;plain&quot;"));
	expect_elements_alone(html);
}

static void what_few_far_ends_say_is_in_it(void **state)
{
	static const char *const rows[] = {"<th>x_c</th><td>said</td><td></td>",
		"<th>said</th><td>said</td><td></td>",
		"<th>diverted by</th><td>said</td>", "<th>text</th><td>said</td>",
		"<th>capture is</th><td>said</td>"};
	const char *html = make_page(make_call("said"));

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_null(strstr(html, rows[i]));
	html = make_page(make_rare_call("said"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_non_null(strstr(html, rows[i]));
	expect_elements_alone(html);
}

/* The number behind NAME="; -1: none. */
static long number_at(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

static void the_drawing_has_room_for_all(void **state)
{
	const char *html = make_page(make_call("plain"));
	const char *svg = strstr(html, "<svg ");
	const long height = number_at(svg, " height=\""),
		   width = number_at(svg, " width=\"");
	unsigned texts = 0;

	(void)state;
	for (const char *at = strstr(svg, "<text "); at; at = strstr(at + 1, "<text ")) {
		assert_in_range(number_at(at, " y=\""), 1, (uintmax_t)height);
		assert_in_range(number_at(at, " x=\""), 1, (uintmax_t)width);
		texts++;
	}
	/* three names, two times, two labels, what is said of the first: media, digit, to whom, why */
	assert_int_equal(texts, 3 + 2 + 2 + 4);
}

static void nothing_is_run_or_loaded(void **state)
{
	const char *html = make_page(make_call("plain"));
	const char *at;

	(void)state;
	assert_non_null(strstr(html,
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
		"'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action "
		"'none'\"/>"));
	assert_null(strstr(html, "<script"));
	assert_null(strstr(html, " src="));
	assert_null(strstr(html, "href="));
	assert_null(strstr(html, "url("));
	assert_null(strstr(html, "@import"));
	/* the names of XHTML and SVG alone look like something to fetch */
	for (at = strstr(html, "http://"); at; at = strstr(at + 1, "http://"))
		assert_memory_equal(at - 7, "xmlns=\"http://www.w3.org/", 25);
	assert_non_null(strstr(html, "prefers-color-scheme:dark"));
	assert_non_null(strstr(html, "@media print"));
}

static void markup_of_peers_is_text(void **state)
{
	static const char *const texts[] = {"<script>alert(1)</script>",
		"</pre></details><img src=x onerror=alert(1)>",
		"\"><svg onload=alert(1)>", "'><a href='javascript:x'>", "</title><b>",
		"</style><style>*{display:none}", "<!--", "]]>", "&lt;script&gt;",
		"&#60;b&#62;", "\x1b[31m\a\b", "J\xc3\xbcrgen",
		"\xe2\x80\xae"
		"txet",
		"a\nb\r\nc", "\xef\xbf\xbf", "\xc2\x85"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *html = make_page(make_rare_call(texts[i]));

		expect_elements_alone(html);
		assert_null(strstr(html, "<script"));
		assert_null(strstr(html, "<img"));
		assert_null(strstr(html, "\xe2\x80\xae"));
		assert_null(strstr(html, "\xef\xbf\xbf"));
		for (const char *c = html; *c; c++)
			assert_true((unsigned char)*c >= 0x20 || *c == '\n');
	}
}

static void expect_text(const char *text, const char *expected)
{
	buf_clear(&page);
	report_html_text(&page, text);
	assert_string_equal(buf_str(&page), expected);
}

static void what_deceives_the_eye_is_replaced(void **state)
{
	(void)state;
	expect_text("a&b<c>\"d'", "a&amp;b&lt;c&gt;&quot;d&#39;");
	expect_text("\xe2\x80\x8e|\xe2\x80\x8f|\xe2\x80\xaa|\xe2\x80\xae", "?|?|?|?");
	expect_text("\xe2\x81\xa6|\xe2\x81\xa9|\xef\xbf\xbe|\xef\xbf\xbf", "?|?|?|?");
	expect_text("\xe2\x80\x90|\xe2\x80\xaf|\xe2\x81\xa5|\xe2\x81\xaa|\xef\xbf\xbd",
		"\xe2\x80\x90|\xe2\x80\xaf|\xe2\x81\xa5|\xe2\x81\xaa|\xef\xbf\xbd");
	expect_text("\x01\x7f\xc2\x9b", "???");
}

static void a_record_alone_has_no_messages(void **state)
{
	json_t *call = make_call("plain");
	const char *html;

	(void)state;
	json_object_set_new(
		json_object_get(call, "ladder"), "source", json_string("record"));
	html = make_page(call);
	assert_null(strstr(html, "<h2>Messages</h2>"));
	assert_non_null(strstr(html, "<svg "));
	/* without a ladder, and odd ones */
	call = make_call("plain");
	json_object_del(call, "ladder");
	assert_null(strstr(make_page(call), "<svg "));
	make_page(json_object());
	html = make_page(json_pack("{s:s, s:s, s:s}", "kind", "lost", "id", "5f3c-00002a",
		"start", "2026-03-01T00:00:00.000000Z"));
	assert_non_null(strstr(html, "killed while it stood"));
	assert_null(strstr(html, "Protection"));
	make_page(json_pack("{s:{s:[s], s:[s, {s:i, s:i}], s:s}}", "ladder", "parties",
		"x", "messages", "y", "party", 99, "repeats", 70000, "source",
		"capture"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_page_says_what_happened, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_drawing_has_room_for_all, setup, teardown),
		cmocka_unit_test_setup_teardown(
			nothing_is_run_or_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_few_far_ends_say_is_in_it, setup, teardown),
		cmocka_unit_test_setup_teardown(markup_of_peers_is_text, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_deceives_the_eye_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_record_alone_has_no_messages, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
