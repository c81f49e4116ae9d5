/*
 * One request to a running server over its control socket. tandemctl's only thread.
 */
#pragma once

#include "admin/api.h"

/*
 * Sends the request and waits for the answer, which *ret_answer then owns (an object with
 * "code"). API_OK when there is one, whatever it says; API_NOT_RUNNING, API_DENIED or
 * API_FAILED with TEXT.
 */
enum api_code client_ask(const char *socket_path, const char *noun, const char *verb,
	char *const *args, json_t **ret_answer, struct err_text *text);
