/*
 * The log's lines as entries of the journal, with fields to look for (journalctl TRUNK=carrier-a). The fields come
 * from the words of the finished line, so that no code states a fact twice. Any thread.
 */
#pragma once

#include "base/log.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>

/* A word KEY=VALUE of the line whose key has a field. */
struct journald_field {
	const char *name; /* static */
	struct span
		value; /* borrowed from the line; without its quotes, escapes as they are */
};

#define JOURNALD_FIELDS_MAX 16

/* The fields of LINE, in its order; returns how many. */
size_t journald_fields(
	const char *line, struct journald_field ret[static JOURNALD_FIELDS_MAX]);

/* Whether entries can be handed over: built with libsystemd, and a journal listens. */
bool journald_listens(void);
/* A sink for log_set_sink(). What the journal does not take goes to stderr. */
void journald_sink(void *arg, enum log_level level, const char *line);
