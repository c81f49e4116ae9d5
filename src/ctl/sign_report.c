#include "ctl/sign_report.h"

#include "admin/api.h"
#include "ctl/answer.h"
#include "ctl/client.h"
#include "ctl/options.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MAX 2

struct wanted {
	char *words[WORDS_MAX + 1]; /* SINCE, UNTIL */
	const char *folder;         /* NULL: there is none */
};

/* ARGS were checked against the help's table. 0, or API_USAGE. */
static int read_args(struct wanted *ret, char *const *args)
{
	static char since[] = "24h";
	char *until = NULL;
	unsigned count = 0;

	memset(ret, 0, sizeof(*ret));
	for (; *args; args++) {
		if (strcmp(*args, "--to") == 0)
			ret->folder = *++args;
		else if (strcmp(*args, "--until") == 0)
			until = *++args;
		else if (strcmp(*args, "--sign") != 0 && count < WORDS_MAX)
			ret->words[count++] = *args;
	}
	if (until && count == 0)
		ret->words[count++] = since;
	if (until)
		ret->words[1] = until;
	return 0;
}

static int fail(const char *folder, const char *name)
{
	fprintf(stderr, "tandemctl: cannot write %s%s%s: %s\n", folder, name ? "/" : "",
		name ? name : "", strerror(errno));
	return API_FAILED;
}

/* The text MEMBER of ANSWER becomes the file NAME, which must not be there. */
static int write_file(
	const char *folder, const char *name, const json_t *answer, const char *member)
{
	const json_t *value = json_object_get(answer, member);
	const char *text = json_string_value(value);
	const size_t len = json_string_length(value);
	char path[4300];
	int fd, code = API_OK;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail(folder, name);
	errno = ENOSPC;
	if (!text || write(fd, text, len) != (ssize_t)len)
		code = fail(folder, name);
	if (close(fd) != 0 && code == API_OK)
		code = fail(folder, name);
	return code;
}

static int write_files(
	const struct session *session, const char *folder, const json_t *answer)
{
	int code;

	if (mkdir(folder, 0755) != 0 && errno != EEXIST)
		return fail(folder, NULL);
	code = write_file(folder, "report.json", answer, "report");
	if (code == API_OK)
		code = write_file(folder, "report.tlog-proof", answer, "proof");
	if (code == API_OK && !session->options->quiet)
		printf("%s: report.json and report.tlog-proof, record "
		       "%" JSON_INTEGER_FORMAT "; tandem-verify report --key KEY %s\n",
			folder, json_integer_value(json_object_get(answer, "index")),
			folder);
	return code;
}

int sign_report(
	const struct session *session, const struct command *command, char *const *args)
{
	const bool json = session->options->format == FORMAT_JSON;
	struct err_text text = {""};
	json_t *answer = NULL;
	struct wanted wanted;
	int code = read_args(&wanted, args);

	if (code == API_OK && !wanted.folder && !json) {
		fprintf(stderr, "tandemctl: report sign: --to DIR, or --json\n");
		code = API_USAGE;
	}
	if (code != API_OK)
		return code;
	code = (int)client_ask(session->options->socket_path, "report", "sign",
		wanted.words, &answer, &text);
	if (code != API_OK)
		fprintf(stderr, "tandemctl: %s\n", text.text);
	else if (wanted.folder &&
		 json_integer_value(json_object_get(answer, "code")) == API_OK)
		code = write_files(
			session, wanted.folder, json_object_get(answer, "result"));
	else
		code = answer_print(session, command, answer);
	json_decref(answer);
	return code;
}
