/*
 * tandemctl route: whom a call would go to, without a call. Loop thread.
 */
#pragma once

#include "admin/api.h"

/* route test NUMBER [--from N] [--via server|trunk ID] [--emergency] */
enum api_code route_verb_test(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text);
