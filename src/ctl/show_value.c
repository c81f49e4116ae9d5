/*
 * What a peer sent may be shown on a terminal: its control characters must not reach it.
 */
#include "ctl/show_value.h"

#include <stdio.h>
#include <string.h>

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

void show_safe(const char *text, size_t len)
{
	struct buf part, safe;

	buf_init(&part, 0);
	buf_init(&safe, 0);
	buf_add(&part, text, len);
	show_add_safe(&safe, buf_str(&part) ? part.data : "");
	fputs(buf_str(&safe) ? safe.data : "", stdout);
	buf_free(&part);
	buf_free(&safe);
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
		show_add_safe(out, json_string_value(value));
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
