/* `tandemctl events`: an answer that goes on. Loop thread. */
#pragma once

#include "admin/api.h"

enum api_code event_verb_follow(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text);
