/*
 * What a REFER asks for (RFC 3515, 3891, 3892, 4488): to whom, with what, and whether it wants to
 * hear what came of it. Pure; spans borrow from the message, and texts are in the struct itself.
 */
#pragma once

#include "bridge/replaces.h"
#include "sip/phone.h"

/* More of a dialog's identifier than this is nobody's. */
#define REFER_REPLACES_SIZE 512

struct refer {
	struct message_uri uri;   /* of Refer-To */
	struct phone phone;       /* its user part; empty: back to who sent the REFER */
	struct span by;           /* the URI of Referred-By; empty: it has none */
	struct replaces replaces; /* unescaped, in TEXT */
	bool silent;              /* Refer-Sub: false: no NOTIFY is wanted */
	char text[REFER_REPLACES_SIZE];
};

/* A REFER that is refused, as struct txn_refusal has it. */
struct refer_fault {
	int status;
	const char *where, *why; /* static */
};

/* Reads REQUEST. 0, or negative with *FAULT: it is to be refused so. */
int refer_read(
	struct refer *ret, const struct message *request, struct refer_fault *fault);
