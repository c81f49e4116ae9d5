/*
 * The health of a trunk: of each name in its `host`, and of each address that these names have, what was
 * heard of it by calls and by those who ask (OPTIONS). Calls go to the addresses that are usable; who is
 * asked, when and how is not known here. Nothing here sends anything. Loop thread.
 *
 * Addresses are kept apart by name: over TLS the name is what the far end proves. An address keeps its
 * state as long as its name resolves to it, and for HEALTH_ABSENT_MS more, since DNS often gives some of many
 * in turn. What is not named now is never used.
 *
 * A change of state is one line of the log, with its cause, one count, and one call of the watch.
 */
#pragma once

#include "base/addr.h"
#include "base/err.h"
#include "base/timer.h"
#include "sip/resolve.h"
#include "trunk/health_machine.h"

#include <time.h>

struct trunk;

/* Names of one trunk, and addresses of one name. */
#define HEALTH_NAMES_MAX 8
#define HEALTH_ADDRESSES_MAX RESOLVE_MAX
/* An address that its name has no more is forgotten after this. */
#define HEALTH_ABSENT_MS 600000

/* What can be heard to work or not, from below. */
enum health_layer {
	HEALTH_NAME,      /* it resolves: of names alone */
	HEALTH_TRANSPORT, /* a connection; of UDP no ICMP error */
	HEALTH_TLS,
	HEALTH_SIP,   /* it responds */
	HEALTH_CALLS, /* it takes calls up */
	HEALTH_LAYERS,
};

enum health_verdict { HEALTH_NOT_SEEN, HEALTH_GOOD, HEALTH_BAD };

struct health_fact {
	enum health_verdict verdict;
	time_t since; /* by the wall clock; 0: never seen */
};

/* Both clocks of one moment. */
struct health_time {
	uint64_t ms; /* monotonic: timers_now_ms() */
	time_t wall;
};

/* What there is to say of a name and of an address. */
struct health_record {
	struct health_machine machine;
	time_t since; /* of its state, by the wall clock; 0: it is unknown */
	char *why; /* of its state: the cause, and what to do; owned; NULL: nothing to say */
	bool at_once; /* its last failure came so: see struct health_report */
	struct health_fact layers[HEALTH_LAYERS];
	int last_status;        /* of its last final response; 0: none */
	time_t last_answer;     /* when; 0: never */
	uint64_t round_trip_us; /* of the last one that was measured; 0: none */
};

struct health_address {
	struct addr addr;
	uint8_t name;       /* which of the trunk's names it is of */
	bool named;         /* its name has it now */
	uint64_t absent_ms; /* since when not, monotonic */
	struct health_record record;
};

struct health_watch {
	/* NAME: which of the trunk's; ADDRESS is NULL where the name's own state changed. It was BEFORE. */
	void (*h)(void *arg, struct trunk *trunk, unsigned name,
		const struct health_address *address, enum health_state before);
	void *arg;
};

/* What the trunks of one server have in common. */
struct health_world {
	struct timers *timers;
	struct health_watch watch; /* h may be NULL */
};

/* Of one trunk, embedded. Zero-initialised. */
struct trunk_health {
	/* `pinged` is set by whoever asks its addresses by OPTIONS, and tells what came of it. */
	struct health_rules rules;
	struct health_record *names; /* owned; as `host` has them */
	unsigned name_count;
	struct health_address *addresses; /* owned; by name, in the order to try them */
	unsigned count;
	uint64_t changes
		[HEALTH_STATES]; /* how often an address came to be so, since the start */
	unsigned troubled;       /* names and addresses that rest or are down */
	const struct health_world *world; /* NULL: there is no time, and nobody is told */
};

/* Of a trunk with NAME_COUNT names. 0 or -ENOMEM. */
int health_begin(struct trunk_health *health, const struct health_rules *rules,
	unsigned name_count);
void health_clear(struct trunk_health *health);
/* HEALTH goes on with the rules and names of FRESH, which has heard nothing yet and is cleared. What is known of
 * the old names WHERE says where they are among the new ones; HEALTH_NAMES_MAX: nowhere, it is forgotten. */
void health_renew(
	struct trunk_health *health, struct trunk_health *fresh, const unsigned *where);

/*
 * NAME, an index in its `host`, was resolved to ANSWER, or was not (then its addresses stay as they
 * are). 0 or -ENOMEM: then addresses that are new are not known.
 */
int health_learn(struct trunk *trunk, unsigned name, const struct resolve_answer *answer,
	const struct health_time *now);

/* The address ADDR of NAME, named or not; NULL: not known. HINT: where it may be, for speed. The pointer lasts
 * until the next health_learn(). */
struct health_address *health_find(struct trunk_health *health, unsigned name,
	const struct addr *addr, unsigned hint);

/* Something was heard. */
struct health_report {
	enum health_layer
		layer; /* the highest that was reached: where it works, or does not */
	enum health_event event;
	bool at_once; /* of a failure: nobody had to wait for it, since nothing listens there */
	const char *why;        /* of a failure, or rest; copied. NULL: nothing to say */
	int status;             /* of a final response; 0: none */
	uint64_t rest_ms;       /* of HEALTH_ASKS */
	uint64_t round_trip_us; /* 0: not measured */
};

/* It was heard of ADDR of NAME; what is not known is left alone. Layers below the one that works, or failed,
 * work. */
void health_report(struct trunk *trunk, unsigned name, const struct addr *addr,
	const struct health_report *report, const struct health_time *now);

/* Whether it rests or is down since no connection to it could be made. */
bool health_is_unconnected(const struct health_record *record);
/* The same, and that was known at once: a call that has nobody else to ask loses no time there. */
bool health_is_worth_a_try(const struct health_record *record);

/* A far end of it at REMOTE has connected to us over TLS, and speaks: what rests since it could not be connected to
 * may be used again, where that connection would be. */
void health_arrived(struct trunk_health *health, const struct addr *remote);

/* Whether NAME has an address now. */
bool health_has_addresses(const struct trunk_health *health, unsigned name);
/* A call goes to ADDR of NAME: see health_machine_claim(). */
void health_claim(struct trunk_health *health, unsigned name, const struct addr *addr,
	uint64_t now_ms);

/*
 * Why no call may go to any of its addresses now: HEALTH_RESTING or HEALTH_DOWN, with the record of the address,
 * or name, that is back first, borrowed until the next health_learn(), and in how many ms that may be; 0: not
 * known. HEALTH_UP: one may be used, or none is known. Mostly it takes one look.
 */
enum health_state health_hindrance(const struct trunk_health *health,
	const struct health_time *now, const struct health_record **ret,
	uint64_t *ret_back_ms);

struct health_time health_now(const struct timers *timers);

const char *health_layer_name(
	enum health_layer layer); /* "name", "transport", "tls", "sip", "calls" */
