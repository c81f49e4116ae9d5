/* The options of `cdr list`. */
#include "../unit.h"

#include "admin/list_filter.h"
#include "audit/cdr_row.h"

#include <errno.h>
#include <string.h>

/* 2023-11-14T22:13:20Z */
#define NOW 1700000000

static struct list_filter list;
static struct err_text text;

static int read_words(const char *const *words)
{
	size_t count = 0;

	while (words[count])
		count++;
	text.text[0] = '\0';
	return list_filter_read(&list, words, count, NOW, &text);
}

#define READ(...) read_words((const char *const[]){__VA_ARGS__, NULL})

static void nothing_is_any_call(void **state)
{
	(void)state;
	assert_int_equal(list_filter_read(&list, NULL, 0, NOW, &text), 0);
	assert_null(list.filter.number);
	assert_null(list.filter.kind);
	assert_int_equal(list.filter.signalling, -1);
	assert_int_equal(list.filter.media, -1);
	assert_int_equal(list.filter.answered, -1);
	assert_int_equal(list.filter.limit, LIST_ROWS_MAX);
	list_filter_free(&list);
}

static void each_option_is_read(void **state)
{
	(void)state;
	assert_int_equal(
		READ("--since", "24h", "--until", "2023-11-14", "--number", "+49X",
			"--trunk", "a", "--server", "b", "--status", "486", "--cause",
			"busy", "--protection", "tls1.2", "--protection", "srtp",
			"--quality", "3.5", "--answered", "--q850", "127", "--kind",
			"all", "--limit", "7", "--next", "99"),
		0);
	assert_int_equal(list.filter.since_us, (NOW - 86400) * UINT64_C(1000000));
	assert_int_equal(list.filter.until_us, UINT64_C(1699920000000000));
	assert_ptr_equal(list.filter.number, &list.pattern);
	assert_true(pattern_matches(&list.pattern, span_of("+495")));
	assert_string_equal(list.filter.trunk, "a");
	assert_string_equal(list.filter.server, "b");
	assert_string_equal(list.filter.cause, "busy");
	assert_string_equal(list.filter.kind, "");
	assert_int_equal(list.filter.status, 486);
	assert_int_equal(list.filter.signalling, CDR_SIGNALLING_TLS12);
	assert_int_equal(list.filter.media, CDR_MEDIA_SRTP);
	assert_int_equal(list.filter.mos_below, 350);
	assert_int_equal(list.filter.q850, 127);
	assert_int_equal(list.filter.answered, 1);
	assert_int_equal(list.filter.limit, 7);
	assert_int_equal(list.filter.before, 99);
	list_filter_free(&list);
	assert_int_equal(READ("--failed", "--status", "5xx", "--quality", "4"), 0);
	assert_int_equal(list.filter.answered, 0);
	assert_int_equal(list.filter.status, 5);
	assert_int_equal(list.filter.mos_below, 400);
	list_filter_free(&list);
	assert_int_equal(READ("--microsoft", "01ab/s/1"), 0);
	assert_string_equal(list.filter.microsoft, "01ab/s/1");
	list_filter_free(&list);
	assert_int_equal(READ("--quality", "1.05"), 0);
	assert_int_equal(list.filter.mos_below, 105);
	list_filter_free(&list);
}

static void what_is_wrong_is_said(void **state)
{
	char too_long[258] = "a", longest[257] = "";
	static const char *const wrong[][4] = {{"--since", "yesterday"}, {"--since"},
		{"--until", "2099-01-01"}, {"--number", ""}, {"--number", "[9"},
		{"--status", "99"}, {"--status", "700"}, {"--status", "7xx"},
		{"--status", "4x"}, {"--protection", "good"}, {"--quality", "0.9"},
		{"--q850", "0"}, {"--q850", "128"}, {"--q850", "1x"}, {"--microsoft", ""},
		{"--microsoft", "a b"}, {"--microsoft", "\xc3\xa9"},
		{"--quality", "5.01"}, {"--quality", "3,5"}, {"--quality", "3."},
		{"--quality", ""}, {"--quality", "3.555"}, {"--limit", "0"},
		{"--limit", "201"}, {"--next", "-1"}, {"--answered", "--failed"},
		{"--failed", "--failed"}, {"--everything"}, {"word"}};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (read_words(wrong[i]) != -EINVAL)
			fail_msg("%s %s", wrong[i][0], wrong[i][1] ? wrong[i][1] : "");
		assert_non_null(strstr(text.text, wrong[i][0]));
	}
	assert_int_equal(READ("--trunk", "a", "--trunk", "b"), -EINVAL);
	/* one that is gone through by words */
	assert_int_equal(READ("--microsoft", "a", "--number", "1"), -EINVAL);
	assert_string_equal(text.text, "--number and --microsoft: expected one of them");
	assert_int_equal(READ("--number", "1", "--microsoft", "a"), -EINVAL);
	memset(longest, 'a', sizeof(longest) - 1);
	memset(too_long, 'a', sizeof(too_long) - 1);
	assert_int_equal(READ("--microsoft", longest), 0);
	list_filter_free(&list);
	assert_int_equal(READ("--microsoft", too_long), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_any_call),
		cmocka_unit_test(each_option_is_read),
		cmocka_unit_test(what_is_wrong_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
