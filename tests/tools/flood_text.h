/*
 * What a flood of SIP says, and what comes back: for sipflood and tlsflood. Requests of one kind, each in a
 * transaction and a dialog of its own, counted from 0.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOOD_STATUSES 700
#define FLOOD_REQUEST_SIZE 2048

struct flood_kind {
	const char *name;
	const char *method; /* NULL: no SIP */
	bool to_tag;
};

struct flood {
	const struct flood_kind *kind;
	const char *transport; /* "UDP" */
	unsigned count;
	bool acks; /* refusals of INVITEs are acknowledged */
	uint16_t port;
	unsigned sent, answered;
	unsigned char *seen; /* whether the nth was answered */
	unsigned statuses[FLOOD_STATUSES];
	char realm[128], nonce[256]; /* password: of the first challenge; "": none yet */
};

/* NULL: there is none of that name. */
const struct flood_kind *flood_kind(const char *name);
/* The NTH request, of FLOOD_REQUEST_SIZE at most; its length. */
int flood_write(const struct flood *flood, unsigned nth, char *buf);
/* Counts ANSWER, one whole message that ends with a NUL. The length of its ACK in BUF, of FLOOD_REQUEST_SIZE; 0:
 * none is due. */
int flood_take(struct flood *flood, const char *answer, char *buf);
/* "sent": ... "by_status": {...}, without the brackets around it. */
void flood_print(const struct flood *flood);
