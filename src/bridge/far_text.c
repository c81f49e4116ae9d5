#include "bridge/far_text.h"

#include "sip/message.h"

#include <stdlib.h>

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* VALUE without its quotes; *RET_ESCAPED: a backslash in it escapes. One that is not closed goes on to its end. */
static struct span unquote(struct span value, bool *ret_escaped)
{
	*ret_escaped = value.len > 0 && value.p[0] == '"';
	if (!*ret_escaped)
		return value;
	value.p++;
	value.len--;
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] == '"')
			value.len = i;
		else if (value.p[i] == '\\')
			i++;
	}
	return value;
}

/* How long TEXT of LEN bytes is without a character of UTF-8 at its end that was cut. */
static size_t whole_len(const char *text, size_t len)
{
	size_t at = len, needed;
	unsigned char lead;

	while (at > 0 && len - at < 3 && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
		at--;
	if (at == 0 || (unsigned char)text[at - 1] < 0xc0)
		return len;
	lead = (unsigned char)text[--at];
	needed = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	return len - at < needed ? at : len;
}

char *far_text(struct span value, size_t max)
{
	const struct span trimmed = span_trim(value);
	bool escaped;
	const struct span inside = unquote(trimmed, &escaped);
	char *text = malloc(max + 1);
	size_t len = 0, i = 0;

	if (!text)
		return NULL;
	for (; i < inside.len && len < max; i++) {
		if (escaped && inside.p[i] == '\\' && i + 1 < inside.len)
			i++;
		text[len++] = is_control(inside.p[i]) ? ' ' : inside.p[i];
	}
	if (i < inside.len)
		len = whole_len(text, len);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	text[len] = '\0';
	/* in a record each such byte would be three */
	if (!message_text_valid((struct span){text, len}))
		for (i = 0; i < len; i++)
			if ((unsigned char)text[i] >= 0x80)
				text[i] = '?';
	if (len > 0)
		return text;
	free(text);
	return NULL;
}
