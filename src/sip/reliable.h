/*
 * Reliable provisional responses: what their headers say (RFC 3262 7.1 and 7.2). Pure
 * functions on messages. Any thread.
 */
#pragma once

#include "sip/message.h"

#include <stdbool.h>
#include <stdint.h>

/* What a PRACK acknowledges. */
struct reliable_ack {
	uint32_t rseq;              /* of the response */
	uint32_t cseq;              /* of the request that it answers */
	enum message_method method; /* of that request: INVITE; OTHER for any other */
};

/* Whether RESPONSE, a 101-199, asks for PRACK: Require: 100rel and an RSeq of 1 to 2^32-1,
 * which *ret_rseq gets. */
bool reliable_is_asked(const struct message *response, uint32_t *ret_rseq);
/* The RAck of PRACK. False when there is none, or it cannot be read. */
bool reliable_read_ack(const struct message *prack, struct reliable_ack *ret);
