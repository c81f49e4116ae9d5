/*
 * Finds one record for a verb, beside the loop by the index, and where that does not have it by going through the latest
 * files in steps. Loop thread.
 */
#pragma once

#include "base/err.h"
#include "base/span.h"

struct lookup;
struct verbs_context;

/* 0: LINE is the record, borrowed during the call; -ENOENT or another negative code: there is none, with TEXT. LOOKUP is freed
 * behind it. */
typedef void lookup_h(void *arg, int err, struct span line, const struct err_text *text);

/* WHAT is the id of a call, or in digits the number of a record. 0: H is called later, unless lookup_cancel() comes before;
 * ERR_FORMAT: WHAT is neither; or another negative code; with TEXT. */
int lookup_start(struct lookup **ret, const struct verbs_context *context,
	const char *what, lookup_h *h, void *arg, struct err_text *text);
void lookup_cancel(struct lookup *lookup); /* NULL is fine */
