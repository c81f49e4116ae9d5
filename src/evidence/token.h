/*
 * A key of Ed25519 in a token (PKCS #11), which may take its time, be gone for a while, or never answer: a thread of its own asks it, and
 * whoever wants a signature waits for a moment only. What a token signs is verified before it is given away. One thread, but for the
 * token's own.
 */
#pragma once

#include "base/err.h"
#include "evidence/ed25519.h"

struct token;

/* So long a signature is waited for at once. */
#define TOKEN_WAIT_MS 50
/* A signature that takes longer than this is a failure. */
#define TOKEN_LATE_US UINT64_C(10000000)

/* Begins to open the key of a pkcs11: URI, which is copied. 0, or negative with TEXT. */
int token_open(struct token **ret, const char *uri, struct err_text *text);
/* Whether the key can be used: it was found, and has signed something, which was verified. Waits WAIT_MS for that at most. 0; -EAGAIN:
 * that is not known yet; or negative with TEXT, for good. */
int token_ready(struct token *token, unsigned wait_ms, struct err_text *text);
/* When it is ready: the key, which lives as long as TOKEN. ed25519_sign() returns for it 0; -EAGAIN: not yet, ask for the same again;
 * -ETIMEDOUT: it was asked TOKEN_LATE_US ago; ERR_LIBRARY: the token does not sign; it is opened again with the next try; or
 * ERR_TRUST: it refused the PIN, and is not tried again. */
const struct ed25519 *token_key(const struct token *token);
/* Waits until the token has answered what it was asked, WAIT_MS at most. */
void token_wait(struct token *token, unsigned wait_ms);
/* A token that does not answer is left to itself after a second. NULL is fine. */
void token_free(struct token *token);
