/*
 * Answers for people: tables, and blocks of names and values. tandemctl's only thread.
 */
#pragma once

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct show_column {
	const char *title;
	const char *path; /* "external.media" */
	bool right;       /* numbers */
};

/* Prints RESULT of NOUN VERB to stdout. 0 or a negated errno. */
int show_result(const char *noun, const char *verb, const json_t *result);
/* Prints ROWS, an array of objects, as a table; COLUMNS end with title NULL. Likewise. */
int show_table(const struct show_column *columns, const json_t *rows);
/* Appends TEXT with control characters (C0, DEL, C1) replaced by '?'. */
void show_add_safe(struct buf *out, const char *text);
/* Prints LEN bytes of TEXT without control characters. */
void show_safe(const char *text, size_t len);
/* Prints "warning" of RESULT (may be NULL), where it has one, to stderr. */
void show_warning(const json_t *result);
/* Prints "error: ..." details ("errors" of RESULT, may be NULL), one a line, to stderr. */
void show_errors(const json_t *result);
