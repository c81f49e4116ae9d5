/*
 * Times and sizes as they are written in a configuration file: in the largest unit that divides
 * them. Any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* VALUE in UNIT, which is "ms" or "us": "90s", "0". */
void units_print_duration(uint64_t value, const char *unit, char *buf, size_t size);
/* Bytes: "64k", "1M". */
void units_print_size(uint64_t value, char *buf, size_t size);
