/*
 * Dialogs (RFC 3261 12): the identity and the addressing of one peer-to-peer relation,
 * and a table to find them by. What a dialog is used for lies above. Loop thread.
 */
#pragma once

#include "base/buf.h"
#include "base/hash.h"
#include "base/saved.h"
#include "sip/message.h"

#include <stdbool.h>
#include <stdint.h>

#define DIALOG_TAG_SIZE 20

/* More Record-Route elements than this are no route, but a mistake. */
#define DIALOG_MAX_ROUTES 16

/* Of who numbers requests of a dialog that may end before him. Embedded, zeroed. */
struct dialog_user {
	struct dialog *dialog; /* NULL: none, or it is gone */
	struct dialog_user *next;
};

/* Embedded in its user. Strings are owned. */
struct dialog {
	struct hash_node node;
	struct dialogs *table; /* NULL while not listed */
	void *owner;           /* whoever listed it */
	bool early;            /* no 2xx yet; as UAS, its owner clears it */
	/* Names us in the Via of our requests; NULL: what the flow that carries them says. */
	char *our_host;
	char *call_id;
	char local_tag[DIALOG_TAG_SIZE];
	char *remote_tag;    /* "" until the first response with a tag */
	char *local_uri;     /* a name-addr without tag: From of our requests */
	char *remote_uri;    /* To of our requests, without tag */
	char *remote_target; /* their Contact: Request-URI of our requests */
	/* With a route set alone; else both are NULL: */
	char *route;    /* lines "Route: ...\r\n", in order of sending */
	char *next_hop; /* the topmost Route's URI */
	bool limited;   /* Max-Forwards of our requests is max_forwards, else 70 */
	unsigned max_forwards;
	uint32_t local_cseq;
	uint32_t remote_cseq;
	bool remote_cseq_known;
	struct dialog_user *users; /* of dialog_join() */
};

struct dialogs {
	struct hash table;
};

int dialogs_init(struct dialogs *dialogs);
void dialogs_free(struct dialogs *dialogs);
unsigned dialogs_count(const struct dialogs *dialogs);

/*
 * We received INVITE: the dialog as UAS (RFC 3261 12.1.1), with a new local tag. 0;
 * ERR_FORMAT when there is no usable Contact or too many Record-Route; -ENOMEM.
 */
int dialog_init_uas(struct dialog *dialog, const struct message *invite);

/*
 * We are about to send an INVITE: Call-ID and local tag are made, LOCAL and REMOTE are
 * name-addrs, TARGET the Request-URI; copied. 0 or -ENOMEM.
 */
int dialog_init_uac(struct dialog *dialog, const char *local, const char *remote,
	const char *target, const char *host);

/* The requests up to the first response go by ROUTE, whole Route lines, and what the response says of a
 * route takes its place (RFC 3608 6.1). 0; ERR_FORMAT: no address begins it; -ENOMEM. */
int dialog_preload(struct dialog *dialog, const char *route);

/*
 * A response came to our INVITE: takes tag, target and route set (RFC 3261 12.1.2; the route
 * set again with the 2xx, 13.2.2.4). Without a usable Contact the target is that of the branch
 * before, if it is the same, else the Request-URI of our INVITE. 0; ERR_FORMAT with too many
 * Record-Route: tag and target were taken; -ENOMEM: some of them may have been.
 */
int dialog_establish(struct dialog *dialog, const struct message *response);

/*
 * NOTIFY came to our SUBSCRIBE, within no dialog yet: takes tag, target and route set from it (RFC 6665 4.4.1). Without
 * a usable Contact the target is the Request-URI of our SUBSCRIBE. 0; ERR_FORMAT with too many Record-Route; -ENOMEM:
 * some of them may have been taken.
 */
int dialog_establish_by(struct dialog *dialog, const struct message *notify);

/* HOST names us in Via from now on; "" or NULL: the flow does. Copied. 0 or -ENOMEM. */
int dialog_name_us(struct dialog *dialog, const char *host);

/* A copy of DIALOG for another fork: same local half, no remote half. 0 or -ENOMEM. */
int dialog_fork(struct dialog *fork, const struct dialog *dialog);
/* A copy of all of DIALOG that is not listed. 0 or -ENOMEM. */
int dialog_copy(struct dialog *copy, const struct dialog *dialog);

/* Writes DIALOG, which is confirmed. 0 or -ENOMEM. */
int dialog_save(const struct dialog *dialog, struct saved to);
/* DIALOG, zeroed, becomes what was written, not listed. 0; ERR_FORMAT with ERROR; -ENOMEM. */
int dialog_load(struct dialog *dialog, struct saved from, struct err_text *error);
/* Where its requests go: the URI of the topmost Route, or the remote target. Borrowed until the
 * dialog changes. */
const char *dialog_next_hop(const struct dialog *dialog);

/* USER belongs to DIALOG until dialog_part(), or until that is freed. */
void dialog_join(struct dialog *dialog, struct dialog_user *user);
void dialog_part(struct dialog_user *user);
/* The number of its next request, which is taken now. */
uint32_t dialog_number(struct dialog *dialog);

/* Delists and frees. A zeroed dialog is fine. */
void dialog_free(struct dialog *dialog);

/* Lists it under Call-ID and both tags, for OWNER. Again after the remote tag changed. */
void dialog_list(struct dialogs *dialogs, struct dialog *dialog, void *owner);

/* The dialog that MESSAGE (a request or a response) belongs to, or NULL. */
struct dialog *dialog_find(struct dialogs *dialogs, const struct message *message);
/* The dialog of CALL_ID with these tags, LOCAL being ours, or NULL. */
struct dialog *dialog_find_tags(struct dialogs *dialogs, struct span call_id,
	struct span local, struct span remote);
/* Whether RESPONSE to our INVITE belongs to this very dialog (its To tag fits). */
bool dialog_is_of(const struct dialog *dialog, const struct message *response);

/*
 * A request arrived within the dialog: checks its CSeq (RFC 3261 12.2.2) and takes a new
 * remote target from the Contact of a target refresh (INVITE, UPDATE). 0, or ERR_STATE when out
 * of order (answer 500).
 */
int dialog_receive(struct dialog *dialog, const struct message *request);
/* From of REQUEST, which arrived within the dialog, names them from now on (RFC 4916 4.4). True: with another URI than
 * before. */
bool dialog_take_from(struct dialog *dialog, const struct message *request);
/* FROM, a name-addr without tag, taken, names us in our requests from now on. */
void dialog_change_from(struct dialog *dialog, char *from);
/* A 2xx to our re-INVITE: target refresh (12.2.1.2). */
void dialog_refresh(struct dialog *dialog, const struct message *response);

/*
 * Begins a request within the dialog: request line, VIA (whole value), Max-Forwards, Route,
 * From, To, Call-ID and CSeq; the caller adds the rest. ACK takes CSEQ, which is that of
 * its INVITE; others take the next number, which is returned through *ret_cseq (may be
 * NULL).
 */
void dialog_request(struct dialog *dialog, struct buf *out, enum message_method method,
	const char *via, uint32_t cseq, uint32_t *ret_cseq);
