/*
 * Verbs that take trunks and servers out of service and back; see verb_list.h for what each does. ARG: a struct
 * verbs_context. Loop thread.
 */
#pragma once

#include "admin/api.h"

api_h trunk_verb_drain;
api_h trunk_verb_resume;
api_h server_verb_drain;
api_h server_verb_resume;
