/* Names of hosts, at the edges of RFC 1123. */
#include "../unit.h"

#include "config/host.h"

#include <string.h>

/* A name of SIZE characters, with labels as long as they may be. */
static const char *long_name(size_t size)
{
	static char name[300];

	memset(name, 'a', size);
	for (size_t i = 63; i < size; i += 64)
		name[i] = '.';
	name[size] = '\0';
	return name;
}

static void a_name_has_so_many_characters(void **state)
{
	(void)state;
	assert_true(host_is_name(long_name(253), true));
	assert_false(host_is_name(long_name(254), true));
	assert_true(host_is_name(long_name(63), false));
	assert_false(host_is_name(
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		false));
}

static void a_label_has_letters_digits_and_hyphens_within(void **state)
{
	(void)state;
	assert_true(host_is_name("a-1.Z9", true));
	assert_true(host_is_name("1a", false));
	assert_false(host_is_name("a", true));
	assert_false(host_is_name("-a", false));
	assert_false(host_is_name("a-", false));
	assert_false(host_is_name("a_b", false));
	assert_false(host_is_name("a..b", false));
	assert_false(host_is_name("a.", false));
	assert_false(host_is_name(".a", false));
	assert_false(host_is_name("", false));
	assert_false(host_is_name("@", false));
	assert_false(host_is_name("[", false));
	assert_false(host_is_name("`", false));
	assert_false(host_is_name("{", false));
	assert_false(host_is_name("/", false));
	assert_false(host_is_name(":", false));
}

static void what_ends_in_digits_is_an_address(void **state)
{
	(void)state;
	assert_false(host_is_name("10.0.0.256", true));
	assert_false(host_is_name("a.1", true));
	assert_true(host_is_name("1.a", true));
	assert_true(host_is_name_or_addr("10.0.0.255"));
	assert_true(host_is_name_or_addr("a"));
	assert_false(host_is_name_or_addr("10.0.0.256"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_so_many_characters),
		cmocka_unit_test(a_label_has_letters_digits_and_hyphens_within),
		cmocka_unit_test(what_ends_in_digits_is_an_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
