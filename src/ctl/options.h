/* The options of tandemctl, which may stand anywhere among the words. tandemctl's only thread. */
#pragma once

#include "base/err.h"
#include "ctl/command.h"

#include <stdbool.h>

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV, FORMAT_HTML, FORMAT_LINES };

struct options {
	enum format format;
	bool quiet, full, no_head, no_color;
	bool help, version;
	const char *socket_path;
	char **words; /* what remains: noun, verb, arguments; ends with NULL */
};

/* One that every command has. */
struct option_name {
	const char *word, *letter; /* "--socket", "-s"; either may be NULL */
	const char *value;         /* "SOCKET", or NULL */
	const char *text;
};

/* Ends with TEXT NULL. */
const struct option_name *options_table(void);

/* Takes the options out of WORDS (without the program's name), which it sorts anew. 0, or negative with
 * TEXT: a usage mistake. */
int options_read(struct options *options, char **words, struct err_text *text);
/* Whether COMMAND has all options that its arguments ARGS have, and a number of them that it takes. 0, or
 * negative with TEXT. */
int options_check(const struct options *options, const struct command *command,
	char *const *args, struct err_text *text);
