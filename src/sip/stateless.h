/*
 * Refusing an INVITE without parsing it and without keeping anything of it (RFC 3261 8.2.7): for a server that
 * has more to do than it can, a message has to cost next to nothing. What is read are the few headers that an
 * answer repeats. What is unusual in any way is left to the parser. Pure.
 */
#pragma once

#include "base/buf.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/* More are left to the parser. */
#define STATELESS_VIAS 8

enum stateless_kind {
	STATELESS_OTHER,  /* for the parser */
	STATELESS_INVITE, /* begins a call, or is one of a transaction of before */
	STATELESS_ACK,
};

/* Spans into the text that it was read from. */
struct stateless {
	enum stateless_kind kind;
	struct span uri;                  /* the Request-URI */
	struct span vias[STATELESS_VIAS]; /* values, from the top */
	unsigned via_count;
	struct span via_head; /* of the top one, up to its parameters */
	struct span via_host; /* sent-by */
	struct span branch;
	uint16_t via_port; /* 0: none */
	bool rport;        /* it asks for the port (RFC 3581) */
	struct span from, to, call_id, cseq;
	struct span to_tag;
	bool has_priority; /* there is a Priority header */
};

/* Reads TEXT, one whole message as the framer cut it. RET is written whole. True: it is an INVITE without a To
 * tag, or an ACK with one, and all that an answer needs was found in its usual shape. */
bool stateless_read(struct stateless *ret, struct span text);

/* What the INVITE of STATELESS is known by: the same for each repetition of it. Nobody else can make one. */
uint64_t stateless_id(const struct stateless *stateless);
/* Room for a tag with its NUL. */
#define STATELESS_TAG_SIZE 20
/* The tag that refuses the INVITE of STATELESS: the same for each repetition of it, and nobody else's. Returns
 * BUF. */
const char *stateless_tag(
	const struct stateless *stateless, char buf[static STATELESS_TAG_SIZE]);
/* Whether it is an ACK to such a refusal, which nobody waits for. */
bool stateless_is_owed_nothing(const struct stateless *stateless);

/* Appends a response to an INVITE that came from HOST (as a URI has it) and PORT. EXTRA is whole header lines. */
void stateless_respond(struct buf *out, const struct stateless *stateless, int status,
	const char *extra, const char *host, uint16_t port);
