/*
 * The certificate chain that each peer presented last, kept over restarts in a folder, a PEM
 * file each, which is written beside the loop. So a change of a peer's issuer, key or purpose is
 * noticed even where its certificate is valid. Loop thread.
 */
#pragma once

#include "base/clock.h"
#include "base/filing.h"
#include "base/hash.h"
#include "tls/facts.h"

/* What has changed in a chain; bits. */
enum seen_change {
	SEEN_CERTIFICATE = 1 << 0,
	SEEN_KEY = 1 << 1,
	SEEN_ISSUER = 1 << 2,
	SEEN_CHAIN = 1 << 3, /* what is above the leaf, but for roots */
	SEEN_EKU = 1 << 4,
	SEEN_NAMES = 1 << 5,
};

/* Chains of one peer that are not reported as a change: the members of a cluster may each have
 * their own. */
#define SEEN_RECENT_MAX 8

struct seen;

struct seen_peer {
	struct hash_node node;
	struct seen *seen;   /* whose it is */
	char *name;          /* "trunk carrier-a" */
	struct facts *chain; /* leaf first; NULL: it has shown none yet */
	unsigned count;
	time_t since;     /* when it showed this one first */
	unsigned changed; /* by the last change since the start; 0: there was none */
	time_t changed_at;
	char before[FACTS_FINGERPRINT_SIZE]; /* the leaf until then */
	uint64_t shown; /* hash of the chain as it came, root and all */
	uint64_t recent
		[SEEN_RECENT_MAX]; /* hashes of chains without roots, the latest first */
};

struct seen_params {
	struct clock *clock;   /* borrowed; its wall clock */
	struct filing *filing; /* borrowed */
	const char *folder;    /* is made when something is kept; copied */
	/* A peer presented a chain that is not among its recent ones. May be NULL. */
	void (*news_h)(void *arg);
	void *arg;
};

/* 0 or -ENOMEM. */
int seen_new(struct seen **ret, const struct seen_params *params);
void seen_free(struct seen *seen); /* NULL is fine */

/* The peer NAME was accepted with CHAIN, DER, leaf first. */
void seen_note(
	struct seen *seen, const char *name, const gnutls_datum_t *chain, unsigned count);
/* Borrowed until the next seen_note(). NULL: it never showed any. */
const struct seen_peer *seen_find(struct seen *seen, const char *name);

#define SEEN_CHANGE_TEXT_SIZE 64
/* "certificate,key,issuer". Returns BUF. */
const char *seen_change_text(unsigned changed, char buf[static SEEN_CHANGE_TEXT_SIZE]);
