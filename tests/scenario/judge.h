/*
 * The judge of random flows: watches what passes, knows nothing of Tandem's inside, and
 * says which rule was broken first. Rules have short names that stay.
 *
 *   unanswered     a request had no final response in time
 *   two-finals     a request had two, or a provisional one after it
 *   no-request     a response to nothing
 *   ack-missing    a 2xx to an INVITE of Tandem's was not acknowledged, or a repetition of it
 *   ack-stray      an ACK for nothing
 *   not-ended      a dialog that was confirmed never saw a BYE
 *   cseq           a CSeq that does not rise within a dialog
 *   cancel         a CANCEL of nothing, before 1xx (RFC 3261 9.1) or after the end
 *   glare          an INVITE while another of that dialog is open or not acknowledged (14.1)
 *   bye-early      a BYE by the called side before the ACK (15)
 *   key-in-clear   a key in a message that is not sent over TLS
 *   records        not one record a call
 *   relay          an end of the relay is not as its leg agreed: address, keys, direction
 *   legs-differ    the legs of a call agreed on other lines or another first format
 */
#pragma once

#include "known.h"
#include "stage.h"

#define JUDGE_RECORDS 64

struct judge {
	struct stage *stage;
	const struct known_set *known;
	struct list asked;   /* requests of parties: struct judge_asked */
	struct list invited; /* INVITEs of Tandem's: struct judge_invited */
	struct list dialogs; /* struct judge_dialog */
	uint64_t *sent; /* fingerprints of Tandem's requests, for repetitions; owned */
	unsigned sent_count;
	uint64_t records[JUDGE_RECORDS]; /* numbers of calls */
	unsigned record_count;
	const char *rule;     /* the first that was broken; NULL: none */
	struct err_text text; /* and how */
};

void judge_init(struct judge *judge, struct stage *stage, const struct known_set *known);
void judge_free(struct judge *judge);
/* After each step. */
void judge_step(struct judge *judge);
/* When nothing may be open any more. */
void judge_end(struct judge *judge);

void judge_fault(struct judge *judge, const char *rule, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
