/*
 * Values as the configuration's own table judges them, before they are written. tandemctl's only thread.
 */
#pragma once

#include "base/err.h"
#include "config/schema.h"

/* Whether NAME of SECTION may be VALUE. LABEL is what a person wrote it as ("--fqdn"). 0, or ERR_FORMAT with
 * TEXT. */
int keys_check(enum schema_section section, const char *name, const char *label,
	const char *value, struct err_text *text);
