/*
 * AES and HMAC-SHA1 for libsrtp2, by nettle. Debian builds libsrtp2 on NSS, whose objects
 * take locks and lists for every packet: 2 us with one session and 20 us with a thousand,
 * against a quarter of a microsecond here. libsrtp2 keeps key derivation, packet
 * formats, roll-over counters and replay windows; only the primitives are replaced.
 *
 * Used by srtp.c, once, before any context exists.
 */
#pragma once

#include "base/err.h"

struct srtp_cipher_type_t;
struct srtp_auth_type_t;

/*
 * Registers the types below with an initialised libsrtp2, which first runs our and its own
 * test vectors against them. 0, or ERR_LIBRARY with TEXT.
 */
int srtp_engine_install(struct err_text *text);

/* The types themselves, for tests. */
extern const struct srtp_cipher_type_t srtp_engine_icm_128;
extern const struct srtp_cipher_type_t srtp_engine_icm_256;
extern const struct srtp_cipher_type_t srtp_engine_gcm_128;
extern const struct srtp_cipher_type_t srtp_engine_gcm_256;
extern const struct srtp_auth_type_t srtp_engine_hmac_sha1;
