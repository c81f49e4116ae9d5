#include "ctl/follow.h"

#include "admin/api.h"
#include "ctl/answer.h"
#include "ctl/client.h"
#include "ctl/count.h"
#include "ctl/show_value.h"

#include <stdio.h>
#include <string.h>

#define MATCHES_MAX 8
#define EVENTS_MAX 1000000000

#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

struct following {
	const struct session *session;
	unsigned wanted; /* 0: without end */
	unsigned seen;
	bool failed; /* it cannot be printed */
};

static void print_event(const struct following *following, const json_t *event)
{
	const char *level = show_word(event, "level");
	const char *color = strcmp(level, "error") == 0     ? RED
			    : strcmp(level, "warning") == 0 ? YELLOW
							    : "";

	if (!following->session->style.color)
		color = "";
	printf("%s ", show_word(event, "time"));
	fputs(color, stdout);
	show_print(event, "line");
	fputs(color[0] ? PLAIN : "", stdout);
	putchar('\n');
}

/* Lines that were dropped are said even where nothing else is. */
static void print(const struct following *following, const json_t *part)
{
	const struct options *options = following->session->options;
	const json_t *lost = json_object_get(part, "lost");

	if (options->format == FORMAT_JSON) {
		json_dumpf(part, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
		putchar('\n');
	} else if (lost) {
		fprintf(stderr, "tandemctl: %lld events are missing here\n",
			(long long)json_integer_value(lost));
	} else if (!options->quiet) {
		print_event(following, part);
	}
}

static bool part_h(void *arg, const json_t *part)
{
	struct following *following = arg;

	if (json_object_get(part, "following")) {
		if (!following->session->options->quiet)
			fprintf(stderr, "tandemctl: following; Ctrl-C ends it\n");
		return true;
	}
	print(following, part);
	/* At once, also through a pipe. */
	following->failed = answer_flush(API_OK) != API_OK;
	if (following->failed)
		return false;
	following->seen += !json_object_get(part, "lost");
	return following->wanted == 0 || following->seen < following->wanted;
}

int follow_events(
	const struct session *session, const struct command *command, char *const *args)
{
	struct following following = {.session = session};
	char *matches[MATCHES_MAX + 1];
	struct err_text text = {""};
	json_t *answer = NULL;
	unsigned count = 0;
	int code;

	if (count_option(args, "-n", 1, EVENTS_MAX, &following.wanted))
		return API_USAGE;
	for (; *args; args++) {
		if (strcmp(*args, "-n") == 0)
			args++;
		else if (count < MATCHES_MAX)
			matches[count++] = *args;
	}
	matches[count] = NULL;
	code = (int)client_follow(session->options->socket_path, command->noun,
		command->verb, matches, part_h, &following, &answer, &text);
	if (following.failed)
		return API_FAILED;
	return answer_end(session, command, code, answer, text.text);
}
