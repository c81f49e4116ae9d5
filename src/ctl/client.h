/*
 * One request to a running server over its control socket. tandemctl's only thread.
 */
#pragma once

#include "admin/api.h"

#include <stdbool.h>

/*
 * Sends the request and waits for the answer, which *ret_answer then owns (an object with
 * "code"). API_OK when there is one, whatever it says; API_NOT_RUNNING, API_DENIED or
 * API_FAILED with TEXT.
 */
enum api_code client_ask(const char *socket_path, const char *noun, const char *verb,
	char *const *args, json_t **ret_answer, struct err_text *text);
/* The same for somebody who waits for a completion: API_FAILED after a second. */
enum api_code client_ask_quickly(const char *socket_path, const char *noun,
	const char *verb, char *const *args, json_t **ret_answer, struct err_text *text);

/* A part of an answer that goes on: PART is borrowed. False: no more of it is wanted. */
typedef bool client_part_h(void *arg, const json_t *part);
/*
 * The same for a verb whose answer has parts, which come as long as both ends live. *RET_ANSWER stays
 * untouched where PART_H has ended it. API_FAILED also when the server ends.
 */
enum api_code client_follow(const char *socket_path, const char *noun, const char *verb,
	char *const *args, client_part_h *part_h, void *arg, json_t **ret_answer,
	struct err_text *text);
