/*
 * Hostile messages, one a file in tests/data/hostile/, against the table beside them. The
 * system tests send the same files to the live server.
 */
#include "verdict.h"

#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	char name[64];
	char transport[16];
	char expected[VERDICT_SIZE];
};

/* The bytes as the last of their allocation, so that a sanitizer sees any over-read. */
static bool row_holds(const char *dir, const struct row *row)
{
	char path[512];
	char out[VERDICT_SIZE];
	size_t len = 0;
	char *read, *data;
	bool holds;

	snprintf(path, sizeof path, "%s/%s", dir, row->name);
	read = verdict_read_file(path, &len);
	assert_non_null(read);
	data = malloc(len);
	assert_non_null(data);
	memcpy(data, read, len);
	free(read);
	verdict(strcmp(row->transport, "stream") == 0, data, len, out);
	free(data);
	holds = strcmp(out, row->expected) == 0;
	if (!holds)
		print_error("%s (%s): expected %s, got %s\n", row->name, row->transport,
			row->expected, out);
	return holds;
}

static void every_file_gets_the_verdict_of_the_table(void **state)
{
	const char *srcdir = getenv("srcdir");
	char dir[256], path[300], line[512];
	unsigned rows = 0, failed = 0;
	FILE *table;

	(void)state;
	snprintf(dir, sizeof dir, "%s/tests/data/hostile", srcdir != NULL ? srcdir : ".");
	snprintf(path, sizeof path, "%s/expected.tsv", dir);
	table = fopen(path, "r");
	assert_non_null(table);
	while (fgets(line, sizeof line, table) != NULL) {
		struct row row;

		if (line[0] == '#')
			continue;
		assert_int_equal(sscanf(line, "%63[^\t]\t%15[^\t]\t%31[^\t]", row.name,
					 row.transport, row.expected),
			3);
		rows++;
		failed += !row_holds(dir, &row);
	}
	fclose(table);
	assert_true(rows >= 60);
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_gets_the_verdict_of_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
