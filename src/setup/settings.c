#include "setup/settings.h"

#include <stdio.h>
#include <string.h>

bool settings_read(struct settings_one *ret, const char *word)
{
	size_t section_len = strcspn(word, ".=");
	size_t key_len =
		section_len < strlen(word) ? strcspn(word + section_len + 1, "=") : 0;
	char section[32];

	if (word[section_len] != '.' || section_len >= sizeof(section) || key_len == 0 ||
		key_len >= sizeof(ret->key) || word[section_len + 1 + key_len] != '=')
		return false;
	snprintf(section, sizeof(section), "%.*s", (int)section_len, word);
	ret->section = schema_section_find(section);
	snprintf(
		ret->key, sizeof(ret->key), "%.*s", (int)key_len, word + section_len + 1);
	ret->value = word + section_len + 1 + key_len + 1;
	return ret->section != SCHEMA_SECTIONS && !strpbrk(ret->value, "\r\n");
}

const char *settings_find(const struct args_values *sets, const char *name)
{
	const char *found = NULL;

	for (unsigned i = 0; i < sets->count; i++)
		if (strncmp(sets->values[i], name, strlen(name)) == 0 &&
			sets->values[i][strlen(name)] == '=')
			found = sets->values[i] + strlen(name) + 1;
	return found;
}

/* LINE is the title of SECTION. */
static bool is_title(const char *line, enum schema_section section)
{
	const char *name = schema_section_name(section);
	size_t len = strlen(name);

	return line[0] == '[' && strncmp(line + 1, name, len) == 0 &&
	       strchr(" ]", line[1 + len]);
}

static bool is_entry(const char *line, const char *key)
{
	size_t len = strlen(key);

	return strncmp(line, key, len) == 0 &&
	       line[len + strspn(line + len, " \t")] == '=';
}

/* Where ONE is written in TEXT, and how many bytes of it go: LEN 0, a line to add. NULL: no such section. */
static const char *find_line(
	const char *text, const struct settings_one *one, size_t *ret_len)
{
	const char *below = NULL;
	bool within = false;

	while (*text) {
		const char *next = text + strcspn(text, "\n");

		next += *next == '\n';
		if (*text == '[')
			within = is_title(text, one->section);
		if (within && *text == '[')
			below = next;
		if (within && is_entry(text, one->key)) {
			*ret_len = (size_t)(next - text);
			return text;
		}
		text = next;
	}
	*ret_len = 0;
	return below;
}

static int apply_one(const struct settings_one *one, struct buf *text)
{
	const char *words = buf_str(text);
	const char *at;
	struct buf after;
	size_t len;

	if (!words)
		return text->err ? text->err : -1;
	buf_init(&after, 0);
	at = find_line(words, one, &len);
	if (at) {
		size_t before = (size_t)(at - words);

		buf_add(&after, words, before);
		buf_printf(&after, "%s = %s\n", one->key, one->value);
		buf_add(&after, at + len, text->len - before - len);
	} else {
		buf_add(&after, words, text->len);
		buf_printf(&after, "\n[%s]\n%s = %s\n", schema_section_name(one->section),
			one->key, one->value);
	}
	buf_free(text);
	*text = after;
	return text->err;
}

int settings_apply(const struct args_values *sets, bool gateway, struct buf *text)
{
	int err = 0;

	for (unsigned i = 0; err == 0 && i < sets->count; i++) {
		struct settings_one one;

		if (settings_read(&one, sets->values[i]) &&
			schema_section_is_gateway(one.section) == gateway)
			err = apply_one(&one, text);
	}
	return err;
}
