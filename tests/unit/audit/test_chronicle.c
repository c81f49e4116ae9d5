/* Linked with --wrap=regular_open. */
#include "../unit.h"

#include "chronicle_fixture.h"
#include "evidence/note.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

int __real_regular_open(int dir_fd, const char *name, struct stat *ret);
int __wrap_regular_open(int dir_fd, const char *name, struct stat *ret);

static bool opens_fail;

int __wrap_regular_open(int dir_fd, const char *name, struct stat *ret)
{
	return opens_fail ? -EMFILE : __real_regular_open(dir_fd, name, ret);
}

/* Verifies the log by the key that it has in its folder. */
static void verify(struct fixture *fixture)
{
	char path[4300], line[512] = "";
	struct note_key key;
	FILE *file;

	snprintf(path, sizeof(path), "%s/log/key", fixture->folder);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
	assert_int_equal(note_key_read(&key, span_of(line)), 0);
	assert_string_equal(key.name, "med1.example.com/records");
	verify_by(fixture, &key, false);
}

static void read_kinds(struct fixture *fixture)
{
	struct err_text text = {""};
	struct records *records;
	struct span line;
	size_t len = 0;

	fixture->kinds[0] = '\0';
	assert_int_equal(records_open(&records, fixture->folder, &text), 0);
	while (records_next(records, &line, &text) == 0) {
		const char *kind = memmem(line.p, line.len, "\"kind\":\"", 8);
		int count = kind ? (int)strcspn(kind + 8, "\"") : 3;

		len += (size_t)snprintf(fixture->kinds + len,
			sizeof(fixture->kinds) - len, "%.*s ", count,
			kind ? kind + 8 : "old");
	}
	records_free(records);
}

static void expect_verified(struct fixture *fixture, const char *kinds)
{
	read_kinds(fixture);
	assert_string_equal(fixture->kinds, kinds);
	verify(fixture);
	assert_string_equal(fixture->faults, "");
}

static void run(struct fixture *fixture, const char *command)
{
	char line[5000];

	snprintf(line, sizeof(line), "cd '%s' && %s", fixture->folder, command);
	assert_int_equal(system(line), 0);
}

static void records_are_signed_each_second_and_at_the_end(void **state)
{
	struct fixture *fixture = *state;
	struct ledger_state log;

	add(fixture, 1);
	assert_true(tick(fixture));
	expect_verified(fixture, "start call ");
	add(fixture, 2);
	/* Not a second later. */
	assert_true(chronicle_tick(fixture->chronicle, fixture->now_us + 999999, false));
	verify(fixture);
	assert_string_equal(fixture->faults,
		"unsigned: 1 records behind the checkpoint are not signed\n");
	assert_true(tick(fixture));
	expect_verified(fixture, "start call call ");
	chronicle_state(fixture->chronicle, &log);
	assert_int_equal(log.size, 3);
	assert_false(log.stopped);
	assert_string_equal(log.name, "med1.example.com/records");
	add(fixture, 3);
	close_it(fixture);
	expect_verified(fixture, "start call call call stop ");
	assert_int_equal(fixture->result.checked, 5);
}

static void expect_line(struct fixture *fixture, const char *expected)
{
	struct err_text text = {""};
	struct records *records;
	struct span line;
	bool found = false;

	assert_int_equal(records_open(&records, fixture->folder, &text), 0);
	while (records_next(records, &line, &text) == 0)
		found |= memmem(line.p, line.len, expected, strlen(expected)) != NULL;
	records_free(records);
	assert_true(found);
}

static void what_became_of_captures_is_recorded(void **state)
{
	const struct entry_deleted deleted = {.id = "a-1",
		.day = "2026-01-01",
		.why = "age",
		.rule = "trunk \"x\" keep",
		.files = 2,
		.bytes = 30,
		.written_us = UINT64_C(1767225600000001)};
	struct fixture *fixture = *state;

	chronicle_deleted(fixture->chronicle, &deleted);
	chronicle_uncaptured(fixture->chronicle, 2);
	chronicle_uncaptured(fixture->chronicle, 0);
	chronicle_uncaptured(fixture->chronicle, 3);
	assert_true(tick(fixture));
	assert_true(tick(fixture));
	expect_verified(fixture, "start deleted gap ");
	expect_line(fixture, ",\"id\":\"a-1\",\"day\":\"2026-01-01\",\"why\":\"age\","
			     "\"rule\":\"trunk \\\"x\\\" keep\",\"files\":2,\"bytes\":30,"
			     "\"written\":\"2026-01-01T00:00:00.000001Z\"}");
	expect_line(fixture, "\"what\":\"calls\",\"count\":5,\"since\":\"20");
	chronicle_uncaptured(fixture->chronicle, 1);
	close_it(fixture);
	expect_verified(fixture, "start deleted gap gap stop ");
}

static void a_log_goes_on_in_order(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, 1);
	close_it(fixture);
	open_it(fixture);
	add(fixture, 1);
	close_it(fixture);
	expect_verified(fixture, "start call stop start call stop ");
}

/* In a process of its own, which ends as by SIGKILL. */
static void killed_after(struct fixture *fixture, void (*what)(struct fixture *))
{
	pid_t pid;
	int status;

	close_it(fixture);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		open_it(fixture);
		what(fixture);
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	open_it(fixture);
}

static void with_calls(struct fixture *fixture)
{
	chronicle_begin(fixture->chronicle, 1, "c-1", 1700000000000000);
	chronicle_begin(fixture->chronicle, 2, "c-2", 1700000000000000);
	chronicle_begin(fixture->chronicle, 3, "c-3", 1700000000000000);
	add(fixture, 2);
	(void)tick(fixture);
	add(fixture, 3);
	add(fixture, 4);
}

static void what_a_killed_process_left_is_recorded(void **state)
{
	struct fixture *fixture = *state;

	killed_after(fixture, with_calls);
	close_it(fixture);
	expect_verified(
		fixture, "start stop start call call call crash lost start stop ");
	run(fixture,
		"grep -q "
		"'\"kind\":\"crash\",\"time\":\"2.*Z\",\"last\":\"2026\",\"calls\":1}$' "
		"cdr.jsonl");
	run(fixture,
		"grep -q '\"kind\":\"lost\",\"time\":\"2.*Z\",\"id\":\"c-1\",\"start\":"
		"\"2023-11-14T22:13:20.000000Z\"}$' cdr.jsonl");
	open_it(fixture);
	close_it(fixture);
	read_kinds(fixture);
	assert_string_equal(fixture->kinds,
		"start stop start call call call crash lost start stop start stop ");
}

/* A disk that was held up takes what waited, and the process is killed before it learns that. */
static void with_many_calls_at_once(struct fixture *fixture)
{
	char body[1000];

	memset(body, 'x', sizeof(body));
	memcpy(body + sizeof(body) - 4, "\"}\n", 4);
	for (unsigned i = 1; i <= 3000; i++) {
		char id[16];

		snprintf(id, sizeof(id), "c-%u", i);
		chronicle_begin(fixture->chronicle, i, id, 1700000000000000);
		memset(body, ' ', 40);
		body[snprintf(body, 40, "{\"id\":\"%s\",\"more\":", id)] = ' ';
		body[40] = '"';
		chronicle_add(fixture->chronicle, i, body, sizeof(body) - 1);
	}
	run(fixture, "cp waiting was-waiting && cp standing.now was-standing");
	chronicle_write(fixture->chronicle);
	run(fixture, "cat was-waiting >waiting && cat was-standing >standing.now");
}

static void calls_that_were_written_at_once_are_not_lost(void **state)
{
	struct fixture *fixture = *state;

	killed_after(fixture, with_many_calls_at_once);
	close_it(fixture);
	run(fixture, "grep -q '\"id\":\"c-1\"' cdr.jsonl");
	run(fixture, "test $(grep -c '\"kind\":\"call\"' cdr.jsonl) = 3000");
	run(fixture, "! grep '\"kind\":\"lost\"' cdr.jsonl");
}

static void a_rotated_file_is_signed_to_its_end(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, 1);
	assert_true(tick(fixture));
	add(fixture, 2);
	run(fixture, "mv cdr.jsonl cdr.jsonl.1");
	add(fixture, 3); /* into the file of before */
	assert_true(tick(fixture));
	add(fixture, 4);
	assert_true(tick(fixture));
	expect_verified(fixture, "start call call call call ");
	/* Between two processes, the first of which was killed. */
	close_it(fixture);
	run(fixture,
		"mv cdr.jsonl.1 cdr.jsonl.2; mv cdr.jsonl cdr.jsonl.1; gzip cdr.jsonl.2");
	open_it(fixture);
	close_it(fixture);
	expect_verified(fixture, "start call call call call stop start stop ");
}

static void with_a_rotation(struct fixture *fixture)
{
	add(fixture, 1);
	add(fixture, 2);
	run(fixture, "mv cdr.jsonl cdr.jsonl.1");
}

static void a_file_that_was_rotated_before_it_was_signed_is_signed(void **state)
{
	struct fixture *fixture = *state;

	killed_after(fixture, with_a_rotation);
	close_it(fixture);
	expect_verified(fixture, "start stop start call call crash start stop ");
}

/* There are no descriptors left: that is no missing record. */
static void a_rotated_file_that_cannot_be_opened_is_tried_again(void **state)
{
	struct fixture *fixture = *state;

	killed_after(fixture, with_a_rotation);
	opens_fail = true;
	assert_false(tick(fixture));
	assert_false(tick(fixture));
	assert_false(chronicle_is_stopped(fixture->chronicle));
	opens_fail = false;
	(void)tick(fixture);
	assert_true(tick(fixture));
	close_it(fixture);
	expect_verified(fixture, "start stop start call call crash start stop ");
}

/* A log that is taken over: its lines are the first records. */
static void lines_of_older_versions_are_taken_over(void **state)
{
	struct fixture *fixture = *state;

	close_it(fixture);
	run(fixture,
		"rm -r log log.key cdr.jsonl; seq 700 | sed 's/.*/{\"id\":\"&\"}/' > "
		"cdr.jsonl; echo '{\"id\":\"before\"}' > cdr.jsonl.1");
	open_it(fixture);
	add(fixture, 1);
	close_it(fixture);
	verify(fixture);
	assert_string_equal(fixture->faults, "");
	assert_int_equal(fixture->result.checked, 703);
	assert_int_equal(fixture->result.before, 1);
	run(fixture, "grep -q '\"seq\":700,.*\"kind\":\"start\"' cdr.jsonl");
	run(fixture, "! grep -q crash cdr.jsonl");
	run(fixture, "sed -i '300s/300/301/' cdr.jsonl");
	verify(fixture);
	assert_string_equal(fixture->faults,
		"changed: record 299 (cdr.jsonl:300) is not what was signed\n");
}

/* Of an older version that ran for a while, or of somebody. */
static void lines_that_are_no_records_are_not_signed(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, 1);
	run(fixture, "echo '{\"id\":\"x\"}' >> cdr.jsonl");
	add(fixture, 2);
	assert_true(tick(fixture));
	close_it(fixture);
	run(fixture, "echo '{\"id\":\"y\"}' >> cdr.jsonl");
	open_it(fixture);
	add(fixture, 3);
	close_it(fixture);
	read_kinds(fixture);
	assert_string_equal(
		fixture->kinds, "start call old call stop old start call stop ");
	verify(fixture);
	assert_string_equal(fixture->faults,
		"added: cdr.jsonl:3 is no record of the log; it stands before record 2\n"
		"added: cdr.jsonl:6 is no record of the log; it stands before record "
		"4\n");
	/* In a file of their own. */
	run(fixture, "sed -i '/\"v\"/!d' cdr.jsonl; mv cdr.jsonl cdr.jsonl.1; echo y > "
		     "cdr.jsonl");
	open_it(fixture);
	add(fixture, 4);
	close_it(fixture);
	verify(fixture);
	assert_string_equal(fixture->faults, "added: cdr.jsonl:1 is no record of the "
					     "log; it stands before record 7\n");
}

static void what_is_more_than_one_go_is_signed_later(void **state)
{
	struct fixture *fixture = *state;
	unsigned turns = 1;

	close_it(fixture);
	run(fixture,
		"rm -r log log.key cdr.jsonl; head -c 1000 /dev/zero | tr '\\0' x > x; "
		"{ printf '{\"id\":\"'; cat x; echo '\"}'; } > line; for i in $(seq "
		"1000); "
		"do cat line; done > lines; for i in $(seq 40); do cat lines; done > "
		"cdr.jsonl");
	open_it(fixture);
	/* Without waiting for the next second. */
	while (chronicle_tick(fixture->chronicle, 1, false)) {
		struct ledger_state log;

		chronicle_state(fixture->chronicle, &log);
		if (log.size == 40001)
			break;
		turns++;
	}
	assert_int_equal(turns, 3);
	close_it(fixture);
	verify(fixture);
	assert_string_equal(fixture->faults, "");
}

static void records_that_are_not_there_are_declared(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, 1);
	close_it(fixture);
	run(fixture, "rm cdr.jsonl");
	open_it(fixture);
	close_it(fixture);
	read_kinds(fixture);
	assert_string_equal(fixture->kinds, "gap start stop ");
	run(fixture, "grep -q '\"seq\":3,.*\"what\":\"file\",\"count\":3,\"since\":null' "
		     "cdr.jsonl");
	verify(fixture);
	assert_string_equal(fixture->faults, "missing: records 0 to 2 are missing\n");
}

static void lost_captures_are_declared(void **state)
{
	struct fixture *fixture = *state;

	chronicle_lost(fixture->chronicle, 0);
	assert_true(tick(fixture));
	chronicle_lost(fixture->chronicle, 4);
	chronicle_lost(fixture->chronicle, 3);
	health_fail(&fixture->health, "capture", -ENOSPC);
	assert_true(tick(fixture));
	/* Once for all, when the disk is back. */
	read_kinds(fixture);
	assert_string_equal(fixture->kinds, "start ");
	health_recover(&fixture->health, 7);
	assert_true(tick(fixture));
	assert_true(tick(fixture));
	expect_verified(fixture, "start gap ");
	run(fixture,
		"grep -q "
		"'\"what\":\"capture\",\"count\":7,\"since\":\"2.*\"why\":\"capture: No "
		"space left on device\"}$' cdr.jsonl");
	chronicle_lost(fixture->chronicle, 1);
	close_it(fixture);
	expect_verified(fixture, "start gap gap stop ");
}

/* A few by themselves, the others as one number: a flood of calls is none of records. */
static void refused_calls_are_recorded(void **state)
{
	struct fixture *fixture = *state;
	unsigned lines = 0, counted = 0;
	char path[4300], line[512];
	FILE *file;

	for (unsigned i = 0; i < 5000; i++)
		chronicle_refused(fixture->chronicle, "trunk", "gw", "full");
	close_it(fixture);
	verify(fixture);
	assert_string_equal(fixture->faults, "");
	snprintf(path, sizeof(path), "%s/cdr.jsonl", fixture->folder);
	file = fopen(path, "re");
	while (fgets(line, sizeof(line), file)) {
		const char *count = strstr(line, "\"count\":");

		if (!strstr(line, "\"kind\":\"refused\""))
			continue;
		lines++;
		counted += (unsigned)atoi(count + 8);
		if (lines == 1)
			assert_non_null(strstr(line, "\"count\":1,\"party\":\"trunk "
						     "gw\",\"reason\":\"full\"}"));
		if (atoi(count + 8) > 1)
			assert_non_null(strstr(line, "\"party\":\"\",\"reason\":\"\"}"));
	}
	fclose(file);
	assert_int_equal(counted, 5000);
	assert_true(lines <= 5 * (CHRONICLE_REFUSED_MAX + 1));
	assert_true(lines > CHRONICLE_REFUSED_MAX);
}

static void acts_are_recorded(void **state)
{
	static const char *const args[] = {"gw\"1", "on"};
	struct fixture *fixture = *state;

	chronicle_act(fixture->chronicle, &(const struct entry_act){.who = "uid 0 pid 7",
						  .noun = "trunk",
						  .verb = "tls",
						  .args = args,
						  .arg_count = 2,
						  .code = 1});
	chronicle_act(fixture->chronicle,
		&(const struct entry_act){
			.who = "SIGHUP", .noun = "config", .verb = "reload"});
	assert_true(tick(fixture));
	expect_verified(fixture, "start act act ");
	run(fixture, "grep -qF '\"who\":\"uid 0 pid "
		     "7\",\"noun\":\"trunk\",\"verb\":\"tls\",\"args\":"
		     "[\"gw\\\"1\",\"on\"],\"code\":1}' cdr.jsonl");
	run(fixture, "grep -qF '\"args\":[],\"code\":0}' cdr.jsonl");
}

/* It recovers by itself, and is not taken for well before it is. */
static void a_log_that_cannot_be_written_fails_and_recovers(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, "mkdir log/.checkpoint.new");
	add(fixture, 1);
	assert_false(tick(fixture));
	assert_true(health_is_failing(&fixture->health));
	assert_false(tick(fixture));
	run(fixture, "rmdir log/.checkpoint.new");
	assert_true(tick(fixture));
	expect_verified(fixture, "start call ");
}

static void expect_stopped(struct fixture *fixture, const char *why)
{
	struct ledger_state log;

	open_it(fixture);
	add(fixture, 1);
	(void)tick(fixture);
	assert_true(chronicle_is_stopped(fixture->chronicle));
	chronicle_state(fixture->chronicle, &log);
	if (!log.stopped || !strstr(log.why, why))
		fail_msg("\"%s\" in: %s", why, log.why);
	close_it(fixture);
}

/* It is no reason not to serve calls: records are written, and not signed. */
static void a_log_that_cannot_go_on_says_why(void **state)
{
	struct fixture *fixture = *state;

	assert_false(chronicle_is_stopped(fixture->chronicle));
	close_it(fixture);
	run(fixture, "mv log.key kept");
	expect_stopped(fixture, "log.key is missing");
	read_kinds(fixture);
	assert_string_equal(fixture->kinds, "start stop start call stop ");
	run(fixture,
		"openssl genpkey -algorithm ed25519 -out log.key 2>/dev/null; chmod 600 "
		"log.key");
	expect_stopped(fixture, "not signed by its key");
	run(fixture, "mv kept log.key; cp log/key key; echo x > log/key");
	expect_stopped(fixture, "log/key is damaged");
	run(fixture, "mv key log/key; mv log aside; : > log");
	expect_stopped(fixture, "/log: Not a directory");
	/* The log of an older day, and records since. */
	run(fixture, "rm log; mv aside log; cp -r log old");
	open_it(fixture);
	add(fixture, 1);
	close_it(fixture);
	verify(fixture);
	assert_string_equal(fixture->faults, "");
	run(fixture, "rm -r log; mv old log; sed -i '1,5d' cdr.jsonl");
	expect_stopped(fixture, "is missing in cdr.jsonl");
	run(fixture, "grep -q '\"key\":\"\"' cdr.jsonl");
}

/* Another key, for a log that begins: of an operator. */
static void a_key_that_is_there_is_used(void **state)
{
	struct fixture *fixture = *state;
	struct stat st;
	char path[4300];

	snprintf(path, sizeof(path), "%s/log.key", fixture->folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	close_it(fixture);
	run(fixture,
		"rm -r log log.key cdr.jsonl; openssl genpkey -algorithm ed25519 -out "
		"log.key 2>/dev/null; chmod 600 log.key; cp log.key kept");
	open_it(fixture);
	close_it(fixture);
	expect_verified(fixture, "start stop ");
	run(fixture, "cmp log.key kept");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(records_are_signed_each_second_and_at_the_end),
		CASE(a_log_goes_on_in_order),
		CASE(what_a_killed_process_left_is_recorded),
		CASE(calls_that_were_written_at_once_are_not_lost),
		CASE(a_rotated_file_is_signed_to_its_end),
		CASE(a_file_that_was_rotated_before_it_was_signed_is_signed),
		CASE(a_rotated_file_that_cannot_be_opened_is_tried_again),
		CASE(lines_of_older_versions_are_taken_over),
		CASE(lines_that_are_no_records_are_not_signed),
		CASE(what_is_more_than_one_go_is_signed_later),
		CASE(records_that_are_not_there_are_declared),
		CASE(lost_captures_are_declared),
		CASE(refused_calls_are_recorded),
		CASE(acts_are_recorded),
		CASE(what_became_of_captures_is_recorded),
		CASE(a_log_that_cannot_be_written_fails_and_recovers),
		CASE(a_log_that_cannot_go_on_says_why),
		CASE(a_key_that_is_there_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
