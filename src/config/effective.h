/*
 * What a snapshot says, key by key, and where each value came from. It reads no file, but for
 * effective_stale(). Loop thread.
 */
#pragma once

#include "config/config.h"
#include "config/schema.h"

/* One part of a snapshot: a server, a gateway, or (both NULL) the sections of the main file. With ROUTE that
 * route of GATEWAY alone. */
struct effective_part {
	const struct config *config;
	const struct config_server *server;
	const struct config_gateway *gateway;
	const struct config_route *route; /* of a [route NAME] */
};

enum effective_from {
	EFFECTIVE_FILE,      /* of the part itself */
	EFFECTIVE_PROFILE,   /* that the gateway inherits from */
	EFFECTIVE_INHERITED, /* of a section of the main file, or of [gateway] by a route */
	EFFECTIVE_DEFAULT,
};

struct effective {
	enum effective_from from;
	const char *file; /* where it is set, borrowed; NULL: nowhere */
	unsigned line;
	/* Of EFFECTIVE_INHERITED; its value may be a default, which is in no file. */
	const char *section;
	const char *note; /* what is in force instead; NULL: the value */
};

/* Whether KEY belongs to PART. */
bool effective_has(const struct effective_part *part, const struct schema_key *key);
/* Where the value of KEY came from; it is appended to VALUE as print_value() does. */
void effective_read(const struct effective_part *part, const struct schema_key *key,
	struct effective *ret, struct buf *value);
/* Whether both parts, of one kind, have the same value of KEY. */
bool effective_equal(const struct effective_part *a, const struct effective_part *b,
	const struct schema_key *key);
/* Room for effective_section(), with a NUL. */
#define EFFECTIVE_SECTION_SIZE 80
/* The section that KEY of PART stands in: "gateway", "route berlin". Returns BUF. */
const char *effective_section(const struct effective_part *part,
	const struct schema_key *key, char buf[static EFFECTIVE_SECTION_SIZE]);
/* "profile", "file"... */
const char *effective_from_name(enum effective_from from);

/*
 * Calls H with each file that PART was read from and that has other bytes now, or cannot be read any
 * more (GONE). That of a gateway, its profiles, and the main file.
 */
void effective_stale(const struct effective_part *part,
	void (*h)(void *arg, const char *file, bool gone), void *arg);
