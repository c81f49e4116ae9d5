#include "ctl/command.h"

#include "admin/verb_list.h"
#include "config/nearest.h"
#include "ctl/local_list.h"
#include "setup/verb_table.h"

#include <stdio.h>
#include <string.h>

#define ROW(noun, verb, min, max, changes, usage, help, handler)                         \
	{noun, verb, min, max, usage, help, false, false},
#define LOCAL_ROW(noun, verb, min, max, usage, help)                                     \
	{noun, verb, min, max, usage, help, true, false},
#define SETUP_ROW(noun, verb, min, max, changes, usage, help, handler)                   \
	{noun, verb, min, max, usage, help, true, true},

static const struct command commands[] = {VERB_LIST(ROW) VERB_LOCAL_LIST(SETUP_ROW)
		LOCAL_LIST(LOCAL_ROW){NULL, NULL, 0, 0, NULL, NULL, false, false}};

const struct command *command_table(void)
{
	return commands;
}

const struct command *command_of_noun(const char *noun, const struct command *after)
{
	const struct command *command = after ? after + 1 : commands;

	while (command->noun && strcmp(command->noun, noun) != 0)
		command++;
	return command->noun ? command : NULL;
}

int command_count_words(char *const *words)
{
	int count = 0;

	while (words[count])
		count++;
	return count;
}

/* One row a noun: its first command. */
static bool is_first(const struct command *command)
{
	return command_of_noun(command->noun, NULL) == command;
}

/* What was typed, of which there are several or none. */
struct guess {
	const char *word;
	size_t len;
	unsigned count; /* of the names that begin with it */
	struct nearest nearest;
	struct buf names; /* ", "-separated */
};

static void guess_begin(struct guess *guess, const char *word)
{
	*guess = (struct guess){.word = word, .len = strlen(word)};
	guess->nearest = nearest_to(word);
	buf_init(&guess->names, 0);
}

/* False: NAME is not what is meant, as far as can be seen. */
static bool guess_try(struct guess *guess, const char *name)
{
	nearest_try(&guess->nearest, name);
	if (guess->len == 0 || strncmp(name, guess->word, guess->len) != 0)
		return false;
	buf_printf(&guess->names, "%s%s", guess->count > 0 ? ", " : "", name);
	guess->count++;
	return true;
}

/* What is wrong with it, without an end of line. */
static void guess_explain(struct guess *guess, const char *before, struct buf *out)
{
	const char *near = guess->nearest.word;

	if (guess->count > 1)
		buf_printf(out, "%s%s is ambiguous: %s", before, guess->word,
			buf_str(&guess->names));
	else if (near)
		buf_printf(out, "no such command: %s%s; did you mean %s%s?", before,
			guess->word, before, near);
	else
		buf_printf(out, "no such command: %s%s", before, guess->word);
}

const char *command_noun(const char *word, struct buf *out)
{
	const struct command *command, *found = NULL;
	struct guess guess;

	guess_begin(&guess, word);
	for (command = commands; command->noun; command++) {
		if (!is_first(command) || !guess_try(&guess, command->noun))
			continue;
		found = command;
		if (command->noun[guess.len] == '\0') {
			guess.count = 1;
			break;
		}
	}
	if (guess.count != 1) {
		guess_explain(&guess, "", out);
		buf_add_str(out, "\ntandemctl help lists what there is");
		found = NULL;
	}
	buf_free(&guess.names);
	return found ? found->noun : NULL;
}

static void add_usages(const char *noun, struct buf *out)
{
	const struct command *command = NULL;

	while ((command = command_of_noun(noun, command)))
		buf_printf(out, "\n  tandemctl %s", command->usage);
}

const struct command *command_verb(const char *noun, const char *word, struct buf *out)
{
	const struct command *command = command_of_noun(noun, NULL), *found = NULL;
	struct guess guess;
	char before[64];

	/* Every noun that was found has a row. */
	if (!command)
		return NULL;
	if (command->verb[0] == '\0' && !command_of_noun(noun, command))
		return command;
	if (!word) {
		buf_printf(out, "%s needs one of:", noun);
		add_usages(noun, out);
		return NULL;
	}
	guess_begin(&guess, word);
	for (; command; command = command_of_noun(noun, command)) {
		if (!guess_try(&guess, command->verb))
			continue;
		found = command;
		if (command->verb[guess.len] == '\0') {
			guess.count = 1;
			break;
		}
	}
	if (guess.count != 1) {
		snprintf(before, sizeof(before), "%s ", noun);
		guess_explain(&guess, before, out);
		buf_printf(out, "\n%s has:", noun);
		add_usages(noun, out);
		found = NULL;
	}
	buf_free(&guess.names);
	return found;
}

const struct command *command_find(char *const *words, int *ret_used, struct buf *out)
{
	const struct command *command;
	const char *noun;

	if (!words[0]) {
		buf_add_str(
			out, "a command is missing\ntandemctl help lists what there is");
		return NULL;
	}
	noun = command_noun(words[0], out);
	command = noun ? command_verb(noun, words[1], out) : NULL;
	if (command)
		*ret_used = command->verb[0] ? 2 : 1;
	return command;
}
