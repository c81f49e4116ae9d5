/*
 * So many at once: whoever wants to begin something waits in line for one of a number of places. Loop thread.
 */
#pragma once

#include "base/list.h"

#include <stdbool.h>

struct gate {
	struct list waiting; /* struct gate_user, in order */
	unsigned places, taken;
};

/* Embedded in whoever waits, and zeroed before its first use. */
struct gate_user {
	struct list node;
	struct gate *gate; /* while it waits or has a place; else NULL */
	bool inside;       /* it has a place */
	void (*h)(void *arg);
	void *arg;
};

void gate_init(struct gate *gate, unsigned places);
/* Nobody waits, or is inside, any more. */
void gate_free(struct gate *gate);
/* H(ARG) is called once when USER has a place: before this returns where one is free. One that waits already, or
 * is inside, stays so. */
void gate_enter(
	struct gate *gate, struct gate_user *user, void (*h)(void *arg), void *arg);
/* It needs its place, or to wait, no more; the next one gets it before this returns. One that is neither is
 * fine. */
void gate_leave(struct gate_user *user);
