/*
 * The change of one word in a gateway's text, without its file: what edit.c does between
 * reading and writing. Loop thread.
 */
#pragma once

#include "base/buf.h"
#include "config/ini.h"

#include <sys/stat.h>

struct edit {
	char *path; /* links resolved: the file itself is replaced, not a link to it */
	const char *key;
	const char *value;
	struct stat status; /* of the file that was read */
	struct ini_reader *reader;
	const struct buf *before;
	struct buf *after;
	struct err_text *text; /* may be NULL */
};

/*
 * Adds BEFORE to AFTER with VALUE in the place of KEY's, and looks that it reads so. The
 * value itself was checked. 0, or negative with TEXT; what is in AFTER then is of no use.
 */
int edit_text(struct edit *edit);
