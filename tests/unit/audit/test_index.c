/* The index of records: what is asked of it, and that it is made anew whatever happens to its file. */
#include "../unit.h"

#include "audit/cdr.h"
#include "audit/cdr_row.h"
#include "audit/index.h"
#include "audit/index_db.h"
#include "audit/index_query.h"
#include "audit/index_write.h"
#include "audit_fixture.h"
#include "base/err.h"
#include "evidence/head.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

static char *folder;
static struct index *index_;
static char listed[4096];

static int setup(void **state)
{
	(void)state;
	folder = fixture_folder();
	index_ = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	index_free(index_);
	fixture_remove(folder);
	return 0;
}

static void path_of(char path[4200], const char *name)
{
	snprintf(path, 4200, "%s/%s", folder, name);
}

static void put(const char *name, struct span text)
{
	char path[4200];
	FILE *file;

	path_of(path, name);
	file = fopen(path, "a");
	assert_non_null(file);
	assert_int_equal(fwrite(text.p, 1, text.len, file), text.len);
	fclose(file);
}

static void put_call(const char *name, uint64_t seq, const struct record *record)
{
	struct buf line, body;

	buf_init(&line, 0);
	buf_init(&body, 0);
	cdr_format(record, &body);
	head_write(&line, seq, "00112233445566778899aabbccddeeff");
	buf_add_str(&line, ",\"kind\":\"call\",");
	buf_add(&line, body.data + 1, body.len - 1);
	buf_add_char(&line, '\n');
	put(name, buf_span(&line));
	buf_free(&line);
	buf_free(&body);
}

/* Of another kind; ID: "" or its member. */
static void put_other(const char *name, uint64_t seq, const char *kind, const char *id)
{
	struct buf line;

	buf_init(&line, 0);
	head_write(&line, seq, "00112233445566778899aabbccddeeff");
	buf_printf(&line,
		",\"kind\":\"%s\",\"time\":\"2023-11-14T22:13:20.123456Z\"%s}\n", kind,
		id);
	put(name, buf_span(&line));
	buf_free(&line);
}

static void put_act(const char *name, uint64_t seq)
{
	put_other(name, seq, "act", "");
}

static void start(void)
{
	const struct index_params params = {.state_dir = folder, .pause_ms = 1};

	assert_int_equal(index_new(&index_, &params), 0);
}

static bool row_h(void *arg, const struct index_row *row)
{
	size_t len = strlen(listed);

	(void)arg;
	snprintf(
		listed + len, sizeof(listed) - len, "%s ", row->id ? row->id : row->kind);
	return true;
}

static struct index_filter any(void)
{
	return (struct index_filter){
		.signalling = -1, .media = -1, .answered = -1, .limit = 100};
}

/* The ids of what fits; "-": there is no index now. */
static const char *list(const struct index_filter *filter)
{
	struct err_text text = {""};
	struct index_query *query;

	listed[0] = '\0';
	if (index_query_new(&query, folder, NULL, &text) != 0)
		return "-";
	if (index_query_rows(query, filter, row_h, NULL, &text) != 0)
		snprintf(listed, sizeof(listed), "-");
	index_query_free(query);
	return listed;
}

static bool has(const char *expected)
{
	struct index_filter filter = any();

	filter.kind = "";
	return strcmp(list(&filter), expected) == 0;
}

static const char *list_number(const char *number)
{
	struct index_filter filter = any();
	struct pattern pattern;
	struct span bad;

	assert_int_equal(pattern_parse(&pattern, span_of(number), &bad), 0);
	filter.number = &pattern;
	return list(&filter);
}

static struct record call(const char *id)
{
	return fixture_record(1, id);
}

static void calls_are_found_by_what_they_were(void **state)
{
	struct record a = call("a"), b = call("b"), c = call("c");
	char target[] = "carrier-b";
	const struct record_attempt refused = {
		.target = target, .status = 486, .said = {.q850 = 17}};
	char x_c[] = "x_c", x_i[] = "x_i", id[] = "01ab/s/1/23", other[] = "n+4930999";
	struct record_word ids[] = {{x_c, id}, {x_i, other}};
	struct index_filter filter;

	(void)state;
	b.status = 486;
	b.cause = "busy";
	b.answer_us = 0;
	b.start_wall_us += UINT64_C(60000000);
	b.legs[1].party = "trunk carrier-b";
	b.legs[1].transport = "UDP";
	b.legs[1].media = "RTP";
	b.legs[0].mos = 350;
	c.start_wall_us += UINT64_C(120000000);
	c.legs[0].party = "server pbx2";
	c.legs[0].version = "TLS1.2";
	c.legs[0].mos = 349;
	c.from = "+4930999";
	c.diverted_by = "+4930777";
	b.legs[1].microsoft = (struct record_words){ids, 2};
	b.attempts = &refused;
	b.attempt_count = 1;
	c.released.q850 = 16;
	put_call("cdr.jsonl", 0, &a);
	put_call("cdr.jsonl", 1, &b);
	put_act("cdr.jsonl", 2);
	put_call("cdr.jsonl", 3, &c);
	start();
	WAIT_FOR(has("c act b a "));
	filter = any();
	assert_string_equal(list(&filter), "c b a ");
	filter.limit = 2;
	assert_string_equal(list(&filter), "c b ");
#define LIST(member, value, expected)                                                    \
	do {                                                                             \
		filter = any();                                                          \
		filter.member = value;                                                   \
		assert_string_equal(list(&filter), expected);                            \
	} while (0)
	LIST(kind, "act", "act ");
	LIST(kind, "call", "c b a ");
	LIST(status, 486, "b ");
	LIST(status, 4, "b ");
	LIST(status, 2, "c a ");
	LIST(cause, "busy", "b ");
	LIST(q850, 17, "b ");
	LIST(q850, 16, "c ");
	LIST(q850, 1, "");
	LIST(microsoft, id, "b ");
	LIST(microsoft, "01ab", "b ");
	LIST(microsoft, "01AB", "");
	LIST(microsoft, "1ab", "");
	LIST(microsoft, "+4930999", "");
	LIST(cause, "busy' OR '1'='1", "");
	LIST(answered, 0, "b ");
	LIST(answered, 1, "c a ");
	LIST(trunk, "carrier-b", "b ");
	LIST(trunk, "pbx1", "");
	LIST(server, "pbx2", "c ");
	LIST(signalling, CDR_SIGNALLING_TLS13, "a ");
	LIST(signalling, CDR_SIGNALLING_TLS12, "c ");
	LIST(signalling, CDR_SIGNALLING_NONE, "b ");
	LIST(media, CDR_MEDIA_RTP, "b ");
	LIST(media, CDR_MEDIA_SRTP, "c a ");
	LIST(mos_below, 350, "c ");
	LIST(mos_below, 351, "c b ");
	LIST(since_us, b.start_wall_us + b.end_us, "c b ");
	LIST(until_us, b.start_wall_us + b.end_us, "a ");
	LIST(since_us, UINT64_C(4000000000000000), "");
	filter = any();
	filter.since_us = b.start_wall_us + b.end_us;
	filter.until_us = c.start_wall_us + c.end_us;
	assert_string_equal(list(&filter), "b ");
	assert_string_equal(list_number("+4930999$"), "c ");
	assert_string_equal(list_number("+4930"), "c b a ");
	assert_string_equal(list_number("+49[34]0X23"), "b a ");
	assert_string_equal(list_number("030$"), "c b a "); /* as it came */
	assert_string_equal(list_number("+4930999Z"), "");
	assert_string_equal(list_number("+4930777"), "c "); /* forwarded it */
	assert_string_equal(list_number("X"), "c b a ");
}

struct pages {
	uint64_t last;
	unsigned count;
};

static bool page_h(void *arg, const struct index_row *row)
{
	struct pages *pages = arg;

	assert_true(pages->last == 0 || row->place < pages->last);
	pages->last = row->place;
	pages->count++;
	return true;
}

static void pages_follow_one_another(void **state)
{
	struct pages pages = {.last = 0};
	struct index_filter filter = any();
	struct err_text text = {""};
	struct index_query *query;
	struct index_state now;
	struct pattern pattern;
	struct span bad;
	char id[16];

	(void)state;
	for (unsigned i = 0; i < 25; i++) {
		struct record record = call(id);

		snprintf(id, sizeof(id), "c%u", i);
		put_call(i < 10 ? "cdr.jsonl.1" : "cdr.jsonl", i, &record);
	}
	start();
	do
		index_state(index_, &now);
	while (now.records < 25);
	assert_int_equal(pattern_parse(&pattern, span_of("+4940"), &bad), 0);
	assert_int_equal(index_query_new(&query, folder, NULL, &text), 0);
	filter.limit = 7;
	for (unsigned i = 0; i < 2; i++) {
		filter.number = i > 0 ? &pattern : NULL;
		filter.before = 0;
		pages = (struct pages){.last = 0};
		for (unsigned page = 0; page < 5; page++) {
			assert_int_equal(
				index_query_rows(query, &filter, page_h, &pages, &text),
				0);
			assert_int_equal(pages.count, page < 3 ? 7 * (page + 1) : 25);
			filter.before = pages.last;
		}
	}
	index_query_free(query);
}

/* The first bytes of the record that the index finds; "": it does not. */
static const char *find(const char *id, uint64_t seq)
{
	static char bytes[200];
	struct err_text text = {""};
	struct index_place place;
	struct index_query *query;
	int err;

	assert_int_equal(index_query_new(&query, folder, NULL, &text), 0);
	err = index_query_find(query, id, seq, &place, &text);
	index_query_free(query);
	memset(bytes, 0, sizeof(bytes));
	if (err) {
		assert_int_equal(err, -ENOENT);
		return bytes;
	}
	assert_true(pread(place.fd, bytes, sizeof(bytes) - 1, (off_t)place.begin) > 0);
	close(place.fd);
	return bytes;
}

static void a_record_is_found_in_its_file(void **state)
{
	struct record a = call("5f3c-000001"), b = call("5f3c-000002"),
		      c = call("5f3c-0000021");
	char old[4200], fresh[4200];

	(void)state;
	put_call("cdr.jsonl", 10, &a);
	put_act("cdr.jsonl", 11);
	start();
	WAIT_FOR(has("act 5f3c-000001 "));
	path_of(old, "cdr.jsonl");
	path_of(fresh, "cdr.jsonl.1");
	assert_int_equal(rename(old, fresh), 0);
	put_call("cdr.jsonl", 12, &b);
	put_call("cdr.jsonl", 13, &c);
	WAIT_FOR(has("5f3c-0000021 5f3c-000002 act 5f3c-000001 "));
	assert_non_null(strstr(find("5f3c-000001", 0), "\"seq\":10,"));
	assert_non_null(strstr(find("5f3c-000002", 0), "\"seq\":12,"));
	assert_non_null(strstr(find("5f3c-0000021", 0), "\"seq\":13,"));
	assert_non_null(strstr(find(NULL, 11), "\"seq\":11,"));
	assert_non_null(strstr(find(NULL, 10), "\"seq\":10,"));
	assert_non_null(strstr(find(NULL, 13), "\"seq\":13,"));
	assert_string_equal(find("5f3c-00000", 0), "");
	assert_string_equal(find(NULL, 9), "");
	assert_string_equal(find(NULL, 14), "");
	unlink(fresh);
	assert_string_equal(find("5f3c-000001", 0), "");
}

static void the_record_of_a_call_is_that_of_its_loss_too(void **state)
{
	(void)state;
	put_other("cdr.jsonl", 1, "lost", ",\"id\":\"5f3c-000001\"");
	put_other("cdr.jsonl", 2, "files", ",\"id\":\"5f3c-000001\"");
	put_other("cdr.jsonl", 3, "files", ",\"id\":\"5f3c-000002\"");
	start();
	WAIT_FOR(has("5f3c-000002 5f3c-000001 5f3c-000001 "));
	assert_non_null(strstr(find("5f3c-000001", 0), "\"seq\":1,"));
	assert_string_equal(find("5f3c-000002", 0), "");
}

static void words_of_peers_are_text(void **state)
{
	static const char evil[] = "x'); DROP TABLE record; --\n\"\\\x01\xff";
	struct record a = call("a");

	(void)state;
	a.from = evil;
	a.cause = "';--";
	put_call("cdr.jsonl", 0, &a);
	start();
	WAIT_FOR(has("a "));
	assert_string_equal(list_number("x"), "a ");
	assert_string_equal(list_number("x')"), "a ");
}

static void wait_rebuilt(uint64_t times, const char *expected)
{
	struct index_state state;

	do
		index_state(index_, &state);
	while (state.rebuilt < times);
	WAIT_FOR(has(expected));
}

static void write_noise(off_t from, size_t len)
{
	char path[4200], noise[512];
	int fd;

	path_of(path, INDEX_NAME);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	memset(noise, 0xa5, sizeof(noise));
	for (size_t done = 0; done < len; done += sizeof(noise))
		assert_true(pwrite(fd, noise, sizeof(noise), from + (off_t)done) > 0);
	close(fd);
}

static void a_damaged_index_is_made_anew(void **state)
{
	struct record a = call("a"), b = call("b");

	(void)state;
	put_call("cdr.jsonl", 0, &a);
	put_call("cdr.jsonl", 1, &b);
	start();
	WAIT_FOR(has("b a "));
	index_free(index_);
	write_noise(0, 4096);
	start();
	wait_rebuilt(1, "b a ");
	/* while it is used: whoever reads it says so */
	index_damaged(index_);
	wait_rebuilt(2, "b a ");
}

static void one_of_another_version_is_made_anew(void **state)
{
	struct record a = call("a");
	struct err_text text = {""};
	struct index_db db;

	(void)state;
	put_call("cdr.jsonl", 0, &a);
	assert_int_equal(index_db_open(&db, folder, &text), 0);
	assert_int_equal(index_db_exec(&db, "PRAGMA user_version = 99", &text), 0);
	index_db_close(&db);
	assert_int_equal(index_db_open(&db, folder, &text), ERR_FORMAT);
	start();
	wait_rebuilt(1, "a ");
}

static void a_removed_index_is_made_anew(void **state)
{
	struct record a = call("a"), b = call("b");
	char path[4200];

	(void)state;
	put_call("cdr.jsonl", 0, &a);
	start();
	WAIT_FOR(has("a "));
	path_of(path, INDEX_NAME);
	unlink(path);
	WAIT_FOR(has("a "));
	put_call("cdr.jsonl", 1, &b);
	WAIT_FOR(has("b a "));
}

static void other_records_than_before_are_indexed_anew(void **state)
{
	struct record a = call("a"), b = call("b");
	char path[4200];

	(void)state;
	put_call("cdr.jsonl", 0, &a);
	start();
	WAIT_FOR(has("a "));
	index_free(index_);
	path_of(path, "cdr.jsonl");
	unlink(path);
	put_call("cdr.jsonl", 0, &b);
	start();
	wait_rebuilt(1, "b ");
}

static void it_goes_on_after_a_restart_without_a_second_row(void **state)
{
	struct record a = call("a"), b = call("b");
	struct index_state now;

	(void)state;
	put_call("cdr.jsonl", 0, &a);
	start();
	WAIT_FOR(has("a "));
	index_free(index_);
	put_call("cdr.jsonl", 1, &b);
	start();
	WAIT_FOR(has("b a "));
	index_state(index_, &now);
	assert_int_equal(now.rebuilt, 0);
	assert_int_equal(now.records, 1);
}

static void what_cannot_be_written_is_told_and_mended(void **state)
{
	struct record a = call("a");
	struct index_state now;
	char path[4200];

	(void)state;
	put_call("cdr.jsonl", 0, &a);
	path_of(path, INDEX_NAME);
	assert_int_equal(mkdir(path, 0700), 0);
	start();
	do
		index_state(index_, &now);
	while (!now.failing);
	assert_non_null(strstr(now.why, INDEX_NAME));
	assert_int_equal(rmdir(path), 0);
	WAIT_FOR(has("a "));
	do
		index_state(index_, &now);
	while (now.failing);
	assert_true(now.why[0] != '\0'); /* why it last was */
}

static void a_link_is_not_followed(void **state)
{
	struct err_text text = {""};
	char path[4200], target[4200];
	struct index_db db;

	(void)state;
	path_of(path, INDEX_NAME);
	path_of(target, "elsewhere");
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(index_db_open(&db, folder, &text), -ELOOP);
	assert_int_equal(index_db_open_to_read(&db, folder, &text), -ELOOP);
	assert_int_equal(access(target, F_OK), -1);
}

static void add_call(struct index_writer *writer, const char *file, uint64_t seq,
	const char *id, uint64_t begin)
{
	struct follow_position position = {.line = "x", .end = 1};
	struct record record = call(id);
	struct err_text text = {""};
	struct cdr_row row;
	struct buf line;

	buf_init(&line, 0);
	cdr_format(&record, &line);
	assert_int_equal(cdr_row_read(&row, buf_span(&line)), 0);
	row.numbered = true;
	row.seq = seq;
	assert_int_equal(index_writer_begin(writer, &text), 0);
	assert_int_equal(index_writer_file(writer, file, &text), 0);
	assert_int_equal(index_writer_add(writer, begin, &row, &text), 0);
	assert_int_equal(index_writer_commit(writer, &position, &text), 0);
	buf_free(&line);
}

static int64_t count_of(const char *sql)
{
	struct err_text text = {""};
	int64_t count = -1;
	struct index_db db;

	assert_int_equal(index_db_open_to_read(&db, folder, &text), 0);
	assert_int_equal(index_db_number(&db, sql, &count), 0);
	index_db_close(&db);
	return count;
}

static void what_was_deleted_is_forgotten(void **state)
{
	struct index_writer *writer;
	struct err_text text = {""};
	unsigned steps = 0;
	int err;

	(void)state;
	assert_int_equal(index_writer_new(&writer, folder, &text), 0);
	add_call(writer, "first", 0, "a", 0);
	add_call(writer, "first", 1, "b", UINT64_C(1) << 30);
	add_call(writer, "second", 2, "c", 0);
	assert_int_equal(index_writer_forget(writer, 2, &text), 0);
	assert_true(has("c b a "));
	while ((err = index_writer_forget(writer, 1, &text)) == 1)
		steps++;
	assert_int_equal(err, 0);
	assert_int_equal(steps, 3); /* two segments and the file */
	assert_true(has("c "));
	assert_string_equal(list_number("+4930123"), "c ");
	/* no number is left of the others: the id of one and its six numbers */
	assert_int_equal(count_of("SELECT count(*) FROM word"), 7);
	assert_int_equal(count_of("SELECT count(*) FROM segment"), 1);
	assert_int_equal(count_of("SELECT count(*) FROM file"), 1);
	/* the one that is written stays, whatever is counted */
	assert_int_equal(index_writer_forget(writer, 0, &text), 0);
	assert_true(has("c "));
	index_writer_free(writer);
}

static void what_was_rolled_back_is_not_there(void **state)
{
	struct record record = call("a");
	struct index_writer *writer;
	struct err_text text = {""};
	struct cdr_row row;
	struct buf line;

	(void)state;
	buf_init(&line, 0);
	record.legs[1].party = "trunk new";
	cdr_format(&record, &line);
	assert_int_equal(cdr_row_read(&row, buf_span(&line)), 0);
	assert_int_equal(index_writer_new(&writer, folder, &text), 0);
	assert_int_equal(index_writer_begin(writer, &text), 0);
	assert_int_equal(index_writer_file(writer, "first", &text), 0);
	assert_int_equal(index_writer_add(writer, 0, &row, &text), 0);
	index_writer_rollback(writer);
	assert_true(has(""));
	/* nor is the party remembered that went with it */
	assert_int_equal(index_writer_begin(writer, &text), 0);
	assert_int_equal(index_writer_file(writer, "first", &text), 0);
	assert_int_equal(index_writer_add(writer, 0, &row, &text), 0);
	assert_int_equal(index_writer_commit(writer,
				 &(const struct follow_position){.end = 1}, &text),
		0);
	{
		struct index_filter filter = any();

		filter.trunk = "new";
		assert_string_equal(list(&filter), "a ");
	}
	/* twice in one place is none of ours */
	assert_int_equal(index_writer_begin(writer, &text), 0);
	assert_int_equal(index_writer_add(writer, 0, &row, &text), ERR_FORMAT);
	index_writer_rollback(writer);
	index_writer_free(writer);
	buf_free(&line);
}

static void who_goes_is_not_answered(void **state)
{
	struct index_writer *writer;
	struct err_text text = {""};
	struct index_filter filter = any();
	struct index_query *query;
	atomic_bool cancelled;
	char id[16];

	(void)state;
	atomic_init(&cancelled, true);
	assert_int_equal(index_writer_new(&writer, folder, &text), 0);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(id, sizeof(id), "c%u", i);
		add_call(writer, "first", i, id, i);
	}
	index_writer_free(writer);
	assert_int_equal(index_query_new(&query, folder, &cancelled, &text), 0);
	filter.cause = "nothing";
	assert_int_equal(
		index_query_rows(query, &filter, row_h, NULL, &text), -ECANCELED);
	index_query_free(query);
}

static void without_an_index_nothing_is_found(void **state)
{
	struct err_text text = {""};
	struct index_query *query;

	(void)state;
	assert_int_equal(index_query_new(&query, folder, NULL, &text), -ENOENT);
	put(INDEX_NAME, span_of(""));
	assert_int_equal(index_query_new(&query, folder, NULL, &text), -ENOENT);
	put(INDEX_NAME, span_of("nonsense"));
	assert_int_equal(index_query_new(&query, folder, NULL, &text), ERR_FORMAT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(calls_are_found_by_what_they_were),
		TEST(pages_follow_one_another),
		TEST(a_record_is_found_in_its_file),
		TEST(the_record_of_a_call_is_that_of_its_loss_too),
		TEST(words_of_peers_are_text),
		TEST(a_damaged_index_is_made_anew),
		TEST(one_of_another_version_is_made_anew),
		TEST(a_removed_index_is_made_anew),
		TEST(other_records_than_before_are_indexed_anew),
		TEST(it_goes_on_after_a_restart_without_a_second_row),
		TEST(what_cannot_be_written_is_told_and_mended),
		TEST(a_link_is_not_followed),
		TEST(what_was_deleted_is_forgotten),
		TEST(what_was_rolled_back_is_not_there),
		TEST(who_goes_is_not_answered),
		TEST(without_an_index_nothing_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
