#include "ctl/complete.h"

#include "admin/api.h"
#include "ctl/answer.h"
#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/event_table.h"
#include "ctl/help_table.h"
#include "ctl/show_value.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is being typed, and what stands before it. */
struct typed {
	char **words; /* without options; ends with NULL */
	int count;
	const char *last;
	char *socket_path;
	const char *option; /* whose value the last word is; NULL: of none */
	const char *before; /* what of the last word is no part of its value: "trunk=" */
	const char *behind; /* the word that the last one is behind */
};

static void offer(const struct typed *typed, const char *word, const char *text)
{
	const size_t len = strlen(typed->before);

	/* What stands before a value is part of each candidate. */
	if (strncmp(typed->before, typed->last, len) == 0 &&
		strncmp(word, typed->last + len, strlen(typed->last + len)) == 0)
		printf("%s%s\t%s\n", typed->before, word, text);
}

/* ---- what can be typed ---- */

static void offer_options(const struct typed *typed, const struct command *command)
{
	const struct help_entry *entry =
		command ? help_entry_find(command->noun, command->verb) : NULL;

	for (unsigned i = 0; entry && entry->options[i].name; i++)
		offer(typed, entry->options[i].name, entry->options[i].text);
	for (const struct option_name *option = options_table(); option->text; option++) {
		if (option->word)
			offer(typed, option->word, option->text);
		else
			offer(typed, option->letter, option->text);
	}
}

static void offer_nouns(const struct typed *typed)
{
	const struct command *command = command_table();

	for (; command->noun; command++)
		if (command_of_noun(command->noun, NULL) == command)
			offer(typed, command->noun,
				command->verb[0] ? "" : command->help);
}

static void offer_verbs(const struct typed *typed, const char *noun)
{
	const struct command *command = NULL;

	while ((command = command_of_noun(noun, command)))
		if (command->verb[0])
			offer(typed, command->verb, command->help);
}

/* The ids of what NOUN lists, each with TEXT of its row. The server may be down: then there are none. */
static void offer_ids(const struct typed *typed, const char *noun, const char *member,
	const char *text_path)
{
	char *const none[] = {NULL};
	struct err_text error = {""};
	json_t *answer = NULL;
	const json_t *rows, *row;
	struct buf id, text;
	size_t i;

	if (client_ask_quickly(typed->socket_path, noun, "list", none, &answer, &error) !=
		API_OK)
		return;
	buf_init(&id, 0);
	buf_init(&text, 0);
	rows = json_object_get(answer, "result");
	if (member)
		rows = json_object_get(rows, member);
	json_array_foreach(rows, i, row)
	{
		const char *word = show_text_at(row, "id", &id);

		/* Configured ids need no quotes in a shell; another would be a trap. */
		if (word[0] && word[strcspn(word, " \t'\"\\$`;&|<>()*?[]{}~#!")] == '\0')
			offer(typed, word, show_text_at(row, text_path, &text));
	}
	buf_free(&id);
	buf_free(&text);
	json_decref(answer);
}

/* "on|observe|off" of LEN bytes. */
static void offer_choices(const struct typed *typed, const char *choices, size_t len)
{
	char word[64];

	for (size_t part; len > 0; choices += part, len -= part) {
		part = strcspn(choices, "|");
		if (part > len)
			part = len;
		snprintf(word, sizeof(word), "%.*s", (int)part, choices);
		offer(typed, word, "");
		part += part < len;
	}
}

static void offer_events(const struct typed *typed)
{
	const struct event_entry *entry = event_table();

	for (; entry->name; entry++)
		if (!entry[1].name || strcmp(entry->name, entry[1].name) != 0)
			offer(typed, entry->name, entry->meaning);
}

/* KEY=VALUE: a key, or what one may be. */
static void offer_match(const struct typed *typed)
{
	static const char levels[] = "error|warning|info";
	static const struct {
		const char *key, *text;
	} keys[] = {
		{"trunk=", "what concerns a trunk or server, and its calls"},
		{"call=", "one call, by id or number"},
		{"level=", "at least that"},
		{"module=", "the second word of the line"},
		{"event=", "what happened"},
	};
	struct typed value = *typed;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strncmp(typed->last, keys[i].key, strlen(keys[i].key)) == 0)
			value.before = keys[i].key;
		else
			offer(typed, keys[i].key, keys[i].text);
	}
	if (strcmp(value.before, "trunk=") == 0) {
		offer_ids(&value, "trunk", NULL, "host");
		offer_ids(&value, "server", NULL, "host");
	} else if (strcmp(value.before, "call=") == 0) {
		offer_ids(&value, "call", "calls", "state");
	} else if (strcmp(value.before, "level=") == 0) {
		offer_choices(&value, levels, sizeof(levels) - 1);
	} else if (strcmp(value.before, "event=") == 0) {
		offer_events(&value);
	}
}

/* "--via server ID": the word before the one that is typed says whose ids they are. */
static bool offer_via(const struct typed *typed, const struct command *command)
{
	const char *before = typed->count > 0 ? typed->words[typed->count - 1] : "";

	if (strcmp(command->noun, "route") != 0 ||
		(strcmp(before, "server") != 0 && strcmp(before, "trunk") != 0))
		return false;
	offer_ids(typed, before, NULL, "host");
	return true;
}

/* What stands for an argument in a usage. */
static void offer_argument(const struct typed *typed, const struct command *command,
	const char *name, size_t len)
{
	static const char levels[] = "error|warning|info|debug";

	if (offer_via(typed, command))
		return;
	if (len == 2 && strncmp(name, "ID", len) == 0) {
		if (strcmp(command->noun, "call") == 0)
			offer_ids(typed, "call", "calls", "state");
		else if (strcmp(command->noun, "subscription") == 0)
			offer_ids(typed, "subscription", "subscriptions", "package");
		else
			offer_ids(typed, command->noun, NULL, "host");
	} else if ((len == 5 && strncmp(name, "LEVEL", len) == 0) ||
		   (len == 6 && strncmp(name, "MODULE", len) == 0)) {
		/* Modules are known to no list. */
		offer_choices(typed, levels, sizeof(levels) - 1);
	} else if (len == 9 && strncmp(name, "KEY=VALUE", len) == 0) {
		offer_match(typed);
	} else if (name[0] >= 'a' && name[0] <= 'z') {
		offer_choices(typed, name, len);
	}
}

/* The value of an option that names a call, a trunk or a server. False: it is another one's, or none's. */
static bool offer_value(const struct typed *typed)
{
	if (strcmp(typed->behind, "--call") == 0) {
		offer_ids(typed, "call", "calls", "state");
		return true;
	}
	if (strcmp(typed->behind, "--trunk") != 0)
		return false;
	offer_ids(typed, "trunk", NULL, "host");
	offer_ids(typed, "server", NULL, "host");
	return true;
}

/* The argument number INDEX of the usage, options apart. The last one may be repeated ("..."). */
static void offer_arguments(
	const struct typed *typed, const struct command *command, int index)
{
	const char *word = command->usage;
	int skip = command->verb[0] ? 2 : 1;
	size_t len;

	for (; *word; word += len, word += strspn(word, " ]|")) {
		word += strspn(word, "[");
		len = strcspn(word, " ]");
		if (word[0] == '-') {
			/* With its value, which belongs to it. */
			if (word[len] == ' ' && word[len + 1] >= 'A' &&
				word[len + 1] <= 'Z')
				len += 1 + strcspn(word + len + 1, " ]");
			continue;
		}
		if (skip-- > 0)
			continue;
		if (index-- > 0 && !strstr(word, "..."))
			continue;
		offer_argument(typed, command, word, len);
		return;
	}
}

/* ---- what is typed ---- */

static const struct option_name *find_option(const char *word)
{
	for (const struct option_name *option = options_table(); option->text; option++)
		if ((option->word && strcmp(option->word, word) == 0) ||
			(option->letter && strcmp(option->letter, word) == 0))
			return option;
	return NULL;
}

/* Sorts the WORDS, of which the last is being typed. */
static void read_words(struct typed *typed, char **words)
{
	const struct option_name *option;
	char **kept = words;

	typed->words = words;
	typed->last = "";
	typed->before = "";
	typed->behind = "";
	for (; *words; words++) {
		if (!words[1]) {
			typed->last = *words;
			break;
		}
		option = words[0][0] == '-' ? find_option(*words) : NULL;
		if (!words[2])
			typed->behind = *words;
		if (option && option->value) {
			if (!words[2]) {
				typed->last = words[1];
				typed->option = option->word;
				break;
			}
			typed->socket_path = *++words;
		} else if (words[0][0] != '-') {
			*kept++ = *words;
		}
	}
	*kept = NULL;
	typed->count = command_count_words(typed->words);
}

static void offer_help(const struct typed *typed)
{
	if (typed->count == 1)
		offer_nouns(typed);
	else if (typed->count == 2)
		offer_verbs(typed, typed->words[1]);
}

static void complete(const struct typed *typed)
{
	const struct command *command = NULL;
	struct buf wrong;
	int used = 0;

	/* Files: what every shell does by itself. */
	if (typed->option)
		return;
	buf_init(&wrong, 0);
	command = typed->count > 0 ? command_find(typed->words, &used, &wrong) : NULL;
	if (typed->last[0] == '-') {
		offer_options(typed, command);
	} else if (typed->count == 0) {
		offer_nouns(typed);
	} else if (command && strcmp(command->noun, "help") == 0) {
		offer_help(typed);
	} else if (command && !offer_value(typed)) {
		offer_arguments(typed, command, typed->count - used);
	} else if (typed->count == 1) {
		const char *noun = command_noun(typed->words[0], &wrong);

		if (noun)
			offer_verbs(typed, noun);
	}
	buf_free(&wrong);
}

int complete_run(const struct options *options)
{
	struct typed typed = {.socket_path = (char *)(uintptr_t)options->socket_path};

	read_words(&typed, options->words + 1);
	complete(&typed);
	return answer_flush(API_OK);
}
