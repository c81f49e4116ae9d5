/*
 * A call of our own to a gateway, for a test: by the same hunt, leg, protection and offer as any other, but with no
 * other leg. What the far end sends is counted, and it gets nothing. Loop thread.
 */
#pragma once

#include "bridge/bridge.h"
#include "sdp/sdp.h"

/* At once. */
#define TESTCALLS_MAX 8

struct message;
struct record;
struct testcall;
struct trunk;

/* What one is made for; static. */
struct testcall_kind {
	const char *purpose; /* in its record: "drill" */
	const char *event;   /* in the log, where it begins: "event=drill" */
	const char *
		refusal; /* to what the far end asks of it, which is nothing that a test has */
	bool emergency;   /* it is one of emergency, which limits do not stop */
	uint64_t ring_ms; /* so long all addresses together have to answer, */
	uint64_t talk_ms; /* and so long it lasts then, unless its user ends it before */
};

/* Each may be NULL. */
struct testcall_user {
	/* It is over, and this is its record; the call is not to be named any more. */
	void (*over_h)(void *arg, const struct record *record);
	/* A message of the far end, before anything is made of it. */
	void (*heard_h)(void *arg, const struct message *message);
	/* The call is answered, and its ACK sent. */
	void (*talks_h)(void *arg);
	/* testcall_reinvite() or testcall_update() has its final response, or none (RESPONSE NULL) and STATUS 408 or
	 * 503. */
	void (*asked_h)(void *arg, int status, const struct message *response);
	void *arg;
};

struct testcall_params {
	const struct testcall_kind *kind;
	struct trunk *trunk;         /* a gateway */
	const char *called, *caller; /* numbers; copied */
	/* That it is made by; a reference is taken. NULL: the one in force. */
	struct config *config;
	/* Instead of the gateway's; copied, with texts that live as long as CONFIG. NULL: the gateway's. */
	const struct config_trunk *settings;
	const char *headers; /* further lines of its INVITE; static; "": none */
	bool delayed;        /* its INVITE has no offer */
	struct testcall_user user;
};

/* Begins. *RET is for those below. A handler may be called before this returns. 0; ERR_LIMIT: there are too many;
 * others; with TEXT. */
int testcall_start(struct bridge *bridge, const struct testcall_params *params,
	struct testcall **ret, struct err_text *text);
/* Nobody waits for it any more. It goes on to its end, with a record. */
void testcall_forget(struct testcall *testcall);
/* Hangs up, or gives up: over_h follows, before this returns. */
void testcall_end(struct testcall *testcall);

/* Asks for other terms of its media, as hold does: DIRECTION, and with NOWHERE the address 0.0.0.0 or :: (RFC 2543), by
 * a re-INVITE; or by an UPDATE. asked_h follows. 0; ERR_STATE: it does not talk, or asks already; others. */
int testcall_reinvite(
	struct testcall *testcall, enum sdp_direction direction, bool nowhere);
int testcall_update(struct testcall *testcall, enum sdp_direction direction);

/* Its description, and that of the far end, as agreed last; NULL: none. Borrowed until the next message. */
const struct sdp *testcall_ours(const struct testcall *testcall);
const struct sdp *testcall_theirs(const struct testcall *testcall);
/* Packets of media that came so far. */
uint64_t testcall_packets(const struct testcall *testcall);

/* Those that are still there end, with a record, as when the server ends. */
void testcalls_end(struct bridge *bridge);
/* The same, and they are freed at once. */
void testcalls_free(struct bridge *bridge);
