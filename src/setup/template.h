/*
 * Texts with gaps, which setup fills: configuration files, and what the other side's program needs. tandemctl's
 * only thread.
 *
 * @NAME@ becomes the variable's value. A line that begins with @?NAME@ is there only where the variable is not
 * empty, one that begins with @!NAME@ only where it is. Names are A-Z and _; any other @ is itself. Lines that
 * begin with @# are for who reads the template.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

struct template_var {
	const char *name;
	const char *value; /* "" is fine */
};

/* Adds the file at PATH, filled, to RET. VARS end with a name of NULL. 0; ERR_FORMAT for a name that is none
 * of them; or as file_read(). With TEXT. */
int template_fill(const char *path, const struct template_var *vars, struct buf *ret,
	struct err_text *text);
