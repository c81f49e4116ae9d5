/*
 * Verbs about captures: begun and ended on demand, held and released. Loop thread.
 */
#pragma once

#include "admin/api.h"

api_h capture_verb_start, capture_verb_stop, capture_verb_list;
api_h capture_verb_hold, capture_verb_release;
