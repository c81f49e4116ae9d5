#include "evidence/cosign.h"

#include "evidence/radix64.h"

#include <errno.h>

#define ID_LEN 4
#define TIME_LEN 8
#define LEN (ID_LEN + TIME_LEN + ED25519_SIGNATURE_LEN)

int cosign_key_make(struct note_key *ret, struct span name,
	const uint8_t key[static ED25519_PUBLIC_LEN])
{
	return note_key_make_typed(ret, name, NOTE_COSIGNATURE, key);
}

int cosign_key_read(struct note_key *ret, struct span text)
{
	return note_key_read_typed(ret, text, NOTE_COSIGNATURE);
}

/* What is signed: two lines, and the text. */
static void write_message(struct buf *out, struct span text, uint64_t time_s)
{
	buf_init(out, 0);
	buf_add_str(out, "cosignature/v1\ntime ");
	buf_add_uint(out, time_s);
	buf_add_char(out, '\n');
	buf_add_span(out, text);
}

int cosign_add(struct buf *out, const struct note_key *key, const struct ed25519 *signer,
	struct span text, uint64_t time_s)
{
	uint8_t bytes[TIME_LEN + ED25519_SIGNATURE_LEN];
	struct buf message;
	int err;

	write_message(&message, text, time_s);
	err = message.err ? message.err
			  : ed25519_sign(signer, buf_span(&message), bytes + TIME_LEN);
	buf_free(&message);
	if (err)
		return err;
	for (unsigned i = 0; i < TIME_LEN; i++)
		bytes[i] = (uint8_t)(time_s >> 8 * (TIME_LEN - 1 - i));
	note_add_line(out, key, bytes, sizeof(bytes));
	return out->err;
}

/* 0 or ERR_TRUST. */
static int check(const struct note *note, const struct note_signature *signature,
	const struct note_key *key, uint64_t *ret_time_s)
{
	uint8_t bytes[LEN];
	uint64_t time_s = 0;
	struct buf message;
	size_t len;
	bool good;

	if (radix64_read(signature->base64, bytes, sizeof(bytes), &len) != 0 ||
		len != sizeof(bytes))
		return ERR_TRUST;
	for (unsigned i = 0; i < TIME_LEN; i++)
		time_s = time_s << 8 | bytes[ID_LEN + i];
	if (time_s > COSIGN_TIME_MAX)
		return ERR_TRUST;
	write_message(&message, note->text, time_s);
	good = !message.err && ed25519_verify(key->key, buf_span(&message),
				       bytes + ID_LEN + TIME_LEN, ED25519_SIGNATURE_LEN);
	buf_free(&message);
	if (!good)
		return ERR_TRUST;
	*ret_time_s = time_s;
	return 0;
}

int cosign_verify(
	const struct note *note, const struct note_key *key, uint64_t *ret_time_s)
{
	int err = -ENOENT;

	for (unsigned i = 0; i < note->count; i++) {
		const struct note_signature *signature = &note->signatures[i];

		if (signature->id != key->id ||
			!span_equal_str(signature->name, key->name))
			continue;
		err = check(note, signature, key, ret_time_s);
		if (err)
			return err;
	}
	return err;
}
