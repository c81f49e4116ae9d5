/*
 * Which headers of a message that one leg got are in the message that the other gets for it, beside who calls whom
 * (party.h) and the Reason (reason.h): those of the built-in list with the first INVITE, those that the
 * headers-pass of either far end names, and what headers-add adds. What never crosses, whatever is
 * configured, is in config/header.h. Loop thread.
 */
#pragma once

#include "bridge/leg.h"
#include "config/header.h"

struct crossing {
	const struct config_trunk
		*from; /* NULL: there is no other far end, or it does not matter */
	const struct config_trunk *to;
	/* The leg of FROM, for its connection and the log; NULL: none. */
	const struct leg *leg;
	/* What FROM sent; NULL: what is sent comes from nothing that it said. */
	const struct message *message;
	unsigned
		kind; /* HEADER_REQUESTS or HEADER_RESPONSES: what is sent, and MESSAGE */
};

/* Appends what of MESSAGE crosses in a request of a kind that no rule is about: lines of the built-in list. */
void crossing_add_usual(
	struct buf *out, const struct message *message, enum header_with with);
/* Appends whole lines, 32 and 4 kB of those that rules let cross at most. */
void crossing_add(struct buf *out, const struct crossing *crossing);
