/*
 * A scenario file as steps: one line each, with the indented lines below it as clauses.
 * "#" begins a comment line; "play NAME" stands for the steps of NAME.inc.
 */
#pragma once

#include "base/err.h"

#define SCRIPT_WORDS 24
#define SCRIPT_CLAUSES 64

struct step {
	char *file;
	unsigned line;
	char *text;                    /* as written */
	char *copy;                    /* cut into words */
	char *words[SCRIPT_WORDS + 1]; /* NULL-ended */
	unsigned count;
	char *clauses[SCRIPT_CLAUSES]; /* without indentation */
	unsigned clause_count;
};

struct script {
	struct step *steps;
	unsigned count;
};

/* 0, or negative with TEXT. Free it in any case. */
int script_read(struct script *script, const char *path, struct err_text *text);
/* The same from TEXT, which must not be empty; "play" finds nothing. */
int script_parse(struct script *script, const char *text, struct err_text *error);
void script_free(struct script *script);
