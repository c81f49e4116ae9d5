/*
 * A reader of XML that knows elements and text, and undoes no entity: a number has none. It follows no
 * reference, opens nothing, and keeps nothing but its place.
 */
#include "sip/pidf.h"

#include <stdbool.h>
#include <string.h>

/* Elements within each other. */
#define DEPTH_MAX 32
#define NUMBER_MIN 3
#define NUMBER_MAX 32

enum token {
	TOKEN_END, /* of the document */
	TOKEN_OPEN,
	TOKEN_EMPTY, /* <a/> */
	TOKEN_CLOSE,
	TOKEN_TEXT,
	TOKEN_BROKEN,
};

struct reader {
	struct span rest;
	struct span name; /* of an element, without its prefix */
	struct span text;
};

static void skip(struct span *text, size_t count)
{
	text->p += count;
	text->len -= count;
}

/* Takes all up to and with END off *REST; false: it is not there. */
static bool skip_past(struct span *rest, const char *end)
{
	const char *found = span_find(*rest, span_of(end));

	if (!found)
		return false;
	skip(rest, (size_t)(found - rest->p) + strlen(end));
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trim(struct span text)
{
	while (text.len && is_blank(text.p[0]))
		skip(&text, 1);
	while (text.len && is_blank(text.p[text.len - 1]))
		text.len--;
	return text;
}

/* The name at the beginning of TAG, which is what stands between the brackets, behind its colon. */
static struct span local_name(struct span tag)
{
	const char *colon;
	size_t len = 0;

	while (len < tag.len && !is_blank(tag.p[len]) && tag.p[len] != '/')
		len++;
	tag.len = len;
	colon = len ? memchr(tag.p, ':', len) : NULL;
	if (colon)
		skip(&tag, (size_t)(colon - tag.p) + 1);
	return tag;
}

/* Takes a tag, whose '<' is gone, off the document: *RET is what is before its '>'. An attribute may have one. */
static bool next_tag(struct span *rest, struct span *ret)
{
	char quote = '\0';

	for (size_t i = 0; i < rest->len; i++) {
		char c = rest->p[i];

		if (quote) {
			if (c == quote)
				quote = '\0';
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '<') {
			return false;
		} else if (c == '>') {
			*ret = (struct span){rest->p, i};
			skip(rest, i + 1);
			return true;
		}
	}
	return false;
}

static enum token take_tag(struct reader *reader)
{
	struct span tag;

	if (!next_tag(&reader->rest, &tag) || tag.len == 0)
		return TOKEN_BROKEN;
	if (tag.p[0] == '/') {
		skip(&tag, 1);
		reader->name = local_name(tag);
		return TOKEN_CLOSE;
	}
	reader->name = local_name(tag);
	return tag.p[tag.len - 1] == '/' ? TOKEN_EMPTY : TOKEN_OPEN;
}

/* What is next, without comments, instructions and CDATA. */
static enum token next_token(struct reader *reader)
{
	struct span *rest = &reader->rest;

	for (;;) {
		const char *open = rest->len ? memchr(rest->p, '<', rest->len) : NULL;

		if (!rest->len)
			return TOKEN_END;
		if (open != rest->p) {
			reader->text = (struct span){
				rest->p, open ? (size_t)(open - rest->p) : rest->len};
			skip(rest, reader->text.len);
			return TOKEN_TEXT;
		}
		if (span_starts(*rest, "<!--")) {
			skip(rest, 4);
			if (!skip_past(rest, "-->"))
				return TOKEN_BROKEN;
		} else if (span_starts(*rest, "<?")) {
			if (!skip_past(rest, "?>"))
				return TOKEN_BROKEN;
		} else if (span_starts(*rest, "<![CDATA[")) {
			if (!skip_past(rest, "]]>"))
				return TOKEN_BROKEN;
		} else if (span_starts(*rest, "<!")) {
			return TOKEN_BROKEN;
		} else {
			skip(rest, 1);
			return take_tag(reader);
		}
	}
}

/* ---- numbers ---- */

static bool is_number(struct span text)
{
	if (span_starts(text, "+"))
		skip(&text, 1);
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return text.len >= NUMBER_MIN && text.len <= NUMBER_MAX;
}

/* Those of TEXT, with ';' between them: how many. 0 where one of them is none: NAM may be a name. */
static unsigned read_numbers(struct span text, struct span ret[static PIDF_ELINS_MAX])
{
	struct span word;
	unsigned count = 0;

	while (count < PIDF_ELINS_MAX && span_next(&text, ';', &word)) {
		word = trim(word);
		if (!word.len)
			continue;
		if (!is_number(word))
			return 0;
		ret[count++] = word;
	}
	return count;
}

/* What has been found so far. */
struct found {
	struct span numbers[PIDF_ELINS_MAX];
	unsigned count;
	bool is_elin; /* else NAM, which gives way to it */
};

/* TEXT is that of the element NAME of a civic address. */
static void take_text(struct found *found, struct span name, struct span text)
{
	bool is_elin = span_equal_str(name, "ELIN");
	struct span numbers[PIDF_ELINS_MAX];
	unsigned count;

	if ((!is_elin && !span_equal_str(name, "NAM")) || found->is_elin)
		return;
	count = read_numbers(text, numbers);
	if (!count || (!is_elin && found->count))
		return;
	memcpy(found->numbers, numbers, sizeof(numbers[0]) * count);
	found->count = count;
	found->is_elin = is_elin;
}

unsigned pidf_elins(struct span document, struct span ret[static PIDF_ELINS_MAX])
{
	struct reader reader = {.rest = document};
	struct span within = {0}; /* the innermost element that is open */
	struct found found = {.count = 0};
	unsigned depth = 0,
		 civic = 0; /* civic: the depth of the address that is open; 0: none */
	enum token token;

	while ((token = next_token(&reader)) != TOKEN_END && token != TOKEN_BROKEN) {
		if (token == TOKEN_OPEN) {
			if (++depth > DEPTH_MAX)
				return 0;
			within = reader.name;
			if (!civic && span_equal_str(within, "civicAddress"))
				civic = depth;
		} else if (token == TOKEN_CLOSE) {
			if (!depth)
				return 0;
			if (civic == depth)
				civic = 0;
			depth--;
			within = (struct span){0};
		} else if (token == TOKEN_TEXT && civic && depth == civic + 1) {
			take_text(&found, within, reader.text);
		}
	}
	memcpy(ret, found.numbers, sizeof(ret[0]) * found.count);
	return found.count;
}
