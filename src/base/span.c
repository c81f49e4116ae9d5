#include "base/span.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool span_same_letters(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (a.p[i] != b.p[i] && lower(a.p[i]) != lower(b.p[i]))
			return false;
	}
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct span span_trim(struct span s)
{
	while (s.len > 0 && is_blank(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

bool span_next(struct span *rest, char separator, struct span *ret_part)
{
	const char *end;

	if (!rest->p)
		return false;
	end = memchr(rest->p, separator, rest->len);
	if (!end) {
		*ret_part = *rest;
		*rest = (struct span){0};
		return true;
	}
	*ret_part = (struct span){.p = rest->p, .len = (size_t)(end - rest->p)};
	/* After a last separator an empty part is still to come: p stays non-NULL. */
	rest->p = end + 1;
	rest->len -= ret_part->len + 1;
	return true;
}

int span_uint(struct span s, uint64_t max, uint64_t *ret)
{
	uint64_t number = 0;

	if (s.len == 0)
		return ERR_FORMAT;
	for (size_t i = 0; i < s.len; i++) {
		uint64_t digit;

		if (s.p[i] < '0' || s.p[i] > '9')
			return ERR_FORMAT;
		digit = (uint64_t)(s.p[i] - '0');
		/* number * 10 + digit <= max, asked so that nothing overflows */
		if (digit > max || number > (max - digit) / 10)
			return ERR_FORMAT;
		number = number * 10 + digit;
	}
	*ret = number;
	return 0;
}

char *span_dup(struct span s)
{
	char *copy;

	if (s.len == SIZE_MAX)
		return NULL;
	copy = malloc(s.len + 1);
	if (!copy)
		return NULL;
	if (s.len > 0)
		memcpy(copy, s.p, s.len);
	copy[s.len] = '\0';
	return copy;
}

int span_copy(struct span s, char *out, size_t size)
{
	if (s.len >= size)
		return ERR_LIMIT;
	if (s.len > 0)
		memcpy(out, s.p, s.len);
	out[s.len] = '\0';
	return 0;
}

void span_append(char *out, size_t size, size_t *len, const char *text)
{
	size_t count = strnlen(text, size - 1 - *len);

	memcpy(out + *len, text, count);
	*len += count;
	out[*len] = '\0';
}
