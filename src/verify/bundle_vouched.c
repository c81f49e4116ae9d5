/* What others said of the log that the records of a bundle are in: an authority for time, and witnesses. */
#include "verify/bundle_priv.h"

#include "evidence/checkpoint.h"
#include "evidence/stamp.h"

#include <stdio.h>
#include <string.h>

#define PROOF_END ".proof"
#define STAMPED_END ".stamped.proof"
#define STAMPED "stamp.checkpoint"
#define RESPONSE "stamp.tsr"
#define CHECKPOINT "checkpoint"

/* ---- an authority for time ---- */

/* NOTE is a checkpoint of SIZE records. */
static void check_response(
	struct bundle *bundle, struct span response, struct span note, uint64_t size)
{
	struct bundle_stamp *result = &bundle->result.stamp;
	const char *authorities = bundle->params->authorities;
	struct err_text why = {""};
	struct stamp stamp;

	if (stamp_read(&stamp, response, note, NULL, &why) != 0 ||
		(authorities && stamp_verify(response, authorities, &why) != 0)) {
		bundle_tell(bundle, "stamp", RESPONSE,
			RESPONSE " is no stamp of " STAMPED ": %s", why.text);
		return;
	}
	result->is_there = true;
	result->checked = authorities != NULL;
	result->size = size;
	snprintf(result->time, sizeof(result->time), "%s", stamp.time);
}

static void check_stamp(struct bundle *bundle, struct buf *note, struct buf *response)
{
	struct checkpoint checkpoint;
	struct err_text why;

	/* each tells if it is missing */
	if (!bundle_read(bundle, STAMPED, NOTE_MAX, note) ||
		!bundle_read(bundle, RESPONSE, STAMP_MAX, response))
		return;
	if (verify_checkpoint(&checkpoint, buf_span(note), &bundle->keys, &why) != 0)
		bundle_tell(bundle, "stamp", STAMPED,
			STAMPED " is no checkpoint of the log: %s", why.text);
	else
		check_response(
			bundle, buf_span(response), buf_span(note), checkpoint.size);
}

static bool has_stamp(struct bundle *bundle)
{
	return source_find(&bundle->source, STAMPED) ||
	       source_find(&bundle->source, RESPONSE);
}

void bundle_check_stamp(struct bundle *bundle)
{
	struct buf note, response;

	if (!has_stamp(bundle)) {
		if (bundle->params->authorities)
			bundle_tell(bundle, "stamp", "",
				"no authority for time has stamped it: there is "
				"no " RESPONSE);
		return;
	}
	buf_init(&note, 0);
	buf_init(&response, 0);
	check_stamp(bundle, &note, &response);
	buf_free(&note);
	buf_free(&response);
}

/* That the proof HASHES is by the checkpoint that was stamped. */
static void compare_notes(
	struct bundle *bundle, const char *name, const char *stamped, struct span hashes)
{
	struct proof parts;
	struct buf note;

	buf_init(&note, 0);
	if (bundle_read(bundle, STAMPED, NOTE_MAX, &note) &&
		(proof_read(&parts, hashes) != 0 ||
			!span_equal(parts.note, buf_span(&note))))
		bundle_tell(bundle, "proof", name,
			"%s is not by " STAMPED ", which was stamped", stamped);
	buf_free(&note);
}

void bundle_check_stamped(struct bundle *bundle, const char *name, struct span line,
	const struct tlog_hash *leaf, const char *proof)
{
	char stamped[SOURCE_NAME_SIZE + sizeof(STAMPED_END)];
	const char *end = strstr(proof, PROOF_END);
	struct buf hashes;

	snprintf(stamped, sizeof(stamped), "%.*s" STAMPED_END,
		end ? (int)(end - proof) : 0, proof);
	if (!has_stamp(bundle) && !source_find(&bundle->source, stamped))
		return;
	buf_init(&hashes, 0);
	if (bundle_is_proved(bundle, name, line, leaf, stamped, &hashes))
		compare_notes(bundle, name, stamped, buf_span(&hashes));
	buf_free(&hashes);
}

/* ---- witnesses ---- */

/* The records of a call are proved by one checkpoint, or by few: each cosignature is told once. */
static void witness_h(
	void *arg, const struct note_key *witness, uint64_t size, uint64_t time_s)
{
	struct bundle *bundle = arg;
	const struct verify_witnesses *wanted = bundle->params->witnesses;

	for (unsigned i = 0; i < bundle->told_count; i++)
		if (bundle->told[i].id == witness->id && bundle->told[i].size == size)
			return;
	if (bundle->told_count == BUNDLE_WITNESSED_MAX || !wanted->h)
		return;
	bundle->told[bundle->told_count].id = witness->id;
	bundle->told[bundle->told_count++].size = size;
	wanted->h(wanted->arg, witness, size, time_s);
}

void bundle_check_witnessed(struct bundle *bundle, const char *name, struct span proof)
{
	struct verify_witnesses witnesses;
	struct err_text why;

	if (!bundle->params->witnesses)
		return;
	witnesses = *bundle->params->witnesses;
	witnesses.h = witness_h;
	witnesses.arg = bundle;
	if (verify_proof_witnessed(proof, &witnesses, &why) != 0)
		bundle_tell(bundle, "witness", name, "%s: %s", name, why.text);
}

/* That none of those whose word is wanted is put down with a line that he did not sign; fewer of them than are wanted are no fault here. */
static void check_lines(struct bundle *bundle, const char *name, struct span whole,
	int (*check)(struct span whole, const struct verify_witnesses *witnesses,
		struct err_text *text))
{
	struct verify_witnesses witnesses;
	struct err_text why;

	if (!bundle->params->witnesses)
		return;
	witnesses = *bundle->params->witnesses;
	witnesses.quorum = 0;
	witnesses.h = NULL;
	if (check(whole, &witnesses, &why) != 0)
		bundle_tell(bundle, "witness", name, "%s: %s", name, why.text);
}

void bundle_check_lines(struct bundle *bundle, const char *name, struct span proof)
{
	check_lines(bundle, name, proof, verify_proof_witnessed);
}

void bundle_check_checkpoint(struct bundle *bundle)
{
	struct checkpoint checkpoint;
	struct err_text why;
	struct buf note;

	if (!source_find(&bundle->source, CHECKPOINT))
		return;
	buf_init(&note, 0);
	if (!bundle_read(bundle, CHECKPOINT, NOTE_MAX, &note))
		; /* it was told why */
	else if (verify_checkpoint(&checkpoint, buf_span(&note), &bundle->keys, &why) !=
		 0)
		bundle_tell(bundle, "proof", CHECKPOINT,
			CHECKPOINT " is no checkpoint of the log: %s", why.text);
	else
		check_lines(bundle, CHECKPOINT, buf_span(&note), verify_note_witnessed);
	buf_free(&note);
}
