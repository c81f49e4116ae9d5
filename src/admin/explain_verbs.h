/*
 * The verbs that probe a trunk or server while whoever asks waits. Handlers of the verb
 * table: see verbs.h. Loop thread.
 */
#pragma once

#include "admin/api.h"

api_h trunk_verb_explain, server_verb_explain;
