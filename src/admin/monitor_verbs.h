/* What `tandemctl monitor` shows, once. Loop thread. */
#pragma once

#include "admin/api.h"

enum api_code monitor_verb_sample(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text);
