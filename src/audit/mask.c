/*
 * Every word that announces a key ends in a colon, so one pass over the colons finds all.
 * The rest of the line's grammar is ignored on purpose: a peer's line that our SDP reader
 * would refuse, in whatever body part, still carries a key.
 *
 * The response of digest credentials is no key, but whoever has it with the rest of the request can try
 * passwords against it as fast as he can compute. The rest of the header stays, to see what was asked.
 */
#include "audit/mask.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* What ends a key that follows a word. */
enum ending {
	ENDING_PARAMETER, /* white space, '|' (lifetime, MKI) or ';' (next key) */
	ENDING_LINE,
	ENDING_CREDENTIALS, /* the secret ones of a header's parameters, or all of it */
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
	{"\na=ice-pwd", ENDING_LINE},
	{"\nAuthorization", ENDING_CREDENTIALS},
	{"\nProxy-Authorization", ENDING_CREDENTIALS},
	{"\nAuthentication-Info", ENDING_CREDENTIALS},
	{"\nProxy-Authentication-Info", ENDING_CREDENTIALS},
};

/* Parameters by which a password can be tried (RFC 7616 3.4, 3.5), or a session taken over ([MS-SIPAE]). */
static const char *const secrets[] = {"response", "rspauth", "gssapi-data"};
/* What these send is the secret itself (RFC 7617, RFC 8898). */
static const char *const open_schemes[] = {"basic", "bearer"};

/* Of each word's last letter, the one before it. */
static const char last_but_one[UCHAR_MAX + 1] = {
	['e'] = 'n',
	['E'] = 'n',
	['t'] = 'm',
	['T'] = 'm',
	['r'] = 'a',
	['R'] = 'a',
	['4'] = '6',
	['i'] = 'r',
	['I'] = 'r',
	['n'] = 'o',
	['N'] = 'o',
	['d'] = 'w',
	['D'] = 'w',
	['o'] = 'f',
	['O'] = 'f',
};

/* Nearly all colons are dismissed by the two letters before them: a message has forty of them. */
static bool may_end_word(const char *data, size_t len)
{
	const char wanted = len < 2 ? '\0' : last_but_one[(unsigned char)data[len - 1]];

	return wanted != '\0' && (data[len - 2] | 0x20) == wanted;
}

static const struct word *word_before(const char *data, const char *colon)
{
	size_t before = (size_t)(colon - data);

	/* a header's name may have blanks behind it */
	while (before > 0 && (data[before - 1] == ' ' || data[before - 1] == '\t'))
		before--;
	if (!may_end_word(data, before))
		return NULL;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].text);

		if (before >= len &&
			strncasecmp(data + before - len, words[i].text, len) == 0)
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

static size_t mask_to_end(char *data, size_t len, size_t at, enum ending ending)
{
	while (at < len && (data[at] == ' ' || data[at] == '\t'))
		at++;
	while (at < len && !ends_key(data[at], ending))
		data[at++] = 'x';
	return at;
}

/* A line that is followed by a blank goes on (RFC 3261 7.3.1). */
static bool ends_header(const char *data, size_t len, size_t at)
{
	return data[at] == '\n' &&
	       (at + 1 == len || (data[at + 1] != ' ' && data[at + 1] != '\t'));
}

/* The length of the one of COUNT words that stands at AT; 0: none. */
static size_t word_at(
	const char *data, size_t len, size_t at, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const size_t word = strlen(list[i]);

		if (len - at >= word && strncasecmp(data + at, list[i], word) == 0)
			return word;
	}
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The header's value is a scheme that sends its secret as it is. */
static bool is_open_scheme(const char *data, size_t len, size_t at)
{
	size_t word;

	while (at < len && is_blank(data[at]) && !ends_header(data, len, at))
		at++;
	word = word_at(data, len, at, open_schemes,
		sizeof(open_schemes) / sizeof(open_schemes[0]));
	return word > 0 && at + word < len && is_blank(data[at + word]);
}

/* All behind the first word. */
static size_t mask_all(char *data, size_t len, size_t at)
{
	while (at < len && is_blank(data[at]))
		at++;
	while (at < len && !is_blank(data[at]))
		at++;
	for (; at < len && !ends_header(data, len, at); at++)
		if (!is_blank(data[at]))
			data[at] = 'x';
	return at;
}

/* "response = "0123..."" up to the comma or the end. */
static size_t mask_parameters(char *data, size_t len, size_t at)
{
	bool found = false;

	for (; at < len && !ends_header(data, len, at); at++) {
		const size_t word = found ? 0
					  : word_at(data, len, at, secrets,
						    sizeof(secrets) / sizeof(secrets[0]));

		if (word > 0) {
			at += word - 1;
			found = true;
		} else if (found && data[at] == ',') {
			found = false;
		} else if (found && !strchr(" \t\r\n=\"", data[at])) {
			data[at] = 'x';
		}
	}
	return at;
}

static size_t mask_credentials(char *data, size_t len, size_t at)
{
	return is_open_scheme(data, len, at) ? mask_all(data, len, at)
					     : mask_parameters(data, len, at);
}

unsigned mask_keys(char *data, size_t len)
{
	const struct word *word;
	const char *colon;
	unsigned count = 0;
	size_t at = 0;

	while ((colon = next_word(data, len, at, &word))) {
		at = (size_t)(colon - data) + 1;
		at = word->ending == ENDING_CREDENTIALS
			     ? mask_credentials(data, len, at)
			     : mask_to_end(data, len, at, word->ending);
		count++;
	}
	return count;
}
