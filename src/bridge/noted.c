#include "bridge/noted.h"

#include "bridge/far_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* A new one behind the others; NULL: it is left out. */
static void add(
	struct record_words *words, const char *name, struct span value, size_t max)
{
	struct record_word word = {.name = strdup(name), .value = far_text(value, max)};
	struct record_word *grown =
		word.name && word.value
			? reallocarray(words->list, words->count + 1, sizeof(*grown))
			: NULL;

	if (!grown) {
		free(word.name);
		free(word.value);
		return;
	}
	words->list = grown;
	words->list[words->count++] = word;
}

/* In the place of what it had by that name. One that says nothing changes nothing. */
static void put(struct record_words *words, const char *name, struct span value)
{
	char *text;

	for (unsigned i = 0; i < words->count; i++) {
		if (strcmp(words->list[i].name, name) != 0)
			continue;
		text = far_text(value, NOTED_ID_MAX);
		if (text) {
			free(words->list[i].value);
			words->list[i].value = text;
		}
		return;
	}
	add(words, name, value, NOTED_ID_MAX);
}

void noted_free(struct record_words *words)
{
	for (unsigned i = 0; i < words->count; i++) {
		free(words->list[i].name);
		free(words->list[i].value);
	}
	free(words->list);
	*words = (struct record_words){.list = NULL};
}

/* ---- Microsoft ---- */

/* Parameters of the URI in its Contact. */
static const struct {
	const char *param, *name;
} parameters[] = {{"x-c", "x_c"}, {"x-i", "x_i"}};

/* Of several headers for one name the first that there is. All begin as is_named() looks for. */
static const struct {
	const char *header, *name;
} headers[] = {
	{"MS-Conversation-ID", "conversation_id"},
	{"MS-Call-ID", "call_id"},
	{"ms-diagnostics", "diagnostics"},
	{"ms-diagnostics-public", "diagnostics"},
	{"ms-client-diagnostics", "diagnostics"},
};

static bool is_letter(char c, char small)
{
	return (c | 0x20) == small;
}

/* Whether a header of TEXT begins with "ms-": most messages have none, and are gone through once. */
static bool is_named(struct span text)
{
	const char *end = text.p + text.len, *line = text.p;

	while (line && end - line > 4) {
		if (is_letter(line[0], 'm') && is_letter(line[1], 's') && line[2] == '-')
			return true;
		line = memchr(line, '\n', (size_t)(end - line));
		line = line ? line + 1 : NULL;
	}
	return false;
}

static void read_contact(struct record_words *words, const struct message *message)
{
	struct message_address address;
	struct span value;

	if (!message_line(message, "Contact", 0, &value) ||
		!span_find(value, span_of(";x-")) ||
		!message_contact(message, 0, &address))
		return;
	for (size_t i = 0; i < LENGTH(parameters); i++)
		if (message_param(address.uri.params, parameters[i].param, &value))
			put(words, parameters[i].name, value);
}

void noted_microsoft(struct record_words *words, const struct message *message)
{
	const char *done = "";
	struct span value;

	if (!message)
		return;
	read_contact(words, message);
	if (!is_named(message_text(message)))
		return;
	for (size_t i = 0; i < LENGTH(headers); i++) {
		if (strcmp(headers[i].name, done) == 0 ||
			!message_line(message, headers[i].header, 0, &value) ||
			!value.len)
			continue;
		put(words, headers[i].name, value);
		done = headers[i].name;
	}
}

/* ---- those that record-headers names ---- */

void noted_headers(struct record_words *words, const struct config_words *names,
	const struct message *message)
{
	struct span value;

	noted_free(words);
	for (size_t i = 0; i < names->count; i++)
		for (unsigned nth = 0;
			nth < NOTED_REPEATS_MAX && words->count < NOTED_HEADERS_MAX &&
			message_line(message, names->words[i], nth, &value);
			nth++)
			add(words, names->words[i], value, NOTED_VALUE_MAX);
}

/* ---- what outlives the process ---- */

static const struct saved_field word_fields[] = {
	SAVED_FIELD(struct record_word, name),
	SAVED_FIELD(struct record_word, value),
	SAVED_END,
};

int noted_save(const struct record_words *words, struct saved to, const char *list)
{
	struct saved object;
	int err = 0;

	for (unsigned i = 0; i < words->count && !err; i++) {
		err = saved_append(to, list, &object);
		if (!err)
			err = saved_put(object, word_fields, &words->list[i]);
	}
	return err;
}

int noted_load(struct record_words *words, struct saved from, const char *list,
	struct err_text *error)
{
	struct record_word word;
	struct saved object;
	int err = 0;

	for (unsigned i = 0; !err && saved_at(from, list, i, &object); i++) {
		word = (struct record_word){.name = NULL};
		err = saved_take(object, word_fields, &word, error);
		if (!err && (!word.name || !word.value))
			err = err_set(
				error, ERR_FORMAT, "a word of a far end is not whole");
		if (!err && words->count < NOTED_HEADERS_MAX)
			add(words, word.name, span_of(word.value), NOTED_VALUE_MAX);
		free(word.name);
		free(word.value);
	}
	return err;
}
