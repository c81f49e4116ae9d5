/*
 * Single settings of the configuration as `--set SECTION.KEY=VALUE` has them. tandemctl's only thread.
 */
#pragma once

#include "base/buf.h"
#include "config/schema.h"
#include "setup/args.h"

struct settings_one {
	enum schema_section section;
	char key[64];
	const char *value; /* in the word that was read */
};

/* False when WORD is not SECTION.KEY=VALUE of a section that there is. */
bool settings_read(struct settings_one *ret, const char *word);
/* The last value of NAME, "SECTION.KEY", among SETS, or NULL. */
const char *settings_find(const struct args_values *sets, const char *name);
/* Puts those of SETS which belong into a gateway's file, or else those that do not, into the file's TEXT: in place
 * of the line that is there, or below the section's title, or as a section of its own. 0 or negative. */
int settings_apply(const struct args_values *sets, bool gateway, struct buf *text);
