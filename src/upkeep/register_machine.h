/*
 * The life of one binding at a registrar (RFC 3261 10): a table of state and event. Pure: what is to be
 * done is told as an action, and whoever drives it sends and waits. Any thread.
 *
 * It never gives up: from every state but IDLE there is a request on its way, or a time at which the next one
 * is due.
 */
#pragma once

#include <stdbool.h>

enum register_state {
	REGISTER_IDLE,       /* it is not wanted, or not any more */
	REGISTER_WAITING,    /* not bound; the next REGISTER has its time */
	REGISTER_ASKING,     /* not bound; a REGISTER is on its way */
	REGISTER_BOUND,      /* bound; the refresh has its time */
	REGISTER_REFRESHING, /* bound; a REGISTER is on its way */
	REGISTER_OVERDUE, /* bound; the refresh failed, or is asked for before its time */
	REGISTER_LEAVING, /* the binding is being removed */
	REGISTER_STATES,
};

enum register_event {
	REGISTER_START,     /* it is wanted */
	REGISTER_DUE,       /* the time has come, and there is a place for a request */
	REGISTER_ACCEPTED,  /* 2xx, and our binding is among those that it lists */
	REGISTER_AGAIN,     /* the same request may go again, changed: challenge, 423 */
	REGISTER_ELSEWHERE, /* not served there, and another address is left */
	REGISTER_FAILED,    /* not served by any address: silence, 5xx, no connection */
	REGISTER_REFUSED,   /* the registrar does not want it: 3xx, 4xx, 6xx */
	REGISTER_LOST,      /* the connection that it was made over ended */
	REGISTER_FLOW_LOST, /* the same, and the binding went with it (RFC 5626) */
	REGISTER_EXPIRED,   /* what was granted is over */
	REGISTER_CHANGED,   /* its settings are others; it stays the same binding */
	REGISTER_STOP,      /* it is not wanted any more */
	REGISTER_EVENTS,
};

enum register_action {
	REGISTER_NOTHING,
	REGISTER_SPREAD,    /* wait for a first time, at random */
	REGISTER_ASK,       /* send a REGISTER to the address of now */
	REGISTER_ASK_AGAIN, /* the same to the same address, with what the answer taught */
	REGISTER_ASK_NEXT,  /* to the next address */
	REGISTER_ASK_ANEW, /* forget the one on its way, and send by the settings of now */
	REGISTER_BIND,     /* note what was granted; wait until the refresh */
	REGISTER_PAUSE,    /* wait; longer after each failure */
	REGISTER_UNBIND,   /* the same, and it is bound no more */
	REGISTER_LAPSE,    /* it is bound no more; what is under way goes on */
	REGISTER_HURRY,    /* the next one is due now */
	REGISTER_LOSE_HURRY, /* it is bound no more, and the next one is due now */
	REGISTER_LEAVE,      /* forget what is on its way; its removal is due now */
	REGISTER_END,        /* forget all */
	REGISTER_ACTIONS,
};

/* What EVENT means in STATE; *RET is the state from then on. */
enum register_action register_step(
	enum register_state state, enum register_event event, enum register_state *ret);
