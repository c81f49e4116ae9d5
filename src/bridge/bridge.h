/*
 * The bridge: every call of the server, and the way in for messages. The B2BUA's face
 * toward main and admin. Loop thread.
 */
#pragma once

#include "base/list.h"
#include "base/loop.h"
#include "base/saved.h"
#include "bridge/record.h"
#include "bridge/side.h"
#include "config/config.h"
#include "media/relay.h"
#include "sdp/sdes.h"
#include "sip/resolve.h"
#include "sip/transport.h"
#include "sip/txn.h"
#include "trunk/target.h"
#include "trunk/trunk.h"

#include <stdbool.h>
#include <stdint.h>

struct bridge;
struct call;

struct bridge_handlers {
	/* A call began; MODE is what is captured of it, by the rule of its gateway: of the first
	 * one that it is to be offered to, or where there is none by [audit]. */
	void (*begun_h)(void *arg, uint64_t call, const char *id, enum config_audit mode);
	/* It is about to be offered to another gateway, or was begun by a bridge before this one: from
	 * now on MODE is captured of it. Not told while that stays the same. */
	void (*capture_h)(
		void *arg, uint64_t call, const char *id, enum config_audit mode);
	/* A call ended. Called before the final answer to its BYE or CANCEL leaves. */
	void (*ended_h)(void *arg, const struct record *record);
	/* A call of WORD ID ("trunk", "gw") was answered 503: why, in a word of the log. May be NULL. */
	void (*refused_h)(
		void *arg, const char *word, const char *id, const char *reason);
	/* May a new call begin? False while audit is required and cannot write, or is behind. May
	 * be NULL. */
	bool (*ready_h)(void *arg);
	/* Is the server so busy that a new call would harm those in progress? May be NULL. */
	bool (*overloaded_h)(void *arg);
	void *arg;
};

struct bridge_params {
	struct timers *timers;
	struct config *config; /* the first snapshot; a reference is taken */
	struct trunks *trunks;
	struct resolver *resolver;
	const struct tap *tap; /* for the first INVITE of a call; may be NULL */
	struct bridge_handlers handlers;
};

int bridge_new(struct bridge **ret, const struct bridge_params *params);
/* Calls still alive are recorded as ended by shutdown. NULL is fine. */
void bridge_free(struct bridge *bridge);

/*
 * A server that ends so that another one goes on: writes each call that talks and waits for no message,
 * as one JSON object each in the list "calls", keys sealed. The relay was stopped. From now on
 * bridge_free() frees those without a word; the others end by shutdown. How many in *RET. 0, or -ENOMEM:
 * nothing was written.
 */
int bridge_save(struct bridge *bridge, struct saved to, unsigned *ret);
/*
 * BRIDGE, new, with its transports and its relay, goes on with the calls that another one wrote. How
 * many in *RET. A call that cannot go on, since its gateway left the configuration or its ports are in
 * use, ends, with a record. 0, or ERR_FORMAT with ERROR: FROM is of no bridge.
 */
int bridge_load(
	struct bridge *bridge, struct saved from, unsigned *ret, struct err_text *error);

/* Those of both sides, which are made after the bridge whose handlers they call. Before the first call. */
void bridge_set_transports(
	struct bridge *bridge, struct transport *internal, struct transport *external);
/* The relay is made after the bridge whose handlers it calls. Before the first call. */
void bridge_set_relay(struct bridge *bridge, struct relay *relay);
/* New calls use CONFIG; a reference is taken. */
void bridge_set_config(struct bridge *bridge, struct config *config);

/* What the transports of both sides call (their arg is from bridge_side()). */
struct transport_handlers bridge_transport_handlers(
	struct bridge *bridge, enum side side);

/* Keys that a line of a leg has from now on, or has still; borrowed. */
struct bridge_media_keys {
	const char *call; /* its id */
	const char *leg;  /* "a", "b" */
	unsigned line;
	const struct trunk *trunk; /* whose leg it is; NULL: nobody's */
	const struct addr *local,
		*remote; /* of RTP; the far end's as its SDP has it, len 0: not known */
	const struct sdes_crypto *theirs,
		*ours; /* what opens what it sends, and what seals what it gets */
};
typedef void bridge_media_keys_h(void *arg, const struct bridge_media_keys *keys);
/* H is told of SRTP that is agreed from now on, by an answer or by one that says the same again. NULL: nobody is. */
void bridge_watch_keys(struct bridge *bridge, bridge_media_keys_h *h, void *arg);

/* What the relay calls. */
struct relay_handlers bridge_relay_handlers(struct bridge *bridge);

/* ---- for requests of others than calls, by the connections that calls use ---- */

/* What carries them. Both live as long as BRIDGE and what bridge_set_transports() was given. */
struct txn_layer *bridge_txns(const struct bridge *bridge, enum side side);
struct transport *bridge_transport(const struct bridge *bridge, enum side side);

#define BRIDGE_NAME_SIZE 320
#define BRIDGE_PORT_SIZE 7 /* ":65535" */

/* How a request within no call names us and a trunk: as its calls do. */
struct bridge_names {
	char host[BRIDGE_NAME_SIZE];    /* ours, for Call-ID: "med1.example.com" */
	char from[BRIDGE_NAME_SIZE];    /* ours, for From */
	char contact[BRIDGE_NAME_SIZE]; /* "<sip:med1.example.com:5061;transport=tls>" */
	char target[BRIDGE_NAME_SIZE];  /* the trunk's: "carrier.example" */
	char port[BRIDGE_PORT_SIZE];    /* its port, for the Request-URI: ":5061" or "" */
	char params[24];                /* of the Request-URI: ";transport=tls" or "" */
};

/* For TARGET, which is called HOST, over FLOW to it. */
void bridge_names(struct bridge *bridge, const struct target *target, const char *host,
	const struct flow *flow, struct bridge_names *ret);

/* Whole header lines: Allow, Supported and Accept (RFC 3261 11.2), as a trunk with SETTINGS gets them
 * outside of dialogs. NULL: of nobody that is known. */
void bridge_add_capabilities(const struct config_trunk *settings, struct buf *out);

/* No new calls are taken from now on: 503 with Retry-After. */
void bridge_drain(struct bridge *bridge);
/* Ends every call: BYE, CANCEL or a final response to both sides. */
void bridge_end_all(struct bridge *bridge, const char *cause);

unsigned bridge_call_count(const struct bridge *bridge);
/* Emergency calls. */
struct bridge_emergencies {
	unsigned now;
	uint64_t
		started; /* since start, as the next three, which are of those that are over */
	uint64_t answered;
	uint64_t given_up; /* by their callers */
	uint64_t failed;   /* nobody took them */
};

/* Dialog and transaction counts, for status and leak tests. */
struct bridge_totals {
	unsigned calls, answered;
	unsigned dialogs, transactions;
	uint64_t started, ended, failed; /* since start */
	uint64_t refused; /* INVITEs answered 503: draining, a limit, overload or audit */
	struct bridge_emergencies emergencies;
	unsigned subscriptions; /* those that are asked for included */
	bool draining;
};
void bridge_totals(const struct bridge *bridge, struct bridge_totals *ret);
/* The limits of all calls together, and what of them is in use, until the next turn: *RET points into the
 * bridge and to *RET_LIMITS. */
void bridge_limits(const struct bridge *bridge, struct config_limits *ret_limits,
	struct limit_question *ret);
/* Messages of one side that were refused or dropped, by the NTH reason (sip/txn.h); false: there
 * is no such. */
bool bridge_refused(const struct bridge *bridge, enum side side, unsigned nth,
	const char **ret_reason, uint64_t *ret_count);

/* A live call in words, for call list and show: the record as it stands now (end_us: now)
 * and its state's name ("trying", "ringing", "talking", "ending"). */
void bridge_each_call(struct bridge *bridge,
	void (*h)(void *arg, const struct record *record, const char *state), void *arg);
/* A subscription that stands: its record as it is now, its package, and how long it lasts without a refresh. */
struct bridge_subscription {
	const struct record *record;
	const char *package;
	unsigned left_s;
};
void bridge_each_subscription(struct bridge *bridge,
	void (*h)(void *arg, const struct bridge_subscription *subscription), void *arg);
/* Ends one by id: 0 or -ENOENT. */
int bridge_end_subscription(struct bridge *bridge, const char *id);
/* One by number or id. False when there is none. */
bool bridge_show_call(struct bridge *bridge, const char *id,
	void (*h)(void *arg, const struct record *record, const char *state), void *arg);
/* The tap is told again who the parties of each call are that stands: for who begins to listen. */
void bridge_tell_parties(struct bridge *bridge);
/* The id that call NUMBER of this process has, or had. Returns BUF. */
#define BRIDGE_CALL_ID_SIZE 40
const char *bridge_call_id(const struct bridge *bridge, uint64_t number,
	char buf[static BRIDGE_CALL_ID_SIZE]);
/* Hangs up by number or id: 0 or -ENOENT. */
int bridge_hangup(struct bridge *bridge, const char *id);
