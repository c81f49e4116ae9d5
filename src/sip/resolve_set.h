/*
 * What DNS answered for one host: its servers in SRV terms with their addresses, and the
 * order in which they are to be tried. A host without SRV is one server. Plain values.
 */
#pragma once

#include "sip/resolve.h"

#include <stddef.h>
#include <stdint.h>

#define RESOLVE_SERVERS_MAX 8
#define RESOLVE_SERVER_ADDRS_MAX 8
#define RESOLVE_NAME_SIZE 254 /* RFC 1035 2.3.4, in text, with its NUL */

struct resolve_server {
	uint16_t priority;
	uint16_t weight;
	uint16_t port;
	char name[RESOLVE_NAME_SIZE];
	struct addr addrs[RESOLVE_SERVER_ADDRS_MAX]; /* with the port */
	unsigned addr_count;
};

struct resolve_set {
	struct resolve_server servers[RESOLVE_SERVERS_MAX];
	unsigned count;
};

/* HOST in lower case without a trailing dot. 0, or ERR_FORMAT for what is no host name. */
int resolve_name(char out[static RESOLVE_NAME_SIZE], const char *host);

/*
 * Adds a server from SRV data (RFC 2782). Of more than fit those of the lowest priority
 * are kept. 0; ERR_FORMAT for data that is malformed or names no host; ERR_SUPPORT for the
 * target ".", which says that the service is not offered.
 */
int resolve_set_add_srv(struct resolve_set *set, const uint8_t *data, size_t len);
/* Adds a server as if by SRV of one. NAME as resolve_name() gave it. */
void resolve_set_add_host(struct resolve_set *set, const char *name, uint16_t port);
/* Adds an address, with the server's port, unless it has enough. */
void resolve_server_add(struct resolve_server *server, const struct addr *addr);

/* Fills RET's addresses in the order to try them: by priority, within one by a new weighted
 * draw (RFC 2782), of one server IPv4 first. */
void resolve_set_order(const struct resolve_set *set, struct resolve_answer *ret);
