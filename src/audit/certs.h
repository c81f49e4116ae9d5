/*
 * The certificates that the far ends of a captured call presented, kept beside its capture. Many calls are with the same far
 * ends, so in memory each chain is there once, and on the disk calls whose far ends presented the same have one file, by a name
 * (link(2)) each. Audit thread.
 */
#pragma once

#include "audit/parties.h"
#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

/* Of one chain, as certs_add_der() puts its certificates together, at most. */
#define CERTS_BYTES_MAX ((size_t)24 << 10)
#define CERTS_CHAIN_MAX 8
/* Far ends of one call whose chains are kept. */
#define CERTS_PARTIES_MAX 8

struct certs_pool;
struct certs_chain;

/* 0 or -ENOMEM. */
int certs_pool_new(struct certs_pool **ret);
/* When no call holds a chain any more. NULL is fine. */
void certs_pool_free(struct certs_pool *pool);

/* Those of one call. All zero: none. */
struct certs {
	unsigned count;
	struct {
		uint32_t party;
		struct certs_chain *chain;
	} list[CERTS_PARTIES_MAX];
};

/* PARTY presented DER, certificates as certs_put() puts them. The first of a party counts. Without memory or room it is left
 * out. */
void certs_add(
	struct certs *certs, struct certs_pool *pool, uint32_t party, struct span der);
/* Writes what was presented to a file below DIR_FD, which it takes, as PEM with a line of whose each chain is, and appends it to
 * FILES, a list of entry_file(); then CERTS has none. 0; or a negated errno, and it has them still; so it returns DIR_FD where that
 * is one. */
int certs_write(struct certs *certs, struct certs_pool *pool,
	const struct parties *parties, int dir_fd, struct buf *files);
void certs_free(struct certs *certs, struct certs_pool *pool);

/* Appends a certificate to what certs_add() takes. False: there is no room. Any thread. */
bool certs_put(char out[static CERTS_BYTES_MAX], size_t *len, struct span certificate);
