/*
 * Verbs on calls; see verb_list.h for what each does. ARG: a struct
 * verbs_context. Loop thread.
 */
#pragma once

#include "admin/api.h"

api_h call_verb_list;
api_h call_verb_show;
api_h call_verb_hangup;
