/*
 * Options of one verb, from a table which makes its help too. tandemctl's only thread.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>

#define ARGS_VALUES_MAX 64

struct args_option {
	const char *name;  /* without its dashes; NULL ends the table */
	const char *value; /* "NAME", what help calls it; NULL: there is none */
	bool repeats;
	const char *help;
};

struct args_verb {
	const char *usage; /* "cert install FILE..." */
	const char *what;  /* a sentence or more, lines of at most 78 characters */
	const struct args_option *options;
	const char *word; /* what words that are no options are; NULL: there are none */
};

/* Borrowed from the words that were read. A flag that was given has the value "". */
struct args_values {
	const char *values[ARGS_VALUES_MAX];
	unsigned count;
};

/*
 * Sorts WORDS, which end with NULL, into RET: one for each option in the table's order, and one more for
 * the words that are none. 0; 1 when help was asked for and printed; ERR_FORMAT or ERR_LIMIT with TEXT.
 */
int args_read(const struct args_verb *verb, char *const *words, struct args_values *ret,
	struct err_text *text);
/* The value that was given, or FALLBACK. */
const char *args_value(const struct args_values *values, const char *fallback);
