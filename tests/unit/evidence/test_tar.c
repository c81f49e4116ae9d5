/* Heads of an archive: tar(1) reads them, and they have one form alone. */
#include "../unit.h"

#include "base/err.h"
#include "evidence/tar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void a_head_is_read_as_it_was_written(void **state)
{
	static const uint64_t sizes[] = {0, 1, 511, 512, 513, 1000000, TAR_SIZE_MAX - 1};
	char longest[TAR_PATH_SIZE], path[TAR_PATH_SIZE];
	uint8_t head[TAR_BLOCK];
	uint64_t size;

	(void)state;
	memset(longest, 'p', sizeof(longest));
	longest[TAR_PATH_SIZE - 2] = '\0';
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const char *name = i % 2 ? longest : "case17/README";

		assert_int_equal(tar_head(head, name, sizes[i]), 0);
		assert_int_equal(tar_read(head, path, &size), 0);
		assert_string_equal(path, name);
		assert_int_equal(size, sizes[i]);
	}
	assert_int_equal(tar_padding(0), 0);
	assert_int_equal(tar_padding(1), 511);
	assert_int_equal(tar_padding(512), 0);
}

static void what_does_not_fit_is_refused(void **state)
{
	char longer[TAR_PATH_SIZE];
	uint8_t head[TAR_BLOCK];

	(void)state;
	memset(longer, 'p', sizeof(longer));
	longer[TAR_PATH_SIZE - 1] = '\0';
	assert_int_equal(tar_head(head, longer, 0), ERR_LIMIT);
	assert_int_equal(tar_head(head, "", 0), ERR_LIMIT);
	assert_int_equal(tar_head(head, "x", TAR_SIZE_MAX), ERR_LIMIT);
}

/* A byte that is changed is found wherever it is. */
static void another_form_is_none(void **state)
{
	uint8_t head[TAR_BLOCK], changed[TAR_BLOCK] = {0};
	char path[TAR_PATH_SIZE];
	uint64_t size;

	(void)state;
	assert_int_equal(tar_read(changed, path, &size), -ENOENT);
	assert_int_equal(tar_head(head, "case17/README", 1234), 0);
	for (unsigned i = 0; i < TAR_BLOCK; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(changed, head, sizeof(head));
			changed[i] ^= (uint8_t)(1 << bit);
			assert_int_equal(tar_read(changed, path, &size), ERR_FORMAT);
		}
	}
}

static void tar_reads_it(void **state)
{
	static const uint8_t end[2 * TAR_BLOCK];
	uint8_t block[TAR_BLOCK];
	char name[] = "/tmp/tandem-tar-XXXXXX", command[200], line[200] = "";
	FILE *file, *pipe;
	int fd = mkstemp(name);

	(void)state;
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_int_equal(tar_head(block, "case17/README", 5), 0);
	fwrite(block, 1, sizeof(block), file);
	memset(block, 0, sizeof(block));
	memcpy(block, "hello", 5);
	fwrite(block, 1, sizeof(block), file);
	fwrite(end, 1, sizeof(end), file);
	assert_int_equal(fclose(file), 0);
	snprintf(command, sizeof(command), "tar -xOf %s case17/README && tar -tvf %s",
		name, name);
	pipe = popen(command, "r");
	assert_non_null(fgets(line, sizeof(line), pipe));
	assert_int_equal(pclose(pipe), 0);
	unlink(name);
	assert_memory_equal(line, "hello-rw-r--r--", 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_is_read_as_it_was_written),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(another_form_is_none),
		cmocka_unit_test(tar_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
