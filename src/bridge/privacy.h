/*
 * The header Privacy: what the sender of a message wishes to be hidden (RFC 3323 4.2). Pure; loop
 * thread.
 */
#pragma once

#include "base/buf.h"
#include "sip/message.h"

/* A wish, a bit each. */
enum privacy {
	PRIVACY_HEADER = 1 << 0,
	PRIVACY_SESSION = 1 << 1,
	PRIVACY_USER = 1 << 2,
	PRIVACY_NONE = 1 << 3,
	PRIVACY_CRITICAL = 1 << 4, /* the others must be fulfilled */
	PRIVACY_ID = 1 << 5,       /* RFC 3325 9.3 */
	PRIVACY_HISTORY = 1 << 6,  /* RFC 7044 10.1.1 */
	PRIVACY_OTHER = 1 << 7,    /* any that is not known */
};

/* What MESSAGE says, in all lines of the header: a mask of enum privacy. */
unsigned privacy_read(const struct message *message);
/* Whether TEXT, the value of a parameter privacy or of an escaped Privacy, has WORD among others. */
bool privacy_has(struct span text, const char *word);
/* Appends the header as MESSAGE has it, in one line, without the wishes of the mask FULFILLED (RFC 3323 5: nobody
 * is to fulfil them again); nothing where none is left but critical. */
void privacy_write(struct buf *out, const struct message *message, unsigned fulfilled);
