#include "ctl/show.h"

#include "base/buf.h"
#include "ctl/show_call.h"
#include "ctl/show_diff.h"
#include "ctl/show_explain.h"
#include "ctl/show_learn.h"
#include "ctl/show_replay.h"
#include "ctl/show_report.h"
#include "ctl/show_route.h"
#include "ctl/show_table.h"
#include "ctl/show_value.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define INDENT 2
#define NAME_WIDTH 26
#define DEPTH_MAX 6

struct layout {
	const char *noun, *verb;
	const char *array; /* where in the result the rows are; NULL: it is the array */
	struct show_column columns[22]; /* and one that ends them */
};

#define CONFIG_COLUMNS                                                                   \
	{                                                                                \
		{"KEY", "key", false, 0}, {"VALUE", "value", false, 1},                  \
			{"FROM", "origin", false, 2}, {"IN FORCE", "note", false, 3},    \
	}

/* Of the last hour. */
#define FIGURE_COLUMNS                                                                   \
	{"ASR%", "figures.last_hour.asr_percent", true, 9},                              \
		{"NER%", "figures.last_hour.ner_percent", true, 9},                      \
		{"ACD", "figures.last_hour.acd_us", true, 9},                            \
	{                                                                                \
		"PDD", "figures.last_hour.pdd_median_us", true, 9                        \
	}

/* Of a trunk and of a server, behind its id and state. */
#define TRUNK_COLUMNS                                                                    \
	{"SIGNALLING", "transport", false, 4}, {"SRTP", "srtp", false, 5},               \
		{"HOST", "host", false, 11}, {"PORT", "port", true, 14},                 \
		{"CALLS", "calls", true, 3}, {"MAX", "calls_max", true, 13},             \
		{"TOTAL", "calls_total", true, 12}, {"FAILED", "calls_failed", true, 8}, \
		FIGURE_COLUMNS, {"ERROR AT", "last_error_at", false, 7},                 \
		{"UNTIL", "last_error_until", false, 10},                                \
		{"LAST ERROR", "last_error", false, 6},                                  \
	{                                                                                \
		"DRAINED FOR", "drain_reason", false, 9                                  \
	}

/* Where both legs of a call are on one side the one that was called takes the other's columns. */
static const struct layout layouts[] = {
	{"trunk", "list", NULL,
		{{"ID", "id", false, 0}, {"STATE", "state", false, 1},
			{"TLS", "tls_state", false, 2}, TRUNK_COLUMNS}},
	{"server", "list", NULL,
		{{"ID", "id", false, 0}, {"STATE", "state", false, 1}, TRUNK_COLUMNS}},
	{"trunk", "config", "keys", CONFIG_COLUMNS},
	{"server", "config", "keys", CONFIG_COLUMNS},
	{"call", "list", "calls",
		{{"ID", "id", false, 0}, {"STATE", "state", false, 1},
			{"FROM", "from", false, 4}, {"TO", "to", false, 5},
			{"SERVER", "internal.party|external_b.party", false, 6},
			{"SERVER MEDIA", "internal.media|external_b.media", false, 8},
			{"TRUNK", "external.party|internal_b.party", false, 2},
			{"SIGNALLING", "external.transport|internal_b.transport", false,
				7},
			{"TRUNK MEDIA", "external.media|internal_b.media", false, 3},
			{"AGE", "duration_us", true, 6}}},
	{"subscription", "list", "subscriptions",
		{{"ID", "id", false, 0}, {"PACKAGE", "package", false, 1},
			{"FROM", "from", false, 3}, {"TO", "to", false, 4},
			{"SERVER", "internal.party|external_b.party", false, 5},
			{"TRUNK", "external.party|internal_b.party", false, 2},
			{"SIGNALLING", "external.transport|internal_b.transport", false,
				7},
			{"LEFT", "left_s", true, 6}, {"AGE", "duration_us", true, 8}}},
	{"cert", "list", NULL,
		{{"ROLE", "role", false, 3}, {"SUBJECT", "subject", false, 0},
			{"NAMES", "names", false, 8},
			{"NOT AFTER", "not_after", false, 4},
			{"DAYS", "left_days", true, 2}, {"LEVEL", "level", false, 1},
			{"USED BY", "used_by", false, 5}, {"THEN", "then", false, 6},
			{"CHANGED", "changed", false, 7}, {"FILE", "file", false, 9}}},
	{"strangers", "", NULL,
		{{"REMOTE", "remote", false, 0}, {"SIDE", "side", false, 6},
			{"TRANSPORT", "transport", false, 3},
			{"SPOKE", "spoke", false, 4}, {"COUNT", "count", true, 1},
			{"LAST", "last", false, 2}, {"FIRST", "first", false, 9},
			{"RULE", "rule", false, 5}, {"TRUNK", "trunk", false, 7},
			{"WHAT TO DO", "do", false, 8}}},
	{"cdr", "tail", NULL,
		{{"ID", "id", false, 0}, {"START", "start", false, 1},
			{"FROM", "from", false, 4}, {"TO", "to", false, 5},
			{"STATUS", "status", true, 2}, {"CAUSE", "cause", false, 3},
			{"TALK", "talk_us", true, 6},
			{"SERVER MEDIA", "internal.media|external_b.media", false, 9},
			{"TRUNK SIGNALLING", "external.transport|internal_b.transport",
				false, 8},
			{"TRUNK MEDIA", "external.media|internal_b.media", false, 7}}},
};

static bool is_block(const json_t *value)
{
	return json_is_object(value) ||
	       (json_array_size(value) > 0 && json_is_object(json_array_get(value, 0)));
}

/* "rx_lost_packets" -> "rx lost packets", "uptime_us" -> "uptime". */
static void print_name(const char *name, int indent)
{
	size_t len = strlen(name) - (show_is_us(name) ? 3 : 0);
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
			printf("%s\n", show_text_at(object, name, &text));
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

static void print_lines(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		show_safe(text, len);
		putchar('\n');
		text += len + (text[len] != '\0');
	}
}

/* Of a trunk or server: what is known of each of its addresses, behind all else. */
static int show_trunk(const struct show_style *style, const json_t *result)
{
	static const struct show_column columns[] = {
		{"ADDRESS", "address", false, 0},
		{"NAME", "name", false, 7},
		{"STATE", "state", false, 1},
		{"SINCE", "since", false, 2},
		{"UNTIL", "until", false, 5},
		{"STATUS", "last_status", true, 4},
		{"LAST ANSWER", "last_answer", false, 6},
		{"ROUND TRIP", "round_trip_us", true, 4},
		{"TRANSPORT", "transport", false, 8},
		{"TLS", "tls", false, 8},
		{"SIP", "sip", false, 8},
		{"TAKES CALLS", "calls", false, 8},
		{"WHY", "why", false, 3},
		{NULL, NULL, false, 0},
	};
	json_t *rest = json_copy((json_t *)(uintptr_t)result);
	const json_t *health = json_object_get(result, "health");
	int err = 0;

	json_object_del(rest, "health");
	print_block(rest, 0);
	json_decref(rest);
	if (json_array_size(health) > 0) {
		printf("health:\n");
		err = show_table(style, columns, health);
	}
	return err;
}

/* A list may be cut by the server: then it says how many there are. */
static int show_rows(
	const struct show_style *style, const struct layout *layout, const json_t *result)
{
	const json_t *rows =
		layout->array ? json_object_get(result, layout->array) : result;
	const json_int_t total = json_integer_value(json_object_get(result, "total"));
	int err = show_table(style, layout->columns, rows);

	if (!err && layout->array && (size_t)total > json_array_size(rows))
		fprintf(stderr, "%zu of %lld are shown\n", json_array_size(rows),
			(long long)total);
	return err;
}

/* As it is, to the last byte: it goes to a file. */
static void print_file(const json_t *text)
{
	fwrite(json_string_value(text), 1, json_string_length(text), stdout);
}

int show_result(const struct show_style *style, const char *noun, const char *verb,
	const json_t *result)
{
	const struct layout *layout;
	int err;

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		layout = &layouts[i];
		if (strcmp(layout->noun, noun) != 0 || strcmp(layout->verb, verb) != 0)
			continue;
		err = show_rows(style, layout, result);
		show_warning(result);
		return err;
	}
	if (strcmp(noun, "call") == 0 && strcmp(verb, "show") == 0)
		show_call(result, style->width);
	else if (strcmp(noun, "config") == 0 && strcmp(verb, "diff") == 0)
		show_diff(result);
	else if (strcmp(verb, "explain") == 0)
		show_explain(result);
	else if (strcmp(verb, "learn") == 0)
		show_learn(result);
	else if (strcmp(noun, "report") == 0)
		return show_report(style, result);
	else if (strcmp(noun, "route") == 0 && strcmp(verb, "replay") == 0)
		return show_replay(style, result);
	else if (strcmp(noun, "route") == 0)
		return show_route(style, result);
	else if (strcmp(verb, "show") == 0 && json_object_get(result, "health"))
		return show_trunk(style, result);
	else if (strcmp(noun, "cdr") == 0 && strcmp(verb, "proof") == 0)
		print_file(json_object_get(result, "proof"));
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
	show_add_shown(&text, warning);
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
		show_add_value(&text, "", line);
		fprintf(stderr, "%s\n", buf_str(&text) ? text.data : "");
	}
	buf_free(&text);
}
