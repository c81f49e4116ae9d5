/* What passes, told to who traces: whose it is, who wants it, and how much of it. */
#include "../unit.h"

#include "../fakes/fakes.h"

#include "admin/traces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct listener {
	struct trace *trace;
	char text[4000]; /* what was told, a word each */
	unsigned count;
	bool deaf;
	json_t *last;
};

static struct clock_virtual now;
static struct taps *taps;
static struct traces *traces;
static struct listener one, two;

static int setup(void **state)
{
	(void)state;
	memset(&one, 0, sizeof(one));
	memset(&two, 0, sizeof(two));
	fakes = (struct fakes){.hangups = 0};
	clock_virtual_init(&now, UINT64_C(1700000000000000));
	now.mono_us = 5000000;
	if (taps_new(&taps) != 0 || traces_new(&traces, taps, &now.clock) != 0)
		return -1;
	traces_set_bridge(traces, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	traces_end(one.trace);
	traces_end(two.trace);
	traces_free(traces);
	taps_free(taps);
	json_decref(one.last);
	json_decref(two.last);
	return 0;
}

static const char *word(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "(none)";
}

/* "a<INVITE", "b>200", "lost 3" */
static bool row_h(void *arg, json_t *row)
{
	struct listener *listener = arg;
	const size_t len = strlen(listener->text);
	const json_t *lost = json_object_get(row, "lost");
	const int status = (int)json_integer_value(json_object_get(row, "status"));
	char what[64];

	if (listener->deaf) {
		json_decref(row);
		return false;
	}
	if (lost)
		snprintf(what, sizeof(what), "lost %lld",
			(long long)json_integer_value(lost));
	else
		snprintf(what, sizeof(what), "%s%s%.0d%.20s", word(row, "leg"),
			json_is_true(json_object_get(row, "sent")) ? ">" : "<", status,
			word(row, "method"));
	snprintf(listener->text + len, sizeof(listener->text) - len, "%s%s",
		len ? " " : "", what);
	listener->count++;
	json_decref(listener->last);
	listener->last = row;
	return true;
}

static int begin(struct listener *listener, enum trace_kind kind, const char *of)
{
	const struct trace_params params = {.kind = kind, .text = of};
	struct err_text text = {""};
	int err = traces_begin(traces, &listener->trace, &params, row_h, listener, &text);

	assert_int_equal(err != 0, text.text[0] != '\0');
	return err;
}

static void tell_party(uint64_t call, uint32_t number, const char *leg, const char *trunk)
{
	char id[32];
	const struct tap_party party = {
		.call = call, .id = id, .party = number, .leg = leg, .trunk = trunk};

	snprintf(id, sizeof(id), "5f3c-%06llx", (unsigned long long)call);
	taps_tap(taps)->party_h(taps_tap(taps)->arg, &party);
}

static void send_at(uint64_t mono_us, uint64_t call, uint32_t party, bool sent,
	const char *start, bool first)
{
	char text[300];
	struct tap_message message = {.call = call,
		.party = party,
		.mono_us = mono_us,
		.transport = TAP_TLS,
		.sent = sent,
		.first = first,
		.version = "TLS1.3",
		.cipher = "AES-256-GCM",
		.peer_names = "DNS:pbx1.example.com",
		.data = text};

	assert_int_equal(addr_parse(&message.source, "192.0.2.1:5061", 0), 0);
	assert_int_equal(addr_parse(&message.destination, "192.0.2.2:5061", 0), 0);
	message.len = (size_t)snprintf(text, sizeof(text),
		"%s\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\r\n"
		"v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 "
		"0\r\n"
		"m=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
		"inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n",
		start);
	taps_tap(taps)->message_h(taps_tap(taps)->arg, &message);
}

static void say(uint64_t call, uint32_t party, bool sent, const char *start)
{
	send_at(now.mono_us, call, party, sent, start, false);
}

#define INVITE "INVITE sip:x SIP/2.0"

/* As a call begins: our 100 before it is known whose call it is, then its INVITE, which came earlier. */
static void begin_call(uint64_t call, const char *b)
{
	const uint64_t start_us = now.mono_us;

	now.mono_us += 10;
	say(call, 1, true, "SIP/2.0 100 Trying");
	tell_party(call, 1, "a", "server pbx1");
	if (b)
		tell_party(call, 2, "b", b);
	send_at(start_us, call, 1, false, INVITE, true);
	if (b)
		say(call, 2, true, INVITE);
}

static void all_calls_are_told_in_the_order_of_time(void **state)
{
	(void)state;
	assert_int_equal(begin(&one, TRACE_ALL, NULL), 0);
	assert_int_equal(fakes.parties_told, 1);
	begin_call(1, "trunk gw");
	say(1, 2, false, "SIP/2.0 200 OK");
	say(0, 0, false, "OPTIONS sip:x SIP/2.0");
	say(1, 9, false, "INFO sip:x SIP/2.0");
	say(1, 2, false, "garbage");
	assert_string_equal(one.text, "a<INVITE a>100 b>INVITE b<200 <INFO");
}

static void a_message_says_whose_and_when(void **state)
{
	(void)state;
	begin(&one, TRACE_ALL, NULL);
	begin_call(0x2a, "trunk gw");
	now.mono_us += 1000;
	now.wall_us += 1000;
	send_at(now.mono_us - 500, 0x2a, 2, false, "SIP/2.0 180 Ringing", false);
	assert_string_equal(word(one.last, "time"), "2023-11-14T22:13:20.000500Z");
	assert_string_equal(word(one.last, "call"), "5f3c-00002a");
	assert_int_equal(json_integer_value(json_object_get(one.last, "number")), 0x2a);
	assert_string_equal(word(one.last, "party"), "trunk gw");
	assert_string_equal(
		word(one.last, "how"), "TLS1.3 AES-256-GCM DNS:pbx1.example.com");
	assert_string_equal(word(one.last, "source"), "192.0.2.1:5061");
	assert_null(json_object_get(one.last, "after_us"));
	assert_null(json_object_get(one.last, "text"));
}

static void keys_do_not_leave(void **state)
{
	char *text;

	(void)state;
	begin(&one, TRACE_ALL, NULL);
	begin_call(1, "trunk gw");
	text = json_dumps(one.last, 0);
	assert_non_null(strstr(text, "AES_CM_128_HMAC_SHA1_80"));
	assert_null(strstr(text, "WVNfX19zZW1jdGwg"));
	free(text);
}

static void those_of_a_trunk_alone(void **state)
{
	(void)state;
	begin(&one, TRACE_TRUNK, "gw");
	begin_call(1, "trunk other");
	say(1, 2, false, "SIP/2.0 200 OK");
	begin_call(2, "trunk gw");
	assert_string_equal(one.text, "a<INVITE a>100 b>INVITE");
	/* a server is one too */
	begin(&two, TRACE_TRUNK, "pbx1");
	begin_call(3, "trunk other");
	assert_string_equal(two.text, "a<INVITE a>100 b>INVITE");
	assert_string_equal(one.text, "a<INVITE a>100 b>INVITE");
}

static void one_that_comes_to_the_trunk_later_is_told_from_its_beginning(void **state)
{
	(void)state;
	begin(&one, TRACE_TRUNK, "gw");
	begin_call(1, "trunk other");
	say(1, 2, false, "SIP/2.0 503 Busy");
	/* of what is held there is no more room */
	say(1, 2, true, "ACK sip:x SIP/2.0");
	assert_string_equal(one.text, "");
	tell_party(1, 3, "b", "trunk gw");
	say(1, 3, true, INVITE);
	assert_string_equal(one.text, "a<INVITE a>100 b>INVITE b<503 b>INVITE");
	say(1, 3, false, "SIP/2.0 200 OK");
	assert_string_equal(one.text, "a<INVITE a>100 b>INVITE b<503 b>INVITE b<200");
}

static void one_call_alone(void **state)
{
	(void)state;
	begin(&one, TRACE_CALL, "5f3c-000002");
	begin_call(1, "trunk gw");
	begin_call(2, "trunk gw");
	assert_string_equal(one.text, "a<INVITE a>100 b>INVITE");
	assert_string_equal(word(one.last, "call"), "5f3c-000002");
}

static void those_of_a_number_alone(void **state)
{
	struct record record = {.id = "5f3c-000001", .from = "+49301", .to = "+4940"};

	(void)state;
	assert_int_equal(begin(&two, TRACE_NUMBER, ""), ERR_FORMAT);
	assert_int_equal(begin(&two, TRACE_NUMBER, "[1"), ERR_FORMAT);
	two.trace = NULL;
	begin(&one, TRACE_NUMBER, "+4930");
	begin(&two, TRACE_NUMBER, "+4940$");
	fakes.call = &record;
	begin_call(1, "trunk gw");
	record.id = "5f3c-000002";
	record.from = "+49401";
	record.to = "+49302";
	begin_call(2, "trunk gw");
	record.id = "5f3c-000003";
	record.to = "";
	begin_call(3, "trunk gw");
	assert_int_equal(one.count, 6);
	assert_int_equal(two.count, 3);
}

/* It is told when the call begins, and again when its capture does. */
static void the_first_message_is_told_once(void **state)
{
	(void)state;
	begin(&one, TRACE_ALL, NULL);
	begin_call(1, "trunk gw");
	send_at(now.mono_us, 1, 1, false, INVITE, true);
	assert_string_equal(one.text, "a<INVITE a>100 b>INVITE");
}

static void one_that_stands_is_told_from_now_on(void **state)
{
	(void)state;
	/* nobody listens */
	begin_call(1, "trunk gw");
	begin(&one, TRACE_CALL, "5f3c-000001");
	tell_party(1, 1, "a", "server pbx1");
	tell_party(1, 2, "b", "trunk gw");
	say(1, 1, false, "BYE sip:x SIP/2.0");
	assert_string_equal(one.text, "a<BYE");
	/* a second one that begins hears what the first one did not keep */
	begin(&two, TRACE_ALL, NULL);
	tell_party(1, 1, "a", "server pbx1");
	say(1, 1, true, "SIP/2.0 200 OK");
	assert_string_equal(one.text, "a<BYE a>200");
	assert_string_equal(two.text, "a>200");
}

static void so_many_trace_at_once(void **state)
{
	struct listener more[TRACES_MAX] = {0};

	(void)state;
	for (unsigned i = 0; i < TRACES_MAX; i++)
		assert_int_equal(begin(&more[i], TRACE_ALL, NULL), 0);
	assert_int_equal(begin(&one, TRACE_ALL, NULL), ERR_LIMIT);
	one.trace = NULL;
	traces_end(more[1].trace);
	assert_int_equal(begin(&one, TRACE_TRUNK, "gw"), 0);
	begin_call(1, "trunk other");
	/* the place that was free has nothing of who was there before */
	assert_int_equal(more[0].count, 3);
	assert_int_equal(more[1].count, 0);
	assert_int_equal(one.count, 0);
	for (unsigned i = 0; i < TRACES_MAX; i++) {
		if (i != 1)
			traces_end(more[i].trace);
		json_decref(more[i].last);
	}
	traces_end(NULL);
}

/* Nor has he who comes to a free place what the one before him wanted. */
static void who_ended_wants_nothing(void **state)
{
	struct listener first = {0};

	(void)state;
	begin(&two, TRACE_TRUNK, "nothing");
	begin(&first, TRACE_ALL, NULL);
	begin_call(1, "trunk gw");
	assert_int_equal(first.count, 3);
	traces_end(first.trace);
	begin(&one, TRACE_TRUNK, "other");
	say(1, 2, false, "SIP/2.0 200 OK");
	assert_int_equal(one.count, 0);
	json_decref(first.last);
}

/* What everybody had is not kept for whoever begins later. */
static void who_begins_hears_nothing_of_before(void **state)
{
	(void)state;
	begin(&one, TRACE_ALL, NULL);
	begin_call(1, "trunk gw");
	begin(&two, TRACE_ALL, NULL);
	tell_party(1, 1, "a", "server pbx1");
	say(1, 2, false, "SIP/2.0 200 OK");
	assert_string_equal(two.text, "b<200");
}

static void what_nobody_wants_takes_no_share(void **state)
{
	(void)state;
	begin(&one, TRACE_TRUNK, "gw");
	begin_call(1, "trunk other");
	for (unsigned i = 0; i < 2 * TRACES_RATE_MAX; i++)
		say(1, 2, false, "INFO sip:x SIP/2.0");
	begin_call(2, "trunk gw");
	assert_string_equal(one.text, "a<INVITE a>100 b>INVITE");
}

static void a_party_that_is_told_again_is_the_same(void **state)
{
	(void)state;
	begin(&one, TRACE_ALL, NULL);
	begin_call(1, NULL);
	for (unsigned i = 0; i < 20; i++)
		tell_party(1, 1, "a", "server pbx1");
	tell_party(1, 2, "b", "trunk gw");
	say(1, 2, true, INVITE);
	assert_string_equal(word(one.last, "party"), "trunk gw");
}

static void what_is_not_read_is_counted(void **state)
{
	(void)state;
	begin(&one, TRACE_ALL, NULL);
	begin(&two, TRACE_ALL, NULL);
	one.deaf = true;
	begin_call(1, "trunk gw");
	one.deaf = false;
	say(1, 2, false, "SIP/2.0 200 OK");
	assert_string_equal(one.text, "lost 3 b<200");
	assert_string_equal(two.text, "a<INVITE a>100 b>INVITE b<200");
}

static void more_than_so_many_a_second_are_counted(void **state)
{
	(void)state;
	begin(&one, TRACE_ALL, NULL);
	begin_call(1, "trunk gw");
	for (unsigned i = 3; i < TRACES_RATE_MAX + 7; i++)
		say(1, 2, false, "INFO sip:x SIP/2.0");
	assert_int_equal(one.count, TRACES_RATE_MAX);
	now.mono_us += 1000000;
	memset(one.text, 0, sizeof(one.text));
	say(1, 2, false, "BYE sip:x SIP/2.0");
	assert_string_equal(one.text, "lost 7 b<BYE");
}

static void so_many_calls_are_known(void **state)
{
	(void)state;
	begin(&one, TRACE_TRUNK, "gw");
	for (uint64_t i = 1; i <= TRACES_CALLS_MAX + 1; i++)
		tell_party(i, 1, "b", "trunk gw");
	say(2, 1, true, INVITE);
	say(1, 1, true, INVITE);
	/* the first one is forgotten: nothing is known of it but that it is somebody's */
	assert_int_equal(one.count, 1);
}

static void nobody_costs_nothing(void **state)
{
	(void)state;
	assert_false(taps_tap(taps)->all);
	begin(&one, TRACE_ALL, NULL);
	begin(&two, TRACE_ALL, NULL);
	assert_true(taps_tap(taps)->all);
	traces_end(one.trace);
	assert_true(taps_tap(taps)->all);
	traces_end(two.trace);
	assert_false(taps_tap(taps)->all);
	one.trace = two.trace = NULL;
	begin_call(1, "trunk gw");
	assert_int_equal(one.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			all_calls_are_told_in_the_order_of_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_message_says_whose_and_when, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_do_not_leave, setup, teardown),
		cmocka_unit_test_setup_teardown(those_of_a_trunk_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_that_comes_to_the_trunk_later_is_told_from_its_beginning,
			setup, teardown),
		cmocka_unit_test_setup_teardown(one_call_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(those_of_a_number_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_first_message_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_that_stands_is_told_from_now_on, setup, teardown),
		cmocka_unit_test_setup_teardown(so_many_trace_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(who_ended_wants_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_begins_hears_nothing_of_before, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_nobody_wants_takes_no_share, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_party_that_is_told_again_is_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_not_read_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(
			more_than_so_many_a_second_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(so_many_calls_are_known, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_costs_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
