/*
 * An actor: what a random player knows of one endpoint: the requests that it has not
 * answered, those of its own that have no answer, and how far its dialog is.
 */
#pragma once

#include "endpoint.h"

/* Its part in a subscription. */
enum actor_events { ACTOR_NO_EVENTS, ACTOR_SUBSCRIBES, ACTOR_NOTIFIES };

enum actor_dialog {
	ACTOR_NONE,
	ACTOR_EARLY,
	ACTOR_TALKING,
	ACTOR_OVER, /* a BYE passed, or its INVITE was refused */
};

struct actor {
	struct list node;
	struct endpoint *endpoint;
	enum actor_dialog dialog;
	enum actor_events events;
	bool caller;                    /* it sent the first INVITE */
	bool asked[MESSAGE_OTHER + 1];  /* Tandem asked and waits for a final response */
	bool asking[MESSAGE_OTHER + 1]; /* it asked Tandem, and waits */
	bool offered;                   /* Tandem's open INVITE has SDP */
	bool rang;                      /* its open INVITE got 101-199 */
	bool reliable;                  /* an 18x came that asks for a PRACK */
	bool ack_due;                   /* its INVITE got a final response */
	bool ack_answers;               /* which has an offer: the ACK has the answer */
	bool offering;                  /* its open INVITE had SDP */
	bool unacked;                   /* it sent a 2xx and has no ACK */
	bool early; /* of its first INVITE it sent more than 100: it asks for no credentials then */
	uint32_t cseq[MESSAGE_OTHER + 1]; /* of Tandem's last request of that method */
};

/* The actors of a run: a list of struct actor. */
struct actor *actors_find(struct list *actors, const struct endpoint *endpoint);
/* The same, made where there is none. */
struct actor *actors_get(struct list *actors, struct endpoint *endpoint);
void actors_free(struct list *actors);

/* MESSAGE of Tandem was read by it; before endpoint_read(). */
void actor_reads(struct actor *actor, const struct message *message);
/* STEP was played: "E sends METHOD ...", "E replies STATUS to METHOD". */
void actor_plays(struct actor *actor, const struct step *step);

/* To whom of PARTY a message of Tandem belongs. NULL: to nobody, or it begins a dialog. */
struct endpoint *actors_reader(
	struct stage *stage, const struct party *party, const struct message *message);
