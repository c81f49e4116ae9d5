#include "evidence/handover.h"

#include "evidence/head.h"
#include "evidence/logbook_file.h"
#include "evidence/radix64.h"
#include "evidence/tiles.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define KIND ",\"kind\":\"" HANDOVER_KIND "\","

bool handover_is(struct span line)
{
	struct span rest;
	uint64_t seq;

	return head_split(line, &seq, &rest) == 0 && span_starts(rest, KIND);
}

/* The value of the member that REST begins with, which is taken off. It has no escapes: no key's name that needs
 * them is handed over. */
static bool take_member(struct span *rest, const char *name, struct span *ret)
{
	size_t len = strlen(name);
	const char *end;

	if (!span_starts(*rest, name))
		return false;
	ret->p = rest->p + len;
	end = memchr(ret->p, '"', rest->len - len);
	if (!end || memchr(ret->p, '\\', (size_t)(end - ret->p)))
		return false;
	ret->len = (size_t)(end - ret->p);
	rest->len -= len + ret->len + 1;
	rest->p = end + 1;
	return true;
}

int handover_read_line(struct handover *ret, struct span line)
{
	struct span rest, time, from, to;
	struct handover handover = {.index = 0};

	if (head_split(line, &handover.index, &rest) != 0 || !span_starts(rest, KIND))
		return -ENOENT;
	rest.p += sizeof(KIND) - 2; /* with its comma */
	rest.len -= sizeof(KIND) - 2;
	if (!take_member(&rest, ",\"time\":\"", &time) ||
		!take_member(&rest, ",\"old\":\"", &from) ||
		!take_member(&rest, ",\"new\":\"", &to) || !span_equal_str(rest, "}") ||
		span_copy(time, handover.time, sizeof(handover.time)) != 0 ||
		note_key_read(&handover.from, from) != 0 ||
		note_key_read(&handover.to, to) != 0 ||
		strcmp(handover.from.name, handover.to.name) != 0 ||
		note_key_equal(&handover.from, &handover.to))
		return ERR_FORMAT;
	*ret = handover;
	return 0;
}

/* The record that goes along. */
static int read_record(struct handover *ret, struct tlog_hash *ret_leaf,
	const struct proof *proof, struct err_text *text)
{
	char *line = malloc(proof->extra.len + 1);
	size_t len;
	int err;

	if (!line)
		return err_set(text, -ENOMEM, "out of memory");
	err = proof->extra.p ? radix64_read(proof->extra, line, proof->extra.len, &len)
			     : ERR_FORMAT;
	if (!err)
		err = handover_read_line(ret, (struct span){line, len});
	if (!err)
		err = tlog_leaf(ret_leaf, (struct span){line, len});
	free(line);
	if (err == -ENOENT || err == ERR_FORMAT)
		return err_set(text, ERR_FORMAT, "its record does not name two keys");
	return err ? err_set(text, err, "%s", err_str(err)) : 0;
}

static int check_signatures(
	const struct note *note, const struct handover *handover, struct err_text *text)
{
	if (note_verify(note, &handover->from) != 0)
		return err_set(text, ERR_TRUST, "the old key did not sign it");
	if (note_verify(note, &handover->to) != 0)
		return err_set(text, ERR_TRUST, "the new key did not sign it");
	return 0;
}

int handover_read(struct handover *ret, struct span whole, struct err_text *text)
{
	struct handover handover;
	struct checkpoint checkpoint;
	struct tlog_hash leaf;
	struct proof proof;
	struct note note;
	int err;

	if (proof_read(&proof, whole) != 0 || note_read(&note, proof.note) != 0 ||
		checkpoint_read(&checkpoint, note.text) != 0)
		return err_set(text, ERR_FORMAT, "it is no proof with a checkpoint");
	err = read_record(&handover, &leaf, &proof, text);
	if (!err)
		err = check_signatures(&note, &handover, text);
	if (err)
		return err;
	if (!span_equal_str(checkpoint.origin, handover.from.name))
		return err_set(text, ERR_TRUST, "it is of another log");
	if (!tlog_check_entry(
		    &proof.hashes, &leaf, proof.index, checkpoint.size, &checkpoint.root))
		return err_set(text, ERR_TRUST,
			"its record is not number %" PRIu64 " of what was signed",
			proof.index);
	handover.index = proof.index;
	handover.size = checkpoint.size;
	handover.root = checkpoint.root;
	*ret = handover;
	return 0;
}

const char *handover_path(uint64_t index, char out[static HANDOVER_PATH_SIZE])
{
	snprintf(out, HANDOVER_PATH_SIZE, HANDOVER_FOLDER "/%" PRIu64, index);
	return out;
}

int handover_write(
	int dir_fd, uint64_t index, struct span line, uint64_t size, struct span note)
{
	struct tiles *tiles = malloc(sizeof(*tiles));
	char path[HANDOVER_PATH_SIZE];
	struct tlog_proof hashes;
	struct buf proof;
	int err;

	if (!tiles)
		return -ENOMEM;
	buf_init(&proof, 0);
	tiles_init(tiles, dir_fd, size);
	err = tlog_prove_entry(&hashes, index, size, tiles_read, tiles);
	if (!err) {
		proof_write(&proof, line, index, &hashes, note);
		err = proof.err;
	}
	if (!err)
		err = logbook_replace(
			dir_fd, handover_path(index, path), buf_span(&proof));
	buf_free(&proof);
	free(tiles);
	return err;
}
