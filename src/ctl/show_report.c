#include "ctl/show_report.h"

#include "admin/api.h"
#include "ctl/report_table.h"
#include "ctl/show_table.h"
#include "ctl/show_value.h"

#include <stdio.h>
#include <string.h>

static void print(const json_t *object, const char *name, const char *before)
{
	fputs(before, stdout);
	show_print(object, name);
}

static void print_head(const json_t *report)
{
	struct buf head;

	buf_init(&head, 0);
	report_table_head(report, &head);
	print(report, "host", "Protection of ");
	print(report, "made", ", ");
	printf("\n%s", buf_str(&head) ? head.data : "");
	buf_free(&head);
}

/* Sentences, which no table would hold. */
static void print_broken(const json_t *rows)
{
	const json_t *row;
	size_t i;

	printf("\nBroken rules: %zu\n", json_array_size(rows));
	json_array_foreach(rows, i, row)
	{
		print(row, "party", "  ");
		print(row, "traffic", ", ");
		print(row, "rule", ", ");
		print(row, "words", ":\n      ");
		print(row, "fix", "\n   -> ");
		putchar('\n');
	}
}

int show_report(const struct show_style *style, const json_t *report)
{
	struct report_table tables[REPORT_TABLES];
	int err = 0;

	report_tables_make(report, tables);
	print_head(report);
	print_broken(tables[REPORT_BROKEN].rows);
	for (int kind = REPORT_PARTIES; !err && kind < REPORT_FLAT; kind++) {
		if (json_array_size(tables[kind].rows) == 0)
			continue;
		printf("\n%s:\n", tables[kind].title);
		err = show_table(style, tables[kind].columns, tables[kind].rows);
	}
	report_tables_free(tables);
	return err;
}

int show_report_code(const json_t *report)
{
	return json_array_size(json_object_get(report, "broken")) > 0 ? API_FAILED
								      : API_OK;
}
