/*
 * Sets of final responses, as next-on has them: "408, 500, 502-504". Pure. Any thread.
 */
#pragma once

#include "base/buf.h"
#include "base/span.h"

/* Those that a set may have. 6xx says that nobody anywhere takes the call (RFC 3261 21.6). */
#define STATUSES_MIN 300
#define STATUSES_MAX 599

/* A bit for each from STATUSES_MIN on. */
struct config_statuses {
	uint64_t bits[(STATUSES_MAX - STATUSES_MIN) / 64 + 1];
};

/* Reads TEXT. 0; ERR_FORMAT with *RET_BAD, the part of it that is wrong. *RET is then untouched. */
int statuses_read(struct config_statuses *ret, const char *text, struct span *ret_bad);
/* As statuses_read() takes it, the shortest way; "none" of the empty set. */
void statuses_print(const struct config_statuses *statuses, struct buf *out);
/* STATUS may be any. */
bool statuses_have(const struct config_statuses *statuses, int status);
