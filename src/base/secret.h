/*
 * Bytes that must not leak: wiped when done, never logged, compared in constant time.
 * Any thread, one owner.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest SRTP master key with its salt is 46 bytes. */
#define SECRET_MAX 48

struct secret {
	uint8_t bytes[SECRET_MAX];
	size_t len;
};

/* 0, or ERR_LIMIT when LEN is over SECRET_MAX. */
int secret_set(struct secret *secret, const void *bytes, size_t len);
/* LEN random bytes from the kernel (getrandom(2)). 0 or a negated errno. */
int secret_random(struct secret *secret, size_t len);
void secret_wipe(struct secret *secret);
bool secret_equal(const struct secret *a, const struct secret *b);
/* Wipes any memory. */
void secret_wipe_bytes(void *bytes, size_t len);
/* Wipes LEN bytes that malloc() gave, or NULL, and frees them. */
void secret_free(void *bytes, size_t len);

/* Random lower-case hex for tags, branches and Call-IDs: 2 * BYTES characters and a NUL in
 * OUT. From a buffered getrandom(2); aborts only if the kernel has no randomness. */
void secret_token(char *out, size_t bytes);
/* A random number below LIMIT, which is neither 0 nor over 2^32; from the same buffer. */
uint64_t secret_below(uint64_t limit);
