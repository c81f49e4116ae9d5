/*
 * The hosts file (hosts(5)), read again when it changes, so that an operator's edit counts
 * at once. "localhost" is always known (RFC 6761 6.3). Loop thread.
 */
#pragma once

#include "sip/resolve_set.h"

#include <stdbool.h>

struct resolve_hosts;

/* PATH is copied. A file that is missing is an empty one. 0 or -ENOMEM. */
int resolve_hosts_new(struct resolve_hosts **ret, const char *path);
void resolve_hosts_free(struct resolve_hosts *hosts); /* NULL is fine */

/* Adds the addresses of SERVER's name to it. False when the file does not know it. */
bool resolve_hosts_find(struct resolve_hosts *hosts, struct resolve_server *server);
