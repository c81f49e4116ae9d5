/*
 * The verb on those who were not let in; see verb_list.h. ARG: a struct verbs_context. Loop
 * thread.
 */
#pragma once

#include "admin/api.h"

api_h stranger_verb_list;
