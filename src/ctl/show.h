/*
 * Answers for people: tables, and blocks of names and values. tandemctl's only thread.
 */
#pragma once

#include "ctl/show_style.h"

#include <jansson.h>

/* Prints RESULT of NOUN VERB to stdout. 0 or a negated errno. */
int show_result(const struct show_style *style, const char *noun, const char *verb,
	const json_t *result);
/* Prints "warning" of RESULT (may be NULL), where it has one, to stderr. */
void show_warning(const json_t *result);
/* Prints "error: ..." details ("errors" of RESULT, may be NULL), one a line, to stderr. */
void show_errors(const json_t *result);
