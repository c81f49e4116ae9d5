/* Dialogs: identity, route sets, targets and CSeq numbers (RFC 3261 12). */
#include "../unit.h"

#include "base/err.h"
#include "sip/dialog.h"

#include <stdio.h>
#include <string.h>

static struct message *parse(const char *start, const char *from, const char *to,
	unsigned cseq, const char *method, const char *more)
{
	struct message_fault fault;
	struct message *message;
	char text[2048];
	int len = snprintf(text, sizeof(text),
		"%s\r\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
		"From: %s\r\nTo: %s\r\nCall-ID: id@a.example\r\nCSeq: %u %s\r\n%s"
		"Content-Length: 0\r\n\r\n",
		start, from, to, cseq, method, more);

	assert_int_equal(message_parse(&message, text, (size_t)len, &fault), 0);
	assert_int_equal(fault.status, 0);
	return message;
}

static struct message *invite(const char *more)
{
	return parse("INVITE sip:b@b.example SIP/2.0", "\"A\" <sip:a@a.example>;tag=ta",
		"<sip:b@b.example>", 7, "INVITE", more);
}

static const char *request_text(
	struct dialog *dialog, enum message_method method, uint32_t cseq, struct buf *out)
{
	buf_clear(out);
	dialog_request(dialog, out, method, "SIP/2.0/UDP us;branch=z9hG4bK9", cseq, NULL);
	return buf_str(out);
}

/* RFC 4916 4.4 and 4.5: the URIs change, the tags do not. */
static void takes_and_makes_another_from(void **state)
{
	static const struct {
		const char *from;
		bool changes;
		const char *to; /* of our requests then */
	} rows[] = {
		{"\"A\" <sip:a@a.example>;tag=ta", false, "\"A\" <sip:a@a.example>"},
		{"<sip:a@a.example>;tag=ta", false, "\"A\" <sip:a@a.example>"},
		{"C & \"D <sip:c@a.example;x=1>;tag=ta;y", true,
			"\"C & \\\"D\" <sip:c@a.example;x=1>"},
		{"<>;tag=ta", false, "\"C & \\\"D\" <sip:c@a.example;x=1>"},
		{"sip:e@a.example;tag=tb", true, "<sip:e@a.example>"},
	};
	struct message *message = invite("Contact: <sip:a@192.0.2.1>\r\n");
	struct dialog dialog;
	char expected[128];
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(dialog_init_uas(&dialog, message), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct message *update = parse("UPDATE sip:b@b.example SIP/2.0",
			rows[i].from, "<sip:b@b.example>;tag=x", 8, "UPDATE", "");

		assert_int_equal(dialog_take_from(&dialog, update), rows[i].changes);
		snprintf(expected, sizeof(expected), "\r\nTo: %s;tag=ta\r\n", rows[i].to);
		assert_non_null(
			strstr(request_text(&dialog, MESSAGE_BYE, 0, &out), expected));
		message_unref(update);
	}
	dialog_change_from(&dialog, strdup("<sip:f@b.example>"));
	snprintf(expected, sizeof(expected), "\r\nFrom: <sip:f@b.example>;tag=%s\r\n",
		dialog.local_tag);
	assert_non_null(strstr(request_text(&dialog, MESSAGE_BYE, 0, &out), expected));
	dialog_free(&dialog);
	message_unref(message);
	buf_free(&out);
}

static void answers_an_invite(void **state)
{
	struct message *message =
		invite("Contact: <sip:a@192.0.2.1:5070>\r\n"
		       "Record-Route: <sip:p1.example;lr>, <sip:p2.example;lr>\r\n");
	struct dialog dialog;
	char expected[512];
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(dialog_init_uas(&dialog, message), 0);
	assert_true(dialog.early);
	assert_int_equal(strlen(dialog.local_tag), 16);
	assert_string_equal(dialog_next_hop(&dialog), "sip:p1.example;lr");
	snprintf(expected, sizeof(expected),
		"BYE sip:a@192.0.2.1:5070 SIP/2.0\r\nVia: SIP/2.0/UDP "
		"us;branch=z9hG4bK9\r\n"
		"Max-Forwards: 70\r\nRoute: <sip:p1.example;lr>\r\n"
		"Route: <sip:p2.example;lr>\r\nFrom: <sip:b@b.example>;tag=%s\r\n"
		"To: \"A\" <sip:a@a.example>;tag=ta\r\nCall-ID: id@a.example\r\n"
		"CSeq: 1 BYE\r\n",
		dialog.local_tag);
	assert_string_equal(request_text(&dialog, MESSAGE_BYE, 0, &out), expected);
	dialog_free(&dialog);
	message_unref(message);
	buf_free(&out);
}

static void refuses_an_invite_that_makes_none(void **state)
{
	static const char route[] = "Record-Route: <sip:p.example;lr>\r\n";
	char many[(DIALOG_MAX_ROUTES + 1) * sizeof(route) + 64] =
		"Contact: <sip:a@192.0.2.1>\r\n";
	struct message *no_contact = invite("");
	struct message *too_many, *just_enough;
	struct dialog dialog;

	(void)state;
	for (unsigned i = 0; i <= DIALOG_MAX_ROUTES; i++)
		strcat(many, route);
	too_many = invite(many);
	many[strlen(many) - strlen(route)] = '\0';
	just_enough = invite(many);
	assert_int_equal(dialog_init_uas(&dialog, just_enough), 0);
	dialog_free(&dialog);
	message_unref(just_enough);
	assert_int_equal(dialog_init_uas(&dialog, no_contact), ERR_FORMAT);
	assert_int_equal(dialog_init_uas(&dialog, too_many), ERR_FORMAT);
	message_unref(no_contact);
	message_unref(too_many);
}

static struct message *response(int status, const char *tag, const char *more)
{
	char start[32], to[64];

	snprintf(start, sizeof(start), "SIP/2.0 %d X", status);
	snprintf(to, sizeof(to), "<sip:b@b.example>;tag=%s", tag);
	return parse(start, "<sip:a@us>;tag=la", to, 1, "INVITE", more);
}

static void make_uac(struct dialog *dialog)
{
	assert_int_equal(dialog_init_uac(dialog, "<sip:a@us>", "<sip:b@b.example>",
				 "sip:b@b.example", "us"),
		0);
}

/* "sip:@host" is no URI: it means the host. */
static void an_empty_user_is_none(void **state)
{
	struct message *ok =
		response(200, "one", "Contact: <sip:@192.0.2.3:5062;x=y>\r\n");
	struct dialog dialog;

	(void)state;
	make_uac(&dialog);
	assert_int_equal(dialog_establish(&dialog, ok), 0);
	assert_string_equal(dialog.remote_target, "sip:192.0.2.3:5062;x=y");
	dialog_free(&dialog);
	message_unref(ok);
}

static void learns_from_responses(void **state)
{
	struct message *ringing = response(180, "one", "Contact: <sip:b@192.0.2.2>\r\n");
	struct message *bare = response(183, "one", "");
	struct message *ok = response(200, "two",
		"Contact: <sip:b@192.0.2.3>\r\n"
		"Record-Route: <sip:p1.example;lr>\r\nRecord-Route: "
		"<sip:p2.example;lr>\r\n");
	struct message *again = response(200, "two", "");
	struct message *other = response(200, "three", "Contact: *\r\n");
	struct dialog dialog;
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	make_uac(&dialog);
	assert_non_null(strstr(request_text(&dialog, MESSAGE_INVITE, 0, &out),
		"\r\nTo: <sip:b@b.example>\r\n"));
	assert_int_equal(dialog_establish(&dialog, ringing), 0);
	assert_true(dialog.early);
	assert_true(dialog_is_of(&dialog, ringing));
	assert_string_equal(dialog.remote_target, "sip:b@192.0.2.2");
	/* a provisional response may come without Contact: the target stays */
	assert_int_equal(dialog_establish(&dialog, bare), 0);
	assert_string_equal(dialog.remote_target, "sip:b@192.0.2.2");
	assert_int_equal(dialog_establish(&dialog, ok), 0);
	assert_false(dialog.early);
	assert_false(dialog_is_of(&dialog, ringing));
	assert_string_equal(dialog.remote_target, "sip:b@192.0.2.3");
	/* the route set of a UAC is reversed (12.1.2) */
	assert_string_equal(dialog_next_hop(&dialog), "sip:p2.example;lr");
	assert_string_equal(dialog.route,
		"Route: <sip:p2.example;lr>\r\nRoute: <sip:p1.example;lr>\r\n");
	/* without a usable Contact: what is known of that branch, else who was called */
	assert_int_equal(dialog_establish(&dialog, again), 0);
	assert_string_equal(dialog.remote_target, "sip:b@192.0.2.3");
	assert_int_equal(dialog_establish(&dialog, other), 0);
	assert_string_equal(dialog.remote_target, "sip:b@b.example");
	dialog_free(&dialog);
	message_unref(ringing);
	message_unref(bare);
	message_unref(ok);
	message_unref(again);
	message_unref(other);
	buf_free(&out);
}

static void numbers_requests(void **state)
{
	struct dialog dialog;
	uint32_t cseq = 0;
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	make_uac(&dialog);
	dialog_request(&dialog, &out, MESSAGE_INVITE, "v", 0, &cseq);
	assert_int_equal(cseq, 1);
	dialog_request(&dialog, &out, MESSAGE_BYE, "v", 0, &cseq);
	assert_int_equal(cseq, 2);
	/* ACK has the number of its INVITE (13.2.2.4) */
	assert_non_null(
		strstr(request_text(&dialog, MESSAGE_ACK, 1, &out), "CSeq: 1 ACK\r\n"));
	dialog.limited = true;
	dialog.max_forwards = 0;
	assert_non_null(strstr(
		request_text(&dialog, MESSAGE_INVITE, 0, &out), "Max-Forwards: 0\r\n"));
	dialog_free(&dialog);
	buf_free(&out);
}

static void checks_the_order_of_requests(void **state)
{
	static const struct {
		unsigned cseq;
		int err;
	} rows[] = {{8, 0}, {8, ERR_STATE}, {7, ERR_STATE}, {100, 0}, {99, ERR_STATE},
		{101, 0}};
	struct message *first = invite("Contact: <sip:a@192.0.2.1>\r\n");
	struct dialog dialog;

	(void)state;
	assert_int_equal(dialog_init_uas(&dialog, first), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct message *request =
			parse("OPTIONS sip:us SIP/2.0", "<sip:a@a.example>;tag=ta",
				"<sip:b@b.example>;tag=x", rows[i].cseq, "OPTIONS",
				"Contact: <sip:elsewhere@192.0.2.9>\r\n");

		assert_int_equal(dialog_receive(&dialog, request), rows[i].err);
		message_unref(request);
	}
	/* OPTIONS refreshes no target */
	assert_string_equal(dialog.remote_target, "sip:a@192.0.2.1");
	dialog_free(&dialog);
	message_unref(first);
}

static void refreshes_its_target(void **state)
{
	struct message *first = invite("Contact: <sip:a@192.0.2.1>\r\n");
	struct message *again = parse("INVITE sip:us SIP/2.0", "<sip:a@a.example>;tag=ta",
		"<sip:b@b.example>;tag=x", 8, "INVITE", "Contact: <sip:a@192.0.2.7>\r\n");
	struct message *without = parse("INVITE sip:us SIP/2.0",
		"<sip:a@a.example>;tag=ta", "<sip:b@b.example>;tag=x", 9, "INVITE", "");
	struct dialog dialog;

	(void)state;
	assert_int_equal(dialog_init_uas(&dialog, first), 0);
	assert_int_equal(dialog_receive(&dialog, again), 0);
	assert_string_equal(dialog.remote_target, "sip:a@192.0.2.7");
	assert_string_equal(dialog_next_hop(&dialog), "sip:a@192.0.2.7");
	assert_int_equal(dialog_receive(&dialog, without), 0);
	assert_string_equal(dialog.remote_target, "sip:a@192.0.2.7");
	dialog_free(&dialog);
	message_unref(first);
	message_unref(again);
	message_unref(without);
}

static void is_found_by_all_three(void **state)
{
	struct message *first = invite("Contact: <sip:a@192.0.2.1>\r\n");
	struct dialogs dialogs;
	struct dialog dialog;
	char to[64];

	(void)state;
	assert_int_equal(dialogs_init(&dialogs), 0);
	assert_int_equal(dialog_init_uas(&dialog, first), 0);
	dialog_list(&dialogs, &dialog, &dialog);
	dialog_list(&dialogs, &dialog, &dialog);
	assert_int_equal(dialogs_count(&dialogs), 1);
	assert_null(dialog_find(&dialogs, first));
	for (int wrong = 0; wrong < 3; wrong++) {
		struct message *bye;

		snprintf(to, sizeof(to), "<sip:b@b.example>;tag=%s",
			wrong == 1 ? "other" : dialog.local_tag);
		bye = parse("BYE sip:us SIP/2.0",
			wrong == 2 ? "<sip:a@a.example>;tag=other"
				   : "<sip:a@a.example>;tag=ta",
			to, 8, "BYE", "");
		assert_ptr_equal(dialog_find(&dialogs, bye), wrong ? NULL : &dialog);
		message_unref(bye);
	}
	dialog_free(&dialog);
	assert_int_equal(dialogs_count(&dialogs), 0);
	dialogs_free(&dialogs);
	message_unref(first);
}

static void forks_share_the_local_half(void **state)
{
	struct message *ok = response(200, "fork", "Contact: <sip:b@192.0.2.8>\r\n");
	struct dialog dialog, fork;

	(void)state;
	make_uac(&dialog);
	assert_int_equal(dialog_fork(&fork, &dialog), 0);
	assert_string_equal(fork.call_id, dialog.call_id);
	assert_string_equal(fork.local_tag, dialog.local_tag);
	assert_string_equal(fork.remote_tag, "");
	assert_int_equal(dialog_establish(&fork, ok), 0);
	assert_string_equal(fork.remote_target, "sip:b@192.0.2.8");
	assert_string_equal(dialog.remote_target, "sip:b@b.example");
	dialog_free(&fork);
	dialog_free(&dialog);
	message_unref(ok);
}

/* With all that a request is made of. */
static void make_whole(struct dialog *dialog)
{
	struct message *first = invite("Contact: <sip:a@192.0.2.1>\r\n"
				       "Record-Route: <sip:p.example;lr>\r\n");

	assert_int_equal(dialog_init_uas(dialog, first), 0);
	dialog->local_cseq = 5;
	message_unref(first);
}

/* Both make the same next request, and take no request that the other has seen. */
static void assert_same(struct dialog *one, struct dialog *two)
{
	struct message *seen = parse("OPTIONS sip:us SIP/2.0", "<sip:a@a.example>;tag=ta",
		"<sip:b@b.example>;tag=x", 7, "OPTIONS", "");
	struct buf text, other;

	buf_init(&text, 0);
	buf_init(&other, 0);
	assert_string_equal(request_text(one, MESSAGE_BYE, 0, &text),
		request_text(two, MESSAGE_BYE, 0, &other));
	assert_non_null(strstr(buf_str(&text), "\r\nCSeq: 6 BYE\r\n"));
	assert_non_null(strstr(buf_str(&text), "\r\nRoute: <sip:p.example;lr>\r\n"));
	assert_string_equal(dialog_next_hop(one), dialog_next_hop(two));
	assert_int_equal(dialog_receive(one, seen), ERR_STATE);
	assert_int_equal(dialog_receive(two, seen), ERR_STATE);
	buf_free(&text);
	buf_free(&other);
	message_unref(seen);
}

static void a_copy_is_the_same_dialog(void **state)
{
	struct dialog dialog, copy;

	(void)state;
	make_whole(&dialog);
	assert_int_equal(dialog_copy(&copy, &dialog), 0);
	assert_true(copy.early);
	assert_same(&dialog, &copy);
	dialog_free(&dialog);
	dialog_free(&copy);
}

static void what_was_saved_is_the_same_dialog(void **state)
{
	struct dialog dialog, loaded = {.owner = NULL};
	struct err_text error = {.text = ""};
	struct saved saved;

	(void)state;
	make_whole(&dialog);
	assert_int_equal(saved_new(&saved, 0, NULL), 0);
	assert_int_equal(dialog_save(&dialog, saved), 0);
	assert_int_equal(dialog_load(&loaded, saved, &error), 0);
	assert_false(loaded.early); /* it is confirmed */
	assert_same(&dialog, &loaded);
	dialog_free(&dialog);
	dialog_free(&loaded);
	saved_free(&saved);
}

static void a_saved_dialog_that_lacks_a_part_is_refused(void **state)
{
	static const char *const parts[] = {
		"call_id", "remote_tag", "local_uri", "remote_uri", "remote_target"};

	(void)state;
	for (size_t missing = 0; missing <= 5; missing++) {
		struct dialog loaded = {.owner = NULL};
		struct err_text error = {.text = ""};
		struct saved saved;
		struct buf text;

		buf_init(&text, 0);
		buf_add_str(&text, "{\"local_tag\":\"l\"");
		for (size_t i = 0; i < 5; i++)
			if (i != missing)
				buf_printf(&text, ",\"%s\":\"x\"", parts[i]);
		buf_add_char(&text, '}');
		assert_int_equal(
			saved_parse(&saved, buf_span(&text), 0, NULL, &error), 0);
		assert_int_equal(dialog_load(&loaded, saved, &error),
			missing < 5 ? ERR_FORMAT : 0);
		if (missing < 5)
			assert_string_equal(
				error.text, "a part of the dialog is missing");
		dialog_free(&loaded);
		saved_free(&saved);
		buf_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_and_makes_another_from),
		cmocka_unit_test(answers_an_invite),
		cmocka_unit_test(refuses_an_invite_that_makes_none),
		cmocka_unit_test(an_empty_user_is_none),
		cmocka_unit_test(learns_from_responses),
		cmocka_unit_test(numbers_requests),
		cmocka_unit_test(checks_the_order_of_requests),
		cmocka_unit_test(refreshes_its_target),
		cmocka_unit_test(is_found_by_all_three),
		cmocka_unit_test(forks_share_the_local_half),
		cmocka_unit_test(a_copy_is_the_same_dialog),
		cmocka_unit_test(what_was_saved_is_the_same_dialog),
		cmocka_unit_test(a_saved_dialog_that_lacks_a_part_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
