/* Where stderr is the journal, which is found out once: hence a program of its own. */
#include "base/log.h"

#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void the_journal_gets_a_priority_and_no_time(void **state)
{
	char variable[64], text[200];
	int fds[2], saved = dup(STDERR_FILENO);
	struct stat st;
	ssize_t len;

	(void)state;
	assert_true(saved >= 0 && pipe(fds) == 0);
	dup2(fds[1], STDERR_FILENO);
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(variable, sizeof(variable), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", variable, 1);
	log_set_stamps(true);
	log_info("x", "a=1");
	log_warning("x", "a=2");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fds[1]);
	len = read(fds[0], text, sizeof(text) - 1);
	close(fds[0]);
	assert_true(len > 0);
	text[len] = '\0';
	assert_string_equal(text, "<6>info x a=1\n<4>warning x a=2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_journal_gets_a_priority_and_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
