/* Commands, their options and their help: all of one table. */
#include "../unit.h"

#include "base/buf.h"
#include "ctl/command.h"
#include "ctl/help.h"
#include "ctl/help_table.h"
#include "ctl/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16

/* TEXT as a shell would cut it, as far as examples need that: words and quotes, up to the first operator. */
static void split(char *text, char *ret_words[static WORDS_MAX + 1])
{
	unsigned count = 0;
	char quote;

	while (*(text += strspn(text, " ")) && !strchr("|&>;", *text)) {
		assert_true(count < WORDS_MAX);
		if (*text == '\'')
			quote = *text++;
		else
			quote = ' ';
		ret_words[count++] = text;
		text += strcspn(text, (char[]){quote, '\0'});
		if (*text)
			*text++ = '\0';
	}
	ret_words[count] = NULL;
}

/* What COMMAND, without the program's name, is taken for; NULL with WRONG. */
static const struct command *parse(const char *text, struct options *ret_options,
	char *ret_copy, char **ret_words, struct buf *wrong)
{
	const struct command *command;
	struct err_text error = {""};
	int used;

	*ret_options = (struct options){.socket_path = "default"};
	strcpy(ret_copy, text);
	split(ret_copy, ret_words);
	if (options_read(ret_options, ret_words, &error)) {
		buf_add_str(wrong, error.text);
		return NULL;
	}
	command = command_find(ret_options->words, &used, wrong);
	if (command &&
		options_check(ret_options, command, ret_options->words + used, &error)) {
		buf_add_str(wrong, error.text);
		return NULL;
	}
	return command;
}

static void expect(const char *text, const char *noun, const char *verb)
{
	char copy[256], *words[WORDS_MAX + 1];
	const struct command *command;
	struct options options;
	struct buf wrong;

	buf_init(&wrong, 0);
	command = parse(text, &options, copy, words, &wrong);
	if (!command)
		fail_msg("%s: %s", text, buf_str(&wrong));
	assert_string_equal(command->noun, noun);
	assert_string_equal(command->verb, verb);
	buf_free(&wrong);
}

static void expect_wrong(const char *text, const char *what)
{
	char copy[256], *words[WORDS_MAX + 1];
	struct options options;
	struct buf wrong;

	buf_init(&wrong, 0);
	assert_null(parse(text, &options, copy, words, &wrong));
	assert_string_equal(buf_str(&wrong), what);
	buf_free(&wrong);
}

static void every_verb_has_help_and_two_examples(void **state)
{
	const struct command *command = command_table();

	(void)state;
	for (; command->noun; command++) {
		const struct help_entry *entry =
			help_entry_find(command->noun, command->verb);

		if (!entry)
			fail_msg("no help for %s", command->usage);
		for (unsigned i = 0; i < HELP_EXAMPLES; i++) {
			assert_non_null(entry->examples[i].command);
			assert_non_null(entry->examples[i].what);
		}
		assert_string_not_equal(
			entry->examples[0].command, entry->examples[1].command);
	}
}

static void every_example_is_a_command(void **state)
{
	const struct command *command = command_table();
	char copy[256], *words[WORDS_MAX + 1];
	struct options options;

	(void)state;
	for (; command->noun; command++) {
		const struct help_entry *entry =
			help_entry_find(command->noun, command->verb);
		bool shown = false;

		for (unsigned i = 0; i < HELP_EXAMPLES; i++) {
			const struct command *found;
			struct buf wrong;

			buf_init(&wrong, 0);
			found = parse(entry->examples[i].command, &options, copy, words,
				&wrong);
			if (!found)
				fail_msg("%s: %s", entry->examples[i].command,
					buf_str(&wrong));
			shown |= found == command;
			buf_free(&wrong);
		}
		if (!shown)
			fail_msg("no example of %s is one", command->usage);
	}
}

static void every_option_of_a_usage_is_known(void **state)
{
	const struct command *command = command_table();

	(void)state;
	for (; command->noun; command++) {
		const struct help_entry *entry =
			help_entry_find(command->noun, command->verb);
		const char *word = command->usage;

		for (size_t len; *word; word += len) {
			bool known = false;

			word += strspn(word, " []|");
			len = strcspn(word, " []|");
			for (unsigned i = 0; entry->options[i].name; i++)
				known |= strlen(entry->options[i].name) == len &&
					 strncmp(word, entry->options[i].name, len) == 0;
			if (word[0] == '-' && !known)
				fail_msg("%s: no row for %.*s", command->usage, (int)len,
					word);
		}
	}
}

static void every_option_is_in_the_usage(void **state)
{
	const struct command *command = command_table();

	(void)state;
	for (; command->noun; command++) {
		const struct help_entry *entry =
			help_entry_find(command->noun, command->verb);

		for (unsigned i = 0; entry->options[i].name; i++)
			if (!strstr(command->usage, entry->options[i].name))
				fail_msg("%s lacks %s", command->usage,
					entry->options[i].name);
	}
}

static void help_of_a_verb_is_whole(void **state)
{
	const struct command *command = command_table();

	(void)state;
	for (; command->noun; command++) {
		char noun[32], verb[32];
		char *words[] = {noun, command->verb[0] ? verb : NULL, NULL};
		struct buf out;

		snprintf(noun, sizeof(noun), "%s", command->noun);
		snprintf(verb, sizeof(verb), "%s", command->verb);
		buf_init(&out, 0);
		assert_int_equal(help_add(&out, words), 0);
		assert_non_null(strstr(buf_str(&out), command->usage));
		assert_non_null(strstr(out.data, "Examples:\n  tandemctl "));
		assert_non_null(strstr(out.data, "Exit code:\n  0  done\n"));
		assert_non_null(strstr(out.data, "--json"));
		buf_free(&out);
	}
}

/* Of what is done here, only replay reads what may be forbidden or wrong. */
static void help_has_the_exit_codes_of_replay(void **state)
{
	static char words[][8] = {"route", "replay", "setup"};
	char *replay[] = {words[0], words[1], NULL}, *setup[] = {words[2], NULL};
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(help_add(&out, replay), 0);
	assert_non_null(strstr(buf_str(&out), "  2  usage\n  5  permission denied\n"
					      "  6  the configuration is invalid\n"));
	buf_free(&out);
	buf_init(&out, 0);
	assert_int_equal(help_add(&out, setup), 0);
	assert_null(strstr(buf_str(&out), "  5  "));
	buf_free(&out);
}

static void help_lists_every_command(void **state)
{
	const struct command *command = command_table();
	char *none[] = {NULL};
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(help_add(&out, none), 0);
	for (; command->noun; command++)
		assert_non_null(strstr(buf_str(&out), command->usage));
	buf_free(&out);
}

static void help_of_an_event_says_what_to_do(void **state)
{
	char event[] = "event", name[] = "folder-not-watched", nothing[] = "nothing";
	char *const one[] = {event, name, NULL}, *const all[] = {event, NULL},
		    *const none[] = {event, nothing, NULL};
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(help_add(&out, one), 0);
	assert_string_equal(buf_str(&out), "files event=folder-not-watched\n"
					   "  Changes of files in this folder are found "
					   "by looking every 10 s, not at\n"
					   "  once.\n"
					   "  Let the server's user read the folder; "
					   "raise fs.inotify.max_user_watches.\n");
	buf_free(&out);
	buf_init(&out, 0);
	assert_int_equal(help_add(&out, all), 0);
	assert_non_null(strstr(buf_str(&out), "call event=begin\n"));
	assert_non_null(strstr(buf_str(&out), "transport event=stranger\n"));
	buf_free(&out);
	buf_init(&out, 0);
	assert_true(help_add(&out, none) < 0);
	assert_non_null(strstr(buf_str(&out), "no line of the log has event=nothing"));
	buf_free(&out);
}

static void help_of_a_noun_lists_its_verbs(void **state)
{
	char noun[] = "cal";
	char *words[] = {noun, NULL};
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(help_add(&out, words), 0);
	assert_non_null(strstr(buf_str(&out), "call hangup ID"));
	assert_null(strstr(out.data, "trunk"));
	buf_free(&out);
}

static void a_beginning_is_enough(void **state)
{
	(void)state;
	expect("trunk list", "trunk", "list");
	expect("tru li", "trunk", "list");
	expect("stat", "status", "");
	expect("call sh 1", "call", "show");
	expect("conf ch", "config", "check");
}

static void an_ambiguous_beginning_is_not(void **state)
{
	(void)state;
	expect_wrong("c l", "c is ambiguous: call, capture, cdr, cert, config, counters\n"
			    "tandemctl help lists what there is");
}

static void a_whole_word_is_never_ambiguous(void **state)
{
	(void)state;
	expect("server show pbx1", "server", "show");
	expect("log level", "log", "level");
}

static void the_nearest_word_is_named(void **state)
{
	(void)state;
	expect_wrong("trnuk list", "no such command: trnuk; did you mean trunk?\n"
				   "tandemctl help lists what there is");
	expect_wrong("nonsense", "no such command: nonsense\n"
				 "tandemctl help lists what there is");
	expect_wrong("call lst",
		"no such command: call lst; did you mean call list?\n"
		"call has:\n  tandemctl call list\n"
		"  tandemctl call show ID [--watch | --html | --brief | --messages]\n"
		"  tandemctl call hangup ID");
}

static void options_stand_anywhere(void **state)
{
	char copy[256], *words[WORDS_MAX + 1];
	struct options options;
	struct buf wrong;

	(void)state;
	buf_init(&wrong, 0);
	assert_non_null(
		parse("trunk -q list --json -ls x", &options, copy, words, &wrong));
	assert_true(options.quiet);
	assert_true(options.full);
	assert_false(options.no_head);
	assert_int_equal(options.format, FORMAT_JSON);
	assert_string_equal(options.socket_path, "x");
	assert_non_null(parse("--socket=y -H cdr tail 5", &options, copy, words, &wrong));
	assert_string_equal(options.socket_path, "y");
	assert_true(options.no_head);
	assert_string_equal(options.words[2], "5");
	assert_non_null(
		parse("report protection --csv 1d", &options, copy, words, &wrong));
	assert_int_equal(options.format, FORMAT_CSV);
	assert_string_equal(options.words[2], "1d");
	assert_null(options.words[3]);
	buf_free(&wrong);
}

static void words_behind_two_dashes_are_no_options(void **state)
{
	char copy[256], *words[WORDS_MAX + 1];
	struct options options;
	struct err_text error = {""};

	(void)state;
	options = (struct options){.socket_path = NULL};
	strcpy(copy, "complete -- trunk --json");
	split(copy, words);
	assert_int_equal(options_read(&options, words, &error), 0);
	assert_int_equal(options.format, FORMAT_TEXT);
	assert_string_equal(options.words[2], "--json");
}

static void wrong_options_are_named(void **state)
{
	(void)state;
	expect_wrong("--nonsense", "no such option: --nonsense\n"
				   "tandemctl help lists what there is");
	expect_wrong("trunk list --drain", "trunk list has no option --drain\n"
					   "usage: tandemctl trunk list");
	expect_wrong("call list --csv", "call list has no option --csv");
	expect_wrong("report protection --csv --html",
		"--csv and --html: expected one of them");
	expect_wrong("-s", "-s needs a value");
	expect_wrong("--json=1 status", "--json takes no value");
	expect_wrong("monitor -n", "-n needs a value");
}

static void arguments_are_counted_without_options(void **state)
{
	(void)state;
	expect("shutdown --drain", "shutdown", "");
	expect("monitor -n 5 -i 2", "monitor", "");
	expect("call show --watch 5", "call", "show");
	expect_wrong("trunk tls gw", "usage: tandemctl trunk tls ID on|observe|off");
	expect_wrong("call show --watch", "usage: tandemctl call show ID [--watch | "
					  "--html | --brief | --messages]");
	expect_wrong("status now", "usage: tandemctl status");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verb_has_help_and_two_examples),
		cmocka_unit_test(every_example_is_a_command),
		cmocka_unit_test(every_option_of_a_usage_is_known),
		cmocka_unit_test(every_option_is_in_the_usage),
		cmocka_unit_test(help_of_a_verb_is_whole),
		cmocka_unit_test(help_has_the_exit_codes_of_replay),
		cmocka_unit_test(help_lists_every_command),
		cmocka_unit_test(help_of_an_event_says_what_to_do),
		cmocka_unit_test(help_of_a_noun_lists_its_verbs),
		cmocka_unit_test(a_beginning_is_enough),
		cmocka_unit_test(an_ambiguous_beginning_is_not),
		cmocka_unit_test(a_whole_word_is_never_ambiguous),
		cmocka_unit_test(the_nearest_word_is_named),
		cmocka_unit_test(options_stand_anywhere),
		cmocka_unit_test(words_behind_two_dashes_are_no_options),
		cmocka_unit_test(wrong_options_are_named),
		cmocka_unit_test(arguments_are_counted_without_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
