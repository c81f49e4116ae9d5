#include "../unit.h"

#include "evidence/records.h"
#include "evidence_fixture.h"

static int setup(void **state)
{
	*state = fixture_folder();
	return 0;
}

static int teardown(void **state)
{
	fixture_remove(*state);
	return 0;
}

static void put(const char *folder, const char *name, const char *text)
{
	fixture_write(folder, name, text, strlen(text));
}

static void run(const char *folder, const char *command)
{
	char line[5000];

	snprintf(line, sizeof(line), "cd '%s' && %s", folder, command);
	assert_int_equal(system(line), 0);
}

static struct records *open_folder(const char *folder)
{
	struct err_text text = {""};
	struct records *records = NULL;

	if (records_open(&records, folder, &text) != 0)
		fail_msg("%s", text.text);
	return records;
}

/* All lines, with a comma behind each; what is wrong as a word. */
static void expect(struct records *records, const char *expected)
{
	struct err_text text = {""};
	struct span line;
	struct buf all;
	int err;

	buf_init(&all, 0);
	while ((err = records_next(records, &line, &text)) != -ENOENT) {
		if (err == 0 || err == ERR_FORMAT)
			buf_add_span(&all, line);
		buf_add_str(&all, err == 0 ? "," : err == ERR_FORMAT ? "!" : "#");
		if (err != 0 && err != ERR_FORMAT && err != ERR_LIMIT)
			break;
	}
	assert_string_equal(buf_str(&all), expected);
	buf_free(&all);
}

static void files_are_read_in_the_order_of_time(void **state)
{
	struct records *records;

	put(*state, "cdr.jsonl", "z\n");
	put(*state, "cdr.jsonl.1", "y\nyy\n");
	put(*state, "cdr.jsonl.10", "c\n");
	put(*state, "cdr.jsonl.2", "x\n");
	put(*state, "cdr.jsonl-20260102", "b\n");
	put(*state, "cdr.jsonl-20260101", "a\n");
	put(*state, "cdr.jsonl-20260102-1767312000", "bb\n");
	put(*state, "cdr.jsonl.bak", "no\n");
	put(*state, "cdr.jsonl.1.txt", "no\n");
	put(*state, "cdr.jsonlx", "no\n");
	put(*state, "xcdr.jsonl", "no\n");
	run(*state, "gzip cdr.jsonl.2 cdr.jsonl.10 cdr.jsonl-20260101");
	records = open_folder(*state);
	expect(records, "a,b,bb,c,x,y,yy,z,");
	records_rewind(records);
	expect(records, "a,b,bb,c,x,y,yy,z,");
	records_free(records);
}

static void a_place_is_a_file_and_a_line(void **state)
{
	struct err_text text = {""};
	struct records *records;
	struct span line;

	put(*state, "cdr.jsonl.1", "a\nb\n");
	put(*state, "cdr.jsonl", "c\n");
	records = open_folder(*state);
	assert_string_equal(records_place(records), "");
	assert_int_equal(records_next(records, &line, &text), 0);
	assert_int_equal(records_next(records, &line, &text), 0);
	assert_string_equal(records_place(records), "cdr.jsonl.1:2");
	assert_int_equal(records_next(records, &line, &text), 0);
	assert_string_equal(records_place(records), "cdr.jsonl:1");
	records_free(records);
}

static void lines_may_be_empty_and_the_last_one_torn(void **state)
{
	struct records *records;

	put(*state, "cdr.jsonl.2", "");
	put(*state, "cdr.jsonl.1", "\n\na\nto");
	put(*state, "cdr.jsonl", "b\n");
	records = open_folder(*state);
	expect(records, ",,a,to!b,");
	records_free(records);
}

static void a_line_may_cross_what_is_read_at_once(void **state)
{
	const size_t lens[] = {
		RECORDS_LINE_MAX - 1, RECORDS_LINE_MAX, 5, 700000, 700000, 700000};
	char *data = malloc(5000000);
	struct err_text text = {""};
	struct records *records;
	struct span line;
	size_t len = 0;

	for (size_t i = 0; i < 6; i++) {
		memset(data + len, 'a' + (int)i, lens[i]);
		len += lens[i];
		data[len++] = '\n';
	}
	fixture_write(*state, "cdr.jsonl", data, len);
	records = open_folder(*state);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(records_next(records, &line, &text), 0);
		assert_int_equal(line.len, lens[i]);
		assert_int_equal(line.p[0], 'a' + (int)i);
		assert_int_equal(line.p[line.len - 1], 'a' + (int)i);
	}
	assert_int_equal(records_next(records, &line, &text), -ENOENT);
	records_free(records);
	free(data);
}

static void a_line_without_end_is_passed_over(void **state)
{
	char *data = malloc(9000000);
	struct records *records;

	memset(data, 'x', 8000003);
	data[1] = '\n';
	memcpy(data + 8000000, "\ny\n", 3);
	fixture_write(*state, "cdr.jsonl.1", data, 8000003);
	put(*state, "cdr.jsonl", "z\n");
	records = open_folder(*state);
	expect(records, "x,#y,z,");
	records_free(records);
	free(data);
}

static void what_cannot_be_read_is_said(void **state)
{
	const char *const paths[] = {"/nowhere/cdr.jsonl"};
	struct err_text text = {""};
	struct records *records = NULL;
	struct span line;

	assert_int_equal(records_open(&records, "/nowhere", &text), -ENOENT);
	assert_non_null(strstr(text.text, "/nowhere"));
	assert_int_equal(records_open_files(&records, paths, 1, &text), 0);
	text.text[0] = '\0';
	assert_int_equal(records_next(records, &line, &text), -EIO);
	assert_non_null(strstr(text.text, "/nowhere/cdr.jsonl"));
	records_free(records);
	put(*state, "cdr.jsonl.1.gz", "this is no archive");
	records = open_folder(*state);
	assert_int_equal(records_next(records, &line, &text), -EIO);
	assert_non_null(strstr(text.text, "gzip"));
	records_free(records);
	/* Nothing is left of one that is given up half read. */
	run(*state, "head -c 9000000 /dev/zero | tr '\\0' '\\n' | gzip > cdr.jsonl.1.gz");
	records = open_folder(*state);
	assert_int_equal(records_next(records, &line, &text), 0);
	records_free(records);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(files_are_read_in_the_order_of_time),
		CASE(a_place_is_a_file_and_a_line),
		CASE(lines_may_be_empty_and_the_last_one_torn),
		CASE(a_line_may_cross_what_is_read_at_once),
		CASE(a_line_without_end_is_passed_over),
		CASE(what_cannot_be_read_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
