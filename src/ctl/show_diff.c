#include "ctl/show_diff.h"

#include "admin/api.h"
#include "base/buf.h"
#include "ctl/show_value.h"

#include <stdio.h>
#include <string.h>

static const char *safe(struct buf *text, const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	buf_clear(text);
	show_add_shown(text, value && value[0] ? value : "(none)");
	return buf_str(text) ? text->data : "";
}

/* "carrier-a" is "trunk carrier-a", and "media" is "[media]". */
static void print_title(const json_t *change, struct buf *text)
{
	const char *kind = json_string_value(json_object_get(change, "kind"));
	const bool section = kind && strcmp(kind, "section") == 0;

	if (section)
		printf("[%s]", safe(text, change, "id"));
	else
		printf("%s %s", kind ? kind : "", safe(text, change, "id"));
	printf(" %s", safe(text, change, "change"));
	if (!section)
		printf(" (calls: %d, connections: %d)",
			(int)json_integer_value(json_object_get(change, "calls")),
			(int)json_integer_value(json_object_get(change, "connections")));
	putchar('\n');
}

static void print_key(const json_t *key, struct buf *text)
{
	if (!json_is_null(json_object_get(key, "old"))) {
		printf("  - %s = ", safe(text, key, "key"));
		printf("%s\n", safe(text, key, "old"));
	}
	printf("  + %s = ", safe(text, key, "key"));
	printf("%s", safe(text, key, "new"));
	printf("  (%s)\n", safe(text, key, "origin"));
}

static void print_change(const json_t *change, struct buf *text)
{
	const json_t *part;
	size_t i;

	print_title(change, text);
	json_array_foreach(json_object_get(change, "keys"), i, part)
	{
		print_key(part, text);
	}
	json_array_foreach(json_object_get(change, "effects"), i, part)
	{
		buf_clear(text);
		show_add_shown(text, json_string_value(part));
		printf("  => %s\n", buf_str(text) ? text->data : "");
	}
}

void show_diff(const json_t *result)
{
	const json_t *part;
	struct buf text;
	size_t i;

	buf_init(&text, 0);
	json_array_foreach(json_object_get(result, "changes"), i, part)
	{
		print_change(part, &text);
	}
	buf_free(&text);
}

int show_diff_code(const json_t *result)
{
	return json_is_true(json_object_get(result, "differs")) ? API_FAILED : API_OK;
}
