/*
 * SDES: a=crypto lines (RFC 4568; suites of RFC 4568, 6188, 7714). One owner, any thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/saved.h"
#include "base/secret.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum sdes_suite {
	SDES_AEAD_AES_256_GCM,
	SDES_AEAD_AES_128_GCM,
	SDES_AES_256_CM_HMAC_SHA1_80,
	SDES_AES_CM_128_HMAC_SHA1_80,
	SDES_AES_256_CM_HMAC_SHA1_32,
	SDES_AES_CM_128_HMAC_SHA1_32,
	SDES_SUITES,
};

struct sdes_crypto {
	unsigned tag; /* 1 to 9 digits */
	enum sdes_suite suite;
	struct secret key;   /* master key and salt, sdes_key_len() bytes */
	uint64_t lifetime;   /* packets; 0: not given */
	bool lifetime_power; /* it was written as 2^N */
	uint32_t mki;        /* value; only when mki_len is not 0 */
	unsigned mki_len;    /* bytes, 1 to 4; 0: no MKI */
};

const char *sdes_suite_name(enum sdes_suite suite);
/* Master key and salt together, bytes: 30, 46, 28 or 44. */
size_t sdes_key_len(enum sdes_suite suite);
/* Length of the authentication tag of RTP, bytes. */
size_t sdes_tag_len(enum sdes_suite suite);

/*
 * Parses the value of one a=crypto attribute. 0; ERR_SUPPORT for a suite, key method or
 * mandatory session parameter that we do not know (skip the line: RFC 4568 5.1.1), more
 * than one key, or an MKI longer than 4 bytes; ERR_FORMAT when malformed (bad tag, key of
 * the wrong length, bad base64, lifetime 0 or over 2^48). RET untouched on error. The texts of
 * errors never contain key material.
 */
int sdes_parse(struct sdes_crypto *ret, struct span value, struct err_text *error);

/* A fresh random key for SUITE under TAG, no lifetime, no MKI. 0 or a negated errno. */
int sdes_make(struct sdes_crypto *ret, unsigned tag, enum sdes_suite suite);

/* Appends the attribute's value: "1 AES_CM_128_HMAC_SHA1_80 inline:...|2^31|1:4". */
void sdes_print(const struct sdes_crypto *crypto, struct buf *out);

void sdes_wipe(struct sdes_crypto *crypto);

/* How a struct sdes_crypto is written out, its key sealed. */
extern const struct saved_field sdes_fields[];
