/* The commands that there are, and which of them somebody means. tandemctl's only thread. */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

struct command {
	const char *noun, *verb; /* verb "": the noun is a command by itself */
	int min_args, max_args;
	const char *usage; /* "trunk tls ID on|observe|off" */
	const char *help;
	bool local;  /* tandemctl does it without the server */
	bool judges; /* what its arguments may be it says itself, options too */
};

/* All of them; ends with noun NULL. */
const struct command *command_table(void);
/* The first command after AFTER of its noun, or NULL; AFTER NULL: the first of NOUN. */
const struct command *command_of_noun(const char *noun, const struct command *after);
/* WORDS as an array that ends with NULL. */
int command_count_words(char *const *words);

/*
 * The noun that WORD means: the whole word, or the beginning of just one. NULL after it was added to OUT
 * what is wrong, with what is near.
 */
const char *command_noun(const char *word, struct buf *out);
/* The same for a verb of NOUN. WORD NULL: there is none. */
const struct command *command_verb(const char *noun, const char *word, struct buf *out);
/*
 * The command of WORDS and how many of them named it; the others are its arguments, whose number is not
 * judged. NULL after OUT has what is wrong.
 */
const struct command *command_find(char *const *words, int *ret_used, struct buf *out);
