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

/* For buf_add() alone: there is an error, or no room yet. */
void buf_add_slowly(struct buf *buf, const void *data, size_t len);

/* Inline, as what follows: most of what is added are a few bytes whose number is known. */
static inline void buf_add(struct buf *buf, const void *data, size_t len)
{
	if (buf->err || len >= buf->size - buf->len) {
		buf_add_slowly(buf, data, len);
		return;
	}
	if (len > 0) /* memcpy() may not be given NULL */
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
}

static inline void buf_add_span(struct buf *buf, struct span span)
{
	buf_add(buf, span.p, span.len);
}

static inline void buf_add_str(struct buf *buf, const char *text)
{
	buf_add_span(buf, span_of(text));
}

static inline void buf_add_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_add_uint(struct buf *buf, uint64_t number);
/* Two small hex digits a byte; and the bytes that such HEX stands for. 0, or ERR_FORMAT where it is none:
 * some of them may have been added. */
void buf_add_hex(struct buf *buf, struct span bytes);
int buf_add_unhexed(struct buf *buf, struct span hex);
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
