/*
 * Verbs on certificates; see verb_list.h for what each does. ARG: a struct verbs_context.
 * Loop thread.
 */
#pragma once

#include "admin/api.h"

api_h cert_verb_list;

struct seen_peer;
/* What a peer showed last, for whoever shows the peer; null where SEEN is NULL. */
json_t *cert_seen_json(const struct seen_peer *seen);
