/*
 * Verbs on subscriptions; see verb_list.h for what each does. ARG: a struct verbs_context. Loop thread.
 */
#pragma once

#include "admin/api.h"

api_h subscription_verb_list;
api_h subscription_verb_end;
