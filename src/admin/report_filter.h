/* What `cdr report` is asked for: its options. Pure. */
#pragma once

#include "audit/index_report.h"
#include "base/err.h"

#include <jansson.h>
#include <time.h>

/* Rows of one answer, at most. */
#define REPORT_ROWS_MAX 200

struct report_filter {
	struct index_report report; /* its text is below */
	char party[80];
};

/* 0; or negative with TEXT: an option is wrong. */
int report_filter_read(struct report_filter *ret, const char *const *args,
	size_t arg_count, time_t now, struct err_text *text);
/* A row as src/admin/schema/cdr-report.json has it; the caller's. NULL: out of memory. */
json_t *report_row_json(const struct index_report_row *row);
