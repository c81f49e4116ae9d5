#include "ctl/replay_calls.h"

#include "admin/api.h"
#include "admin/moment.h"
#include "base/clock.h"
#include "base/span.h"
#include "ctl/answer.h"
#include "ctl/count.h"
#include "replay/replay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SINCE_DEFAULT "1d"
#define ROWS_MAX 1000000

static int refuse_since(const char *since)
{
	fprintf(stderr,
		"tandemctl: %.40s: expected a day (2026-11-01), a minute "
		"(2026-11-01T06:30Z) or how long ago (90m, 24h, 30d)\n",
		since);
	return API_USAGE;
}

/* ARGS, which were checked against the help's table, as a question. */
static int read_args(struct replay_question *ret, char *const *args)
{
	const time_t now = (time_t)(clock_real()->wall_us(clock_real()) / 1000000);
	const char *since = SINCE_DEFAULT;
	unsigned rows = REPLAY_ROWS;

	*ret = (struct replay_question){.current = TANDEM_SYSCONFDIR};
	if (count_option(args, "--rows", 0, ROWS_MAX, &rows))
		return API_USAGE;
	ret->rows_max = rows;
	for (; *args; args++) {
		if (strcmp(*args, "--all") == 0)
			ret->rows_max = SIZE_MAX;
		else if (strcmp(*args, "--since") == 0)
			since = *++args;
		else if (strcmp(*args, "--config") == 0)
			ret->other = *++args;
		else if (strcmp(*args, "--current") == 0)
			ret->current = *++args;
		else
			args++; /* --rows */
	}
	return moment_since(since, now, &ret->since) ? refuse_since(since) : API_OK;
}

static int code_of(int err)
{
	if (!err)
		return API_OK;
	if (err == ERR_CONFIG)
		return API_CONFIG;
	return err == -EACCES || err == -EPERM ? API_DENIED : API_FAILED;
}

/* LINES as verbs of the server answer them. */
static json_t *errors_json(const struct buf *lines)
{
	struct span rest = buf_span(lines), line;
	json_t *array = json_array();

	while (span_next(&rest, '\n', &line))
		if (line.len > 0)
			json_array_append_new(array, json_stringn(line.p, line.len));
	return json_pack("{s:o}", "errors", array);
}

int replay_calls(
	const struct session *session, const struct command *command, char *const *args)
{
	struct replay_question question;
	struct err_text text = {""};
	json_t *result = NULL, *answer;
	struct buf errors;
	int code = read_args(&question, args);

	if (code != API_OK)
		return code;
	buf_init(&errors, 0);
	code = code_of(replay_run(&question, &result, &errors, &text));
	if (code == API_CONFIG)
		result = errors_json(&errors);
	answer = json_pack(
		"{s:i, s:s, s:o*}", "code", code, "error", text.text, "result", result);
	code = answer_print(session, command, answer);
	json_decref(answer);
	buf_free(&errors);
	return code;
}
