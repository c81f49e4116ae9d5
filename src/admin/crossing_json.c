#include "admin/crossing_json.h"

#include "base/buf.h"
#include "config/header.h"

static json_t *words_json(const struct config_words *words)
{
	json_t *list = json_array();

	for (size_t i = 0; i < words->count; i++)
		json_array_append_new(list, json_string(words->words[i]));
	return list;
}

/* RULES that are about what goes SCOPE: names, or lines. */
static void add_rules(
	json_t *list, const struct config_words *rules, bool with_value, unsigned scope)
{
	struct header_rule rule;
	const char *why;
	struct buf text;

	for (size_t i = 0; i < rules->count; i++) {
		if (!header_rule_read(
			    &rule, span_of(rules->words[i]), with_value, &why) ||
			(rule.scope & scope) != scope)
			continue;
		buf_init(&text, 0);
		header_rule_print(&rule, &text);
		json_array_append_new(list, json_stringn(text.data, text.len));
		buf_free(&text);
	}
}

static json_t *rules_json(const struct config_words *caller,
	const struct config_words *target, bool with_value)
{
	json_t *list = json_array();

	if (caller)
		add_rules(list, caller, with_value, HEADER_IN | HEADER_REQUESTS);
	add_rules(list, target, with_value, HEADER_OUT | HEADER_REQUESTS);
	return list;
}

json_t *crossing_json(
	const struct config_trunk *caller, const struct config_trunk *target)
{
	static const struct config_words none;
	const struct config_crossing *from = caller ? &caller->crossing : NULL;
	const struct config_crossing *to = &target->crossing;

	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o}", "codes",
		words_json(&to->codes), "caller_codes",
		words_json(from ? &from->codes_out : &none), "reason",
		config_reason_name(to->reason), "headers_pass",
		rules_json(from ? &from->pass : NULL, &to->pass, false), "headers_drop",
		rules_json(from ? &from->drop : NULL, &to->drop, false), "headers_add",
		rules_json(from ? &from->add : NULL, &to->add, true));
}
