#include "ctl/report_csv.h"

#include "ctl/report_table.h"
#include "ctl/show_value.h"

#include <string.h>

void report_csv_field(struct buf *out, const char *text)
{
	struct buf safe;

	buf_init(&safe, 0);
	if (text[0] && strchr("=+-@\t\r", text[0]))
		buf_add_char(&safe, '\'');
	show_add_safe(&safe, text);
	if (!buf_str(&safe)) {
		out->err = safe.err;
	} else if (!strpbrk(safe.data, "\", ;'")) {
		buf_add(out, safe.data, safe.len);
	} else {
		buf_add_char(out, '"');
		for (const char *c = safe.data; *c; c++) {
			if (*c == '"')
				buf_add_char(out, '"');
			buf_add_char(out, *c);
		}
		buf_add_char(out, '"');
	}
	buf_free(&safe);
}

void report_csv(const json_t *report, struct buf *out)
{
	struct report_table tables[REPORT_TABLES];
	const struct report_table *flat = &tables[REPORT_FLAT];
	const struct show_column *column;
	const json_t *row;
	size_t i;

	report_tables_make(report, tables);
	for (column = flat->columns; column->title; column++) {
		report_csv_field(out, column->title);
		buf_add_str(out, column[1].title ? "," : "\r\n");
	}
	json_array_foreach(flat->rows, i, row)
	{
		for (column = flat->columns; column->title; column++) {
			const char *text =
				json_string_value(json_object_get(row, column->path));

			report_csv_field(out, text ? text : "");
			buf_add_str(out, column[1].title ? "," : "\r\n");
		}
	}
	report_tables_free(tables);
}
