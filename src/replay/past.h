/*
 * A call of the past: who made it, and its INVITE, as its capture has it or, without one, as far as its record
 * says it. One thread.
 */
#pragma once

#include "base/span.h"
#include "sip/message.h"
#include "trunk/trunk.h"

#include <jansson.h>

/* Attempts that are remembered; a record has no more. */
#define PAST_ATTEMPTS 16

struct past {
	json_t *record;         /* owned; what follows borrows from it */
	const char *id, *start; /* as they stand there */
	const char *from, *to;
	enum trunk_kind kind;                /* who made it: */
	const char *via;                     /* the id of that server or gateway */
	const char *attempts[PAST_ATTEMPTS]; /* whom it was offered to, in order */
	unsigned attempt_count;
	struct message *invite; /* owned reference */
	bool received;  /* its record has the numbers as they came, before any rule */
	bool captured;  /* that is the one that came; else it has numbers alone */
	bool damaged;   /* there is a capture, and it cannot be used */
	bool encrypted; /* there is one, for other eyes */
};

/* What is made of a record. */
enum past_use {
	PAST_CALL,
	PAST_OURS, /* a call that this server made by itself */
	PAST_CALLBACK, /* it went back to the caller of an emergency call: no route decided it */
	PAST_BAD, /* it is no record of a call, or without memory */
};

/* LINE is one of cdr.jsonl, without its line end. AUDIT_FD is the folder of captures; negative: there is none. *RET is
 * for past_free() in any case. */
enum past_use past_read(struct past *ret, struct span line, int audit_fd);
void past_free(struct past *past);
