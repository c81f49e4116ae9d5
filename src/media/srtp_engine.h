/*
 * AES and HMAC-SHA1 for libsrtp2. Debian builds libsrtp2 on NSS, whose objects take locks
 * and lists for every packet: 2 us with one session and 20 us with a thousand, against a
 * quarter of a microsecond by nettle. libsrtp2 keeps key derivation, packet formats,
 * roll-over counters and replay windows; only the primitives are replaced.
 *
 * Used by srtp.c, once, before any context exists.
 */
#pragma once

#include "base/err.h"

struct srtp_cipher_type_t;
struct srtp_auth_type_t;

#define SRTP_ENGINE_CIPHERS 4

/* All that our suites need, by one library. */
struct srtp_engine {
	const char *name; /* of the library, for status and errors */
	/* AES-128 and AES-256 counter, then AES-128 and AES-256 GCM */
	const struct srtp_cipher_type_t *ciphers[SRTP_ENGINE_CIPHERS];
	const struct srtp_auth_type_t *mac; /* HMAC-SHA1 */
};

extern const struct srtp_engine srtp_engine_nettle;
/* Slower (see doc/performance.md), but a validated module where the system has one. */
extern const struct srtp_engine srtp_engine_gnutls;

/*
 * Registers ENGINE's types with an initialised libsrtp2, which first runs our and its own
 * test vectors against them. 0, or ERR_LIBRARY with TEXT.
 */
int srtp_engine_install(const struct srtp_engine *engine, struct err_text *text);
