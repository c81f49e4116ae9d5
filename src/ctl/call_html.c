#include "ctl/call_html.h"

#include "ctl/ladder_parties.h"
#include "ctl/ladder_svg.h"
#include "ctl/ladder_words.h"
#include "ctl/report_html.h"
#include "ctl/show_call.h"
#include "ctl/show_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char style[] =
	":root{color-scheme:light "
	"dark;--ink:#111;--paper:#fff;--faint:#bbb;--mark:#06c}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#ddd;--paper:#161616;--faint:#555;"
	"--mark:#6bf}}\n"
	"body{font:14px/1.4 sans-serif;margin:2em;color:var(--ink);"
	"background:var(--paper)}\n"
	"h1{font-size:1.4em}h2{font-size:1.1em;margin-top:1.6em}\n"
	"table{border-collapse:collapse}\n"
	"th,td{text-align:left;vertical-align:top;padding:.2em .9em .2em 0;"
	"border-bottom:1px solid var(--faint);overflow-wrap:anywhere}\n"
	"pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.4em 0 1em 1.4em}\n"
	".drawing{overflow-x:auto}svg{max-width:none;height:auto}\n"
	".lane{stroke:var(--faint);fill:none}.arrow{stroke:var(--mark);fill:none}"
	".head{fill:var(--mark)}\n"
	"text{fill:var(--ink);font:12px sans-serif}.name{font-weight:bold}"
	".name,.label{text-anchor:middle}.time{text-anchor:end}"
	".note{font-size:11px;opacity:.75}\n"
	"@media print{:root{--ink:#000;--paper:#fff;--faint:#999;--mark:#000}"
	"body{margin:0;font-size:9pt}.drawing{overflow:visible}"
	"svg{width:100%}details::details-content{content-visibility:visible;"
	"display:block}tr,pre{break-inside:avoid}}\n";

/* ---- parts of a page ---- */

static void add_cell(struct buf *out, const char *tag, const char *text)
{
	buf_printf(out, "<%s>", tag);
	report_html_text(out, text);
	buf_printf(out, "</%s>", tag);
}

/* A row of a table, where VALUE says something. */
static void add_row(struct buf *out, const char *name, const char *value)
{
	if (!value[0])
		return;
	buf_add_str(out, "<tr>");
	add_cell(out, "th", name);
	add_cell(out, "td", value);
	buf_add_str(out, "</tr>\n");
}

/* TEXT as it stands, with its lines. */
static void add_pre(struct buf *out, const char *text)
{
	struct buf line;

	buf_add_str(out, "<pre>");
	while (*text) {
		const size_t len = strcspn(text, "\n");
		const size_t shown = len > 0 && text[len - 1] == '\r' ? len - 1 : len;

		buf_init(&line, 0);
		buf_add(&line, text, shown);
		report_html_text(out, buf_str(&line) ? line.data : "");
		buf_add_char(out, '\n');
		buf_free(&line);
		text += len + (text[len] != '\0');
	}
	buf_add_str(out, "</pre>\n");
}

/* ---- the call ---- */

static void add_facts(struct buf *out, const json_t *call)
{
	static const struct {
		const char *name, *path;
	} rows[] = {{"id", "id"}, {"state", "state"}, {"from", "from"}, {"to", "to"},
		{"diverted by", "diverted_by"}, {"diverted for", "diverted_reason"},
		{"began", "start"}, {"rang", "ringing"}, {"answered", "answer"},
		{"ended", "end"}, {"lasted", "duration_us"}, {"talked", "talk_us"},
		{"ended by", "ended_by"}, {"cause", "cause"}, {"status", "status"},
		{"reason", "detail"}, {"far end said", "far_reason"},
		{"Q.850 cause", "release_q850"}, {"text", "release_text"},
		{"media", "media_note"}, {"capture", "capture"},
		{"capture is", "captured.state"}, {"record", "seq"}};
	struct buf text;

	buf_init(&text, 0);
	buf_add_str(out, "<table>\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		add_row(out, rows[i].name, show_text_at(call, rows[i].path, &text));
	buf_add_str(out, "</table>\n");
	buf_free(&text);
}

/* NAME, and VALUE below LEG. */
static void add_word(struct buf *out, const char *name, const char *value, unsigned leg)
{
	buf_add_str(out, "<tr>");
	add_cell(out, "th", name);
	for (unsigned i = 0; i < 2; i++)
		add_cell(out, "td", i == leg ? value : "");
	buf_add_str(out, "</tr>\n");
}

/* What few far ends say: ids of Microsoft, and headers that the trunk of LEG names. */
static void add_said(struct buf *out, const json_t *leg, unsigned index)
{
	const json_t *line;
	json_t *value;
	const char *name;
	size_t i;

	json_object_foreach(json_object_get(leg, "microsoft"), name, value)
	{
		if (json_is_string(value))
			add_word(out, name, json_string_value(value), index);
	}
	json_array_foreach(json_object_get(leg, "headers"), i, line)
	{
		add_word(out, show_word(line, "header"), show_word(line, "value"), index);
	}
}

static void add_protection(struct buf *out, const json_t *call)
{
	static const struct {
		const char *name, *path;
	} rows[] = {{"Signalling", "transport"}, {"TLS", "tls_version"},
		{"Cipher", "tls_cipher"}, {"Certificate", "peer_names"},
		{"TLS demanded", "signalling_required"}, {"Far end", "remote"},
		{"Media", "media"}, {"Media demanded", "media_required"},
		{"Codec", "codec"}, {"Media to", "media_remote"},
		{"Media from", "media_latched"}, {"Received", "rx_packets"},
		{"Sent", "tx_packets"}, {"Lost", "rx_lost_packets"},
		{"Jitter", "jitter_us"}, {"MOS", "mos"}, {"Tolerated", "tolerated"}};
	const json_t *legs[2];
	struct buf text;

	show_call_legs(call, &legs[0], &legs[1]);
	if (show_call_is_lost(call))
		return;
	buf_init(&text, 0);
	buf_add_str(out, "<h2>Protection and media</h2>\n<table>\n<thead><tr><th></th>");
	for (unsigned i = 0; i < 2; i++)
		add_cell(out, "th", show_word(legs[i], "party"));
	buf_add_str(out, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_add_str(out, "<tr>");
		add_cell(out, "th", rows[i].name);
		for (unsigned leg = 0; leg < 2; leg++)
			add_cell(out, "td", show_text_at(legs[leg], rows[i].path, &text));
		buf_add_str(out, "</tr>\n");
	}
	for (unsigned i = 0; i < 2; i++)
		add_said(out, legs[i], i);
	buf_add_str(out, "</tbody>\n</table>\n");
	buf_free(&text);
}

/* ---- its messages ---- */

static void add_message(
	struct buf *out, const struct ladder_parties *parties, const json_t *message)
{
	const unsigned index = ladder_parties_of(parties, message);
	const char *party =
		index < parties->count
			? show_word(json_array_get(parties->list, index), "name")
			: "?";
	const bool sent = json_is_true(json_object_get(message, "sent"));
	char label[LADDER_LABEL_SIZE], note[LADDER_NOTE_SIZE];
	struct buf title;

	buf_init(&title, 0);
	buf_printf(&title, "%.6f  %s %s  %s",
		(double)json_integer_value(json_object_get(message, "after_us")) / 1e6,
		sent ? "to" : "from", party,
		ladder_label(message, 1, sizeof(label), label));
	if (json_is_integer(json_object_get(message, "repeats")))
		buf_add_str(&title, "  (sent again)");
	buf_add_str(out, "<details><summary>");
	report_html_text(out, buf_str(&title) ? title.data : "");
	buf_add_str(out, "</summary>\n");
	buf_clear(&title);
	buf_printf(&title, "%s to %s, %s", show_word(message, "source"),
		show_word(message, "destination"), show_word(message, "how"));
	add_cell(out, "p", buf_str(&title) ? title.data : "");
	for (unsigned i = 0; ladder_note(message, i, note); i++)
		add_cell(out, "p", note);
	add_pre(out, show_word(message, "text"));
	buf_add_str(out, "</details>\n");
	buf_free(&title);
}

static void add_messages(struct buf *out, const json_t *ladder)
{
	struct ladder_parties *parties = calloc(1, sizeof(*parties));
	const json_t *message;
	size_t i;

	if (!parties) {
		out->err = -ENOMEM;
		return;
	}
	ladder_parties_read(parties, ladder);
	if (strcmp(show_word(ladder, "source"), "capture") == 0)
		buf_add_str(out, "<h2>Messages</h2>\n");
	json_array_foreach(json_object_get(ladder, "messages"), i, message)
	{
		if (strcmp(show_word(ladder, "source"), "capture") == 0 &&
			ladder_is_message(message))
			add_message(out, parties, message);
	}
	free(parties);
}

static void add_ladder(struct buf *out, const json_t *ladder)
{
	const json_int_t left_out =
		json_integer_value(json_object_get(ladder, "left_out"));
	const char *note = show_word(ladder, "note");

	buf_add_str(out, "<h2>What passed</h2>\n");
	if (note[0])
		add_cell(out, "p", note);
	buf_add_str(out, "<div class=\"drawing\">\n");
	ladder_svg(ladder, out);
	buf_add_str(out, "</div>\n");
	if (left_out > 0)
		buf_printf(out, "<p>%lld further messages are left out.</p>\n",
			(long long)left_out);
	add_messages(out, ladder);
}

/* All of it but its ladder, as the record has it. */
static void add_record(struct buf *out, const json_t *call)
{
	json_t *record = json_copy((json_t *)(uintptr_t)call);
	char *text;

	json_object_del(record, "ladder");
	text = json_dumps(record, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	buf_add_str(out, "<h2>Record</h2>\n<details><summary>all members</summary>\n");
	add_pre(out, text ? text : "");
	buf_add_str(out, "</details>\n");
	free(text);
	json_decref(record);
}

void call_html(const json_t *call, struct buf *out)
{
	struct buf title;

	buf_init(&title, 0);
	buf_printf(&title, "Call %s", show_word(call, "id"));
	report_html_begin(out, buf_str(&title) ? title.data : "", style);
	if (show_call_is_lost(call))
		add_cell(out, "p", SHOW_CALL_LOST);
	add_facts(out, call);
	if (json_object_get(call, "ladder"))
		add_ladder(out, json_object_get(call, "ladder"));
	add_protection(out, call);
	add_record(out, call);
	buf_add_str(out, "</body>\n</html>\n");
	buf_free(&title);
}
