/*
 * How the legs of many calls were protected, counted for each server and trunk. One thread at a time.
 */
#pragma once

#include "audit/cdr_read.h"
#include "base/hash.h"
#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

/* MESSAGES: the signalling of requests that are no calls. */
enum tally_kind { TALLY_SIGNALLING, TALLY_MEDIA, TALLY_MESSAGES, TALLY_KINDS };

/* Different ways of one kind that a party is remembered with; further ones are counted
 * without their names. */
#define TALLY_WAYS 32
/* Parties: as many as a configuration may have, and some that it had. */
#define TALLY_PARTIES 40000

/* One way in which legs were protected. */
struct tally_way {
	char *text;  /* "TLS1.3 AES-256-GCM", "UDP", "AEAD_AES_256_GCM", "RTP",
	                * "UDPTL" */
	char *names; /* of the peer's certificate, escaped as in JSON; "" */
	bool secure;
	uint64_t ended; /* legs of calls that ended */
	uint64_t now;   /* legs of calls that stand */
};

struct tally_sum {
	struct tally_way *ways;
	unsigned way_count;
	uint64_t legs;   /* of answered calls that ended */
	uint64_t secure; /* of these */
	uint64_t below; /* legs of any call with less than their configuration demanded */
	char below_id[64]; /* the last such call */
};

struct tally_party {
	struct hash_node node;
	struct list order;
	char *name;      /* "server pbx1", "trunk carrier-a" */
	bool shown;      /* whoever reports it uses this */
	uint64_t failed; /* legs of calls that were never answered */
	struct tally_sum sums[TALLY_KINDS];
};

struct tally {
	struct hash parties;
	struct list order;  /* the same, as they were first met */
	uint64_t uncounted; /* legs that there was no memory for */
};

/* 0 or -ENOMEM. */
int tally_init(struct tally *tally);
void tally_free(struct tally *tally);

/* Counts both legs of CDR, of a call that ended or stands. */
void tally_add(struct tally *tally, const struct cdr *cdr, bool ended);

/* NULL: none of its calls was counted. */
struct tally_party *tally_find(const struct tally *tally, const char *name);
/* As they were first met. */
void tally_each(const struct tally *tally,
	void (*h)(void *arg, struct tally_party *party), void *arg);

/* Whether LEG of an answered call was protected: TLS, and SRTP where it had media. */
bool tally_leg_is_secure(const struct cdr_leg *leg);
