/* A table on a terminal. tandemctl's only thread. */
#pragma once

#include "ctl/show_style.h"

#include <jansson.h>
#include <stdbool.h>

/* At most so many in one table, without the one that ends them. */
#define SHOW_COLUMNS_MAX 31

struct show_column {
	const char *title;
	const char *path; /* "external.media" */
	bool right;       /* numbers */
	/* The most important is 0. Where not all columns fit, those of the greatest rank are left out
	 * first; of the same rank the last. */
	unsigned rank;
};

/*
 * Prints ROWS, an array of objects, to stdout; COLUMNS end with title NULL. A value is never cut: columns
 * that do not fit the width are left out whole, and stderr says which. 0 or a negated errno.
 */
int show_table(const struct show_style *style, const struct show_column *columns,
	const json_t *rows);
