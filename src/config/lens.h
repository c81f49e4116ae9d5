/*
 * Tandem's Augeas lens, and a handle that has it loaded. Loop thread.
 */
#pragma once

#include "base/err.h"

#include <augeas.h>
#include <stdbool.h>

/* The lens's name for aug_text_store(). */
#define LENS_NAME "Tandem.lns"

/*
 * A handle that reads no files and knows our lens alone. Freed with aug_close(). 0,
 * -ENOMEM, ERR_LIBRARY, or the errno of writing a temporary file. CHECKED has Augeas prove
 * the lens sound first, which is slow: for tests.
 */
int lens_open(struct augeas **ret, bool checked, struct err_text *text);
