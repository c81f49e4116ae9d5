/*
 * Nonces that we give out for digest authentication (RFC 7616 3.3). Nothing is kept of one until it has been
 * used with the right password: it says itself when it was made, and that we made it, for whom. So asking for
 * passwords costs no memory, however often it is done. Loop thread.
 */
#pragma once

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct nonces;

/* How long one is good. */
#define NONCE_LIFE_MS 300000
/* With its NUL. */
#define NONCE_SIZE 53
/* So many that were used are remembered, with the counts that they were used with. */
#define NONCE_USED 1024
/* So far below the highest one a count may come late. */
#define NONCE_WINDOW 64

/* With a random key: those of an earlier process, or of another, are foreign. 0 or a negated errno. */
int nonces_new(struct nonces **ret);
void nonces_free(struct nonces *nonces); /* NULL is fine */

/* Another one at NOW_MS, for whom ABOUT says. 0, -ENOMEM or ERR_LIBRARY. */
int nonces_make(struct nonces *nonces, uint64_t now_ms, struct span about,
	char ret[static NONCE_SIZE]);

enum nonce_state {
	NONCE_GOOD,
	NONCE_STALE,   /* ours, but too old, or used with this count already */
	NONCE_FOREIGN, /* not ours, or not for whom ABOUT says */
};

/* What NONCE with the count NC is worth at NOW_MS. */
enum nonce_state nonces_judge(const struct nonces *nonces, uint64_t now_ms,
	struct span about, struct span nonce, uint32_t nc);
/* It was GOOD, and what came with it too: its count is used. */
void nonces_use(struct nonces *nonces, struct span nonce, uint32_t nc);
