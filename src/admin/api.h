/*
 * The API: one table of verbs that tandemctl (and later HTTP) reach. Every administrative
 * act passes api_call(), which logs who did what. Loop thread.
 */
#pragma once

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What tandemctl exits with. */
enum api_code {
	API_OK = 0,
	API_FAILED = 1,
	API_USAGE = 2,
	API_NOT_RUNNING = 3,
	API_NOT_FOUND = 4,
	API_DENIED = 5,
	API_CONFIG = 6,
};

struct api;

/* A verb's work. ARGS: strings. On API_OK *ret_result owns a value (may stay NULL for
 * none); else TEXT says why, and *ret_result may own details (API_CONFIG: {"errors": [...]}). */
typedef enum api_code api_h(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text);

struct api_verb {
	const char *noun;
	const char *verb;
	unsigned min_args, max_args;
	bool changes;      /* something is changed: logged at info with who did it */
	const char *usage; /* "trunk tls ID on|off" */
	const char *help;
	api_h *h;
};

/* The verb of this name in VERBS, or NULL. A noun that is a command by itself ("status")
 * has the verb "". */
const struct api_verb *api_find(
	const struct api_verb *verbs, const char *noun, const char *verb);

/* VERBS is a static table that ends with noun NULL; ARG goes to each handler. */
int api_new(struct api **ret, const struct api_verb *verbs, void *arg);
void api_free(struct api *api);
/* Finds the verb, checks the number of arguments, runs it. WHO: "uid 0 pid 123". *RET_RESULT
 * is untouched when there is none. */
enum api_code api_call(const struct api *api, const char *who, const char *noun,
	const char *verb, const char *const *args, size_t arg_count, json_t **ret_result,
	struct err_text *text);
/* TEXT as a JSON string whatever bytes it holds: not UTF-8, each odd byte becomes '?'. */
json_t *api_text(const char *text);
/* All verbs, for `tandemctl help`. */
const struct api_verb *api_verbs(const struct api *api);
