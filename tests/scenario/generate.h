/*
 * What happens next in a random flow: a step in the language of scenarios, chosen from what
 * the parties know and owe, or against all rules. Says nothing of what must follow.
 */
#pragma once

#include "actor.h"
#include "dice.h"
#include "known.h"
#include "steps.h"

/* How a run is: each in per cent of the steps. */
struct generate_style {
	unsigned world;       /* the world moves: time apart */
	unsigned time;        /* time passes */
	unsigned chaos;       /* somebody breaks the rules */
	unsigned odd;         /* of descriptions: unusual or useless */
	unsigned deaf;        /* of what is owed: left undone for this time */
	unsigned rebirth;     /* another Tandem goes on */
	unsigned challenges;  /* of answers to Tandem's requests: 401 or 407 */
	unsigned emergencies; /* of calls */
	unsigned identities;  /* of messages that may have one */
	unsigned
		sessions; /* of INVITEs, UPDATEs and their 2xx: speak of session timers */
	unsigned
		transfers; /* percent of who talks and may, that asks for one; 0: nobody does */
	unsigned
		exchanges; /* of the steps: a request that is no call, or one within a subscription */
	unsigned redirections; /* of first answers to INVITEs: a 3xx */
	unsigned calls;        /* not per cent: so many at once */
};

struct generator {
	struct dice dice;
	struct stage *stage;
	struct list *actors;
	const struct known_set *known;
	struct generate_style style;
	unsigned begun; /* calls */
	unsigned forks;
};

void generator_init(struct generator *generator, uint64_t seed, struct stage *stage,
	struct list *actors, const struct known_set *known);
/* The steps before the curtain: servers, gateways and their settings. */
void generate_world(struct generator *generator, struct steps *out);
/* One step, or two that belong together. */
void generate_next(struct generator *generator, struct steps *out);
/* The steps that let every call end. */
void generate_end(struct generator *generator, struct steps *out);

/* Not for others: generate_message.c, generate_world.c. */
void generate_offer(
	struct generator *generator, const struct endpoint *endpoint, struct buf *out);
void generate_answer(
	struct generator *generator, const struct endpoint *endpoint, struct buf *out);
/* Somebody does what is due, or what may be done. False: there is nothing. */
bool generate_legal(struct generator *generator, struct buf *out);
void generate_chaos(struct generator *generator, struct buf *out);
void generate_event(struct generator *generator, struct steps *out);

/* Not for others: generate_session.c. */
/* Settings of session timers. */
void generate_sessions(struct generator *generator, struct steps *out);
/* Clauses of an INVITE or UPDATE, of a 2xx to one, and of a 422. */
void generate_session_asked(struct generator *generator, struct buf *out);
void generate_session_answered(struct generator *generator, struct buf *out);
void generate_session_small(struct generator *generator, struct buf *out);

/* Not for others: generate_transfer.c. */
/* Settings of transfers. */
void generate_transfers(struct generator *generator, struct steps *out);
/* The step in which BY asks for one. */
void generate_refer(
	struct generator *generator, const struct endpoint *by, struct buf *out);
/* Clauses of an INVITE of PARTY that begins a call: perhaps it replaces a dialog. */
void generate_replaces(
	struct generator *generator, const struct party *party, struct buf *out);
/* Clauses of an INVITE or a response to one: perhaps its sender takes REFER. */
void generate_takes_refer(struct generator *generator, struct buf *out);
/* Clauses of a NOTIFY: what came of a REFER. */
void generate_notified(struct generator *generator, struct buf *out);

/* Not for others: generate_exchange.c. */
/* Settings of what crosses beside calls. */
void generate_exchanges(struct generator *generator, struct steps *out);
/* The step in which PARTY sends a request that is no call. */
void generate_exchange(
	struct generator *generator, const struct party *party, struct buf *out);
/* The step in which ACTOR goes on with its subscription. */
void generate_within(
	struct generator *generator, const struct actor *actor, struct buf *out);
/* Clauses of a final response to a request of METHOD that is of a subscription. */
void generate_events_answered(struct generator *generator, const char *method,
	unsigned status, struct buf *out);

/* Not for others: generate_redirect.c. */
/* Settings of redirections. */
void generate_redirections(struct generator *generator, struct steps *out);
/* A 3xx, and its clauses where PARTY answers so: whom it names. */
unsigned generate_redirect_status(struct generator *generator);
void generate_redirected(
	struct generator *generator, const struct party *party, struct buf *out);
/* Clauses of a re-INVITE or UPDATE: perhaps that From may change, and another one. */
void generate_changed_from(
	struct generator *generator, const struct endpoint *endpoint, struct buf *out);

/* Not for others: generate_trunk.c. */
/* Settings of what trunks look after by themselves. */
void generate_trunks(struct generator *generator, struct steps *out);
/* Far ends answer OPTIONS in another way from now on, or a connection dies. */
void generate_trunk_event(struct generator *generator, struct steps *out);
/* Perhaps the endpoint NAME of PARTY asks for credentials instead of answering METHOD. */
bool generate_challenge(struct generator *generator, const struct party *party,
	const char *method, const char *name, struct buf *out);
/* What a registrar says, and with which clauses. */
unsigned generate_register_status(struct generator *generator);
void generate_registered(struct generator *generator, unsigned status, struct buf *out);
/* Clauses of a 503: when to try again. */
void generate_rest(struct generator *generator, struct buf *out);
/* Clauses of an INVITE that begins a call: perhaps an emergency call. */
void generate_called(struct generator *generator, struct buf *out);

/* Not for others: generate_identity.c. */
/* Settings of who is shown to whom. */
void generate_identities(struct generator *generator, struct steps *out);
/* Clauses of a message of PARTY: perhaps who is there, and what he wishes to hide. FIRST: an INVITE that begins a
 * call. */
void generate_identity(struct generator *generator, const struct party *party, bool first,
	struct buf *out);
