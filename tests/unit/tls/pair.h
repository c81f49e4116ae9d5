/*
 * A channel of ours and a bare far end, joined by a socket pair: for tests of who is let
 * in. Nothing here returns an error but the handshake itself.
 */
#pragma once

#include "far.h"
#include "lab.h"

#include "tls/channel.h"

/* The name of the far end, which "good" is for. */
#define PAIR_HOST "sbc.carrier.example"

/* What the tests of a program share; made once, for keys cost time. */
struct pair_world {
	struct lab_id root, us, good;
	struct cred *cred; /* of us */
	struct trust *trust;
	struct peer *peer; /* PAIR_HOST */
};

/* Within a lab. */
void pair_world_make(struct pair_world *ret);
void pair_world_drop(struct pair_world *world);

/* Every combination of role and version: bit 0 is `accept`, bit 1 is TLS 1.2. */
#define PAIR_KINDS 4

struct pair {
	struct channel *channel;
	struct far far;
	int fd;
	int result; /* of our handshake: -EAGAIN while it goes on */
};

/* We present CRED and expect PEER; the far end presents ID, or nothing when it is NULL. */
void pair_open(struct pair *pair, bool accept, struct cred *cred, const struct peer *peer,
	const struct lab_id *id, const char *priorities);
/* Both handshakes to their ends; returns ours. */
int pair_shake(struct pair *pair);
void pair_stop(struct pair *pair);

/* explain_channel() of CHANNEL says WORDS. */
void assert_words(const struct channel *channel, const char *words);

/* PEER is refused by RULE, in both roles and versions: the far end gets ALERT, our log
 * WORDS, and the refusal is final. */
void pair_refuse(struct cred *cred, const struct peer *peer, const struct lab_id *id,
	enum peer_rule rule, int alert, const char *words);
/* And this is one of those cases alone. */
void pair_refuse_kind(int kind, struct cred *cred, const struct peer *peer,
	const struct lab_id *id, enum peer_rule rule, int alert, const char *words);
/* It is let in, as PEER, in both roles and versions; or in one of these cases. */
void pair_accept(struct cred *cred, const struct peer *peer, const struct lab_id *id);
void pair_accept_kind(
	int kind, struct cred *cred, const struct peer *peer, const struct lab_id *id);
