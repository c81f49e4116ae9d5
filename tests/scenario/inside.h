/*
 * Whose code runs: Tandem's, or that of the stage around it. The program that lets allocations
 * fail (oom.c) lets only Tandem's fail.
 */
#pragma once

#include <stdbool.h>

/* From now on it is Tandem's, or not. Returns what it was, to be set again. */
bool inside_set(bool inside);
bool inside_now(void);
