/* Who is shown to whom: RFC 3323, 3325, 5379, 5806, 7044, 7544 as functions from one party to another. */
#include "party_rig.h"

#include "bridge/party_diversion.h"
#include "bridge/party_identity.h"
#include "bridge/party_privacy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct party *read_party(const char *headers)
{
	return party_rig_read("sip:+4930200@10.0.0.1",
		"From: \"A\" <sip:100@a.corp>;tag=1\r\n", headers);
}

/* What is written of PARTY: "FROM\nHEADERS". */
static void print_party(const struct party *party, char *ret, size_t size)
{
	static const struct party_shown shown = {
		.host = "us", .target = "them", .port = "", .params = ""};
	struct party_invite invite = {0};

	assert_int_equal(party_write(party, &shown, &invite), 0);
	snprintf(ret, size, "%s\n%s", buf_str(&invite.from),
		invite.headers.len ? buf_str(&invite.headers) : "");
	party_invite_free(&invite);
	for (char *from = ret, *to = ret; (*to = *from); from++)
		to += *from != '\r';
}

static char from_word[] = "from", asserted_word[] = "asserted",
	    fixed_word[] = "fixed +4930";
static const struct config_identity plain = {.trusted = true, .from = from_word};

/* A call with HEADERS to whom SETTINGS are of is shown as EXPECTED. */
static void assert_shown(
	const char *headers, const struct config_identity *settings, const char *expected)
{
	struct party *party = read_party(headers);
	char text[16 * 1024];

	assert_int_equal(party_identity_out(party, settings), 0);
	print_party(party, text, sizeof text);
	if (strcmp(text, expected) != 0)
		fail_msg("%s\nexpected:\n%s\ngot:\n%s", headers, expected, text);
	party_free(party);
}

#define A "\"A\" <sip:100@us>\n"
#define NOBODY "\"Anonymous\" <sip:anonymous@anonymous.invalid>\n"
#define HIDES "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1\r\n"
#define PAI "P-Asserted-Identity: \"B\" <sip:200@a.corp>\r\n"
#define PAI_SHOWN "P-Asserted-Identity: \"B\" <sip:200@us>\n"

static void nothing_changes_by_default(void **state)
{
	(void)state;
	assert_shown("", &plain, A);
	assert_shown(PAI "Remote-Party-ID: <sip:1@a.corp>;party=calling;privacy=full\r\n"
			 "Diversion: <sip:2@a.corp>;privacy=full;reason=away\r\n"
			 "History-Info: <sip:3@a.corp?Privacy=history>;index=1\r\n"
			 "Privacy: id;critical;strange\r\n",
		&plain,
		A PAI_SHOWN "Remote-Party-ID: <sip:1@us>;party=calling;privacy=full\n"
			    "Diversion: <sip:2@us>;reason=away;privacy=full\n"
			    "History-Info: <sip:3@us?Privacy=history>;index=1\n"
			    "Privacy: id;critical;strange\n");
}

static void from_shows_whose_number_is_chosen(void **state)
{
	struct config_identity settings = plain;

	(void)state;
	settings.from = asserted_word;
	assert_shown(PAI, &settings, "\"B\" <sip:200@us>\n" PAI_SHOWN);
	assert_shown("", &settings, A);
	/* the name is that of the number, which is nobody else's */
	assert_shown(HIDES "P-Asserted-Identity: <tel:+49-30;ext=7>\r\nPrivacy: id\r\n",
		&settings,
		"<sip:+4930;ext=7@us;user=phone>\n"
		"P-Asserted-Identity: <tel:+4930;ext=7>\nPrivacy: id\n");
	assert_shown("P-Asserted-Identity: <tel:+4930>\r\n", &settings,
		"\"A\" <sip:+4930@us>\nP-Asserted-Identity: <tel:+4930>\n");
	/* the first with a number */
	assert_shown("P-Asserted-Identity: <sip:bob@a.corp>, <sip:+49@a.corp>\r\n",
		&settings,
		"\"A\" <sip:+49@us>\nP-Asserted-Identity: <sip:bob@us>\n"
		"P-Asserted-Identity: <sip:+49@us>\n");
	assert_shown("P-Asserted-Identity: <sip:bob@a.corp>\r\n", &settings,
		A "P-Asserted-Identity: <sip:bob@us>\n");
	settings.from = fixed_word;
	assert_shown(PAI, &settings, "\"A\" <sip:+4930@us>\n" PAI_SHOWN);
	assert_shown(HIDES "Privacy: id\r\n", &settings, "<sip:+4930@us>\nPrivacy: id\n");
	settings.from = NULL;
	assert_shown("", &settings, A);
}

static void an_asserted_identity_is_made(void **state)
{
	struct config_identity settings = plain;

	(void)state;
	settings.asserted = CONFIG_IDENTITY_MAKE;
	assert_shown("", &settings, A "P-Asserted-Identity: \"A\" <sip:100@us>\n");
	assert_shown(PAI, &settings, A PAI_SHOWN);
	/* RFC 3325 9.2: the wish is not passed on beside it */
	assert_shown("P-Preferred-Identity: <sip:300@a.corp>\r\n", &settings,
		A "P-Asserted-Identity: <sip:300@us>\n");
	assert_shown("P-Preferred-Identity: <sip:bob@a.corp>\r\n", &settings,
		A "P-Asserted-Identity: \"A\" <sip:100@us>\n");
	assert_shown("P-Preferred-Identity: <sip:300@a.corp>\r\n"
		     "Remote-Party-ID: <sip:400@a.corp>;screen=yes\r\n",
		&settings,
		A "P-Asserted-Identity: <sip:400@us>\n"
		  "Remote-Party-ID: <sip:400@us>;screen=yes\n");
	/* of what is no number none is made */
	assert_shown("From: <sip:bob@a.corp>;tag=1\r\n", &settings, "<sip:bob@us>\n");
	assert_shown(HIDES, &settings, NOBODY);
	assert_shown("From: <sip:100@anonymous.invalid>;tag=1\r\n", &settings,
		"<sip:100@anonymous.invalid>\n");
	/* what From shows is something else than who calls */
	settings.from = fixed_word;
	assert_shown("", &settings,
		"\"A\" <sip:+4930@us>\nP-Asserted-Identity: \"A\" <sip:100@us>\n");
}

static void identities_are_dropped(void **state)
{
	struct config_identity settings = plain;

	(void)state;
	settings.asserted = CONFIG_IDENTITY_DROP;
	assert_shown(PAI, &settings, A);
	assert_shown("P-Preferred-Identity: <sip:300@a.corp>\r\n", &settings, A);
	assert_shown("Remote-Party-ID: <sip:400@a.corp>\r\n", &settings,
		A "Remote-Party-ID: <sip:400@us>\n");
	settings.remote = CONFIG_IDENTITY_DROP;
	assert_shown("Remote-Party-ID: <sip:400@a.corp>\r\n", &settings, A);
	/* it is looked at before */
	settings.from = asserted_word;
	assert_shown(PAI, &settings, "\"B\" <sip:200@us>\n");
}

static void a_remote_party_is_made(void **state)
{
	struct config_identity settings = plain;

	(void)state;
	settings.remote = CONFIG_IDENTITY_MAKE;
	assert_shown("", &settings,
		A "Remote-Party-ID: \"A\" <sip:100@us>;party=calling;screen=no;privacy="
		  "off\n");
	assert_shown(PAI, &settings,
		A PAI_SHOWN
		"Remote-Party-ID: \"B\" <sip:200@us>;party=calling;screen=yes;"
		"privacy=off\n");
	assert_shown(PAI "Privacy: id\r\n", &settings,
		A PAI_SHOWN
		"Remote-Party-ID: \"B\" <sip:200@us>;party=calling;screen=yes;"
		"privacy=full\nPrivacy: id\n");
	assert_shown("Privacy: user\r\n", &settings,
		A "Remote-Party-ID: \"A\" <sip:100@us>;party=calling;screen=no;privacy="
		  "full\nPrivacy: user\n");
	assert_shown("Privacy: none\r\n", &settings,
		A "Remote-Party-ID: \"A\" <sip:100@us>;party=calling;screen=no;privacy="
		  "off\nPrivacy: none\n");
	assert_shown("Remote-Party-ID: <sip:400@a.corp>\r\n", &settings,
		A "Remote-Party-ID: <sip:400@us>\n");
	assert_shown(HIDES, &settings, NOBODY);
	/* the one in place of the other */
	settings.asserted = CONFIG_IDENTITY_DROP;
	assert_shown(PAI, &settings,
		A "Remote-Party-ID: \"B\" <sip:200@us>;party=calling;screen=yes;"
		  "privacy=off\n");
	settings.asserted = CONFIG_IDENTITY_MAKE;
	assert_shown("", &settings,
		A "P-Asserted-Identity: \"A\" <sip:100@us>\n"
		  "Remote-Party-ID: \"A\" <sip:100@us>;party=calling;screen=no;privacy="
		  "off\n");
}

/* RFC 3325 5. */
static void what_a_stranger_asserts_is_not_believed(void **state)
{
	const struct config_identity doubted = {.from = from_word};
	struct config_identity settings = plain;
	struct party *party = read_party(PAI "P-Preferred-Identity: <sip:300@a.corp>\r\n"
					     "Remote-Party-ID: <sip:400@a.corp>\r\n");
	struct party *copy;
	char text[4096];

	(void)state;
	party_identity_in(party, &plain);
	assert_int_equal(party->asserted.count, 1);
	party_identity_in(party, &doubted);
	assert_int_equal(party->asserted.count, 0);
	assert_int_equal(party->remote.count, 0);
	settings.asserted = CONFIG_IDENTITY_MAKE;
	settings.from = asserted_word;
	/* what is done for one far end is known of a copy */
	assert_int_equal(party_copy(&copy, party), 0);
	assert_int_equal(party_identity_out(copy, &settings), 0);
	print_party(copy, text, sizeof text);
	assert_string_equal(text, A "P-Preferred-Identity: <sip:300@us>\n");
	party_free(copy);
	party_free(party);
}

#define ALL                                                                              \
	PAI "Remote-Party-ID: <sip:1@a.corp>\r\n"                                        \
	    "Diversion: \"D\" <sip:2@a.corp>;reason=away\r\n"                            \
	    "History-Info: \"H\" <sip:3@a.corp;cause=302>;index=1;mp=1,"                 \
	    "<sip:4@a.corp?Privacy=none>;index=1.1\r\n"
#define REMOTE_SHOWN "Remote-Party-ID: <sip:1@us>\n"
#define FORWARDED_SHOWN                                                                  \
	"Diversion: \"D\" <sip:2@us>;reason=away\n"                                      \
	"History-Info: \"H\" <sip:3@us;cause=302>;index=1;mp=1\n"                        \
	"History-Info: <sip:4@us?Privacy=none>;index=1.1\n"
#define FORWARDED_HIDDEN                                                                 \
	"Diversion: <sip:anonymous@anonymous.invalid>;reason=away\n"                     \
	"History-Info: <sip:anonymous@anonymous.invalid;cause=302>;index=1;mp=1\n"       \
	"History-Info: <sip:4@us?Privacy=none>;index=1.1\n"

/* RFC 3323 4.2 and 5, RFC 5379 5.1, one word after the other. */
static void each_wish_hides_what_it_names(void **state)
{
	static const char *const table[][2] = {
		{"", A PAI_SHOWN REMOTE_SHOWN FORWARDED_SHOWN},
		{"Privacy: none\r\n",
			A PAI_SHOWN REMOTE_SHOWN FORWARDED_SHOWN "Privacy: none\n"},
		{"Privacy: none;id;user\r\n", A PAI_SHOWN REMOTE_SHOWN FORWARDED_SHOWN
			"Privacy: none;id;user\n"},
		{"Privacy: id\r\n", NOBODY FORWARDED_SHOWN},
		{"Privacy: ID\r\n", NOBODY FORWARDED_SHOWN},
		{"Privacy: user\r\n", NOBODY PAI_SHOWN REMOTE_SHOWN FORWARDED_SHOWN},
		{"Privacy: header\r\n", A FORWARDED_HIDDEN},
		{"Privacy: session\r\n", A PAI_SHOWN REMOTE_SHOWN FORWARDED_HIDDEN},
		{"Privacy: history\r\n", A PAI_SHOWN REMOTE_SHOWN FORWARDED_HIDDEN},
		{"Privacy: id;critical\r\n", NOBODY FORWARDED_SHOWN},
		{"Privacy: critical\r\n",
			A PAI_SHOWN REMOTE_SHOWN FORWARDED_SHOWN "Privacy: critical\n"},
		{"Privacy: header;session;user;id;history;critical\r\n",
			NOBODY FORWARDED_HIDDEN},
		{"Privacy: id, history\r\nPrivacy: user\r\n", NOBODY FORWARDED_HIDDEN},
		/* what we do not know is for whoever comes next */
		{"Privacy: id;strange\r\n", NOBODY FORWARDED_SHOWN "Privacy: strange\n"},
		{"Privacy: strange\r\n",
			A PAI_SHOWN REMOTE_SHOWN FORWARDED_SHOWN "Privacy: strange\n"},
	};
	struct config_identity settings = plain;

	(void)state;
	settings.privacy = CONFIG_PRIVACY_APPLY;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		char headers[1024];

		snprintf(headers, sizeof headers, "%s%s", ALL, table[i][0]);
		assert_shown(headers, &settings, table[i][1]);
	}
}

static void what_is_marked_is_hidden_by_itself(void **state)
{
	struct config_identity settings = plain;

	(void)state;
	settings.privacy = CONFIG_PRIVACY_APPLY;
	assert_shown("Diversion: \"D\" <sip:2@a.corp>;privacy=full\r\n", &settings,
		A "Diversion: <sip:anonymous@anonymous.invalid>;privacy=full\n");
	assert_shown("Diversion: \"D\" <tel:2>;privacy=\"FULL\"\r\n", &settings,
		A "Diversion: <sip:anonymous@anonymous.invalid>;privacy=\"FULL\"\n");
	assert_shown("Diversion: \"D\" <sip:2@a.corp>;privacy=uri\r\n", &settings,
		A "Diversion: \"D\" <sip:anonymous@anonymous.invalid>;privacy=uri\n");
	assert_shown("Diversion: \"D\" <sip:2@a.corp>;privacy=name\r\n", &settings,
		A "Diversion: <sip:2@us>;privacy=name\n");
	assert_shown("Diversion: \"D\" <sip:2@a.corp>;privacy=off\r\n", &settings,
		A "Diversion: \"D\" <sip:2@us>;privacy=off\n");
	assert_shown("History-Info: \"H\" <sip:3@a.corp?Privacy=history>;index=1\r\n",
		&settings, A "History-Info: <sip:anonymous@anonymous.invalid>;index=1\n");
	assert_shown(
		"Remote-Party-ID: \"R\" <sip:1@a.corp>;privacy=full\r\n", &settings, A);
	assert_shown("Remote-Party-ID: \"R\" <sip:1@a.corp>;privacy=uri-network\r\n",
		&settings, A);
	assert_shown("Remote-Party-ID: \"R\" <sip:1@a.corp>;privacy=name,"
		     "<sip:5@a.corp>;privacy=off\r\n",
		&settings,
		A "Remote-Party-ID: <sip:1@us>;privacy=name\n"
		  "Remote-Party-ID: <sip:5@us>;privacy=off\n");
	/* who wants no privacy at all gets none */
	assert_shown(
		"Remote-Party-ID: \"R\" <sip:1@a.corp>;privacy=full\r\nPrivacy: none\r\n",
		&settings,
		A "Remote-Party-ID: \"R\" <sip:1@us>;privacy=full\nPrivacy: none\n");
	/* a name of nobody stays as it is */
	assert_shown("From: <sip:unavailable@unknown.invalid>;tag=1\r\nPrivacy: id\r\n",
		&settings, "\"Anonymous\" <sip:unavailable@unknown.invalid>\n");
}

/* RFC 3325 7: what leaves the trust domain. */
static void a_stranger_is_not_told_who_hides(void **state)
{
	struct config_identity settings = plain;

	(void)state;
	settings.trusted = false;
	assert_shown(ALL, &settings, A PAI_SHOWN REMOTE_SHOWN FORWARDED_SHOWN);
	assert_shown(ALL "Privacy: none\r\n", &settings,
		A PAI_SHOWN REMOTE_SHOWN FORWARDED_SHOWN "Privacy: none\n");
	assert_shown(
		ALL "Privacy: id\r\n", &settings, NOBODY FORWARDED_SHOWN "Privacy: id\n");
	assert_shown(ALL "Privacy: user\r\n", &settings,
		A PAI_SHOWN REMOTE_SHOWN FORWARDED_SHOWN "Privacy: user\n");
	assert_shown(ALL "Privacy: history\r\n", &settings,
		A PAI_SHOWN REMOTE_SHOWN FORWARDED_HIDDEN "Privacy: history\n");
	assert_shown("P-Preferred-Identity: <sip:300@a.corp>\r\n", &settings, A);
	assert_shown("Remote-Party-ID: <sip:1@a.corp>;privacy=full\r\n", &settings, A);
	/* what is made for him is hidden all the same, and so is what he would be shown in From */
	settings.from = asserted_word;
	settings.asserted = settings.remote = CONFIG_IDENTITY_MAKE;
	assert_shown("Privacy: id\r\n", &settings, NOBODY "Privacy: id\n");
	assert_shown(PAI "Privacy: id\r\n", &settings, NOBODY "Privacy: id\n");
}

static void a_wish_may_be_removed(void **state)
{
	struct config_identity settings = plain;

	(void)state;
	settings.privacy = CONFIG_PRIVACY_STRIP;
	assert_shown(ALL "Privacy: id;user\r\n", &settings,
		A PAI_SHOWN REMOTE_SHOWN FORWARDED_SHOWN);
	assert_shown("Privacy: critical;none\r\n", &settings, A);
}

/* RFC 3323 5. */
static void a_critical_wish_is_fulfilled_or_refused(void **state)
{
	static const struct {
		const char *privacy;
		int pass, apply, strip;
	} table[] = {
		{"critical", 0, 0, 0},
		{"id;critical", 0, 0, -EPERM},
		{"id", 0, 0, 0},
		{"id;strange;critical", 0, -EPERM, -EPERM},
		{"strange", 0, 0, 0},
		{"none;critical", 0, 0, 0},
		{"none;strange;critical", 0, 0, 0},
		{"header;session;user;history;critical", 0, 0, -EPERM},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		const int expected[] = {table[i].pass, table[i].apply, table[i].strip};

		for (unsigned rule = 0; rule < 3; rule++) {
			struct config_identity settings = plain;
			char headers[128];
			struct party *party;

			snprintf(headers, sizeof headers, "Privacy: %s\r\n",
				table[i].privacy);
			party = read_party(headers);
			settings.privacy = (enum config_privacy)rule;
			assert_int_equal(
				party_identity_out(party, &settings), expected[rule]);
			party_free(party);
		}
	}
}

static void who_calls_for_help_is_shown(void **state)
{
	struct config_identity settings = {.from = from_word,
		.privacy = CONFIG_PRIVACY_APPLY,
		.diversion = CONFIG_DIVERSION_HISTORY};
	struct party *party =
		read_party(PAI "Privacy: id;strange;critical\r\n"
			       "Diversion: <sip:1@a.corp>;privacy=full\r\n");
	char text[4096];

	(void)state;
	party->urgent = true;
	assert_int_equal(party_identity_out(party, &settings), 0);
	print_party(party, text, sizeof text);
	assert_string_equal(text, A PAI_SHOWN "Diversion: <sip:1@us>;privacy=full\n"
					      "Privacy: id;strange;critical\n");
	party_free(party);
}

/* ---- RFC 7544 ---- */

static void a_diversion_becomes_history(void **state)
{
	static const char *const reasons[][2] = {
		{"unknown", "404"},
		{"unconditional", "302"},
		{"user-busy", "486"},
		{"no-answer", "408"},
		{"deflection", "480"},
		{"unavailable", "503"},
		{"time-of-day", "404"},
		{"do-not-disturb", "404"},
		{"follow-me", "404"},
		{"out-of-service", "404"},
		{"away", "404"},
		{"\"user-busy\"", "486"},
		{"Unconditional", "302"},
		{"\"my own\"", "404"},
	};
	struct config_identity settings = plain;

	(void)state;
	settings.diversion = CONFIG_DIVERSION_HISTORY;
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		char headers[256], expected[256];

		snprintf(headers, sizeof headers,
			"Diversion: \"D\" <sip:1@a.corp>;reason=%s\r\n", reasons[i][0]);
		snprintf(expected, sizeof expected,
			A "History-Info: \"D\" <sip:1@us>;index=1\n"
			  "History-Info: <sip:+4930200@us;cause=%s>;index=1.1;mp=1\n",
			reasons[i][1]);
		assert_shown(headers, &settings, expected);
	}
	/* the latest stands first */
	assert_shown(
		"Diversion: <sip:2@a.corp>;reason=no-answer;privacy=full;counter=1\r\n"
		"Diversion: <tel:1>;reason=user-busy;privacy=off\r\n",
		&settings,
		A "History-Info: <sip:1@us>;index=1\n"
		  "History-Info: <sip:2@us;cause=486?Privacy=history>;index=1.1;mp=1\n"
		  "History-Info: <sip:+4930200@us;cause=408>;index=1.1.1;mp=1.1\n");
	/* a counter stands for those that are not known */
	assert_shown("Diversion: <sip:2@a.corp>;reason=user-busy;counter=3\r\n",
		&settings,
		A "History-Info: <sip:unknown@unknown.invalid>;index=1\n"
		  "History-Info: <sip:unknown@unknown.invalid;cause=404>;index=1.1;mp=1\n"
		  "History-Info: <sip:2@us;cause=404>;index=1.1.1;mp=1.1\n"
		  "History-Info: <sip:+4930200@us;cause=486>;index=1.1.1.1;mp=1.1.1\n");
	for (unsigned i = 0; i < 2; i++)
		assert_shown(i ? "Diversion: <sip:2@a.corp>;privacy=name;counter=0\r\n"
			       : "Diversion: <sip:2@a.corp>;privacy=uri;counter=x\r\n",
			&settings,
			A "History-Info: <sip:2@us?Privacy=history>;index=1\n"
			  "History-Info: <sip:+4930200@us;cause=404>;index=1.1;mp=1\n");
	assert_shown("", &settings, A);
}

static void history_becomes_diversions(void **state)
{
	static const char *const causes[][2] = {
		{"404", "unknown"},
		{"302", "unconditional"},
		{"486", "user-busy"},
		{"408", "no-answer"},
		{"480", "deflection"},
		{"487", "deflection"},
		{"503", "unavailable"},
		{"600", "unknown"},
	};
	struct config_identity settings = plain;

	(void)state;
	settings.diversion = CONFIG_DIVERSION_DIVERSION;
	for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
		char headers[256], expected[256];

		snprintf(headers, sizeof headers,
			"History-Info: \"H\" <sip:1@a.corp>;index=1,"
			"<sip:2@a.corp;cause=%s>;index=1.1;mp=1\r\n",
			causes[i][0]);
		snprintf(expected, sizeof expected,
			A "Diversion: \"H\" <sip:1@us>;reason=%s;counter=1;privacy=off\n",
			causes[i][1]);
		assert_shown(headers, &settings, expected);
	}
	/* by the reason within the URI, as it was before RFC 7044, and as Teams has it */
	assert_shown("History-Info: <sip:1@a.corp;user=phone?Reason="
		     "SIP%3Bcause%3D302%3Btext%3D%22Moved%22&Privacy=history>;index=1,"
		     "<sip:2@a.corp>;index=1.1\r\n",
		&settings,
		A "Diversion: <sip:1@us>;reason=unconditional;counter=1;privacy=full\n");
	assert_shown("History-Info: <sip:1@a.corp?Reason=Q.850%3Bcause%3D17%2CSIP"
		     "%3Bcause%3D486>;index=1,<sip:2@a.corp>;index=1.1\r\n",
		&settings,
		A "Diversion: <sip:1@us>;reason=user-busy;counter=1;privacy=off\n");
	/* not every entry is a forwarding, nor is the last */
	assert_shown("History-Info: <sip:1@a.corp>;index=1,<sip:2@a.corp>;index=1.1;rc=1,"
		     "<sip:3@a.corp;cause=302>;index=1.1.1;mp=1.1,"
		     "<sip:4@a.corp?Reason=SIP%3Bcause%3D302>;index=1.1.1.1\r\n",
		&settings,
		A "Diversion: <sip:2@us>;reason=unconditional;counter=1;privacy=off\n");
	/* the one that mp names, which need not be the one before */
	assert_shown("History-Info: <sip:1@a.corp>;index=1,<sip:2@a.corp>;index=1.1;rc=1,"
		     "<sip:3@a.corp;cause=408>;index=1.2;mp=1\r\n",
		&settings,
		A "Diversion: <sip:1@us>;reason=no-answer;counter=1;privacy=off\n");
	/* the latest first; what is missing is counted */
	assert_shown(
		"History-Info: <sip:1@a.corp>;index=1,"
		"<sip:2@a.corp;cause=486>;index=1.1.1.1;mp=1,"
		"<sip:unknown@unknown.invalid;cause=404>;index=1.1.1.1.1,"
		"<sip:3@a.corp;cause=404>;index=1.1.1.1.1.1,"
		"<sip:4@a.corp;cause=302>;index=1.1.1.1.1.1.1\r\nPrivacy: history\r\n",
		&settings,
		A "Diversion: <sip:3@us>;reason=unconditional;counter=2;privacy=full\n"
		  "Diversion: <sip:2@us>;reason=unknown;counter=3;privacy=full\n"
		  "Diversion: <sip:1@us>;reason=user-busy;counter=1;privacy=full\n"
		  "Privacy: history\n");
	assert_shown("History-Info: <sip:1@a.corp>;index=1\r\n", &settings, A);
	assert_shown("History-Info: <sip:1@a.corp?Privacy=none>;index=1,"
		     "<sip:2@a.corp;cause=302>;index=1.1\r\nPrivacy: history\r\n",
		&settings,
		A "Diversion: <sip:1@us>;reason=unconditional;counter=1;privacy=off\n"
		  "Privacy: history\n");
	/* a broken reason is none */
	assert_shown("History-Info: <sip:1@a.corp?Reason=SIP%3Bcause%>;index=1,"
		     "<sip:2@a.corp>;index=1.1\r\n",
		&settings, A);
}

static void what_came_in_that_form_stays(void **state)
{
	static const char both[] =
		"Diversion: <sip:1@a.corp>;reason=away\r\n"
		"History-Info: "
		"<sip:2@a.corp>;index=1,<sip:3@a.corp;cause=302>;index=1.1\r\n";
#define DIVERTED "Diversion: <sip:1@us>;reason=away\n"
#define HISTORY                                                                          \
	"History-Info: <sip:2@us>;index=1\nHistory-Info: <sip:3@us;cause=302>;index="    \
	"1.1\n"
	static const char *const expected[] = {
		[CONFIG_DIVERSION_PASS] = A DIVERTED HISTORY,
		[CONFIG_DIVERSION_DIVERSION] = A DIVERTED,
		[CONFIG_DIVERSION_HISTORY] = A HISTORY,
		[CONFIG_DIVERSION_BOTH] = A DIVERTED HISTORY,
		[CONFIG_DIVERSION_DROP] = A,
	};
	struct config_identity settings = plain;

	(void)state;
	for (unsigned rule = 0; rule <= CONFIG_DIVERSION_DROP; rule++) {
		settings.diversion = (enum config_diversion)rule;
		assert_shown(both, &settings, expected[rule]);
	}
	settings.diversion = CONFIG_DIVERSION_BOTH;
	assert_shown("Diversion: <sip:1@a.corp>;reason=unconditional\r\n", &settings,
		A "Diversion: <sip:1@us>;reason=unconditional\n"
		  "History-Info: <sip:1@us>;index=1\n"
		  "History-Info: <sip:+4930200@us;cause=302>;index=1.1;mp=1\n");
	assert_shown("History-Info: <sip:2@a.corp>;index=1,<sip:3@a.corp;cause=302>;"
		     "index=1.1\r\n",
		&settings,
		A "Diversion: "
		  "<sip:2@us>;reason=unconditional;counter=1;privacy=off\n" HISTORY);
}

static void what_is_made_is_hidden_too(void **state)
{
	struct config_identity settings = plain;

	(void)state;
	settings.diversion = CONFIG_DIVERSION_HISTORY;
	settings.privacy = CONFIG_PRIVACY_APPLY;
	assert_shown("Diversion: \"D\" <sip:1@a.corp>;reason=away;privacy=full\r\n",
		&settings,
		A "History-Info: <sip:anonymous@anonymous.invalid>;index=1\n"
		  "History-Info: <sip:+4930200@us;cause=404>;index=1.1;mp=1\n");
	settings.diversion = CONFIG_DIVERSION_DIVERSION;
	assert_shown("History-Info: <sip:1@a.corp?Privacy=history>;index=1,"
		     "<sip:2@a.corp;cause=302>;index=1.1\r\n",
		&settings,
		A "Diversion: <sip:anonymous@anonymous.invalid>;reason=unconditional;"
		  "counter=1;privacy=full\n");
}

static unsigned random_below(unsigned *seed, unsigned below)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 16) % below;
}

/* There and back again: every forwarding keeps its place, its number, and as much of its reason as both know. */
static void a_diversion_survives_being_history(void **state)
{
	static const char *const reasons[] = {"unknown", "unconditional", "user-busy",
		"no-answer", "deflection", "unavailable"};
	unsigned seed = 7;

	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		const unsigned count = 1 + random_below(&seed, PARTY_DIVERSIONS_MAX);
		const unsigned spare = PARTY_HISTORY_MAX - count - 1;
		unsigned left = spare;
		struct buf headers;
		struct party *party;
		char before[8192], after[8192];

		buf_init(&headers, 0);
		for (unsigned i = 0; i < count; i++) {
			unsigned more = random_below(&seed, 4);

			more = more > left ? left : more;
			left -= more;
			buf_printf(&headers,
				"Diversion: <sip:+49%u@a.corp>;reason=%s;counter=%u;"
				"privacy=%s\r\n",
				random_below(&seed, 1000),
				reasons[random_below(&seed, 6)], more + 1,
				random_below(&seed, 2) ? "full" : "off");
		}
		party = read_party(buf_str(&headers));
		buf_free(&headers);
		print_party(party, before, sizeof before);
		assert_int_equal(party_diversion_to_history(party), 0);
		assert_true(party->history.count <= PARTY_HISTORY_MAX);
		party->diversions.count = 0;
		assert_int_equal(party_diversion_from_history(party), 0);
		party->history.count = 0;
		print_party(party, after, sizeof after);
		assert_string_equal(before, after);
		party_free(party);
	}
}

/* As many as are read, with counters that no list has room for. */
static void forwardings_without_end_are_bounded(void **state)
{
	struct party *party;
	struct buf headers;

	(void)state;
	buf_init(&headers, 0);
	for (unsigned i = 0; i < 2 * PARTY_DIVERSIONS_MAX; i++)
		buf_printf(&headers, "Diversion: <sip:%u@a.corp>;counter=99\r\n", i);
	party = read_party(buf_str(&headers));
	assert_int_equal(party_diversion_to_history(party), 0);
	assert_int_equal(party->history.count, PARTY_HISTORY_MAX);
	party_free(party);
	buf_free(&headers);

	buf_init(&headers, 0);
	for (unsigned i = 0; i < 2 * PARTY_HISTORY_MAX; i++)
		buf_printf(&headers,
			"History-Info: <sip:%u@a.corp;cause=302>;index=%u\r\n", i, i);
	party = read_party(buf_str(&headers));
	assert_int_equal(party_diversion_from_history(party), 0);
	assert_int_equal(party->diversions.count, PARTY_DIVERSIONS_MAX);
	/* the oldest are counted with the oldest that is told */
	assert_true(span_equal_str(party->diversions.list[0].phone.number, "18"));
	assert_true(span_equal_str(party->diversions.list[9].params,
		"reason=unconditional;counter=10;privacy=off"));
	party_free(party);
	buf_free(&headers);
}

/* Any settings on any of these: never a host of the far side, never a broken line, and always the same. */
static void nothing_of_the_other_side_is_shown(void **state)
{
	static const char *const lines[] = {PAI,
		"P-Preferred-Identity: \"\xff\xfe\" <sip:1@a.corp>\r\n",
		"Remote-Party-ID: \"x\\\"y\" "
		"<sip:a.corp@a.corp>;privacy=full;x=a.corp\r\n",
		"Diversion: "
		"<sip:2@a.corp?X=a.corp>;reason=\"a\";counter=9999999999999\r\n",
		"Diversion: x%0d%0aEvil: y <sip:%0d%0a@a.corp>;privacy=%0d%0a\r\n",
		"History-Info: <sip:%0D%0AX@a.corp?Reason=SIP%3Bcause%3D302%0D%0AEvil>;"
		"index=1.%0d,<sip:9@a.corp;cause=302>;index=;mp=\"\r\n",
		"History-Info: <tel:1?Privacy=none;history>;index=1.1.1.1.1.1\r\n",
		"Privacy: id;header;%0d%0a;\"quoted\";critical\r\n", "Privacy: \r\n",
		"Privacy: ,;,;;none\r\n", HIDES};
	char *const froms[] = {from_word, asserted_word, fixed_word};
	unsigned seed = 3;

	(void)state;
	for (unsigned round = 0; round < 5000; round++) {
		struct config_identity settings = {.trusted = random_below(&seed, 2),
			.from = froms[random_below(&seed, 3)],
			.asserted = (enum config_identity_rule)random_below(&seed, 3),
			.remote = (enum config_identity_rule)random_below(&seed, 3),
			.privacy = (enum config_privacy)random_below(&seed, 3),
			.diversion = (enum config_diversion)random_below(&seed, 5)};
		char headers[4096] = "", text[16 * 1024];
		struct party *party;

		for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
			if (random_below(&seed, 3))
				strcat(headers, lines[i]);
		party = read_party(headers);
		party_identity_in(party, &settings);
		if (!party_identity_out(party, &settings)) {
			print_party(party, text, sizeof text);
			assert_null(strstr(text, "a.corp>"));
			assert_null(strstr(text, "@a.corp"));
			assert_null(strstr(text, "\nEvil"));
			if (settings.privacy == CONFIG_PRIVACY_APPLY &&
				party->privacy & PRIVACY_ID &&
				!(party->privacy & PRIVACY_NONE))
				assert_null(strstr(text, "P-Asserted"));
		}
		party_free(party);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changes_by_default),
		cmocka_unit_test(from_shows_whose_number_is_chosen),
		cmocka_unit_test(an_asserted_identity_is_made),
		cmocka_unit_test(identities_are_dropped),
		cmocka_unit_test(a_remote_party_is_made),
		cmocka_unit_test(what_a_stranger_asserts_is_not_believed),
		cmocka_unit_test(each_wish_hides_what_it_names),
		cmocka_unit_test(what_is_marked_is_hidden_by_itself),
		cmocka_unit_test(a_stranger_is_not_told_who_hides),
		cmocka_unit_test(a_wish_may_be_removed),
		cmocka_unit_test(a_critical_wish_is_fulfilled_or_refused),
		cmocka_unit_test(who_calls_for_help_is_shown),
		cmocka_unit_test(a_diversion_becomes_history),
		cmocka_unit_test(history_becomes_diversions),
		cmocka_unit_test(what_came_in_that_form_stays),
		cmocka_unit_test(what_is_made_is_hidden_too),
		cmocka_unit_test(a_diversion_survives_being_history),
		cmocka_unit_test(forwardings_without_end_are_bounded),
		cmocka_unit_test(nothing_of_the_other_side_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
