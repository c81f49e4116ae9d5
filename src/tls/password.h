/*
 * A password in a file of its own. It is read as keys are: nobody but its owner and his group may read it.
 * At start and on reload, loop thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* Longer than any that people use; a hash of 64 bytes in hex fits. */
#define PASSWORD_MAX 256

/*
 * Appends the one line of the file PATH, without its line end, to OUT, which wipes it with buf_free(). 0;
 * ERR_TRUST where others may read it; ERR_FORMAT where it is empty, has a further line or what no line has;
 * ERR_LIMIT; -ENOMEM or another negated errno; with TEXT.
 */
int password_read(struct buf *out, const char *path, struct err_text *text);
