#include "trunk/number_plan.h"

#include <stdio.h>
#include <string.h>

/* E.164 6: digits of a whole number. The least is ours: a country code, and somebody there. */
#define WHOLE_MAX 15
#define WHOLE_MIN 5
/* What stands behind a national prefix has more digits than the numbers of emergency services. */
#define NATIONAL_MIN 4
/* Country code 1 is a closed plan: 3 digits of area, 3 and 4 of the subscriber. */
#define NANP 1
#define NANP_NATIONAL 10
#define NANP_SUBSCRIBER 7

static bool all_digits(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return true;
}

static struct span behind(struct span text, size_t len)
{
	return (struct span){text.p + len, text.len - len};
}

/* A + and the digits of a whole number. */
static bool is_whole(struct span number)
{
	return number.len > WHOLE_MIN && number.len <= WHOLE_MAX + 1 &&
	       number.p[0] == '+' && number.p[1] != '0' && all_digits(behind(number, 1));
}

/* DIGITS behind a +. False: that is no whole number. */
static bool add_plus(struct span digits, char out[static RULE_NUMBER_SIZE])
{
	char whole[RULE_NUMBER_SIZE + 1];

	snprintf(whole, sizeof(whole), "+%.*s", SPAN_ARG(digits));
	if (!is_whole(span_of(whole)))
		return false;
	strcpy(out, whole);
	return true;
}

/* A +, COUNTRY, AREA and REST as OUT. False: that is no whole number. */
static bool make_whole(const struct config_numbers *plan, const char *area,
	struct span rest, char out[static RULE_NUMBER_SIZE])
{
	char made[RULE_NUMBER_SIZE];

	/* one that is cut has more than 15 digits too */
	snprintf(made, sizeof(made), "+%u%s%.*s", plan->country, area, SPAN_ARG(rest));
	if (!is_whole(span_of(made)))
		return false;
	strcpy(out, made);
	return true;
}

/* ---- reading ---- */

/* The longest of the international prefixes that NUMBER begins with; 0: none. A + is none of digits. */
static size_t international_len(const struct config_numbers *plan, struct span number)
{
	size_t longest = 0;

	for (size_t i = 0; i < plan->international.count; i++) {
		const char *prefix = plan->international.words[i];

		if (span_starts(number, prefix) && strlen(prefix) > longest)
			longest = strlen(prefix);
	}
	return longest;
}

/* NPA-NXX-XXXX or NXX-XXXX: neither the area nor the office begins with 0 or 1. */
static bool is_nanp(struct span number)
{
	if (number.len == NANP_SUBSCRIBER)
		return number.p[0] >= '2';
	return number.len == NANP_NATIONAL && number.p[0] >= '2' && number.p[3] >= '2';
}

/* With and without 1 in front, in digits alone: in a closed plan the length says which it is. */
static bool read_nanp(const struct config_numbers *plan, struct span number,
	char out[static RULE_NUMBER_SIZE])
{
	if (number.len == NANP_NATIONAL + 1 && number.p[0] == '1')
		number = behind(number, 1);
	if (!is_nanp(number))
		return false;
	if (number.len == NANP_NATIONAL)
		return make_whole(plan, "", number, out);
	return plan->area[0] && make_whole(plan, plan->area, number, out);
}

/* Behind the national prefix. It begins with none again where that is 0: 00 leads out of the country. */
static bool read_national(const struct config_numbers *plan, struct span number,
	char out[static RULE_NUMBER_SIZE])
{
	if (number.len < NATIONAL_MIN ||
		(number.p[0] == '0' && plan->national_prefix[0] == '0'))
		return false;
	return make_whole(plan, "", number, out);
}

static bool read_digits(const struct config_numbers *plan, struct span number,
	char out[static RULE_NUMBER_SIZE])
{
	const char *prefix = plan->national_prefix;
	const size_t national = span_starts(number, prefix) ? strlen(prefix) : 0;
	const size_t international = international_len(plan, number);

	if (international > 0 && international >= national)
		return add_plus(behind(number, international), out);
	if (!plan->country)
		return false;
	if (plan->country == NANP)
		return read_nanp(plan, number, out);
	if (national > 0)
		return read_national(plan, behind(number, national), out);
	if (number.len <= plan->short_max)
		return false;
	if (!prefix[0])
		return make_whole(plan, "", number, out);
	return plan->area[0] && make_whole(plan, plan->area, number, out);
}

/* In the context of its country a number is one of the country, without its prefix or with it: what the area is
 * nobody said. */
static bool read_own_country(const struct config_numbers *plan, struct span number,
	char out[static RULE_NUMBER_SIZE])
{
	static char no_area[] = "";
	struct config_numbers country = *plan;

	country.area = no_area;
	if (read_digits(&country, number, out))
		return true;
	return plan->country != NANP && number.len > plan->short_max &&
	       number.p[0] != '0' && make_whole(plan, "", number, out);
}

/* A number in the context of CONTEXT, which begins with +. */
static bool read_context(const struct config_numbers *plan, struct span number,
	struct span context, char out[static RULE_NUMBER_SIZE])
{
	char country[16], whole[RULE_NUMBER_SIZE];

	snprintf(country, sizeof(country), "+%u", plan->country);
	if (plan->country && span_equal_str(context, country))
		return read_own_country(plan, number, out);
	if (number.len <= plan->short_max)
		return false;
	snprintf(whole, sizeof(whole), "%.*s%.*s", SPAN_ARG(context), SPAN_ARG(number));
	if (!is_whole(span_of(whole)))
		return false;
	strcpy(out, whole);
	return true;
}

bool number_plan_read(const struct config_numbers *plan, struct span number,
	struct span context, char out[static RULE_NUMBER_SIZE])
{
	if (!all_digits(number))
		return false;
	if (context.len)
		return context.p[0] == '+' && read_context(plan, number, context, out);
	if (plan->in == CONFIG_NUMBERS_DIGITS)
		return number.len > plan->short_max && add_plus(number, out);
	return read_digits(plan, number, out);
}

/* ---- writing ---- */

/* What stands behind the country code of WHOLE. False: it is of another country. */
static bool is_own(const struct config_numbers *plan, struct span whole, struct span *ret)
{
	char country[16];

	snprintf(country, sizeof(country), "+%u", plan->country);
	if (!span_starts(whole, country))
		return false;
	*ret = behind(whole, strlen(country));
	return true;
}

static bool write_subscriber(
	const struct config_numbers *plan, struct span whole, char *out)
{
	struct span rest;

	if (!is_own(plan, whole, &rest) || !span_starts(rest, plan->area))
		return false;
	rest = behind(rest, strlen(plan->area));
	snprintf(out, RULE_NUMBER_SIZE, "%.*s", SPAN_ARG(rest));
	return true;
}

static bool write_national(
	const struct config_numbers *plan, struct span whole, char *out)
{
	struct span rest;

	if (!is_own(plan, whole, &rest))
		return false;
	snprintf(out, RULE_NUMBER_SIZE, "%s%.*s", plan->national_prefix, SPAN_ARG(rest));
	return true;
}

static bool write_international(
	const struct config_numbers *plan, struct span whole, char *out)
{
	const char *prefix = config_first(&plan->international);

	if (!prefix[0])
		return false;
	snprintf(
		out, RULE_NUMBER_SIZE, "%s%.*s", prefix, (int)whole.len - 1, whole.p + 1);
	return true;
}

/* Whether WRITTEN is WHOLE to whoever has this plan. */
static bool is_read_so(
	const struct config_numbers *plan, const char *written, struct span whole)
{
	char read[RULE_NUMBER_SIZE];

	if (span_equal_str(whole, written))
		return true;
	return read_digits(plan, span_of(written), read) && span_equal_str(whole, read);
}

static void write_whole(const struct config_numbers *plan, enum config_numbers_form form,
	struct span whole, char out[static RULE_NUMBER_SIZE])
{
	static const struct {
		enum config_numbers_form form;
		bool (*write)(
			const struct config_numbers *plan, struct span whole, char *out);
	} forms[] = {/* each shorter than the next */
		{CONFIG_NUMBERS_SUBSCRIBER, write_subscriber},
		{CONFIG_NUMBERS_NATIONAL, write_national},
		{CONFIG_NUMBERS_INTERNATIONAL, write_international}};
	char written[RULE_NUMBER_SIZE];

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].form < form || !forms[i].write(plan, whole, written) ||
			!is_read_so(plan, written, whole))
			continue;
		strcpy(out, written);
		return;
	}
	snprintf(out, RULE_NUMBER_SIZE, "%.*s", SPAN_ARG(whole));
}

bool number_plan_write(const struct config_numbers *plan, enum config_numbers_form form,
	struct span number, struct span context, char out[static RULE_NUMBER_SIZE])
{
	char whole[RULE_NUMBER_SIZE], written[RULE_NUMBER_SIZE];

	if (form == CONFIG_NUMBERS_PASS)
		return false;
	if (is_whole(number))
		snprintf(whole, sizeof(whole), "%.*s", SPAN_ARG(number));
	else if (!number_plan_read(plan, number, context, whole))
		return false;
	if (form == CONFIG_NUMBERS_E164)
		strcpy(written, whole);
	else if (form == CONFIG_NUMBERS_DIGITS)
		strcpy(written, whole + 1);
	else
		write_whole(plan, form, span_of(whole), written);
	if (span_equal_str(number, written))
		return false;
	strcpy(out, written);
	return true;
}
