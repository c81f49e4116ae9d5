/*
 * Verbs on the server as a whole; see verb_list.h for what each does. ARG: a struct
 * verbs_context. Loop thread.
 */
#pragma once

#include "admin/api.h"

api_h system_verb_status;
api_h system_verb_metrics;
api_h system_verb_shutdown;
