#include "verify/report_text.h"

#include "verify/safe.h"

#include <inttypes.h>
#include <stdio.h>

static struct span text_at(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return span_of(text ? text : "");
}

static void print_calls(const json_t *report)
{
	const json_t *call, *leg;
	size_t i, k;

	json_array_foreach(json_object_get(report, "unprotected"), i, call)
	{
		printf("not protected: record %" JSON_INTEGER_FORMAT ", call ",
			json_integer_value(json_object_get(call, "record")));
		safe_print(stdout, text_at(call, "id"));
		json_array_foreach(json_object_get(call, "legs"), k, leg)
		{
			static const char *const names[] = {
				"party", "signalling", "media"};

			for (unsigned n = 0; n < 3; n++) {
				fputs(n == 0 ? ", " : " ", stdout);
				safe_print(stdout, text_at(leg, names[n]));
			}
		}
		putchar('\n');
	}
}

void report_text_print(const json_t *report, uint64_t index, const char *log)
{
	const json_t *records = json_object_get(report, "records"),
		     *calls = json_object_get(report, "calls");

	print_calls(report);
	printf("verified: record %" PRIu64 " of the log %s has the sum of this report\n"
	       "looked at: %" JSON_INTEGER_FORMAT " records, from %" JSON_INTEGER_FORMAT
	       " to %" JSON_INTEGER_FORMAT "; %zu holes, %zu gaps, %zu calls lost\n"
	       "answered: %" JSON_INTEGER_FORMAT
	       " calls; not protected: %" JSON_INTEGER_FORMAT "\n",
		index, log, json_integer_value(json_object_get(records, "count")),
		json_integer_value(json_object_get(records, "first")),
		json_integer_value(json_object_get(records, "last")),
		json_array_size(json_object_get(records, "missing")),
		json_array_size(json_object_get(records, "gaps")),
		json_array_size(json_object_get(calls, "lost")),
		json_integer_value(json_object_get(calls, "answered")),
		json_integer_value(json_object_get(calls, "unprotected")));
}
