#include "base/denied.h"

#include "../unit.h"

#include "base/err.h"

#include <errno.h>
#include <string.h>

static bool all_but_etc(const char *path)
{
	errno = 0; /* as any function may */
	return strncmp(path, "/etc/", 5) != 0;
}

static void without_a_sandbox_a_refusal_is_the_files_own(void **state)
{
	(void)state;
	denied_set(NULL);
	assert_int_equal(denied_why("/root/x", -EACCES), -EACCES);
}

static void within_one_it_is_told_apart(void **state)
{
	(void)state;
	denied_set(all_but_etc);
	assert_int_equal(denied_why("/root/x", -EACCES), ERR_SANDBOX);
	assert_int_equal(denied_why("/etc/x", -EACCES), -EACCES);
	/* what is not there is not there */
	assert_int_equal(denied_why("/root/x", -ENOENT), -ENOENT);
	assert_int_equal(denied_why("/root/x", -EPERM), -EPERM);
	denied_set(NULL);
}

static void errno_stays(void **state)
{
	(void)state;
	denied_set(all_but_etc);
	errno = EACCES;
	(void)denied_why("/root/x", -EACCES);
	assert_int_equal(errno, EACCES);
	denied_set(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_sandbox_a_refusal_is_the_files_own),
		cmocka_unit_test(within_one_it_is_told_apart),
		cmocka_unit_test(errno_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
