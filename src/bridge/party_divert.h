/*
 * What becomes of who calls whom where the one who is called has the call diverted to somebody else, by a 3xx. Pure;
 * loop thread.
 */
#pragma once

#include "bridge/party.h"

struct party_divert {
	struct phone to; /* whom it calls instead; lives as long as the party */
	int status;      /* the 3xx that says so */
	unsigned branch; /* which of the targets that it names, from 1 */
	struct span
		reason; /* what its Diversion gives as reason, quoted or not; empty: it has none */
	struct span privacy; /* and as privacy; likewise */
};

/*
 * PARTY calls DIVERT->to, and says that whom it called before diverted the call: by Diversion (RFC 5806), the latest
 * first, unless all that it has is a History-Info; by History-Info (RFC 7044 10) where it has that. Without a
 * reason it is "unconditional", cause 302. Of more than there may be, the oldest diversion, or the newest entries of history, are
 * left out. 0, -ENOMEM, or ERR_LIMIT of party_keep().
 */
int party_divert(struct party *party, const struct party_divert *divert);
