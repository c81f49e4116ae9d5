/*
 * A span: a borrowed piece of text, not NUL-terminated. It never owns its bytes and must
 * not outlive them. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const char *p; /* may be NULL when len is 0 */
	size_t len;    /* bytes */
};

/* For printf: "%.*s", SPAN_ARG(span) */
#define SPAN_ARG(s) (int)(s).len, (s).p

/* The span of a NUL-terminated string; NULL gives the empty span. Inline, as what follows, so
 * that the length of a literal is the compiler's to count. */
static inline struct span span_of(const char *text)
{
	return (struct span){.p = text, .len = text ? strlen(text) : 0};
}

static inline bool span_equal(struct span a, struct span b)
{
	/* memcmp() may not be given NULL, whatever the length. */
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* Most words of a table differ from what is looked for in their first byte. */
static inline bool span_equal_str(struct span a, const char *b)
{
	return !(a.len && a.p[0] != b[0]) && span_equal(a, span_of(b));
}

/* Two spans that differ at most in the case of ASCII letters; no locale. */
bool span_same_letters(struct span a, struct span b);

static inline bool span_equal_nocase(struct span a, const char *b)
{
	/* the bit of 0x20 is what tells small letters from capital ones */
	return !(a.len && ((a.p[0] ^ b[0]) & ~0x20)) && span_same_letters(a, span_of(b));
}

static inline bool span_starts(struct span s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && (len == 0 || memcmp(s.p, prefix, len) == 0);
}

/* Where WHAT, which is not empty, begins in S for the first time; NULL: nowhere. */
static inline const char *span_find(struct span s, struct span what)
{
	/* memmem() may not be given NULL, whatever the length. */
	return s.len > 0 ? memmem(s.p, s.len, what.p, what.len) : NULL;
}

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

/* Appends to the string of *LEN bytes in OUT, which has SIZE, as much of TEXT as fits, with a NUL. */
void span_append(char *out, size_t size, size_t *len, const char *text);

/* Copies S to OUT with a NUL. 0, or ERR_LIMIT (OUT untouched) when it does not fit. */
int span_copy(struct span s, char *out, size_t size);
