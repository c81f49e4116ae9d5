#include "trunk/number.h"

#include "trunk/number_plan.h"

#include <string.h>

static const struct rules *rules_of(
	const struct config_numbers *settings, enum number_way way, enum number_role role)
{
	if (way == NUMBER_IN)
		return role == NUMBER_CALLED ? settings->called_in : settings->calling_in;
	return role == NUMBER_CALLED ? settings->called_out : settings->calling_out;
}

static enum config_numbers_form form_of(
	const struct config_numbers *settings, enum number_way way)
{
	return way == NUMBER_IN ? settings->in : settings->out;
}

bool number_may_change(const struct config_numbers *settings, enum number_way way)
{
	return form_of(settings, way) != CONFIG_NUMBERS_PASS ||
	       rules_of(settings, way, NUMBER_CALLED) ||
	       rules_of(settings, way, NUMBER_CALLING);
}

static void add_step(struct number *number, enum number_by by, const struct rule *rule,
	const char *text)
{
	struct number_step *step = &number->steps[number->step_count++];

	step->by = by;
	step->rule = rule;
	strcpy(step->number, text);
	strcpy(number->text, text);
}

static void by_rules(
	const struct rules *rules, struct rule_scratch *scratch, struct number *number)
{
	struct rules_found found;

	if (!rules)
		return;
	rules_apply(rules, scratch, span_of(number->text), &found);
	if (found.failed) {
		number->failed = found.failed;
		number->failed_by = found.failed_by;
	}
	if (found.rule)
		add_step(number, NUMBER_BY_RULE, found.rule, found.number);
}

/* A context belongs to the number that came: it means nothing of one that a rule made. */
static void by_plan(const struct config_numbers *settings, enum number_way way,
	struct span context, struct number *number)
{
	const struct span text = span_of(number->text);
	const enum config_numbers_form form = form_of(settings, way);
	char made[RULE_NUMBER_SIZE];

	if (form == CONFIG_NUMBERS_PASS)
		return;
	if (number->step_count)
		context = (struct span){.p = NULL};
	if (way == NUMBER_IN ? number_plan_read(settings, text, context, made)
			     : number_plan_write(settings, form, text, context, made))
		add_step(number, NUMBER_BY_PLAN, NULL, made);
}

void number_change(const struct config_numbers *settings, enum number_way way,
	enum number_role role, struct rule_scratch *scratch, struct span number,
	struct span context, struct number *ret)
{
	const struct rules *rules = rules_of(settings, way, role);

	ret->step_count = 0;
	ret->failed = NULL;
	if (span_copy(number, ret->text, sizeof(ret->text))) {
		ret->text[0] = '\0';
		return;
	}
	if (way == NUMBER_IN)
		by_rules(rules, scratch, ret);
	by_plan(settings, way, context, ret);
	if (way == NUMBER_OUT)
		by_rules(rules, scratch, ret);
}

static bool change_called(const struct config_numbers *settings, enum number_way way,
	const struct phone *called, char out[static RULE_NUMBER_SIZE])
{
	char plain[PHONE_PLAIN_SIZE], context[PHONE_PLAIN_SIZE] = "";
	struct rule_scratch *scratch;
	struct number number;

	if (!number_may_change(settings, way) ||
		!phone_plain(called, plain, sizeof(plain)) || rule_scratch_new(&scratch))
		return false;
	phone_context(called, context, sizeof(context));
	number_change(settings, way, NUMBER_CALLED, scratch, span_of(plain),
		span_of(context), &number);
	rule_scratch_free(scratch);
	if (!number.step_count)
		return false;
	strcpy(out, number.text);
	return true;
}

bool number_called_in(const struct config_numbers *settings, const struct phone *called,
	char out[static RULE_NUMBER_SIZE])
{
	return change_called(settings, NUMBER_IN, called, out);
}

bool number_called_out(const struct config_numbers *settings, const struct phone *called,
	char out[static RULE_NUMBER_SIZE])
{
	return change_called(settings, NUMBER_OUT, called, out);
}
