/*
 * Who is at the other end of a call (connected identity): what one far end says of itself in responses,
 * re-INVITEs and UPDATEs, by P-Asserted-Identity and Remote-Party-ID, is told to the other, where that has
 * connected = pass. A far end that has from-change (RFC 4916) is told by From of our requests too, and whoever it is
 * told of may change its own: it is a From as others are, believed no more than that of an INVITE. Dialogs are known by
 * their tags alone. Loop thread.
 */
#pragma once

#include "bridge/call.h"

/* Leg b is about to get its INVITE: whether each of the two may change its From is known. */
void connected_ready(struct call *call);
/* Leg b got its INVITE: what it was told of who calls is what it knows. */
void connected_begin(struct call *call);
/* Nobody there took the call: what leg a heard of them does not hold for the next one. */
void connected_forget(struct call *call);
/* MESSAGE, of leg FROM, may say who is there now. The other leg is told with the next message that it gets; who is
 * transferred, for whom a leg stands in, when he is joined with FROM. */
void connected_hear(struct call *call, struct leg *from, struct message *message);
/* Both legs are told what a request of the other one said and no message has taken to them: by UPDATE, or
 * re-INVITE where the leg takes none; where that may not go now with the next message, or when this is called
 * again. */
void connected_tell(struct call *call);
