/*
 * `call show`: one call, whether it stands or has ended, with its ladder. Loop thread.
 */
#pragma once

#include "admin/verbs.h"
#include "bridge/record.h"

/* A live call as its record would be, with its state: the names are the same everywhere. NULL: out of memory. */
json_t *call_show_json(const struct verbs_context *context, const struct record *record,
	const char *state);

api_h call_verb_show;
