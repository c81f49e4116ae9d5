/*
 * Verbs on trunks and servers; see verb_list.h for what each does. ARG: a struct verbs_context.
 * Loop thread.
 */
#pragma once

#include "admin/api.h"

api_h trunk_verb_list;
api_h trunk_verb_show;
api_h trunk_verb_tls;
api_h trunk_verb_drain;
api_h trunk_verb_resume;
api_h server_verb_list;
api_h server_verb_show;
api_h server_verb_drain;
api_h server_verb_resume;
