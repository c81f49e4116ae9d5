#include "admin/number_json.h"

static const char *role_name(enum number_role role)
{
	return role == NUMBER_CALLED ? "called" : "caller";
}

static void add(json_t *steps, enum number_role role, const char *by,
	const struct rule *rule, const char *becomes)
{
	json_array_append_new(steps,
		json_pack("{s:s, s:s, s:o, s:o}", "number", role_name(role), "by", by,
			"rule", rule ? json_string(rule_text(rule)) : json_null(),
			"becomes", becomes ? json_string(becomes) : json_null()));
}

static void add_number(json_t *steps, const struct config_numbers *settings,
	enum number_way way, enum number_role role, const struct phone *phone)
{
	char plain[PHONE_PLAIN_SIZE], context[PHONE_PLAIN_SIZE] = "";
	struct rule_scratch *scratch;
	struct number number;

	if (!phone_plain(phone, plain, sizeof(plain)) || rule_scratch_new(&scratch))
		return;
	phone_context(phone, context, sizeof(context));
	number_change(
		settings, way, role, scratch, span_of(plain), span_of(context), &number);
	rule_scratch_free(scratch);
	if (number.failed)
		add(steps, role,
			number.failed_by == RULE_ILLEGAL ? "illegal" : "too-costly",
			number.failed, NULL);
	for (unsigned i = 0; i < number.step_count; i++)
		add(steps, role, number.steps[i].by == NUMBER_BY_RULE ? "rule" : "plan",
			number.steps[i].rule, number.steps[i].number);
}

json_t *number_json(const struct config_numbers *settings, enum number_way way,
	const struct party *party)
{
	json_t *steps = json_array();

	if (!party->emergency)
		add_number(steps, settings, way, NUMBER_CALLED, &party->called.phone);
	add_number(steps, settings, way, NUMBER_CALLING, &party->from.phone);
	return steps;
}
