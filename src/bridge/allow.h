/*
 * The Allow header of what belongs to no dialog. Within the dialog of a call it is printed from leg_methods. Loop
 * thread.
 */
#pragma once

#include "base/buf.h"
#include "config/config.h"

/* Appends the line for a trunk with SETTINGS: what everybody may send, and what its `methods` name. NULL: what
 * everybody may. */
void allow_add(const struct config_trunk *settings, struct buf *out);
/* The same without what is served within dialogs alone: of a request outside of them that is refused. */
void allow_add_outside(const struct config_trunk *settings, struct buf *out);
/* Appends Accept and Accept-Encoding, for a 415: TYPES are what may be sent. */
void allow_add_types(const struct config_words *types, struct buf *out);
