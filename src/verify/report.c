#include "verify/report.h"

#include "evidence/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *string_at(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "";
}

static json_int_t number_at(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* What the record says of TEXT. */
static int check_sum(const json_t *record, struct span text, struct err_text *why)
{
	char sum[DIGEST_TEXT_SIZE];

	if (strcmp(string_at(record, "kind"), "report") != 0 ||
		strcmp(string_at(record, "report"), "protection") != 0)
		return err_set(why, ERR_FORMAT,
			"the proof is of a record of no protection report");
	if (digest_text_of(text, sum) != 0)
		return err_set(why, ERR_STATE, "its sum cannot be computed");
	if (strcmp(sum, string_at(record, "sha256")) != 0)
		return err_set(
			why, ERR_TRUST, "the report is not the one that was signed");
	return 0;
}

/* Each call that is named is one of the records that were looked at, in their order. */
static bool calls_are_in_order(const json_t *report, json_int_t first, json_int_t last)
{
	const json_t *calls = json_object_get(report, "unprotected"), *call;
	json_int_t before = first - 1, number;
	size_t i;

	json_array_foreach(calls, i, call)
	{
		number = number_at(call, "record");
		if (number <= before || number > last)
			return false;
		before = number;
	}
	return json_is_array(calls);
}

static json_int_t sum_of(const json_t *kinds)
{
	json_int_t sum = 0;
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)kinds, name, value)
	{
		(void)name;
		sum += json_integer_value(value);
	}
	return sum;
}

/* The report agrees with its record, and with itself. */
static int check_content(
	const json_t *report, const json_t *record, uint64_t index, struct err_text *why)
{
	const json_t *records = json_object_get(report, "records");
	const json_t *calls = json_object_get(report, "calls");
	const json_int_t first = number_at(records, "first");
	const json_int_t last = number_at(records, "last");
	const json_int_t count = number_at(records, "count");
	const json_int_t unprotected = number_at(calls, "unprotected");

	if (number_at(report, "v") != 1 ||
		strcmp(string_at(report, "report"), "protection") != 0)
		return err_set(why, ERR_FORMAT, "it is a report of another kind");
	if (strcmp(string_at(report, "since"), string_at(record, "since")) != 0 ||
		strcmp(string_at(report, "until"), string_at(record, "until")) != 0 ||
		first != number_at(record, "first") ||
		last != number_at(record, "last") ||
		count != number_at(record, "records") ||
		number_at(calls, "answered") != number_at(record, "calls") ||
		unprotected != number_at(record, "unprotected"))
		return err_set(why, ERR_TRUST, "it says other things than its record");
	if (count < 0 || first < 0 || last < first || count > last - first + 1 ||
		sum_of(json_object_get(records, "kinds")) != count ||
		number_at(records, "size") > (json_int_t)index ||
		(json_int_t)json_array_size(json_object_get(report, "unprotected")) !=
			unprotected ||
		(count > 0 && !calls_are_in_order(report, first, last)))
		return err_set(why, ERR_TRUST, "its numbers contradict each other");
	return 0;
}

int report_verify(json_t **ret, uint64_t *ret_index, const struct keychain *keys,
	struct span text, struct span proof, struct err_text *why)
{
	const struct span no_record = {NULL, 0};
	json_t *report = NULL, *record = NULL;
	struct buf line;
	int err;

	buf_init(&line, 0);
	err = verify_proof(proof, no_record, keys, ret_index, &line, why);
	if (!err) {
		record = json_loadb(line.data, line.len, JSON_REJECT_DUPLICATES, NULL);
		err = check_sum(record, text, why);
	}
	if (!err) {
		report = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
		err = check_content(report, record, *ret_index, why);
	}
	json_decref(record);
	buf_free(&line);
	if (err)
		json_decref(report);
	else
		*ret = report;
	return err;
}
