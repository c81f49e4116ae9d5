/*
 * The API: one table of verbs that tandemctl (and later HTTP) reach. Every administrative
 * act passes api_call(), which logs who did what. Loop thread.
 */
#pragma once

#include "base/err.h"
#include "base/span.h"

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
	API_PENDING = 100, /* the answer comes later; never sent to a client */
};

/* The longest that a verb takes to answer; whoever asks waits no longer. */
#define API_ANSWER_S 150

struct api;
struct api_call; /* a verb whose answer comes later */

/* A verb's work. ARGS: strings. On API_OK *ret_result owns a value (may stay NULL for
 * none); else TEXT says why, and *ret_result may own details (API_CONFIG: {"errors": [...]}).
 * One that called api_defer() returns API_PENDING, and neither. */
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
/* What was changed, or was to be; borrowed during the call. */
struct api_act {
	const char *who;
	const char *noun, *verb;
	const char *const *args;
	size_t arg_count;
	enum api_code code;
};
typedef void api_act_h(void *arg, const struct api_act *act);
/* H is told of each act that is logged. */
void api_set_witness(struct api *api, api_act_h *h, void *arg);
/* Abandons what is pending. NULL is fine. */
void api_free(struct api *api);

/* The answer of a verb that took its time. RESULT (may be NULL) is the callee's. */
typedef void api_done_h(
	void *arg, enum api_code code, json_t *result, const struct err_text *text);

/* A part of an answer that goes on; PART is the callee's. False: there is no room for it now, and it is
 * dropped. */
typedef bool api_part_h(void *arg, json_t *part);

/* Borrowed for the time of api_call(). */
struct api_request {
	const char *who; /* "uid 0 pid 123" */
	const char *noun, *verb;
	const char *const *args;
	size_t arg_count;
	api_done_h *done_h; /* NULL: whoever asks cannot wait */
	api_part_h *part_h; /* NULL: nor take an answer in parts */
	void *arg;
};

/*
 * Finds the verb, checks the number of arguments, runs it. *RET_RESULT is untouched when
 * there is none. API_PENDING: done_h is called later, once, unless api_abandon(*RET_CALL)
 * comes before.
 */
enum api_code api_call(struct api *api, const struct api_request *request,
	struct api_call **ret_call, json_t **ret_result, struct err_text *text);
/* Nobody waits for the answer any more: the work is cancelled, done_h is not called. NULL
 * is fine. */
void api_abandon(struct api_call *call);

/*
 * Called by a handler that will answer later; it then returns API_PENDING. CANCEL_H(ARG):
 * nobody waits any more, the handle is invalid. NULL when whoever asks cannot wait, or
 * without memory: then the handler fails.
 */
struct api_call *api_defer(struct api *api, void (*cancel_h)(void *arg), void *arg);
/* Answers, once, after the handler has returned; RESULT (may be NULL) is taken, TEXT may be
 * NULL. The handle is invalid afterwards. */
void api_finish(struct api_call *call, enum api_code code, json_t *result,
	const struct err_text *text);
/* Who asks, as the log has it, within a handler; "" outside of one. */
const char *api_who(const struct api *api);
/* Logs and tells what is under way as an act, though it changes nothing. Within a handler. */
void api_tell(struct api *api);
/* A part of the answer, before api_finish(); PART is taken. False: whoever asked is slow, or cannot take
 * parts, and it is dropped. The handle stays valid. */
bool api_part(struct api_call *call, json_t *part);
/* TEXT as a JSON string whatever bytes it holds: not UTF-8, each odd byte becomes '?'. */
json_t *api_text(const char *text);
/* The same of a span; a NUL in it becomes '?' too. */
json_t *api_text_span(struct span text);
/* All verbs, for `tandemctl help`. */
const struct api_verb *api_verbs(const struct api *api);
