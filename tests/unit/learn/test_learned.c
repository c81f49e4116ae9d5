/* What follows from what was heard: a sentence and a line for each behaviour of a far end. */
#include "../unit.h"

#include "learn/learned.h"

#include <stdio.h>
#include <string.h>

static char names[][8] = {"PCMA", "PCMU"};
static char *words[] = {names[0], names[1]};
static const struct config_words offered = {.words = words, .count = 2};
static struct config_gateway gateway;
static struct heard heard;
static struct learned learned;

/* One that answered, and said nothing special. */
static int setup(void **state)
{
	(void)state;
	memset(&gateway, 0, sizeof(gateway));
	heard = (struct heard){.status = 200, .trying = true};
	return 0;
}

static void make(void)
{
	learned_make(&learned, &heard, &gateway, &offered);
}

/* "topic: said" is among them. */
static void assert_said(const char *line)
{
	char text[300];

	for (unsigned i = 0; i < learned.fact_count; i++) {
		snprintf(text, sizeof(text), "%s: %s", learned.facts[i].topic,
			learned.facts[i].said);
		if (strcmp(text, line) == 0)
			return;
	}
	for (unsigned i = 0; i < learned.fact_count; i++)
		print_message("%s: %s\n", learned.facts[i].topic, learned.facts[i].said);
	fail_msg("not said: %s", line);
}

/* The line of KEY is VALUE; NULL: there is none. Whether it is in force already is in IN_FORCE. */
static void assert_line(const char *key, const char *value, bool in_force)
{
	for (unsigned i = 0; i < learned.line_count; i++) {
		if (strcmp(learned.lines[i].key, key) != 0)
			continue;
		if (!value)
			fail_msg("%s = %s", key, learned.lines[i].value);
		assert_string_equal(learned.lines[i].value, value);
		assert_true(learned.lines[i].why[0]);
		assert_int_equal(learned.lines[i].in_force, in_force);
		return;
	}
	if (value)
		fail_msg("no line %s", key);
}

static void add_codec(struct heard_sdp *sdp, const char *name)
{
	sdp->there = true;
	snprintf(sdp->codecs[sdp->codec_count++], sizeof(sdp->codecs[0]), "%s", name);
}

static void of_silence_little_is_said(void **state)
{
	(void)state;
	heard = (struct heard){.status = 0};
	make();
	assert_int_equal(learned.line_count, 0);
	assert_int_equal(learned.fact_count, 1);
	assert_said("call: no 100, and no final response");
}

static bool is_told_of(const char *topic)
{
	for (unsigned i = 0; i < learned.fact_count; i++)
		if (strcmp(learned.facts[i].topic, topic) == 0)
			return true;
	return false;
}

/* 300 is the first status that is one. */
static void a_refusal_says_nothing_of_media(void **state)
{
	(void)state;
	heard.status = 300;
	make();
	assert_said("call: its refusal: 300");
	assert_false(is_told_of("early media") || is_told_of("media"));
	assert_false(is_told_of("PRACK"));
	heard.status = 299;
	make();
	assert_said("early media: no 18x had a description");
	assert_said("media: 0 packets came");
	assert_true(is_told_of("PRACK"));
}

static void hold_is_told_form_by_form(void **state)
{
	(void)state;
	heard.holds[HEARD_SENDONLY] = (struct heard_asked){.asked = true,
		.status = 200,
		.sdp = {.there = true, .direction = SDP_RECVONLY}};
	heard.holds[HEARD_INACTIVE] = (struct heard_asked){.asked = true, .status = 488};
	heard.holds[HEARD_NOWHERE] = (struct heard_asked){
		.asked = true, .status = 200, .sdp = {.there = true, .nowhere = true}};
	heard.resumed = (struct heard_asked){
		.asked = true, .status = 200, .sdp = {.there = true, .refused = true}};
	make();
	assert_said("hold: to a=sendonly: 200, and recvonly");
	assert_said("hold: to a=inactive: 488");
	assert_said("hold: to c=0.0.0.0: 200, and address 0.0.0.0");
	assert_said("hold: to a=sendrecv again: 200, and media refused");
	assert_line("hold", "sendonly", false);
	gateway.hold = CONFIG_HOLD_SENDONLY;
	make();
	assert_line("hold", "sendonly", true);
	heard.holds[HEARD_INACTIVE].status = 200;
	make();
	assert_line("hold", NULL, false);
	heard.holds[HEARD_SENDONLY].sdp.refused = true;
	make();
	assert_line("hold", "inactive", false);
	heard.holds[HEARD_INACTIVE].asked = false;
	make();
	assert_line("hold", NULL, false);
}

static void update_is_what_it_allows_or_answers(void **state)
{
	(void)state;
	make();
	assert_said("UPDATE: it does not say what it allows");
	heard.allow_said = true;
	make();
	assert_said("UPDATE: its Allow has none");
	heard.allows_update = true;
	heard.update = (struct heard_asked){.asked = true, .status = 501};
	make();
	assert_said("UPDATE: answered: 501");
	heard.update.status = 0;
	make();
	assert_said("UPDATE: answered: no answer");
	assert_line("session-refresh", "invite", false);
	heard.update.status = 200;
	make();
	assert_line("session-refresh", NULL, false);
	heard.allows_update = false;
	heard.update.status = 405;
	make();
	assert_line("session-refresh", NULL, false);
}

static void reliable_responses_make_a_line(void **state)
{
	(void)state;
	make();
	assert_line("reliable", NULL, false);
	assert_said("PRACK: it does not support 100rel, and its 18x were not reliable");
	heard.supports_reliable = true;
	make();
	assert_said("PRACK: it supports 100rel, and its 18x were not reliable");
	heard.reliable = true;
	make();
	assert_line("reliable", "offer", false);
	gateway.common.reliable = CONFIG_RELIABLE_OFFER;
	make();
	assert_line("reliable", "offer", true);
	heard.supports_no_reliable = true;
	make();
	assert_line("reliable", "refuse", false);
	heard.requires_reliable = true;
	make();
	assert_line("reliable", "require", false);
}

static void sessions_are_told(void **state)
{
	(void)state;
	make();
	assert_said("session timer: none");
	heard.supports_timer = true;
	make();
	assert_said("session timer: none, though it supports it");
	assert_line("session-timer", NULL, false);
	heard.expires_s = 900;
	make();
	assert_line("session-timer", "offer", false);
	assert_said("session timer: 900 s, and it lets us refresh it");
	heard.refreshes = true;
	heard.shorter = (struct heard_asked){.asked = true, .status = 200};
	make();
	assert_said("session timer: 900 s, and it lets itself refresh it");
	assert_said("session timer: one of 90 s is answered: 200");
	heard.shorter.status = 422;
	heard.min_expires_s = 600;
	make();
	assert_said("session timer: one of 90 s is too short: at least 600 s");
	heard.supports_no_timer = true;
	make();
	assert_said("session timer: it refuses it (420)");
	assert_line("session-timer", "refuse", false);
}

static void who_refuses_a_delayed_offer_gets_one_made(void **state)
{
	(void)state;
	heard.delayed = (struct heard_asked){.asked = true, .status = 488};
	make();
	assert_said("delayed offer: to an INVITE without an offer: 488");
	assert_line("delayed-offer", "make", false);
	gateway.common.delayed_offer = CONFIG_DELAYED_OFFER_MAKE;
	make();
	assert_line("delayed-offer", "make", true);
	/* busy is about the number */
	heard.delayed.status = 486;
	make();
	assert_line("delayed-offer", NULL, false);
	heard.delayed.status = 480;
	make();
	assert_line("delayed-offer", NULL, false);
	heard.delayed.status = 0;
	make();
	assert_line("delayed-offer", NULL, false);
	heard.delayed.status = 200;
	make();
	assert_said("delayed offer: to an INVITE without an offer: 200 without an offer");
	heard.delayed.sdp.there = true;
	make();
	assert_said("delayed offer: its 200 had an offer");
	assert_line("delayed-offer", NULL, false);
}

static void codecs_are_those_of_its_own_offer(void **state)
{
	(void)state;
	add_codec(&heard.answer, "PCMU");
	make();
	assert_said("codecs: of PCMA, PCMU it took PCMU");
	/* one may be its choice alone */
	assert_line("codecs", NULL, false);
	add_codec(&heard.answer, "PCMA");
	make();
	assert_line("codecs", "PCMU, PCMA", false);
	gateway.common.codecs = offered;
	add_codec(&heard.delayed.sdp, "PCMA");
	add_codec(&heard.delayed.sdp, "PCMU");
	heard.delayed.asked = true;
	heard.delayed.status = 200;
	make();
	assert_said("codecs: it offers PCMA, PCMU");
	assert_line("codecs", "PCMA, PCMU", true);
	/* what no configuration can name is left out */
	add_codec(&heard.delayed.sdp, "secret-codec");
	make();
	assert_said("codecs: it offers PCMA, PCMU, secret-codec");
	assert_line("codecs", "PCMA, PCMU", true);
}

static void digits_go_as_it_takes_them(void **state)
{
	(void)state;
	make();
	assert_line("dtmf", NULL, false);
	heard.answer.there = true;
	make();
	assert_said("digits: neither telephone-event nor INFO");
	assert_line("dtmf", NULL, false);
	heard.allows_info = true;
	make();
	assert_line("dtmf", "info", false);
	heard.answer.event_payload = 96;
	make();
	assert_said("digits: telephone-event, payload 96");
	assert_line("dtmf", "rfc4733", true);
}

static void crypto_is_told_by_its_forms(void **state)
{
	(void)state;
	heard.answer = (struct heard_sdp){.there = true,
		.cryptos = {{.tag = 1, .suite = "A"},
			{.tag = 2, .suite = "B", .mki = true}},
		.crypto_count = 2};
	make();
	assert_said("SRTP: its answer: 1 A, 2 B with MKI");
	assert_said("SRTP: an answer may have one crypto line (RFC 4568 5.1.2)");
	assert_line("sdp-lifetime", NULL, false);
	heard.answer.crypto_count = 1;
	heard.answer.cryptos[0].lifetime = true;
	make();
	assert_said("SRTP: its answer: 1 A with lifetime");
	assert_line("sdp-lifetime", "yes", false);
	gateway.sdp_lifetime = true;
	make();
	assert_line("sdp-lifetime", "yes", true);
}

static void forms_are_named(void **state)
{
	(void)state;
	heard.form = (struct heard_form){.compact = true,
		.no_tag = true,
		.no_contact = true,
		.bare_contact = true,
		.contact_user = true};
	heard.asked_us = true;
	heard.hung_up = true;
	snprintf(heard.agent, sizeof(heard.agent), "X");
	make();
	assert_said("name: it calls itself X");
	assert_said("call: it hung up before we did, without a Reason");
	assert_said("headers: it writes headers in their short form");
	assert_said("headers: To of a response has no tag (RFC 3261 8.2.6.2)");
	assert_said("headers: a 200 has no Contact that can be used");
	assert_said("headers: its Contact has no angle brackets");
	assert_said("headers: its Contact has a user, and no identity is asserted");
	assert_said("headers: it sends re-INVITE or UPDATE of its own");
}

/* All at once has room, whatever comes. */
static void everything_fits(void **state)
{
	(void)state;
	heard = (struct heard){.status = 200,
		.early = true,
		.requires_reliable = true,
		.expires_s = 1,
		.min_expires_s = 2,
		.hung_up = true,
		.asked_us = true,
		.allow_said = true,
		.form = {true, true, true, true, true}};
	for (unsigned i = 0; i < HEARD_HOLDS; i++)
		heard.holds[i].asked = true;
	heard.resumed.asked = heard.update.asked = heard.delayed.asked = true;
	heard.delayed.status = 200;
	memset(heard.agent, 'x', sizeof(heard.agent) - 1);
	for (unsigned i = 0; i < HEARD_CODECS; i++) {
		add_codec(&heard.answer, "a-codec-with-quite-a-long-name");
		add_codec(&heard.delayed.sdp, "a-codec-with-quite-a-long-name");
	}
	heard.answer.crypto_count = HEARD_CRYPTOS;
	for (unsigned i = 0; i < HEARD_CRYPTOS; i++)
		memset(heard.answer.cryptos[i].suite, 'S',
			sizeof(heard.answer.cryptos[i].suite) - 1);
	make();
	assert_in_range(learned.fact_count, 20, LEARNED_FACTS_MAX - 1);
	assert_in_range(learned.line_count, 1, LEARNED_LINES_MAX - 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		CASE(of_silence_little_is_said),
		CASE(a_refusal_says_nothing_of_media),
		CASE(hold_is_told_form_by_form),
		CASE(update_is_what_it_allows_or_answers),
		CASE(reliable_responses_make_a_line),
		CASE(sessions_are_told),
		CASE(who_refuses_a_delayed_offer_gets_one_made),
		CASE(codecs_are_those_of_its_own_offer),
		CASE(digits_go_as_it_takes_them),
		CASE(crypto_is_told_by_its_forms),
		CASE(forms_are_named),
		CASE(everything_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
