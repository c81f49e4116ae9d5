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
/* Its record is looked for among so many, of calls that ended in the same second or so. */
#define RECORDS "1000"

/* JSON on one line a picture: what reads it can tell where each ends. */
static void print(const struct session *session, const char *noun, const char *verb,
	const json_t *value)
{
	if (session->options->quiet)
		return;
	if (session->options->format == FORMAT_JSON) {
		json_dumpf(value, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
		putchar('\n');
		return;
	}
	show_result(&session->style, noun, verb, value);
}

/* The record of call ID, or NULL; the caller's. */
static json_t *find_record(const struct session *session, const char *id)
{
	char count[] = RECORDS;
	char *const args[] = {count, NULL};
	struct err_text text = {""};
	json_t *answer = NULL, *found = NULL, *row;
	const char *other;
	size_t i;

	if (client_ask(session->options->socket_path, "cdr", "tail", args, &answer,
		    &text) != API_OK)
		return NULL;
	json_array_foreach(json_object_get(answer, "result"), i, row)
	{
		other = json_string_value(json_object_get(row, "id"));
		if (other && strcmp(other, id) == 0)
			found = row;
	}
	json_incref(found);
	json_decref(answer);
	return found;
}

static int show_record(const struct session *session, const char *id)
{
	json_t *record = find_record(session, id);

	if (!record) {
		fprintf(stderr, "tandemctl: call %s has ended; its record is not there\n",
			id);
		return API_FAILED;
	}
	if (session->options->format == FORMAT_TEXT && !session->options->quiet)
		screen_begin(1);
	print(session, "cdr", "show", record);
	json_decref(record);
	return answer_flush(API_OK);
}

static void pick_id(char *const *args, char *ret_args[static 2])
{
	ret_args[0] = ret_args[1] = NULL;
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
	char *words[2], id[128] = "";
	int code;

	pick_id(args, words);
	for (unsigned nth = 0;; nth++) {
		code = (int)client_ask(session->options->socket_path, command->noun,
			command->verb, words, &answer, &text);
		if (code != API_OK) {
			fprintf(stderr, "tandemctl: %s\n", text.text);
			return code;
		}
		code = (int)json_integer_value(json_object_get(answer, "code"));
		call = json_object_get(answer, "result");
		if (code != API_OK)
			break;
		if (session->options->format == FORMAT_TEXT && !session->options->quiet)
			screen_begin(nth);
		print(session, command->noun, command->verb, call);
		snprintf(id, sizeof(id), "%s",
			json_string_value(json_object_get(call, "id"))
				? json_string_value(json_object_get(call, "id"))
				: "");
		json_decref(answer);
		answer = NULL;
		if (screen_end())
			return answer_flush(API_FAILED);
		screen_wait(INTERVAL_MS);
	}
	if (code == API_NOT_FOUND && id[0])
		code = show_record(session, id);
	else
		code = answer_print(session, command, answer);
	json_decref(answer);
	return code;
}
