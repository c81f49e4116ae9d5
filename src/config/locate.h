/*
 * Where a key stands in the files, for what is found to be wrong once they were read. Only then a
 * file is read again: a snapshot does not remember where each of its values came from. Loop thread.
 */
#pragma once

#include "config/errors.h"
#include "config/ini.h"

/* Zero-initialised; remembers the file that was asked for last. */
struct locator {
	struct ini_reader *reader;
	struct ini *ini;
};

void locator_free(struct locator *locator);

/*
 * The value of KEY in [SECTION ID] (ID NULL: any) of FILE, with *RET in it. Where KEY is not set,
 * false, and *RET is the section's title, or else the beginning of FILE. *RET borrows FILE.
 */
bool locate(struct locator *locator, const char *file, const char *section,
	const char *id, const char *key, struct place *ret);
