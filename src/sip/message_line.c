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
	const char *body = message->body.p;
	const char *start = message->text.p;
	const char *end = memchr(start, '\n', message->text.len);

	lines->name = span_of(name);
	lines->rest = (struct span){0};
	if (end != NULL && body > end)
		lines->rest = (struct span){end + 1, (size_t)(body - end - 1)};
}

bool message_lines_next(struct message_lines *lines, struct span *ret_value)
{
	while (lines->rest.len > 0) {
		const char *p = lines->rest.p;
		const char *end = memchr(p, '\n', lines->rest.len);
		size_t len = end != NULL ? (size_t)(end - p) : lines->rest.len;
		const char *colon;

		lines->rest = end != NULL
				      ? (struct span){end + 1, lines->rest.len - len - 1}
				      : (struct span){0};
		if (len < 2 || !may_be(p, lines->name))
			continue;
		if (p[len - 1] == '\r')
			len--;
		colon = memchr(p, ':', len);
		if (colon == NULL ||
			!is_name(span_trim((struct span){p, (size_t)(colon - p)}),
				lines->name))
			continue;
		*ret_value = span_trim(
			(struct span){colon + 1, (size_t)(p + len - colon - 1)});
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
