/*
 * tandemctl: hands one request to the running server and shows the answer.
 */
#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "admin/verb_list.h"
#include "ctl/client.h"
#include "ctl/report_csv.h"
#include "ctl/report_html.h"
#include "ctl/show.h"
#include "ctl/show_diff.h"
#include "ctl/show_explain.h"
#include "ctl/show_report.h"
#include "ctl/switch.h"
#include "setup/verb_table.h"
#include "tls/policy.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif
#ifndef TANDEM_RUN_DIR
#define TANDEM_RUN_DIR "/run/tandem"
#endif

/* A row of the server's table, without its handler; and one of what is done here. */
#define ROW(noun, verb, min, max, changes, usage, help, handler)                         \
	{noun, verb, min, max, usage, help, NULL},
#define LOCAL_ROW(noun, verb, min, max, changes, usage, help, handler)                   \
	{noun, verb, min, max, usage, help, handler},

static const struct command {
	const char *noun, *verb;
	int min_args, max_args;
	const char *usage, *help;
	verb_local_h *local_h; /* NULL: the server does it */
} commands[] = {
	VERB_LIST(ROW) VERB_LOCAL_LIST(LOCAL_ROW){NULL, NULL, 0, 0, NULL, NULL, NULL}};

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV, FORMAT_HTML };

struct options {
	enum format format;
	bool quiet;
	const char *socket_path;
};

static void print_help(FILE *out)
{
	fprintf(out, "usage: tandemctl [--json] [-q] [-s SOCKET] NOUN VERB ...\n\n");
	for (const struct command *command = commands; command->noun; command++)
		fprintf(out, "  %-36s %s\n", command->usage, command->help);
	fprintf(out,
		"\n"
		"  --json       print the answer as JSON\n"
		"  -q           print nothing when all is well\n"
		"  -s SOCKET    the server's control socket (%s/control.sock, or\n"
		"               what TANDEM_SOCKET says)\n"
		"  --help, --version\n",
		TANDEM_RUN_DIR);
}

/* Ends the program after --help, --version and mistakes. */
static void read_options(int argc, char **argv, struct options *options)
{
	static const struct option long_options[] = {
		{"json", no_argument, NULL, 'j'},
		{"quiet", no_argument, NULL, 'q'},
		{"socket", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int c;

	/* '+': "shutdown --drain" is for the server. */
	while ((c = getopt_long(argc, argv, "+jqs:hV", long_options, NULL)) >= 0) {
		switch (c) {
		case 'j':
			options->format = FORMAT_JSON;
			break;
		case 'q':
			options->quiet = true;
			break;
		case 's':
			options->socket_path = optarg;
			break;
		case 'h':
			print_help(stdout);
			exit(API_OK);
		case 'V':
			printf("tandemctl %s\n", PACKAGE_VERSION);
			exit(API_OK);
		default:
			fprintf(stderr, "tandemctl --help lists what there is\n");
			exit(API_USAGE);
		}
	}
}

/*
 * Takes the format of a report out of WORDS, which end with NULL, where people write it: behind
 * the command. False after it was said what is wrong.
 */
static bool take_format(char **words, struct options *options)
{
	static const char *const names[] = {[FORMAT_JSON] = "--json",
		[FORMAT_CSV] = "--csv",
		[FORMAT_HTML] = "--html"};
	char **kept = words;
	enum format format;

	if (!words[0] || strcmp(words[0], "report") != 0)
		return true;
	for (; *words; words++) {
		for (format = FORMAT_HTML; format > FORMAT_TEXT; format--)
			if (strcmp(*words, names[format]) == 0)
				break;
		if (format == FORMAT_TEXT) {
			*kept++ = *words;
			continue;
		}
		if (options->format != FORMAT_TEXT && options->format != format) {
			fprintf(stderr, "tandemctl: %s and %s: expected one of them\n",
				names[options->format], names[format]);
			return false;
		}
		options->format = format;
	}
	*kept = NULL;
	return true;
}

static int count_words(char *const *words)
{
	int count = 0;

	while (words[count])
		count++;
	return count;
}

/* The command of WORDS, or NULL after it was said what is wrong. */
static const struct command *find_command(int count, char **words)
{
	const struct command *command;
	bool noun_known = false;
	int used;

	for (command = commands; count > 0 && command->noun; command++) {
		if (strcmp(command->noun, words[0]) != 0)
			continue;
		noun_known = true;
		used = command->verb[0] ? 2 : 1;
		if (used == 2 && (count < 2 || strcmp(command->verb, words[1]) != 0))
			continue;
		if (count - used >= command->min_args &&
			count - used <= command->max_args)
			return command;
		fprintf(stderr, "tandemctl: usage: tandemctl %s\n", command->usage);
		return NULL;
	}
	if (!noun_known) {
		fprintf(stderr, "tandemctl: %s%s\ntandemctl --help lists what there is\n",
			count > 0 ? "no such command: " : "a command is missing",
			count > 0 ? words[0] : "");
		return NULL;
	}
	fprintf(stderr, "tandemctl: %s needs one of:\n", words[0]);
	for (command = commands; command->noun; command++)
		if (strcmp(command->noun, words[0]) == 0)
			fprintf(stderr, "  tandemctl %s\n", command->usage);
	return NULL;
}

/* A page, or CSV. */
static int print_report(enum format format, const json_t *report)
{
	struct buf out;
	int err;

	buf_init(&out, 0);
	if (format == FORMAT_CSV)
		report_csv(report, &out);
	else
		report_html(report, &out);
	err = out.err;
	if (!err && fwrite(out.data, 1, out.len, stdout) < out.len)
		err = -EIO;
	buf_free(&out);
	return err;
}

static int show_answer(const struct options *options, const struct command *command,
	const json_t *answer)
{
	const json_t *result = json_object_get(answer, "result");
	int code = (int)json_integer_value(json_object_get(answer, "code"));
	const char *error = json_string_value(json_object_get(answer, "error"));
	int err = 0;

	if (code != API_OK) {
		show_errors(result);
		fprintf(stderr, "tandemctl: %s\n", error ? error : "failed");
		if (options->format == FORMAT_JSON) {
			json_dumpf(answer, stdout, JSON_INDENT(2));
			putchar('\n');
		}
		return code;
	}
	if (strcmp(command->verb, "explain") == 0)
		code = show_explain_code(result);
	else if (strcmp(command->noun, "config") == 0 &&
		 strcmp(command->verb, "diff") == 0)
		code = show_diff_code(result);
	else if (strcmp(command->noun, "report") == 0)
		code = show_report_code(result);
	if (options->quiet) {
		show_warning(result);
		return code;
	}
	if (options->format == FORMAT_JSON) {
		json_dumpf(result ? result : json_null(), stdout,
			JSON_INDENT(2) | JSON_ENCODE_ANY);
		putchar('\n');
	} else if (options->format != FORMAT_TEXT) {
		err = print_report(options->format, result);
	} else if (result) {
		err = show_result(command->noun, command->verb, result);
	}
	if (err || fflush(stdout) != 0) {
		fprintf(stderr, "tandemctl: cannot print the answer\n");
		return API_FAILED;
	}
	return code;
}

/* What needs no server. *RET_COMMAND: what the server is asked then, if anything. */
static int run_local(
	const struct command *command, char **words, const struct command **ret_command)
{
	static char noun[] = "config", verb[] = "reload";
	char *reload_words[] = {noun, verb, NULL};
	struct err_text text = {""};
	bool reload = false;
	int code;

	/* Its keys and certificates are made as the server's own are judged. */
	if (policy_start(&text) != 0) {
		fprintf(stderr, "tandemctl: %s\n", text.text);
		return API_FAILED;
	}
	code = command->local_h(words, &reload);
	policy_stop();
	if (code == API_OK && reload)
		*ret_command = find_command(2, reload_words);
	return code;
}

int main(int argc, char **argv)
{
	struct options options = {.socket_path = getenv("TANDEM_SOCKET")};
	const struct command *command;
	struct err_text text = {""};
	json_t *answer = NULL;
	char **words;
	int code;

	setlocale(LC_ALL, "");
	if (!options.socket_path || !options.socket_path[0])
		options.socket_path = TANDEM_RUN_DIR "/control.sock";
	read_options(argc, argv, &options);
	words = argv + optind;
	if (!take_format(words, &options))
		return API_USAGE;
	command = find_command(count_words(words), words);
	if (!command)
		return API_USAGE;
	words += command->verb[0] ? 2 : 1;
	if (command->local_h) {
		const struct command *then = NULL;

		code = run_local(command, words, &then);
		if (!then)
			return code;
		command = then;
		words += count_words(words);
	}
	if (strcmp(command->noun, "trunk") == 0 && strcmp(command->verb, "tls") == 0)
		code = (int)switch_tls(options.socket_path, words, &answer, &text);
	else
		code = (int)client_ask(options.socket_path, command->noun, command->verb,
			words, &answer, &text);
	if (code != API_OK) {
		fprintf(stderr, "tandemctl: %s\n", text.text);
		return code;
	}
	code = show_answer(&options, command, answer);
	json_decref(answer);
	return code;
}
