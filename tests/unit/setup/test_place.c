/* Files that appear together or not at all. */
#include "setup/place.h"

#include "../unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/test-place-XXXXXX";

static int make(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test-place-XXXXXX");
	umask(0077); /* of no influence */
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_h(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int drop(void **state)
{
	(void)state;
	return nftw(folder, remove_h, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *path_of(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned next;

	next = (next + 1) % 4;
	snprintf(paths[next], PATH_MAX, "%s/%s", folder, name);
	return paths[next];
}

static int add(struct place *place, const char *name, const char *words,
	enum place_kind kind, enum place_old old, struct err_text *text)
{
	struct buf content;

	buf_init(&content, 0);
	buf_add_str(&content, words);
	return place_add(place, path_of(name), &content, kind, old, text);
}

static void put(const char *name, const char *words)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	fputs(words, file);
	fclose(file);
}

static void expect(const char *name, const char *words)
{
	char found[256] = "";
	FILE *file = fopen(path_of(name), "r");

	assert_non_null(file);
	found[fread(found, 1, sizeof(found) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(found, words);
}

static unsigned mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(path_of(name), &st), 0);
	return st.st_mode & 07777;
}

static unsigned count_entries(void)
{
	DIR *dir = opendir(folder);
	unsigned count = 0;
	const struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += strcmp(entry->d_name, ".") != 0 &&
			 strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return count;
}

static void all_appear_with_their_modes(void **state)
{
	struct err_text text = {""};
	struct place place;

	(void)state;
	place_init(&place);
	assert_int_equal(
		add(&place, "a/b/conf", "c", PLACE_CONF, PLACE_REFUSE, &text), 0);
	assert_int_equal(
		add(&place, "a/secret", "s", PLACE_SECRET, PLACE_REFUSE, &text), 0);
	assert_int_equal(
		add(&place, "closed/secret", "s", PLACE_SECRET, PLACE_REFUSE, &text), 0);
	assert_int_equal(add(&place, "open", "o", PLACE_PUBLIC, PLACE_REFUSE, &text), 0);
	assert_int_equal(count_entries(), 0);
	assert_int_equal(place_commit(&place, &text), 0);
	place_free(&place);
	expect("a/b/conf", "c");
	expect("open", "o");
	assert_int_equal(mode_of("a/b/conf"), 0640);
	assert_int_equal(mode_of("a/secret"), 0600);
	assert_int_equal(mode_of("open"), 0644);
	assert_int_equal(mode_of("a"), 0755);
	assert_int_equal(mode_of("closed"), 0700);
	assert_int_equal(count_entries(), 3); /* no temporary file */
}

static void what_is_there_is_refused(void **state)
{
	struct err_text text = {""};
	struct place place;

	(void)state;
	put("there", "before");
	place_init(&place);
	assert_int_equal(
		add(&place, "there", "x", PLACE_CONF, PLACE_REFUSE, &text), -EEXIST);
	assert_non_null(strstr(text.text, "is there already, and is not replaced"));
	assert_int_equal(add(&place, "twice", "x", PLACE_CONF, PLACE_REFUSE, &text), 0);
	assert_int_equal(
		add(&place, "twice", "x", PLACE_CONF, PLACE_REFUSE, &text), -EEXIST);
	place_free(&place);
	expect("there", "before");
	assert_int_equal(count_entries(), 1);
}

static void the_old_one_is_kept(void **state)
{
	struct err_text text = {""};
	struct place place;

	(void)state;
	put("cert", "one");
	put("cert.old", "none");
	put("crl", "one");
	place_init(&place);
	assert_int_equal(add(&place, "cert", "two", PLACE_KEY, PLACE_KEEP_OLD, &text), 0);
	assert_int_equal(
		add(&place, "fresh", "two", PLACE_KEY, PLACE_KEEP_OLD, &text), 0);
	assert_int_equal(
		add(&place, "crl", "two", PLACE_PUBLIC, PLACE_REPLACE, &text), 0);
	assert_int_equal(place_commit(&place, &text), 0);
	place_free(&place);
	expect("cert", "two");
	expect("cert.old", "one");
	expect("crl", "two");
	expect("fresh", "two");
	assert_int_equal(count_entries(), 4);
}

/* Somebody makes the last one while we work. */
static void a_failure_takes_everything_back(void **state)
{
	struct err_text text = {""};
	struct place place;

	(void)state;
	put("cert", "one");
	place_init(&place);
	assert_int_equal(
		add(&place, "new/fresh", "two", PLACE_PUBLIC, PLACE_REFUSE, &text), 0);
	assert_int_equal(add(&place, "cert", "two", PLACE_KEY, PLACE_KEEP_OLD, &text), 0);
	assert_int_equal(add(&place, "last", "two", PLACE_CONF, PLACE_REFUSE, &text), 0);
	assert_int_equal(add(&place, "after", "two", PLACE_CONF, PLACE_REFUSE, &text), 0);
	put("last", "of another");
	assert_int_equal(place_commit(&place, &text), -EEXIST);
	assert_non_null(strstr(text.text, "/last: cannot be put in its place"));
	place_free(&place);
	expect("cert", "one");
	expect("last", "of another");
	assert_int_equal(count_entries(), 2);
}

static void a_folder_that_is_a_file_fails_whole(void **state)
{
	struct err_text text = {""};
	struct place place;

	(void)state;
	place_init(&place);
	assert_int_equal(add(&place, "one", "x", PLACE_CONF, PLACE_REFUSE, &text), 0);
	assert_int_equal(add(&place, "dir/two", "x", PLACE_CONF, PLACE_REFUSE, &text), 0);
	put("dir", "a file");
	assert_int_equal(place_commit(&place, &text), -ENOTDIR);
	assert_non_null(strstr(text.text, "/dir is no folder"));
	place_free(&place);
	assert_int_equal(count_entries(), 1);
}

/* Where it cannot be looked whether something is there, nothing is put. */
static void a_path_through_a_file_is_refused(void **state)
{
	struct err_text text = {""};
	struct place place;

	(void)state;
	put("file", "a file");
	place_init(&place);
	assert_int_equal(
		add(&place, "file/x", "x", PLACE_CONF, PLACE_REFUSE, &text), -ENOTDIR);
	assert_non_null(strstr(text.text, "/file/x: Not a directory"));
	assert_int_equal(place.count, 0);
	place_free(&place);
}

/* The second name of the old one is taken by what cannot be removed. */
static void an_old_one_that_cannot_be_kept_stays(void **state)
{
	struct err_text text = {""};
	struct place place;

	(void)state;
	put("cert", "one");
	assert_int_equal(mkdir(path_of("cert.old"), 0700), 0);
	place_init(&place);
	assert_int_equal(add(&place, "cert", "two", PLACE_KEY, PLACE_KEEP_OLD, &text), 0);
	assert_true(place_commit(&place, &text) < 0);
	assert_non_null(strstr(text.text, "/cert: cannot be put in its place"));
	place_free(&place);
	expect("cert", "one");
	assert_int_equal(count_entries(), 2);
}

static void folders_are_bounded(void **state)
{
	struct err_text text = {""};
	struct place place;
	char name[20];

	(void)state;
	place_init(&place);
	for (unsigned i = 0; i < PLACE_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		assert_int_equal(place_add_folder(&place, path_of(name), &text), 0);
	}
	assert_int_equal(place_add_folder(&place, path_of("one-more"), &text), ERR_LIMIT);
	assert_non_null(strstr(text.text, "/one-more: too many folders"));
	assert_int_equal(count_entries(), PLACE_FILES_MAX);
	place_free(&place);
}

static void an_error_of_the_content_is_found(void **state)
{
	struct err_text text = {""};
	struct place place;
	struct buf small;

	(void)state;
	buf_init(&small, 2);
	buf_add_str(&small, "too long");
	place_init(&place);
	assert_int_equal(
		place_add(&place, path_of("x"), &small, PLACE_CONF, PLACE_REFUSE, &text),
		ERR_LIMIT);
	assert_int_equal(place.count, 0);
	place_free(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_appear_with_their_modes, make, drop),
		cmocka_unit_test_setup_teardown(what_is_there_is_refused, make, drop),
		cmocka_unit_test_setup_teardown(the_old_one_is_kept, make, drop),
		cmocka_unit_test_setup_teardown(
			a_failure_takes_everything_back, make, drop),
		cmocka_unit_test_setup_teardown(
			a_folder_that_is_a_file_fails_whole, make, drop),
		cmocka_unit_test_setup_teardown(
			a_path_through_a_file_is_refused, make, drop),
		cmocka_unit_test_setup_teardown(
			an_old_one_that_cannot_be_kept_stays, make, drop),
		cmocka_unit_test_setup_teardown(folders_are_bounded, make, drop),
		cmocka_unit_test_setup_teardown(
			an_error_of_the_content_is_found, make, drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
