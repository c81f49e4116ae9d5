/*
 * `cdr tail`; see verb_list.h. ARG: a struct verbs_context. Loop thread.
 */
#pragma once

#include "admin/api.h"

api_h cdr_verb_tail;
