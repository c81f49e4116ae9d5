/* The verb of the protection report. Loop thread. */
#pragma once

#include "admin/api.h"

enum api_code report_verb_protection(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text);
