/*
 * What this machine knows of itself, for defaults and checks. tandemctl's only thread.
 */
#pragma once

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>

/* Its host name with a domain. False when it has none. */
bool machine_fqdn(char *ret, size_t size);
/* The address that it speaks from toward the world, or else any that is not of the loopback. Nothing is sent. */
bool machine_address(char ret[static ADDR_TEXT_SIZE]);
/* Whether something could listen on ADDR: it is one of this machine's. */
bool machine_has(const struct addr *addr);
/* Appends this machine's addresses, "192.0.2.1, 2001:db8::1". */
void machine_addresses(char *out, size_t size);
