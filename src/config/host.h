/*
 * Names of hosts as the configuration may have them. Pure. Any thread.
 */
#pragma once

#include <stdbool.h>

/* A host name (RFC 1123) of whatever labels; DOTTED: of two at least. */
bool host_is_name(const char *text, bool dotted);
/* A host name or an address. */
bool host_is_name_or_addr(const char *text);
