/*
 * One REGISTER to one address: the connection for it, its text, and what comes of it. Loop thread.
 */
#pragma once

#include "trunk/target.h"
#include "upkeep/register_request.h"
#include "upkeep/upkeep.h"

/* What came of it. */
struct register_outcome {
	struct message *response; /* final; NULL: there is none */
	const char *why;          /* then: a phrase. Borrowed */
};

typedef void register_send_h(void *arg, const struct register_outcome *outcome);

/* Embedded in its user, zeroed. */
struct register_send {
	struct flow *
		flow; /* a reference; it stays until the next one, or register_send_stop() */
	struct txn_client *txn;              /* NULL: none is under way */
	char contact[REGISTER_CONTACT_SIZE]; /* the URI in our Contact */
	uint64_t expires_ms;                 /* that was asked for; 0: the removal */
	register_send_h *h;
	void *arg;
};

struct register_send_params {
	const struct upkeep_params *by;
	const struct target *target;
	const struct addr *address;
	struct flow *standing; /* to be used while it is open; NULL: none */
	const char *host;      /* the name that ADDRESS is of */
	const struct register_plan *plan;
	const struct registration *registration;
	struct dialog *dialog; /* of all REGISTERs of the binding; begun by the first */
	uint64_t expires_ms;   /* 0: the binding is removed */
	register_send_h *h; /* called once, after register_send_start() has returned 0 */
	void *arg;
};

/* 0; negative with TEXT when nothing could be sent: then H is not called. */
int register_send_start(struct register_send *send,
	const struct register_send_params *params, struct err_text *text);
/* Gives it up; H is not called. */
void register_send_stop(struct register_send *send);
