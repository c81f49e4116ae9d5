/*
 * What a 3xx asks for: whom else to call, in which order, and why (RFC 3261 8.1.3.4, RFC 5806). Pure; spans borrow
 * from the message.
 */
#pragma once

#include "sip/message.h"
#include "sip/phone.h"

/* More Contacts of one response are left out. */
#define REDIRECT_CONTACTS 8

struct redirect_contact {
	struct phone phone; /* never empty */
	unsigned q;         /* in thousandths; 1000 where it has none */
};

struct redirect {
	struct redirect_contact list
		[REDIRECT_CONTACTS]; /* the highest q first; equal ones in their order */
	unsigned count;
	/* Of the latest Diversion that it has; empty: none. */
	struct span reason, privacy;
};

/*
 * Reads RESPONSE, 300-399. Counted is each Contact with a number, or a name, as user of a sip: or sips: URI, or a tel:
 * URI, which asks for no other method than INVITE; each number once. The host beside it means nothing here. 305 names a proxy, and so
 * nobody to be called.
 */
void redirect_read(struct redirect *ret, const struct message *response);
