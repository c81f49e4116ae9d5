/* `call show`: of calls that stand and that ended, with whatever lies in the folder of captures. */
#include "../unit.h"

#include "../audit/audit_fixture.h"
#include "../audit/capture_fixture.h"

#include "verbs_test.h"

#include "admin/ladder.h"
#include "audit/folder.h"
#include "audit/index.h"
#include "bridge/bridge.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *state_dir(void)
{
	return context.config_h(NULL)->tandem.state_dir;
}

/* Its record is written. */
static void end_call(uint64_t call, const char *id)
{
	const struct record record = fixture_record(call, id);

	write_record(&record);
}

/* The folder of the capture of ID. A descriptor. */
static int open_capture(const char *id)
{
	const int root = folder_root(state_dir());
	const int fd = folder_call(root, "2023-11-14", id);

	assert_true(fd >= 0);
	close(root);
	return fd;
}

static void add_text(struct capture *capture, bool sent, const char *said)
{
	static uint8_t packet[DATAGRAM_MAX];
	const struct addr us = fixture_addr("192.0.2.9:5060");
	const struct addr peer = fixture_addr("192.0.2.1:5061");
	struct capture_packet one = {.wall_us = UINT64_C(1700000000000007),
		.sent = sent,
		.comment = "leg a, server pbx1, TLS1.3 X",
		.data = packet};

	one.len = datagram_build(packet, sent ? &us : &peer, sent ? &peer : &us, said,
		strlen(said), &one.whole);
	assert_true(capture_add(capture, &one));
}

static void capture_call(const char *id, enum config_capture_format format)
{
	const int fd = open_capture(id);
	struct capture *capture;
	uint64_t stored, lost;

	assert_int_equal(fixture_capture_new(&capture, fd, format, NULL), 0);
	capture_interface(capture, "a", "server pbx1");
	add_text(capture, false, "INVITE sip:x SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n");
	add_text(capture, true, "SIP/2.0 100 Trying\r\nCSeq: 1 INVITE\r\n\r\n");
	assert_int_equal(capture_flush(capture, &stored, &lost), 0);
	capture_close(capture);
	close(fd);
}

/* Waits for the answer of `call show ID OPTION`. */
static enum api_code show(const char *id, const char *option)
{
	const enum api_code code = await(ask("call", "show", id, option));

	assert_int_equal(context.jobs[VERBS_JOB_SHOW], 0);
	return code;
}

static const json_t *ladder(void)
{
	const json_t *object = json_object_get(result, "ladder");

	assert_non_null(object);
	return object;
}

static const json_t *messages(void)
{
	return json_object_get(ladder(), "messages");
}

static bool note_has(const char *part)
{
	return strstr(word(ladder(), "note"), part) != NULL;
}

static void one_that_stands_and_is_not_captured_says_how_to_see_more(void **state)
{
	(void)state;
	assert_int_equal(show("5f3c-000001", NULL), API_OK);
	assert_string_equal(word(result, "state"), "talking");
	assert_string_equal(word(result, "capture"), "");
	assert_true(json_is_null(json_object_get(result, "end")));
	assert_string_equal(word(ladder(), "source"), "record");
	assert_true(note_has("capture start --call 5f3c-000001"));
	assert_string_equal(word(json_array_get(messages(), 0), "method"), "INVITE");
}

static void one_that_stands_is_read_from_its_capture(void **state)
{
	(void)state;
	capture_call("5f3c-000001", CONFIG_CAPTURE_PCAPNG);
	assert_int_equal(show("5f3c-000001", NULL), API_OK);
	assert_string_equal(word(ladder(), "source"), "capture");
	assert_string_equal(word(ladder(), "note"), "");
	assert_int_equal(json_array_size(messages()), 2);
	assert_null(json_object_get(json_array_get(messages(), 0), "text"));
	assert_string_equal(word(json_array_get(messages(), 0), "how"), "TLS1.3 X");
	assert_int_equal(show("5f3c-000001", "--messages"), API_OK);
	assert_string_equal(word(json_array_get(messages(), 0), "text"),
		"INVITE sip:x SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n");
	/* without a ladder it takes no time */
	assert_int_equal(ask("call", "show", "5f3c-000001", "--brief"), API_OK);
	assert_null(json_object_get(result, "ladder"));
}

static void one_that_ended_is_found_by_id_and_number(void **state)
{
	char path[256];

	(void)state;
	end_call(2, "5f3c-000002");
	capture_call("5f3c-000002", CONFIG_CAPTURE_PCAPNG);
	assert_int_equal(show("5f3c-000002", NULL), API_OK);
	assert_string_equal(word(result, "state"), "ended");
	assert_string_equal(word(result, "cause"), "bye");
	snprintf(path, sizeof(path), "%s/audit/2023-11-14/5f3c-000002/call.pcapng",
		state_dir());
	assert_string_equal(word(result, "capture"), path);
	assert_string_equal(word(ladder(), "source"), "capture");
	assert_int_equal(number(json_array_get(messages(), 1), "status"), 100);
	assert_int_equal(show("2", "--brief"), API_OK);
	assert_string_equal(word(result, "id"), "5f3c-000002");
	assert_string_equal(word(result, "capture"), path);
	assert_null(json_object_get(result, "ladder"));
	assert_int_equal(show("3", NULL), API_NOT_FOUND);
	assert_int_equal(show("5f3c-000003", NULL), API_NOT_FOUND);
	assert_int_equal(show("../../etc", NULL), API_NOT_FOUND);
}

/* Its process was killed. */
static void lose_call(const char *kind, const char *id)
{
	char path[256];
	FILE *records;

	snprintf(path, sizeof(path), "%s/cdr.jsonl", state_dir());
	records = fopen(path, "a");
	assert_non_null(records);
	fprintf(records,
		"{\"v\":1,\"seq\":7,\"salt\":\"00112233445566778899aabbccddeeff\","
		"\"kind\":\"%s\",\"time\":\"2023-11-14T22:15:00.000000Z\",\"id\":\"%s\","
		"\"start\":\"2023-11-14T22:13:20.000000Z\"}\n",
		kind, id);
	fclose(records);
}

static void one_that_was_lost_is_shown_as_far_as_it_is_known(void **state)
{
	(void)state;
	lose_call("files", "5f3c-000002");
	assert_int_equal(show("5f3c-000002", NULL), API_NOT_FOUND);
	lose_call("lost", "5f3c-000002");
	lose_call("lost", "5f3c-000003");
	assert_int_equal(show("5f3c-000002", NULL), API_OK);
	assert_string_equal(word(result, "id"), "5f3c-000002");
	assert_string_equal(word(result, "kind"), "lost");
	assert_string_equal(word(result, "state"), "ended");
	assert_string_equal(word(result, "capture"), "");
	assert_true(note_has("was not captured"));
	assert_int_equal(json_array_size(messages()), 0);
	capture_call("5f3c-000002", CONFIG_CAPTURE_PCAPNG);
	assert_int_equal(show("5f3c-000002", NULL), API_OK);
	assert_string_equal(word(ladder(), "source"), "capture");
	assert_int_equal(json_array_size(messages()), 2);
}

/* As logrotate(8) does it, further than what is gone through without an index. */
static void rotate_records(void)
{
	char from[256], to[256];

	snprintf(from, sizeof(from), "%s/cdr.jsonl", state_dir());
	snprintf(to, sizeof(to), "%s/cdr.jsonl.3", state_dir());
	assert_int_equal(rename(from, to), 0);
}

static void one_of_an_old_file_is_found_by_the_index(void **state)
{
	const struct index_params params = {.state_dir = state_dir(), .pause_ms = 1};
	struct index *index;
	struct index_state seen;

	(void)state;
	end_call(2, "5f3c-000002");
	assert_int_equal(index_new(&index, &params), 0);
	do {
		loop_turn(loop, 1);
		index_state(index, &seen);
	} while (seen.records < 1);
	rotate_records();
	assert_int_equal(show("5f3c-000002", NULL), API_NOT_FOUND);
	context.index = index;
	assert_int_equal(show("5f3c-000002", NULL), API_OK);
	assert_string_equal(word(result, "cause"), "bye");
	assert_int_equal(show("5f3c-000003", NULL), API_NOT_FOUND);
	context.index = NULL;
	index_free(index);
}

static void a_classic_capture_is_read_by_addresses(void **state)
{
	(void)state;
	end_call(2, "5f3c-000002");
	capture_call("5f3c-000002", CONFIG_CAPTURE_PCAP);
	assert_int_equal(show("5f3c-000002", NULL), API_OK);
	assert_string_equal(word(ladder(), "source"), "capture");
	assert_int_equal(number(json_array_get(messages(), 0), "party"), 0);
	assert_false(
		json_is_true(json_object_get(json_array_get(messages(), 0), "sent")));
	assert_true(json_is_true(json_object_get(json_array_get(messages(), 1), "sent")));
}

static void one_that_cannot_be_read_is_told_from_its_record(void **state)
{
	static const struct {
		const char *name;
		const char *target; /* of a link */
		const char *note;
	} cases[] = {
		{"call.pcapng.age", NULL, "encrypted, for others"},
		{"call.pcapng.age.part", NULL, "encrypted, for others"},
		{"call.pcapng", "/etc/passwd", "no plain file"},
		{"call.pcap", ".", "no plain file"},
		{"call.pcapng", NULL, "damaged, or none of ours"},
		{NULL, NULL, "was not captured"},
	};
	int fd;

	(void)state;
	end_call(2, "5f3c-000002");
	fd = open_capture("5f3c-000002");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].target)
			assert_int_equal(
				symlinkat(cases[i].target, fd, cases[i].name), 0);
		else if (cases[i].name)
			close(openat(fd, cases[i].name, O_CREAT | O_WRONLY, 0600));
		assert_int_equal(show("5f3c-000002", NULL), API_OK);
		assert_string_equal(word(ladder(), "source"), "record");
		if (!note_has(cases[i].note))
			fail_msg("%s: %s", cases[i].note, word(ladder(), "note"));
		assert_true(json_array_size(messages()) > 0);
		if (cases[i].name)
			unlinkat(fd, cases[i].name, 0);
	}
	close(fd);
}

static void what_is_damaged_is_shown_as_far_as_it_is_whole(void **state)
{
	int fd;

	(void)state;
	end_call(2, "5f3c-000002");
	capture_call("5f3c-000002", CONFIG_CAPTURE_PCAPNG);
	fd = open_capture("5f3c-000002");
	close(fd);
	fd = openat(open_capture("5f3c-000002"), "call.pcapng", O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "damage", 6), 6);
	close(fd);
	assert_int_equal(show("5f3c-000002", NULL), API_OK);
	assert_int_equal(json_array_size(messages()), 2);
	assert_true(note_has("damaged behind this"));
}

static void one_that_is_long_is_shown_from_its_beginning(void **state)
{
	/* blocks that say nothing */
	static const uint32_t block[] = {5, 16, 0, 16};
	FILE *file;
	int fd, dir;

	(void)state;
	end_call(2, "5f3c-000002");
	capture_call("5f3c-000002", CONFIG_CAPTURE_PCAPNG);
	dir = open_capture("5f3c-000002");
	fd = openat(dir, "call.pcapng", O_WRONLY | O_APPEND);
	close(dir);
	file = fdopen(fd, "a");
	assert_non_null(file);
	for (unsigned i = 0; i < 1000 * 256; i++)
		assert_int_equal(fwrite(block, sizeof(block), 1, file), 1);
	fclose(file);
	assert_int_equal(show("5f3c-000002", NULL), API_OK);
	assert_int_equal(json_array_size(messages()), 2);
	assert_true(note_has("is longer"));
}

static void so_many_are_read_at_once(void **state)
{
	struct api_call *calls[VERBS_SHOWS_MAX];

	(void)state;
	for (unsigned i = 0; i < VERBS_SHOWS_MAX; i++) {
		assert_int_equal(ask("call", "show", "5f3c-000002", NULL), API_PENDING);
		calls[i] = asked;
	}
	assert_int_equal(ask("call", "show", "5f3c-000002", NULL), API_FAILED);
	assert_int_equal(ask("call", "show", "5f3c-000001", NULL), API_FAILED);
	/* but one that stands, without its ladder */
	assert_int_equal(ask("call", "show", "5f3c-000001", "--brief"), API_OK);
	/* who goes away gives up */
	for (unsigned i = 0; i < VERBS_SHOWS_MAX; i++)
		api_abandon(calls[i]);
	assert_int_equal(context.jobs[VERBS_JOB_SHOW], 0);
	loop_turn(loop, 0);
}

static void options_are_judged(void **state)
{
	(void)state;
	assert_int_equal(ask("call", "show", "5f3c-000001", "--nonsense"), API_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			one_that_stands_and_is_not_captured_says_how_to_see_more, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			one_that_stands_is_read_from_its_capture, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_that_ended_is_found_by_id_and_number, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_that_was_lost_is_shown_as_far_as_it_is_known, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			one_of_an_old_file_is_found_by_the_index, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_classic_capture_is_read_by_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_that_cannot_be_read_is_told_from_its_record, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_damaged_is_shown_as_far_as_it_is_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_that_is_long_is_shown_from_its_beginning, setup, teardown),
		cmocka_unit_test_setup_teardown(
			so_many_are_read_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(options_are_judged, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
