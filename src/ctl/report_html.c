#include "ctl/report_html.h"

#include "ctl/report_table.h"
#include "ctl/show_value.h"

#include <string.h>

static const char style[] =
	"body{font:14px/1.4 sans-serif;margin:2em;color:#111;background:#fff}\n"
	"h1{font-size:1.4em}h2{font-size:1.1em;margin-top:1.6em}\n"
	"table{border-collapse:collapse}\n"
	"th,td{text-align:left;vertical-align:top;padding:.2em .7em .2em 0;"
	"border-bottom:1px solid #ccc}\n"
	"td.n,th.n{text-align:right}\n"
	".verdict{font-weight:bold}\n"
	".broken{color:#a00}\n"
	"@media print{body{margin:0;font-size:9pt}thead{display:table-header-group}"
	"tr{page-break-inside:avoid}}\n";

/* Whether a character of three bytes at C, of valid UTF-8, turns the direction of writing (U+200E, U+200F, U+202A to U+202E, U+2066
 * to U+2069), or is none (U+FFFE, U+FFFF). */
static bool is_deceptive(const char *c)
{
	const unsigned char *u = (const unsigned char *)c;

	if (u[0] == 0xe2 && u[1] == 0x80)
		return u[2] == 0x8e || u[2] == 0x8f || (u[2] >= 0xaa && u[2] <= 0xae);
	if (u[0] == 0xe2 && u[1] == 0x81)
		return u[2] >= 0xa6 && u[2] <= 0xa9;
	return u[0] == 0xef && u[1] == 0xbf && u[2] >= 0xbe;
}

void report_html_text(struct buf *out, const char *text)
{
	struct buf safe;

	buf_init(&safe, 0);
	show_add_safe(&safe, text);
	if (!buf_str(&safe))
		out->err = safe.err;
	for (const char *c = safe.err ? "" : safe.data; *c; c++) {
		if (is_deceptive(c)) {
			buf_add_char(out, '?');
			c += 2;
			continue;
		}
		switch (*c) {
		case '&':
			buf_add_str(out, "&amp;");
			break;
		case '<':
			buf_add_str(out, "&lt;");
			break;
		case '>':
			buf_add_str(out, "&gt;");
			break;
		case '"':
			buf_add_str(out, "&quot;");
			break;
		case '\'':
			buf_add_str(out, "&#39;");
			break;
		default:
			buf_add_char(out, *c);
		}
	}
	buf_free(&safe);
}

void report_html_begin(struct buf *out, const char *title, const char *css)
{
	buf_add_str(out,
		"<!DOCTYPE html>\n"
		"<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
		"<meta charset=\"utf-8\"/>\n"
		"<meta http-equiv=\"Content-Security-Policy\" "
		"content=\"default-src 'none'; style-src 'unsafe-inline'; "
		"base-uri 'none'; form-action 'none'\"/>\n<title>");
	report_html_text(out, title);
	buf_printf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", css);
	report_html_text(out, title);
	buf_add_str(out, "</h1>\n");
}

static void add_cell(struct buf *out, const char *tag, const struct show_column *column,
	const char *text)
{
	buf_printf(out, "<%s%s>", tag, column->right ? " class=\"n\"" : "");
	report_html_text(out, text);
	buf_printf(out, "</%s>", tag);
}

static void add_table(struct buf *out, const struct report_table *table)
{
	const struct show_column *column;
	const json_t *row;
	size_t i;

	if (json_array_size(table->rows) == 0)
		return;
	buf_printf(out, "<h2>%s</h2>\n<table>\n<thead><tr>", table->title);
	for (column = table->columns; column->title; column++)
		add_cell(out, "th", column, column->title);
	buf_add_str(out, "</tr></thead>\n<tbody>\n");
	json_array_foreach(table->rows, i, row)
	{
		buf_add_str(out, "<tr>");
		for (column = table->columns; column->title; column++)
			add_cell(out, "td", column, show_word(row, column->path));
		buf_add_str(out, "</tr>\n");
	}
	buf_add_str(out, "</tbody>\n</table>\n");
}

static void add_top(struct buf *out, const json_t *report)
{
	const size_t broken = json_array_size(json_object_get(report, "broken"));
	struct buf head, title;

	buf_init(&head, 0);
	buf_init(&title, 0);
	report_table_head(report, &head);
	buf_printf(&title, "Protection of %s, %s", show_word(report, "host"),
		show_word(report, "made"));
	report_html_begin(out, buf_str(&title) ? title.data : "", style);
	for (char *line = buf_str(&head) ? head.data : NULL; line && *line;) {
		char *end = strchr(line, '\n');

		*end = '\0';
		buf_add_str(out, "<p>");
		report_html_text(out, line);
		buf_add_str(out, "</p>\n");
		line = end + 1;
	}
	if (broken > 0)
		buf_printf(out, "<p class=\"verdict broken\">%zu broken rule%s.</p>\n",
			broken, broken > 1 ? "s" : "");
	else
		buf_add_str(out, "<p class=\"verdict\">No rule is broken.</p>\n");
	buf_free(&head);
	buf_free(&title);
}

void report_html(const json_t *report, struct buf *out)
{
	struct report_table tables[REPORT_TABLES];

	report_tables_make(report, tables);
	add_top(out, report);
	for (int kind = 0; kind < REPORT_FLAT; kind++)
		add_table(out, &tables[kind]);
	buf_add_str(out, "</body>\n</html>\n");
	report_tables_free(tables);
}
