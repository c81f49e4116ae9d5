/*
 * What the verifier reads: notes, checkpoints, proofs, keys, heads of records. What is read is within its input and
 * bounded; what is written anew is read as the same.
 */
#include "base/err.h"
#include "evidence/checkpoint.h"
#include "evidence/cosign.h"
#include "evidence/head.h"
#include "evidence/note.h"
#include "evidence/radix64.h"
#include "evidence/stamp.h"
#include "evidence/submit.h"
#include "evidence/verify.h"
#include "fuzz.h"

#include <errno.h>

#define PETER "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

static bool is_inside(struct span part, struct span whole)
{
	return part.p >= whole.p && part.p + part.len <= whole.p + whole.len;
}

static void read_note(struct span whole, const struct note_key *key)
{
	struct checkpoint checkpoint, again;
	struct note note;
	struct buf out;
	int err;

	if (note_read(&note, whole) != 0)
		return;
	MUST(is_inside(note.text, whole) && note.text.len > 0);
	MUST(note.text.p[note.text.len - 1] == '\n');
	MUST(note.count > 0 && note.count <= NOTE_SIGNATURES);
	for (unsigned i = 0; i < note.count; i++)
		MUST(is_inside(note.signatures[i].name, whole) &&
			is_inside(note.signatures[i].base64, whole));
	err = note_verify(&note, key);
	MUST(err == 0 || err == -ENOENT || err == ERR_TRUST);
	if (checkpoint_read(&checkpoint, note.text) != 0)
		return;
	MUST(is_inside(checkpoint.origin, note.text) && checkpoint.origin.len > 0);
	MUST(checkpoint.size <= TLOG_SIZE_MAX);
	buf_init(&out, 0);
	checkpoint_write(&out, &checkpoint);
	MUST(out.len <= note.text.len && memcmp(out.data, note.text.p, out.len) == 0);
	MUST(checkpoint_read(&again, buf_span(&out)) == 0 &&
		again.size == checkpoint.size);
	buf_free(&out);
}

static void fault_h(void *arg, bool has_index, uint64_t index, const char *text)
{
	(void)arg;
	(void)has_index;
	(void)index;
	MUST(text[0] != '\0');
}

/* A record that hands a log over. */
static void read_handover(struct span whole)
{
	struct handover handover;

	if (handover_read_line(&handover, whole) != 0)
		return;
	MUST(handover_is(whole) && strlen(handover.time) < sizeof(handover.time));
	MUST(strcmp(handover.from.name, handover.to.name) == 0);
	MUST(!note_key_equal(&handover.from, &handover.to));
}

static void read_proof(struct span whole, const struct note_key *key)
{
	struct err_text text = {""};
	struct keychain keys;
	struct proof proof;
	struct buf record, out;
	uint64_t index;

	buf_init(&record, 0);
	keychain_init(&keys, key);
	(void)keychain_add(&keys, whole, &text);
	keychain_link(&keys, fault_h, NULL);
	(void)verify_proof(whole, (struct span){NULL, 0}, &keys, &index, &record, &text);
	(void)verify_proof(whole, span_of("record"), &keys, &index, &record, &text);
	keychain_free(&keys);
	buf_free(&record);
	if (proof_read(&proof, whole) != 0)
		return;
	MUST(proof.hashes.count <= TLOG_PROOF_MAX);
	if (proof.extra.p)
		return;
	buf_init(&out, 0);
	proof_write(&out, proof.extra, proof.index, &proof.hashes, proof.note);
	MUST(span_equal(buf_span(&out), whole));
	buf_free(&out);
}

static void read_key(struct span whole)
{
	char text[NOTE_KEY_TEXT_SIZE];
	struct note_key key;

	if (note_key_read(&key, whole) == 0)
		MUST(span_equal_str(whole, note_key_text(&key, text)));
}

static void read_base64(struct span whole)
{
	char bytes[256];
	struct buf out;
	size_t len;

	if (radix64_read(whole, bytes, sizeof(bytes), &len) != 0)
		return;
	buf_init(&out, 0);
	radix64_add(&out, bytes, len);
	MUST(span_equal(buf_span(&out), whole));
	buf_free(&out);
}

static void read_head(struct span whole)
{
	struct buf out;
	uint64_t seq;
	size_t salt;

	if (head_read(whole, &seq) != 0)
		return;
	salt = (size_t)((const char *)memmem(whole.p, whole.len, "\"salt\":\"", 8) -
			whole.p) +
	       8;
	buf_init(&out, 0);
	head_write(&out, seq, whole.p + salt);
	MUST(out.len <= whole.len && memcmp(out.data, whole.p, out.len) == 0);
	buf_free(&out);
}

/* What a log and its witness send each other. */
static void read_submission(struct span whole, const struct note_key *key)
{
	struct submission submission;
	uint64_t number;
	struct note note;
	struct buf out;

	if (submit_read_size(&number, whole) == 0) {
		buf_init(&out, 0);
		buf_add_uint(&out, number);
		buf_add_char(&out, '\n');
		MUST(span_equal(buf_span(&out), whole));
		buf_free(&out);
	}
	if (note_read(&note, whole) == 0 && cosign_verify(&note, key, &number) == 0)
		MUST(number <= COSIGN_TIME_MAX);
	if (submit_read(&submission, whole) != 0)
		return;
	MUST(submission.proof.count <= SUBMIT_PROOF_MAX);
	MUST(is_inside(submission.note, whole) || submission.note.len == 0);
	buf_init(&out, 0);
	submit_write(&out, &submission);
	MUST(span_equal(buf_span(&out), whole));
	buf_free(&out);
}

/* What a time stamping authority answers. */
static void read_stamp(struct span whole)
{
	static const uint8_t nonce[STAMP_NONCE_LEN] = {0x41, 2, 3, 4, 5, 6, 7, 8};
	struct err_text text = {""};
	struct stamp stamp;
	int err;

	err = stamp_read(&stamp, whole, span_of("a checkpoint\n"), nonce, &text);
	MUST((err == 0) == (text.text[0] == '\0'));
	if (!err)
		MUST(strlen(stamp.time) == strlen("2026-12-01T12:14:49Z"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span whole = {(const char *)data, size};
	struct note_key key;

	MUST(note_key_read(&key, span_of(PETER)) == 0);
	read_note(whole, &key);
	read_proof(whole, &key);
	read_key(whole);
	read_base64(whole);
	read_head(whole);
	read_handover(whole);
	read_stamp(whole);
	read_submission(whole, &key);
	return 0;
}
