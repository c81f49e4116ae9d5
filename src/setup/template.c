#include "setup/template.h"

#include "config/file.h"

#include <string.h>

#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"

static const char *find_value(
	const struct template_var *vars, const char *name, size_t len)
{
	for (; vars->name; vars++)
		if (strlen(vars->name) == len && strncmp(vars->name, name, len) == 0)
			return vars->value;
	return NULL;
}

/* The length of NAME in "NAME@", 0 when that is not what AT has. */
static size_t name_len(const char *at)
{
	size_t len = strspn(at, NAME_LETTERS);

	return at[len] == '@' ? len : 0;
}

/* Whether the line at *LINE is there; *LINE is then behind its condition. NULL in *RET_UNKNOWN, or a name. */
static bool is_there(
	const struct template_var *vars, const char **line, const char **ret_unknown)
{
	const char *at = *line;
	const char *value;
	size_t len;

	if (at[0] == '@' && at[1] == '#')
		return false;
	if (at[0] != '@' || (at[1] != '?' && at[1] != '!') || !(len = name_len(at + 2)))
		return true;
	value = find_value(vars, at + 2, len);
	if (!value)
		*ret_unknown = at + 2;
	*line = at + 2 + len + 1;
	return value && (value[0] != '\0') == (at[1] == '?');
}

static void fill_line(const struct template_var *vars, const char *line, size_t line_len,
	struct buf *ret, const char **ret_unknown)
{
	const char *end = line + line_len;

	while (line < end) {
		size_t len = *line == '@' ? name_len(line + 1) : 0;
		const char *value = len ? find_value(vars, line + 1, len) : NULL;

		if (len && !value)
			*ret_unknown = line + 1;
		if (value) {
			buf_add_str(ret, value);
			line += len + 2;
		} else {
			buf_add_char(ret, *line++);
		}
	}
}

static int fill_text(const char *path, const char *source,
	const struct template_var *vars, struct buf *ret, struct err_text *text)
{
	const char *unknown = NULL;

	for (unsigned number = 1; *source && !unknown; number++) {
		size_t len = strcspn(source, "\n");
		const char *next = source + len + (source[len] == '\n');
		const char *line = source;
		bool there = is_there(vars, &line, &unknown);

		/* Conditions may stand one behind the other. */
		while (there && line > source && line[0] == '@' &&
			(line[1] == '?' || line[1] == '!')) {
			const char *before = line;

			there = is_there(vars, &line, &unknown);
			if (line == before)
				break;
		}
		if (there)
			fill_line(vars, line, (size_t)(next - line), ret, &unknown);
		if (unknown)
			return err_set(text, ERR_FORMAT, "%s:%u: @%.*s@ is unknown", path,
				number, (int)strspn(unknown, NAME_LETTERS), unknown);
		source = next;
	}
	return ret->err;
}

int template_fill(const char *path, const struct template_var *vars, struct buf *ret,
	struct err_text *text)
{
	struct buf source;
	const char *words;
	int err;

	buf_init(&source, 0);
	err = file_read(path, &source);
	if (err == 0)
		err = source.err;
	if (err != 0) {
		err_set(text, err, "%s: %s; is the package whole? (--share)", path,
			err_str(err));
	} else {
		words = buf_str(&source);
		err = words ? fill_text(path, words, vars, ret, text) : -1;
	}
	buf_free(&source);
	return err;
}
