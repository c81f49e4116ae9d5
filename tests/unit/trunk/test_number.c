/* Dial plans of countries, both ways; rules and plans in their order; random numbers there and back. */
#include "../unit.h"

#include "trunk/number.h"
#include "trunk/number_plan.h"

#include <stdio.h>
#include <string.h>

/* As it is dialled in a country: ITU-T, Operational Bulletin, "Dialling procedures". */
struct country {
	const char *name;
	unsigned code;
	const char *area, *national, *international;
	unsigned short_max;
};

static const struct country de = {"DE", 49, "30", "0", "00", 6};
static const struct country at = {"AT", 43, "1", "0", "00", 6};
static const struct country ch = {"CH", 41, "", "0", "00", 6};
static const struct country fr = {"FR", 33, "", "0", "00", 6};
static const struct country gb = {"GB", 44, "20", "0", "00", 6};
static const struct country it = {"IT", 39, "", "", "00", 6};
static const struct country es = {"ES", 34, "", "", "00", 6};
static const struct country us = {"US", 1, "212", "1", "011", 6};
static const struct country us10 = {"US, 10 digits", 1, "", "", "011", 6};
static const struct country au = {"AU", 61, "2", "0", "0011", 6};
static const struct country jp = {"JP", 81, "3", "0", "010", 6};
static const struct country ru = {"RU", 7, "495", "8", "810", 6};
static const struct country hu = {"HU", 36, "1", "06", "00", 6};
static const struct country dk = {"DK", 45, "", "", "00", 5};
static const struct country sg = {"SG", 65, "", "", "001, 008", 5};
static const struct country mobile = {"DE, + abroad", 49, "", "0", "+", 6};
static const struct country *const countries[] = {&de, &at, &ch, &fr, &gb, &it, &es, &us,
	&us10, &au, &jp, &ru, &hu, &dk, &sg, &mobile};
#define COUNTRIES (sizeof(countries) / sizeof(countries[0]))

/* The plan of COUNTRY, whose texts it borrows. */
struct plan {
	struct config_numbers settings;
	char texts[64];
	char *words[4];
};

static const struct config_numbers *plan_of(
	const struct country *country, struct plan *plan)
{
	struct span rest, word;
	size_t count = 0;

	memset(plan, 0, sizeof *plan);
	plan->settings.country = country->code;
	plan->settings.area = (char *)(uintptr_t)country->area;
	plan->settings.national_prefix = (char *)(uintptr_t)country->national;
	plan->settings.short_max = country->short_max;
	plan->settings.international.words = plan->words;
	strcpy(plan->texts, country->international);
	rest = span_of(plan->texts);
	while (span_next(&rest, ',', &word)) {
		word = span_trim(word);
		plan->words[count++] = (char *)(uintptr_t)word.p;
		plan->texts[word.p + word.len - plan->texts] = '\0';
	}
	plan->settings.international.count = count;
	plan->settings.in = CONFIG_NUMBERS_E164;
	return &plan->settings;
}

/* ---- reading ---- */

static const struct {
	const struct country *country;
	const char *number;
	const char *whole; /* NULL: it stays as it is */
} reads[] = {
	/* E.164 already, whatever the plan */
	{&de, "+49301234567", NULL},
	{&us, "+442079460000", NULL},
	/* DE */
	{&de, "0301234567", "+49301234567"},
	{&de, "01711234567", "+491711234567"},
	{&de, "08001234567", "+498001234567"},
	{&de, "00442079460000", "+442079460000"},
	{&de, "00493012345", "+493012345"},
	{&de, "1234567", "+49301234567"},
	{&de, "110", NULL},
	{&de, "112", NULL},
	{&de, "116117", NULL}, /* harmonised service of social value: no subscriber */
	{&de, "0110", NULL},   /* the police behind a prefix for a line is no area */
	{&de, "*21#", NULL},
	{&de, "*21*0301234567#", NULL},
	{&de, "#31#0301234567", NULL},
	{&de, "00", NULL},
	{&de, "0012345", "+12345"}, /* five digits are the least */
	{&de, "001234", NULL},
	{&de, "01234", "+491234"}, /* and four behind the prefix of the country */
	{&de, "0123", NULL},
	{&de, "00123456789012345", "+123456789012345"},
	{&de, "000301234567", NULL},         /* abroad no country begins with 0 */
	{&de, "0049", NULL},                 /* nobody there */
	{&de, "00491234567890123456", NULL}, /* more than 15 digits */
	{&de, "012345678901234", NULL},      /* 49 and 14 of them */
	{&de, "01234567890123", "+491234567890123"},
	/* AT: areas of one digit, long numbers */
	{&at, "015321234", "+4315321234"},
	{&at, "5321234", "+4315321234"},
	{&at, "06641234567", "+436641234567"},
	{&at, "0049301234567", "+49301234567"},
	{&at, "133", NULL},
	/* CH: closed, no area */
	{&ch, "0443001234", "+41443001234"},
	{&ch, "0041443001234", "+41443001234"},
	{&ch, "443001234", NULL},
	{&ch, "144", NULL},
	/* FR */
	{&fr, "0145678901", "+33145678901"},
	{&fr, "0033145678901", "+33145678901"},
	{&fr, "3639", NULL},
	{&fr, "15", NULL},
	/* GB */
	{&gb, "02079460000", "+442079460000"},
	{&gb, "79460000", "+442079460000"},
	{&gb, "07700900123", "+447700900123"},
	{&gb, "001212555123", "+1212555123"},
	{&gb, "999", NULL},
	/* IT: the 0 belongs to the number */
	{&it, "0612345678", "+390612345678"},
	{&it, "3351234567", "+393351234567"},
	{&it, "00390612345678", "+390612345678"},
	{&it, "00442079460000", "+442079460000"},
	{&it, "118", NULL},
	/* ES: no trunk prefix */
	{&es, "912345678", "+34912345678"},
	{&es, "0034912345678", "+34912345678"},
	{&es, "091", NULL},
	{&es, "11888", NULL},
	{&es, "116111", NULL},
	/* US and Canada */
	{&us, "12125551234", "+12125551234"},
	{&us, "2125551234", "+12125551234"},
	{&us, "5551234", "+12125551234"},
	{&us, "14165551234", "+14165551234"},
	{&us, "011442079460000", "+442079460000"},
	{&us, "2122001234", "+12122001234"},
	{&us, "2001234", "+12122001234"},
	{&us, "22125551234", NULL},
	{&us, "911", NULL},
	{&us, "411", NULL},
	{&us, "*67", NULL},
	{&us, "1234567", NULL},     /* no office begins with 1 */
	{&us, "11234567890", NULL}, /* no area begins with 1 */
	{&us, "12121551234", NULL}, /* nor an office */
	{&us, "442079460000", NULL},
	{&us10, "2125551234", "+12125551234"},
	{&us10, "12125551234", "+12125551234"},
	{&us10, "5551234", NULL},
	/* AU: 0011 begins as 0 does; 000 is for emergencies */
	{&au, "0298765432", "+61298765432"},
	{&au, "98765432", "+61298765432"},
	{&au, "001149301234567", "+49301234567"},
	{&au, "0412345678", "+61412345678"},
	{&au, "000", NULL},
	{&au, "131234", NULL},
	/* JP: 010 begins as 0 does */
	{&jp, "0312345678", "+81312345678"},
	{&jp, "12345678", "+81312345678"},
	{&jp, "01049301234567", "+49301234567"},
	{&jp, "09012345678", "+819012345678"},
	{&jp, "119", NULL},
	/* RU: 8 10 begins as 8 does; areas begin with 8 too */
	{&ru, "84951234567", "+74951234567"},
	{&ru, "88001234567", "+78001234567"},
	{&ru, "81049301234567", "+49301234567"},
	{&ru, "1234567", "+74951234567"},
	{&ru, "112", NULL},
	/* HU: two digits, and 00 abroad */
	{&hu, "0611234567", "+3611234567"},
	{&hu, "1234567", "+3611234567"},
	{&hu, "0049301234567", "+49301234567"},
	{&hu, "06112", NULL},
	/* DK: eight digits and nothing else */
	{&dk, "33123456", "+4533123456"},
	{&dk, "11811", NULL},
	/* SG: several carriers abroad */
	{&sg, "00149301234567", "+49301234567"},
	{&sg, "00849301234567", "+49301234567"},
	{&sg, "61234567", "+6561234567"},
	{&mobile, "0301234567", "+49301234567"},
	{&mobile, "00442079460000", NULL}, /* it does not dial so */
	/* what is no number of a subscriber */
	{&de, "", NULL},
	{&de, "+", NULL},
	{&de, "0", NULL},
};

static void numbers_are_read_as_their_country_dials_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
		struct plan plan;
		char out[RULE_NUMBER_SIZE] = "untouched";
		const bool read = number_plan_read(plan_of(reads[i].country, &plan),
			span_of(reads[i].number), (struct span){NULL, 0}, out);
		const char *whole = reads[i].whole ? reads[i].whole : "untouched";

		if (strcmp(out, whole) != 0 || read != (reads[i].whole != NULL))
			fail_msg("%s of %s: expected %s, got %s", reads[i].number,
				reads[i].country->name, whole, out);
	}
}

/* RFC 3966 5.1.5 */
static void a_context_says_where_a_number_belongs(void **state)
{
	static const struct {
		const struct country *country;
		const char *number, *context, *whole;
	} cases[] = {
		{&de, "0301234567", "+49", "+49301234567"},
		{&de, "301234567", "+49", "+49301234567"},
		{&de, "1234567", "+4930", "+49301234567"},
		{&de, "1234567", "+49", "+491234567"}, /* the area is not said */
		{&de, "0110", "+49", NULL},
		{&us, "5551234", "+1", NULL},
		{&ch, "443001234", "+41", "+41443001234"},
		{&us, "2125551234", "+1", "+12125551234"},
		{&ch, "1234567", "+41", "+411234567"},
		{&ch, "123456", "+41", NULL},
		{&de, "1234567", "+34", "+341234567"},
		{&de, "123456", "+34", NULL},
		{&us, "911", "+1", NULL},          /* the RFC's own example */
		{&us, "7042", "+1-201-555", NULL}, /* and its extension */
		{&de, "112", "+49", NULL},
		{&de, "912345678", "+34", "+34912345678"},
		{&de, "0301234567", "corp.example", NULL},
		{&de, "1234567", "", "+49301234567"},
		{&de, "1234567890123456", "+34", NULL},
		{&de, "1234567", "+0", NULL},
		{&de, "123456789",
			"+49301234567890123456789012345678901234567890123456789012",
			NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct plan plan;
		char out[RULE_NUMBER_SIZE] = "untouched";
		const char *whole = cases[i].whole ? cases[i].whole : "untouched";

		number_plan_read(plan_of(cases[i].country, &plan),
			span_of(cases[i].number), span_of(cases[i].context), out);
		if (strcmp(out, whole) != 0)
			fail_msg("%s in %s: expected %s, got %s", cases[i].number,
				cases[i].context, whole, out);
	}
}

static void numbers_without_plus_are_read_where_told_so(void **state)
{
	static const char *const cases[][2] = {{"49301234567", "+49301234567"},
		{"0301234567", "-"}, {"112", "-"}, {"116117", "-"},
		{"1234567890123456", "-"}, {"*49301234567", "-"}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char out[RULE_NUMBER_SIZE] = "-";
		struct plan plan;

		plan_of(&de, &plan);
		plan.settings.in = CONFIG_NUMBERS_DIGITS;
		number_plan_read(&plan.settings, span_of(cases[i][0]),
			(struct span){NULL, 0}, out);
		assert_string_equal(out, cases[i][1]);
	}
}

/* ---- writing ---- */

static const struct {
	const struct country *country;
	enum config_numbers_form form;
	const char *number;
	const char *written; /* NULL: it stays as it is */
} writes[] = {
	{&de, CONFIG_NUMBERS_PASS, "+49301234567", NULL},
	{&de, CONFIG_NUMBERS_E164, "+49301234567", NULL},
	{&de, CONFIG_NUMBERS_E164, "0301234567", "+49301234567"},
	{&de, CONFIG_NUMBERS_DIGITS, "+49301234567", "49301234567"},
	{&de, CONFIG_NUMBERS_INTERNATIONAL, "+49301234567", "0049301234567"},
	{&de, CONFIG_NUMBERS_INTERNATIONAL, "0301234567", "0049301234567"},
	{&de, CONFIG_NUMBERS_NATIONAL, "+49301234567", "0301234567"},
	{&de, CONFIG_NUMBERS_NATIONAL, "+442079460000", "00442079460000"},
	{&de, CONFIG_NUMBERS_NATIONAL, "0301234567", NULL},
	{&de, CONFIG_NUMBERS_SUBSCRIBER, "+49301234567", "1234567"},
	{&de, CONFIG_NUMBERS_SUBSCRIBER, "+4989123456", "089123456"},
	{&de, CONFIG_NUMBERS_SUBSCRIBER, "+442079460000", "00442079460000"},
	/* alone they would be the police, and a service */
	{&de, CONFIG_NUMBERS_SUBSCRIBER, "+4930110", "030110"},
	{&de, CONFIG_NUMBERS_SUBSCRIBER, "+4930116117", "030116117"},
	{&de, CONFIG_NUMBERS_NATIONAL, "+49110", "0049110"},
	{&de, CONFIG_NUMBERS_NATIONAL, "112", NULL},
	{&de, CONFIG_NUMBERS_INTERNATIONAL, "112", NULL},
	{&de, CONFIG_NUMBERS_E164, "112", NULL},
	{&de, CONFIG_NUMBERS_SUBSCRIBER, "*21#", NULL},
	{&de, CONFIG_NUMBERS_INTERNATIONAL, "+123", NULL},
	{&de, CONFIG_NUMBERS_INTERNATIONAL, "+1234567890123456", NULL},
	{&at, CONFIG_NUMBERS_NATIONAL, "+4315321234", "015321234"},
	{&ch, CONFIG_NUMBERS_NATIONAL, "+41443001234", "0443001234"},
	{&ch, CONFIG_NUMBERS_SUBSCRIBER, "+41443001234", "0443001234"},
	{&fr, CONFIG_NUMBERS_NATIONAL, "+33145678901", "0145678901"},
	{&gb, CONFIG_NUMBERS_NATIONAL, "+442079460000", "02079460000"},
	{&gb, CONFIG_NUMBERS_SUBSCRIBER, "+442079460000", "79460000"},
	{&it, CONFIG_NUMBERS_NATIONAL, "+390612345678", "0612345678"},
	{&it, CONFIG_NUMBERS_NATIONAL, "+33145678901", "0033145678901"},
	{&es, CONFIG_NUMBERS_NATIONAL, "+34912345678", "912345678"},
	{&es, CONFIG_NUMBERS_NATIONAL, "+34112", "0034112"},
	{&us, CONFIG_NUMBERS_NATIONAL, "+12125551234", "12125551234"},
	{&us, CONFIG_NUMBERS_SUBSCRIBER, "+12125551234", "5551234"},
	{&us, CONFIG_NUMBERS_NATIONAL, "+442079460000", "011442079460000"},
	{&us10, CONFIG_NUMBERS_NATIONAL, "+12125551234", "2125551234"},
	{&us10, CONFIG_NUMBERS_DIGITS, "+12125551234", "12125551234"},
	{&au, CONFIG_NUMBERS_NATIONAL, "+61298765432", "0298765432"},
	{&au, CONFIG_NUMBERS_INTERNATIONAL, "+49301234567", "001149301234567"},
	{&jp, CONFIG_NUMBERS_NATIONAL, "+81312345678", "0312345678"},
	/* 0 10... would be read as one from abroad */
	{&jp, CONFIG_NUMBERS_NATIONAL, "+811049301234", "010811049301234"},
	{&ru, CONFIG_NUMBERS_NATIONAL, "+74951234567", "84951234567"},
	{&ru, CONFIG_NUMBERS_NATIONAL, "+49301234567", "81049301234567"},
	{&hu, CONFIG_NUMBERS_NATIONAL, "+3611234567", "0611234567"},
	{&dk, CONFIG_NUMBERS_NATIONAL, "+4533123456", "33123456"},
	{&sg, CONFIG_NUMBERS_NATIONAL, "+49301234567", "00149301234567"},
	{&mobile, CONFIG_NUMBERS_NATIONAL, "+49301234567", "0301234567"},
	{&mobile, CONFIG_NUMBERS_NATIONAL, "+442079460000", NULL},
};

static void numbers_are_written_as_their_country_dials_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
		struct plan plan;
		char out[RULE_NUMBER_SIZE] = "untouched";
		const char *written = writes[i].written ? writes[i].written : "untouched";
		const bool changed = number_plan_write(plan_of(writes[i].country, &plan),
			writes[i].form, span_of(writes[i].number), (struct span){NULL, 0},
			out);

		if (strcmp(out, written) != 0 || changed != (writes[i].written != NULL))
			fail_msg("%s in form %d of %s: expected %s, got %s",
				writes[i].number, (int)writes[i].form,
				writes[i].country->name, written, out);
	}
}

/* ---- there and back ---- */

static unsigned chance(unsigned limit)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % limit);
}

/* A whole number, of COUNTRY half of the time, often of its area. */
static void random_whole(const struct country *country, char out[static RULE_NUMBER_SIZE])
{
	size_t len = 1;

	strcpy(out, "+");
	if (chance(2))
		len = (size_t)snprintf(out, RULE_NUMBER_SIZE, "+%u%s", country->code,
			chance(2) ? country->area : "");
	else
		out[len++] = (char)('1' + chance(9));
	for (unsigned i = 5 + chance(11); i > 0 && len < 16; i--)
		out[len++] = (char)('0' + chance(10));
	out[len] = '\0';
}

/* However it is written, whoever has the same plan reads the same number; nor is it one that is left as it is. */
static void what_is_written_is_read_as_the_same_number(void **state)
{
	unsigned shorter = 0;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		const struct country *country = countries[chance(COUNTRIES)];
		const enum config_numbers_form form =
			CONFIG_NUMBERS_SUBSCRIBER + chance(3);
		char whole[RULE_NUMBER_SIZE], out[RULE_NUMBER_SIZE],
			back[RULE_NUMBER_SIZE];
		struct plan plan;

		random_whole(country, whole);
		if (strlen(whole) < 7 ||
			!number_plan_write(plan_of(country, &plan), form, span_of(whole),
				(struct span){NULL, 0}, out))
			continue;
		shorter += strlen(out) < strlen(whole);
		if (!number_plan_read(
			    &plan.settings, span_of(out), (struct span){NULL, 0}, back) ||
			strcmp(back, whole) != 0)
			fail_msg("%s in form %d of %s: %s", whole, (int)form,
				country->name, out);
	}
	assert_true(shorter > 10000);
}

/* What is read is a whole number of at most 15 digits, or nothing; hostile texts too. */
static void any_text_is_read_as_a_whole_number_or_stays(void **state)
{
	static const char characters[] = "0123456789+*#%a\xc3.-";

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		const struct country *country = countries[chance(COUNTRIES)];
		char text[100], out[RULE_NUMBER_SIZE];
		const size_t len = chance(80);
		const unsigned kinds = chance(3) ? 10 : sizeof characters - 1;
		struct plan plan;

		for (size_t j = 0; j < len; j++)
			text[j] = characters[chance(kinds)];
		if (!number_plan_read(plan_of(country, &plan), (struct span){text, len},
			    (struct span){NULL, 0}, out))
			continue;
		assert_int_equal(out[0], '+');
		assert_true(strlen(out) <= 16);
		assert_int_equal(strspn(out + 1, "0123456789"), strlen(out) - 1);
	}
}

/* ---- rules and plans ---- */

static struct rules *rules_of(const char *const *texts)
{
	struct rules *list = NULL;
	struct span bad;

	for (; *texts; texts++)
		assert_int_equal(rules_add(&list, *texts, &bad), 0);
	assert_int_equal(rules_settle(list), 0);
	return list;
}

/* Which rules are asked, and in which order with the plan. */
static void rules_stand_on_the_side_of_the_wire(void **state)
{
	static const char *const called_in[] = {"^9(.*)$ -> $1", NULL};
	static const char *const calling_in[] = {"^(\\d{3})$ -> +49301234$1", NULL};
	static const char *const called_out[] = {"^0049(\\d+)$ -> 1010$1", NULL};
	static const char *const calling_out[] = {"^00493012340*(\\d+)$ -> $1", NULL};
	const struct {
		enum number_way way;
		enum number_role role;
		const char *number, *text;
		unsigned steps;
		enum number_by first;
	} cases[] = {
		{NUMBER_IN, NUMBER_CALLED, "90301234567", "+49301234567", 2,
			NUMBER_BY_RULE},
		{NUMBER_IN, NUMBER_CALLED, "0301234567", "+49301234567", 1,
			NUMBER_BY_PLAN},
		{NUMBER_IN, NUMBER_CALLED, "9112", "112", 1, NUMBER_BY_RULE},
		{NUMBER_IN, NUMBER_CALLED, "200", "200", 0, NUMBER_BY_RULE},
		{NUMBER_IN, NUMBER_CALLING, "200", "+49301234200", 1, NUMBER_BY_RULE},
		{NUMBER_OUT, NUMBER_CALLED, "+49301234567", "1010301234567", 2,
			NUMBER_BY_PLAN},
		{NUMBER_OUT, NUMBER_CALLED, "+442079460000", "00442079460000", 1,
			NUMBER_BY_PLAN},
		{NUMBER_OUT, NUMBER_CALLING, "+49301234200", "200", 2, NUMBER_BY_PLAN},
	};
	struct rule_scratch *scratch;
	struct plan plan;

	(void)state;
	plan_of(&de, &plan);
	plan.settings.out = CONFIG_NUMBERS_INTERNATIONAL;
	plan.settings.called_in = rules_of(called_in);
	plan.settings.calling_in = rules_of(calling_in);
	plan.settings.called_out = rules_of(called_out);
	plan.settings.calling_out = rules_of(calling_out);
	assert_int_equal(rule_scratch_new(&scratch), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct number number;

		number_change(&plan.settings, cases[i].way, cases[i].role, scratch,
			span_of(cases[i].number), (struct span){NULL, 0}, &number);
		assert_string_equal(number.text, cases[i].text);
		assert_int_equal(number.step_count, cases[i].steps);
		assert_null(number.failed);
		if (!cases[i].steps)
			continue;
		assert_int_equal(number.steps[0].by, cases[i].first);
		assert_string_equal(
			number.steps[number.step_count - 1].number, cases[i].text);
		for (unsigned j = 0; j < number.step_count; j++)
			assert_true((number.steps[j].by == NUMBER_BY_RULE) ==
				    (number.steps[j].rule != NULL));
	}
	rules_free(plan.settings.called_in);
	rules_free(plan.settings.calling_in);
	rules_free(plan.settings.called_out);
	rules_free(plan.settings.calling_out);
	rule_scratch_free(scratch);
}

/* What is set of another direction changes nothing. */
static void a_direction_without_rules_and_plan_changes_nothing(void **state)
{
	static const char *const texts[] = {"^1 -> 2", NULL};
	struct config_numbers settings = {.called_out = rules_of(texts)};

	(void)state;
	assert_false(number_may_change(&settings, NUMBER_IN));
	assert_true(number_may_change(&settings, NUMBER_OUT));
	rules_free(settings.called_out);
	settings.called_out = NULL;
	assert_false(number_may_change(&settings, NUMBER_OUT));
	settings.in = CONFIG_NUMBERS_E164;
	assert_true(number_may_change(&settings, NUMBER_IN));
	assert_false(number_may_change(&settings, NUMBER_OUT));
	settings.calling_in = rules_of(texts);
	settings.in = CONFIG_NUMBERS_PASS;
	assert_true(number_may_change(&settings, NUMBER_IN));
	rules_free(settings.calling_in);
}

/* The plan reads what a rule made, without the context that it no longer has. */
static void a_rule_ends_what_the_context_means(void **state)
{
	static const char *const texts[] = {"^x -> 1", "^9(\\d+) -> $1", NULL};
	struct rule_scratch *scratch;
	struct number number;
	struct plan plan;

	(void)state;
	plan_of(&de, &plan);
	plan.settings.called_in = rules_of(texts);
	assert_int_equal(rule_scratch_new(&scratch), 0);
	number_change(&plan.settings, NUMBER_IN, NUMBER_CALLED, scratch,
		span_of("912345678"), span_of("+34"), &number);
	assert_string_equal(number.text, "+493012345678");
	number_change(&plan.settings, NUMBER_IN, NUMBER_CALLED, scratch,
		span_of("812345678"), span_of("+34"), &number);
	assert_string_equal(number.text, "+34812345678");
	rules_free(plan.settings.called_in);
	rule_scratch_free(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_as_their_country_dials_them),
		cmocka_unit_test(a_context_says_where_a_number_belongs),
		cmocka_unit_test(numbers_without_plus_are_read_where_told_so),
		cmocka_unit_test(numbers_are_written_as_their_country_dials_them),
		cmocka_unit_test(what_is_written_is_read_as_the_same_number),
		cmocka_unit_test(any_text_is_read_as_a_whole_number_or_stays),
		cmocka_unit_test(rules_stand_on_the_side_of_the_wire),
		cmocka_unit_test(a_direction_without_rules_and_plan_changes_nothing),
		cmocka_unit_test(a_rule_ends_what_the_context_means),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
