/*
 * Writes files of the format age (C2SP age.md, v1) for X25519 recipients: public keys, by which nobody can read
 * what was written; nor can the server. Pure, but for the random bytes; any thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGE_KEY 32
#define AGE_FILE_KEY 16
#define AGE_NONCE 16
/* What a chunk holds, and what it takes more in the file. */
#define AGE_CHUNK 65536
#define AGE_TAG 16
#define AGE_RECIPIENTS_MAX 16

/*
 * Starts the library that encrypts. age_recipients_read() does it too; a program that shuts itself in calls this one
 * before, since the library reads files of /etc/gcrypt and /proc.
 */
void age_start(void);

/* Immutable, with a count of references. */
struct age_recipients;

/*
 * Those that TEXT has, a file as `age -R` reads it: a line each ("age1..."), empty lines and those that begin with '#'
 * aside. 0 with one reference; or negative with ERROR, which names the line. None at all is an error too, and so is
 * a machine whose library refuses the cipher (ERR_SUPPORT).
 */
int age_recipients_read(
	struct age_recipients **ret, struct span text, struct err_text *error);
/* Both may be given NULL. */
struct age_recipients *age_recipients_ref(struct age_recipients *recipients);
void age_recipients_unref(struct age_recipients *recipients);
size_t age_recipients_count(const struct age_recipients *recipients);

/* What must be random, and be used for one file alone. */
struct age_secrets {
	uint8_t file_key[AGE_FILE_KEY];
	uint8_t nonce[AGE_NONCE];
	uint8_t ephemeral[AGE_RECIPIENTS_MAX][AGE_KEY]; /* one a recipient */
};

/* 0 or a negated errno. */
int age_secrets_make(struct age_secrets *ret);

/* Appends what a file begins with, the nonce of its payload included. 0, the error of OUT, -ENOMEM, or
 * ERR_SUPPORT as age_recipients_read(); OUT may have a part of it then. */
int age_header(struct buf *out, const struct age_recipients *recipients,
	const struct age_secrets *secrets);

/* The payload of one file. Wiped by secret_wipe_bytes() when done. */
struct age_stream {
	uint8_t key[AGE_KEY];
	uint64_t chunk; /* how many there are */
};

void age_stream_begin(struct age_stream *stream, const struct age_secrets *secrets);
/*
 * Appends the next chunk: LEN bytes of DATA and a tag. LEN is AGE_CHUNK for each but the last one, for which it is
 * less or the same, and 0 only where it is the first as well. 0; or an error as
 * age_header(), and then nothing is added.
 */
int age_stream_seal(struct age_stream *stream, struct buf *out, const void *data,
	size_t len, bool last);
