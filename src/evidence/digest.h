/*
 * SHA-256 of bytes that come one after another. One thread.
 */
#pragma once

#include "evidence/tlog.h"

struct digest;

/* 0 or -ENOMEM. */
int digest_new(struct digest **ret);
void digest_free(struct digest *digest); /* NULL is fine */
void digest_add(struct digest *digest, const void *data, size_t len);
/* The hash of what was added since the last one was taken; begins anew. */
void digest_take(struct digest *digest, struct tlog_hash *ret);
/* The hash of what was added until now; goes on. 0 or -ENOMEM. */
int digest_look(const struct digest *digest, struct tlog_hash *ret);

#define DIGEST_TEXT_SIZE (2 * TLOG_HASH_LEN + 1)
/* HASH in hex, as sha256sum(1) prints it. Returns OUT. */
const char *digest_text(const struct tlog_hash *hash, char out[static DIGEST_TEXT_SIZE]);
/* The same of the hash of BYTES. 0 or -ENOMEM. */
int digest_text_of(struct span bytes, char out[static DIGEST_TEXT_SIZE]);
/* 0; ERR_FORMAT: TEXT is not as digest_text() makes it. */
int digest_read(struct tlog_hash *ret, struct span text);
