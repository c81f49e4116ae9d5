/* A log that is handed over to a new key, by a process that is killed before each of its steps. Linked with
 * --wrap=fsync,--wrap=journal_add. */
#include "../unit.h"

#include "keys_fixture.h"

int __real_fsync(int fd);
int __wrap_fsync(int fd);

static bool sync_fails; /* of a folder */

int __wrap_fsync(int fd)
{
	struct stat st;

	if (!sync_fails || fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
		return __real_fsync(fd);
	errno = EIO;
	return -1;
}

bool __real_journal_add(
	struct journal *journal, const char *kind, const char *body, size_t len);
bool __wrap_journal_add(
	struct journal *journal, const char *kind, const char *body, size_t len);

static unsigned without_room; /* so many records of the hand-over find none */

bool __wrap_journal_add(
	struct journal *journal, const char *kind, const char *body, size_t len)
{
	if (without_room == 0 || strcmp(kind, "key") != 0)
		return __real_journal_add(journal, kind, body, len);
	without_room--;
	return false;
}

static void a_log_goes_on_with_a_new_key(void **state)
{
	struct fixture *fixture = *state;
	struct note_key old, new;
	struct ledger_state log;
	char expected[64];

	add(fixture, 1);
	key_of(fixture, &old);
	run(fixture, "cp log.key before && ln log.key same");
	rotate(fixture);
	chronicle_state(fixture->chronicle, &log);
	assert_int_equal(log.rotation.count, 1);
	assert_int_equal(log.rotation.record, 2);
	assert_false(log.rotation.is_wanted);
	assert_string_equal(log.rotation.why, "");
	key_of(fixture, &new);
	assert_false(note_key_equal(&old, &new));
	add(fixture, 2);
	assert_true(tick(fixture));
	verify_by(fixture, &old, false);
	assert_string_equal(fixture->faults, "");
	assert_int_equal(fixture->handed, 1);
	verify_by(fixture, &new, false);
	assert_string_equal(fixture->faults, "");
	assert_int_equal(fixture->result.checked, 4);
	/* The old one is gone, and the log's public key is the new one. */
	run(fixture, "test $(ls log.key* | wc -l) = 1 && ! cmp -s log.key before");
	run(fixture, "test -s same && ! tr -d '\\0' <same | grep -q .");
	snprintf(expected, sizeof(expected), "grep -q '+%08x+' log/key", new.id);
	run(fixture, expected);
	run(fixture, "test $(stat -c %a log.key) = 600");
	/* The next process goes on with it, and may hand it over again. */
	close_it(fixture);
	open_it(fixture);
	rotate(fixture);
	close_it(fixture);
	verify_by(fixture, &old, false);
	assert_string_equal(fixture->faults, "");
	assert_int_equal(fixture->handed, 2);
	open_it(fixture);
}

static void a_record_that_finds_no_room_is_made_again(void **state)
{
	struct fixture *fixture = *state;
	struct ledger_state log;

	add(fixture, 1);
	without_room = 2;
	rotate(fixture);
	assert_int_equal(without_room, 0);
	for (unsigned i = 0; i < 2; i++)
		assert_true(tick(fixture));
	chronicle_state(fixture->chronicle, &log);
	assert_int_equal(log.rotation.count, 1);
	assert_false(log.rotation.is_wanted);
}

static void old_keys_are_kept_where_wanted(void **state)
{
	struct fixture *fixture = *state;
	struct note_key old;
	char name[32], command[200];

	close_it(fixture);
	fixture->keep = true;
	open_it(fixture);
	key_of(fixture, &old);
	run(fixture, "cp log.key before");
	rotate(fixture);
	snprintf(name, sizeof(name), "log.key.%08x", old.id);
	snprintf(command, sizeof(command),
		"cmp before %s && test $(stat -c %%a %s) = 600 && "
		"test $(ls log.key* | wc -l) = 2",
		name, name);
	run(fixture, command);
}

/* What has the name of an old key is somebody's: another name of his file, or a FIFO that nobody reads. */
static void what_has_the_name_of_an_old_key_is_not_written_to(void **state)
{
	static const char *const planted[] = {
		"echo his >his && ln his", "ln -s his", "mkfifo"};
	struct fixture *fixture = *state;
	struct note_key old;
	char command[200];

	close_it(fixture);
	fixture->keep = true;
	open_it(fixture);
	for (unsigned i = 0; i < 3; i++) {
		key_of(fixture, &old);
		snprintf(command, sizeof(command), "%s log.key.%08x", planted[i], old.id);
		run(fixture, command);
		run(fixture, "cp log.key before");
		rotate(fixture);
		snprintf(command, sizeof(command),
			"cmp before log.key.%08x && test $(cat his) = his", old.id);
		run(fixture, command);
	}
}

/* The folder that the next key is in. */
static void a_key_that_may_not_be_on_the_disk_is_given_up(void **state)
{
	struct fixture *fixture = *state;
	struct ledger_state log;

	sync_fails = true;
	rotate(fixture);
	sync_fails = false;
	chronicle_state(fixture->chronicle, &log);
	assert_false(log.rotation.is_wanted);
	assert_non_null(strstr(log.rotation.why, "log.key.new: Input/output error"));
	rotate(fixture);
	chronicle_state(fixture->chronicle, &log);
	assert_int_equal(log.rotation.count, 1);
}

/* A reload: those that are handed over from then on are kept, or are not. */
static void whether_they_are_may_change(void **state)
{
	struct fixture *fixture = *state;

	rotate(fixture);
	run(fixture, "test $(ls log.key* | wc -l) = 1 && cp log.key before");
	chronicle_keep_keys(fixture->chronicle, true);
	rotate(fixture);
	run(fixture, "test $(ls log.key* | wc -l) = 2 && cmp before log.key.*");
	chronicle_keep_keys(fixture->chronicle, false);
	rotate(fixture);
	run(fixture, "test $(ls log.key* | wc -l) = 2 && cmp before log.key.*");
}

/* One that is under way ends as it was begun, however often it is tried. */
static void one_under_way_is_not_changed(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};

	run(fixture, "cp log.key before");
	chronicle_keep_keys(fixture->chronicle, true);
	assert_int_equal(chronicle_rotate_key(fixture->chronicle, &text), 0);
	(void)tick(fixture);
	assert_true(has(fixture, "log.key.new"));
	chronicle_keep_keys(fixture->chronicle, false);
	(void)tick(fixture);
	(void)tick(fixture);
	assert_false(has(fixture, "log.key.new"));
	run(fixture, "cmp before log.key.*");
}

static void a_second_wish_waits_for_the_first(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};
	struct ledger_state log;

	assert_int_equal(chronicle_rotate_key(fixture->chronicle, &text), 0);
	assert_int_equal(chronicle_rotate_key(fixture->chronicle, &text), ERR_STATE);
	assert_string_equal(text.text, "the log is being handed over already");
	(void)tick(fixture);
	assert_int_equal(chronicle_rotate_key(fixture->chronicle, &text), ERR_STATE);
	(void)tick(fixture);
	(void)tick(fixture);
	assert_int_equal(chronicle_rotate_key(fixture->chronicle, &text), 0);
	(void)tick(fixture);
	(void)tick(fixture);
	chronicle_state(fixture->chronicle, &log);
	assert_int_equal(log.rotation.count, 2);
}

static void a_key_that_cannot_be_made_is_given_up(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};
	struct ledger_state log;

	/* A folder in the way that is not empty. */
	run(fixture, "mkdir -p log.key.new/x");
	rotate(fixture);
	chronicle_state(fixture->chronicle, &log);
	assert_int_equal(log.rotation.count, 0);
	assert_false(log.rotation.is_wanted);
	assert_non_null(strstr(log.rotation.why, "log.key.new: "));
	assert_false(log.stopped);
	run(fixture, "rm -r log.key.new");
	rotate(fixture);
	chronicle_state(fixture->chronicle, &log);
	assert_int_equal(log.rotation.count, 1);
	assert_string_equal(log.rotation.why, "");
	/* Nor is there one for a log that is stopped. */
	close_it(fixture);
	run(fixture, "mv log.key away");
	open_it(fixture);
	assert_int_equal(chronicle_rotate_key(fixture->chronicle, &text), ERR_STATE);
	assert_non_null(strstr(text.text, "records are not signed: "));
	close_it(fixture);
	run(fixture, "mv away log.key");
	open_it(fixture);
}

static void with_a_checkpoint_that_cannot_be_written_it_comes_later(void **state)
{
	struct fixture *fixture = *state;
	struct note_key old;
	struct ledger_state log;

	key_of(fixture, &old);
	assert_true(tick(fixture));
	run(fixture, "mkdir -p log/handover/1/x log/handover/2/x");
	rotate(fixture);
	chronicle_state(fixture->chronicle, &log);
	assert_int_equal(log.rotation.count, 0);
	assert_true(log.rotation.is_wanted);
	assert_true(health_is_failing(&fixture->health));
	run(fixture, "rm -r log/handover");
	assert_true(tick(fixture));
	chronicle_state(fixture->chronicle, &log);
	assert_int_equal(log.rotation.count, 1);
	verify_by(fixture, &old, false);
	assert_string_equal(fixture->faults, "");
}

/* ---- killed before each step ---- */

static void child_works(struct fixture *fixture)
{
	(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	(void)raise(SIGSTOP);
	open_it(fixture);
	add(fixture, 1);
	rotate(fixture);
	add(fixture, 2);
	(void)tick(fixture);
	_exit(0);
}

static bool killed_once(struct fixture *fixture, unsigned number)
{
	struct note_key old, new;
	struct ledger_state log;
	bool killed, named;
	pid_t pid;

	key_of(fixture, &old);
	close_it(fixture);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child_works(fixture);
	killed = kill_before(pid, number);
	/* As it lies there. */
	verify_by(fixture, &old, true);
	assert_string_equal(fixture->faults, "");
	named = names_a_key(fixture);
	/* The next process finishes what was begun, and no more. */
	open_it(fixture);
	add(fixture, 3);
	(void)tick(fixture);
	chronicle_state(fixture->chronicle, &log);
	if (log.stopped)
		fail_msg("step %u: %s", number, log.why);
	key_of(fixture, &new);
	assert_int_equal(named, !note_key_equal(&old, &new));
	assert_false(named && has(fixture, "log.key.new"));
	verify_by(fixture, &old, false);
	assert_string_equal(fixture->faults, "");
	assert_int_equal(fixture->handed, named);
	verify_by(fixture, &new, false);
	assert_string_equal(fixture->faults, "");
	/* And may be asked again. */
	rotate(fixture);
	close_it(fixture);
	verify_by(fixture, &old, false);
	assert_string_equal(fixture->faults, "");
	assert_int_equal(fixture->handed, named + 1);
	return killed;
}

static void killed_before_any_step_it_goes_on(bool keep)
{
	unsigned number = 0;
	bool killed = true;
	void *state;

	for (; killed; number++) {
		assert_int_equal(setup(&state), 0);
		((struct fixture *)state)->keep = keep;
		killed = killed_once(state, number);
		open_it(state);
		teardown(&state);
	}
	printf("%u steps\n", number - 1);
	assert_true(number > 40);
}

static void killed_before_any_step_the_log_goes_on(void **state)
{
	(void)state;
	killed_before_any_step_it_goes_on(false);
}

static void with_old_keys_that_are_kept_too(void **state)
{
	(void)state;
	killed_before_any_step_it_goes_on(true);
}

/* As the log lies when a record has named the next key, and no checkpoint has that record. */
static void leave_it_between(struct fixture *fixture)
{
	struct err_text text = {""};

	assert_int_equal(chronicle_rotate_key(fixture->chronicle, &text), 0);
	(void)tick(fixture);
	assert_true(has(fixture, "log.key.new"));
	run(fixture, "cp -r . ../$(basename $PWD).copy");
	(void)tick(fixture);
	close_it(fixture);
	run(fixture, "rm -r * && mv ../$(basename $PWD).copy/* . && "
		     "rmdir ../$(basename $PWD).copy");
}

static void a_key_that_a_record_names_and_that_is_gone_stops_the_log(void **state)
{
	struct fixture *fixture = *state;
	struct ledger_state log;

	leave_it_between(fixture);
	run(fixture, "mv log.key.new away");
	open_it(fixture);
	(void)tick(fixture);
	chronicle_state(fixture->chronicle, &log);
	assert_true(log.stopped);
	assert_non_null(strstr(log.why, "log.key.new; put it back"));
	close_it(fixture);
	run(fixture, "mv away log.key.new");
	open_it(fixture);
	(void)tick(fixture);
	chronicle_state(fixture->chronicle, &log);
	assert_false(log.stopped);
	assert_int_equal(log.rotation.count, 1);
}

static void a_wish_waits_for_what_a_process_before_began(void **state)
{
	struct fixture *fixture = *state;
	struct note_key old;
	struct ledger_state log;

	key_of(fixture, &old);
	leave_it_between(fixture);
	open_it(fixture);
	rotate(fixture);
	(void)tick(fixture);
	chronicle_state(fixture->chronicle, &log);
	assert_false(log.stopped);
	/* the one before, and this one */
	assert_int_equal(log.rotation.count, 2);
	verify_by(fixture, &old, false);
	assert_string_equal(fixture->faults, "");
	assert_int_equal(fixture->handed, 2);
}

static void nothing_is_begun_while_audit_fails(void **state)
{
	struct fixture *fixture = *state;
	struct ledger_state log;

	health_fail(&fixture->health, "test", -EIO);
	rotate(fixture);
	assert_false(has(fixture, "log.key.new"));
	chronicle_state(fixture->chronicle, &log);
	assert_int_equal(log.rotation.count, 0);
	health_recover(&fixture->health, 0);
	(void)tick(fixture);
	(void)tick(fixture);
	chronicle_state(fixture->chronicle, &log);
	assert_int_equal(log.rotation.count, 1);
}

/* Tiles are lost with the power; records are added again, those of all hand-overs among them. */
static void handovers_that_were_signed_are_only_added_again(void **state)
{
	struct fixture *fixture = *state;
	struct note_key old;
	struct ledger_state log;

	key_of(fixture, &old);
	rotate(fixture);
	rotate(fixture);
	close_it(fixture);
	run(fixture, "rm -r log/tile");
	open_it(fixture);
	(void)tick(fixture);
	chronicle_state(fixture->chronicle, &log);
	assert_false(log.stopped);
	verify_by(fixture, &old, false);
	assert_string_equal(fixture->faults, "");
	assert_int_equal(fixture->handed, 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_log_goes_on_with_a_new_key),
		CASE(a_record_that_finds_no_room_is_made_again),
		CASE(old_keys_are_kept_where_wanted),
		CASE(what_has_the_name_of_an_old_key_is_not_written_to),
		CASE(a_key_that_may_not_be_on_the_disk_is_given_up),
		CASE(whether_they_are_may_change),
		CASE(one_under_way_is_not_changed),
		CASE(a_second_wish_waits_for_the_first),
		CASE(a_key_that_cannot_be_made_is_given_up),
		CASE(with_a_checkpoint_that_cannot_be_written_it_comes_later),
		CASE(a_key_that_a_record_names_and_that_is_gone_stops_the_log),
		CASE(a_wish_waits_for_what_a_process_before_began),
		CASE(nothing_is_begun_while_audit_fails),
		CASE(handovers_that_were_signed_are_only_added_again),
		cmocka_unit_test(killed_before_any_step_the_log_goes_on),
		cmocka_unit_test(with_old_keys_that_are_kept_too),
	};

	sync_to_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
