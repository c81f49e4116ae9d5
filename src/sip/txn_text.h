/*
 * The text of a request that we sent, and what is made of it: those that belong to it, and those that take its
 * place. It is ours, so its lines are known: whole, by their long names, folded nowhere. Loop thread.
 */
#pragma once

#include "base/buf.h"

/* Takes the next header line, with its line end, or the start line, off the front of *REST. False: the empty
 * line before the body is next. */
bool txn_text_line(struct span *rest, struct span *ret_line);
/*
 * Appends the start line and headers of the ACK or CANCEL that belongs to REQUEST: same Request-URI, top Via, From,
 * Call-ID, CSeq number, Route (RFC 3261 9.1, 17.1.1.3). TO_LINE: the value of the To header, NULL: that of
 * REQUEST.
 */
void txn_text_sibling(
	struct buf *out, struct span request, const char *method, const char *to_line);
/* How many bytes of REQUEST there are up to the end of BRANCH, in the topmost Via. */
size_t txn_text_branch_end(struct span request, const char *branch);
/* The branch in the topmost Via of REQUEST, which may be cut off anywhere. False: not all of it is there. */
bool txn_text_branch(struct span request, struct span *ret);
/* The topmost Via of *TEXT, of malloc(), becomes VIA. Without memory that of before must do: its branch is
 * right. */
void txn_text_renew_via(char **text, size_t *len, const char *via);
