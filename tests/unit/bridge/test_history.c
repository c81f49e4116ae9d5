/* What a record keeps of the attempts of a call, and of what the far end said. */
#include "../unit.h"

#include "bridge/history.h"

#include <stdio.h>
#include <string.h>

static struct history history;

static int stop(void **state)
{
	(void)state;
	history_free(&history);
	return 0;
}

/* A response with PHRASE, or with STATUS 0 a BYE, that has HEADER; the caller's. */
static struct message *make(int status, const char *phrase, const char *header)
{
	struct message_fault fault;
	struct message *message;
	struct buf text;

	buf_init(&text, 0);
	if (status)
		buf_printf(&text, "SIP/2.0 %d %s\r\n", status, phrase);
	else
		buf_add_str(&text, "BYE sip:a@b SIP/2.0\r\n");
	buf_printf(&text,
		"Via: SIP/2.0/UDP b;branch=z9hG4bK1\r\nFrom: <sip:b@b>;tag=1\r\n"
		"To: <sip:a@a>;tag=2\r\nCall-ID: 1@b\r\nCSeq: 1 %s\r\n"
		"Max-Forwards: 70\r\n%sContent-Length: 0\r\n\r\n",
		status ? "INVITE" : "BYE", header);
	assert_int_equal(message_parse(&message, text.data, text.len, &fault), 0);
	buf_free(&text);
	return message;
}

static void hear_phrase(int status, const char *phrase, const char *header)
{
	struct message *message = make(status, phrase, header);

	history_hear(&history, status, message);
	message_unref(message);
}

static void hear(int status, const char *header)
{
	hear_phrase(status, "Not Now", header);
}

static void the_first_ones_and_the_latest_are_kept(void **state)
{
	static const char *const ids[] = {"even", "odd"};

	(void)state;
	for (unsigned i = 0; i < 3 * RECORD_ATTEMPTS; i++) {
		history_begin(&history, ids[i % 2], NULL, i);
		history_end(&history, 500 + (int)i, "");
		assert_true(history_is_at(&history, ids[i % 2]));
		assert_false(history_is_at(&history, ids[(i + 1) % 2]));
	}
	assert_int_equal(history.count, RECORD_ATTEMPTS);
	assert_int_equal(history.attempts[0].status, 500);
	assert_int_equal(
		history.attempts[RECORD_ATTEMPTS - 2].after_us, RECORD_ATTEMPTS - 2);
	assert_int_equal(
		history.attempts[RECORD_ATTEMPTS - 1].after_us, 3 * RECORD_ATTEMPTS - 1);
}

static void an_attempt_ends_once(void **state)
{
	(void)state;
	assert_null(history_end(&history, 404, "nobody was asked"));
	assert_int_equal(history.count, 0);
	assert_false(history_is_at(&history, "gw"));
	history_begin(&history, "gw", NULL, 0);
	assert_ptr_equal(
		history_end(&history, 503, "answered 503"), &history.attempts[0]);
	assert_null(history_end(&history, 0, "cancel"));
	assert_int_equal(history.attempts[0].status, 503);
	assert_string_equal(history.attempts[0].reason, "answered 503");
}

static void a_reason_goes_before_a_warning_and_a_phrase(void **state)
{
	(void)state;
	hear(503, "");
	assert_int_equal(history.far_status, 503);
	assert_string_equal(history.far_reason, "Not Now");
	hear(503, "Warning: 399 b \"full\"\r\n");
	assert_string_equal(history.far_reason, "399 b \"full\"");
	hear(503, "Warning: 399 b \"full\"\r\nReason: Q.850;cause=34\r\n");
	assert_string_equal(history.far_reason, "Q.850;cause=34");
	hear(0, "Warning: 399 b \"full\"\r\n");
	assert_int_equal(history.far_status, 0);
	assert_null(history.far_reason);
	hear(0, "Reason: SIP;cause=200\r\n");
	assert_string_equal(history.far_reason, "SIP;cause=200");
}

static void an_answer_ends_what_others_said(void **state)
{
	(void)state;
	hear(503, "");
	history_begin(&history, "gw", NULL, 0);
	history_end(&history, 200, "answered");
	assert_int_equal(history.far_status, 0);
	assert_null(history.far_reason);
}

static void a_long_reason_is_cut(void **state)
{
	char header[1000];

	(void)state;
	snprintf(header, sizeof(header), "Reason: Q.850;text=\"%0900d\"\r\n", 0);
	hear(503, header);
	assert_int_equal(strlen(history.far_reason), RECORD_FAR_REASON);
}

static void release(const char *header)
{
	struct message *message = make(0, "", header);

	history_release(&history, message);
	message_unref(message);
}

static void each_attempt_has_what_was_said_of_it(void **state)
{
	const struct record_attempt *at;

	(void)state;
	history_begin(&history, "gw", NULL, 0);
	hear(503, "Reason: Q.850;cause=34;text=\"No circuit\"\r\n");
	history_end(&history, 503, "answered 503");
	history_begin(&history, "gw2", NULL, 0);
	hear_phrase(486, "Busy here", "Reason: SIP;cause=486\r\n");
	history_end(&history, 486, "answered 486");
	/* nobody is asked now */
	hear(500, "Reason: Q.850;cause=38\r\n");
	at = &history.attempts[0];
	assert_int_equal(at->said.q850, 34);
	assert_int_equal(at->said.sip, 0);
	assert_string_equal(at->said.text, "No circuit");
	assert_string_equal(at->phrase, "Not Now");
	at = &history.attempts[1];
	assert_int_equal(at->said.q850, 0);
	assert_int_equal(at->said.sip, 486);
	assert_null(at->said.text);
	/* the usual one, but for its case */
	assert_null(at->phrase);
}

/* Of an address that asked for a password first. */
static void what_was_said_last_of_an_attempt_counts(void **state)
{
	(void)state;
	history_begin(&history, "gw", NULL, 0);
	hear(401, "Reason: Q.850;cause=57;text=first\r\n");
	hear_phrase(403, "", "");
	assert_int_equal(history.attempts[0].said.q850, 0);
	assert_null(history.attempts[0].said.text);
	assert_null(history.attempts[0].phrase);
}

static void who_ends_a_call_says_why(void **state)
{
	(void)state;
	release("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n");
	assert_int_equal(history.released.sip, 200);
	assert_string_equal(history.released.text, "Call completed elsewhere");
	release("Reason: Q.850;cause=16\r\n");
	assert_int_equal(history.released.q850, 16);
	assert_int_equal(history.released.sip, 0);
	assert_null(history.released.text);
	assert_int_equal(history.count, 0);
}

static void long_words_of_an_attempt_are_cut(void **state)
{
	char header[1000], phrase[300];

	(void)state;
	snprintf(header, sizeof(header), "Reason: Q.850;cause=1;text=\"%0900d\"\r\n", 0);
	snprintf(phrase, sizeof(phrase), "%0200d", 0);
	history_begin(&history, "gw", NULL, 0);
	hear_phrase(503, phrase, header);
	assert_int_equal(strlen(history.attempts[0].said.text), RECORD_REASON_TEXT);
	assert_int_equal(strlen(history.attempts[0].phrase), RECORD_PHRASE);
}

static int load(const char *text, struct err_text *error)
{
	struct saved saved;
	int err = saved_parse(&saved, span_of(text), 0, NULL, error);

	assert_int_equal(err, 0);
	err = history_load(&history, saved, error);
	saved_free(&saved);
	return err;
}

static void what_was_written_is_read(void **state)
{
	struct err_text error = {{0}};
	struct saved saved;
	struct buf out;

	(void)state;
	history_begin(&history, "gw", NULL, 5);
	hear(503, "Reason: Q.850;cause=34\r\nReason: SIP;cause=503;text=a\r\n");
	history_end(&history, 503, "answered 503");
	hear(503, "Reason: Q.850;cause=34\r\n");
	buf_init(&out, 0);
	assert_int_equal(saved_new(&saved, 0, NULL), 0);
	assert_int_equal(history_save(&history, saved), 0);
	assert_int_equal(saved_print(saved, &out), 0);
	saved_free(&saved);
	history_free(&history);
	memset(&history, 0, sizeof(history));

	assert_int_equal(load(buf_str(&out), &error), 0);
	buf_free(&out);
	assert_int_equal(history.count, 1);
	assert_string_equal(history.attempts[0].target, "gw");
	assert_string_equal(history.attempts[0].reason, "answered 503");
	assert_int_equal(history.attempts[0].status, 503);
	assert_int_equal(history.attempts[0].after_us, 5);
	assert_string_equal(history.attempts[0].phrase, "Not Now");
	assert_int_equal(history.attempts[0].said.q850, 34);
	assert_int_equal(history.attempts[0].said.sip, 503);
	assert_string_equal(history.attempts[0].said.text, "a");
	assert_int_equal(history.far_status, 503);
	assert_string_equal(history.far_reason, "Q.850;cause=34");
}

static void an_attempt_that_was_written_has_a_target(void **state)
{
	struct err_text error = {{0}};

	(void)state;
	assert_int_equal(load("{\"attempts\":[{\"status\":503}]}", &error), ERR_FORMAT);
	assert_string_equal(error.text, "an attempt has no target");
}

static void transfers_are_kept_and_written(void **state)
{
	struct err_text error;

	(void)state;
	for (unsigned i = 0; i < RECORD_TRANSFERS; i++)
		assert_int_equal(history_transfer(&history, "server pbx", "600", i), 0);
	assert_int_equal(history_transfer(&history, "server pbx", "601", 1), ERR_LIMIT);
	history_transferred(&history, 486, NULL);
	history_transferred(&history, 200, "gw");
	assert_int_equal(history.transfer_count, RECORD_TRANSFERS);
	assert_int_equal(history.transfers[9].status, 200);
	assert_string_equal(history.transfers[9].target, "gw");
	assert_int_equal(history.transfers[0].status, 0);
	assert_null(history.transfers[0].target);
	assert_int_equal(history.transfers[3].after_us, 3);
	history_free(&history);
	assert_int_equal(load("{\"transfers\":[{\"by\":\"server pbx\",\"to\":\"6\","
			      "\"status\":200,\"target\":\"gw\",\"after_us\":5}]}",
				 &error),
		0);
	assert_int_equal(history.transfer_count, 1);
	assert_string_equal(history.transfers[0].to, "6");
	assert_string_equal(history.transfers[0].target, "gw");
	history_free(&history);
	assert_int_equal(load("{\"transfers\":[{\"status\":503}]}", &error), ERR_FORMAT);
	assert_string_equal(error.text, "a transfer is of nobody");
}

static void redirections_are_kept_and_written(void **state)
{
	const struct record_redirection what = {.by = (char[]){"server pbx"},
		.to = (char[]){"600"},
		.status = 302,
		.action = RECORD_REDIRECTION_PASSED,
		.after_us = 7};
	struct history from = {.count = 0};
	struct err_text error;

	(void)state;
	for (unsigned i = 0; i < RECORD_REDIRECTIONS; i++)
		assert_int_equal(history_redirect(&history, &what), 0);
	assert_int_equal(history_redirect(&history, &what), 0);
	assert_int_equal(history.redirection_count, RECORD_REDIRECTIONS);
	history_free(&history);
	assert_int_equal(history_redirect(&history, &what), 0);
	for (unsigned i = 0; i < RECORD_REDIRECTIONS; i++)
		assert_int_equal(history_redirect(&from, &what), 0);
	history_append(&history, &from);
	assert_int_equal(history.redirection_count, RECORD_REDIRECTIONS);
	assert_string_equal(history.redirections[9].to, "600");
	assert_int_equal(history.redirections[9].status, 302);
	assert_int_equal(history.redirections[9].after_us, 7);
	assert_int_equal(from.redirection_count, 0);
	history_free(&history);
	assert_int_equal(load("{\"redirections\":[{\"by\":\"server pbx\",\"to\":\"6\","
			      "\"status\":301,\"action\":1,\"after_us\":5}]}",
				 &error),
		0);
	assert_int_equal(history.redirection_count, 1);
	assert_string_equal(history.redirections[0].by, "server pbx");
	assert_int_equal(history.redirections[0].action, RECORD_REDIRECTION_PASSED);
	history_free(&history);
	assert_int_equal(
		load("{\"redirections\":[{\"status\":302}]}", &error), ERR_FORMAT);
	assert_string_equal(error.text, "a redirection is of nobody");
}

static void attempts_of_another_history_come_behind(void **state)
{
	struct history from = {.count = 0};

	(void)state;
	history_begin(&history, "gw", NULL, 1);
	history_end(&history, 200, "answered");
	history_begin(&from, "gw2", NULL, 2);
	history_end(&from, 486, "busy");
	history_append(&history, &from);
	assert_int_equal(history.count, 2);
	assert_string_equal(history.attempts[1].target, "gw2");
	assert_int_equal(history.attempts[1].status, 486);
	assert_int_equal(from.count, 0);
	assert_null(from.attempts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_first_ones_and_the_latest_are_kept, stop),
		cmocka_unit_test_teardown(an_attempt_ends_once, stop),
		cmocka_unit_test_teardown(
			a_reason_goes_before_a_warning_and_a_phrase, stop),
		cmocka_unit_test_teardown(an_answer_ends_what_others_said, stop),
		cmocka_unit_test_teardown(a_long_reason_is_cut, stop),
		cmocka_unit_test_teardown(each_attempt_has_what_was_said_of_it, stop),
		cmocka_unit_test_teardown(what_was_said_last_of_an_attempt_counts, stop),
		cmocka_unit_test_teardown(who_ends_a_call_says_why, stop),
		cmocka_unit_test_teardown(long_words_of_an_attempt_are_cut, stop),
		cmocka_unit_test_teardown(what_was_written_is_read, stop),
		cmocka_unit_test_teardown(an_attempt_that_was_written_has_a_target, stop),
		cmocka_unit_test_teardown(transfers_are_kept_and_written, stop),
		cmocka_unit_test_teardown(redirections_are_kept_and_written, stop),
		cmocka_unit_test_teardown(attempts_of_another_history_come_behind, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
