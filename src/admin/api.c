#include "admin/api.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct api {
	const struct api_verb *verbs;
	void *arg;
};

int api_new(struct api **ret, const struct api_verb *verbs, void *arg)
{
	struct api *api = calloc(1, sizeof(*api));

	if (!api)
		return -ENOMEM;
	api->verbs = verbs;
	api->arg = arg;
	*ret = api;
	return 0;
}

void api_free(struct api *api)
{
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

	for (size_t i = 0; i < arg_count && i < 2; i++)
		log_text(arg_text[i], args[i], strlen(args[i]));
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

enum api_code api_call(const struct api *api, const char *who, const char *noun,
	const char *verb, const char *const *args, size_t arg_count, json_t **ret_result,
	struct err_text *text)
{
	const struct api_verb *found = api_find(api->verbs, noun, verb);
	json_t *result = NULL;
	enum api_code code;

	if (!found) {
		err_set(text, 0, "no such command: %.64s %.64s", noun, verb);
		return API_USAGE;
	}
	if (arg_count < found->min_args || arg_count > found->max_args) {
		err_set(text, 0, "usage: %s", found->usage);
		return API_USAGE;
	}
	code = found->h(api->arg, args, arg_count, &result, text);
	if (found->changes)
		log_act(who, found, args, arg_count, code);
	/* A failure may carry a result too: the mistakes of a configuration. */
	if (result)
		*ret_result = result;
	return code;
}

json_t *api_text(const char *text)
{
	json_t *string = json_string(text);
	char *copy;

	if (string)
		return string;
	copy = strdup(text);
	for (char *c = copy; c && *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	string = json_string(copy ? copy : "");
	free(copy);
	return string;
}
