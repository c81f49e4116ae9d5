/*
 * Verbs on what is counted; see verb_list.h for what each does. ARG: a struct verbs_context. Loop thread.
 */
#pragma once

#include "admin/api.h"

api_h counters_verb_reset;
