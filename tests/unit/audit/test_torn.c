/* A line that is half written, and cannot be cut at once; lines that are written, and cannot be synced. Linked with
 * --wrap=ftruncate,--wrap=fdatasync. */
#include "../file_limit.h"

#include "audit/journal.h"
#include "audit_fixture.h"
#include "base/log.h"
#include "evidence/head.h"
#include "sync_fixture.h"

#include <errno.h>

int __real_ftruncate(int fd, off_t len);
int __wrap_ftruncate(int fd, off_t len);

/* So many fail from now on. */
static unsigned failures;

int __wrap_ftruncate(int fd, off_t len)
{
	if (failures == 0)
		return __real_ftruncate(fd, len);
	failures--;
	errno = EIO;
	return -1;
}

/* How many lines the file has; each is a record, and numbers go on. */
static unsigned lines_of(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned count = 0;
	char line[512];
	uint64_t seq;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		assert_int_equal(head_read(span_of(line), &seq), 0);
		assert_int_equal(seq, count);
		assert_int_equal(line[strlen(line) - 1], '\n');
		count++;
	}
	fclose(file);
	return count;
}

static void a_torn_line_is_cut_before_others_follow(void **state)
{
	char *folder = fixture_folder(), path[4300];
	struct err_text text = {""};
	struct journal *journal;
	struct health health;

	(void)state;
	snprintf(path, sizeof(path), "%s/cdr.jsonl", folder);
	health_init(&health);
	assert_int_equal(journal_new(&journal, folder, NULL, 0, &health, &text), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_true(journal_add(journal, "call", "{\"a\":1}\n", 8));
	limit_files(200);
	failures = 2;
	assert_false(journal_write(journal));
	limit_files(RLIM_INFINITY);
	/* it cannot be cut yet: nothing is written behind it */
	assert_false(journal_write(journal));
	assert_int_equal(failures, 0);
	assert_true(journal_write(journal));
	assert_int_equal(lines_of(path), 4);
	journal_free(journal);
	health_free(&health);
	fixture_remove(folder);
}

static void log_h(void *arg, enum log_level level, const char *line)
{
	char *logged = arg;

	(void)level;
	strncat(logged, line, 999 - strlen(logged));
}

/* They are in the file: nobody has to look for them elsewhere. */
static void what_is_written_at_the_end_is_not_told_as_left(void **state)
{
	char *folder = fixture_folder(), logged[1000] = "";
	struct err_text text = {""};
	struct journal *journal;
	struct health health;

	(void)state;
	health_init(&health);
	assert_int_equal(journal_new(&journal, folder, folder, 0, &health, &text), 0);
	assert_true(journal_add(journal, "call", "{\"a\":1}\n", 8));
	log_set_sink(log_h, logged);
	sync_fails = true;
	journal_free(journal);
	sync_fails = false;
	log_set_sink(NULL, NULL);
	assert_non_null(strstr(logged, "event=failing what=cdr"));
	assert_null(strstr(logged, "event=left"));
	health_free(&health);
	fixture_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_torn_line_is_cut_before_others_follow),
		cmocka_unit_test(what_is_written_at_the_end_is_not_told_as_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
