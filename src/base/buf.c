#include "base/buf.h"

#include "base/err.h"
#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most buffers are a message that is built, sent and freed: one allocation, of a size that malloc
 * keeps at hand. What lives longer is cut to measure by buf_steal(). */
#define FIRST_SIZE 1024
/* Less than this is not worth giving back. */
#define SPARE_SIZE 64

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){.max = max};
}

void buf_free(struct buf *buf)
{
	secret_free(buf->data, buf->len);
	buf_init(buf, buf->max);
}

void buf_clear(struct buf *buf)
{
	secret_wipe_bytes(buf->data, buf->len);
	buf->len = 0;
	buf->err = 0;
}

/* Allocates for LEN more bytes and, always, one for the NUL of buf_str(). */
static bool make_more_room(struct buf *buf, size_t len)
{
	size_t needed, size;
	char *data;

	if (buf->max > 0 && (len > buf->max || buf->len > buf->max - len)) {
		buf->err = ERR_LIMIT;
		return false;
	}
	if (len > SIZE_MAX / 4 || buf->len > SIZE_MAX / 4) {
		buf->err = -ENOMEM;
		return false;
	}
	needed = buf->len + len + 1;
	if (needed <= buf->size)
		return true;
	size = buf->size > 0 ? buf->size : FIRST_SIZE;
	while (size < needed)
		size *= 2;
	if (buf->max > 0 && size > buf->max + 1)
		size = buf->max + 1;
	/* realloc() would leave the old place as it is. */
	data = malloc(size);
	if (!data) {
		buf->err = -ENOMEM;
		return false;
	}
	if (buf->len > 0)
		memcpy(data, buf->data, buf->len);
	secret_free(buf->data, buf->len);
	buf->data = data;
	buf->size = size;
	return true;
}

static inline bool make_room(struct buf *buf, size_t len)
{
	if (buf->err)
		return false;
	return len < buf->size - buf->len || make_more_room(buf, len);
}

void buf_add_slowly(struct buf *buf, const void *data, size_t len)
{
	if (!make_room(buf, len) || len == 0)
		return;
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
}

void buf_add_uint(struct buf *buf, uint64_t number)
{
	char digits[20]; /* UINT64_MAX has as many */
	size_t start = sizeof(digits);

	do {
		digits[--start] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	buf_add(buf, digits + start, sizeof(digits) - start);
}

static const char hex_digits[] = "0123456789abcdef";

void buf_add_hex(struct buf *buf, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		buf_add_char(buf, hex_digits[(unsigned char)bytes.p[i] >> 4]);
		buf_add_char(buf, hex_digits[(unsigned char)bytes.p[i] & 15]);
	}
}

int buf_add_unhexed(struct buf *buf, struct span hex)
{
	if (hex.len % 2)
		return ERR_FORMAT;
	for (size_t i = 0; i < hex.len; i += 2) {
		const char *high = memchr(hex_digits, hex.p[i], 16);
		const char *low = memchr(hex_digits, hex.p[i + 1], 16);

		if (!high || !low)
			return ERR_FORMAT;
		buf_add_char(buf, (char)((high - hex_digits) << 4 | (low - hex_digits)));
	}
	return 0;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int len;

	if (buf->err)
		return;
	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0) {
		buf->err = ERR_FORMAT;
		return;
	}
	if (!make_room(buf, (size_t)len))
		return;
	va_start(args, format);
	vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
}

char *buf_reserve(struct buf *buf, size_t len)
{
	return make_room(buf, len) ? buf->data + buf->len : NULL;
}

void buf_consume(struct buf *buf, size_t len)
{
	assert(len <= buf->len);
	if (len == 0)
		return;
	buf->len -= len;
	memmove(buf->data, buf->data + len, buf->len);
	secret_wipe_bytes(buf->data + buf->len, len);
}

const char *buf_str(struct buf *buf)
{
	if (!make_room(buf, 0))
		return NULL;
	buf->data[buf->len] = '\0';
	return buf->data;
}

char *buf_steal(struct buf *buf, size_t *ret_len)
{
	char *data = buf->data;
	size_t len = buf->len;
	int err = buf->err;

	/* Half of a text is worse than none; the error stays for who looks after this. */
	if (err || len == 0) {
		secret_free(data, len);
		data = NULL;
		len = 0;
	} else {
		data[len] = '\0'; /* make_room() has left a place for it */
		if (buf->size - len > SPARE_SIZE) {
			char *fitting = realloc(data, len + 1);

			if (fitting)
				data = fitting;
		}
	}
	if (ret_len)
		*ret_len = len;
	buf_init(buf, buf->max);
	buf->err = err;
	return data;
}

struct span buf_span(const struct buf *buf)
{
	return (struct span){.p = buf->data, .len = buf->len};
}
