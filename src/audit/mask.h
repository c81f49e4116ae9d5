/*
 * Keys in SIP messages: found and overwritten, so that a message can be kept as evidence
 * without the secrets that it carried. Pure; any thread.
 */
#pragma once

#include <stddef.h>

/*
 * Overwrites with 'x' every SDES key and salt ("inline:", RFC 4568 9.1), every MIKEY
 * message ("a=key-mgmt:", RFC 4567) and every "k=" line's key (RFC 4566 5.12), wherever in
 * the message they stand. Lengths stay, so that Content-Length still holds, and so do the
 * lifetime and the MKI behind a key. Of digest credentials the response (RFC 7616 3.4), by which passwords could
 * be tried. Returns how many keys, and headers with credentials, were overwritten.
 */
unsigned mask_keys(char *data, size_t len);
