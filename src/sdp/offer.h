/*
 * The offer/answer state of one dialog (RFC 3264, RFC 6337): who may offer now, whether an
 * answer fits its offer, and the o= version that we send. Holds the last description sent
 * and received. One owner, loop thread.
 */
#pragma once

#include "base/saved.h"
#include "sdp/fit.h"
#include "sdp/sdp.h"

enum offer_state {
	OFFER_IDLE,     /* nothing outstanding; either side may offer */
	OFFER_SENT,     /* we offered and wait for the answer */
	OFFER_RECEIVED, /* they offered and wait for ours */
};

struct offer {
	enum offer_state state;
	struct sdp *local;  /* last we sent (offer or answer), or NULL; owned */
	struct sdp *remote; /* last they sent, or NULL; owned */
	/* Their texts, while offer_rest() has them in the place of the two above; owned. */
	struct sdp_text *local_text, *remote_text;
	/* What an offer that may yet be refused has replaced: local when SENT, remote when
	 * RECEIVED. Owned. */
	struct sdp *previous;
	uint64_t session_id; /* o= of ours */
	uint64_t version;    /* o= version of the last description we sent */
	unsigned fit;        /* what the last answer received lacked: enum sdp_fit */
	bool complete;       /* at least one exchange was completed */
};

void offer_init(struct offer *offer);
void offer_free(struct offer *offer);
/* Writes what was agreed, its descriptions sealed. STATE is IDLE. 0, -ENOMEM, or what the sealer
 * returns. */
int offer_save(const struct offer *offer, struct saved to);
/* OFFER, of offer_init(), goes on there. 0; ERR_FORMAT or ERR_AUTH with ERROR; -ENOMEM. */
int offer_load(struct offer *offer, struct saved from, struct err_text *error);

/*
 * Nobody is to read or to make a description until offer_wake(): what was agreed is kept as text
 * alone, as far as there is memory for that. Nothing happens while an exchange is open.
 */
void offer_rest(struct offer *offer);
/* Before any other call. 0; -ENOMEM: it rests still. */
int offer_wake(struct offer *offer);
/* The codec that the remote description, resting or not, names first. False: none is known. */
bool offer_remote_codec(const struct offer *offer, struct span *ret_name);

/*
 * The SDP of an INVITE or UPDATE request is always an offer (RFC 6337 table 1), which the
 * state alone cannot tell from an answer. True when such a request must be refused before
 * offer_receive() sees its SDP: with 491 when ours is outstanding (SENT), with 500 and
 * Retry-After when theirs is (RECEIVED; RFC 3261 14.2, RFC 3311 5.2).
 */
bool offer_would_glare(const struct offer *offer);

/*
 * A description arrived in a message that may carry an offer or an answer. *ret_is_offer
 * tells which it was: an answer when ours is outstanding. Takes SDP on success. 0;
 * ERR_STATE for a second offer (answer 500 per RFC 3261 14.2); ERR_LIMIT, -ENOMEM. After an
 * error the state is as it was.
 *
 * An answer is taken as it comes: its lines get the number, types and order of the offer's
 * (sdp/fit.h), and FIT says which changes that needed. Whether a line can be used, and is
 * protected as was demanded, is for the layer above to check.
 */
int offer_receive(
	struct offer *offer, struct sdp *sdp, bool *ret_is_offer, struct err_text *error);

/*
 * We send SDP as an offer (state IDLE) or an answer (RECEIVED): sets o= with our session id
 * and a version that rises only when the text otherwise changed (RFC 3264 8), and keeps a
 * copy. ADDRESS is written to o=. 0; ERR_STATE; ERR_FORMAT when an answer does not fit the
 * offer; ERR_LIMIT when o= makes it too long; -ENOMEM.
 */
int offer_send(struct offer *offer, struct sdp *sdp, const struct addr *address);

/* The outstanding offer, ours or theirs, was refused or cancelled: back to what was agreed. */
void offer_cancel(struct offer *offer);

/*
 * Back to STATE. SENT or RECEIVED: the exchange that just completed is to be answered once more,
 * mostly because the answer was only a preview, in an unreliable provisional response (RFC 6337
 * 3.1.1). IDLE: the preview is the answer.
 */
void offer_reopen(struct offer *offer, enum offer_state state);
