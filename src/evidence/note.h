/*
 * Signed notes: C2SP signed-note with Ed25519 (RFC 8032). A text of lines, an empty line, and a line for each
 * signature. Any thread.
 */
#pragma once

#include "base/buf.h"
#include "evidence/ed25519.h"

/* Bytes of a note, and signatures, at most: 16 must be taken (signed-note, Format), of any length. */
#define NOTE_MAX ((size_t)256 << 10)
#define NOTE_SIGNATURES 64
#define NOTE_NAME_MAX 255
/* Of the text of a verifier's key: its name, 8 hex digits, 44 of base64, with a NUL. */
#define NOTE_KEY_TEXT_SIZE (NOTE_NAME_MAX + 64)

/* Signature types (signed-note): what a key is for. */
#define NOTE_ED25519 0x01
#define NOTE_COSIGNATURE 0x04 /* of witnesses: evidence/cosign.h */

/* Who signs: a name with a key. The id is made of both, and of the type. */
struct note_key {
	uint8_t type;
	char name[NOTE_NAME_MAX + 1];
	uint32_t id;
	uint8_t key[ED25519_PUBLIC_LEN];
};

/* 0, or ERR_FORMAT: NAME is empty, too long, no UTF-8, or has a space, a control or a plus. */
int note_key_make(struct note_key *ret, struct span name,
	const uint8_t key[static ED25519_PUBLIC_LEN]);
/* The same of TYPE. */
int note_key_make_typed(struct note_key *ret, struct span name, uint8_t type,
	const uint8_t key[static ED25519_PUBLIC_LEN]);
/* "NAME+ID+KEY", as golang.org/x/mod/sumdb/note writes and reads it: ID in 8 hex digits, KEY in base64 with
 * its type in front. Returns OUT. */
const char *note_key_text(
	const struct note_key *key, char out[static NOTE_KEY_TEXT_SIZE]);
/* 0; ERR_FORMAT: it is no such text, or the id is not that of name and key; ERR_SUPPORT: it is of another type. */
int note_key_read(struct note_key *ret, struct span text);
int note_key_read_typed(struct note_key *ret, struct span text, uint8_t type);

/* Whether both are the same key of the same name. */
bool note_key_equal(const struct note_key *a, const struct note_key *b);

struct note_signature {
	struct span name;
	uint32_t id;
	struct span base64; /* of the id and what follows it */
};

/* A note as it was read. Borrowed of what it was read from; nothing of it is believed yet. */
struct note {
	struct span text; /* with the line end of its last line */
	unsigned count;
	struct note_signature signatures[NOTE_SIGNATURES];
};

/* 0; ERR_FORMAT: it is no signed note; ERR_LIMIT: it is too long, or has too many signatures. */
int note_read(struct note *ret, struct span whole);
/* 0: KEY signed it; -ENOENT: it did not; ERR_TRUST: a signature of that name and id is not by KEY, so the
 * note is to be refused whatever else it has. */
int note_verify(const struct note *note, const struct note_key *key);

/* Appends to NOTE, which is TEXT and an empty line, or a whole note, the signature of KEY's owner. SIGNATURE
 * is that of TEXT. */
void note_add_signature(struct buf *note, const struct note_key *key,
	const uint8_t signature[static ED25519_SIGNATURE_LEN]);

/* Appends a line of KEY's owner with LEN bytes behind the id, 128 at most. */
void note_add_line(
	struct buf *note, const struct note_key *key, const void *bytes, size_t len);

/* Whether all of TEXT is well-formed UTF-8 (Unicode table 3-7) without controls below U+0020 but line ends. */
bool note_text_ok(struct span text);
