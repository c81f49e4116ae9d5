/*
 * What a peer sent may be shown on a terminal: its control characters must not reach it.
 */
#include "ctl/show_value.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void show_add_safe(struct buf *out, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	for (; *c; c++) {
		if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) {
			buf_add_char(out, '?');
			c++;
		} else {
			buf_add_char(out, *c < 0x20 || *c == 0x7f ? '?' : (char)*c);
		}
	}
}

/* One character of UTF-8 at TEXT, not a NUL; returns its length. What is none has length 1 and is '?'. */
static size_t read_character(const unsigned char *text, wchar_t *ret)
{
	static const struct {
		unsigned char mask, value, len;
	} kinds[] = {{0x80, 0, 1}, {0xe0, 0xc0, 2}, {0xf0, 0xe0, 3}, {0xf8, 0xf0, 4}};
	uint32_t c;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if ((text[0] & kinds[i].mask) != kinds[i].value)
			continue;
		c = (uint32_t)(text[0] & ~kinds[i].mask);
		for (size_t j = 1; j < kinds[i].len; j++) {
			if ((text[j] & 0xc0) != 0x80)
				goto out;
			c = c << 6 | (text[j] & 0x3fU);
		}
		*ret = (wchar_t)c;
		return kinds[i].len;
	}
out:
	*ret = L'?';
	return 1;
}

void show_add_shown(struct buf *out, const char *text)
{
	mbstate_t state = {0};
	char bytes[MB_LEN_MAX];
	wchar_t c;
	size_t len;

	while (*text) {
		text += read_character((const unsigned char *)text, &c);
		if (c < 0x20 || (c >= 0x7f && c < 0xa0))
			c = L'?';
		len = wcrtomb(bytes, c, &state);
		if (len != (size_t)-1) {
			buf_add(out, bytes, len);
			continue;
		}
		buf_add_char(out, '?');
		state = (mbstate_t){0};
	}
}

void show_safe(const char *text, size_t len)
{
	struct buf part, safe;

	buf_init(&part, 0);
	buf_init(&safe, 0);
	buf_add(&part, text, len);
	show_add_shown(&safe, buf_str(&part) ? part.data : "");
	fputs(buf_str(&safe) ? safe.data : "", stdout);
	buf_free(&part);
	buf_free(&safe);
}

const char *show_word(const json_t *object, const char *name)
{
	const char *word = json_string_value(json_object_get(object, name));

	return word ? word : "";
}

void show_print(const json_t *object, const char *name)
{
	const char *word = show_word(object, name);

	show_safe(word, strlen(word));
}

bool show_is_us(const char *name)
{
	size_t len = strlen(name);

	return len > 3 && strcmp(name + len - 3, "_us") == 0;
}

/* Microseconds as people say them: "850 us", "12.5 ms", "42.0 s", "1:02:03". */
static void add_duration(struct buf *out, json_int_t us)
{
	json_int_t s = us / 1000000;

	if (us < 1000)
		buf_printf(out, "%lld us", (long long)us);
	else if (s < 1)
		buf_printf(out, "%.1f ms", (double)us / 1e3);
	else if (s < 60)
		buf_printf(out, "%.1f s", (double)us / 1e6);
	else
		buf_printf(out, "%lld:%02lld:%02lld", (long long)(s / 3600),
			(long long)(s / 60 % 60), (long long)(s % 60));
}

void show_add_value(struct buf *out, const char *name, const json_t *value)
{
	const json_t *part;
	size_t i;

	if (json_is_string(value))
		show_add_shown(out, json_string_value(value));
	else if (json_is_integer(value) && show_is_us(name))
		add_duration(out, json_integer_value(value));
	else if (json_is_integer(value))
		buf_printf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		buf_printf(out, "%.2f", json_real_value(value));
	else if (json_is_boolean(value))
		buf_add_str(out, json_is_true(value) ? "yes" : "no");
	else if (json_is_null(value) && strcmp(name, "calls_max") == 0)
		buf_add_str(out, "unlimited");
	else if (json_is_array(value) && json_array_size(value) == 0)
		buf_add_str(out, "none");
	json_array_foreach(value, i, part)
	{
		if (i > 0)
			buf_add_str(out, ", ");
		show_add_value(out, name, part);
	}
}

/* What the LEN bytes of PATH lead to; NULL: nothing. NAME is the last one on the way. */
static const json_t *follow(
	const json_t *object, const char *path, size_t len, char name[static 32])
{
	while (object && len > 0) {
		const char *dot = memchr(path, '.', len);
		size_t part = dot ? (size_t)(dot - path) : len;

		snprintf(name, 32, "%.*s", (int)part, path);
		object = json_object_get(object, name);
		part += dot != NULL;
		path += part;
		len -= part;
	}
	return object;
}

const char *show_text_at(const json_t *object, const char *path, struct buf *out)
{
	const json_t *value = NULL;
	char name[32] = "";

	for (size_t len; !value && *path; path += len + (path[len] != '\0')) {
		len = strcspn(path, "|");
		value = follow(object, path, len, name);
	}
	buf_clear(out);
	show_add_value(out, name, value);
	return buf_str(out) ? out->data : "";
}
