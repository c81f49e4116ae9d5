#include "verify/bundle_report.h"

#include "verify/bundle.h"
#include "verify/safe.h"

#include <inttypes.h>
#include <stdio.h>

enum { GOOD = 0, BAD = 1, UNREADABLE = 3 };

struct report {
	bool json, quiet;
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

	if (report->json) {
		json_array_append_new(report->faults,
			json_pack("{s:s, s:o, s:o}", "kind", fault->kind, "file",
				text_json(fault->file), "text", text_json(fault->text)));
	} else if (!report->quiet) {
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

static void print_json(const struct report *report, const struct bundle_result *result,
	const struct note_key *key)
{
	json_t *object =
		json_pack("{s:b, s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, "
			  "s:O}",
			"verified", result->faults == 0, "log", key->name, "call",
			text_json(word(result->manifest, "call")), "for",
			text_json(word(result->manifest, "for")), "made",
			text_json(word(result->manifest, "made")), "records",
			(json_int_t)result->records, "files", (json_int_t)result->files,
			"shown", (json_int_t)result->packets_shown, "masked",
			(json_int_t)result->packets_masked, "withheld",
			(json_int_t)result->packets_withheld, "fault_count",
			(json_int_t)result->faults, "faults", report->faults);

	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

static void print_text(const struct bundle_result *result, const struct note_key *key)
{
	if (result->faults > 0) {
		printf("NOT VERIFIED: %" PRIu64 " faults in the bundle of the log %s\n",
			result->faults, key->name);
		return;
	}
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

int bundle_report(const char *path, const struct note_key *key, bool json, bool quiet)
{
	struct report report = {.json = json, .quiet = quiet, .faults = json_array()};
	const struct bundle_params params = {
		.path = path, .key = key, .h = fault_h, .arg = &report};
	struct bundle_result result = {0};
	struct err_text text = {""};
	int code = UNREADABLE;

	if (bundle_check(&result, &params, &text) != 0) {
		fprintf(stderr, "tandem-verify: %s: %s\n", path, text.text);
	} else {
		if (json)
			print_json(&report, &result, key);
		else if (!quiet)
			print_text(&result, key);
		code = result.faults > 0 ? BAD : GOOD;
	}
	json_decref(result.manifest);
	json_decref(report.faults);
	return code;
}
