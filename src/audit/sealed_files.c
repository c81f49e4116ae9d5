/* By hand, as the line is written: within a string quotes would be escaped, and no peer has a word in this one. */
#include "audit/sealed_files.h"

#include <stdio.h>

/* What stands behind NEEDLE; p NULL: it is not there. */
static struct span behind(struct span text, const char *needle)
{
	const char *found = span_find(text, span_of(needle));

	if (!found)
		return (struct span){NULL, 0};
	found += strlen(needle);
	return (struct span){found, (size_t)(text.p + text.len - found)};
}

static struct span up_to(struct span text, char end)
{
	const char *found = text.len > 0 ? memchr(text.p, end, text.len) : NULL;

	return found ? (struct span){text.p, (size_t)(found - text.p)}
		     : (struct span){NULL, 0};
}

static struct span string(struct span object, const char *needle)
{
	return up_to(behind(object, needle), '"');
}

static uint64_t number(struct span object, const char *needle)
{
	struct span rest = behind(object, needle);
	uint64_t value = 0;
	size_t len = 0;

	while (len < rest.len && rest.p[len] >= '0' && rest.p[len] <= '9')
		len++;
	(void)span_uint((struct span){rest.p, len}, INT64_MAX, &value);
	return value;
}

bool sealed_files_are_of(struct span line, const char *id)
{
	return span_equal_str(string(line, "\"kind\":\""), "files") &&
	       span_equal_str(string(line, "\"id\":\""), id);
}

struct span sealed_files_day(struct span line)
{
	return string(line, "\"day\":\"");
}

struct span sealed_files_list(struct span line)
{
	return behind(line, "\"files\":[");
}

bool sealed_files_next(struct span *list, struct sealed_file *ret)
{
	struct span object = up_to(behind(*list, "{"), '}');

	if (!object.p)
		return false;
	*ret = (struct sealed_file){.name = string(object, "\"name\":\""),
		.state = string(object, "\"state\":\""),
		.bytes = number(object, "\"bytes\":"),
		.blocks = number(object, "\"blocks\":"),
		.has_tree = !behind(object, "\"root\":null").p};
	list->len -= (size_t)(object.p + object.len - list->p);
	list->p = object.p + object.len;
	return ret->name.p && ret->state.p;
}
