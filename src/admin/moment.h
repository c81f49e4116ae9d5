/*
 * Moments as operators write and read them: days, minutes, and how long ago. Pure.
 */
#pragma once

#include <jansson.h>
#include <time.h>

/* Room for "2026-11-22T15:04:05Z" with its NUL, at any time. */
#define MOMENT_TEXT_SIZE 40

/* RFC 3339, UTC, whole seconds. Returns BUF. */
const char *moment_text(time_t when, char buf[static MOMENT_TEXT_SIZE]);
/* The same as a string; 0: null. */
json_t *moment_json(time_t when);
/* Reads a time as "90s", "5m", "24h" or "30d", MAX seconds at most, to seconds. 0, or ERR_FORMAT. */
int moment_span(const char *text, time_t max, time_t *ret);
/*
 * Reads when something began: "2026-11-01", "2026-11-01T06:30Z" (UTC), or how long before NOW:
 * "90m", "24h", "30d". 0, or ERR_FORMAT: none of these, or not before NOW.
 */
int moment_since(const char *text, time_t now, time_t *ret);
