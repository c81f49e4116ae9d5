#include "setup/args.h"

#include <stdio.h>
#include <string.h>

static void print_help(const struct args_verb *verb)
{
	printf("usage: tandemctl %s [OPTION...]\n\n%s\n\n", verb->usage, verb->what);
	for (const struct args_option *option = verb->options; option->name; option++) {
		int len = printf("  --%s%s%s", option->name, option->value ? " " : "",
			option->value ? option->value : "");

		printf("%*s%s\n", len < 30 ? 30 - len : 1, "", option->help);
	}
}

/* The place of the option that WORD, without its dashes, names; *RET_VALUE is what is behind a '='. */
static int find_option(
	const struct args_verb *verb, const char *word, const char **ret_value)
{
	size_t len = strcspn(word, "=");

	*ret_value = word[len] ? word + len + 1 : NULL;
	for (int i = 0; verb->options[i].name; i++)
		if (strlen(verb->options[i].name) == len &&
			strncmp(verb->options[i].name, word, len) == 0)
			return i;
	return -1;
}

static int add_value(struct args_values *values, const char *name, bool repeats,
	const char *value, struct err_text *text)
{
	if (values->count > 0 && !repeats)
		return err_set(text, ERR_FORMAT, "--%s was given twice", name);
	if (values->count == ARGS_VALUES_MAX)
		return err_set(text, ERR_LIMIT, "%s%s: %d at most",
			name[0] == '<' ? "" : "--", name, ARGS_VALUES_MAX);
	values->values[values->count++] = value;
	return 0;
}

/* Of "cert install FILE...", what is typed as it is. */
static int command_len(const char *usage)
{
	size_t len = strcspn(usage, "ABCDEFGHIJKLMNOPQRSTUVWXYZ[");

	while (len > 0 && usage[len - 1] == ' ')
		len--;
	return (int)len;
}

static int read_option(const struct args_verb *verb, char *const **words,
	struct args_values *ret, struct err_text *text)
{
	const char *name = **words + 2;
	const char *value;
	int i = find_option(verb, name, &value);
	const struct args_option *option;

	if (i < 0)
		return err_set(text, ERR_FORMAT,
			"--%.*s: no such option; tandemctl %.*s --help lists them",
			(int)strcspn(name, "="), name, command_len(verb->usage),
			verb->usage);
	option = &verb->options[i];
	if (!option->value && value)
		return err_set(text, ERR_FORMAT, "--%s takes no value", option->name);
	if (option->value && !value) {
		value = (*words)[1];
		if (!value)
			return err_set(text, ERR_FORMAT, "--%s needs a value: --%s %s",
				option->name, option->name, option->value);
		(*words)++;
	}
	return add_value(
		&ret[i], option->name, option->repeats, value ? value : "", text);
}

int args_read(const struct args_verb *verb, char *const *words, struct args_values *ret,
	struct err_text *text)
{
	unsigned options = 0;
	int err = 0;

	while (verb->options[options].name)
		options++;
	memset(ret, 0, (options + 1) * sizeof(*ret));
	for (; err == 0 && *words; words++) {
		if (strcmp(*words, "--help") == 0 || strcmp(*words, "-h") == 0) {
			print_help(verb);
			return 1;
		}
		if (strncmp(*words, "--", 2) == 0)
			err = read_option(verb, &words, ret, text);
		else if (verb->word)
			err = add_value(&ret[options], verb->word, true, *words, text);
		else
			err = err_set(text, ERR_FORMAT,
				"%s: expected options (--...), no further words", *words);
	}
	return err;
}

const char *args_value(const struct args_values *values, const char *fallback)
{
	return values->count > 0 ? values->values[0] : fallback;
}
