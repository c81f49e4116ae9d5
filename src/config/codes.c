#include "config/codes.h"

#include <string.h>

#define STATUS_MIN 300
#define STATUS_MAX 699
#define RESULT_MIN 400
#define CAUSE_MAX 127 /* ITU-T Q.850 has seven bits */

/*
 * What nobody may be answered with by a rule: these mean something to the transaction or the dialog, or need a
 * header that says what to change, and their receivers act on that.
 */
static const uint16_t bound[] = {401, 405, 407, 415, 416, 417, 420, 421, 422, 423, 428,
	436, 437, 438, 469, 470, 481, 482, 483, 487, 489, 491, 493, 494};

static bool is_bound(uint64_t status)
{
	for (size_t i = 0; i < sizeof(bound) / sizeof(bound[0]); i++)
		if (bound[i] == status)
			return true;
	return false;
}

/* "404" or "500-599". False: TEXT is no range within MIN and MAX. */
static bool read_range(struct span text, uint64_t min, uint64_t max, uint64_t *ret_first,
	uint64_t *ret_last)
{
	struct span rest = text, first;

	if (!span_next(&rest, '-', &first) || span_uint(first, max, ret_first))
		return false;
	*ret_last = *ret_first;
	if (rest.p && span_uint(rest, max, ret_last))
		return false;
	return *ret_first >= min && *ret_last >= *ret_first &&
	       !(rest.p && *ret_last == *ret_first);
}

static bool read_causes(struct codes_rule *rule, struct span text)
{
	static const char word[] = "q850:";
	const size_t len = sizeof(word) - 1;
	uint64_t first, last;

	if (rule->first_cause || !span_starts(text, word) ||
		!read_range((struct span){text.p + len, text.len - len}, 1, CAUSE_MAX,
			&first, &last))
		return false;
	rule->first_cause = (uint8_t)first;
	rule->last_cause = (uint8_t)last;
	return true;
}

/* What is before the arrow. */
static bool read_key(struct codes_rule *rule, struct span text)
{
	struct span word;
	uint64_t first, last;

	while (text.p && span_next(&text, ' ', &word)) {
		if (!word.len || read_causes(rule, word))
			continue;
		if (rule->first ||
			!read_range(word, STATUS_MIN, STATUS_MAX, &first, &last))
			return false;
		rule->first = (uint16_t)first;
		rule->last = (uint16_t)last;
	}
	return rule->first || rule->first_cause;
}

static bool read_result(struct codes_rule *rule, struct span text, const char **ret_why)
{
	uint64_t status;

	if (span_equal_str(text, "rfc3398")) {
		rule->result = CODES_BY_CAUSE;
		if (!rule->first_cause)
			*ret_why = "rfc3398 needs a Q.850 cause: q850:1-127 -> rfc3398";
		return rule->first_cause != 0;
	}
	if (span_uint(text, 999, &status))
		return false;
	if (status < RESULT_MIN || status > STATUS_MAX)
		*ret_why = "a refusal stays a refusal: 400 to 699";
	else if (is_bound(status))
		*ret_why =
			"a caller acts on that status by itself, or needs a header that "
			"says what to change: it is never made";
	rule->result = (uint16_t)status;
	return !*ret_why;
}

bool codes_rule_read(struct codes_rule *ret, struct span text, const char **ret_why)
{
	struct codes_rule rule = {.first = 0};
	const char *arrow = span_find(text, span_of("->"));
	struct span key, result;

	*ret_why = NULL;
	if (!arrow)
		return false;
	key = span_trim((struct span){text.p, (size_t)(arrow - text.p)});
	result = span_trim(
		(struct span){arrow + 2, text.len - (size_t)(arrow + 2 - text.p)});
	if (!read_key(&rule, key) || !read_result(&rule, result, ret_why))
		return false;
	*ret = rule;
	return true;
}

static bool takes(const struct codes_rule *rule, int status, unsigned cause)
{
	return (!rule->first || (status >= rule->first && status <= rule->last)) &&
	       (!rule->first_cause ||
		       (cause >= rule->first_cause && cause <= rule->last_cause));
}

int codes_find(const struct config_words *rules, int status, unsigned cause)
{
	for (size_t i = 0; i < rules->count; i++) {
		struct codes_rule rule;
		const char *why;

		if (codes_rule_read(&rule, span_of(rules->words[i]), &why) &&
			takes(&rule, status, cause))
			return rule.result;
	}
	return 0;
}
