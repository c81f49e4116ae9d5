/*
 * URIs and addresses as text, split in place: those that sofia-sip's parser printed, those that
 * it refused, and those of the configuration.
 *
 * Internal to the files of message.h; message_uri_parse(), message_param(), message_param_next()
 * and message_token_valid() of message.h are here too.
 */
#pragma once

#include "sip/message.h"

/*
 * Splits a name-addr or addr-spec (RFC 3261 25.1, 20.10) whose folds are gone. False when
 * its URI is none; display, params and tag are set even then.
 */
bool message_address_split(struct message_address *ret, struct span text);

/* Where the first C outside quoted strings is (RFC 3261 25.1); S.len: nowhere. A quote that
 * nobody closes is a character like others. */
size_t message_find_unquoted(struct span s, char c);
/* The length of the quoted-string that TEXT begins with; 1 when it is never closed. */
size_t message_quoted_len(struct span text);

/* Splits a URI within an address: as message_uri_parse(), but a user may be empty
 * ("<sip:@host>"). */
bool message_uri_split(struct message_uri *ret, struct span text);

/* A host name, IPv4 address or bracketed IPv6 address, as far as characters tell. */
bool message_host_valid(struct span host);
