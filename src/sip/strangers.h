/*
 * Who speaks to one side and is not let in: an address that is no plain gateway's, or a trunk that
 * speaks another transport than it is configured for. Nothing is answered to them. Of each kind
 * there is a line a minute, with how many there were, and the last sources are kept for who asks.
 *
 * Anybody can send a datagram under any address, as often as he likes. So a known source costs a
 * comparison or a lookup, a new one takes the place of another, and only so many new ones a second
 * are looked at; the others are counted. Loop thread.
 */
#pragma once

#include "base/addr.h"
#include "base/loop.h"
#include "base/span.h"
#include "base/spoken.h"
#include "sip/flow.h"

#include <stdbool.h>
#include <stdint.h>

/* Sources that are kept, of each side. */
#define STRANGERS_MAX 50
/* New ones that are looked at in a second. */
#define STRANGERS_NEW_A_SECOND 10
#define STRANGERS_SAID_MS 60000

enum stranger_kind {
	STRANGER_SOURCE,   /* the address of no trunk */
	STRANGER_DISABLED, /* of a trunk that is switched off */
	STRANGER_TRANSPORT, /* of a plain trunk: UDP where TCP is configured, or the reverse */
	STRANGER_PLAIN,   /* of a trunk that has TLS, in plain */
	STRANGER_SERVER,  /* of a server, in plain */
	STRANGER_TLS,     /* of a plain trunk, over TLS */
	STRANGER_NOT_TLS, /* whoever it is: what came to the port of TLS is none */
	STRANGER_KINDS,
};

/* Whose an address is, as the configuration has it. */
struct stranger_owner {
	char trunk[80]; /* "trunk carrier-a", "server pbx1"; "": nobody's */
	char file[256]; /* where its settings are */
	bool is_server;
	bool enabled;
	enum transport_kind transport; /* that it is to speak */
};

struct stranger {
	struct addr remote; /* the port is that of the last one */
	enum transport_kind transport;
	enum stranger_kind kind;
	char spoke
		[SPOKEN_TEXT_SIZE]; /* "SIP REGISTER"; "a connection" where no byte was read */
	struct stranger_owner owner;
	uint64_t count;
	uint64_t first_ms, last_ms; /* monotonic */
	uint64_t judged_ms;         /* when its kind was found */
	bool outdated;              /* it is to be found again */
};

struct strangers_params {
	const char *side; /* for the log; lives as long */
	struct loop *loop;
	/* Fills RET, which is zeroed, if REMOTE is a trunk's address. May be NULL. */
	void (*owner_h)(void *arg, const struct addr *remote, struct stranger_owner *ret);
	void *arg;
};

struct strangers;

int strangers_new(struct strangers **ret, const struct strangers_params *params);
void strangers_free(struct strangers *strangers); /* NULL is fine */

/* One datagram, or one connection, of which HEARD is what came, empty where nothing was read. */
void strangers_note(struct strangers *strangers, enum transport_kind transport,
	const struct addr *remote, struct span heard);
/*
 * A connection to the port of TLS that was refused for what it sent, and not for its certificate. SPOKE
 * are the words for that, "" where it was TLS: then it is noted only if a plain trunk made it. Whether
 * it was noted.
 */
bool strangers_note_tls(
	struct strangers *strangers, const struct addr *remote, const char *spoke);

/* Whose an address is may have changed: it is asked anew of each that comes again. */
void strangers_judge_again(struct strangers *strangers);

/* The word of a KIND in the log and in tandemctl: "source", "transport". */
const char *stranger_rule(enum stranger_kind kind);
/* Appends what to do about it. */
void stranger_remedy(const struct stranger *stranger, struct buf *out);

/* Calls H for each that is kept, the latest first. FIRST_US, LAST_US: by the wall clock. */
typedef void strangers_h(
	void *arg, const struct stranger *stranger, uint64_t first_us, uint64_t last_us);
void strangers_each(const struct strangers *strangers, strangers_h *h, void *arg);
