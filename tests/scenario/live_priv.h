/* What the files of live.h share. Not for others. */
#pragma once

#include "live.h"
#include "live_calls.h"
#include "live_daemon.h"
#include "live_media.h"
#include "live_net.h"

#include "../unit/tls/lab.h"

struct live {
	struct outside outside; /* first */
	struct live_net net;
	struct live_daemon daemon;
	struct live_calls calls;
	struct live_media media;
	struct lab_id root;
	uint64_t real_us; /* when the stage's clock was set last */
	json_int_t started, ended, packets;
	json_int_t taken[2]; /* messages, by side */
	json_int_t left;     /* calls, dialogs, transactions, sessions, ports */
	unsigned certificates;
	bool abrupt;
	bool over;             /* nothing is played any more */
	struct err_text fault; /* with which it was over; "": none */
};

static inline struct live *live_of(struct outside *outside)
{
	return (struct live *)outside;
}

/* live.c: until nothing moves any more. */
void live_settle(struct live *live);
void live_advance(struct outside *outside, uint64_t ms);

/* Ends the server with all its calls. */
void live_shut_down(struct live *live);

/* live_world.c: a step of the world. */
int live_play(struct outside *outside, const struct step *step, struct err_text *error);

/* live_conf.c: the files of the configuration, as the stage has it now. */
void live_write_settings(struct live *live);
/* Ours, and the root that signs for the parties. */
void live_write_certificates(struct live *live);
/* STATION has a certificate of its own; the one that it had must not be in use. */
void live_certify(struct live *live, struct live_station *station);
/* The certificate of STATION is revoked, and no other; NULL: none is. */
void live_revoke(struct live *live, const struct live_station *station);
