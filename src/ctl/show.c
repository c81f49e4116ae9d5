/*
 * What a peer sent may be shown on a terminal: its control characters must not reach it.
 */
#include "ctl/show.h"

#include "base/buf.h"
#include "ctl/show_explain.h"
#include "ctl/show_report.h"

#include <errno.h>
#include <libsmartcols.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define INDENT 2
#define NAME_WIDTH 26
#define DEPTH_MAX 6

struct layout {
	const char *noun, *verb;
	const char *array; /* where in the result the rows are; NULL: it is the array */
	struct show_column columns[13]; /* and one that ends them */
};

static const struct layout layouts[] = {
	{"trunk", "list", NULL,
		{{"ID", "id", false}, {"STATE", "state", false},
			{"TLS", "tls_state", false}, {"SIGNALLING", "transport", false},
			{"SRTP", "srtp", false}, {"HOST", "host", false},
			{"PORT", "port", true}, {"CALLS", "calls", true},
			{"MAX", "calls_max", true}, {"TOTAL", "calls_total", true},
			{"FAILED", "calls_failed", true},
			{"LAST ERROR", "last_error", false}}},
	{"server", "list", NULL,
		{{"ID", "id", false}, {"STATE", "state", false},
			{"SIGNALLING", "transport", false}, {"SRTP", "srtp", false},
			{"HOST", "host", false}, {"PORT", "port", true},
			{"CALLS", "calls", true}, {"MAX", "calls_max", true},
			{"TOTAL", "calls_total", true}, {"FAILED", "calls_failed", true},
			{"LAST ERROR", "last_error", false}}},
	{"call", "list", "calls",
		{{"ID", "id", false}, {"STATE", "state", false}, {"FROM", "from", false},
			{"TO", "to", false}, {"SERVER", "internal.party", false},
			{"MEDIA", "internal.media", false},
			{"TRUNK", "external.party", false},
			{"SIGNALLING", "external.transport", false},
			{"MEDIA", "external.media", false},
			{"AGE", "duration_us", true}}},
	{"cert", "list", NULL,
		{{"ROLE", "role", false}, {"SUBJECT", "subject", false},
			{"NAMES", "names", false}, {"NOT AFTER", "not_after", false},
			{"DAYS", "left_days", true}, {"LEVEL", "level", false},
			{"USED BY", "used_by", false}, {"THEN", "then", false},
			{"CHANGED", "changed", false}, {"FILE", "file", false}}},
	{"cdr", "tail", NULL,
		{{"ID", "id", false}, {"START", "start", false}, {"FROM", "from", false},
			{"TO", "to", false}, {"STATUS", "status", true},
			{"CAUSE", "cause", false}, {"TALK", "talk_us", true},
			{"SERVER MEDIA", "internal.media", false},
			{"TRUNK SIGNALLING", "external.transport", false},
			{"TRUNK MEDIA", "external.media", false}}},
};

void show_add_safe(struct buf *out, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	for (; *c; c++) {
		if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) {
			buf_add_char(out, '?');
			c++;
		} else {
			buf_add_char(out, *c < 0x20 || *c == 0x7f ? '?' : (char)*c);
		}
	}
}

void show_safe(const char *text, size_t len)
{
	struct buf part, safe;

	buf_init(&part, 0);
	buf_init(&safe, 0);
	buf_add(&part, text, len);
	show_add_safe(&safe, buf_str(&part) ? part.data : "");
	fputs(buf_str(&safe) ? safe.data : "", stdout);
	buf_free(&part);
	buf_free(&safe);
}

static bool is_us(const char *name)
{
	size_t len = strlen(name);

	return len > 3 && strcmp(name + len - 3, "_us") == 0;
}

/* Microseconds as people say them: "850 us", "12.5 ms", "42.0 s", "1:02:03". */
static void add_duration(struct buf *out, json_int_t us)
{
	json_int_t s = us / 1000000;

	if (us < 1000)
		buf_printf(out, "%lld us", (long long)us);
	else if (s < 1)
		buf_printf(out, "%.1f ms", (double)us / 1e3);
	else if (s < 60)
		buf_printf(out, "%.1f s", (double)us / 1e6);
	else
		buf_printf(out, "%lld:%02lld:%02lld", (long long)(s / 3600),
			(long long)(s / 60 % 60), (long long)(s % 60));
}

/* A value that is neither object nor array of objects; NAME gives its unit. */
static void add_value(struct buf *out, const char *name, const json_t *value)
{
	const json_t *part;
	size_t i;

	if (json_is_string(value))
		show_add_safe(out, json_string_value(value));
	else if (json_is_integer(value) && is_us(name))
		add_duration(out, json_integer_value(value));
	else if (json_is_integer(value))
		buf_printf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		buf_printf(out, "%.2f", json_real_value(value));
	else if (json_is_boolean(value))
		buf_add_str(out, json_is_true(value) ? "yes" : "no");
	json_array_foreach(value, i, part)
	{
		if (i > 0)
			buf_add_str(out, ", ");
		add_value(out, name, part);
	}
}

/* The value at PATH below OBJECT as text, valid until OUT changes. */
static const char *text_at(const json_t *object, const char *path, struct buf *out)
{
	const char *dot = strchr(path, '.');
	char name[32];

	if (dot) {
		snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
		return text_at(json_object_get(object, name), dot + 1, out);
	}
	buf_clear(out);
	add_value(out, path, json_object_get(object, path));
	return buf_str(out) ? out->data : "";
}

static int fill_table(struct libscols_table *table, const struct show_column *columns,
	const json_t *rows)
{
	const struct show_column *column;
	struct libscols_line *line;
	const json_t *row;
	struct buf text;
	size_t i, j;
	int err = 0;

	buf_init(&text, 0);
	for (column = columns; !err && column->title; column++)
		if (!scols_table_new_column(
			    table, column->title, 0, column->right ? SCOLS_FL_RIGHT : 0))
			err = -ENOMEM;
	json_array_foreach(rows, i, row)
	{
		line = err ? NULL : scols_table_new_line(table, NULL);
		if (!line) {
			err = -ENOMEM;
			break;
		}
		for (j = 0; !err && columns[j].title; j++)
			err = scols_line_set_data(
				line, j, text_at(row, columns[j].path, &text));
	}
	buf_free(&text);
	return err;
}

int show_table(const struct show_column *columns, const json_t *rows)
{
	struct libscols_table *table = scols_new_table();
	int err;

	if (!table)
		return -ENOMEM;
	err = fill_table(table, columns, rows);
	/* The same through a pipe: nothing is cut to a guessed width. */
	scols_table_enable_nowrap(table, 1);
	if (!err)
		err = scols_print_table(table);
	scols_unref_table(table);
	return err;
}

static bool is_block(const json_t *value)
{
	return json_is_object(value) ||
	       (json_array_size(value) > 0 && json_is_object(json_array_get(value, 0)));
}

/* "rx_lost_packets" -> "rx lost packets", "uptime_us" -> "uptime". */
static void print_name(const char *name, int indent)
{
	size_t len = strlen(name) - (is_us(name) ? 3 : 0);
	int width = NAME_WIDTH - indent;

	printf("%*s", indent, "");
	for (size_t i = 0; i < len; i++, width--)
		putchar(name[i] == '_' ? ' ' : name[i]);
	printf("%*s", width > 1 ? width : 1, "");
}

static void print_block(const json_t *object, int indent)
{
	const json_t *value, *part;
	struct buf text;
	size_t i;

	buf_init(&text, 0);
	/* jansson keeps the order in which the server wrote. */
	for (void *at = json_object_iter((json_t *)(uintptr_t)object); at;
		at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
		const char *name = json_object_iter_key(at);

		value = json_object_iter_value(at);
		if (!is_block(value)) {
			print_name(name, indent);
			printf("%s\n", text_at(object, name, &text));
			continue;
		}
		if (indent / INDENT >= DEPTH_MAX)
			continue;
		printf("%*s%s:\n", indent, "", name);
		if (json_is_object(value))
			print_block(value, indent + INDENT);
		json_array_foreach(value, i, part)
		{
			if (i > 0)
				putchar('\n');
			print_block(part, indent + INDENT);
		}
	}
	buf_free(&text);
}

/* TEMPLATE with the values of LEG for the paths in braces. */
static void print_template(const json_t *leg, const char *template)
{
	struct buf text;
	char path[32];

	buf_init(&text, 0);
	while (*template) {
		size_t len = strcspn(template, "{");

		printf("%.*s", (int)len, template);
		template += len;
		if (!*template)
			break;
		len = strcspn(++template, "}");
		snprintf(path, sizeof(path), "%.*s", (int)len, template);
		printf("%s", text_at(leg, path, &text));
		template += len + 1;
	}
	buf_free(&text);
}

/* One leg of a call, a line a question that an operator asks. */
static void print_leg(const json_t *call, const char *side)
{
	static const struct {
		const char *name, *template;
	} rows[] = {
		{"signalling", "{transport} {tls_version} {tls_cipher}"},
		{"far end", "{remote}"},
		{"certificate", "{peer_names}"},
		{"media", "{media} {codec} {media_remote}"},
		{"key age", "{key_age_us}"},
		{"received",
			"{rx_packets}; {rx_lost_packets} lost, {rx_late_packets} late, "
			"{rx_duplicate_packets} twice"},
		{"sent", "{tx_packets}"},
		{"jitter", "{jitter_us}"},
		{"round trip", "{round_trip_us}"},
		{"MOS", "{mos}"},
		{"refused", "{dropped_auth_packets} bad tags, {dropped_replay_packets} "
			    "replays, {dropped_source_packets} from strangers"},
		{"changes", "{ssrc_changes} SSRC, {roc_changes} ROC"},
	};
	const json_t *leg = json_object_get(call, side);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		printf("  |  %-12s ", rows[i].name);
		print_template(leg, rows[i].template);
		putchar('\n');
	}
}

/* The call from its caller down to its callee. */
static void print_call(const json_t *call)
{
	bool inbound = json_is_true(json_object_get(call, "inbound"));
	const char *first = inbound ? "external" : "internal";
	const char *second = inbound ? "internal" : "external";
	struct buf text;

	buf_init(&text, 0);
	printf("call %s  %s", text_at(call, "id", &text), "");
	printf("%s", text_at(call, "state", &text));
	printf("  since %s", text_at(call, "start", &text));
	printf("  for %s\n", text_at(call, "duration_us", &text));
	printf("\n%s", text_at(json_object_get(call, first), "party", &text));
	printf("  from %s\n", text_at(call, "from", &text));
	print_leg(call, first);
	printf("  v\ntandem\n");
	print_leg(call, second);
	printf("  v\n%s", text_at(json_object_get(call, second), "party", &text));
	printf("  to %s\n", text_at(call, "to", &text));
	printf("\ncapture %s\n", text_at(call, "capture", &text));
	if (json_string_length(json_object_get(call, "media_note")) > 0)
		printf("note    %s\n", text_at(call, "media_note", &text));
	buf_free(&text);
}

static void print_lines(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		show_safe(text, len);
		putchar('\n');
		text += len + (text[len] != '\0');
	}
}

int show_result(const char *noun, const char *verb, const json_t *result)
{
	const struct layout *layout;

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		layout = &layouts[i];
		if (strcmp(layout->noun, noun) != 0 || strcmp(layout->verb, verb) != 0)
			continue;
		return show_table(layout->columns,
			layout->array ? json_object_get(result, layout->array) : result);
	}
	if (strcmp(noun, "call") == 0 && strcmp(verb, "show") == 0)
		print_call(result);
	else if (strcmp(verb, "explain") == 0)
		show_explain(result);
	else if (strcmp(noun, "report") == 0)
		return show_report(result);
	else if (json_is_string(result))
		print_lines(json_string_value(result));
	else
		print_block(result, 0);
	return 0;
}

void show_warning(const json_t *result)
{
	const char *warning = json_string_value(json_object_get(result, "warning"));
	struct buf text;

	if (!warning)
		return;
	buf_init(&text, 0);
	show_add_safe(&text, warning);
	fprintf(stderr, "tandemctl: warning: %s\n", buf_str(&text) ? text.data : "");
	buf_free(&text);
}

void show_errors(const json_t *result)
{
	const json_t *line;
	struct buf text;
	size_t i;

	buf_init(&text, 0);
	json_array_foreach(json_object_get(result, "errors"), i, line)
	{
		buf_clear(&text);
		add_value(&text, "", line);
		fprintf(stderr, "%s\n", buf_str(&text) ? text.data : "");
	}
	buf_free(&text);
}
