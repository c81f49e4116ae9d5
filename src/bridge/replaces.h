/*
 * Replaces (RFC 3891): the dialog whose place a new one is to take, as an INVITE or a Refer-To has it. Pure; spans
 * borrow from what was read.
 */
#pragma once

#include "sip/message.h"

/* As the receiver of the INVITE sees it: TO_TAG is its own. */
struct replaces {
	struct span call_id, to_tag, from_tag; /* CALL_ID empty: there is none */
	bool early_only;
};

/* Reads VALUE, that of the header. False: it is longer than any of ours, lacks a part or has one twice, or is more
 * than one. */
bool replaces_read(struct replaces *ret, struct span value);

/* That of INVITE. 0; 400 with WHY, static: it cannot be read, there is more than one, or another header contradicts
 * it. */
int replaces_of(struct replaces *ret, const struct message *invite, const char **why);
