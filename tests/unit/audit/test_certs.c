/* Calls whose far ends presented the same have one file of certificates, by a name each. */
#include "../unit.h"

#include "audit/certs.h"
#include "audit_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many names as one file gets. */
#define NAMES_MAX 1000
#define PEM(base64)                                                                      \
	"leg b, trunk carrier-a\n-----BEGIN CERTIFICATE-----\n" base64                   \
	"\n-----END CERTIFICATE-----\n"

struct fixture {
	char *folder;
	struct certs_pool *pool;
	struct parties parties;
	struct buf files;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->folder = fixture_folder();
	assert_int_equal(certs_pool_new(&fixture->pool), 0);
	parties_tell(&fixture->parties, 7, 0, "b", "trunk carrier-a");
	buf_init(&fixture->files, 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	certs_pool_free(fixture->pool);
	parties_free(&fixture->parties);
	buf_free(&fixture->files);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

static const char *path_of(
	const struct fixture *fixture, const char *call, const char *name)
{
	static char path[4400];

	snprintf(path, sizeof(path), "%s/%s%s%s", fixture->folder, call,
		name[0] ? "/" : "", name);
	return path;
}

/* CALL, whose folder is made where missing, is with a far end that presented DER. */
static int write_certs(struct fixture *fixture, const char *call, const char *der)
{
	char bytes[CERTS_BYTES_MAX];
	struct certs certs = {0};
	size_t len = 0;
	int err;

	(void)mkdir(path_of(fixture, call, ""), 0700);
	assert_true(certs_put(bytes, &len, span_of(der)));
	certs_add(&certs, fixture->pool, 7, (struct span){bytes, len});
	buf_clear(&fixture->files);
	err = certs_write(&certs, fixture->pool, &fixture->parties,
		open(path_of(fixture, call, ""), O_RDONLY | O_DIRECTORY),
		&fixture->files);
	assert_int_equal(certs.count, err ? 1 : 0);
	certs_free(&certs, fixture->pool);
	return err;
}

/* The file of CALL is NAME, has TEXT and is recorded. Returns which file that is. */
static ino_t assert_has(
	struct fixture *fixture, const char *call, const char *name, const char *text)
{
	char found[1000], expected[1000];
	FILE *file = fopen(path_of(fixture, call, name), "r");
	struct stat st;
	size_t len;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	len = fread(found, 1, sizeof(found) - 1, file);
	fclose(file);
	found[len] = '\0';
	assert_string_equal(found, text);
	snprintf(expected, sizeof(expected),
		"{\"name\":\"%s\",\"state\":\"whole\",\"bytes\":%zu,", name, len);
	buf_add_char(&fixture->files, '\0');
	assert_non_null(strstr(fixture->files.data, expected));
	return st.st_ino;
}

static void the_same_is_one_file(void **state)
{
	struct fixture *fixture = *state;
	ino_t first, other;

	assert_int_equal(write_certs(fixture, "a", "leaf"), 0);
	first = assert_has(fixture, "a", "call.certs.pem", PEM("bGVhZg=="));
	assert_int_equal(write_certs(fixture, "b", "other"), 0);
	other = assert_has(fixture, "b", "call.certs.pem", PEM("b3RoZXI="));
	assert_int_not_equal(other, first);
	assert_int_equal(write_certs(fixture, "c", "leaf"), 0);
	assert_int_equal(
		assert_has(fixture, "c", "call.certs.pem", PEM("bGVhZg==")), first);
	assert_int_equal(write_certs(fixture, "d", "other"), 0);
	assert_int_equal(
		assert_has(fixture, "d", "call.certs.pem", PEM("b3RoZXI=")), other);
}

static void a_file_that_was_deleted_is_written_anew(void **state)
{
	struct fixture *fixture = *state;
	ino_t second;

	assert_int_equal(write_certs(fixture, "a", "leaf"), 0);
	assert_int_equal(unlink(path_of(fixture, "a", "call.certs.pem")), 0);
	assert_int_equal(rmdir(path_of(fixture, "a", "")), 0);
	assert_int_equal(write_certs(fixture, "b", "leaf"), 0);
	second = assert_has(fixture, "b", "call.certs.pem", PEM("bGVhZg=="));
	assert_int_equal(write_certs(fixture, "c", "leaf"), 0);
	assert_int_equal(
		assert_has(fixture, "c", "call.certs.pem", PEM("bGVhZg==")), second);
}

/* A process before this one had the call too, or a link was planted. */
static void a_name_that_is_taken_stays_as_it_is(void **state)
{
	struct fixture *fixture = *state;
	ino_t first;

	assert_int_equal(write_certs(fixture, "a", "leaf"), 0);
	first = assert_has(fixture, "a", "call.certs.pem", PEM("bGVhZg=="));
	assert_int_equal(mkdir(path_of(fixture, "b", ""), 0700), 0);
	assert_int_equal(symlink("nowhere", path_of(fixture, "b", "call.certs.pem")), 0);
	assert_int_equal(write_certs(fixture, "b", "leaf"), 0);
	assert_int_equal(
		assert_has(fixture, "b", "call.2.certs.pem", PEM("bGVhZg==")), first);
	assert_int_equal(access(path_of(fixture, "nowhere", ""), F_OK), -1);
}

/* Damage to one is damage to so many calls, and no more. */
static void a_file_has_only_so_many_names(void **state)
{
	struct fixture *fixture = *state;
	char call[16];
	struct stat st;

	for (unsigned i = 0; i < NAMES_MAX; i++) {
		snprintf(call, sizeof(call), "%u", i);
		assert_int_equal(write_certs(fixture, call, "leaf"), 0);
	}
	assert_int_equal(stat(path_of(fixture, "0", "call.certs.pem"), &st), 0);
	assert_int_equal(st.st_nlink, NAMES_MAX);
	assert_int_equal(write_certs(fixture, "next", "leaf"), 0);
	assert_int_not_equal(
		assert_has(fixture, "next", "call.certs.pem", PEM("bGVhZg==")),
		st.st_ino);
}

/* Of more kinds than are remembered the first is written anew. */
static void no_more_files_are_remembered_than_there_is_room_for(void **state)
{
	struct fixture *fixture = *state;
	char name[16];
	ino_t first;

	assert_int_equal(write_certs(fixture, "a", "leaf"), 0);
	first = assert_has(fixture, "a", "call.certs.pem", PEM("bGVhZg=="));
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "%u", i);
		assert_int_equal(write_certs(fixture, name, name), 0);
	}
	assert_int_equal(write_certs(fixture, "z", "leaf"), 0);
	assert_int_not_equal(
		assert_has(fixture, "z", "call.certs.pem", PEM("bGVhZg==")), first);
}

static void where_nothing_can_be_written_that_is_said(void **state)
{
	struct fixture *fixture = *state;
	struct certs certs = {0};
	char bytes[CERTS_BYTES_MAX];
	size_t len = 0;

	assert_true(certs_put(bytes, &len, span_of("leaf")));
	certs_add(&certs, fixture->pool, 7, (struct span){bytes, len});
	assert_int_equal(certs_write(&certs, fixture->pool, &fixture->parties, -ENOENT,
				 &fixture->files),
		-ENOENT);
	assert_int_equal(certs.count, 1);
	assert_int_equal(fixture->files.len, 0);
	certs_free(&certs, fixture->pool);
}

#define pooled(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		pooled(the_same_is_one_file),
		pooled(a_file_that_was_deleted_is_written_anew),
		pooled(a_name_that_is_taken_stays_as_it_is),
		pooled(a_file_has_only_so_many_names),
		pooled(no_more_files_are_remembered_than_there_is_room_for),
		pooled(where_nothing_can_be_written_that_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
