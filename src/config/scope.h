/*
 * One struct of the configuration while it is filled: which of its keys are set, and
 * where that was written. Loop thread.
 */
#pragma once

#include "config/errors.h"
#include "config/ini.h"
#include "config/schema.h"

struct scope {
	void *base; /* struct config, config_server or config_gateway */
	/* By schema_index(); FILE is NULL where not set. Borrows the files' names. */
	struct place places[SCHEMA_MAX_KEYS];
	/* Set, but to what is no value: the default stands in for it, so that one mistake
	 * does not make others. */
	bool wrong[SCHEMA_MAX_KEYS];
};

/*
 * Stores the entries of FROM, a section of INI, as those of SECTION; what was set from
 * another file before is overridden. Mistakes go to ERRORS (NULL: they were reported before).
 * 0 or -ENOMEM.
 */
int scope_apply(struct scope *scope, enum schema_section section, const struct ini *ini,
	const struct ini_section *from, struct config_errors *errors);

/*
 * Gives the keys of SECTION that are not set what PARENT, the struct that they inherit from, holds for
 * the key there, or else their default. Paths in a default count from FOLDER. Keys that must
 * be set and are not are mistakes at PLACE. 0 or -ENOMEM.
 */
int scope_finish(struct scope *scope, enum schema_section section, const void *parent,
	const char *folder, struct place place, struct config_errors *errors);

/* Where NAME of SECTION is set, or else INSTEAD. */
struct place scope_place(const struct scope *scope, enum schema_section section,
	const char *name, struct place instead);
bool scope_has(const struct scope *scope, enum schema_section section, const char *name);
