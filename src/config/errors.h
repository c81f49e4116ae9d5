/*
 * How the parts of this folder report mistakes: one line each, in one form. Loop thread.
 */
#pragma once

#include "config/config.h"

/* Where something was written. Borrows FILE. */
struct place {
	const char *file;
	unsigned line;   /* from 1 */
	unsigned column; /* from 1, in bytes */
};

/* Adds "file:line:column: error: ...". Past ERRORS_MAX_LINES only the count goes up. */
void errors_add(struct config_errors *errors, struct place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define ERRORS_MAX_LINES 1000

/* Room for " (did you mean \"...\"?)". */
#define ERRORS_HINT_SIZE 128
/* That text for a SUGGESTION, or "" for NULL. Returns BUF. */
const char *errors_hint(char buf[static ERRORS_HINT_SIZE], const char *suggestion);
