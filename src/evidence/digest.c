#include "evidence/digest.h"

#include "base/err.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdlib.h>

struct digest {
	gnutls_hash_hd_t hash;
};

int digest_new(struct digest **ret)
{
	struct digest *digest = calloc(1, sizeof(*digest));

	if (!digest || gnutls_hash_init(&digest->hash, GNUTLS_DIG_SHA256) != 0) {
		free(digest);
		return -ENOMEM;
	}
	*ret = digest;
	return 0;
}

void digest_free(struct digest *digest)
{
	if (!digest)
		return;
	gnutls_hash_deinit(digest->hash, NULL);
	free(digest);
}

void digest_add(struct digest *digest, const void *data, size_t len)
{
	/* without a key it cannot fail */
	if (len > 0)
		(void)gnutls_hash(digest->hash, data, len);
}

void digest_take(struct digest *digest, struct tlog_hash *ret)
{
	gnutls_hash_output(digest->hash, ret->bytes);
}

int digest_look(const struct digest *digest, struct tlog_hash *ret)
{
	gnutls_hash_hd_t copy = gnutls_hash_copy(digest->hash);

	if (!copy)
		return -ENOMEM;
	gnutls_hash_deinit(copy, ret->bytes);
	return 0;
}

const char *digest_text(const struct tlog_hash *hash, char out[static DIGEST_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < TLOG_HASH_LEN; i++) {
		out[2 * i] = digits[hash->bytes[i] >> 4];
		out[2 * i + 1] = digits[hash->bytes[i] & 15];
	}
	out[DIGEST_TEXT_SIZE - 1] = '\0';
	return out;
}

static int value_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int digest_read(struct tlog_hash *ret, struct span text)
{
	struct tlog_hash hash;

	if (text.len != DIGEST_TEXT_SIZE - 1)
		return ERR_FORMAT;
	for (size_t i = 0; i < TLOG_HASH_LEN; i++) {
		const int high = value_of(text.p[2 * i]),
			  low = value_of(text.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return ERR_FORMAT;
		hash.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*ret = hash;
	return 0;
}

int digest_text_of(struct span bytes, char out[static DIGEST_TEXT_SIZE])
{
	struct digest *digest;
	struct tlog_hash hash;
	int err = digest_new(&digest);

	if (err)
		return err;
	digest_add(digest, bytes.p, bytes.len);
	digest_take(digest, &hash);
	digest_free(digest);
	digest_text(&hash, out);
	return 0;
}
