#include "ctl/show.h"

#include "base/buf.h"
#include "ctl/show_diff.h"
#include "ctl/show_explain.h"
#include "ctl/show_report.h"
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
		{"KEY", "key", false}, {"VALUE", "value", false},                        \
			{"FROM", "origin", false}, {"IN FORCE", "note", false},          \
	}

/* Of the last hour. */
#define FIGURE_COLUMNS                                                                   \
	{"ASR%", "figures.last_hour.asr_percent", true},                                 \
		{"NER%", "figures.last_hour.ner_percent", true},                         \
		{"ACD", "figures.last_hour.acd_us", true},                               \
	{                                                                                \
		"PDD", "figures.last_hour.pdd_median_us", true                           \
	}

/* Where both legs of a call are on one side the one that was called takes the other's columns. */
static const struct layout layouts[] = {
	{"trunk", "list", NULL,
		{{"ID", "id", false}, {"STATE", "state", false},
			{"TLS", "tls_state", false}, {"SIGNALLING", "transport", false},
			{"SRTP", "srtp", false}, {"HOST", "host", false},
			{"PORT", "port", true}, {"CALLS", "calls", true},
			{"MAX", "calls_max", true}, {"TOTAL", "calls_total", true},
			{"FAILED", "calls_failed", true}, FIGURE_COLUMNS,
			{"ERROR AT", "last_error_at", false},
			{"UNTIL", "last_error_until", false},
			{"LAST ERROR", "last_error", false},
			{"DRAINED FOR", "drain_reason", false}}},
	{"server", "list", NULL,
		{{"ID", "id", false}, {"STATE", "state", false},
			{"SIGNALLING", "transport", false}, {"SRTP", "srtp", false},
			{"HOST", "host", false}, {"PORT", "port", true},
			{"CALLS", "calls", true}, {"MAX", "calls_max", true},
			{"TOTAL", "calls_total", true}, {"FAILED", "calls_failed", true},
			FIGURE_COLUMNS, {"ERROR AT", "last_error_at", false},
			{"UNTIL", "last_error_until", false},
			{"LAST ERROR", "last_error", false},
			{"DRAINED FOR", "drain_reason", false}}},
	{"trunk", "config", "keys", CONFIG_COLUMNS},
	{"server", "config", "keys", CONFIG_COLUMNS},
	{"call", "list", "calls",
		{{"ID", "id", false}, {"STATE", "state", false}, {"FROM", "from", false},
			{"TO", "to", false},
			{"SERVER", "internal.party|external_b.party", false},
			{"MEDIA", "internal.media|external_b.media", false},
			{"TRUNK", "external.party|internal_b.party", false},
			{"SIGNALLING", "external.transport|internal_b.transport", false},
			{"MEDIA", "external.media|internal_b.media", false},
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
			{"SERVER MEDIA", "internal.media|external_b.media", false},
			{"TRUNK SIGNALLING", "external.transport|internal_b.transport",
				false},
			{"TRUNK MEDIA", "external.media|internal_b.media", false}}},
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
		printf("%s", show_text_at(leg, path, &text));
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

/* Who calls, and who is called: of a call with both legs on one side the latter is "_b". */
static void name_legs(const json_t *call, const char **ret_first, const char **ret_second)
{
	if (!json_object_get(call, "external")) {
		*ret_first = "internal";
		*ret_second = "internal_b";
	} else if (!json_object_get(call, "internal")) {
		*ret_first = "external";
		*ret_second = "external_b";
	} else if (json_is_true(json_object_get(call, "inbound"))) {
		*ret_first = "external";
		*ret_second = "internal";
	} else {
		*ret_first = "internal";
		*ret_second = "external";
	}
}

/* The call from its caller down to its callee. */
static void print_call(const json_t *call)
{
	const char *first, *second;
	struct buf text;

	name_legs(call, &first, &second);
	buf_init(&text, 0);
	printf("call %s  %s", show_text_at(call, "id", &text), "");
	printf("%s", show_text_at(call, "state", &text));
	printf("  since %s", show_text_at(call, "start", &text));
	printf("  for %s\n", show_text_at(call, "duration_us", &text));
	printf("\n%s", show_text_at(json_object_get(call, first), "party", &text));
	printf("  from %s\n", show_text_at(call, "from", &text));
	print_leg(call, first);
	printf("  v\ntandem\n");
	print_leg(call, second);
	printf("  v\n%s", show_text_at(json_object_get(call, second), "party", &text));
	printf("  to %s\n", show_text_at(call, "to", &text));
	printf("\ncapture %s\n", show_text_at(call, "capture", &text));
	if (json_string_length(json_object_get(call, "media_note")) > 0)
		printf("note    %s\n", show_text_at(call, "media_note", &text));
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
	int err;

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		layout = &layouts[i];
		if (strcmp(layout->noun, noun) != 0 || strcmp(layout->verb, verb) != 0)
			continue;
		err = show_table(layout->columns,
			layout->array ? json_object_get(result, layout->array) : result);
		show_warning(result);
		return err;
	}
	if (strcmp(noun, "call") == 0 && strcmp(verb, "show") == 0)
		print_call(result);
	else if (strcmp(noun, "config") == 0 && strcmp(verb, "diff") == 0)
		show_diff(result);
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
		show_add_value(&text, "", line);
		fprintf(stderr, "%s\n", buf_str(&text) ? text.data : "");
	}
	buf_free(&text);
}
