/* Who calls whom: read from an INVITE, written for a far end. Bounds, faults, no memory. */
#include "party_rig.h"

#include "base/err.h"
#include "bridge/party.h"

#include <stdio.h>
#include <string.h>

#define FROM "From: \"A\" <sip:+4930100@a.corp>;tag=1\r\n"

static struct party *read_party(const char *headers)
{
	return party_rig_read("sip:+4930200@10.0.0.1;cause=302", FROM, headers);
}

static const struct party_shown shown = {.host = "us.example",
	.target = "them.example",
	.port = ":5080",
	.params = ";transport=tcp"};

static void write_party(
	const char *headers, const struct party_shown *to, struct party_invite *ret)
{
	struct party *party = read_party(headers);

	memset(ret, 0, sizeof *ret);
	assert_int_equal(party_write(party, to, ret), 0);
	party_free(party);
}

/* HEADERS are written as EXPECTED, and as no other headers. */
static void assert_headers(const char *headers, const char *expected)
{
	struct party_invite invite;
	const char *text;

	write_party(headers, &shown, &invite);
	text = invite.headers.len ? buf_str(&invite.headers) : "";
	if (strcmp(text, expected) != 0)
		fail_msg("%s\nexpected:\n%sgot:\n%s", headers, expected, text);
	party_invite_free(&invite);
}

static void numbers_cross_and_hosts_do_not(void **state)
{
	struct party_invite invite;
	struct party_shown phone = shown;

	(void)state;
	write_party("", &shown, &invite);
	assert_string_equal(buf_str(&invite.uri),
		"sip:+4930200@them.example:5080;cause=302;transport=tcp");
	assert_string_equal(buf_str(&invite.to), "<sip:+4930200@them.example;cause=302>");
	assert_string_equal(buf_str(&invite.from), "\"A\" <sip:+4930100@us.example>");
	assert_int_equal(invite.headers.len, 0);
	party_invite_free(&invite);
	phone.user_phone = true;
	phone.params = "";
	write_party("From: <sip:bob@a.corp>;tag=1\r\n"
		    "P-Asserted-Identity: <sip:+4930100@a.corp>\r\n",
		&phone, &invite);
	assert_string_equal(buf_str(&invite.uri),
		"sip:+4930200@them.example:5080;user=phone;cause=302");
	assert_string_equal(buf_str(&invite.from), "<sip:bob@us.example>");
	assert_string_equal(buf_str(&invite.headers),
		"P-Asserted-Identity: <sip:+4930100@us.example;user=phone>\r\n");
	party_invite_free(&invite);
}

static void a_from_keeps_what_it_can(void **state)
{
	static const char *const table[][2] = {
		{"From: <sip:@a.corp>;tag=1\r\n", "<sip:us.example>"},
		{"From: <sip:a.corp>;tag=1\r\n", "<sip:us.example>"},
		{"From: \"x\" <mailto:a@a.corp>;tag=1\r\n", "\"x\" <sip:us.example>"},
		{"From: <sip:Anonymous@ANONYMOUS.INVALID>;tag=1\r\n",
			"<sip:Anonymous@ANONYMOUS.INVALID>"},
		{"From: <sip:x@invalid>;tag=1\r\n", "<sip:x@us.example>"},
		{"From: <sip:unavailable@unknown.invalid>;tag=1\r\n",
			"<sip:unavailable@unknown.invalid>"},
		{"From: <sips:1@a.corp;gr=2?Reason=x>;tag=1\r\n", "<sip:1@us.example>"},
		{"From: <tel:1-2;ext=3>;tag=1\r\n",
			"<sip:12;ext=3@us.example;user=phone>"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct party_invite invite;

		write_party(table[i][0], &shown, &invite);
		assert_string_equal(buf_str(&invite.from), table[i][1]);
		party_invite_free(&invite);
	}
}

static void identities_cross_all(void **state)
{
	(void)state;
	assert_headers("P-Asserted-Identity: <sip:1@a.corp>, \"T\" <tel:+2>\r\n",
		"P-Asserted-Identity: <sip:1@us.example>\r\n"
		"P-Asserted-Identity: \"T\" <tel:+2>\r\n");
	assert_headers("P-Asserted-Identity: M\303\274ller <sip:1@a.corp>;x=a.corp\r\n",
		"P-Asserted-Identity: \"M\303\274ller\" <sip:1@us.example>\r\n");
	assert_headers("P-Asserted-Identity: \r\n", "");
	assert_headers(
		"P-Asserted-Identity: <sip:a.corp>, <http://a.corp>, junk\r\n", "");
	assert_headers("P-Preferred-Identity: <sip:1@a.corp>\r\n",
		"P-Preferred-Identity: <sip:1@us.example>\r\n");
	assert_headers("P-Preferred-Identity: <sip:1@a.corp>, <tel:+2>\r\n",
		"P-Preferred-Identity: <sip:1@us.example>\r\n");
	assert_headers("P-Preferred-Identity: <sip:1@a.corp>\r\n"
		       "P-Asserted-Identity: <sip:2@a.corp>\r\n",
		"P-Asserted-Identity: <sip:2@us.example>\r\n");
}

static void only_known_parameters_cross(void **state)
{
	(void)state;
	assert_headers("Diversion: <sip:1@a.corp>;privacy=off;reason=\"a;b\";host=a.corp;"
		       "counter=2;limit=<x>;screen\r\n",
		"Diversion: <sip:1@us.example>;reason=\"a;b\";counter=2;privacy=off;"
		"screen\r\n");
	assert_headers("Diversion: <sip:1@a.corp>;reason=\"open;counter=1\r\n",
		"Diversion: <sip:1@us.example>;counter=1\r\n");
	assert_headers("Remote-Party-ID: <sip:1@a.corp>;party=calling;np=x\r\n",
		"Remote-Party-ID: <sip:1@us.example>;party=calling\r\n");
}

static void history_keeps_reasons_and_order(void **state)
{
	(void)state;
	assert_headers("History-Info: <sip:1@a.corp?Reason=SIP%3Bcause%3D302>;index=1,"
		       "<sip:2@anonymous.invalid?privacy=history&Route=%3Csip:a.corp%3E>;"
		       "index=1.1\r\n"
		       "History-Info: "
		       "<sip:3@a.corp;cause=486;target=sip:a.corp>;index=1.2;rc=1.1\r\n",
		"History-Info: <sip:1@us.example?Reason=SIP%3Bcause%3D302>;index=1\r\n"
		"History-Info: <sip:2@anonymous.invalid?Privacy=history>;index=1.1\r\n"
		"History-Info: <sip:3@us.example;cause=486>;index=1.2;rc=1.1\r\n");
}

static void of_other_headers_privacy_alone_is_written(void **state)
{
	(void)state;
	assert_headers("Subject: a\r\nPriority: urgent\r\nUser-to-User: 01\r\n"
		       "Reason: Q.850;cause=16\r\nX-A: b\r\nPrivacy: id;critical\r\n",
		"Privacy: id;critical\r\n");
}

static void what_is_read_is_bounded(void **state)
{
	char headers[16 * 1024];
	struct party *party;
	size_t len = 0;

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		len += (size_t)snprintf(headers + len, sizeof headers - len,
			"Diversion: <sip:%u@a>\r\nHistory-Info: <sip:%u@a>;index=%u\r\n"
			"P-Asserted-Identity: <sip:%u@a>\r\nRemote-Party-ID: "
			"<sip:%u@a>\r\n",
			i, i, i + 1, i, i);
	party = read_party(headers);
	assert_int_equal(party->asserted.count, PARTY_ASSERTED_MAX);
	assert_int_equal(party->remote.count, PARTY_REMOTE_MAX);
	assert_int_equal(party->diversions.count, PARTY_DIVERSIONS_MAX);
	assert_int_equal(party->history.count, PARTY_HISTORY_MAX);
	assert_true(span_equal_str(party->diversions.list[9].phone.number, "9"));
	assert_int_equal(party->asserted.count, 4);
	party_free(party);
}

/* A name of 3 kB is more than crosses; the rest does. */
static void what_is_too_long_is_left_out(void **state)
{
	char headers[8 * 1024];
	char name[3000];

	(void)state;
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	snprintf(headers, sizeof headers,
		"P-Asserted-Identity: \"%s\" <sip:1@a.corp>\r\n"
		"P-Asserted-Identity: <sip:2@a.corp>\r\nPrivacy: %s\r\n",
		name, name);
	assert_headers(headers, "P-Asserted-Identity: <sip:2@us.example>\r\n");
}

/* Everything that is read is copied: the copy is written as the same text. */
static void a_copy_is_written_as_what_it_was_made_of(void **state)
{
	struct party *party = read_party(
		"From: \"A\" <sip:1@a.corp>;tag=1\r\n"
		"P-Asserted-Identity: <sip:2@a.corp>, <tel:+493>\r\n"
		"P-Preferred-Identity: <sip:4@a.corp>\r\n"
		"Remote-Party-ID: <sip:5@a.corp>;screen=yes\r\n"
		"Diversion: <sip:6@a.corp>;reason=no-answer\r\n"
		"History-Info: <sip:7@a.corp>;index=1, <sip:8@a.corp>;index=1.1\r\n"
		"Priority: urgent\r\n");
	struct party_invite first = {0}, second = {0};
	struct party *copy;

	(void)state;
	party->emergency = true;
	assert_int_equal(party_copy(&copy, party), 0);
	assert_true(copy->emergency);
	assert_int_equal(copy->preferred.count, 1);
	assert_int_equal(party_write(party, &shown, &first), 0);
	copy->asserted.list[0].phone.number = span_of("9"); /* of the copy alone */
	assert_true(span_equal_str(party->asserted.list[0].phone.number, "2"));
	copy->asserted.list[0] = party->asserted.list[0];
	assert_int_equal(party_write(copy, &shown, &second), 0);
	assert_string_equal(buf_str(&first.uri), buf_str(&second.uri));
	assert_string_equal(buf_str(&first.from), buf_str(&second.from));
	assert_string_equal(buf_str(&first.to), buf_str(&second.to));
	assert_string_equal(buf_str(&first.headers), buf_str(&second.headers));
	party_invite_free(&first);
	party_invite_free(&second);
	party_free(copy);
	party_free(party);
}

static void texts_that_are_kept_are_bounded(void **state)
{
	static char long_text[PARTY_TEXTS_MAX_BYTES];
	struct party *party = read_party("");
	struct span kept = {0}, other;
	char text[] = "0301";

	(void)state;
	assert_int_equal(party_keep(party, span_of(text), &kept), 0);
	text[0] = 'x';
	assert_true(span_equal_str(kept, "0301"));
	assert_int_equal(
		party_keep(party, (struct span){long_text, sizeof long_text - 4}, &other),
		0);
	assert_int_equal(other.len, sizeof long_text - 4);
	assert_int_equal(party_keep(party, span_of("1"), &other), ERR_LIMIT);
	assert_int_equal(other.len, sizeof long_text - 4);
	assert_int_equal(party_keep(party, (struct span){0}, &other), 0);
	party_free(party);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_cross_and_hosts_do_not),
		cmocka_unit_test(a_from_keeps_what_it_can),
		cmocka_unit_test(identities_cross_all),
		cmocka_unit_test(only_known_parameters_cross),
		cmocka_unit_test(history_keeps_reasons_and_order),
		cmocka_unit_test(of_other_headers_privacy_alone_is_written),
		cmocka_unit_test(what_is_read_is_bounded),
		cmocka_unit_test(what_is_too_long_is_left_out),
		cmocka_unit_test(a_copy_is_written_as_what_it_was_made_of),
		cmocka_unit_test(texts_that_are_kept_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
