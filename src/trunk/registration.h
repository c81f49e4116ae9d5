/*
 * What is registered for a trunk at its registrar (RFC 3261 10), as a value: whoever keeps it registered
 * (src/upkeep) makes and changes it; calls, tandemctl and metrics read it. Loop thread.
 *
 * Our Contact has `line=`, a word of the trunk's own. A request that comes with it is of this trunk, where
 * it comes from where the trunk may come from: so several accounts at one carrier are told apart. The word
 * alone proves nothing, for everybody at the registrar can read it. It is the same after each start, so that a
 * start renews the binding of before instead of adding a second one.
 */
#pragma once

#include "base/hash.h"
#include "trunk/trunk.h"

#define REGISTRATION_LINE_SIZE 17
#define REGISTRATION_INSTANCE_SIZE 46
#define REGISTRATION_USER_SIZE 65

/* How one binding stands, in the words of tandemctl. */
enum binding_state {
	BINDING_WAITING,    /* not registered; the next REGISTER has its time */
	BINDING_ASKING,     /* not registered; a REGISTER is on its way */
	BINDING_REGISTERED, /* the refresh has its time */
	BINDING_REFRESHING, /* registered; a REGISTER is on its way */
	BINDING_OVERDUE,    /* registered; the last refresh failed */
	BINDING_LEAVING,    /* it is being removed */
};

/* One address of record, and with `outbound` one connection. Texts are owned by whoever made it. */
struct binding {
	const char *aor; /* "sip:+4930123@carrier.example" */
	enum binding_state state;
	bool bound;      /* calls reach us by it */
	unsigned reg_id; /* RFC 5626: which connection, from 1; 0: no outbound */
	time_t since;    /* it is registered, or not, since then */
	time_t expires;  /* 0: it is not registered */
	time_t next;     /* the next REGISTER; 0: one is on its way, or waits its turn */
	struct addr address; /* that was asked last; len 0: none */
	int status;          /* the last final response; 0: there was none */
	time_t status_at;    /* when that came, or was missed; 0: never */
	uint64_t failures;   /* REGISTERs that failed or were refused, since the start */
	unsigned in_a_row;   /* of these, since it was accepted last */
	char why[ERR_REASON_SIZE]; /* what failed last; "" after a success */
	struct flow *flow; /* that it was made over; borrowed; NULL: none, or it ended */
	const char *route; /* Service-Route (RFC 3608), as whole Route lines; "": none */
};

struct registration {
	struct hash_node node;
	struct trunk *trunk; /* borrowed */
	char line[REGISTRATION_LINE_SIZE];
	char instance[REGISTRATION_INSTANCE_SIZE]; /* "urn:uuid:..." (RFC 5626 4.1) */
	char user[REGISTRATION_USER_SIZE];         /* of our Contact; "" with `bulk` */
	const char *
		domain; /* of our identity, or NULL: none was named; owned by the maker */
	bool required;  /* calls out only while it is registered */
	bool outbound;
	struct binding **bindings; /* that of `identity` comes first */
	unsigned count;
	struct addr *
		addrs; /* of registrar and outbound proxy, as last resolved; owned by the maker */
	unsigned addr_count;
};

/* All of them, by line. */
struct registrations;

int registrations_new(struct registrations **ret);            /* 0 or -ENOMEM */
void registrations_free(struct registrations *registrations); /* NULL is fine */

/* The user of our Contact of `identity` with SETTINGS; "" with `bulk`. Lives as long as these. */
struct span registration_user(const struct config_register *settings);
/* Fills LINE and INSTANCE from what names this server and the trunk. */
void registration_name(
	struct registration *registration, const char *fqdn, const char *id);

/* REGISTRATION, of TRUNK, is what trunk->registration says from now on; what it names must stay. */
void registrations_publish(struct registrations *registrations, struct trunk *trunk,
	struct registration *registration);
/* The opposite. One that was not published is fine. */
void registrations_withdraw(
	struct registrations *registrations, struct registration *registration);
/* The one with LINE that FITS says is meant; NULL: none. */
struct registration *registrations_find(const struct registrations *registrations,
	struct span line, bool (*fits)(void *arg, const struct trunk *trunk), void *arg);

/* Whether IDENTITY is registered: with `outbound` by one connection at least. */
bool registration_is_bound(const struct registration *registration);
/* A binding of IDENTITY by which calls come and go now: the first that is bound, and with `outbound` has its
 * connection; NULL: none. */
const struct binding *registration_binding(const struct registration *registration);
/* How many of its bindings are bound. */
unsigned registration_bound_count(const struct registration *registration);

/* "registered", "refreshing", "overdue", "asking", "waiting", "leaving". */
const char *binding_state_name(enum binding_state state);
