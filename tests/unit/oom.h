/*
 * Allocations that fail when a test says so. For a program of one file that is linked with
 * $(OOM_WRAP): only what our own code allocates is counted.
 */
#pragma once

#include "unit.h"

#include <stdbool.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *text);

/* The allocation that fails, from 1; 0 or less: none. */
static int oom_left;
static bool oom_failed;

static inline bool oom_fails(void)
{
	if (oom_left <= 0 || --oom_left > 0)
		return false;
	oom_failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return oom_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return oom_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return oom_fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *text)
{
	return oom_fails() ? NULL : __real_strdup(text);
}

/* Calls TRY again and again, each time with the next of its allocations failing, until none of
 * them has to. CHECK gets what TRY gave when one failed. */
static inline void oom_each(int (*try)(void), void (*check)(int err))
{
	int err, nth = 0;

	do {
		oom_failed = false;
		oom_left = ++nth;
		err = try();
		oom_left = 0;
		if (oom_failed)
			check(err);
	} while (oom_failed);
	assert_int_equal(err, 0);
	assert_true(nth > 1);
}
