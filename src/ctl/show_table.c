#include "ctl/show_table.h"

#include "ctl/show_value.h"

#include <errno.h>
#include <libsmartcols.h>

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
				line, j, show_text_at(row, columns[j].path, &text));
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
