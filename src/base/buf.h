/*
 * A growable byte buffer with a sticky error: append freely, look once at the end.
 * One owner, no locking.
 */
#pragma once

#include "base/span.h"

struct buf {
	char *data;  /* NULL while empty */
	size_t len;  /* bytes in use */
	size_t size; /* bytes allocated */
	size_t max;  /* never grow past; 0 = no limit */
	int err; /* 0, -ENOMEM or ERR_LIMIT: the first failure; later appends do nothing */
};

void buf_init(struct buf *buf, size_t max);
/* Frees the bytes and makes BUF empty and usable again. What a buffer no longer holds is always
 * wiped: it may have been a description with keys. */
void buf_free(struct buf *buf);
/* Forgets the contents and the error, keeps the memory. */
void buf_clear(struct buf *buf);

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_add_str(struct buf *buf, const char *text);
void buf_add_span(struct buf *buf, struct span span);
void buf_add_char(struct buf *buf, char c);
void buf_add_uint(struct buf *buf, uint64_t number);
void buf_printf(struct buf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Makes room for LEN more bytes and returns where they go (NULL on failure); the caller
 * then adds what it wrote to len. */
char *buf_reserve(struct buf *buf, size_t len);
/* Drops LEN bytes from the front. */
void buf_consume(struct buf *buf, size_t len);
/* The contents as a NUL-terminated string; the NUL is not counted in len. NULL on error. */
const char *buf_str(struct buf *buf);
/* Gives the bytes away (free() them) and leaves BUF empty. NULL when it was empty. */
char *buf_steal(struct buf *buf, size_t *ret_len);

struct span buf_span(const struct buf *buf);
