/*
 * Header lines as they were received, whatever the parser made of them: a header that it
 * refused is still there as text.
 */
#include "sip/message.h"
#include "sip/message_priv.h"
#include "sip/message_uri.h"

#include <string.h>

/* RFC 3261 20, and the registry of headers: names of one letter. */
static const struct {
	char letter;
	const char *name;
} compact_names[] = {
	{'a', "Accept-Contact"},
	{'b', "Referred-By"},
	{'c', "Content-Type"},
	{'d', "Request-Disposition"},
	{'e', "Content-Encoding"},
	{'f', "From"},
	{'i', "Call-ID"},
	{'j', "Reject-Contact"},
	{'k', "Supported"},
	{'l', "Content-Length"},
	{'m', "Contact"},
	{'n', "Identity-Info"},
	{'o', "Event"},
	{'r', "Refer-To"},
	{'s', "Subject"},
	{'t', "To"},
	{'u', "Allow-Events"},
	{'v', "Via"},
	{'x', "Session-Expires"},
	{'y', "Identity"},
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_compact(char letter, struct span name)
{
	for (size_t i = 0; i < sizeof compact_names / sizeof compact_names[0]; i++)
		if (compact_names[i].letter == lower(letter))
			return span_equal_nocase(name, compact_names[i].name);
	return false;
}

static bool is_name(struct span found, struct span name)
{
	return span_same_letters(found, name) ||
	       (found.len == 1 && is_compact(found.p[0], name));
}

/* Most lines are told apart by their first bytes; LINE has two at least. */
static bool may_be(const char *line, struct span name)
{
	return ((line[0] ^ name.p[0]) & ~0x20) == 0 || line[0] == ' ' ||
	       line[0] == '\t' || line[1] == ':' || line[1] == ' ' || line[1] == '\t';
}

void message_lines_begin(
	struct message_lines *lines, const struct message *message, const char *name)
{
	const char *start = message->text.p;
	const char *end = memchr(start, '\n', message->text.len);

	lines->name = span_of(name);
	lines->rest = (struct span){0};
	/* Headers end with a line end, so the body is behind the first one. */
	if (end != NULL)
		lines->rest = (struct span){end + 1, (size_t)(message->body.p - end - 1)};
}

/* Takes the next line off, without its end. */
static bool next_line(struct message_lines *lines, struct span *ret)
{
	const char *end;

	if (lines->rest.len == 0)
		return false;
	*ret = lines->rest;
	end = memchr(ret->p, '\n', ret->len);
	lines->rest = (struct span){0};
	if (end != NULL) {
		lines->rest.p = end + 1;
		lines->rest.len = (size_t)(ret->p + ret->len - end - 1);
		ret->len = (size_t)(end - ret->p);
	}
	if (ret->len > 0 && ret->p[ret->len - 1] == '\r')
		ret->len--;
	return true;
}

/* "Name: value" */
static bool split_line(struct span line, struct span *ret_name, struct span *ret_value)
{
	const char *colon = memchr(line.p, ':', line.len);

	if (colon == NULL)
		return false;
	*ret_name = span_trim((struct span){line.p, (size_t)(colon - line.p)});
	*ret_value = span_trim(
		(struct span){colon + 1, (size_t)(line.p + line.len - colon - 1)});
	return true;
}

bool message_lines_next(struct message_lines *lines, struct span *ret_value)
{
	struct span line, name, value;

	while (next_line(lines, &line)) {
		if (line.len < 2 || !may_be(line.p, lines->name) ||
			!split_line(line, &name, &value) || !is_name(name, lines->name))
			continue;
		*ret_value = value;
		return true;
	}
	return false;
}

void message_body_lines(const struct message *message, struct message_body_lines *ret)
{
	const struct {
		const char *name;
		struct span *value;
	} lines_of[] = {
		{"Content-Type", &ret->type},
		{"Content-Disposition", &ret->disposition},
		{"Content-ID", &ret->id},
		{"Content-Transfer-Encoding", &ret->transfer_encoding},
		{"Content-Encoding", &ret->encoding},
	};
	struct message_lines lines;
	struct span line, name, value;

	*ret = (struct message_body_lines){0};
	message_lines_begin(&lines, message, "Content"); /* what all of them begin with */
	while (next_line(&lines, &line)) {
		if (line.len < 2 || !may_be(line.p, lines.name) ||
			!split_line(line, &name, &value))
			continue;
		for (size_t i = 0; i < sizeof lines_of / sizeof lines_of[0]; i++)
			if (lines_of[i].value->p == NULL &&
				is_name(name, span_of(lines_of[i].name)))
				*lines_of[i].value = value;
	}
}

/* NAME, or what it is short for. */
static struct span long_name(struct span name)
{
	for (size_t i = 0;
		name.len == 1 && i < sizeof compact_names / sizeof compact_names[0]; i++)
		if (compact_names[i].letter == lower(name.p[0]))
			return span_of(compact_names[i].name);
	return name;
}

bool message_line_next(const struct message *message, struct span *rest,
	struct span *ret_name, struct span *ret_value)
{
	struct message_lines lines;
	struct span line;

	message_lines_begin(&lines, message, "");
	if (rest->p != NULL)
		lines.rest = *rest;
	while (next_line(&lines, &line)) {
		if (!split_line(line, ret_name, ret_value))
			continue;
		*ret_name = long_name(*ret_name);
		*rest = lines.rest;
		if (rest->p == NULL)
			*rest = (struct span){message->body.p, 0};
		return true;
	}
	return false;
}

bool message_line(const struct message *message, const char *name, unsigned nth,
	struct span *ret_value)
{
	struct message_lines lines;
	struct span value;

	message_lines_begin(&lines, message, name);
	while (message_lines_next(&lines, &value)) {
		if (nth-- == 0) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

/* The length of the first element of LIST: up to a comma outside of quotes and brackets.
 * A quote that nobody closes hides nothing. */
static size_t element_len(struct span list)
{
	bool bracket = false;

	for (size_t i = 0; i < list.len; i++) {
		char c = list.p[i];

		if (c == '"' && !bracket)
			i += message_quoted_len((struct span){list.p + i, list.len - i}) -
			     1;
		else if (c == '<')
			bracket = true;
		else if (c == '>')
			bracket = false;
		else if (c == ',' && !bracket)
			return i;
	}
	return list.len;
}

bool message_element_next(struct span *list, struct span *ret_element)
{
	while (list->len > 0) {
		size_t len = element_len(*list);
		struct span element = span_trim((struct span){list->p, len});

		*list = len < list->len
				? (struct span){list->p + len + 1, list->len - len - 1}
				: (struct span){0};
		if (element.len > 0) {
			*ret_element = element;
			return true;
		}
	}
	return false;
}

bool message_element(const struct message *message, const char *name, unsigned nth,
	struct span *ret_element)
{
	struct message_lines lines;
	struct span list;
	struct span element;

	message_lines_begin(&lines, message, name);
	while (message_lines_next(&lines, &list)) {
		while (message_element_next(&list, &element)) {
			if (nth-- == 0) {
				*ret_element = element;
				return true;
			}
		}
	}
	return false;
}

unsigned message_elements(const struct message *message, const char *name)
{
	struct message_lines lines;
	struct span list;
	struct span element;
	unsigned count = 0;

	message_lines_begin(&lines, message, name);
	while (message_lines_next(&lines, &list)) {
		while (message_element_next(&list, &element))
			count++;
	}
	return count;
}

bool message_seconds(struct span value, uint32_t *ret_seconds)
{
	const struct span text = span_trim(value);
	uint32_t seconds = 0;
	size_t i = 0;

	for (; i < text.len && i < 9 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
		seconds = seconds * 10 + (uint32_t)(text.p[i] - '0');
	if (!i)
		return false;
	if (i < text.len && text.p[i] >= '0' && text.p[i] <= '9')
		seconds = 999999999;
	*ret_seconds = seconds;
	return true;
}
