/*
 * Time stamps of checkpoints (RFC 3161, SHA-256): what a time stamping authority is asked, and what it answers. Any thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

#define STAMP_SHA256_LEN 32
#define STAMP_NONCE_LEN 8
#define STAMP_REQUEST_TYPE "application/timestamp-query"
#define STAMP_RESPONSE_TYPE "application/timestamp-reply"
/* Bytes of a response, at most: a token with the certificates of its chain. */
#define STAMP_MAX ((size_t)64 << 10)
/* "2026-12-01T10:00:00Z" with its NUL. */
#define STAMP_TIME_SIZE 32

/*
 * Stamps lie in this folder of the log, two files each: SIZE.checkpoint is the note of a checkpoint of SIZE records as it was
 * stamped, byte for byte, and SIZE.tsr the response (TimeStampResp, DER), so that `openssl ts -verify -data SIZE.checkpoint
 * -in SIZE.tsr` checks it.
 */
#define STAMP_FOLDER "stamps"
/* "stamps/SIZE.checkpoint" with its NUL. */
#define STAMP_PATH_SIZE 48
const char *stamp_note_path(uint64_t size, char out[static STAMP_PATH_SIZE]);
const char *stamp_response_path(uint64_t size, char out[static STAMP_PATH_SIZE]);
/* The least SIZE of a stamp that has record INDEX. 0, or -ENOENT. */
int stamp_find(int log_fd, uint64_t index, uint64_t *ret_size);

/* A new random number, positive and of full length. 0 or negative. */
int stamp_nonce(uint8_t ret[static STAMP_NONCE_LEN]);
/* Appends the request for a stamp of DATA, that brings its certificates (TimeStampReq, DER). */
void stamp_request(
	struct buf *out, struct span data, const uint8_t nonce[static STAMP_NONCE_LEN]);

struct stamp {
	char time[STAMP_TIME_SIZE]; /* RFC 3339, UTC, whole seconds */
};

/*
 * Whether RESPONSE grants a stamp of DATA, for NONCE (NULL: whatever its nonce is). Its signature is not looked at. 0; ERR_STATE: it
 * was refused; ERR_TRUST: it is of other data, or of another request; ERR_FORMAT; with TEXT.
 */
int stamp_read(struct stamp *ret, struct span response, struct span data,
	const uint8_t *nonce, struct err_text *text);
/* Whether the PEM file AUTHORITIES has certificates. 0, or negative with TEXT. */
int stamp_check_authorities(const char *authorities, struct err_text *text);
/* Whether the token in RESPONSE is signed by a certificate for time stamping that leads to the PEM file AUTHORITIES. 0; ERR_TRUST or
 * another negative code with TEXT. */
int stamp_verify(struct span response, const char *authorities, struct err_text *text);
