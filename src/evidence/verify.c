#include "base/regular.h"
#include "evidence/verify_priv.h"

#include "evidence/logbook_file.h"
#include "evidence/radix64.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The size and root to look for where the signature is not good: what differs is still named. */
static void read_unsigned(struct checkpoint *ret, struct span whole)
{
	struct checkpoint checkpoint;
	struct note note;

	if (note_read(&note, whole) == 0 && checkpoint_read(&checkpoint, note.text) == 0)
		*ret = checkpoint;
}

/* The file is read before the hand-overs are, so that these are not older. One that is too long is as one that is no note. 0, or
 * negative with TEXT. */
static int load_checkpoint(
	struct verify *verify, struct buf *ret, bool *ret_is_there, struct err_text *text)
{
	int err = regular_read(verify->params->log_fd, LOGBOOK_CHECKPOINT, NOTE_MAX, ret);

	*ret_is_there = err != -ENOENT;
	if (err == -ENOENT)
		verify_tell(verify, VERIFY_CHECKPOINT, 1, 0,
			"the file `" LOGBOOK_CHECKPOINT "` is missing");
	else if (err && err != ERR_LIMIT)
		return err_set(text, err, "cannot read the checkpoint: %s", err_str(err));
	return 0;
}

static void handover_fault_h(void *arg, bool has_index, uint64_t index, const char *text)
{
	verify_tell(arg, VERIFY_HANDOVER, has_index ? index : 1, has_index ? index : 0,
		"%s", text);
}

static int read_handovers(struct verify *verify, struct err_text *text)
{
	const struct verify_params *params = verify->params;
	int err = keychain_load(
		&verify->keys, params->log_fd, handover_fault_h, verify, text);

	if (!err)
		keychain_link(&verify->keys, handover_fault_h, verify);
	return err;
}

/* False: there is nothing to compare with. */
static bool read_checkpoint(struct verify *verify, struct span whole)
{
	struct checkpoint checkpoint = {.origin.p = NULL};
	const char *why = verify_refuse_note(&checkpoint, whole, &verify->keys);

	if (why) {
		verify_tell(verify, VERIFY_CHECKPOINT, 1, 0,
			"the checkpoint is not good: %s", why);
		read_unsigned(&checkpoint, whole);
	}
	verify->result.size = checkpoint.size;
	verify->result.root = checkpoint.root;
	return checkpoint.origin.p != NULL;
}

static void read_older(struct verify *verify)
{
	for (unsigned i = 0; i < verify->params->older_count; i++) {
		const struct verify_older *older = &verify->params->older[i];
		struct checkpoint checkpoint;
		const char *why =
			verify_refuse_note(&checkpoint, older->note, &verify->keys);

		if (why)
			verify_tell(verify, VERIFY_CHECKPOINT, 1, 0, "%s is not good: %s",
				older->name, why);
		else if (checkpoint.size > 0)
			verify_add_older(
				verify, older->name, checkpoint.size, &checkpoint.root);
	}
}

/* Those that the checkpoint has. */
static void take_handovers(struct verify *verify)
{
	char path[HANDOVER_PATH_SIZE];

	for (unsigned i = 0; i < verify->keys.count; i++) {
		const struct handover *handover = &verify->keys.list[i];

		/* Written, but not published yet: the server was killed, or runs. */
		if (handover->index >= verify->result.size)
			continue;
		verify_add_older(verify, handover_path(handover->index, path),
			handover->size, &handover->root);
		if (verify->params->handover_h)
			verify->params->handover_h(verify->params->arg, handover);
	}
}

static void tell_older(struct verify *verify)
{
	for (unsigned i = 0; i < verify->older_count; i++)
		if (!verify->older[i].met)
			verify_tell(verify, VERIFY_SHRUNK, 1, 0,
				"the log did not grow from %s: its first %" PRIu64
				" records are others",
				verify->older[i].name, verify->older[i].size);
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

/* With what the checkpoint says. */
static int compare(struct verify *verify, struct span published, struct err_text *text)
{
	const struct verify_params *params = verify->params;
	uint64_t faults;
	int err;

	verify->limit =
		params->to < verify->result.size ? params->to : verify->result.size;
	take_handovers(verify);
	read_older(verify);
	if (params->witnesses)
		verify_witnessed(verify, published);
	err = verify_pass(verify, text);
	if (err)
		return err;
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
	return err;
}

int verify_log(struct verify_result *ret, const struct verify_params *params,
	struct err_text *text)
{
	struct verify *verify = calloc(1, sizeof(*verify));
	struct buf whole;
	bool is_there;
	int err;

	if (!verify)
		return err_set(text, -ENOMEM, "out of memory");
	verify->params = params;
	keychain_init(&verify->keys, params->key);
	buf_init(&whole, 0);
	err = load_checkpoint(verify, &whole, &is_there, text);
	if (!err)
		err = read_handovers(verify, text);
	if (!err && is_there && read_checkpoint(verify, buf_span(&whole)))
		err = compare(verify, buf_span(&whole), text);
	if (!err)
		*ret = verify->result;
	buf_free(&whole);
	keychain_free(&verify->keys);
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

static int check_proof(const struct proof *proof, const struct tlog_hash *leaf,
	const struct keychain *keys, struct err_text *text)
{
	struct checkpoint checkpoint;
	struct err_text why;

	if (verify_checkpoint(&checkpoint, proof->note, keys, &why) != 0)
		return err_set(
			text, ERR_TRUST, "its checkpoint is not good: %s", why.text);
	if (!tlog_check_entry(&proof->hashes, leaf, proof->index, checkpoint.size,
		    &checkpoint.root))
		return err_set(text, ERR_TRUST,
			"the record is not number %" PRIu64 " of the log that was signed",
			proof->index);
	return 0;
}

#define NO_PROOF "it is no proof (c2sp.org/tlog-proof@v1)"

int verify_leaf(struct span whole, const struct tlog_hash *leaf,
	const struct keychain *keys, uint64_t *ret_index, struct err_text *text)
{
	struct proof proof;
	int err = proof_read(&proof, whole);

	if (err)
		return err_set(text, err, NO_PROOF);
	err = check_proof(&proof, leaf, keys, text);
	if (!err)
		*ret_index = proof.index;
	return err;
}

int verify_proof(struct span whole, struct span record, const struct keychain *keys,
	uint64_t *ret_index, struct buf *ret_record, struct err_text *text)
{
	struct tlog_hash leaf;
	struct proof proof;
	struct buf line;
	int err = proof_read(&proof, whole);

	if (err)
		return err_set(text, err, NO_PROOF);
	buf_init(&line, 0);
	err = take_record(&line, &proof, record, text);
	if (!err && tlog_leaf(&leaf, buf_span(&line)) != 0)
		err = err_set(text, -ENOMEM, "out of memory");
	if (!err)
		err = check_proof(&proof, &leaf, keys, text);
	if (!err) {
		*ret_index = proof.index;
		buf_add_span(ret_record, buf_span(&line));
	}
	buf_free(&line);
	return err;
}
