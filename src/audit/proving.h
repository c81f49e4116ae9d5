/*
 * The proof of one record: C2SP tlog-proof, with the record in it. Any thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "evidence/tlog.h"

/*
 * Appends to OUT the proof that LINE, without its end, is a record of the log in STATE_DIR, and its number to *RET_INDEX. 0;
 * ERR_STATE: it is not signed yet; ERR_TRUST: it is not what was signed; ERR_FORMAT: it is no record of a log; or negative;
 * with TEXT.
 */
int proving_make(struct buf *out, uint64_t *ret_index, const char *state_dir,
	struct span line, struct err_text *text);

/*
 * The same of record INDEX, of which the hash is LEAF, and which does not go along, by the checkpoint of SIZE records that an
 * authority for time stamped (evidence/stamp.h): it was there when it did. -ENOENT: there is no such, or it has not that record;
 * else as above.
 */
int proving_make_stamped(struct buf *out, const char *state_dir, uint64_t index,
	const struct tlog_hash *leaf, uint64_t size, struct err_text *text);
