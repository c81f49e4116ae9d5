#include "../file_limit.h"
#include "writer_fixture.h"

#include "audit/journal.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void a_call_is_captured_without_its_keys(void **state)
{
	struct fixture *fixture = *state;
	struct record record = fixture_record(1, "5f3c-000001");
	struct writer_totals now;
	char path[4300];
	bool found;

	writer_call_begin(fixture->writer, 1, "5f3c-000001");
	snprintf(path, sizeof(path), "%s", writer_capture_path(fixture->writer, 1));
	assert_non_null(strstr(path, "/5f3c-000001/call.pcapng"));
	message(fixture, 1, invite());
	for (uint16_t i = 0; i < 50; i++)
		packet(fixture, 1, i % 2, i);
	writer_call_end(fixture->writer, &record);
	message(fixture, 1, "SIP/2.0 200 OK\r\nCall-ID: final-answer\r\n\r\n");
	WAIT_FOR(settled(fixture) && totals(fixture).open_files == 0);
	now = totals(fixture);
	assert_int_equal(now.offered, 52);
	assert_int_equal(now.lost, 0);
	assert_int_equal(now.cdrs, 1);
	stop(fixture);
	assert_int_equal(count_records(path, "final-answer", &found), 52);
	assert_true(found);
	count_records(path, KEY, &found);
	assert_false(found);
	count_records(
		path, "inline:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx|2^31", &found);
	assert_true(found);
}

/* tshark finds SIP behind odd ports, and RTP by the SDP before it. */
static void tshark_decodes_sip_and_rtp(void **state)
{
	struct fixture *fixture = *state;
	char command[9000], line[64] = "";
	unsigned sip = 0, rtp = 0;
	FILE *output;

	if (system("command -v tshark >/dev/null 2>&1") != 0) {
		print_message("no tshark here: not judged by it\n");
		return;
	}
	writer_call_begin(fixture->writer, 1, "a");
	message(fixture, 1, invite());
	WAIT_FOR(settled(fixture));
	for (uint16_t i = 0; i < 10; i++)
		packet(fixture, 1, 0, i);
	WAIT_FOR(settled(fixture));
	snprintf(command, sizeof(command),
		"tshark -r '%s' -T fields -e sip.Method -e rtp.p_type 2>/dev/null",
		writer_capture_path(fixture->writer, 1));
	output = popen(command, "r");
	assert_non_null(output);
	while (fgets(line, sizeof(line), output)) {
		sip += strcmp(line, "INVITE\t\n") == 0;
		rtp += strcmp(line, "\t8\n") == 0;
	}
	pclose(output);
	assert_int_equal(sip, 1);
	assert_int_equal(rtp, 10);
}

/* A second target of the same leg is another party; what comes late from the first one is still its. */
static void each_packet_says_whose_it_is(void **state)
{
	struct fixture *fixture = *state;
	struct tap_message sent = {.call = 1,
		.party = 8,
		.mono_us = clock_real()->mono_us(clock_real()),
		.transport = TAP_UDP,
		.sent = true,
		.source = fixture_addr("127.0.0.1:5060"),
		.destination = fixture_addr("127.0.0.1:5070"),
		.version = "",
		.cipher = "",
		.peer_names = "",
		.data = "x",
		.len = 1};

	if (system("command -v tshark >/dev/null 2>&1") != 0)
		skip();
	writer_call_begin(fixture->writer, 1, "a");
	party(fixture, 7, 0, "a", "server pbx1");
	message(fixture, 1, invite());
	party(fixture, 8, 1, "b", "trunk x");
	fixture->tap->message_h(fixture->tap->arg, &sent);
	party(fixture, 9, 1, "b", "trunk y");
	party(fixture, 7, 0, "a", "server pbx1");
	sent.party = 9;
	fixture->tap->message_h(fixture->tap->arg, &sent);
	sent.party = 8;
	fixture->tap->message_h(fixture->tap->arg, &sent);
	sent.party = 0;
	fixture->tap->message_h(fixture->tap->arg, &sent);
	WAIT_FOR(settled(fixture));
	packet(fixture, 1, 0, 1);
	WAIT_FOR(settled(fixture));
	tshark_says(fixture,
		"-e frame.interface_name -e frame.interface_description "
		"-e frame.packet_flags_direction -e frame.comment",
		"a\tserver pbx1\t0x00000001\tleg a, server pbx1, TLS1.3 AES-256-GCM "
		"DNS:pbx1.example.com\n"
		"b\ttrunk x\t0x00000002\tleg b, trunk x, UDP\n"
		"b\ttrunk y\t0x00000002\tleg b, trunk y, UDP\n"
		"b\ttrunk x\t0x00000002\tleg b, trunk x, UDP\n"
		"?\t\t0x00000002\tUDP\n"
		"a\tserver pbx1\t0x00000001\t\n");
}

static void the_classic_format_is_written_where_asked_for(void **state)
{
	struct fixture *fixture = *state;
	struct style *style = style_new(CONFIG_CAPTURE_PCAP, NULL, "sbc.example.com");
	char path[4300];
	bool found;

	writer_call_begin(fixture->writer, 1, "a");
	/* of calls that begin from now on */
	writer_set_style(fixture->writer, style);
	style_unref(style);
	writer_call_begin(fixture->writer, 2, "b");
	message(fixture, 1, "one");
	message(fixture, 2, "two");
	WAIT_FOR(settled(fixture));
	snprintf(path, sizeof(path), "%s", writer_capture_path(fixture->writer, 2));
	assert_string_equal(path + strlen(path) - 12, "/b/call.pcap");
	assert_int_equal(count_records(path, "two", &found), 1);
	assert_true(found);
	snprintf(path, sizeof(path), "%s", writer_capture_path(fixture->writer, 1));
	assert_non_null(strstr(path, "/a/call.pcapng"));
	assert_int_equal(count_records(path, "one", &found), 1);
}

static void what_belongs_to_no_captured_call_is_ignored(void **state)
{
	struct fixture *fixture = *state;
	struct record record = fixture_record(3, "c");

	message(fixture, 0, "OPTIONS");
	message(fixture, 3, "INVITE");
	writer_cdr(fixture->writer, &record);
	assert_int_equal(totals(fixture).offered, 0);
	WAIT_FOR(totals(fixture).cdrs == 1);
	assert_string_equal(writer_capture_path(fixture->writer, 3), "");
}

/* The call goes on to a gateway that is not captured, and to one that is. */
static void a_capture_pauses_and_goes_on_in_its_file(void **state)
{
	struct fixture *fixture = *state;
	struct record record = fixture_record(1, "a");
	char path[4300];
	bool found;

	writer_call_pause(fixture->writer, 1);
	message(fixture, 1, "never");
	assert_string_equal(writer_capture_path(fixture->writer, 1), "");
	writer_call_begin(fixture->writer, 1, "a");
	message(fixture, 1, "one");
	writer_call_pause(fixture->writer, 1);
	message(fixture, 1, "hidden");
	snprintf(path, sizeof(path), "%s", writer_capture_path(fixture->writer, 1));
	writer_call_begin(fixture->writer, 1, "a");
	assert_string_equal(writer_capture_path(fixture->writer, 1), path);
	message(fixture, 1, "two");
	writer_call_pause(fixture->writer, 1);
	writer_call_end(fixture->writer, &record);
	message(fixture, 1, "hidden");
	WAIT_FOR(settled(fixture));
	assert_int_equal(totals(fixture).offered, 2);
	assert_int_equal(totals(fixture).lost, 0);
	stop(fixture);
	assert_int_equal(count_records(path, "two", &found), 2);
	assert_true(found);
	count_records(path, "hidden", &found);
	assert_false(found);
}

static void ids_unfit_for_a_path_are_refused(void **state)
{
	struct fixture *fixture = *state;
	static const char *const ids[] = {"", "..", "a/b", "../x", "a b", "a.b",
		"0123456789012345678901234567890123456789012345678901234567890123"};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		writer_call_begin(fixture->writer, i + 1, ids[i]);
		assert_string_equal(writer_capture_path(fixture->writer, i + 1), "");
	}
}

static void a_planted_link_is_not_followed(void **state)
{
	struct fixture *fixture = *state;
	char path[4300], target[4300], *slash;
	struct stat st;

	writer_call_begin(fixture->writer, 1, "a");
	snprintf(path, sizeof(path), "%s", writer_capture_path(fixture->writer, 1));
	snprintf(target, sizeof(target), "%s/target", fixture->folder);
	assert_int_equal(mkdir(target, 0700), 0);
	slash = strrchr(path, '/'); /* .../DATE/ID */
	*slash = '\0';
	*strrchr(path, '/') = '\0';
	assert_int_equal(mkdir(path, 0700), 0);
	path[strlen(path)] = '/';
	assert_int_equal(symlink(target, path), 0);
	message(fixture, 1, "INVITE");
	WAIT_FOR(settled(fixture));
	assert_int_equal(totals(fixture).lost, 1);
	assert_false(totals(fixture).failing);
	*slash = '/';
	snprintf(target, sizeof(target), "%s/target/call.pcapng", fixture->folder);
	assert_int_equal(stat(target, &st), -1);
}

static void more_calls_than_open_files_lose_nothing(void **state)
{
	enum { FILES = 500 }; /* of which a fifth is the audit's */
	struct fixture *fixture = *state;
	struct rlimit few, usual;
	char id[32], path[4300];
	bool found;

	stop(fixture);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	few = usual;
	few.rlim_cur = FILES;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	start(fixture, 2, 0);
	for (unsigned round = 0; round < 3; round++)
		for (uint64_t call = 1; call <= 600; call++) {
			snprintf(id, sizeof(id), "many-%u", (unsigned)call);
			writer_call_begin(fixture->writer, call, id);
			message(fixture, call, "INVITE");
		}
	WAIT_FOR(settled(fixture));
	assert_int_equal(totals(fixture).lost, 0);
	assert_in_range(totals(fixture).open_files, 1, FILES / 5);
	snprintf(path, sizeof(path), "%s", writer_capture_path(fixture->writer, 7));
	stop(fixture);
	setrlimit(RLIMIT_NOFILE, &usual);
	assert_int_equal(count_records(path, "INVITE", &found), 3);
}

static void a_file_that_rests_is_closed_and_continued(void **state)
{
	struct fixture *fixture = *state;
	char path[4300];
	bool found;

	writer_call_begin(fixture->writer, 1, "resting");
	message(fixture, 1, "INVITE");
	packet(fixture, 1, 0, 1);
	WAIT_FOR(settled(fixture));
	assert_int_equal(totals(fixture).open_files, 1);
	WAIT_FOR(totals(fixture).open_files == 0);
	packet(fixture, 1, 0, 2);
	message(fixture, 1, "BYE");
	WAIT_FOR(settled(fixture));
	assert_int_equal(totals(fixture).lost, 0);
	snprintf(path, sizeof(path), "%s", writer_capture_path(fixture->writer, 1));
	stop(fixture);
	assert_int_equal(count_records(path, "BYE", &found), 4);
	assert_true(found);
}

static void an_overrun_queue_is_counted(void **state)
{
	struct fixture *fixture = *state;
	char path[4300], large[16000];
	bool found;

	stop(fixture);
	start(fixture, 0, 32768);
	memset(large, 'a', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	writer_call_begin(fixture->writer, 1, "a");
	for (unsigned i = 0; i < 1000; i++)
		message(fixture, 1, large);
	WAIT_FOR(settled(fixture));
	assert_int_equal(totals(fixture).offered, 1000);
	assert_true(totals(fixture).lost > 0);
	snprintf(path, sizeof(path), "%s", writer_capture_path(fixture->writer, 1));
	assert_int_equal(count_records(path, "aaaa", &found), totals(fixture).stored);
}

/* A message that takes more than half of the queue never fits. */
static void it_is_not_ready_from_an_overrun_until_it_has_caught_up(void **state)
{
	struct fixture *fixture = *state;
	struct writer_totals now;
	char large[20000];

	stop(fixture);
	start(fixture, 1, 32768);
	memset(large, 'a', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	writer_call_begin(fixture->writer, 1, "a");
	message(fixture, 1, "fits");
	assert_true(writer_ready(fixture->writer));
	message(fixture, 1, large);
	assert_false(writer_ready(fixture->writer));
	now = totals(fixture);
	assert_true(now.behind);
	assert_false(now.failing);
	assert_int_equal(now.lost, 1);
	WAIT_FOR(writer_ready(fixture->writer));
	now = totals(fixture);
	assert_false(now.behind);
	assert_int_equal(now.overflows, 1);
	assert_int_equal(now.stored, 1);
}

/* Packets that come faster than they are written, by another queue than messages. */
static void a_workers_queue_that_overruns_counts_too(void **state)
{
	struct fixture *fixture = *state;
	uint16_t sequence = 0;

	stop(fixture);
	start(fixture, 1, 4096);
	writer_call_begin(fixture->writer, 1, "a");
	while (writer_ready(fixture->writer))
		packet(fixture, 1, 0, sequence++);
	assert_true(totals(fixture).lost > 0);
	WAIT_FOR(writer_ready(fixture->writer));
	WAIT_FOR(settled(fixture));
	assert_int_equal(totals(fixture).overflows, 1);
}

static void a_full_disk_fails_and_recovers_by_itself(void **state)
{
	struct fixture *fixture = *state;
	struct record record = fixture_record(1, "a");
	char path[4300], text[3001];
	bool found;

	memset(text, 'f', 3000);
	text[3000] = '\0';
	writer_call_begin(fixture->writer, 1, "a");
	message(fixture, 1, text);
	WAIT_FOR(settled(fixture));
	limit_files(4000);
	message(fixture, 1, text);
	WAIT_FOR(settled(fixture));
	assert_false(writer_ready(fixture->writer));
	assert_non_null(strstr(totals(fixture).why, "File too large"));
	for (unsigned i = 0; i < 5; i++)
		writer_cdr(fixture->writer, &record);
	limit_files(RLIM_INFINITY);
	WAIT_FOR(writer_ready(fixture->writer));
	message(fixture, 1, text);
	WAIT_FOR(settled(fixture));
	assert_int_equal(totals(fixture).lost, 1);
	assert_int_equal(totals(fixture).cdrs, 5);
	assert_int_equal(totals(fixture).cdrs_lost, 0);
	snprintf(path, sizeof(path), "%s", writer_capture_path(fixture->writer, 1));
	assert_int_equal(count_records(path, "ffff", &found), 2);
}

static void a_removed_folder_comes_back(void **state)
{
	struct fixture *fixture = *state;
	char command[5000];
	struct stat st;

	writer_call_begin(fixture->writer, 1, "a");
	message(fixture, 1, "one");
	WAIT_FOR(settled(fixture));
	snprintf(command, sizeof(command), "rm -rf '%s/audit'", fixture->folder);
	assert_int_equal(system(command), 0);
	message(fixture, 1, "two");
	WAIT_FOR(settled(fixture));
	assert_int_equal(totals(fixture).lost, 1);
	WAIT_FOR(writer_ready(fixture->writer));
	message(fixture, 1, "three");
	WAIT_FOR(settled(fixture));
	assert_int_equal(totals(fixture).lost, 1);
	assert_int_equal(stat(writer_capture_path(fixture->writer, 1), &st), 0);
}

/* As after a SIGKILL: a capture that the marks say is open, with half a record at its end. */
/* Whether a line of the log has both. */
static bool has_record(const struct fixture *fixture, const char *one, const char *other)
{
	char path[4300], line[4096];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/cdr.jsonl", fixture->folder);
	file = fopen(path, "r");
	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, one) && strstr(line, other);
	if (file)
		fclose(file);
	return found;
}

static void a_start_repairs_what_was_open(void **state)
{
	struct fixture *fixture = *state;
	char path[4300], marks[4300], date[11];
	struct stat st;
	FILE *file;
	bool found;

	stop(fixture);
	fixture->format = CONFIG_CAPTURE_PCAP;
	start(fixture, 0, 0);
	writer_call_begin(fixture->writer, 1, "a");
	message(fixture, 1, "one");
	message(fixture, 1, "two");
	WAIT_FOR(settled(fixture));
	snprintf(path, sizeof(path), "%s", writer_capture_path(fixture->writer, 1));
	snprintf(date, sizeof(date), "%s",
		path + strlen(path) - strlen("YYYY-MM-DD/a/call.pcap"));
	snprintf(marks, sizeof(marks), "%s/audit/open.log", fixture->folder);
	assert_int_equal(stat(marks, &st), 0);
	assert_int_equal(st.st_size, strlen("+YYYY-MM-DD.a\n"));
	stop(fixture);
	assert_int_equal(stat(marks, &st), 0);
	assert_int_equal(st.st_size, 0);
	file = fopen(marks, "w");
	fprintf(file, "+%s.b\n+%s.a\n-%s.b\n+../x.c\nrubbish\n+%s", date, date, date,
		date);
	fclose(file);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 1), 0);
	start(fixture, 0, 0);
	assert_int_equal(count_records(path, "one", &found), 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 24 + 16 + 28 + 3);
	/* it is marked until what was found is sealed */
	WAIT_FOR(has_record(fixture, "\"id\":\"a\",\"day\":",
		"{\"name\":\"call.pcap\",\"state\":\"repaired\",\"bytes\":71,"));
	stop(fixture);
	assert_int_equal(stat(marks, &st), 0);
	assert_int_equal(st.st_size, 0);
	start(fixture, 0, 0);
}

static void a_folder_that_cannot_be_used_is_said(void **state)
{
	struct style *style = style_new(CONFIG_CAPTURE_PCAPNG, NULL, "");
	const struct writer_params params = {
		.state_dir = "/nonexistent/tandem", .style = style};
	struct writer *writer = NULL;
	struct err_text text = {""};

	(void)state;
	assert_true(writer_new(&writer, &params, &text) < 0);
	style_unref(style);
	assert_null(writer);
	assert_non_null(strstr(text.text, "/nonexistent/tandem"));
}

static void marks_that_cannot_be_kept_are_said(void **state)
{
	struct fixture *fixture = *state;
	struct style *style = style_new(CONFIG_CAPTURE_PCAPNG, NULL, "");
	const struct writer_params params = {
		.state_dir = fixture->folder, .style = style};
	struct writer *writer = NULL;
	struct err_text text = {""};
	char marks[4300];

	stop(fixture);
	snprintf(marks, sizeof(marks), "%s/audit/open.log", fixture->folder);
	(void)unlink(marks);
	assert_int_equal(mkdir(marks, 0700), 0);
	assert_true(writer_new(&writer, &params, &text) < 0);
	assert_null(writer);
	assert_non_null(strstr(text.text, "/audit/open.log: "));
	style_unref(style);
	assert_int_equal(rmdir(marks), 0);
	start(fixture, 0, 0);
}

static void *tap_packets(void *arg)
{
	struct fixture *fixture = arg;

	for (unsigned i = 0; i < 20000; i++)
		packet(fixture, i % 3 + 1, 1, (uint16_t)i);
	return NULL;
}

/* For the thread sanitizer, and for L2: all that was offered is stored or counted. */
static void threads_offer_at_once(void **state)
{
	static const char *const ids[] = {"a", "b", "c"};
	struct fixture *fixture = *state;
	pthread_t thread;

	for (uint64_t call = 1; call <= 3; call++)
		writer_call_begin(fixture->writer, call, ids[call - 1]);
	assert_int_equal(pthread_create(&thread, NULL, tap_packets, fixture), 0);
	for (unsigned i = 0; i < 2000; i++) {
		message(fixture, i % 3 + 1, "INVITE");
		packet(fixture, i % 3 + 1, 0, (uint16_t)i);
		(void)totals(fixture);
	}
	pthread_join(thread, NULL);
	WAIT_FOR(settled(fixture));
	assert_int_equal(totals(fixture).offered, 24000);
}

/* For the watchdog: also without anything to write. */
static void the_thread_turns_by_itself(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < 3; i++)
		WAIT_FOR(writer_turns(fixture->writer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_thread_turns_by_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_call_is_captured_without_its_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(
			tshark_decodes_sip_and_rtp, setup, teardown),
		cmocka_unit_test_setup_teardown(
			each_packet_says_whose_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_classic_format_is_written_where_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_belongs_to_no_captured_call_is_ignored, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_capture_pauses_and_goes_on_in_its_file, setup, teardown),
		cmocka_unit_test_setup_teardown(
			ids_unfit_for_a_path_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_planted_link_is_not_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			more_calls_than_open_files_lose_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_file_that_rests_is_closed_and_continued, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_overrun_queue_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(
			it_is_not_ready_from_an_overrun_until_it_has_caught_up, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_workers_queue_that_overruns_counts_too, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_full_disk_fails_and_recovers_by_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_removed_folder_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_start_repairs_what_was_open, setup, teardown),
		cmocka_unit_test_setup_teardown(
			marks_that_cannot_be_kept_are_said, setup, teardown),
		cmocka_unit_test(a_folder_that_cannot_be_used_is_said),
		cmocka_unit_test_setup_teardown(threads_offer_at_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
