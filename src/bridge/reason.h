/*
 * The Reason header (RFC 3326, RFC 6432): what of one leg's crosses to the other, and what is made where a far end
 * wants one. Texts never cross: they may name a house, and the record has them (reason_read()). Loop thread.
 */
#pragma once

#include "config/config.h"
#include "sip/message.h"

/* What one message of ours is to have. */
struct reason {
	enum config_reason mode;      /* of the far end that gets it */
	const struct message *source; /* of the other leg; NULL: nothing was said */
	const char *own;  /* a whole line for a request, where SOURCE has none; NULL */
	bool is_response; /* what is written: one has Q.850 alone (RFC 6432) */
	unsigned made; /* Q.850, where SOURCE has none and MODE is to make one; 0: none */
};

/* The Q.850 cause, 1-127, that MESSAGE (NULL is fine) gives as a reason; 0: none. */
unsigned reason_cause(const struct message *message);
/* What is read of the first eight reasons of a message: those that protocols have which a record tells apart. */
struct reason_said {
	uint32_t q850, sip; /* causes: 1-127, 100-699; 0: none */
	struct span text;   /* as it came, quoted or not: that of Q.850, else the first */
};
/* What MESSAGE (NULL is fine) gives as reasons. Spans are borrowed from it. */
void reason_read(const struct message *message, struct reason_said *ret);
/* Appends whole lines; perhaps none. Of each at most eight, with protocol, cause and location (RFC 8606). */
void reason_add(struct buf *out, const struct reason *reason);
/* The Q.850 cause of a call that ends with STATUS; AGREED: one of the far ends ended it, with BYE or CANCEL. */
unsigned reason_made(int status, bool agreed);
