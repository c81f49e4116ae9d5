/*
 * Hashes of text: those of HTTP's and SIP's digest authentication (RFC 7616, RFC 8760), and a code that
 * only this process can make. Any thread.
 */
#pragma once

#include "base/secret.h"
#include "base/span.h"

enum hashing_kind {
	HASHING_MD5,
	HASHING_SHA_256,
	HASHING_SHA_512_256, /* FIPS 180-4 5.3.6.2: not the beginning of SHA-512 */
	HASHING_KINDS,
};

/* Of the longest, in small hex digits with a NUL. */
#define HASHING_HEX_SIZE 65

/*
 * The hash of COUNT parts, one behind the other, in small hex digits. 0; ERR_SUPPORT where this machine
 * may not compute it: in FIPS 140 mode MD5, which is forbidden, and SHA-512/256, which the validated module
 * does not have.
 */
int hashing_hex(enum hashing_kind kind, const struct span *parts, unsigned count,
	char ret[static HASHING_HEX_SIZE]);
/* HMAC of SHA-256 of them under KEY. 0, -ENOMEM or ERR_LIBRARY. */
int hashing_code(const struct secret *key, const struct span *parts, unsigned count,
	char ret[static HASHING_HEX_SIZE]);
/* Whether two texts are the same, in a time that depends on their lengths alone. */
bool hashing_same(struct span a, struct span b);
