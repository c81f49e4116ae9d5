/*
 * Finds one record for a verb by the index, and where that does not have it by going through the latest files. It waits for the disk: for
 * threads beside the loop.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdatomic.h>

/* WHAT is the id of a call, or in digits the number of a record. INDEX_FOLDER is NULL where there is no index. 0: RET, which is
 * empty, has the record; ERR_FORMAT: WHAT is neither; -ENOENT: there is none; or another negative code, such as -ECANCELED; with TEXT. */
int lookup_record(struct buf *ret, const char *state_dir, const char *index_folder,
	const char *what, const atomic_bool *cancelled, struct err_text *text);
