/*
 * Keys in SIP messages: found and overwritten, so that a message can be kept as evidence
 * without the secrets that it carried. Pure; any thread.
 */
#pragma once

#include <stddef.h>

/*
 * Overwrites with 'x' every SDES key and salt ("inline:", RFC 4568 9.1), every MIKEY
 * message ("a=key-mgmt:", RFC 4567), every "k=" line's key (RFC 4566 5.12) and every password of ICE ("a=ice-pwd:", RFC 8839
 * 5.4), wherever in the message they stand. Lengths stay, so that Content-Length still holds, and so do the
 * lifetime and the MKI behind a key. Of credentials what passwords could be tried by: response and rspauth of digest (RFC 7616
 * 3.4, 3.5), gssapi-data; and all of those that are a secret themselves (Basic, Bearer). Returns how many keys, and headers
 * with credentials, were overwritten.
 */
unsigned mask_keys(char *data, size_t len);

/*
 * Overwrites with 'x' the digits that a caller pressed, in the bodies of a SIP message, or parts of them, that carry such:
 * application/dtmf-relay, application/dtmf, application/vnd.nortelnetworks.digits, audio/telephone-event, and in
 * digits="..." of application/kpml-response+xml (RFC 4730). How long each was pressed stays. Returns how many bodies these were.
 */
unsigned mask_digits(char *data, size_t len);
