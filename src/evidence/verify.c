#include "evidence/verify_priv.h"

#include "evidence/logbook.h"
#include "evidence/radix64.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* Why a note is none of KEY's. NULL: it is one. */
static const char *refuse_note(
	struct checkpoint *ret, struct span whole, const struct note_key *key)
{
	struct checkpoint checkpoint;
	struct note note;
	int err;

	if (note_read(&note, whole) != 0)
		return "it is no signed note";
	err = note_verify(&note, key);
	if (err == -ENOENT)
		return "it is not signed by that key";
	if (err)
		return "its signature is wrong";
	if (checkpoint_read(&checkpoint, note.text) != 0)
		return "it is no checkpoint";
	if (!span_equal_str(checkpoint.origin, key->name))
		return "it is of another log";
	*ret = checkpoint;
	return NULL;
}

/* The size and root to look for where the signature is not good: what differs is still named. */
static void read_unsigned(struct checkpoint *ret, struct span whole)
{
	struct checkpoint checkpoint;
	struct note note;

	if (note_read(&note, whole) == 0 && checkpoint_read(&checkpoint, note.text) == 0)
		*ret = checkpoint;
}

/* False: there is nothing to compare with. */
static int read_checkpoint(struct verify *verify, bool *ret_usable, struct err_text *text)
{
	struct checkpoint checkpoint = {.origin.p = NULL};
	struct buf whole;
	const char *why;
	int err;

	buf_init(&whole, 0);
	err = logbook_read_file(verify->params->log_fd, "checkpoint", NOTE_MAX, &whole);
	*ret_usable = false;
	if (err == -ENOENT) {
		verify_tell(verify, VERIFY_CHECKPOINT, 1, 0,
			"the file `checkpoint` is missing");
		err = 0;
		goto out;
	}
	if (err == ERR_LIMIT)
		err = 0; /* as one that is no note */
	if (err) {
		err_set(text, err, "cannot read the checkpoint: %s", err_str(err));
		goto out;
	}
	why = refuse_note(&checkpoint, buf_span(&whole), verify->params->key);
	if (why) {
		verify_tell(verify, VERIFY_CHECKPOINT, 1, 0,
			"the checkpoint is not good: %s", why);
		read_unsigned(&checkpoint, buf_span(&whole));
	}
	*ret_usable = checkpoint.origin.p != NULL;
	verify->result.size = checkpoint.size;
	verify->result.root = checkpoint.root;
out:
	buf_free(&whole);
	return err;
}

static void read_older(struct verify *verify)
{
	for (unsigned i = 0; i < verify->params->older_count; i++) {
		const struct verify_older *older = &verify->params->older[i];
		struct checkpoint checkpoint;
		const char *why =
			refuse_note(&checkpoint, older->note, verify->params->key);

		if (why) {
			verify_tell(verify, VERIFY_CHECKPOINT, 1, 0, "%s is not good: %s",
				older->name, why);
		} else if (checkpoint.size > verify->result.size) {
			verify_tell(verify, VERIFY_SHRUNK, verify->result.size,
				checkpoint.size - 1,
				"the log shrank: %s has %" PRIu64
				" records, the checkpoint %" PRIu64,
				older->name, checkpoint.size, verify->result.size);
		} else if (checkpoint.size > 0) {
			verify->older[verify->older_count].name = older->name;
			verify->older[verify->older_count++].checkpoint = checkpoint;
		}
	}
}

static void tell_older(struct verify *verify)
{
	for (unsigned i = 0; i < verify->older_count; i++)
		if (!verify->older[i].met)
			verify_tell(verify, VERIFY_SHRUNK, 1, 0,
				"the log did not grow from %s: its first %" PRIu64
				" records are others",
				verify->older[i].name, verify->older[i].checkpoint.size);
}

static void tell_unsigned(struct verify *verify)
{
	const struct verify_result *result = &verify->result;

	if (result->unsigned_records > 0 && !verify->params->live)
		verify_tell(verify, VERIFY_UNSIGNED, result->size,
			result->size + result->unsigned_records - 1,
			"%" PRIu64 " records behind the checkpoint are not signed",
			result->unsigned_records);
}

int verify_log(struct verify_result *ret, const struct verify_params *params,
	struct err_text *text)
{
	struct verify *verify = calloc(1, sizeof(*verify));
	bool usable = false;
	uint64_t faults;
	int err;

	if (!verify)
		return err_set(text, -ENOMEM, "out of memory");
	verify->params = params;
	err = read_checkpoint(verify, &usable, text);
	if (err || !usable)
		goto out;
	verify->limit =
		params->to < verify->result.size ? params->to : verify->result.size;
	read_older(verify);
	err = verify_pass(verify, text);
	if (err)
		goto out;
	if (!verify->damaged) {
		tell_older(verify);
	} else {
		faults = verify->result.faults;
		err = verify_search(verify, text);
		if (!err && verify->result.faults == faults)
			verify_tell(verify, VERIFY_ROOT, 1, 0,
				"the records and the tiles do not have the root of the "
				"checkpoint, and agree with each other: the place cannot "
				"be said");
	}
	if (!err)
		tell_unsigned(verify);
out:
	if (!err)
		*ret = verify->result;
	free(verify);
	return err;
}

/* One proof */

/* The record that goes along, or RECORD itself. */
static int take_record(struct buf *ret, const struct proof *proof, struct span record,
	struct err_text *text)
{
	size_t len;
	char *room;

	if (record.p) {
		buf_add_span(ret, record);
		return ret->err;
	}
	if (!proof->extra.p)
		return err_set(text, ERR_FORMAT, "no record goes along: give it");
	room = buf_reserve(ret, proof->extra.len);
	if (!room)
		return err_set(text, -ENOMEM, "out of memory");
	if (radix64_read(proof->extra, room, proof->extra.len, &len) != 0)
		return err_set(text, ERR_FORMAT, "the record that goes along is damaged");
	ret->len += len;
	return 0;
}

int verify_proof(struct span whole, struct span record, const struct note_key *key,
	uint64_t *ret_index, struct buf *ret_record, struct err_text *text)
{
	struct checkpoint checkpoint;
	struct tlog_hash leaf;
	struct proof proof;
	struct buf line;
	const char *why;
	int err = proof_read(&proof, whole);

	if (err)
		return err_set(text, err, "it is no proof (c2sp.org/tlog-proof@v1)");
	buf_init(&line, 0);
	err = take_record(&line, &proof, record, text);
	if (err)
		goto out;
	why = refuse_note(&checkpoint, proof.note, key);
	if (why) {
		err = err_set(text, ERR_TRUST, "its checkpoint is not good: %s", why);
		goto out;
	}
	err = tlog_leaf(&leaf, buf_span(&line));
	if (err) {
		err_set(text, err, "out of memory");
		goto out;
	}
	if (!tlog_check_entry(&proof.hashes, &leaf, proof.index, checkpoint.size,
		    &checkpoint.root)) {
		err = err_set(text, ERR_TRUST,
			"the record is not number %" PRIu64 " of the log that was signed",
			proof.index);
		goto out;
	}
	*ret_index = proof.index;
	buf_add_span(ret_record, buf_span(&line));
out:
	buf_free(&line);
	return err;
}
