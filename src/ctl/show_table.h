/* A table on a terminal. tandemctl's only thread. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct show_column {
	const char *title;
	const char *path; /* "external.media" */
	bool right;       /* numbers */
};

/* Prints ROWS, an array of objects, to stdout; COLUMNS end with title NULL. 0 or a negated
 * errno. */
int show_table(const struct show_column *columns, const json_t *rows);
