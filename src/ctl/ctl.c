/*
 * tandemctl: hands requests to the running server and shows the answers.
 */
#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "admin/api.h"
#include "ctl/answer.h"
#include "ctl/cdr_list.h"
#include "ctl/client.h"
#include "ctl/complete.h"
#include "ctl/export.h"
#include "ctl/follow.h"
#include "ctl/help.h"
#include "ctl/monitor.h"
#include "ctl/replay_calls.h"
#include "ctl/session.h"
#include "ctl/sign_report.h"
#include "ctl/switch.h"
#include "ctl/trace.h"
#include "ctl/watch.h"
#include "ctl/wire_capture.h"
#include "ctl/wire_export.h"
#include "setup/verb_table.h"
#include "tls/policy.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif
#ifndef TANDEM_RUN_DIR
#define TANDEM_RUN_DIR "/run/tandem"
#endif

/* Commands that are more than one question and its answer. */
typedef int run_h(
	const struct session *session, const struct command *command, char *const *args);

static int print_help(char *const *words)
{
	struct buf out;
	int err;

	buf_init(&out, 0);
	err = help_add(&out, words);
	if (err)
		fprintf(stderr, "tandemctl: %s\n", buf_str(&out));
	else
		fputs(buf_str(&out), stdout);
	buf_free(&out);
	return err ? API_USAGE : answer_flush(API_OK);
}

static int run_help(
	const struct session *session, const struct command *command, char *const *args)
{
	(void)session;
	(void)command;
	return print_help(args);
}

static int run_ask(
	const struct session *session, const struct command *command, char *const *args)
{
	struct err_text text = {""};
	json_t *answer = NULL;
	int code = (int)client_ask(session->options->socket_path, command->noun,
		command->verb, args, &answer, &text);

	return answer_end(session, command, code, answer, text.text);
}

static bool has_word(char *const *words, const char *word)
{
	for (; *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

/* The id comes first; a page has each message whole. */
static int run_show_call(
	const struct session *session, const struct command *command, char *const *args)
{
	static char messages[] = "--messages";
	char *words[5] = {NULL};
	unsigned count = 1;

	if (session->options->format == FORMAT_HTML && !has_word(args, "--brief"))
		words[count++] = messages;
	for (; *args; args++)
		if (args[0][0] != '-')
			words[0] = *args;
		else if (count < 4)
			words[count++] = *args;
	return run_ask(session, command, words);
}

static int run_tls(
	const struct session *session, const struct command *command, char *const *args)
{
	struct err_text text = {""};
	json_t *answer = NULL;
	int code = (int)switch_tls(session->options->socket_path, args, &answer, &text);

	return answer_end(session, command, code, answer, text.text);
}

#define SETUP_ROW(noun, verb, min, max, changes, usage, help, handler)                   \
	{noun, verb, handler},

/* What writes files, and may want the server to take them into use. */
static const struct {
	const char *noun, *verb;
	verb_local_h *h;
} setups[] = {VERB_LOCAL_LIST(SETUP_ROW)};

static int run_setup(
	const struct session *session, const struct command *command, char *const *args)
{
	static char noun[] = "config", verb[] = "reload";
	char *const reload_words[] = {noun, verb, NULL}, *const none[] = {NULL};
	struct err_text text = {""};
	struct buf wrong;
	bool reload = false;
	int code = API_USAGE, used;

	/* Its keys and certificates are made as the server's own are judged. */
	if (policy_start(&text) != 0) {
		fprintf(stderr, "tandemctl: %s\n", text.text);
		return API_FAILED;
	}
	for (size_t i = 0; i < sizeof(setups) / sizeof(setups[0]); i++)
		if (strcmp(setups[i].noun, command->noun) == 0 &&
			strcmp(setups[i].verb, command->verb) == 0)
			code = setups[i].h(args, &reload);
	policy_stop();
	if (code != API_OK || !reload)
		return code;
	buf_init(&wrong, 0);
	command = command_find(reload_words, &used, &wrong);
	buf_free(&wrong);
	return command ? run_ask(session, command, none) : API_FAILED;
}

/* With OPTION among the arguments, where one is named. All commands of ctl/local_list.h are here. */
static const struct {
	const char *noun, *verb, *option;
	run_h *h;
} runs[] = {
	{"trunk", "tls", NULL, run_tls},
	{"call", "show", "--watch", watch_call},
	{"call", "show", NULL, run_show_call},
	{"cdr", "list", NULL, cdr_list},
	{"cdr", "report", NULL, cdr_list},
	{"monitor", "", NULL, monitor_run},
	{"events", "", NULL, follow_events},
	{"trace", "", NULL, trace_run},
	{"help", "", NULL, run_help},
	{"route", "replay", NULL, replay_calls},
	{"capture", "export", NULL, export_run},
	{"capture", "start", "--wire", wire_capture},
	{"wire", "capture", NULL, wire_capture},
	{"wire", "export", NULL, wire_export},
	{"report", "sign", NULL, sign_report},
	{"report", "protection", "--sign", sign_report},
};

static int run(
	const struct session *session, const struct command *command, char *const *args)
{
	if (command->judges)
		return run_setup(session, command, args);
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		if (strcmp(runs[i].noun, command->noun) == 0 &&
			strcmp(runs[i].verb, command->verb) == 0 &&
			(!runs[i].option || has_word(args, runs[i].option)))
			return runs[i].h(session, command, args);
	return run_ask(session, command, args);
}

static int run_words(const struct options *options)
{
	struct session session = {.options = options};
	const struct command *command;
	struct err_text text = {""};
	struct buf wrong;
	int used;

	buf_init(&wrong, 0);
	command = command_find(options->words, &used, &wrong);
	if (!command)
		fprintf(stderr, "tandemctl: %s\n", buf_str(&wrong));
	buf_free(&wrong);
	if (!command)
		return API_USAGE;
	if (options_check(options, command, options->words + used, &text)) {
		fprintf(stderr, "tandemctl: %s\n", text.text);
		return API_USAGE;
	}
	show_style_find(&session.style, options->full, options->no_color);
	session.style.head = !options->no_head;
	return run(&session, command, options->words + used);
}

/* A command that judges its own options explains them too. --help left a place among the words. */
static bool hand_help_on(const struct options *options)
{
	static char help[] = "--help";
	const struct command *command;
	struct buf wrong;
	int used, count = command_count_words(options->words);

	buf_init(&wrong, 0);
	command = command_find(options->words, &used, &wrong);
	buf_free(&wrong);
	if (!command || !command->judges)
		return false;
	options->words[count] = help;
	options->words[count + 1] = NULL;
	return true;
}

int main(int argc, char **argv)
{
	struct options options = {.socket_path = getenv("TANDEM_SOCKET")};
	struct err_text text = {""};

	(void)argc;
	setlocale(LC_ALL, "");
	/* `tandemctl call list | head` ends without a word, whatever started it. */
	signal(SIGPIPE, SIG_DFL);
	if (!options.socket_path || !options.socket_path[0])
		options.socket_path = TANDEM_RUN_DIR "/control.sock";
	if (options_read(&options, argv + 1, &text)) {
		fprintf(stderr, "tandemctl: %s\n", text.text);
		return API_USAGE;
	}
	if (options.version) {
		printf("tandemctl %s\n", PACKAGE_VERSION);
		return answer_flush(API_OK);
	}
	if (options.words[0] && strcmp(options.words[0], "complete") == 0)
		return complete_run(&options);
	if (options.help && !hand_help_on(&options))
		return print_help(options.words);
	return run_words(&options);
}
