/*
 * A line of the log, taken apart again, and what somebody wants to see of such lines. No input or output.
 */
#pragma once

#include "base/err.h"
#include "base/log.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_line {
	enum log_level level;
	const char *text; /* the whole line; borrowed */
	char *module;
	json_t *words; /* an object of strings, in the order of the line */
};

/* LINE is `level module key=value ...`, as base/log.h writes it; it must outlive RET. Quotes and their
 * backslashes are taken off values; \xNN stays. 0, or -ENOMEM. */
int event_line_read(struct event_line *ret, enum log_level level, const char *line);
void event_line_free(struct event_line *line);
/* A new object, or NULL without memory. */
json_t *event_line_json(const struct event_line *line, uint64_t wall_us);

/* Calls that were named together with a trunk that is looked for; the oldest is forgotten. */
#define EVENT_CALLS_MAX 1024

struct event_match;

/* Zero-initialised. */
struct event_filter {
	struct event_match *matches;
	size_t count;
	enum log_level level; /* at least */
	uint64_t *
		calls; /* EVENT_CALLS_MAX of them, by hash; NULL: no trunk is looked for */
	unsigned next_call;
};

/* MATCHES: see events_follow(). 0, -EINVAL with TEXT, or -ENOMEM. */
int event_filter_read(struct event_filter *filter, const char *const *matches,
	size_t count, struct err_text *text);
void event_filter_free(struct event_filter *filter);
/* Whether LINE is wanted. Remembers the call of one that names a wanted trunk. */
bool event_filter_pass(struct event_filter *filter, const struct event_line *line);
