/*
 * What `tandemctl help` knows beyond the table of verbs: options of a verb, examples, what its exit code
 * can be. tandemctl's only thread.
 */
#pragma once

#define HELP_OPTIONS_MAX 18
#define HELP_EXAMPLES 2

struct help_option {
	const char *name;  /* "--watch" */
	const char *value; /* "N", or NULL: it takes none */
	const char *text;
};

struct help_example {
	const char *command; /* without the program's name, as in a shell */
	const char *what;
};

struct help_entry {
	const char *noun, *verb;
	const char
		*text; /* one paragraph beside the line that each verb has; may be NULL */
	struct help_option options[HELP_OPTIONS_MAX + 1];
	struct help_example examples[HELP_EXAMPLES];
	const char *failed; /* what else exit code 1 means; may be NULL */
};

/* Of the verb, or NULL. */
const struct help_entry *help_entry_find(const char *noun, const char *verb);
