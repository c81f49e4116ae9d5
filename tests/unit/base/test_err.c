#include "base/err.h"

#include "../unit.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static void every_code_has_its_own_text(void **state)
{
	(void)state;
	for (int code = ERR_SANDBOX; code <= ERR_FORMAT; code++) {
		assert_string_not_equal(err_str(code), "Unknown error");
		for (int other = ERR_SANDBOX; other < code; other++)
			assert_string_not_equal(err_str(code), err_str(other));
	}
}

static void errno_codes_have_the_text_of_libc(void **state)
{
	(void)state;
	assert_string_equal(err_str(-ENOENT), "No such file or directory");
	assert_string_equal(err_str(0), "Success");
}

static void any_number_has_some_text(void **state)
{
	const int codes[] = {1, INT_MAX, INT_MIN, -1999, ERR_SANDBOX - 1};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		assert_string_equal(err_str(codes[i]), "Unknown error");
}

static void set_returns_the_code_and_fills_the_text(void **state)
{
	struct err_text text = {""};

	(void)state;
	assert_int_equal(
		err_set(&text, ERR_CONFIG, "line %d: no %s", 3, "key"), ERR_CONFIG);
	assert_string_equal(text.text, "line 3: no key");
	assert_int_equal(err_set(NULL, -EIO, "unheard"), -EIO);
}

static void a_long_text_is_cut(void **state)
{
	struct err_text text;

	(void)state;
	err_set(&text, ERR_FORMAT, "%0*d", 2 * ERR_TEXT_SIZE, 7);
	assert_int_equal(strlen(text.text), ERR_TEXT_SIZE - 1);
}

static void a_reason_that_fits_is_whole(void **state)
{
	char reason[ERR_REASON_SIZE];

	(void)state;
	err_reason(reason, "port unreachable: is it up?");
	assert_string_equal(reason, "port unreachable: is it up?");
	err_reason(reason, reason);
	assert_string_equal(reason, "port unreachable: is it up?");
}

/* Of a long one the facts in between give way, never the remedy. */
static void a_long_reason_keeps_what_to_do(void **state)
{
	static const char head[] = "tls refused by=us rule=name presented=";
	static const char remedy[] = " do=\"have it issued anew\"";
	char why[2 * ERR_REASON_SIZE], reason[ERR_REASON_SIZE];

	(void)state;
	snprintf(why, sizeof(why), "%s%0*d%s", head, ERR_REASON_SIZE, 7, remedy);
	err_reason(reason, why);
	assert_int_equal(strlen(reason), ERR_REASON_SIZE - 1);
	assert_memory_equal(reason, head, strlen(head));
	assert_string_equal(reason + strlen(reason) - strlen(remedy) - 4,
		"0... do=\"have it issued anew\"");
	/* without one, the beginning */
	snprintf(why, sizeof(why), "%s%0*d", head, ERR_REASON_SIZE, 7);
	err_reason(reason, why);
	assert_memory_equal(reason, why, ERR_REASON_SIZE - 1);
	/* one so long that no cause would be left is cut itself */
	snprintf(why, sizeof(why), "%s do=\"%0*d\"", head, ERR_REASON_SIZE, 7);
	err_reason(reason, why);
	assert_memory_equal(reason, why, ERR_REASON_SIZE - 1);
	assert_int_equal(strlen(reason), ERR_REASON_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_its_own_text),
		cmocka_unit_test(errno_codes_have_the_text_of_libc),
		cmocka_unit_test(any_number_has_some_text),
		cmocka_unit_test(set_returns_the_code_and_fills_the_text),
		cmocka_unit_test(a_long_text_is_cut),
		cmocka_unit_test(a_reason_that_fits_is_whole),
		cmocka_unit_test(a_long_reason_keeps_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
