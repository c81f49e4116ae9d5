/*
 * A DNS server for a Tandem that runs: A records alone, each valid for no time at all, so that every
 * call asks anew. A name may be held: it has no answer then, until it is let go.
 */
#pragma once

#include "base/addr.h"

#include <stdbool.h>

#define LIVE_NAMES_MAX 16
#define LIVE_NAMES_HELD 32
#define LIVE_NAME_QUERY 512

struct live_query {
	char host[256];
	unsigned char data[LIVE_NAME_QUERY];
	size_t len, end; /* all of it; where the question ends */
	struct addr from;
};

struct live_names {
	int fd;
	struct {
		char host[80];
		struct addr addr;
		bool held;
	} names[LIVE_NAMES_MAX];
	unsigned count;
	struct live_query held[LIVE_NAMES_HELD];
	unsigned held_count;
};

/* Listens at ADDRESS. Aborts where it cannot. */
void live_names_open(struct live_names *names, const char *address);
void live_names_close(struct live_names *names);
void live_names_set(struct live_names *names, const char *host, const struct addr *addr);
/* HOLD: questions for HOST wait from now on; else they, and those that wait, are answered. */
void live_names_hold(struct live_names *names, const char *host, bool hold);
/* Answers what was asked. Whether something was. */
bool live_names_serve(struct live_names *names);
