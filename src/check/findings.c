#include "check/findings.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* As those who read the lines of compilers know them. */
static const char *const level_names[FINDING_LEVELS] = {
	[FINDING_ERROR] = "error",
	[FINDING_WARNING] = "warning",
	[FINDING_NOTE] = "note",
};

static void finding_free(struct finding *finding)
{
	free(finding->file);
	free(finding->what);
	free(finding->remedy);
}

void findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		finding_free(&findings->list[i]);
	free(findings->list);
	memset(findings, 0, sizeof(*findings));
}

static struct finding *new_finding(struct findings *findings)
{
	struct finding *grown;

	if (findings->count < findings->room)
		return &findings->list[findings->count];
	grown = realloc(findings->list, (2 * findings->room + 16) * sizeof(*grown));
	if (!grown)
		return NULL;
	findings->list = grown;
	findings->room = 2 * findings->room + 16;
	return &findings->list[findings->count];
}

/* Takes WHAT. What there is no memory for is counted all the same: the verdict stays right. */
static void add(struct findings *findings, const struct finding *finding,
	const char *file, const char *remedy)
{
	struct finding *new = new_finding(findings);

	findings->counts[finding->level]++;
	if (!new) {
		free(finding->what);
		return;
	}
	*new = *finding;
	new->order = (unsigned)findings->count;
	new->file = strdup(file);
	new->remedy = strdup(remedy);
	if (!new->file || !new->what || !new->remedy)
		finding_free(new);
	else
		findings->count++;
}

void findings_add(struct findings *findings, enum finding_level level, struct place place,
	const char *remedy, const char *format, ...)
{
	struct finding finding = {
		.level = level, .line = place.line, .column = place.column};
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&finding.what, format, arguments) < 0)
		finding.what = NULL;
	va_end(arguments);
	add(findings, &finding, place.file, remedy);
}

void findings_add_errors(struct findings *findings, const struct config_errors *errors)
{
	struct span rest = buf_span(&errors->text);
	struct config_error error;

	while (config_errors_next(&rest, &error)) {
		char *file = span_dup(error.file);
		const struct finding finding = {.level = FINDING_ERROR,
			.in_order = true,
			.line = error.line,
			.column = error.column,
			.what = span_dup(error.message)};

		add(findings, &finding, file ? file : "", "");
		free(file);
	}
}

static int compare(const void *a, const void *b)
{
	const struct finding *x = a;
	const struct finding *y = b;
	int names;

	if (x->level != y->level)
		return x->level < y->level ? -1 : 1;
	/* what was misread makes what comes later look wrong */
	if (x->in_order && y->in_order)
		return x->order < y->order ? -1 : 1;
	names = strcmp(x->file, y->file);
	if (names != 0)
		return names;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

void findings_sort(struct findings *findings)
{
	if (findings->count)
		qsort(findings->list, findings->count, sizeof(*findings->list), compare);
}

/* Names of files and certificates may hold anything. */
static void escape(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

char *finding_line(const struct finding *finding)
{
	char place[32] = "";
	char *line;

	if (finding->line)
		snprintf(place, sizeof(place), "%u:%u: ", finding->line, finding->column);
	if (asprintf(&line, "%s%s%s%s: %s%s%s", finding->file,
		    finding->file[0] ? (finding->line ? ":" : ": ") : "", place,
		    level_names[finding->level], finding->what,
		    finding->remedy[0] ? "; " : "", finding->remedy) < 0)
		return NULL;
	escape(line);
	return line;
}

void findings_print(const struct findings *findings, bool errors_only, FILE *out)
{
	for (size_t i = 0; i < findings->count; i++) {
		char *line;

		if (errors_only && findings->list[i].level != FINDING_ERROR)
			continue;
		line = finding_line(&findings->list[i]);
		fprintf(out, "%s\n", line ? line : "out of memory");
		free(line);
	}
}

static void add_count(char *buf, size_t size, unsigned count, const char *noun)
{
	if (count == 0)
		snprintf(buf, size, "no %ss", noun);
	else
		snprintf(buf, size, "%u %s%s", count, noun, count == 1 ? "" : "s");
}

const char *findings_verdict(
	const struct findings *findings, char buf[static FINDINGS_VERDICT_SIZE])
{
	char mistakes[32], warnings[32];

	add_count(mistakes, sizeof(mistakes), findings->counts[FINDING_ERROR], "mistake");
	add_count(
		warnings, sizeof(warnings), findings->counts[FINDING_WARNING], "warning");
	snprintf(buf, FINDINGS_VERDICT_SIZE, "%s, %s: it would %sstart", mistakes,
		warnings, findings->counts[FINDING_ERROR] ? "not " : "");
	return buf;
}

/* Text that may hold bytes that are no UTF-8. */
static json_t *text_json(const char *text)
{
	char quoted[LOG_TEXT_SIZE];
	json_t *json = json_string(text);

	return json ? json : json_string(log_text(quoted, text, strlen(text)));
}

json_t *findings_json(const struct findings *findings)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		json_array_append_new(
			array, json_pack("{s:s, s:o, s:I, s:I, s:o, s:o}", "severity",
				       level_names[finding->level], "file",
				       text_json(finding->file), "line",
				       (json_int_t)finding->line, "column",
				       (json_int_t)finding->column, "what",
				       text_json(finding->what), "remedy",
				       text_json(finding->remedy)));
	}
	return array;
}
