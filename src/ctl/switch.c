#include "ctl/switch.h"

#include "config/config.h"
#include "ctl/client.h"

#include <errno.h>
#include <string.h>

static bool is_ok(const json_t *answer)
{
	return json_integer_value(json_object_get(answer, "code")) == API_OK;
}

/* Asks where the trunk's file is: *RET is borrowed from *RET_ANSWER. NULL: there is no such trunk. */
static enum api_code ask_file(const char *socket_path, char *id, const char **ret,
	json_t **ret_answer, struct err_text *text)
{
	char *const args[] = {id, NULL};
	enum api_code code =
		client_ask(socket_path, "trunk", "show", args, ret_answer, text);

	if (code != API_OK)
		return code;
	*ret = json_string_value(
		json_object_get(json_object_get(*ret_answer, "result"), "file"));
	return API_OK;
}

static enum api_code write_file(const char *file, enum config_tls_mode mode,
	struct buf *ret_before, struct err_text *text)
{
	int err =
		config_gateway_edit(file, "tls", config_tls_name(mode), ret_before, text);
	const struct err_text why = *text;

	if (err != -EACCES && err != -EPERM && err != -EROFS)
		return err ? API_FAILED : API_OK;
	err_set(text, err,
		"%s; it is changed with your rights, not with those of the server",
		why.text);
	return API_DENIED;
}

/* Takes the change back, and says so in the ANSWER, if there is one. */
static enum api_code take_back(const char *file, const struct buf *before, json_t *answer,
	enum api_code code, struct err_text *text)
{
	const char *error = json_string_value(json_object_get(answer, "error"));
	struct err_text restored = {""};
	struct err_text whole;

	if (config_file_restore(file, before, &restored) == 0)
		err_set(&restored, 0, "%s is as it was", file);
	err_set(&whole, 0, "%s; %s", answer ? error ? error : "failed" : text->text,
		restored.text);
	if (answer)
		json_object_set_new(answer, "error", json_string(whole.text));
	*text = whole;
	return code;
}

enum api_code switch_tls(const char *socket_path, char *const *args, json_t **ret_answer,
	struct err_text *text)
{
	json_t *shown = NULL;
	const char *file = NULL;
	enum config_tls_mode mode;
	struct buf before;
	enum api_code code = API_OK;

	if (config_tls_of_switch(args[1], &mode))
		code = ask_file(socket_path, args[0], &file, &shown, text);
	if (code == API_OK && file)
		code = write_file(file, mode, &before, text);
	if (code != API_OK) {
		json_decref(shown);
		return code;
	}
	code = client_ask(socket_path, "trunk", "tls", args, ret_answer, text);
	if (file && (code != API_OK || !is_ok(*ret_answer)))
		code = take_back(file, &before, *ret_answer, code, text);
	if (file)
		buf_free(&before);
	json_decref(shown);
	return code;
}
