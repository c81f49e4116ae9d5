#include "base/secret.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* One system call yields this many bytes for tokens. */
#define POOL_SIZE 256

static int fill_random(uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = getrandom(bytes, len, 0);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

int secret_set(struct secret *secret, const void *bytes, size_t len)
{
	if (len > SECRET_MAX)
		return ERR_LIMIT;
	/* BYTES may lie in SECRET itself. */
	if (len > 0)
		memmove(secret->bytes, bytes, len);
	secret_wipe_bytes(secret->bytes + len, SECRET_MAX - len);
	secret->len = len;
	return 0;
}

int secret_random(struct secret *secret, size_t len)
{
	struct secret fresh = {.len = len};
	int err;

	if (len > SECRET_MAX)
		return ERR_LIMIT;
	err = fill_random(fresh.bytes, len);
	if (!err)
		*secret = fresh;
	secret_wipe(&fresh);
	return err;
}

void secret_wipe(struct secret *secret)
{
	secret_wipe_bytes(secret, sizeof(*secret));
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	/* volatile: the compiler may not stop at the first difference. All bytes are
	 * looked at, those behind len too, which are zero in every secret. */
	volatile uint8_t difference = 0;

	for (size_t i = 0; i < SECRET_MAX; i++)
		difference = difference | (uint8_t)(a->bytes[i] ^ b->bytes[i]);
	return difference == 0 && a->len == b->len;
}

void secret_wipe_bytes(void *bytes, size_t len)
{
	if (len > 0)
		explicit_bzero(bytes, len);
}

void secret_free(void *bytes, size_t len)
{
	if (bytes)
		secret_wipe_bytes(bytes, len);
	free(bytes);
}

/* One byte of this thread's pool; a byte is given out once and then forgotten. */
static uint8_t pool_take(void)
{
	static _Thread_local uint8_t pool[POOL_SIZE];
	static _Thread_local size_t left;
	uint8_t byte;

	if (left == 0) {
		if (fill_random(pool, sizeof(pool)) != 0)
			abort(); /* guessable tags would let anyone hijack a call */
		left = sizeof(pool);
	}
	byte = pool[--left];
	pool[left] = 0;
	return byte;
}

uint64_t secret_below(uint64_t limit)
{
	uint64_t random = 0;

	/* 64 bits: that the first numbers come up more often is beyond notice */
	for (unsigned i = 0; i < sizeof(random); i++)
		random = random << 8 | pool_take();
	return random % limit;
}

void secret_token(char *out, size_t bytes)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes; i++) {
		uint8_t byte = pool_take();

		*out++ = digits[byte >> 4];
		*out++ = digits[byte & 15];
	}
	*out = '\0';
}
