/* What another wrote, on a terminal. */
#pragma once

#include "base/span.h"

#include <stdio.h>

/* TEXT of a file, or of another's key, may have anything in it: controls become question marks. */
void safe_print(FILE *out, struct span text);
