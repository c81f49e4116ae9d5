/* The numbers of a party by rules and dial plans: which of them, by which rules, and how they are written then. */
#include "party_rig.h"

#include "bridge/party_numbers.h"
#include "bridge/party_rules.h"

#include <stdio.h>
#include <string.h>

static const struct party_shown shown = {
	.host = "us.example", .target = "them.example", .port = "", .params = ""};

static struct rules *rules_of(const char *text)
{
	struct rules *list = NULL;
	struct span bad;

	assert_int_equal(rules_add(&list, text, &bad), 0);
	assert_int_equal(rules_settle(list), 0);
	return list;
}

static char zero[] = "0", none[] = "", zeros[] = "00";
static char *prefixes[] = {zeros};

static struct config_numbers plan_of_germany(void)
{
	return (struct config_numbers){.country = 49,
		.area = none,
		.national_prefix = zero,
		.international = {.words = prefixes, .count = 1},
		.short_max = 6};
}

static struct party *read_party(const char *called, const char *headers)
{
	return party_rig_read(called, "From: <sip:x@a.corp>;tag=1\r\n", headers);
}

/* PARTY is changed by SETTINGS and written: EXPECTED is Request-URI, From and the headers. */
static void assert_written(struct party *party, const struct config_numbers *settings,
	enum number_way way, const char *expected)
{
	struct party_invite invite = {0};
	char text[8192];

	assert_int_equal(party_numbers(party, settings, way), 0);
	assert_int_equal(party_write(party, &shown, &invite), 0);
	snprintf(text, sizeof text, "%s\n%s\n%s", buf_str(&invite.uri),
		buf_str(&invite.from),
		invite.headers.len ? buf_str(&invite.headers) : "");
	assert_string_equal(text, expected);
	party_invite_free(&invite);
	party_free(party);
}

static void each_identity_goes_by_the_rules_of_who_calls(void **state)
{
	struct config_numbers settings = {.called_in = rules_of("^(\\d+)$ -> 1$1"),
		.calling_in = rules_of("^(\\d+)$ -> 2$1")};

	(void)state;
	assert_written(
		read_party("sip:30@a.corp",
			"From: <sip:31@a.corp>;tag=1\r\n"
			"P-Asserted-Identity: <sip:32@a.corp>, <sip:33@a.corp>\r\n"
			"Remote-Party-ID: <sip:34@a.corp>\r\n"
			"Diversion: <sip:35@a.corp>\r\nDiversion: <sip:bob@a.corp>\r\n"
			"History-Info: <sip:36@a.corp>;index=1, "
			"<sip:30@a.corp>;index=1.1\r\n"),
		&settings, NUMBER_IN,
		"sip:130@them.example\n<sip:231@us.example>\n"
		"P-Asserted-Identity: <sip:232@us.example>\r\n"
		"P-Asserted-Identity: <sip:233@us.example>\r\n"
		"Remote-Party-ID: <sip:234@us.example>\r\n"
		"Diversion: <sip:235@us.example>\r\nDiversion: <sip:bob@us.example>\r\n"
		"History-Info: <sip:236@us.example>;index=1\r\n"
		"History-Info: <sip:130@us.example>;index=1.1\r\n");
	rules_free(settings.called_in);
	rules_free(settings.calling_in);
}

static void the_other_direction_changes_nothing(void **state)
{
	struct config_numbers settings = {.called_in = rules_of("^(\\d+)$ -> 1$1"),
		.calling_in = rules_of("^(\\d+)$ -> 2$1")};

	(void)state;
	assert_written(read_party("sip:30@a.corp", "From: <sip:31@a.corp>;tag=1\r\n"),
		&settings, NUMBER_OUT, "sip:30@them.example\n<sip:31@us.example>\n");
	rules_free(settings.called_in);
	rules_free(settings.calling_in);
}

static void whom_an_emergency_call_is_for_stays(void **state)
{
	struct config_numbers settings = {.called_out = rules_of("^(\\d+)$ -> 1$1"),
		.calling_out = rules_of("^(\\d+)$ -> 2$1")};
	struct party *party =
		read_party("sip:112@a.corp", "From: <sip:31@a.corp>;tag=1\r\n"
					     "History-Info: <sip:112@a.corp>;index=1, "
					     "<sip:112;ext=1@a.corp>;index=1.1, "
					     "<sip:113@a.corp>;index=2\r\n");

	(void)state;
	party->emergency = true;
	assert_written(party, &settings, NUMBER_OUT,
		"sip:112@them.example\n<sip:231@us.example>\n"
		"History-Info: <sip:112@us.example>;index=1\r\n"
		"History-Info: <sip:112;ext=1@us.example;user=phone>;index=1.1\r\n"
		"History-Info: <sip:2113@us.example>;index=2\r\n");
	rules_free(settings.called_out);
	rules_free(settings.calling_out);
}

/* RFC 3966: a + has no context, and a tel: URI without a + has one. */
static void tel_uris_stay_what_they_may_be(void **state)
{
	struct config_numbers settings = plan_of_germany();

	(void)state;
	settings.in = CONFIG_NUMBERS_E164;
	settings.out = CONFIG_NUMBERS_NATIONAL;
	assert_written(
		read_party("tel:030-123456;ext=7;phone-context=+49",
			"P-Asserted-Identity: <tel:089-1234567;phone-context=+49>\r\n"
			"Diversion: <tel:7042;phone-context=a.example>\r\n"),
		&settings, NUMBER_IN,
		"sip:+4930123456;ext=7@them.example;user=phone\n<sip:x@us.example>\n"
		"P-Asserted-Identity: <tel:+49891234567>\r\n"
		"Diversion: <tel:7042;phone-context=a.example>\r\n");
	assert_written(
		read_party("tel:+4930123456;ext=7",
			"P-Asserted-Identity: <tel:+49891234567>, <tel:+33145678901>\r\n"
			"Diversion: <tel:0891234567;phone-context=+49>\r\n"),
		&settings, NUMBER_OUT,
		"sip:030123456;ext=7@them.example;user=phone\n<sip:x@us.example>\n"
		"P-Asserted-Identity: <sip:0891234567@us.example>\r\n"
		"P-Asserted-Identity: <sip:0033145678901@us.example>\r\n"
		"Diversion: <tel:0891234567;phone-context=+49>\r\n");
}

/* What parameters there are is not lost for a bound, nor is the call: the number goes without them. */
static void parameters_that_are_too_long_are_left_out(void **state)
{
	static char headers[24 * 1024];
	struct config_numbers settings = plan_of_germany();
	struct party *party;
	size_t len = 0;

	(void)state;
	settings.in = CONFIG_NUMBERS_E164;
	for (unsigned i = 0; i < 10; i++)
		len += (size_t)snprintf(headers + len, sizeof headers - len,
			"Diversion: <sip:0301234567;isub=%02000u@a.corp>\r\n", i);
	party = read_party("sip:0301234567@a.corp", headers);
	assert_int_equal(party_numbers(party, &settings, NUMBER_IN), 0);
	assert_int_equal(party->diversions.count, 10);
	for (unsigned i = 0; i < 10; i++) {
		const struct phone *phone = &party->diversions.list[i].phone;

		assert_true(span_equal_str(phone->number, "+49301234567"));
		assert_int_equal(phone->params.len, i < 8 ? 2005 : 0);
	}
	party_free(party);
}

static void the_first_rule_that_could_not_be_applied_is_named(void **state)
{
	struct config_numbers settings = {.called_in = rules_of("^1(.*)$ -> $1+"),
		.calling_in = rules_of("^(\\d)+\\D$ -> 1")};
	struct party *party = read_party("sip:12@a.corp",
		"From: <sip:1111111111111111111111111111111111@a.corp>;tag=1\r\n");

	(void)state;
	assert_int_equal(party_numbers(party, &settings, NUMBER_IN), 0);
	assert_ptr_equal(party->fault.rule, rules_at(settings.called_in, 0));
	assert_int_equal(party->fault.result, RULE_ILLEGAL);
	party_free(party);
	rules_free(settings.called_in);
	rules_free(settings.calling_in);
}

static void who_is_shown_instead_goes_by_the_rules_too(void **state)
{
	struct config_numbers settings = plan_of_germany();
	struct party *party = read_party("sip:112@a.corp", "");
	struct span caller = span_of("+4930911");

	(void)state;
	assert_int_equal(party_numbers_caller(party, &settings, &caller), 0);
	assert_true(span_equal_str(caller, "+4930911"));
	settings.out = CONFIG_NUMBERS_NATIONAL;
	assert_int_equal(party_numbers_caller(party, &settings, &caller), 0);
	assert_true(span_equal_str(caller, "030911"));
	caller = (struct span){.p = NULL};
	assert_int_equal(party_numbers_caller(party, &settings, &caller), 0);
	assert_int_equal(caller.len, 0);
	party_free(party);
}

/* What its caller's rules make an emergency number is one: they are applied, and what comes of it stays. */
static void an_emergency_number_is_looked_for_before_and_after_rules(void **state)
{
	static char number[] = "112";
	char *words[] = {number};
	const struct {
		const char *called, *rule;
		enum emergency emergency;
		const char *becomes;
		bool fixed, urgent;
	} cases[] = {
		{"sip:9112@a.corp", "^9(\\d+)$ -> $1", EMERGENCY_NUMBER, "112", true,
			true},
		{"sip:112@a.corp", "^(\\d+)$ -> 9$1", EMERGENCY_NUMBER, "112", true,
			true},
		/* of who makes no emergency calls */
		{"sip:112@a.corp", "^(\\d+)$ -> 9$1", EMERGENCY_NO, "112", true, false},
		{"sip:30@a.corp", "^(\\d+)$ -> 9$1", EMERGENCY_NO, "930", false, false},
		{"sip:30@a.corp", "^(\\d+)$ -> 9$1", EMERGENCY_PRIORITY, "930", false,
			true},
		{"sip:30@a.corp", "^(\\d+)$ -> 9$1", EMERGENCY_CALLBACK, "930", false,
			false},
		{"sip:30@a.corp", "^(\\d+)$ -> 9$1", EMERGENCY_SERVICE, "30", true, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct config config = {
			.emergency.numbers = {.words = words, .count = 1}};
		struct config_trunk settings = {
			.numbers.called_in = rules_of(cases[i].rule),
			.identity = {.trusted = true}};
		struct party *party = read_party(cases[i].called, "");

		assert_int_equal(
			party_rules_arrive(party, &config, &settings, cases[i].emergency),
			0);
		assert_true(span_equal_str(party->called.phone.number, cases[i].becomes));
		assert_int_equal(party->emergency, cases[i].fixed);
		assert_int_equal(party->urgent, cases[i].urgent);
		party_free(party);
		rules_free(settings.numbers.called_in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_identity_goes_by_the_rules_of_who_calls),
		cmocka_unit_test(the_other_direction_changes_nothing),
		cmocka_unit_test(whom_an_emergency_call_is_for_stays),
		cmocka_unit_test(
			an_emergency_number_is_looked_for_before_and_after_rules),
		cmocka_unit_test(tel_uris_stay_what_they_may_be),
		cmocka_unit_test(parameters_that_are_too_long_are_left_out),
		cmocka_unit_test(the_first_rule_that_could_not_be_applied_is_named),
		cmocka_unit_test(who_is_shown_instead_goes_by_the_rules_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
