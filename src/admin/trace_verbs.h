/* `tandemctl trace`: an answer that goes on. Loop thread. */
#pragma once

#include "admin/api.h"

api_h trace_verb_follow;
