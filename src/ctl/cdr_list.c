#include "ctl/cdr_list.h"

#include "admin/api.h"
#include "base/buf.h"
#include "ctl/answer.h"
#include "ctl/client.h"
#include "ctl/count.h"
#include "ctl/report_csv.h"
#include "ctl/show.h"
#include "ctl/show_table.h"
#include "ctl/show_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As the server gives them at once. */
#define PAGE 200
#define LIMIT_MAX 1000000000
/* Words of one question. */
#define WORDS_MAX 40

static const struct show_column list_columns[] = {
	{"END", "end", false, 1},
	{"ID", "id", false, 2},
	{"FROM", "from", false, 0},
	{"TO", "to", false, 0},
	{"BY", "from_party", false, 4},
	{"VIA", "to_party", false, 4},
	{"STATUS", "status", true, 3},
	{"CAUSE", "cause", false, 5},
	{"TALK", "talk_us", true, 6},
	{"RANG", "ringing_us", true, 9},
	{"SIGNALLING", "signalling", false, 7},
	{"MEDIA", "media", false, 7},
	{"MOS", "mos", true, 8},
	{"ENDED BY", "ended_by", false, 10},
	{"START", "start", false, 11},
	{"LENGTH", "duration_us", true, 12},
	{"KIND", "kind", false, 13},
	{"Q.850", "q850", true, 13},
	{"SEQ", "seq", true, 14},
	{NULL, NULL, false, 0},
};

static const struct show_column report_columns[] = {
	{"FROM", "begin", false, 0},
	{"WHOSE", "party", false, 0},
	{"CALLS", "direction", false, 1},
	{"ATTEMPTS", "attempts", true, 2},
	{"ANSWERED", "answered", true, 3},
	{"ASR%", "asr_percent", true, 3},
	{"NER%", "ner_percent", true, 3},
	{"ACD", "acd_us", true, 4},
	{"PDD", "pdd_mean_us", true, 4},
	{"PDD MAX", "pdd_max_us", true, 6},
	{"MOS", "mos_mean", true, 5},
	{"MOS MIN", "mos_min", true, 7},
	{"LOSS%", "loss_percent", true, 7},
	{"JITTER", "jitter_mean_us", true, 8},
	{"TLS1.3", "tls13", true, 6},
	{"TLS1.2", "tls12", true, 6},
	{"PLAIN", "plain", true, 6},
	{"SRTP", "srtp", true, 6},
	{"UDPTL", "udptl", true, 9},
	{"RTP", "rtp", true, 6},
	{"TALK", "talk_us", true, 8},
	{NULL, NULL, false, 0},
};

/* Columns of CSV: the members themselves, so that what reads it has the names of --json. */
static const char *const list_fields[] = {"seq", "kind", "id", "start", "end",
	"duration_us", "ringing_us", "talk_us", "from", "to", "from_party", "to_party",
	"inbound", "message", "status", "cause", "ended_by", "signalling", "media", "mos",
	"q850", NULL};
static const char *const report_fields[] = {"begin", "party", "direction", "attempts",
	"answered", "asr_percent", "ner_percent", "acd_us", "talk_us", "pdd_mean_us",
	"pdd_max_us", "mos_mean", "mos_min", "loss_percent", "jitter_mean_us", "tls13",
	"tls12", "plain", "srtp", "udptl", "rtp", NULL};

static const struct form {
	const char *verb;
	const struct show_column *columns;
	const char *const *fields;
	unsigned limit; /* of rows in a table, by default */
} forms[] = {
	{"list", list_columns, list_fields, 50},
	{"report", report_columns, report_fields, 1000},
};

struct printing {
	const struct session *session;
	const struct form *form;
	uint64_t printed;
	int err;
};

static void print_csv_head(const char *const *fields)
{
	for (; *fields; fields++)
		printf("%s%s", fields[0], fields[1] ? "," : "\r\n");
}

/* What a spreadsheet takes for a formula is none to it; a number with its + is not one, and stays as programs know it. */
static void add_csv_text(struct buf *out, const char *text)
{
	if (text[0] == '+' && text[1] &&
		strspn(text + 1, "0123456789") == strlen(text + 1))
		buf_add_str(out, text);
	else
		report_csv_field(out, text);
}

static void add_csv_value(struct buf *out, const json_t *value)
{
	char text[64] = "";

	if (json_is_string(value)) {
		add_csv_text(out, json_string_value(value));
		return;
	}
	if (json_is_integer(value))
		snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
			json_integer_value(value));
	else if (json_is_real(value))
		snprintf(text, sizeof(text), "%.2f", json_real_value(value));
	else if (json_is_boolean(value))
		snprintf(text, sizeof(text), "%s", json_is_true(value) ? "yes" : "no");
	buf_add_str(out, text);
}

static int print_csv(const char *const *fields, const json_t *rows)
{
	const json_t *row;
	struct buf out;
	size_t i;
	int err;

	buf_init(&out, 0);
	json_array_foreach(rows, i, row)
	{
		for (const char *const *field = fields; *field; field++) {
			add_csv_value(&out, json_object_get(row, field[0]));
			buf_add_str(&out, field[1] ? "," : "\r\n");
		}
	}
	err = out.err;
	if (!err && fwrite(out.data ? out.data : "", 1, out.len, stdout) < out.len)
		err = -EIO;
	buf_free(&out);
	return err;
}

static void print_objects(const struct printing *printing, const json_t *rows, bool lines)
{
	const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(15);
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (!lines)
			fputs(printing->printed + i > 0 ? ",\n" : "\n", stdout);
		json_dumpf(row, stdout, flags);
		if (lines)
			putchar('\n');
	}
}

static void print_page(struct printing *printing, const json_t *rows)
{
	const struct options *options = printing->session->options;
	struct show_style style = printing->session->style;

	style.head &= printing->printed == 0;
	if (options->format == FORMAT_CSV)
		printing->err = print_csv(printing->form->fields, rows);
	else if (options->format != FORMAT_TEXT)
		print_objects(printing, rows, options->format == FORMAT_LINES);
	else if (!options->quiet)
		printing->err = show_table(&style, printing->form->columns, rows);
	printing->printed += json_array_size(rows);
}

static void print_begin(const struct options *options, const struct form *form)
{
	if (options->format == FORMAT_JSON)
		fputs("{\"rows\": [", stdout);
	else if (options->format == FORMAT_CSV && !options->no_head)
		print_csv_head(form->fields);
}

/* RESULT is that of the last page. */
static void print_end(const struct options *options, const json_t *result)
{
	const json_t *next = json_object_get(result, "next");
	const bool complete = json_is_true(json_object_get(result, "complete"));

	if (options->format == FORMAT_JSON) {
		fputs("\n], \"next\": ", stdout);
		json_dumpf(next ? next : json_null(), stdout, JSON_ENCODE_ANY);
		printf(", \"complete\": %s}\n", complete ? "true" : "false");
	} else if (options->format == FORMAT_TEXT && json_is_integer(next) &&
		   !options->quiet) {
		fflush(stdout);
		fprintf(stderr, "there may be more: --limit\n");
	}
	show_warning(result);
}

/* The words of a question: those of ARGS but their limit, which is that of a page. */
struct question {
	char *words[WORDS_MAX + 1];
	unsigned count;
	char limit[16], before[24];
};

static void add_word(struct question *question, const char *word)
{
	if (question->count < WORDS_MAX)
		question->words[question->count++] = (char *)(uintptr_t)word;
}

static void make_question(
	struct question *question, char *const *args, unsigned limit, const json_t *next)
{
	question->count = 0;
	for (; *args; args++) {
		if (strcmp(*args, "--limit") == 0 && args[1])
			args++;
		else
			add_word(question, *args);
	}
	snprintf(question->limit, sizeof(question->limit), "%u", limit);
	add_word(question, "--limit");
	add_word(question, question->limit);
	if (next) {
		snprintf(question->before, sizeof(question->before),
			"%" JSON_INTEGER_FORMAT, json_integer_value(next));
		add_word(question, "--next");
		add_word(question, question->before);
	}
	question->words[question->count] = NULL;
}

static int say_failure(const struct session *session, const json_t *answer)
{
	const char *error = json_string_value(json_object_get(answer, "error"));

	fprintf(stderr, "tandemctl: %s\n", error ? error : "failed");
	if (session->options->format == FORMAT_JSON) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	return (int)json_integer_value(json_object_get(answer, "code"));
}

/* One page. *RET_NEXT: where the next one begins, NULL: there is none; the caller's. */
static int ask_page(struct printing *printing, const struct command *command,
	struct question *question, json_t **ret_result)
{
	struct err_text text = {""};
	json_t *answer = NULL;
	int code = (int)client_ask(printing->session->options->socket_path, command->noun,
		command->verb, question->words, &answer, &text);

	if (code != API_OK) {
		fprintf(stderr, "tandemctl: %s\n", text.text);
		return code;
	}
	code = (int)json_integer_value(json_object_get(answer, "code"));
	if (code != API_OK)
		code = say_failure(printing->session, answer);
	else
		*ret_result = json_incref(json_object_get(answer, "result"));
	json_decref(answer);
	return code;
}

static const struct form *find_form(const struct command *command)
{
	return strcmp(command->verb, forms[1].verb) == 0 ? &forms[1] : &forms[0];
}

int cdr_list(
	const struct session *session, const struct command *command, char *const *args)
{
	const struct options *options = session->options;
	const bool all = options->format == FORMAT_CSV || options->format == FORMAT_LINES;
	struct printing printing = {.session = session, .form = find_form(command)};
	unsigned limit = all ? LIMIT_MAX : printing.form->limit;
	struct question question;
	json_t *result = NULL, *before = NULL;
	int code;

	if (count_option(args, "--limit", 1, LIMIT_MAX, &limit))
		return API_USAGE;
	do {
		const uint64_t left = limit - printing.printed;

		make_question(&question, args, left < PAGE ? (unsigned)left : PAGE,
			json_object_get(before, "next"));
		json_decref(before);
		before = NULL;
		result = NULL;
		code = ask_page(&printing, command, &question, &result);
		if (code != API_OK)
			return code;
		if (printing.printed == 0)
			print_begin(options, printing.form);
		print_page(&printing, json_object_get(result, "rows"));
		before = result;
	} while (!printing.err && printing.printed < limit &&
		 json_is_integer(json_object_get(result, "next")));
	print_end(options, result);
	json_decref(result);
	if (printing.err) {
		fprintf(stderr, "tandemctl: cannot print the answer\n");
		return API_FAILED;
	}
	return answer_flush(API_OK);
}
