/*
 * Answers for people: tables, and blocks of names and values. tandemctl's only thread.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* Prints RESULT of NOUN VERB to stdout. 0 or a negated errno. */
int show_result(const char *noun, const char *verb, const json_t *result);
/* Prints LEN bytes of TEXT without control characters. */
void show_safe(const char *text, size_t len);
/* Prints "error: ..." details ("errors" of RESULT, may be NULL), one a line, to stderr. */
void show_errors(const json_t *result);
