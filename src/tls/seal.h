/*
 * Secrets that are written down: sealed by AES-256-GCM under a key that is kept elsewhere, so that
 * what is written is of no use without it. Loop thread.
 */
#pragma once

#include "base/saved.h"

/* Of the key, in bytes. */
#define SEAL_KEY_LEN 32

struct seal;

/* KEY, of SEAL_KEY_LEN bytes, is copied. 0; ERR_SUPPORT for a key of another length; -ENOMEM or
 * ERR_LIBRARY. */
int seal_new(struct seal **ret, const struct secret *key);
/* Wipes the key. NULL is fine. */
void seal_free(struct seal *seal);
/* It as the sealer of saved documents: each secret has a nonce of its own, and what it is about is
 * authenticated with it. Borrows SEAL. */
struct saved_sealer seal_sealer(struct seal *seal);
