/* `report sign`: a protection report becomes a record of the log, by its sum. Loop thread. */
#pragma once

#include "admin/api.h"

enum api_code report_verb_sign(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text);
