/*
 * Tandem's allocations while a scenario is played: which fails, and which blocks are left. The
 * linker puts what is here in the place of malloc() and its like (HEAP_WRAPS in Makefile.inc).
 */
#pragma once

#include <stdbool.h>

/* Forgets what lives, and watches from now on. The NTH allocation fails, with its stack if TELL; 0:
 * none. */
void heap_watch(unsigned long nth, bool tell);
/* Since then: allocations, and blocks that were not given back. */
unsigned long heap_count(void);
unsigned long heap_left(void);
/* Blocks that were given back with a key in clear: of SDES ("inline:" and no x, which masks one), or
 * a party's as it is. */
unsigned long heap_keys(void);
