/*
 * Info Packages (RFC 6086): which a leg's far end takes, and which may cross. Loop thread.
 */
#pragma once

#include "bridge/leg.h"

/* Takes over what MESSAGE, of LEG's far end, lists in Recv-Info; nothing changes without that header. */
void packages_note(struct leg *leg, const struct message *message);
/* Appends Recv-Info: what LEG's far end may send us. */
void packages_add(const struct leg *leg, struct buf *out);
/* Whether LEG may send INFO: its Info-Package is in the leg's `info-packages`. */
bool packages_are_named(const struct leg *leg, const struct message *info);
/* Whether LEG may be sent it: it is in these, and its far end has it in its Recv-Info. */
bool packages_are_taken(const struct leg *leg, const struct message *info);
