/*
 * Two ways to tell that a call was forwarded: Diversion (RFC 5806) and History-Info (RFC 7044). Each is made of the
 * other as RFC 7544 says. Pure; loop thread.
 */
#pragma once

#include "bridge/party.h"

/* The cause (RFC 4458) that REASON, of a Diversion, quoted or not, stands for; static. */
struct span party_diversion_cause(struct span reason);

/* PARTY's diversions become what its history says, the latest first, PARTY_DIVERSIONS_MAX at most: the
 * oldest are left out, and counted. Entries that tell of no forwarding make none. Its history
 * stays as it is. 0, -ENOMEM, or ERR_LIMIT of party_keep(). */
int party_diversion_from_history(struct party *party);
/* PARTY's history becomes what its diversions say, whom it calls at the end; PARTY_HISTORY_MAX entries at most. With
 * no diversion it becomes empty. The same errors. */
int party_diversion_to_history(struct party *party);
/* Who forwarded the call last, as PARTY's diversions say, or where there is none its history: *RET_BY, borrowed from PARTY,
 * and *RET_REASON, one of the words of RFC 5806, static; "": none is given. False: it was not forwarded. */
bool party_diversion_latest(const struct party *party, const struct party_name **ret_by,
	const char **ret_reason);
