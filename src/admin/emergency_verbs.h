/*
 * The verbs about emergency calls. Handlers of the verb table: see verbs.h. Loop thread.
 */
#pragma once

#include "admin/api.h"

api_h emergency_verb_test;
