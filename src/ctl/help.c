#include "ctl/help.h"

#include "ctl/command.h"
#include "ctl/event_table.h"
#include "ctl/help_table.h"
#include "ctl/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 78
#define INDENT 2
#define USAGE_WIDTH 28

/* TEXT in lines of at most WIDTH, each INDENT from the left. */
static void add_paragraph(struct buf *out, const char *text)
{
	const size_t room = WIDTH - INDENT;

	while (*text) {
		size_t len = strlen(text);

		if (len > room)
			for (len = room; len > 0 && text[len] != ' '; len--)
				continue;
		if (len == 0)
			len = strcspn(text, " ");
		buf_printf(out, "%*s%.*s\n", INDENT, "", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
}

static void add_option(struct buf *out, const char *name, const char *letter,
	const char *value, const char *text)
{
	char head[48];

	snprintf(head, sizeof(head), "%s%s%s%s%s", letter ? letter : "",
		letter && name ? ", " : "", name ? name : "", value ? " " : "",
		value ? value : "");
	buf_printf(out, "  %-24s %s\n", head, text);
}

static void add_common_options(struct buf *out)
{
	buf_add_str(out, "\nOptions, which may stand anywhere:\n");
	for (const struct option_name *option = options_table(); option->text; option++)
		add_option(
			out, option->word, option->letter, option->value, option->text);
}

static void add_commands(struct buf *out, const char *noun)
{
	const struct command *command = command_table();

	for (; command->noun; command++) {
		if (noun && strcmp(noun, command->noun) != 0)
			continue;
		if (strlen(command->usage) > USAGE_WIDTH)
			buf_printf(out, "  %s\n  %*s %s\n", command->usage, USAGE_WIDTH,
				"", command->help);
		else
			buf_printf(out, "  %-*s %s\n", USAGE_WIDTH, command->usage,
				command->help);
	}
}

static void add_all(struct buf *out)
{
	buf_add_str(out, "usage: tandemctl [OPTION]... NOUN VERB [ARGUMENT]...\n\n");
	add_commands(out, NULL);
	add_common_options(out);
	buf_add_str(out,
		"\nA word may be cut as long as it is not ambiguous: tandemctl tr l.\n"
		"tandemctl help NOUN VERB has the options of a verb and examples, and\n"
		"tandemctl help event NAME says what a line of the log with event=NAME "
		"means.\n");
}

static bool reads_configuration(const struct command *command)
{
	return strcmp(command->noun, "config") == 0 ||
	       strcmp(command->verb, "tls") == 0 || strcmp(command->verb, "replay") == 0;
}

static void add_exit_codes(
	struct buf *out, const struct command *command, const struct help_entry *entry)
{
	buf_add_str(out, "\nExit code:\n  0  done\n");
	buf_printf(out, "  1  failed%s%s\n", entry && entry->failed ? "; also: " : "",
		entry && entry->failed ? entry->failed : "");
	buf_add_str(out, "  2  usage\n");
	if (!command->local)
		buf_add_str(out, "  3  the server is not running\n");
	if (strstr(command->usage, " ID"))
		buf_add_str(out, "  4  no such trunk, server or call\n");
	if (!command->local || reads_configuration(command))
		buf_add_str(out, "  5  permission denied\n");
	if (reads_configuration(command))
		buf_add_str(out, "  6  the configuration is invalid\n");
}

static void add_command(struct buf *out, const struct command *command)
{
	const struct help_entry *entry = help_entry_find(command->noun, command->verb);

	buf_printf(out, "usage: tandemctl %s\n\n", command->usage);
	add_paragraph(out, command->help);
	if (entry && entry->text) {
		buf_add_char(out, '\n');
		add_paragraph(out, entry->text);
	}
	if (entry && entry->options[0].name)
		buf_add_str(out, "\nOptions:\n");
	for (unsigned i = 0; entry && entry->options[i].name; i++)
		add_option(out, entry->options[i].name, NULL, entry->options[i].value,
			entry->options[i].text);
	add_common_options(out);
	if (entry)
		buf_add_str(out, "\nExamples:\n");
	for (unsigned i = 0; entry && i < HELP_EXAMPLES; i++)
		buf_printf(out, "  tandemctl %s\n      %s\n", entry->examples[i].command,
			entry->examples[i].what);
	add_exit_codes(out, command, entry);
}

/* What a line of the log means, or all of them where NAME is NULL. */
static int add_event(struct buf *out, const char *name)
{
	unsigned count = 0;

	for (const struct event_entry *entry = event_table(); entry->name; entry++) {
		if (name && strcmp(name, entry->name) != 0)
			continue;
		buf_printf(out, "%s%s event=%s\n", count++ > 0 ? "\n" : "", entry->module,
			entry->name);
		add_paragraph(out, entry->meaning);
		if (entry->remedy[0])
			add_paragraph(out, entry->remedy);
	}
	if (count == 0)
		buf_printf(out,
			"no line of the log has event=%s; `tandemctl help event` lists "
			"all",
			name);
	return count > 0 ? 0 : -EINVAL;
}

int help_add(struct buf *out, char *const *words)
{
	const struct command *command;
	const char *noun;

	if (!words[0]) {
		add_all(out);
		return 0;
	}
	if (strcmp(words[0], "event") == 0)
		return add_event(out, words[1]);
	noun = command_noun(words[0], out);
	if (!noun)
		return -EINVAL;
	if (!words[1] && command_of_noun(noun, NULL)->verb[0]) {
		buf_printf(out, "usage: tandemctl %s VERB [ARGUMENT]...\n\n", noun);
		add_commands(out, noun);
		buf_printf(out,
			"\ntandemctl help %s VERB has the options of a verb and "
			"examples.\n",
			noun);
		return 0;
	}
	command = command_verb(noun, words[1], out);
	if (!command)
		return -EINVAL;
	add_command(out, command);
	return 0;
}
