/*
 * Verbs on the configuration: what is in force, what the files would change, taking them into use; see
 * verb_list.h for what each does. ARG: a struct verbs_context. Loop thread.
 */
#pragma once

#include "admin/api.h"

api_h config_verb_check;
api_h config_verb_diff;
api_h config_verb_reload;
api_h config_verb_confirm;
api_h trunk_verb_config;
api_h server_verb_config;

/* The configuration that is in force, for `status`. ARG: a struct verbs_context. */
json_t *config_state_json(const void *arg);
