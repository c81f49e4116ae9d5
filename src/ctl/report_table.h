/*
 * The protection report as tables of texts, the same for terminal and page, and as one
 * flat one for CSV. tandemctl's only thread.
 */
#pragma once

#include "base/buf.h"
#include "ctl/show_table.h"

enum report_table_kind {
	REPORT_BROKEN,
	REPORT_PARTIES,
	REPORT_CALLS,
	REPORT_CONNECTIONS,
	REPORT_EXCEPTIONS,
	REPORT_FLAT, /* a line for each server or trunk and kind of traffic */
	REPORT_TABLES,
};

struct report_table {
	const char *title;
	struct show_column
		columns[20]; /* paths are names of ROWS' members, all strings */
	json_t *rows;
};

/* Fills all of TABLES; ROWS may be empty arrays. */
void report_tables_make(const json_t *report, struct report_table tables[REPORT_TABLES]);
void report_tables_free(struct report_table tables[REPORT_TABLES]);

/* Since when, how many records, FIPS: lines for a head, each ends with \n. */
void report_table_head(const json_t *report, struct buf *out);
