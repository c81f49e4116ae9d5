/* Single values for people, without control characters. tandemctl's only thread. */
#pragma once

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Appends TEXT with control characters (C0, DEL, C1) replaced by '?'. */
void show_add_safe(struct buf *out, const char *text);
/* The same for a terminal: in the encoding of the locale; a character that it does not have is '?'. */
void show_add_shown(struct buf *out, const char *text);
/* Prints LEN bytes of TEXT without control characters. */
void show_safe(const char *text, size_t len);
/* The text that OBJECT has as NAME; "" where it has none. */
const char *show_word(const json_t *object, const char *name);
/* Prints that without control characters. */
void show_print(const json_t *object, const char *name);
/* Whether NAME ends in _us: a number of microseconds. */
bool show_is_us(const char *name);
/* Appends VALUE, neither an object nor an array of objects; the end of NAME gives its unit. */
void show_add_value(struct buf *out, const char *name, const json_t *value);
/* The value at PATH ("external.media") below OBJECT as text, or at the first of several, with '|'
 * between them, that leads anywhere; "" where there is none. It is valid until OUT changes. */
const char *show_text_at(const json_t *object, const char *path, struct buf *out);
