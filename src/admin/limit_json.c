#include "admin/limit_json.h"

static json_t *number_json(unsigned number)
{
	return number == CONFIG_UNLIMITED ? json_null() : json_integer(number);
}

json_t *limit_json(const struct limit_question *question)
{
	json_t *array = json_array();

	for (enum limit_kind kind = LIMIT_NONE + 1; kind < LIMIT_KINDS; kind++)
		json_array_append_new(array,
			json_pack("{s:s, s:i, s:o, s:I}", "limit", limit_name(kind),
				"used", (int)limit_used(question, kind), "most",
				number_json(limit_most(question->limits, kind)),
				"reached", (json_int_t)question->use->reached[kind]));
	return array;
}
