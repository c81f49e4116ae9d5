/*
 * The lines of a session description: one copy of the text, an array that says where each
 * line stands in it, and an arena for the lines that were edited. Knows where sections
 * begin, nothing of what the lines mean. Private to src/sdp. One owner, loop thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "sdp/sdp.h"

#include <stdbool.h>
#include <stdint.h>

struct line {
	const char *p; /* "x=value", then CRLF */
	uint16_t len;  /* without CRLF */
	char type;     /* p[0] */
};

struct lines {
	struct line *line;
	unsigned count;
	unsigned room; /* lines allocated */
	size_t bytes;  /* of the whole text as it stands */

	/* Section S is line[start[S]] up to line[start[S + 1]]. Section 0 is the session,
	 * section 1 + N the media line N. */
	unsigned start[SDP_MAX_MEDIA + 2];
	unsigned sections;

	struct sdp_text *chunks;
};

/* Copies and indexes TEXT, which tidy() wrote. 0 or -ENOMEM; RET untouched on error. */
int lines_load(struct lines *ret, struct span text);
/* A copy with all edits in one piece. 0 or -ENOMEM. */
int lines_copy(struct lines *ret, const struct lines *lines);
/* Wipes the text as well: it may hold the keys of a=crypto. */
void lines_free(struct lines *lines);

/* The whole text in one piece; LINES are freed. NULL, and they stay: out of memory. */
struct sdp_text *lines_take_text(struct lines *lines);
void lines_print(const struct lines *lines, struct buf *out);

/* What follows "x=". */
struct span line_value(const struct line *line);

/*
 * TEXT ("x=value", without a line end) in place of line INDEX, or as a new line before
 * INDEX that belongs to SECTION. Old text stays readable until lines_free(), so that TEXT
 * may point into these lines and views into other lines hold. 0, ERR_LIMIT, -ENOMEM.
 */
int lines_replace(struct lines *lines, size_t index, struct span text);
int lines_insert(struct lines *lines, unsigned section, size_t index, struct span text);

/* Removes the lines of SECTION, from line FROM on, that MATCH; returns how many. */
typedef bool lines_match_h(const struct line *line, const void *arg);
unsigned lines_remove(struct lines *lines, unsigned section, size_t from,
	lines_match_h *match, const void *arg);
