/*
 * Signatures: Ed25519 (RFC 8032) by GnuTLS. Any thread; a key of ours belongs to one at a time.
 */
#pragma once

#include "base/err.h"
#include "base/span.h"

#define ED25519_PUBLIC_LEN 32
#define ED25519_SIGNATURE_LEN 64

/* A private key: of a PEM file, or of a token. */
struct ed25519;

/* Makes a key and writes it to PATH, which must not exist, as PEM (PKCS #8), 0600. 0; ERR_SUPPORT where this
 * machine may not (FIPS 140 mode), or negative, with TEXT. */
int ed25519_create(const char *path, struct err_text *text);
/* NAME is a PEM file that nobody else may read, or a pkcs11: URI. 0; ERR_SUPPORT: it is a key of another kind;
 * or negative, with TEXT. */
int ed25519_load(struct ed25519 **ret, const char *name, struct err_text *text);
/* Signs instead of a key that is here: as ed25519_sign() returns. */
typedef int ed25519_sign_h(
	void *arg, struct span data, uint8_t ret[static ED25519_SIGNATURE_LEN]);
/* A key whose private half somebody else has: H signs by it, with ARG. 0 or -ENOMEM. */
int ed25519_make(struct ed25519 **ret, const uint8_t public[static ED25519_PUBLIC_LEN],
	ed25519_sign_h *h, void *arg);
void ed25519_free(struct ed25519 *key); /* NULL is fine */

void ed25519_public(const struct ed25519 *key, uint8_t ret[static ED25519_PUBLIC_LEN]);
/* 0; ERR_LIBRARY: a token may be gone; or as the H of ed25519_make() returns: -EAGAIN, ask for the same again later. */
int ed25519_sign(const struct ed25519 *key, struct span data,
	uint8_t ret[static ED25519_SIGNATURE_LEN]);

/* Whether SIGNATURE, of any length, is that of DATA by the owner of KEY. */
bool ed25519_verify(const uint8_t key[static ED25519_PUBLIC_LEN], struct span data,
	const void *signature, size_t len);
