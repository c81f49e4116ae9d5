/*
 * Cosignatures: what a witness says of a checkpoint, that it saw the log grow to it, and when (C2SP tlog-cosignature, the
 * Ed25519 kind, cosignature/v1). Any thread.
 */
#pragma once

#include "evidence/note.h"

/* Seconds that a time may have, at most: the 64 bits of a timestamp are signed. */
#define COSIGN_TIME_MAX ((uint64_t)INT64_MAX)

/* As note_key_make() and note_key_read(), of a key for cosignatures. */
int cosign_key_make(struct note_key *ret, struct span name,
	const uint8_t key[static ED25519_PUBLIC_LEN]);
int cosign_key_read(struct note_key *ret, struct span text);

/* Appends the line of KEY's owner, who is SIGNER, for TEXT, that of a checkpoint, at TIME_S since 1970. 0 or negative. */
int cosign_add(struct buf *out, const struct note_key *key, const struct ed25519 *signer,
	struct span text, uint64_t time_s);
/* 0: KEY has cosigned NOTE, at *RET_TIME_S; -ENOENT: it has not; ERR_TRUST: what has its name and id is not by KEY. */
int cosign_verify(
	const struct note *note, const struct note_key *key, uint64_t *ret_time_s);
