/* What is shown again and again: in place on a terminal, one below the other elsewhere. tandemctl's only
 * thread. */
#pragma once

#include <stdbool.h>

/* Before each picture is printed to stdout; NTH is 0 for the first. */
void screen_begin(unsigned nth);
/* After it. 0, or a negated errno. */
int screen_end(void);
void screen_wait(unsigned ms);
