/*
 * URIs and addresses as text, split in place. What comes in was printed by the parser
 * proper (or is configuration), so that one reading of it serves all.
 *
 * Internal to message.c; message_uri_parse() and message_param() of message.h are here too.
 */
#pragma once

#include "sip/message.h"

/*
 * Splits a name-addr or addr-spec (RFC 3261 25.1, 20.10) whose folds are gone. False when
 * its URI is none; display, params and tag are set even then.
 */
bool message_address_split(struct message_address *ret, struct span text);

/* A host name, IPv4 address or bracketed IPv6 address, as far as characters tell. */
bool message_host_valid(struct span host);

/* RFC 3261 25.1: token. */
bool message_token_valid(struct span token);
