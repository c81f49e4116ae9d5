/* Which headers cross: the usual ones, those that rules name, and none of those that never do. */
#include "../unit.h"

#include "bridge/crossing.h"

#include "base/log.h"
#include "bridge/bridge_priv.h"
#include "config/words.h"

#include <stdio.h>
#include <string.h>

/* The ends of a call, and the rules of each. */
static struct bridge_side sides[2];
static struct config_trunk settings[2];
static struct leg legs[2];
static struct flow flow;
static const struct config_trunk *from;

static int start(void **state)
{
	(void)state;
	memset(legs, 0, sizeof(legs));
	memset(&flow, 0, sizeof(flow));
	for (unsigned i = 0; i < 2; i++) {
		legs[i].home = &sides[i];
		legs[i].settings = &settings[i];
	}
	addr_parse(&flow.remote, "10.9.8.7:5060", 0);
	legs[0].flow = &flow;
	from = &settings[0];
	return 0;
}

static int stop(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		words_free(&settings[i].hosts);
		words_free(&settings[i].crossing.pass);
		words_free(&settings[i].crossing.drop);
		words_free(&settings[i].crossing.add);
	}
	return 0;
}

static void set(struct config_words *words, enum schema_type type, const char *text)
{
	struct span bad;

	assert_int_equal(words_set(words, type, text, &bad), 0);
}

static void pass(unsigned end, const char *text)
{
	set(&settings[end].crossing.pass, SCHEMA_HEADERS, text);
}

static void drop(unsigned end, const char *text)
{
	set(&settings[end].crossing.drop, SCHEMA_HEADERS, text);
}

static void add(unsigned end, const char *text)
{
	set(&settings[end].crossing.add, SCHEMA_HEADER_LINES, text);
}

/* What leg 0 got: START is the first line, TAG that of To or "". */
static struct message *make(const char *start_line, const char *tag, const char *lines)
{
	static char text[64 * 1024];
	struct message_fault fault;
	struct message *message;

	snprintf(text, sizeof(text),
		"%s\r\nVia: SIP/2.0/UDP a1.corp;branch=z9hG4bKbranch\r\n"
		"From: <sip:1@from.corp>;tag=fromtag\r\nTo: <sip:2@to.corp>%s%s\r\n"
		"Call-ID: callid@a1.corp\r\nCSeq: 1 %s\r\nMax-Forwards: 70\r\n"
		"Contact: <sip:1@contact.corp>\r\n%sContent-Length: 0\r\n\r\n",
		start_line, tag[0] ? ";tag=" : "", tag,
		strncmp(start_line, "BYE", 3) ? "INVITE" : "BYE", lines);
	assert_int_equal(message_parse(&message, text, strlen(text), &fault), 0);
	return message;
}

/* What leg 1 gets of it. */
static void assert_crosses(struct message *message, unsigned kind, const char *expected)
{
	struct buf out;

	buf_init(&out, 0);
	crossing_add(&out, &(struct crossing){.from = from,
				   .to = &settings[1],
				   .leg = from ? &legs[0] : NULL,
				   .message = message,
				   .kind = kind});
	if (strcmp(out.len ? buf_str(&out) : "", expected) != 0)
		fail_msg("expected:\n%sgot:\n%s", expected, out.len ? buf_str(&out) : "");
	buf_free(&out);
	message_unref(message);
}

#define INVITE "INVITE sip:2@ruri.corp SIP/2.0"

static void assert_invite(const char *lines, const char *expected)
{
	assert_crosses(make(INVITE, "", lines), HEADER_REQUESTS, expected);
}

static void assert_reinvite(const char *lines, const char *expected)
{
	assert_crosses(make(INVITE, "totag1", lines), HEADER_REQUESTS, expected);
}

static void assert_response(const char *lines, const char *expected)
{
	assert_crosses(
		make("SIP/2.0 200 OK", "totag1", lines), HEADER_RESPONSES, expected);
}

static const char usual[] = "Priority: urgent\r\nUser-to-User: 01;encoding=hex\r\n"
			    "User-to-User: 02\r\nAccept-Language: de\r\n"
			    "Answer-Mode: Auto\r\n";

static void the_usual_ones_cross_with_the_first_invite(void **state)
{
	(void)state;
	assert_invite("Subject: a\r\nOrganization: b\r\nCall-Info: <http://a.corp>\r\n"
		      "Replaces: c;to-tag=a;from-tag=b\r\nX-A: b\r\nServer: x\r\n"
		      "Geolocation: <cid:a@a.corp>\r\nIdentity: x\r\nPrivacy: id\r\n",
		"");
	assert_invite(usual, usual);
	assert_reinvite(usual, "");
	assert_response(usual, "");
	assert_invite("Alert-Info: <urn:alert:source:external>, <http://a.corp/r.wav>\r\n"
		      "Alert-Info: <urn:alert:x>;y=<a.corp>, ring\r\n",
		"Alert-Info: <urn:alert:source:external>\r\n");
}

static void rules_let_cross_by_name_way_and_kind(void **state)
{
	static const char all[] = "X-A: 1\r\nX-B: 2\r\nY-C: 3\r\n";

	(void)state;
	pass(0, "X-A, out Y-C");
	assert_invite(all, "X-A: 1\r\n");
	assert_reinvite(all, "X-A: 1\r\n");
	assert_response(all, "X-A: 1\r\n");
	pass(0, "in X-*");
	assert_invite(all, "X-A: 1\r\nX-B: 2\r\n");
	pass(0, "requests x-a, responses X-B");
	assert_invite(all, "X-A: 1\r\n");
	assert_response(all, "X-B: 2\r\n");
	pass(1, "out Y-C, in X-B");
	assert_invite(all, "X-A: 1\r\nY-C: 3\r\n");
}

static void either_end_keeps_back(void **state)
{
	(void)state;
	pass(0, "X-*");
	drop(1, "X-B");
	assert_invite("X-A: 1\r\nX-B: 2\r\n", "X-A: 1\r\n");
	drop(1, "in X-A, responses X-A");
	assert_invite("X-A: 1\r\nX-B: 2\r\n", "X-A: 1\r\nX-B: 2\r\n");
	drop(0, "in X-A");
	assert_invite("X-A: 1\r\nX-B: 2\r\n", "X-B: 2\r\n");
	/* the usual ones too */
	drop(0, "User-to-User, Accept-*");
	assert_invite(usual, "Priority: urgent\r\nAnswer-Mode: Auto\r\n");
	drop(0, "out Priority");
	assert_invite("Priority: urgent\r\n", "Priority: urgent\r\n");
}

static void the_usual_ones_cross_with_others_by_a_rule(void **state)
{
	(void)state;
	pass(0, "User-to-User");
	assert_invite("User-to-User: 01\r\n", "User-to-User: 01\r\n");
	assert_response("User-to-User: 01\r\nPriority: x\r\n", "User-to-User: 01\r\n");
}

static void headers_are_added(void **state)
{
	(void)state;
	add(1, "X-Site: a\\, \"b\" \\c, responses X-R: 1, in X-I: 2");
	add(0, "in X-Trunk: t, X-O: 3");
	assert_invite("", "X-Trunk: t\r\nX-Site: a, \"b\" \\c\r\n");
	assert_response("", "X-Trunk: t\r\nX-Site: a, \"b\" \\c\r\nX-R: 1\r\n");
	/* in the place of those that would cross */
	add(0, "in Priority: low, in X-A: ours");
	pass(0, "X-A");
	assert_invite("Priority: urgent\r\nX-A: theirs\r\nx-site: theirs\r\n",
		"Priority: low\r\nX-A: ours\r\nX-Site: a, \"b\" \\c\r\n");
	assert_crosses(NULL, HEADER_REQUESTS,
		"Priority: low\r\nX-A: ours\r\nX-Site: a, \"b\" \\c\r\n");
}

/* A leg of a drill, or one whose other leg is not there yet. */
static void one_leg_alone_gets_what_is_added(void **state)
{
	(void)state;
	add(1, "X-Site: a");
	add(0, "in X-Trunk: t");
	pass(0, "X-A");
	from = NULL;
	assert_invite("X-A: 1\r\n", "X-Site: a\r\n");
}

/* Stars take none of them. */
static void what_never_crosses_does_not(void **state)
{
	size_t count;
	const struct header_known *known = header_list(&count);

	(void)state;
	pass(0, "Au*, Al*, Ac*, Ca*, Co*, CS*, Da*, Di*, Ev*, Ex*, Fl*, Fr*, Ge*, Hi*, "
		"Id*, In*, Jo*, Ma*, MI*, Mi*, P-*");
	pass(1, "Pr*, Pa*, RA*, Re*, Ro*, RS*, SI*, Se*, Su*, Ta*, Ti*, To*, Un*, Us*, "
		"Vi*, WW*, Wa*, Mi*, X-*");
	for (size_t i = 0; i < count; i++) {
		char line[120], name[80];

		if (!known[i].why)
			continue;
		snprintf(name, sizeof(name), "%s", known[i].name);
		if (name[strlen(name) - 1] == '*')
			strcpy(name + strlen(name) - 1, "Q");
		snprintf(line, sizeof(line), "X-A: 1\r\n%s: 1\r\n", name);
		assert_invite(line, "X-A: 1\r\n");
		assert_response(line, "X-A: 1\r\n");
	}
}

static void compact_forms_are_what_they_are_short_for(void **state)
{
	(void)state;
	pass(0, "Subject, Re*, Accept-Contact");
	assert_invite("s: hello\r\nr: <sip:a@b>\r\na: *;x\r\nb: <sip:a@b>\r\n",
		"Subject: hello\r\nAccept-Contact: *;x\r\n");
}

static void values_that_name_their_side_stay(void **state)
{
	static const char *const own[] = {"10.9.8.7", "callid@a1.corp", "fromtag",
		"z9hG4bKbranch", "A1.corp", "from.corp", "to.corp", "ruri.corp",
		"contact.corp", "pbx9.corp"};

	(void)state;
	pass(0, "X-*");
	set(&settings[0].hosts, SCHEMA_NAMES, "pbx9.corp, b.x");
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		char lines[120];

		snprintf(lines, sizeof(lines), "X-A: a%sb\r\nX-B: 1\r\n", own[i]);
		assert_invite(lines, "X-B: 1\r\n");
	}
	/* short ones are in many words */
	assert_invite("X-A: b.x\r\n", "X-A: b.x\r\n");
	assert_response("X-A: totag1\r\nX-B: 1\r\n", "X-B: 1\r\n");
	/* ours, and that of nobody */
	assert_invite("X-A: tandem.example\r\n", "X-A: tandem.example\r\n");
}

static void values_are_text(void **state)
{
	(void)state;
	pass(0, "X-*");
	assert_invite("X-A: a\x01\r\nX-B: \xff\r\nX-C: \xc3\xa4\r\nX-D: a\tb\r\nX-E:\r\n",
		"X-C: \xc3\xa4\r\nX-D: a\tb\r\nX-E: \r\n");
	/* folded: one line, whatever the second one looks like */
	assert_invite("X-A: a\r\n Via: b\r\n\tc\r\n", "X-A: a   Via: b  \tc\r\n");
	assert_invite("X-B\t: 1\r\n", "X-B: 1\r\n");
}

static void what_crosses_is_bounded(void **state)
{
	static char lines[32 * 1024];
	static char expected[8 * 1024];
	size_t len = 0, expected_len = 0;

	(void)state;
	pass(0, "X-*");
	for (unsigned i = 0; i < 300; i++)
		len += (size_t)snprintf(
			lines + len, sizeof(lines) - len, "X-%u: %u\r\n", i, i);
	for (unsigned i = 0; i < 32; i++)
		expected_len += (size_t)snprintf(expected + expected_len,
			sizeof(expected) - expected_len, "X-%u: %u\r\n", i, i);
	assert_invite(lines, expected);
	/* a value of 1025 bytes is too long, one of 1024 is not, and no fifth of them fits */
	len = expected_len = 0;
	for (unsigned i = 0; i < 5; i++) {
		len += (size_t)snprintf(
			lines + len, sizeof(lines) - len, "X-%u: %01024u\r\n", i, i);
		if (i < 3)
			expected_len = len;
	}
	memcpy(expected, lines, expected_len);
	snprintf(expected + expected_len, sizeof(expected) - expected_len, "X-Z: 1\r\n");
	snprintf(lines + len, sizeof(lines) - len, "X-9: %01025u\r\nX-Z: 1\r\n", 9u);
	assert_invite(lines, expected);
}

static struct {
	unsigned count;
	char last[400];
} said;

static void said_h(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	said.count++;
	snprintf(said.last, sizeof(said.last), "%s", line);
}

static void assert_said(unsigned count, const char *part)
{
	if (said.count != count || (count && !strstr(said.last, part)))
		fail_msg("%u times, \"%s\", not %u times \"%s\"", said.count, said.last,
			count, part);
	said.count = 0;
}

/* Once a trunk and name; and no name that each hop has of its own. */
static void what_stayed_is_said_once(void **state)
{
	enum log_level before = log_get_level();
	char id[] = "carrier", other[] = "other";

	(void)state;
	settings[0].id = id;
	log_set_sink(said_h, NULL);
	pass(0, "X-Own, X-Long");
	drop(1, "X-Drop");
	assert_invite("X-A: 1\r\n", "");
	assert_said(0, "");
	log_set_level(LOG_LEVEL_DEBUG);
	for (unsigned i = 0; i < 2; i++) {
		assert_invite("X-A: 1\r\nServer: a\r\nPriority: normal\r\n",
			"Priority: normal\r\n");
		assert_said(!i,
			"trunk=carrier event=header-left-out what=\"X-A\" reason=\"no "
			"headers-pass names it\"");
	}
	settings[0].id = other;
	assert_invite("X-A: 1\r\n", "");
	assert_said(1, "trunk=other ");
	assert_invite("X-Drop: 1\r\n", "");
	assert_said(1, "what=\"X-Drop\" reason=\"headers-drop\"");
	assert_invite("X-Own: fromtag\r\n", "");
	assert_said(1, "what=\"X-Own\" reason=\"it has a host");
	assert_invite("X-Long: \xff\r\n", "");
	assert_said(1, "what=\"X-Long\" reason=\"no text\"");
	log_set_level(before);
	log_set_sink(NULL, NULL);
	settings[0].id = NULL;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_usual_ones_cross_with_the_first_invite),
		TEST(rules_let_cross_by_name_way_and_kind),
		TEST(either_end_keeps_back),
		TEST(the_usual_ones_cross_with_others_by_a_rule),
		TEST(headers_are_added),
		TEST(one_leg_alone_gets_what_is_added),
		TEST(what_never_crosses_does_not),
		TEST(compact_forms_are_what_they_are_short_for),
		TEST(values_that_name_their_side_stay),
		TEST(values_are_text),
		TEST(what_crosses_is_bounded),
		TEST(what_stayed_is_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
