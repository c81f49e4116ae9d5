#include "admin/api.h"

#include "base/list.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* So many arguments are kept of a call whose answer comes later: all that control.c takes. */
#define KEPT_ARGS 16

struct api {
	const struct api_verb *verbs;
	void *arg;
	struct list calls; /* struct api_call: answers that are due */
	/* Within a handler. */
	const struct api_request *request;
	const struct api_verb *verb; /* that REQUEST asks for */
	struct api_call *deferred;
	api_act_h *act_h; /* may be NULL */
	void *act_arg;
};

/* Whose answer comes later: what is recorded of it is copied. */
struct api_call {
	struct list node;
	struct api *api;
	const struct api_verb *verb;
	char *who;
	char *args[KEPT_ARGS];
	size_t arg_count;
	api_done_h *done_h;
	api_part_h *part_h;
	void *done_arg;
	void (*cancel_h)(void *arg);
	void *cancel_arg;
};

int api_new(struct api **ret, const struct api_verb *verbs, void *arg)
{
	struct api *api = calloc(1, sizeof(*api));

	if (!api)
		return -ENOMEM;
	api->verbs = verbs;
	api->arg = arg;
	list_init(&api->calls);
	*ret = api;
	return 0;
}

void api_set_witness(struct api *api, api_act_h *h, void *arg)
{
	api->act_h = h;
	api->act_arg = arg;
}

static void call_free(struct api_call *call)
{
	list_remove(&call->node);
	free(call->who);
	for (size_t i = 0; i < KEPT_ARGS; i++)
		free(call->args[i]);
	free(call);
}

static void abandon(struct api_call *call)
{
	call->cancel_h(call->cancel_arg);
	call_free(call);
}

void api_free(struct api *api)
{
	if (!api)
		return;
	LIST_FOREACH (&api->calls, node, next)
		abandon(LIST_ENTRY(node, struct api_call, node));
	free(api);
}

const struct api_verb *api_verbs(const struct api *api)
{
	return api->verbs;
}

const struct api_verb *api_find(
	const struct api_verb *verbs, const char *noun, const char *verb)
{
	for (; verbs->noun; verbs++)
		if (strcmp(verbs->noun, noun) == 0 && strcmp(verbs->verb, verb) == 0)
			return verbs;
	return NULL;
}

/* One line for one administrative act, whatever came of it. */
static void log_act(const char *who, const struct api_verb *verb, const char *const *args,
	size_t arg_count, enum api_code code)
{
	char who_text[LOG_TEXT_SIZE], arg_text[2][LOG_TEXT_SIZE] = {"\"\"", "\"\""};

	/* the first is an id; a number may be among what follows */
	if (arg_count > 0)
		log_text(arg_text[0], args[0], strlen(args[0]));
	if (arg_count > 1)
		log_said(arg_text[1], args[1], strlen(args[1]));
	log_text(who_text, who, strlen(who));
	if (arg_count == 0)
		log_info("api", "event=act noun=%s verb=%s who=%s code=%d", verb->noun,
			verb->verb, who_text, (int)code);
	else if (arg_count == 1)
		log_info("api", "event=act noun=%s verb=%s arg=%s who=%s code=%d",
			verb->noun, verb->verb, arg_text[0], who_text, (int)code);
	else
		log_info("api",
			"event=act noun=%s verb=%s arg=%s value=%s who=%s code=%d",
			verb->noun, verb->verb, arg_text[0], arg_text[1], who_text,
			(int)code);
}

static void tell_act(const struct api *api, const char *who, const struct api_verb *verb,
	const char *const *args, size_t arg_count, enum api_code code)
{
	const struct api_act act = {.who = who,
		.noun = verb->noun,
		.verb = verb->verb,
		.args = args,
		.arg_count = arg_count,
		.code = code};

	log_act(who, verb, args, arg_count, code);
	if (api->act_h)
		api->act_h(api->act_arg, &act);
}

static void tell_call(const struct api_call *call, enum api_code code)
{
	const char *args[KEPT_ARGS];

	for (size_t i = 0; i < call->arg_count; i++)
		args[i] = call->args[i] ? call->args[i] : "";
	if (call->verb->changes)
		tell_act(call->api, call->who ? call->who : "", call->verb, args,
			call->arg_count, code);
}

void api_abandon(struct api_call *call)
{
	if (!call)
		return;
	/* whoever does not wait for the end has perhaps got what he wanted */
	tell_call(call, API_FAILED);
	abandon(call);
}

struct api_call *api_defer(struct api *api, void (*cancel_h)(void *arg), void *arg)
{
	const struct api_request *request = api->request;
	struct api_call *call;

	if (!request || !request->done_h || api->deferred)
		return NULL;
	call = calloc(1, sizeof(*call));
	if (!call)
		return NULL;
	list_init(&call->node);
	call->api = api;
	call->verb = api_find(api->verbs, request->noun, request->verb);
	call->who = strdup(request->who);
	call->arg_count = request->arg_count < KEPT_ARGS ? request->arg_count : KEPT_ARGS;
	for (size_t i = 0; i < call->arg_count; i++)
		call->args[i] = strdup(request->args[i]);
	call->done_h = request->done_h;
	call->part_h = request->part_h;
	call->done_arg = request->arg;
	call->cancel_h = cancel_h;
	call->cancel_arg = arg;
	list_append(&api->calls, &call->node);
	api->deferred = call;
	return call;
}

bool api_part(struct api_call *call, json_t *part)
{
	if (call->part_h)
		return call->part_h(call->done_arg, part);
	json_decref(part);
	return false;
}

void api_finish(struct api_call *call, enum api_code code, json_t *result,
	const struct err_text *text)
{
	const struct err_text none = {""};
	api_done_h *done_h = call->done_h;
	void *arg = call->done_arg;
	tell_call(call, code);
	call_free(call);
	done_h(arg, code, result, text ? text : &none);
}

/* Runs the handler; what it deferred is in *RET_CALL, and given up when it did not stay with
 * that. */
static enum api_code run(struct api *api, const struct api_verb *verb,
	const struct api_request *request, struct api_call **ret_call,
	json_t **ret_result, struct err_text *text)
{
	enum api_code code;

	api->request = request;
	api->verb = verb;
	code = verb->h(api->arg, request->args, request->arg_count, ret_result, text);
	api->request = NULL;
	if (code == API_PENDING)
		*ret_call = api->deferred;
	else if (api->deferred)
		call_free(api->deferred);
	api->deferred = NULL;
	return code;
}

enum api_code api_call(struct api *api, const struct api_request *request,
	struct api_call **ret_call, json_t **ret_result, struct err_text *text)
{
	const struct api_verb *found = api_find(api->verbs, request->noun, request->verb);
	json_t *result = NULL;
	enum api_code code;

	if (!found) {
		err_set(text, 0, "no such command: %.64s %.64s", request->noun,
			request->verb);
		return API_USAGE;
	}
	if (request->arg_count < found->min_args ||
		request->arg_count > found->max_args) {
		err_set(text, 0, "usage: %s", found->usage);
		return API_USAGE;
	}
	code = run(api, found, request, ret_call, &result, text);
	if (code == API_PENDING)
		return code;
	if (found->changes)
		tell_act(api, request->who, found, request->args, request->arg_count,
			code);
	/* A failure may carry a result too: the mistakes of a configuration. */
	if (result)
		*ret_result = result;
	return code;
}

void api_tell(struct api *api)
{
	if (api->request && api->verb)
		tell_act(api, api->request->who, api->verb, api->request->args,
			api->request->arg_count, API_OK);
}

const char *api_who(const struct api *api)
{
	return api->request ? api->request->who : "";
}

json_t *api_text_span(struct span text)
{
	json_t *string = text.len && memchr(text.p, '\0', text.len)
				 ? NULL
				 : json_stringn(text.p ? text.p : "", text.len);
	char *copy;

	if (string)
		return string;
	copy = span_dup(text);
	for (size_t i = 0; copy && i < text.len; i++)
		if ((unsigned char)copy[i] >= 0x80 || copy[i] == '\0')
			copy[i] = '?';
	string = json_stringn(copy ? copy : "", copy ? text.len : 0);
	free(copy);
	return string;
}

json_t *api_text(const char *text)
{
	return api_text_span(span_of(text));
}
