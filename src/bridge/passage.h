/*
 * A request within a call that crosses to a leg and says nothing of the session: MESSAGE (RFC 3428), or INFO of a
 * package (RFC 6086). It is one client transaction of that leg, whose final response answers it. Loop thread.
 */
#pragma once

#include "bridge/leg.h"

/* More of them that wait for an answer of one leg are not sent. */
#define PASSAGES_MAX 8

struct passage_end {
	struct leg *to;
	enum message_method method;
	int status;      /* what its sender hears */
	int far;         /* what the leg said; 408, 503: nothing */
	const char *why; /* static, or NULL */
};

/* What is told of it when it is over, before its sender has the answer, to which EXTRA, whole lines, is added. Not where
 * the call ended before. */
typedef void passage_h(const struct passage_end *end, struct buf *extra);

/* REQUEST, of TXN, goes to leg TO. 0, and it is answered later; else TXN is to be
 * refused: ERR_LIMIT: too many wait; ERR_SUPPORT: too large for UDP; ERR_TRUST: a key in plain; or another one. */
int passage_begin(
	struct leg *to, struct txn_server *txn, struct message *request, passage_h *h);
