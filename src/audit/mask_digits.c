/*
 * A body is known by the Content-Type before it, in the head of the message or of a part of a multipart. Whether the head is
 * one that our parser takes does not matter: each line that may be one counts, folded or not, by its long or compact name.
 */
#include "audit/mask.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum body {
	BODY_OTHER,
	BODY_LINES, /* "Signal=5", "5": what stands behind '=', or all of a line */
	BODY_WHOLE,
	BODY_KPML,
};

static const struct type {
	const char *name;
	enum body body;
} types[] = {
	{"application/dtmf-relay", BODY_LINES},
	{"application/dtmf", BODY_LINES},
	{"application/vnd.nortelnetworks.digits", BODY_LINES},
	{"audio/telephone-event", BODY_WHOLE},
	{"application/kpml-response+xml", BODY_KPML},
};

/* ---- the text ---- */

struct text {
	char *data;
	size_t len;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_end(char c)
{
	return c == '\r' || c == '\n';
}

static bool is_word_at(const struct text *text, size_t at, const char *word)
{
	const size_t len = strlen(word);

	return text->len - at >= len && strncasecmp(text->data + at, word, len) == 0;
}

/* Behind the line that AT is in. */
static size_t next_line(const struct text *text, size_t at)
{
	const char *end = memchr(text->data + at, '\n', text->len - at);

	return end ? (size_t)(end - text->data) + 1 : text->len;
}

/* Over blanks and folds (RFC 3261 7.3.1). */
static size_t skip_folds(const struct text *text, size_t at)
{
	while (at < text->len) {
		const bool cr = text->data[at] == '\r' && at + 1 < text->len &&
				text->data[at + 1] == '\n';
		const size_t behind = at + 1 + cr;
		const bool fold = text->data[behind - 1] == '\n' && behind < text->len &&
				  is_space(text->data[behind]);

		if (!is_space(text->data[at]) && !fold)
			break;
		at = fold ? behind : at + 1;
	}
	return at;
}

/* ---- which body ---- */

/* The value of the line at AT, when it is Content-Type; else 0. */
static size_t type_value(const struct text *text, size_t at)
{
	static const char *const names[] = {"content-type", "c"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t behind = at + strlen(names[i]);

		if (!is_word_at(text, at, names[i]))
			continue;
		while (behind < text->len && is_space(text->data[behind]))
			behind++;
		if (behind < text->len && text->data[behind] == ':')
			return skip_folds(text, behind + 1);
	}
	return 0;
}

static enum body body_of(const struct text *text, size_t at)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const size_t end = at + strlen(types[i].name);

		if (is_word_at(text, at, types[i].name) &&
			(end == text->len || is_space(text->data[end]) ||
				is_end(text->data[end]) || text->data[end] == ';' ||
				text->data[end] == ','))
			return types[i].body;
	}
	return BODY_OTHER;
}

/* Behind the empty line that ends the head in which AT is. */
static size_t body_begin(const struct text *text, size_t at)
{
	for (at = next_line(text, at); at < text->len; at = next_line(text, at))
		if (is_end(text->data[at]))
			return next_line(text, at);
	return text->len;
}

/* Where the body at AT ends: the next delimiter of a multipart (RFC 2046 5.1.1), or the message. */
static size_t body_end(const struct text *text, size_t at)
{
	for (; at < text->len; at = next_line(text, at))
		if (is_word_at(text, at, "--"))
			return at;
	return text->len;
}

/* ---- overwriting ---- */

static void overwrite(struct text *text, size_t from, size_t to)
{
	for (; from < to; from++)
		if (!is_space(text->data[from]) && !is_end(text->data[from]))
			text->data[from] = 'x';
}

static void mask_lines(struct text *text, size_t at, size_t end)
{
	while (at < end) {
		size_t next = next_line(text, at), from = at;
		const char *equals;

		if (next > end)
			next = end;
		while (from < next && is_space(text->data[from]))
			from++;
		equals = memchr(text->data + from, '=', next - from);
		if (!is_word_at(text, from, "duration"))
			overwrite(text, equals ? (size_t)(equals - text->data) + 1 : from,
				next);
		at = next;
	}
}

/* Each value of an attribute digits, in quotes of either kind. */
static void mask_kpml(struct text *text, size_t at, size_t end)
{
	static const char name[] = "digits";

	for (; at < end; at++) {
		size_t value = at + sizeof(name) - 1;
		const char *close;

		if (!is_word_at(text, at, name))
			continue;
		while (value < end &&
			(is_space(text->data[value]) || is_end(text->data[value]) ||
				text->data[value] == '='))
			value++;
		if (value >= end ||
			(text->data[value] != '"' && text->data[value] != '\''))
			continue;
		close = memchr(
			text->data + value + 1, text->data[value], end - value - 1);
		at = close ? (size_t)(close - text->data) : end;
		overwrite(text, value + 1, at);
	}
}

static void mask_body(struct text *text, size_t at, size_t end, enum body body)
{
	if (body == BODY_LINES)
		mask_lines(text, at, end);
	else if (body == BODY_WHOLE)
		memset(text->data + at, 'x', end - at);
	else
		mask_kpml(text, at, end);
}

unsigned mask_digits(char *data, size_t len)
{
	struct text text = {.data = data, .len = len};
	unsigned count = 0;
	size_t at = 0, begin, end;

	while (at < len) {
		const size_t value = type_value(&text, at);
		const enum body body = value ? body_of(&text, value) : BODY_OTHER;

		at = next_line(&text, at);
		if (body == BODY_OTHER)
			continue;
		begin = body_begin(&text, value);
		end = body_end(&text, begin);
		mask_body(&text, begin, end, body);
		count++;
		if (end > at)
			at = end;
	}
	return count;
}
