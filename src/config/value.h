/*
 * One value: from its text into its member of a configuration struct, checked by its row
 * of the schema. Loop thread.
 */
#pragma once

#include "base/span.h"
#include "config/schema.h"

/*
 * Reads TEXT as KEY says and stores it in BASE (the struct that KEY's section fills), in
 * place of what was there. Relative paths count from FOLDER. 0; ERR_FORMAT with *ret_bad
 * set to the part of TEXT that is wrong; or -ENOMEM. BASE is then as it was.
 */
int value_set(const struct schema_key *key, void *base, const char *folder,
	const char *text, struct span *ret_bad);

/* The same of SCHEMA_RULES, behind the rules that are there; ERR_LIMIT: there are too many. */
int value_add(
	const struct schema_key *key, void *base, const char *text, struct span *ret_bad);

/* Copies the value of FROM_KEY in FROM, a row of the same type, not SCHEMA_RULES. 0 or -ENOMEM. */
int value_copy(const struct schema_key *key, void *base,
	const struct schema_key *from_key, const void *from);

/* Makes strings "", never NULL, when nothing set them, and lists of rules ready for use. 0 or -ENOMEM. */
int value_settle(const struct schema_key *key, void *base);

/* Frees what the value owns and zeroes it. */
void value_clear(const struct schema_key *key, void *base);

/* PATH from FOLDER unless absolute; owned by the caller. NULL when out of memory. */
char *value_path(const char *folder, const char *path);
