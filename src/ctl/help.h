/* `tandemctl help`: what there is, and how it is used. tandemctl's only thread. */
#pragma once

#include "base/buf.h"

/* Appends the help about WORDS (noun and verb, or less; or "event" and a name; ends with NULL). 0, or negative after OUT has
 * what is wrong with them. */
int help_add(struct buf *out, char *const *words);
