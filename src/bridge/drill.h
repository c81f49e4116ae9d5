/*
 * A drill: a call of our own to the number that a gateway has for tests of emergency calls. It goes as an emergency
 * call would, by the same hunt, leg, protection and offer, past the same limits; but it has no other leg. What the
 * far end sends is counted, and after a few seconds it is hung up. Loop thread.
 */
#pragma once

#include "bridge/bridge.h"

/* At once. */
#define DRILLS_MAX 8

struct drill;

struct drill_user {
	/* It is over, and this is its record; the drill is not to be named any more. NULL: nobody waits. */
	void (*over_h)(void *arg, const struct record *record);
	void *arg;
};

/* Calls TRUNK's emergency-test-number: 65 s at most. *RET is for drill_forget(). The handler may be called before this
 * returns. 0; ERR_STATE: there is no such number; ERR_LIMIT: there are too many; others; with TEXT. */
int drill_start(struct bridge *bridge, struct trunk *trunk, const struct drill_user *user,
	struct drill **ret, struct err_text *text);
/* Nobody waits for it any more. It goes on to its end, with a record. */
void drill_forget(struct drill *drill);

/* Those that are still there end, with a record, as when the server ends. */
void drills_end(struct bridge *bridge);
/* The same, and they are freed at once. */
void drills_free(struct bridge *bridge);
