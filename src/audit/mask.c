/*
 * Every word that announces a key ends in a colon, so one pass over the colons finds all.
 * The rest of the line's grammar is ignored on purpose: a peer's line that our SDP reader
 * would refuse, in whatever body part, still carries a key.
 */
#include "audit/mask.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* What ends a key that follows a word. */
enum ending {
	ENDING_PARAMETER, /* white space, '|' (lifetime, MKI) or ';' (next key) */
	ENDING_LINE,
};

static const struct word {
	const char *text; /* up to the colon; '\n' stands for the start of a line */
	enum ending ending;
} words[] = {
	{"inline", ENDING_PARAMETER},
	{"key-mgmt", ENDING_LINE},
	{"\nk=clear", ENDING_LINE},
	{"\nk=base64", ENDING_LINE},
	{"\nk=uri", ENDING_LINE},
};

static const struct word *word_before(const char *data, const char *colon)
{
	size_t before = (size_t)(colon - data);

	/* Most colons are dismissed by the last letter before them. */
	if (before == 0 || !strchr("eEtTrR4iI", colon[-1]))
		return NULL;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].text);

		if (before >= len && strncasecmp(colon - len, words[i].text, len) == 0)
			return &words[i];
	}
	return NULL;
}

static bool ends_key(char c, enum ending ending)
{
	if (c == '\r' || c == '\n')
		return true;
	return ending == ENDING_PARAMETER && strchr(" \t|;", c) && c != '\0';
}

/* The next colon behind a word that announces a key, at or after FROM. */
static const char *next_word(
	const char *data, size_t len, size_t from, const struct word **ret_word)
{
	const char *end = data + len, *at = data + from;

	while (at < end && (at = memchr(at, ':', (size_t)(end - at)))) {
		*ret_word = word_before(data, at);
		if (*ret_word)
			return at;
		at++;
	}
	return NULL;
}

unsigned mask_keys(char *data, size_t len)
{
	const struct word *word;
	const char *colon;
	unsigned count = 0;
	size_t at = 0;

	while ((colon = next_word(data, len, at, &word))) {
		at = (size_t)(colon - data) + 1;
		while (at < len && (data[at] == ' ' || data[at] == '\t'))
			at++;
		while (at < len && !ends_key(data[at], word->ending))
			data[at++] = 'x';
		count++;
	}
	return count;
}
