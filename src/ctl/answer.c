#include "ctl/answer.h"

#include "admin/api.h"
#include "base/buf.h"
#include "ctl/call_html.h"
#include "ctl/report_csv.h"
#include "ctl/report_html.h"
#include "ctl/show.h"
#include "ctl/show_diff.h"
#include "ctl/show_explain.h"
#include "ctl/show_learn.h"
#include "ctl/show_replay.h"
#include "ctl/show_report.h"
#include "ctl/show_route.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void print_json(const json_t *value)
{
	json_dumpf(value ? value : json_null(), stdout,
		JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	putchar('\n');
}

/* A page, or CSV: of the protection report, or of a call. */
static int print_report(
	const struct command *command, enum format format, const json_t *report)
{
	struct buf out;
	int err;

	buf_init(&out, 0);
	if (format == FORMAT_CSV)
		report_csv(report, &out);
	else if (strcmp(command->noun, "call") == 0)
		call_html(report, &out);
	else
		report_html(report, &out);
	err = out.err;
	if (!err && fwrite(out.data, 1, out.len, stdout) < out.len)
		err = -EIO;
	buf_free(&out);
	return err;
}

/* A verb may find something wrong, and say so by its exit code. */
static int code_of(const struct command *command, const json_t *result)
{
	if (strcmp(command->verb, "learn") == 0)
		return show_learn_code(result);
	if (strcmp(command->verb, "explain") == 0)
		return show_explain_code(result);
	if (strcmp(command->noun, "config") == 0 && strcmp(command->verb, "diff") == 0)
		return show_diff_code(result);
	if (strcmp(command->noun, "report") == 0)
		return show_report_code(result);
	if (strcmp(command->noun, "route") == 0 && strcmp(command->verb, "replay") == 0)
		return show_replay_code(result);
	if (strcmp(command->noun, "route") == 0)
		return show_route_code(result);
	return API_OK;
}

int answer_flush(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	fprintf(stderr, "tandemctl: cannot print the answer\n");
	return API_FAILED;
}

int answer_print(const struct session *session, const struct command *command,
	const json_t *answer)
{
	const struct options *options = session->options;
	const json_t *result = json_object_get(answer, "result");
	int code = (int)json_integer_value(json_object_get(answer, "code"));
	const char *error = json_string_value(json_object_get(answer, "error"));
	int err = 0;

	if (code != API_OK) {
		show_errors(result);
		fprintf(stderr, "tandemctl: %s\n", error ? error : "failed");
		if (options->format == FORMAT_JSON)
			print_json(answer);
		return code;
	}
	code = code_of(command, result);
	if (options->quiet) {
		show_warning(result);
		return code;
	}
	if (options->format == FORMAT_JSON)
		print_json(result);
	else if (options->format != FORMAT_TEXT)
		err = print_report(command, options->format, result);
	else if (result)
		err = show_result(&session->style, command->noun, command->verb, result);
	if (err) {
		fprintf(stderr, "tandemctl: cannot print the answer\n");
		return API_FAILED;
	}
	return answer_flush(code);
}

int answer_end(const struct session *session, const struct command *command, int code,
	json_t *answer, const char *why)
{
	if (code != API_OK)
		fprintf(stderr, "tandemctl: %s\n", why);
	else if (answer)
		code = answer_print(session, command, answer);
	json_decref(answer);
	return code;
}
