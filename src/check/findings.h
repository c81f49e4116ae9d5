/*
 * What a check of a configuration and of its machine found: mistakes, with which the server does not
 * start; warnings; notes. For people a line each, and for programs the same as JSON. Loop thread.
 */
#pragma once

#include "config/errors.h"

#include <jansson.h>
#include <stdio.h>

enum finding_level { FINDING_ERROR, FINDING_WARNING, FINDING_NOTE, FINDING_LEVELS };

struct finding {
	enum finding_level level;
	unsigned order; /* in which they were added */
	bool in_order;  /* stays in it among its like, wherever it is */
	char *file;
	unsigned line, column; /* 0: about the file as a whole */
	char *what;
	char *remedy; /* "": WHAT says it */
};

struct findings {
	struct finding *list;
	size_t count, room;
	unsigned counts
		[FINDING_LEVELS]; /* also of those that memory did not suffice for */
};

void findings_free(struct findings *findings);

/* What the printf-formatted sentence says, at PLACE (line 0: the file as a whole). REMEDY is what to do,
 * "" where the sentence has it. Copied. */
void findings_add(struct findings *findings, enum finding_level level, struct place place,
	const char *remedy, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* Each mistake of a load. */
void findings_add_errors(struct findings *findings, const struct config_errors *errors);

/* Mistakes first, then warnings, then notes; each by file and line, but for the mistakes of
 * a load, which stay in the order in which it came to them. */
void findings_sort(struct findings *findings);
/* "FILE:LINE:COLUMN: error: WHAT; REMEDY" for each, mistakes alone with ERRORS_ONLY. */
void findings_print(const struct findings *findings, bool errors_only, FILE *out);
/* One as such a line, control bytes escaped. The caller's; NULL: out of memory. */
char *finding_line(const struct finding *finding);
/* "no mistakes, 2 warnings: it would start". Returns BUF. */
#define FINDINGS_VERDICT_SIZE 96
const char *findings_verdict(
	const struct findings *findings, char buf[static FINDINGS_VERDICT_SIZE]);
/* [{"severity", "file", "line", "column", "what", "remedy"}]. NULL: out of memory. */
json_t *findings_json(const struct findings *findings);
