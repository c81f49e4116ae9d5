#include "tls/hashing.h"

#include "base/err.h"
#include "tls/policy.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <nettle/sha2.h>
#include <string.h>

#define MAX_LEN 32

static void to_hex(const uint8_t *bytes, size_t len, char ret[static HASHING_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret[2 * len] = '\0';
}

static int code_of(int err)
{
	switch (err) {
	case 0:
		return 0;
	case GNUTLS_E_MEMORY_ERROR:
		return -ENOMEM;
	case GNUTLS_E_UNWANTED_ALGORITHM:
	case GNUTLS_E_UNKNOWN_HASH_ALGORITHM:
		return ERR_SUPPORT;
	default:
		return ERR_LIBRARY;
	}
}

static int hash(gnutls_digest_algorithm_t algorithm, const struct span *parts,
	unsigned count, uint8_t ret[static MAX_LEN])
{
	gnutls_hash_hd_t hash;
	int err = gnutls_hash_init(&hash, algorithm);

	if (err)
		return code_of(err);
	for (unsigned i = 0; i < count && !err; i++)
		if (parts[i].len)
			err = gnutls_hash(hash, parts[i].p, parts[i].len);
	gnutls_hash_deinit(hash, ret);
	return code_of(err);
}

/* GnuTLS has none, up to 3.8. */
static int hash_512_256(
	const struct span *parts, unsigned count, uint8_t ret[static MAX_LEN])
{
	struct sha512_ctx context;

	if (policy_fips_active())
		return ERR_SUPPORT;
	sha512_256_init(&context);
	for (unsigned i = 0; i < count; i++)
		if (parts[i].len)
			sha512_update(
				&context, parts[i].len, (const uint8_t *)parts[i].p);
	sha512_256_digest(&context, SHA256_DIGEST_SIZE, ret);
	secret_wipe_bytes(&context, sizeof(context));
	return 0;
}

int hashing_hex(enum hashing_kind kind, const struct span *parts, unsigned count,
	char ret[static HASHING_HEX_SIZE])
{
	uint8_t bytes[MAX_LEN];
	int err;

	if (kind == HASHING_SHA_512_256)
		err = hash_512_256(parts, count, bytes);
	else
		err = hash(kind == HASHING_MD5 ? GNUTLS_DIG_MD5 : GNUTLS_DIG_SHA256,
			parts, count, bytes);
	if (!err)
		to_hex(bytes, kind == HASHING_MD5 ? 16 : MAX_LEN, ret);
	secret_wipe_bytes(bytes, sizeof(bytes));
	return err;
}

int hashing_code(const struct secret *key, const struct span *parts, unsigned count,
	char ret[static HASHING_HEX_SIZE])
{
	uint8_t bytes[MAX_LEN];
	gnutls_hmac_hd_t hmac;
	int err = gnutls_hmac_init(&hmac, GNUTLS_MAC_SHA256, key->bytes, key->len);

	if (err)
		return code_of(err);
	for (unsigned i = 0; i < count && !err; i++)
		if (parts[i].len)
			err = gnutls_hmac(hmac, parts[i].p, parts[i].len);
	gnutls_hmac_deinit(hmac, bytes);
	if (!err)
		to_hex(bytes, MAX_LEN, ret);
	return code_of(err);
}

bool hashing_same(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || gnutls_memcmp(a.p, b.p, a.len) == 0);
}
