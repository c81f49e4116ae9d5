#include "ctl/watch.h"

#include "admin/api.h"
#include "ctl/answer.h"
#include "ctl/client.h"
#include "ctl/screen.h"
#include "ctl/show.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL_MS 1000

/* JSON on one line a picture: what reads it can tell where each ends. */
static void print(const struct session *session, const struct command *command,
	const json_t *value, unsigned nth)
{
	if (session->options->quiet)
		return;
	if (session->options->format == FORMAT_JSON) {
		json_dumpf(value, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
		putchar('\n');
		return;
	}
	screen_begin(nth);
	show_result(&session->style, command->noun, command->verb, value);
}

static bool has_ended(const json_t *call)
{
	const char *state = json_string_value(json_object_get(call, "state"));

	return state && strcmp(state, "ended") == 0;
}

/* Without its ladder: who wants that while it grows has `trace`. */
static void pick_id(char *const *args, char *ret_args[static 3])
{
	static char brief[] = "--brief";

	ret_args[0] = ret_args[2] = NULL;
	ret_args[1] = brief;
	for (; *args; args++)
		if (args[0][0] != '-')
			ret_args[0] = *args;
}

int watch_call(
	const struct session *session, const struct command *command, char *const *args)
{
	struct err_text text = {""};
	json_t *answer = NULL;
	const json_t *call;
	char *words[3];
	bool ended = false;
	int code;

	if (session->options->format == FORMAT_HTML) {
		fprintf(stderr, "tandemctl: --watch and --html: expected one of them\n");
		return API_USAGE;
	}
	pick_id(args, words);
	for (unsigned nth = 0; !ended; nth++) {
		code = (int)client_ask(session->options->socket_path, command->noun,
			command->verb, words, &answer, &text);
		if (code != API_OK) {
			fprintf(stderr, "tandemctl: %s\n", text.text);
			return code;
		}
		code = (int)json_integer_value(json_object_get(answer, "code"));
		if (code != API_OK) {
			code = answer_print(session, command, answer);
			json_decref(answer);
			return code;
		}
		call = json_object_get(answer, "result");
		ended = has_ended(call);
		print(session, command, call, nth);
		json_decref(answer);
		answer = NULL;
		if (screen_end())
			return answer_flush(API_FAILED);
		if (!ended)
			screen_wait(INTERVAL_MS);
	}
	return answer_flush(API_OK);
}
