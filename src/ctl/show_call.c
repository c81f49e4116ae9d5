#include "ctl/show_call.h"

#include "base/buf.h"
#include "ctl/ladder_text.h"
#include "ctl/show_value.h"

#include <stdio.h>
#include <string.h>

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

/* What few far ends say: ids of Microsoft, and headers that its trunk names. */
static void print_said(const json_t *leg)
{
	static const struct {
		const char *name, *id;
	} ids[] = {{"x-c", "x_c"}, {"x-i", "x_i"}, {"conversation", "conversation_id"},
		{"MS call id", "call_id"}, {"diagnostics", "diagnostics"}};
	const json_t *microsoft = json_object_get(leg, "microsoft"), *line;
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (!show_word(microsoft, ids[i].id)[0])
			continue;
		printf("  |  %-12s ", ids[i].name);
		show_print(microsoft, ids[i].id);
		putchar('\n');
	}
	json_array_foreach(json_object_get(leg, "headers"), i, line)
	{
		printf("  |  %-12s ", "header");
		show_print(line, "header");
		printf(": ");
		show_print(line, "value");
		putchar('\n');
	}
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
	print_said(leg);
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

void show_call_legs(
	const json_t *call, const json_t **ret_first, const json_t **ret_second)
{
	const char *first, *second;

	name_legs(call, &first, &second);
	*ret_first = json_object_get(call, first);
	*ret_second = json_object_get(call, second);
}

/* From its caller down to its callee. STATE: what it is in. */
static void print_call(const json_t *call, const char *state)
{
	const char *first, *second;
	struct buf text;

	name_legs(call, &first, &second);
	buf_init(&text, 0);
	printf("call %s  ", show_text_at(call, "id", &text));
	show_safe(state, strlen(state));
	printf("  since %s", show_text_at(call, "start", &text));
	printf("  for %s\n", show_text_at(call, "duration_us", &text));
	printf("\n%s", show_text_at(json_object_get(call, first), "party", &text));
	printf("  from %s", show_text_at(call, "from", &text));
	if (show_word(call, "diverted_by")[0])
		printf(", diverted by %s", show_text_at(call, "diverted_by", &text));
	if (show_word(call, "diverted_reason")[0])
		printf(" (%s)", show_text_at(call, "diverted_reason", &text));
	putchar('\n');
	print_leg(call, first);
	printf("  v\ntandem\n");
	print_leg(call, second);
	printf("  v\n%s", show_text_at(json_object_get(call, second), "party", &text));
	printf("  to %s\n", show_text_at(call, "to", &text));
	printf("\ncapture %s", show_text_at(call, "capture", &text));
	if (json_object_get(call, "captured"))
		printf(" (%s)", show_text_at(call, "captured.state", &text));
	putchar('\n');
	if (json_string_length(json_object_get(call, "media_note")) > 0)
		printf("note    %s\n", show_text_at(call, "media_note", &text));
	buf_free(&text);
}

bool show_call_is_lost(const json_t *call)
{
	return strcmp(show_word(call, "kind"), "lost") == 0;
}

static void print_lost(const json_t *record)
{
	struct buf text;

	buf_init(&text, 0);
	printf("call %s  lost", show_text_at(record, "id", &text));
	printf("  since %s\n", show_text_at(record, "start", &text));
	printf("\n" SHOW_CALL_LOST "\n");
	printf("capture %s\n", show_text_at(record, "capture", &text));
	buf_free(&text);
}

/* How it ended. */
static void print_end(const json_t *record)
{
	static const struct {
		const char *name, *path;
	} rows[] = {
		{"ended", "end"},
		{"by", "ended_by"},
		{"cause", "cause"},
		{"status", "status"},
		{"reason", "detail"},
		{"Q.850", "release_q850"},
		{"text", "release_text"},
		{"talked", "talk_us"},
	};
	struct buf text;

	buf_init(&text, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *value = show_text_at(record, rows[i].path, &text);

		if (value[0])
			printf("%-7s %s\n", rows[i].name, value);
	}
	buf_free(&text);
}

static void print_ladder(const json_t *ladder, unsigned width)
{
	const json_int_t left_out =
		json_integer_value(json_object_get(ladder, "left_out"));
	const char *note = show_word(ladder, "note");
	struct buf out;

	buf_init(&out, 0);
	buf_add_char(&out, '\n');
	if (note[0]) {
		show_add_shown(&out, note);
		buf_add_str(&out, "\n\n");
	}
	ladder_text(ladder, width, &out);
	if (left_out > 0)
		buf_printf(&out, "%lld further messages are left out\n",
			(long long)left_out);
	fputs(buf_str(&out) ? out.data : "tandemctl: out of memory\n", stdout);
	buf_free(&out);
}

void show_call(const json_t *call, unsigned width)
{
	const json_t *ladder = json_object_get(call, "ladder");

	if (show_call_is_lost(call)) {
		print_lost(call);
	} else {
		print_call(call, show_word(call, "state"));
		if (strcmp(show_word(call, "state"), "ended") == 0)
			print_end(call);
	}
	if (ladder)
		print_ladder(ladder, width);
}
