#include "verify/bundle_report.h"

#include "verify/bundle.h"
#include "verify/safe.h"

#include <inttypes.h>
#include <stdio.h>

enum { GOOD = 0, BAD = 1, UNREADABLE = 3 };

struct report {
	const struct bundle_wanted *wanted;
	json_t *faults;
};

/* A text of the bundle; not UTF-8, it is left out. */
static json_t *text_json(const char *text)
{
	json_t *value = json_string(text);

	return value ? value : json_string("");
}

static void fault_h(void *arg, const struct bundle_fault *fault)
{
	struct report *report = arg;

	if (report->wanted->json) {
		json_array_append_new(report->faults,
			json_pack("{s:s, s:o, s:o}", "kind", fault->kind, "file",
				text_json(fault->file), "text", text_json(fault->text)));
	} else if (!report->wanted->quiet) {
		printf("%s: ", fault->kind);
		safe_print(stdout, span_of(fault->text));
		putchar('\n');
	}
}

static const char *word(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* NULL where there is none. */
static json_t *stamp_json(const struct bundle_stamp *stamp)
{
	if (!stamp->is_there)
		return json_null();
	return json_pack("{s:b, s:I, s:s}", "checked", stamp->checked, "size",
		(json_int_t)stamp->size, "time", stamp->time);
}

static void print_json(const struct report *report, const struct bundle_result *result)
{
	json_t *object = json_pack(
		"{s:b, s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o, "
		"s:O, s:I, s:O}",
		"verified", result->faults == 0, "log", report->wanted->key->name, "call",
		text_json(word(result->manifest, "call")), "for",
		text_json(word(result->manifest, "for")), "made",
		text_json(word(result->manifest, "made")), "records",
		(json_int_t)result->records, "files", (json_int_t)result->files, "shown",
		(json_int_t)result->packets_shown, "masked",
		(json_int_t)result->packets_masked, "withheld",
		(json_int_t)result->packets_withheld, "stamp", stamp_json(&result->stamp),
		"witnesses", report->wanted->cosigned, "fault_count",
		(json_int_t)result->faults, "faults", report->faults);

	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

/* A stamp whose authority nobody named is worth nothing yet, which is said. */
static void print_stamp(const struct bundle_stamp *stamp)
{
	if (!stamp->is_there)
		return;
	if (stamp->checked)
		printf("stamped: %" PRIu64 " records, %s\n", stamp->size, stamp->time);
	else
		printf("not checked: the stamp, which says %" PRIu64
		       " records, %s: whose is it? --tsa-ca\n",
			stamp->size, stamp->time);
}

static void print_text(const struct bundle_result *result, const struct note_key *key)
{
	if (result->faults > 0) {
		printf("NOT VERIFIED: %" PRIu64 " faults in the bundle of the log %s\n",
			result->faults, key->name);
		return;
	}
	print_stamp(&result->stamp);
	printf("verified: call ");
	safe_print(stdout, span_of(word(result->manifest, "call")));
	printf(" of the log %s, given", key->name);
	if (word(result->manifest, "for")[0]) {
		printf(" for ");
		safe_print(stdout, span_of(word(result->manifest, "for")));
	}
	printf(" at %s\n", word(result->manifest, "made"));
	printf("%" PRIu64 " records, %" PRIu64 " files", result->records, result->files);
	printf("; packets: %" PRIu64 " shown, %" PRIu64 " masked, %" PRIu64 " withheld\n",
		result->packets_shown, result->packets_masked, result->packets_withheld);
}

int bundle_report(const char *path, const struct bundle_wanted *wanted)
{
	struct report report = {.wanted = wanted, .faults = json_array()};
	const struct bundle_params params = {.path = path,
		.key = wanted->key,
		.authorities = wanted->authorities,
		.witnesses = wanted->witnesses,
		.h = fault_h,
		.arg = &report};
	struct bundle_result result = {0};
	struct err_text text = {""};
	int code = UNREADABLE;

	if (bundle_check(&result, &params, &text) != 0) {
		fprintf(stderr, "tandem-verify: %s: %s\n", path, text.text);
	} else {
		if (wanted->json)
			print_json(&report, &result);
		else if (!wanted->quiet)
			print_text(&result, wanted->key);
		code = result.faults > 0 ? BAD : GOOD;
	}
	json_decref(result.manifest);
	json_decref(report.faults);
	return code;
}
