/*
 * Where in the files of the configuration a key stands, for a finding about it.
 */
#pragma once

#include "check/check.h"

/* KEY of SECTION in the main file. */
struct place where_main(struct check *check, const char *section, const char *key);
/* KEY of a server or a gateway, or where that has it from: its side's section. */
struct place where_trunk(struct check *check, enum trunk_kind kind,
	const struct config_trunk *trunk, const char *key);
/* Whether SECTION sets KEY, and does not leave it as it is by default. */
bool where_is_set(struct check *check, const char *section, const char *key);
