/*
 * What passed between the parties of one call, in the order of time: made of the messages of its capture, or of what its
 * record says of it, as JSON that tandemctl draws. Loop thread.
 */
#pragma once

#include "base/addr.h"
#include "base/span.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Of one ladder. What comes behind these is counted, and left out. */
#define LADDER_MESSAGES_MAX 1000
#define LADDER_PARTIES_MAX 16
/* Bytes of whole messages in one ladder: those of further ones are left out. */
#define LADDER_TEXT_MAX ((size_t)4 << 20)

struct ladder;

/* WHOLE: each message is wanted whole, too. NULL: out of memory. */
struct ladder *ladder_new(bool whole);
void ladder_free(struct ladder *ladder); /* NULL is fine */

/* One more party, or one that is known: its column, counted from 0; LADDER_PARTIES_MAX: there is no room. LEG: "a", "b",
 * "c"; NAME: "trunk carrier-a". REMOTE: by which it is known where a capture does not say whose a message is; its len 0 or
 * NULL: not at all. */
unsigned ladder_party(struct ladder *ladder, const char *leg, const char *name,
	const struct addr *remote);

/* The column of the first one of NAME; LADDER_PARTIES_MAX: there is none. */
unsigned ladder_party_named(const struct ladder *ladder, const char *name);

/* One datagram of a capture. */
struct ladder_datagram {
	uint64_t wall_us;
	struct addr source, destination;
	bool knows;             /* who sent it; else that is found by its addresses */
	bool sent;              /* by us */
	const char *leg, *name; /* of its party; "" or "?": nobody's */
	struct span how;
	struct span data;
};
void ladder_add(struct ladder *ladder, const struct ladder_datagram *datagram);

/* Whether anything is in it that can be drawn. */
bool ladder_has_messages(const struct ladder *ladder);
/* All of it, as "ladder" of call-show.json has it, with SOURCE and NOTE; a new reference. NULL: out of memory. */
json_t *ladder_json(struct ladder *ladder, const char *source, const char *note);
