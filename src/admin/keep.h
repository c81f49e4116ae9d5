/*
 * A small file's text, kept while it is edited, so that the edit can be taken back byte for
 * byte. Any thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* Reads PATH, 1 MB at most, into TEXT (initialised here). 0, or negative with WHY. */
int keep_read(const char *path, struct buf *text, struct err_text *why);
/* Puts TEXT back whole (temporary file, fsync, rename), mode and owner of PATH kept. 0, or
 * negative with WHY, and PATH stands as it was. */
int keep_restore(const char *path, const struct buf *text, struct err_text *why);
