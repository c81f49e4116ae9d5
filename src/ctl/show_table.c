#include "ctl/show_table.h"

#include "ctl/show_value.h"

#include <errno.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define RED "\033[31m"
#define YELLOW "\033[33m"

/* States that an operator should see at once. What is well has no colour. */
static const struct {
	const char *path, *begin, *color;
} colors[] = {
	{"state", "drained", YELLOW},
	{"state", "full", YELLOW},
	{"state", "unregistered", RED},
	{"state", "rate", YELLOW},
	{"state", "draining", YELLOW},
	{"state", "disabled", YELLOW},
	{"state", "removed", YELLOW},
	{"state", "expired", RED},
	{"state", "undocumented", YELLOW},
	{"tls_state", "observe: fails", RED},
	{"level", "over", RED},
	{"level", "1d", RED},
	{"level", "7d", YELLOW},
};

static const char *color_of(const char *path, const char *text)
{
	for (size_t i = 0; i < sizeof(colors) / sizeof(colors[0]); i++)
		if (strcmp(colors[i].path, path) == 0 &&
			strncmp(colors[i].begin, text, strlen(colors[i].begin)) == 0)
			return colors[i].color;
	return NULL;
}

/* How many cells of a terminal TEXT takes. */
static size_t text_width(const char *text)
{
	mbstate_t state = {0};
	size_t width = 0, len;
	wchar_t c;
	int cells;

	for (; *text; text += len) {
		len = mbrtowc(&c, text, MB_CUR_MAX, &state);
		if (len == (size_t)-1 || len == (size_t)-2) {
			state = (mbstate_t){0};
			len = 1;
			width++;
			continue;
		}
		cells = wcwidth(c);
		width += cells > 0 ? (size_t)cells : 0;
	}
	return width;
}

static void find_widths(const struct show_column *columns, const json_t *rows, bool head,
	size_t widths[static SHOW_COLUMNS_MAX])
{
	const json_t *row;
	struct buf text;
	size_t i, width;

	buf_init(&text, 0);
	for (unsigned j = 0; columns[j].title; j++)
		widths[j] = head ? text_width(columns[j].title) : 0;
	json_array_foreach(rows, i, row)
	{
		for (unsigned j = 0; columns[j].title; j++) {
			width = text_width(show_text_at(row, columns[j].path, &text));
			if (width > widths[j])
				widths[j] = width;
		}
	}
	buf_free(&text);
}

/* The most important column that is not SEEN, or -1. */
static int next_column(const struct show_column *columns, const bool *seen)
{
	int best = -1;

	for (int j = 0; columns[j].title; j++)
		if (!seen[j] && (best < 0 || columns[j].rank < columns[best].rank))
			best = j;
	return best;
}

/* Takes columns by importance, as long as they fit. The first is taken whatever its width. */
static void choose(const struct show_column *columns, const size_t *widths, size_t room,
	bool ret_chosen[static SHOW_COLUMNS_MAX])
{
	bool seen[SHOW_COLUMNS_MAX] = {false};
	size_t used = 0, more;
	int j;

	while ((j = next_column(columns, seen)) >= 0) {
		seen[j] = true;
		more = widths[j] + (used > 0);
		ret_chosen[j] = used == 0 || room == 0 || used + more <= room;
		if (ret_chosen[j])
			used += more;
	}
}

static int fill_line(struct libscols_line *line, const struct show_style *style,
	const struct show_column *columns, const bool *chosen, const json_t *row,
	struct buf *text)
{
	const char *value, *color;
	size_t cell = 0;
	int err = 0;

	for (unsigned j = 0; !err && columns[j].title; j++) {
		if (!chosen[j])
			continue;
		value = show_text_at(row, columns[j].path, text);
		color = style->color ? color_of(columns[j].path, value) : NULL;
		err = scols_line_set_data(line, cell, value);
		if (!err && color)
			err = scols_cell_set_color(
				scols_line_get_cell(line, cell), color);
		cell++;
	}
	return err;
}

static int fill_table(struct libscols_table *table, const struct show_style *style,
	const struct show_column *columns, const bool *chosen, const json_t *rows)
{
	struct libscols_line *line;
	const json_t *row;
	struct buf text;
	size_t i;
	int err = 0;

	buf_init(&text, 0);
	for (unsigned j = 0; !err && columns[j].title; j++)
		if (chosen[j] && !scols_table_new_column(table,
					 style->head ? columns[j].title : "", 0,
					 columns[j].right ? SCOLS_FL_RIGHT : 0))
			err = -ENOMEM;
	json_array_foreach(rows, i, row)
	{
		line = err ? NULL : scols_table_new_line(table, NULL);
		err = err    ? err
		      : line ? fill_line(line, style, columns, chosen, row, &text)
			     : -ENOMEM;
	}
	buf_free(&text);
	return err;
}

/* In lines that fit as well. */
static void say_left_out(
	const struct show_column *columns, const bool *chosen, size_t room)
{
	static const char end[] = "; -l shows all";
	size_t used = (size_t)fprintf(stderr, "left out:"), len;
	unsigned left = 0;

	for (unsigned j = 0; columns[j].title; j++)
		left += !chosen[j];
	for (unsigned j = 0; columns[j].title; j++) {
		if (chosen[j])
			continue;
		len = text_width(columns[j].title) + 2;
		left--;
		if (used + len + (left > 0 ? 0 : sizeof(end) - 2) > room)
			used = (size_t)fprintf(stderr, "\n ") - 1;
		fprintf(stderr, " %s%s", columns[j].title, left > 0 ? "," : end);
		used += len;
	}
	fputc('\n', stderr);
}

int show_table(const struct show_style *style, const struct show_column *columns,
	const json_t *rows)
{
	size_t widths[SHOW_COLUMNS_MAX];
	bool chosen[SHOW_COLUMNS_MAX] = {false};
	struct libscols_table *table;
	int err;

	if (json_array_size(rows) == 0)
		return 0;
	table = scols_new_table();
	if (!table)
		return -ENOMEM;
	find_widths(columns, rows, style->head, widths);
	choose(columns, widths, style->width, chosen);
	err = fill_table(table, style, columns, chosen, rows);
	/* What fits was decided here: smartcols itself would cut values. */
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	scols_table_enable_nowrap(table, 1);
	scols_table_enable_noheadings(table, !style->head);
	scols_table_enable_colors(table, style->color);
	if (!err)
		err = scols_print_table(table);
	scols_unref_table(table);
	fflush(stdout);
	for (unsigned j = 0; !err && columns[j].title; j++) {
		if (chosen[j])
			continue;
		say_left_out(columns, chosen, style->width);
		break;
	}
	return err;
}
