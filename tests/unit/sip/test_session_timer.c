/* Session timers (RFC 4028): what headers say, what is agreed on, and the life of one timer. */
#include "../unit.h"

#include "sip/session_timer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000ULL

static struct message *parse(const char *more)
{
	struct message_fault fault = {.status = 0};
	struct message *message = NULL;
	char text[1024];

	snprintf(text, sizeof(text),
		"UPDATE sip:b@y.example SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n"
		"From: <sip:a@x.example>;tag=1\r\nTo: <sip:b@y.example>;tag=2\r\n"
		"Call-ID: c\r\nCSeq: 1 UPDATE\r\nMax-Forwards: 70\r\n%s"
		"Content-Length: 0\r\n\r\n",
		more);
	assert_int_equal(message_parse(&message, text, strlen(text), &fault), 0);
	return message;
}

static void headers_are_read_or_as_if_absent(void **state)
{
	static const struct {
		const char *headers;
		struct session_said said;
	} cases[] = {
		{"", {.asked = false}},
		{"Supported: timer\r\n", {.supported = true}},
		{"k: 100rel, TIMER\r\n", {.supported = true}},
		{"Require: timer\r\n", {.supported = true}},
		{"Supported: timers\r\n", {.supported = false}},
		{"Session-Expires: 1800\r\n", {.asked = true, .expires_s = 1800}},
		{"x: 90;refresher=uac\r\n",
			{.asked = true, .expires_s = 90, .refresher = SESSION_BY_UAC}},
		{"Session-Expires: 90 ; a=b ; Refresher = UAS\r\n",
			{.asked = true, .expires_s = 90, .refresher = SESSION_BY_UAS}},
		{"Session-Expires: 90;refresher=me\r\n",
			{.asked = true, .expires_s = 90}},
		{"Session-Expires: 0\r\n", {.asked = true}},
		{"Session-Expires: 4294967295\r\n",
			{.asked = true, .expires_s = 4294967295u}},
		{"Session-Expires: 4294967296\r\n", {.asked = false}},
		{"Session-Expires: -90\r\n", {.asked = false}},
		{"Session-Expires: soon\r\n", {.asked = false}},
		{"Session-Expires: 90s\r\n", {.asked = false}},
		{"Session-Expires: \r\n", {.asked = false}},
		{"Session-Expires: ;refresher=uac\r\n", {.asked = false}},
		{"Session-Expires: 90\r\nx: 90\r\n", {.asked = false}},
		{"Min-SE: 90\r\n", {.min_s = 90}},
		{"Min-SE: 120;x=y\r\n", {.min_s = 120}},
		{"Min-SE: 90\r\nMin-SE: 90\r\n", {.min_s = 0}},
		{"Min-SE: x\r\n", {.min_s = 0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct message *message = parse(cases[i].headers);
		struct session_said said;

		session_read(message, &said);
		assert_int_equal(said.supported, cases[i].said.supported);
		assert_int_equal(said.asked, cases[i].said.asked);
		assert_int_equal(said.expires_s, cases[i].said.expires_s);
		assert_int_equal(said.refresher, cases[i].said.refresher);
		assert_int_equal(said.min_s, cases[i].said.min_s);
		message_unref(message);
	}
}

static const struct config_timers answering = {
	.mode = CONFIG_SESSION_TIMER_ANSWER, .expires_ms = 1800000, .min_ms = 100000};
static const struct config_timers offering = {
	.mode = CONFIG_SESSION_TIMER_OFFER, .expires_ms = 1800000, .min_ms = 100000};
static const struct config_timers refusing = {
	.mode = CONFIG_SESSION_TIMER_REFUSE, .expires_ms = 1800000, .min_ms = 100000};

static const struct session_terms none = {.interval_s = 0};

static void too_short_an_interval_is_refused_to_who_understands_that(void **state)
{
	const struct session_said short_one = {
		.supported = true, .asked = true, .expires_s = 99};
	const struct session_said enough = {
		.supported = true, .asked = true, .expires_s = 100};
	const struct session_said unaware = {.asked = true, .expires_s = 99};
	const struct session_said nothing = {.supported = true};

	(void)state;
	assert_int_equal(session_too_small(&answering, &short_one), 100);
	assert_int_equal(session_too_small(&offering, &short_one), 100);
	assert_int_equal(session_too_small(&refusing, &short_one), 0);
	assert_int_equal(session_too_small(&answering, &enough), 0);
	assert_int_equal(session_too_small(&answering, &unaware), 0);
	assert_int_equal(session_too_small(&answering, &nothing), 0);
}

static void expect_terms(struct session_terms terms, uint32_t interval_s, bool ours)
{
	assert_int_equal(terms.interval_s, interval_s);
	assert_int_equal(terms.ours, ours);
}

/* RFC 4028 9, table 2. */
static void who_refreshes_is_as_the_table_says(void **state)
{
	static const struct session_timer off = {.state = SESSION_OFF};
	static const struct session_timer ours = {
		.state = SESSION_OURS, .interval_s = 200};
	static const struct session_timer theirs = {
		.state = SESSION_THEIRS, .interval_s = 200};
	struct session_said said = {.asked = true, .expires_s = 300};

	(void)state;
	expect_terms(session_answer(&answering, &said, &off), 300, true);
	said.supported = true;
	expect_terms(session_answer(&answering, &said, &off), 300, false);
	expect_terms(session_answer(&answering, &said, &ours), 300, true);
	expect_terms(session_answer(&answering, &said, &theirs), 300, false);
	said.refresher = SESSION_BY_UAC;
	expect_terms(session_answer(&answering, &said, &ours), 300, false);
	said.refresher = SESSION_BY_UAS;
	expect_terms(session_answer(&answering, &said, &theirs), 300, true);
	expect_terms(session_answer(&refusing, &said, &off), 0, false);
}

static void an_interval_is_never_longer_than_asked_nor_shorter_than_may_be(void **state)
{
	static const struct session_timer off = {.state = SESSION_OFF};
	static const struct session_timer on = {
		.state = SESSION_THEIRS, .interval_s = 200};
	struct session_said said = {.supported = true, .asked = true, .expires_s = 9000};

	(void)state;
	expect_terms(session_answer(&answering, &said, &off), 9000, false);
	expect_terms(session_answer(&offering, &said, &off), 1800, false);
	said.min_s = 2000;
	expect_terms(session_answer(&offering, &said, &off), 2000, false);
	said = (struct session_said){.supported = true};
	expect_terms(session_answer(&answering, &said, &off), 0, false);
	expect_terms(session_answer(&offering, &said, &off), 1800, false);
	expect_terms(session_answer(&answering, &said, &on), 200, false);
	expect_terms(session_answer(&offering, &said, &on), 200, false);
	said.min_s = 2000;
	expect_terms(session_answer(&offering, &said, &off), 2000, false);
	expect_terms(session_answer(&answering, &said, &on), 2000, false);
	/* who knows nothing of timers is asked for none, and a short one ends that of before */
	said = (struct session_said){.supported = false};
	expect_terms(session_answer(&offering, &said, &off), 0, false);
	expect_terms(session_answer(&offering, &said, &on), 0, false);
	said = (struct session_said){.asked = true, .expires_s = 99};
	expect_terms(session_answer(&offering, &said, &on), 0, false);
	said.expires_s = 100;
	expect_terms(session_answer(&answering, &said, &off), 100, true);
}

static void expect_request(struct session_request request, uint32_t expires_s,
	enum session_refresher refresher, uint32_t min_s)
{
	assert_int_equal(request.expires_s, expires_s);
	assert_int_equal(request.refresher, refresher);
	assert_int_equal(request.min_s, min_s);
}

static void requests_ask_for_what_is_agreed_or_wanted(void **state)
{
	struct config_timers least = offering;
	struct session_timer session = {.state = SESSION_OFF};

	(void)state;
	least.min_ms = 90000;
	expect_request(session_ask(&answering, &session, true), 0, SESSION_BY_ANY, 0);
	expect_request(session_ask(&offering, &session, true), 1800, SESSION_BY_ANY, 100);
	expect_request(session_ask(&least, &session, true), 1800, SESSION_BY_ANY, 0);
	expect_request(session_ask(&offering, &session, false), 0, SESSION_BY_ANY, 0);
	session_heed_min(&session, 2000);
	session_heed_min(&session, 1000);
	expect_request(session_ask(&least, &session, true), 2000, SESSION_BY_ANY, 2000);
	session = (struct session_timer){.state = SESSION_OURS, .interval_s = 95};
	expect_request(session_ask(&answering, &session, false), 95, SESSION_BY_UAC, 0);
	session.state = SESSION_ASKED;
	expect_request(session_ask(&least, &session, false), 95, SESSION_BY_UAC, 0);
	session.state = SESSION_THEIRS;
	session.min_s = 91;
	expect_request(session_ask(&least, &session, false), 95, SESSION_BY_UAS, 91);
	expect_request(session_ask(&refusing, &session, false), 0, SESSION_BY_ANY, 0);
}

static void a_2xx_says_what_holds(void **state)
{
	struct session_said said = {.supported = true};

	(void)state;
	expect_terms(session_accept(&said), 0, false);
	said.asked = true;
	said.expires_s = 300;
	expect_terms(session_accept(&said), 300, true);
	said.refresher = SESSION_BY_UAC;
	expect_terms(session_accept(&said), 300, true);
	said.refresher = SESSION_BY_UAS;
	expect_terms(session_accept(&said), 300, false);
	/* nobody may set less than 90 s: one that does is not followed into a storm */
	said.expires_s = 0;
	expect_terms(session_accept(&said), SESSION_MIN_S, false);
}

/* ---- the life of a timer ---- */

#define START (1000 * SECOND)

static struct session_timer agreed(uint32_t interval_s, bool ours)
{
	const struct session_terms terms = {.interval_s = interval_s, .ours = ours};
	struct session_timer session = {.state = SESSION_OFF};

	session_agree(&session, &terms, START);
	return session;
}

static void ours_is_refreshed_after_half_and_ends_with_the_interval(void **state)
{
	struct session_timer session = agreed(1800, true);

	(void)state;
	assert_true(session_is_ours(&session));
	assert_int_equal(session.at_us, START + 900 * SECOND);
	assert_int_equal(session_end_us(&session), START + 1800 * SECOND);
	assert_int_equal(session_time(&session, session.at_us), SESSION_REFRESH);
	assert_int_equal(session.state, SESSION_ASKED);
	assert_int_equal(session.at_us, START + 1800 * SECOND);
	assert_int_equal(session_time(&session, session.at_us), SESSION_EXPIRE);
	assert_int_equal(session.state, SESSION_OFF);
	assert_int_equal(session.at_us, 0);
	assert_int_equal(session.interval_s, 0);
	/* one that was slept through is not refreshed any more */
	session = agreed(90, true);
	assert_int_equal(session_time(&session, START + 90 * SECOND), SESSION_EXPIRE);
}

static void theirs_ends_the_smaller_of_32_s_and_a_third_before(void **state)
{
	struct session_timer session = agreed(1800, false);

	(void)state;
	assert_false(session_is_ours(&session));
	assert_int_equal(session.at_us, START + 1768 * SECOND);
	assert_int_equal(session_time(&session, session.at_us), SESSION_EXPIRE);
	session = agreed(96, false);
	assert_int_equal(session.at_us, START + 64 * SECOND);
	session = agreed(90, false);
	assert_int_equal(session.at_us, START + 60 * SECOND);
	session = agreed(0, false);
	assert_int_equal(session.at_us, 0);
	assert_int_equal(session_end_us(&session), 0);
}

static enum session_action refresh_at(struct session_timer *session, uint64_t now_us)
{
	assert_int_equal(session_time(session, now_us), SESSION_REFRESH);
	return SESSION_REFRESH;
}

static void a_refusal_is_tried_again_a_few_times(void **state)
{
	struct session_timer session = agreed(200, true);
	uint64_t now = session.at_us;
	unsigned tries = 0;

	(void)state;
	while (session.state != SESSION_OFF) {
		if (session_time(&session, now) == SESSION_EXPIRE)
			break;
		tries++;
		assert_int_equal(session_happens(&session, SESSION_REFUSED, now, 0),
			SESSION_NOTHING);
		assert_true(session.at_us > now);
		assert_true(session.at_us - now >= SESSION_RETRY_MS * 1000ULL ||
			    session.at_us == START + 200 * SECOND);
		now = session.at_us;
	}
	/* after 100, 150, 175, 187.5 and 197.5 s */
	assert_int_equal(tries, 5);
	assert_int_equal(now, START + 200 * SECOND);
}

static void glare_is_tried_again_soon_but_not_for_ever(void **state)
{
	struct session_timer session = agreed(200, true);
	uint64_t now = session.at_us;

	(void)state;
	for (unsigned i = 0; i < SESSION_GLARES; i++) {
		refresh_at(&session, now);
		session_happens(&session, SESSION_GLARE, now, 2 * SECOND);
		assert_int_equal(session.at_us, now + 2 * SECOND);
		now = session.at_us;
	}
	refresh_at(&session, now);
	session_happens(&session, SESSION_GLARE, now, 2 * SECOND);
	assert_int_equal(session.at_us, now + 45 * SECOND);
	now = session.at_us;
	/* and they are counted anew */
	for (unsigned i = 0; i < SESSION_GLARES; i++) {
		refresh_at(&session, now);
		session_happens(&session, SESSION_GLARE, now, 2 * SECOND);
		assert_int_equal(session.at_us, now + 2 * SECOND);
		now = session.at_us;
	}
	/* no pause leads behind the end */
	now = START + 199 * SECOND;
	refresh_at(&session, now);
	session_happens(&session, SESSION_GLARE, now, 2 * SECOND);
	assert_int_equal(session.at_us, START + 200 * SECOND);
}

static void what_cannot_be_sent_waits(void **state)
{
	struct session_timer session = agreed(200, true);
	const uint64_t now = session.at_us;

	(void)state;
	refresh_at(&session, now);
	assert_int_equal(
		session_happens(&session, SESSION_BUSY, now, 0), SESSION_NOTHING);
	assert_int_equal(session.at_us, now + SESSION_BUSY_MS * 1000);
	assert_int_equal(session.state, SESSION_OURS);
}

static void a_dialog_that_is_gone_ends_unless_it_was_agreed_anew(void **state)
{
	const struct session_terms terms = {.interval_s = 200, .ours = true};
	struct session_timer session = agreed(200, true);
	uint64_t now = session.at_us;

	(void)state;
	refresh_at(&session, now);
	assert_int_equal(session_happens(&session, SESSION_GONE, now, 0), SESSION_EXPIRE);
	assert_int_equal(session.state, SESSION_OFF);
	session = agreed(200, true);
	refresh_at(&session, now);
	session_agree(&session, &terms, now);
	assert_int_equal(
		session_happens(&session, SESSION_GONE, now, 0), SESSION_NOTHING);
	assert_int_equal(session.state, SESSION_OURS);
	assert_int_equal(session.at_us, now + 100 * SECOND);
}

static void it_goes_on_where_it_was(void **state)
{
	struct session_timer session = agreed(200, true);

	(void)state;
	refresh_at(&session, session.at_us);
	session.at_us = 0;
	session_resume(&session, START + 120 * SECOND);
	assert_int_equal(session.state, SESSION_OURS);
	/* due again at once */
	assert_int_equal(session.at_us, START + 120 * SECOND);
	assert_int_equal(session_end_us(&session), START + 200 * SECOND);
	session = agreed(200, false);
	session.at_us = 0;
	session_resume(&session, START + 120 * SECOND);
	assert_int_equal(session.at_us, START + 168 * SECOND);
	/* it was agreed on before the clock began */
	session.agreed_us = 0 - 50 * SECOND;
	session_resume(&session, 10 * SECOND);
	assert_int_equal(session.at_us, 118 * SECOND);
	session = agreed(200, true);
	session.agreed_us = 0 - 150 * SECOND;
	session_resume(&session, 10 * SECOND);
	assert_int_equal(session.at_us, 10 * SECOND);
	assert_int_equal(session_time(&session, 10 * SECOND), SESSION_REFRESH);
	session.agreed_us = 0 - 500 * SECOND;
	session_resume(&session, 10 * SECOND);
	assert_true(session.at_us <= 10 * SECOND);
	assert_int_equal(session_time(&session, 10 * SECOND), SESSION_EXPIRE);
	/* nothing was agreed on, whatever the state says */
	session = (struct session_timer){.state = SESSION_THEIRS};
	session_resume(&session, START);
	assert_int_equal(session.state, SESSION_OFF);
	assert_int_equal(session.at_us, 0);
}

/* Any events in any order: a session that is on has a moment, not behind its end; one that is off has none;
 * it ends only by its end or a dialog that is gone; who refreshes in time keeps it. */
static void whatever_happens_its_end_is_known(void **state)
{
	unsigned seed = 20261201, seen[SESSION_STATES] = {0}, expired = 0;
	struct session_timer session = {.state = SESSION_OFF};
	uint64_t now = START;

	(void)state;
	for (unsigned step = 0; step < 200000; step++) {
		const unsigned dice = (unsigned)rand_r(&seed);
		const struct session_terms terms = {
			.interval_s = 90 + dice % 1000, .ours = dice % 2};
		const uint64_t end_us = session_end_us(&session);
		enum session_action action = SESSION_NOTHING;
		enum session_event event =
			(enum session_event)(dice / 16 % SESSION_EVENTS);
		const bool asked = session.state == SESSION_ASKED;

		switch (event) {
		case SESSION_AGREED_OURS:
		case SESSION_AGREED_THEIRS:
			session_agree(&session, dice % 7 ? &terms : &none, now);
			break;
		case SESSION_DUE:
		case SESSION_OVER:
			if (session.at_us > now)
				now = session.at_us;
			action = session_time(&session, now);
			break;
		default:
			action = session_happens(
				&session, event, now, dice % 4000 * 1000ULL);
			break;
		}
		if (action == SESSION_EXPIRE) {
			expired++;
			assert_true(now >= end_us || (asked && event == SESSION_GONE));
			assert_int_equal(session.state, SESSION_OFF);
		}
		assert_int_equal(action == SESSION_REFRESH,
			session.state == SESSION_ASKED && !asked);
		assert_int_equal(session.state == SESSION_OFF, session.at_us == 0);
		assert_int_equal(session.state == SESSION_OFF, session.interval_s == 0);
		if (session.state != SESSION_OFF)
			assert_true(session.at_us <= session_end_us(&session));
		seen[session.state]++;
		if (dice % 3 == 0 && now + SECOND < session.at_us)
			now += SECOND;
	}
	for (unsigned i = 0; i < SESSION_STATES; i++)
		assert_true(seen[i] > 100);
	assert_true(expired > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_read_or_as_if_absent),
		cmocka_unit_test(
			too_short_an_interval_is_refused_to_who_understands_that),
		cmocka_unit_test(who_refreshes_is_as_the_table_says),
		cmocka_unit_test(
			an_interval_is_never_longer_than_asked_nor_shorter_than_may_be),
		cmocka_unit_test(requests_ask_for_what_is_agreed_or_wanted),
		cmocka_unit_test(a_2xx_says_what_holds),
		cmocka_unit_test(ours_is_refreshed_after_half_and_ends_with_the_interval),
		cmocka_unit_test(theirs_ends_the_smaller_of_32_s_and_a_third_before),
		cmocka_unit_test(a_refusal_is_tried_again_a_few_times),
		cmocka_unit_test(glare_is_tried_again_soon_but_not_for_ever),
		cmocka_unit_test(what_cannot_be_sent_waits),
		cmocka_unit_test(a_dialog_that_is_gone_ends_unless_it_was_agreed_anew),
		cmocka_unit_test(it_goes_on_where_it_was),
		cmocka_unit_test(whatever_happens_its_end_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
