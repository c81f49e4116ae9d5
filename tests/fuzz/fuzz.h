/*
 * What the fuzz targets share.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What libFuzzer calls, or replay.c. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What holds whatever was read. */
#define MUST(condition)                                                                  \
	do {                                                                             \
		if (!(condition)) {                                                      \
			(void)fprintf(                                                   \
				stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);  \
			abort();                                                         \
		}                                                                        \
	} while (0)
