/*
 * What a call's record says of what passed, in the form of a ladder: for a call that was not captured, or whose capture
 * nobody here can read. Pure; loop thread.
 */
#pragma once

#include "admin/ladder.h"

#include <jansson.h>

/* Tells LADDER who its parties are, by RECORD, as cdr_format() has it: for a capture that does not say it. */
void ladder_record_parties(struct ladder *ladder, const json_t *record);

/* "ladder" of call-show.json of what RECORD says, with NOTE. A new reference; NULL: out of memory. */
json_t *ladder_record_json(const json_t *record, const char *note);
