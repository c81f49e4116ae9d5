#include "ctl/options.h"

#include "ctl/help_table.h"

#include <errno.h>
#include <string.h>

enum name {
	NAME_JSON,
	NAME_FULL,
	NAME_NO_HEAD,
	NAME_NO_COLOR,
	NAME_QUIET,
	NAME_SOCKET,
	NAME_HELP,
	NAME_VERSION,
	NAMES,
};

static const struct option_name names[NAMES + 1] = {
	[NAME_JSON] = {"--json", "-j", NULL, "print the answer as JSON"},
	[NAME_FULL] = {"--full", "-l", NULL, "print all columns, however wide"},
	[NAME_NO_HEAD] = {"--no-header", "-H", NULL, "print tables without titles"},
	[NAME_NO_COLOR] = {"--no-color", NULL, NULL,
		"print without colours, as with NO_COLOR"},
	[NAME_QUIET] = {"--quiet", "-q", NULL, "print nothing when all is well"},
	[NAME_SOCKET] = {"--socket", "-s", "SOCKET",
		"the server's control socket: RUN-DIR/control.sock"},
	[NAME_HELP] = {"--help", "-h", NULL, "print how a command is used"},
	[NAME_VERSION] = {"--version", "-V", NULL, "print the version"},
};

const struct option_name *options_table(void)
{
	return names;
}

static const char *const formats[] = {
	[FORMAT_JSON] = "--json",
	[FORMAT_CSV] = "--csv",
	[FORMAT_HTML] = "--html",
	[FORMAT_LINES] = "--jsonl",
};

static int take_format(struct options *options, enum format format, struct err_text *text)
{
	if (options->format != FORMAT_TEXT && options->format != format)
		return err_set(text, -EINVAL, "%s and %s: expected one of them",
			formats[options->format], formats[format]);
	options->format = format;
	return 0;
}

static int take(
	struct options *options, enum name name, const char *value, struct err_text *text)
{
	switch (name) {
	case NAME_JSON:
		return take_format(options, FORMAT_JSON, text);
	case NAME_FULL:
		options->full = true;
		break;
	case NAME_NO_HEAD:
		options->no_head = true;
		break;
	case NAME_NO_COLOR:
		options->no_color = true;
		break;
	case NAME_QUIET:
		options->quiet = true;
		break;
	case NAME_SOCKET:
		options->socket_path = value;
		break;
	case NAME_HELP:
		options->help = true;
		break;
	case NAME_VERSION:
		options->version = true;
		break;
	case NAMES:
		break;
	}
	return 0;
}

/* "--socket=X" has its value with it: in *RET_VALUE, else NULL. NAMES: it is none. */
static enum name find_word(const char *word, const char **ret_value)
{
	const size_t len = strcspn(word, "=");

	for (enum name name = 0; name < NAMES; name++) {
		if (!names[name].word || strlen(names[name].word) != len ||
			strncmp(names[name].word, word, len) != 0)
			continue;
		*ret_value = word[len] ? word + len + 1 : NULL;
		return name;
	}
	return NAMES;
}

static enum name find_letter(char letter)
{
	for (enum name name = 0; name < NAMES; name++)
		if (names[name].letter && names[name].letter[1] == letter)
			return name;
	return NAMES;
}

/* The letters of WORD, "-qs". All of them are known, or none is taken. */
static int take_letters(struct options *options, const char *word, char ***at,
	bool *ret_taken, struct err_text *text)
{
	enum name name = NAMES;
	const char *value;
	int err = 0;

	for (const char *c = word + 1; *c; c++) {
		name = find_letter(*c);
		if (name == NAMES)
			return 0;
		if (names[name].value)
			break;
	}
	*ret_taken = true;
	for (const char *c = word + 1; !err && *c; c++) {
		name = find_letter(*c);
		value = names[name].value ? c + 1 : NULL;
		if (value && !*value)
			value = *++*at;
		if (names[name].value && !value)
			return err_set(
				text, -EINVAL, "%s needs a value", names[name].letter);
		err = take(options, name, value, text);
		if (value)
			break;
	}
	return err;
}

static int take_word(struct options *options, const char *word, char ***at,
	bool *ret_taken, struct err_text *text)
{
	const char *value = NULL;
	enum name name = find_word(word, &value);

	if (name == NAMES) {
		for (enum format format = FORMAT_CSV; format <= FORMAT_LINES; format++) {
			if (strcmp(word, formats[format]) != 0)
				continue;
			*ret_taken = true;
			return take_format(options, format, text);
		}
		return 0;
	}
	*ret_taken = true;
	if (value && !names[name].value)
		return err_set(text, -EINVAL, "%s takes no value", names[name].word);
	if (names[name].value && !value)
		value = *++*at;
	if (names[name].value && !value)
		return err_set(text, -EINVAL, "%s needs a value", names[name].word);
	return take(options, name, value, text);
}

int options_read(struct options *options, char **words, struct err_text *text)
{
	char **kept = words, **at;
	bool taken, ended = false;
	int err = 0;

	options->words = words;
	for (at = words; !err && *at; at++) {
		const char *word = *at;

		taken = false;
		if (!ended && strcmp(word, "--") == 0) {
			ended = true;
			continue;
		}
		if (!ended && strncmp(word, "--", 2) == 0)
			err = take_word(options, word, &at, &taken, text);
		else if (!ended && word[0] == '-' && word[1])
			err = take_letters(options, word, &at, &taken, text);
		if (err || taken)
			continue;
		/* The command's own option, where there is a command. */
		if (!ended && word[0] == '-' && kept == words)
			return err_set(text, -EINVAL,
				"no such option: %s\ntandemctl help lists what there is",
				word);
		*kept++ = *at;
	}
	*kept = NULL;
	return err;
}

/* Whether the verb has option WORD; *RET_VALUE: it takes a value. */
static bool has_option(const struct help_entry *entry, const char *word, bool *ret_value)
{
	for (unsigned i = 0; entry && entry->options[i].name; i++) {
		if (strcmp(entry->options[i].name, word) != 0)
			continue;
		*ret_value = entry->options[i].value != NULL;
		return true;
	}
	return false;
}

int options_check(const struct options *options, const struct command *command,
	char *const *args, struct err_text *text)
{
	const struct help_entry *entry = help_entry_find(command->noun, command->verb);
	int count = command_count_words(args);
	bool value;

	if (options->format > FORMAT_JSON &&
		!has_option(entry, formats[options->format], &value))
		return err_set(text, -EINVAL, "%s%s%s has no option %s", command->noun,
			command->verb[0] ? " " : "", command->verb,
			formats[options->format]);
	for (; *args; args++) {
		if (command->judges || args[0][0] != '-' || !args[0][1])
			continue;
		if (!has_option(entry, *args, &value))
			return err_set(text, -EINVAL,
				"%s%s%s has no option %s\nusage: tandemctl %s",
				command->noun, command->verb[0] ? " " : "", command->verb,
				*args, command->usage);
		count--;
		if (!value)
			continue;
		if (!args[1])
			return err_set(text, -EINVAL, "%s needs a value", *args);
		args++;
		count--;
	}
	if (count < command->min_args || count > command->max_args)
		return err_set(text, -EINVAL, "usage: tandemctl %s", command->usage);
	return 0;
}
