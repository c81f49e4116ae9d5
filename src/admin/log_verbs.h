/* Verbs on the log; see verb_list.h for what each does. Loop thread. */
#pragma once

#include "admin/api.h"

api_h log_verb_level;
