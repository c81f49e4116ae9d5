/* Sets of final responses. */
#include "../unit.h"

#include "config/statuses.h"

#include "base/err.h"

#include <string.h>

static void are_read_and_printed(void **state)
{
	static const char *const rows[][2] = {
		{"408, 500, 502-504", "408, 500, 502-504"},
		{"503,408", "408, 503"},
		{"300-599", "300-599"},
		{"599", "599"},
		{"300 - 301 , 303", "300-301, 303"},
		{"502, 503, 504", "502-504"},
		{"363-364", "363-364"},
		{"none", "none"},
	};
	struct buf text;
	struct span bad;

	(void)state;
	buf_init(&text, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config_statuses statuses, again;

		assert_int_equal(statuses_read(&statuses, rows[i][0], &bad), 0);
		buf_clear(&text);
		statuses_print(&statuses, &text);
		assert_string_equal(buf_str(&text), rows[i][1]);
		assert_int_equal(statuses_read(&again, buf_str(&text), &bad), 0);
		assert_memory_equal(&statuses, &again, sizeof(statuses));
	}
	buf_free(&text);
}

static void have_what_was_named(void **state)
{
	struct config_statuses statuses;
	struct span bad;

	(void)state;
	assert_int_equal(statuses_read(&statuses, "300, 404, 480-486, 599", &bad), 0);
	for (int status = 0; status < 800; status++)
		assert_int_equal(statuses_have(&statuses, status),
			status == 300 || status == 404 ||
				(status >= 480 && status <= 486) || status == 599);
	assert_false(statuses_have(&statuses, -1));
}

static void faults_are_found_where_they_are(void **state)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"408,", ""},
		{"299", "299"},
		{"600", "600"},
		{"408, 603", "603"},
		{"590-600", "590-600"},
		{"504-502", "504-502"},
		{"503-503", "503-503"},
		{"408, 408", "408"},
		{"400-410, 408", "408"},
		{"5xx", "5xx"},
		{"-503", "-503"},
		{"503-", "503-"},
		{"500-502-503", "500-502-503"},
		{"408, none", "none"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config_statuses statuses = {{7}};
		struct span bad = {0};

		if (statuses_read(&statuses, rows[i][0], &bad) != ERR_FORMAT)
			fail_msg("\"%s\" is taken", rows[i][0]);
		if (!span_equal_str(bad, rows[i][1]))
			fail_msg("\"%s\": \"%.*s\"", rows[i][0], SPAN_ARG(bad));
		assert_int_equal(statuses.bits[0], 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(are_read_and_printed),
		cmocka_unit_test(have_what_was_named),
		cmocka_unit_test(faults_are_found_where_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
