/*
 * A span: a borrowed piece of text, not NUL-terminated. It never owns its bytes and must
 * not outlive them. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const char *p; /* may be NULL when len is 0 */
	size_t len;    /* bytes */
};

/* For printf: "%.*s", SPAN_ARG(span) */
#define SPAN_ARG(s) (int)(s).len, (s).p

/* The span of a NUL-terminated string; NULL gives the empty span. */
struct span span_of(const char *text);

bool span_equal(struct span a, struct span b);
bool span_equal_str(struct span a, const char *b);
/* ASCII case is ignored; no locale. */
bool span_equal_nocase(struct span a, const char *b);
bool span_starts(struct span s, const char *prefix);

/* S without leading and trailing spaces and tabs. */
struct span span_trim(struct span s);

/*
 * Takes the text up to the first SEPARATOR off the front of *REST, and the separator with
 * it. Without a separator all of *REST is taken. Returns false when *REST is spent (its p
 * is then NULL).
 */
bool span_next(struct span *rest, char separator, struct span *ret_part);

/* Decimal digits only, no sign, at most MAX. 0, or ERR_FORMAT with *ret untouched. */
int span_uint(struct span s, uint64_t max, uint64_t *ret);

/* A NUL-terminated copy, owned by the caller; NULL when out of memory. */
char *span_dup(struct span s);

/* Copies S to OUT with a NUL. 0, or ERR_LIMIT (OUT untouched) when it does not fit. */
int span_copy(struct span s, char *out, size_t size);
