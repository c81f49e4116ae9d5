#include "config/ini.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/span.h"
#include "config/file.h"
#include "config/lens.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Augeas stops at the first line that does not fit, so each costs a pass. */
#define MAX_BAD_LINES 20

struct ini_reader {
	struct augeas *augeas;
};

/* A file under way. */
struct parse {
	struct augeas *augeas;
	struct ini *ini;
	struct config_errors *errors;
	struct buf text; /* ends with a newline and a NUL */
};

/* One line of the text, without its newline. */
struct line {
	unsigned number;
	size_t start; /* offset in the text */
	struct span text;
	size_t indent; /* blanks at its front */
};

int ini_reader_new(struct ini_reader **ret, struct err_text *text)
{
	struct ini_reader *reader = calloc(1, sizeof(*reader));
	int err;

	if (reader == NULL)
		return err_set(text, -ENOMEM, "out of memory");
	err = lens_open(&reader->augeas, false, text);
	if (err != 0) {
		free(reader);
		return err;
	}
	*ret = reader;
	return 0;
}

void ini_reader_free(struct ini_reader *reader)
{
	if (reader == NULL)
		return;
	aug_close(reader->augeas);
	free(reader);
}

static void section_free(struct ini_section *section)
{
	for (size_t i = 0; i < section->count; i++) {
		free(section->entries[i].key);
		free(section->entries[i].value);
	}
	free(section->entries);
	free(section->name);
	free(section->id);
}

void ini_free(struct ini *ini)
{
	if (ini == NULL)
		return;
	for (size_t i = 0; i < ini->count; i++)
		section_free(&ini->sections[i]);
	free(ini->sections);
	free(ini->path);
	free(ini->folder);
	free(ini);
}

struct place ini_entry_place(const struct ini *ini, const struct ini_entry *entry)
{
	return (struct place){ini->path, entry->line, entry->column};
}

struct place ini_value_place(
	const struct ini *ini, const struct ini_entry *entry, size_t offset)
{
	return (struct place){
		ini->path, entry->line, entry->value_column + (unsigned)offset};
}

struct place ini_section_place(const struct ini *ini, const struct ini_section *section)
{
	return (struct place){ini->path, section->line, section->column};
}

/* Takes the line at *offset; the text ends with a newline. */
static bool next_line(const struct buf *text, size_t *offset, struct line *line)
{
	const char *start = text->data + *offset;
	const char *end;

	if (*offset >= text->len)
		return false;
	end = memchr(start, '\n', text->len - *offset);
	line->number++;
	line->start = *offset;
	line->text = (struct span){.p = start, .len = (size_t)(end - start)};
	line->indent = strspn(start, " \t");
	*offset += line->text.len + 1;
	return true;
}

/* Blank, or a comment: no node with a label comes of it. */
static bool line_is_note(const struct line *line)
{
	const char *first = line->text.p + line->indent;

	return *first == ';' || *first == '#' || *first == '\n' ||
	       (first[0] == '\r' && first[1] == '\n');
}

/* Bytes that have no place in a text, and lengths that Augeas should not meet. */
static int check_text(const struct parse *parse)
{
	struct place place = {parse->ini->path, 1, 1};
	const struct buf *text = &parse->text;

	for (size_t i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)text->data[i];

		if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
			errors_add(parse->errors, place, "expected text, got byte 0x%02x",
				c);
			return ERR_FORMAT;
		}
		if (place.column > INI_MAX_LINE_BYTES) {
			errors_add(parse->errors, place,
				"expected lines of at most %d bytes", INI_MAX_LINE_BYTES);
			return ERR_FORMAT;
		}
		if (place.line > INI_MAX_LINES) {
			errors_add(parse->errors, place, "expected at most %d lines",
				INI_MAX_LINES);
			return ERR_FORMAT;
		}
		place.column = c == '\n' ? 1 : place.column + 1;
		place.line += c == '\n';
	}
	return 0;
}

/* Tells the line at POS and makes a comment of it, in place so that no offset moves. */
static int strike_line(struct parse *parse, size_t pos)
{
	struct line line = {0};
	size_t offset = 0;
	struct span got;
	char quoted[LOG_TEXT_SIZE];

	while (next_line(&parse->text, &offset, &line) && offset <= pos)
		;
	/* A comment cannot be wrong: Augeas and we would go round for ever. */
	if (line_is_note(&line))
		return ERR_LIBRARY;
	got = span_trim(line.text);
	if (got.len > 0 && got.p[got.len - 1] == '\r')
		got.len--;
	errors_add(parse->errors,
		(struct place){parse->ini->path, line.number, (unsigned)line.indent + 1},
		"expected \"key = value\", \"[section]\" or a comment, got %s",
		log_text(quoted, got.p, got.len));
	parse->text.data[line.start] = ';';
	return 0;
}

/* Where Augeas stopped: 0 with *ret_pos, or what went wrong with Augeas itself. */
static int failed_at(struct augeas *augeas, size_t *ret_pos)
{
	const char *text;
	uint64_t pos;

	if (aug_error(augeas) == AUG_ENOMEM)
		return -ENOMEM;
	if (aug_get(augeas, "/augeas/text/out/error/pos", &text) != 1 || text == NULL ||
		span_uint(span_of(text), FILE_MAX_BYTES, &pos) != 0)
		return ERR_LIBRARY;
	*ret_pos = (size_t)pos;
	return 0;
}

/* Has Augeas parse the text into /out, without the lines that do not fit. */
static int store_text(struct parse *parse)
{
	for (unsigned i = 0; i < MAX_BAD_LINES; i++) {
		size_t pos;
		int err;

		if (aug_set(parse->augeas, "/in", parse->text.data) != 0)
			return -ENOMEM;
		if (aug_text_store(parse->augeas, LENS_NAME, "/in", "/out") == 0)
			return 0;
		err = failed_at(parse->augeas, &pos);
		if (err == 0)
			err = strike_line(parse, pos);
		if (err != 0)
			return err;
	}
	return ERR_FORMAT;
}

/* Makes room for one more in an array. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room == 0 ? 8 : 2 * *room;
	void *grown;

	if (count < *room)
		return array;
	grown = reallocarray(array, wanted, size);
	if (grown != NULL)
		*room = wanted;
	return grown;
}

/* TITLE is what stands between the brackets. */
static int add_section(struct parse *parse, const struct line *line, const char *title)
{
	struct ini *ini = parse->ini;
	struct ini_section *section;
	size_t name_len = strcspn(title, " \t");
	size_t behind = line->indent + 1;
	struct span id = {.p = title + name_len, .len = strlen(title + name_len)};
	void *grown = grow(ini->sections, ini->count, &ini->room, sizeof(*ini->sections));

	if (grown == NULL)
		return -ENOMEM;
	ini->sections = grown;
	section = &ini->sections[ini->count];
	behind += strspn(line->text.p + behind, " \t");
	*section = (struct ini_section){
		.name = strndup(title, name_len),
		.id = span_dup(span_trim(id)),
		.line = line->number,
		.column = (unsigned)behind + 1,
		.next_offset = line->start + line->text.len + 1,
	};
	ini->count++;
	return section->name != NULL && section->id != NULL ? 0 : -ENOMEM;
}

static int add_entry(
	struct parse *parse, const struct line *line, const char *key, const char *value)
{
	struct ini *ini = parse->ini;
	struct ini_section *section;
	struct ini_entry *entry;
	size_t value_at = strcspn(line->text.p, "=") + 1;
	void *grown;
	char quoted[LOG_TEXT_SIZE];

	if (ini->count == 0) {
		errors_add(parse->errors,
			(struct place){
				ini->path, line->number, (unsigned)line->indent + 1},
			"expected a [section] first, got %s",
			log_text(quoted, key, strlen(key)));
		return 0;
	}
	section = &ini->sections[ini->count - 1];
	grown = grow(section->entries, section->count, &section->room, sizeof(*entry));
	if (grown == NULL)
		return -ENOMEM;
	section->entries = grown;
	if (value != NULL)
		value_at += strspn(line->text.p + value_at, " \t");
	entry = &section->entries[section->count];
	*entry = (struct ini_entry){
		.key = strdup(key),
		.value = strdup(value != NULL ? value : ""),
		.line = line->number,
		.column = (unsigned)line->indent + 1,
		.value_offset = line->start + value_at,
		.value_column = (unsigned)value_at + 1,
	};
	section->count++;
	return entry->key != NULL && entry->value != NULL ? 0 : -ENOMEM;
}

/*
 * Turns the nodes in /out into sections. The lens makes one node of a line, so counting
 * lines gives every node's place; asking aug_span() for it would be quadratic.
 */
static int collect(struct parse *parse)
{
	struct line line = {0};
	size_t offset = 0;
	int count = aug_defvar(parse->augeas, "nodes", "/out/*");

	for (int i = 0; i < count; i++) {
		const char *label;
		const char *value;
		int err;

		do {
			if (!next_line(&parse->text, &offset, &line))
				return ERR_LIBRARY;
		} while (line_is_note(&line));
		if (aug_ns_label(parse->augeas, "nodes", i, &label, NULL) != 1 ||
			aug_ns_value(parse->augeas, "nodes", i, &value) != 1)
			return ERR_LIBRARY;
		if (line.text.p[line.indent] == '[')
			err = add_section(parse, &line, value);
		else
			err = add_entry(parse, &line, label, value);
		if (err != 0)
			return err;
	}
	return count < 0 ? ERR_LIBRARY : 0;
}

static int make_ini(struct ini **ret, const char *path)
{
	struct ini *ini = calloc(1, sizeof(*ini));

	if (ini == NULL)
		return -ENOMEM;
	ini->path = strdup(path);
	ini->folder = file_folder(path);
	if (ini->path == NULL || ini->folder == NULL) {
		ini_free(ini);
		return -ENOMEM;
	}
	*ret = ini;
	return 0;
}

/* Takes what is in PARSE->text. */
static int parse_text(struct parse *parse)
{
	int err;

	if (parse->text.len > 0 && parse->text.data[parse->text.len - 1] != '\n')
		buf_add_char(&parse->text, '\n');
	if (buf_str(&parse->text) == NULL)
		return parse->text.err;
	err = check_text(parse);
	if (err == 0)
		err = store_text(parse);
	if (err == 0)
		err = collect(parse);
	/* The next file must find nothing of this one. */
	aug_defvar(parse->augeas, "nodes", NULL);
	aug_rm(parse->augeas, "/out");
	aug_rm(parse->augeas, "/augeas/text");
	return err;
}

int ini_parse(struct ini **ret, struct ini_reader *reader, const char *path,
	const char *data, size_t len, struct config_errors *errors)
{
	struct parse parse = {.augeas = reader->augeas, .errors = errors};
	int err = make_ini(&parse.ini, path);

	if (err != 0)
		return err;
	parse.ini->digest = hash_bytes(data, len, 0);
	buf_init(&parse.text, 0);
	buf_add(&parse.text, data, len);
	err = parse_text(&parse);
	buf_free(&parse.text);
	if (err != 0) {
		ini_free(parse.ini);
		return err;
	}
	*ret = parse.ini;
	return 0;
}

static void tell_unreadable(const char *path, int err, struct config_errors *errors)
{
	struct place place = {path, 1, 1};

	if (err == ERR_LIMIT)
		errors_add(errors, place, "expected a file of at most %d bytes",
			FILE_MAX_BYTES);
	else if (err == ERR_SUPPORT)
		errors_add(errors, place, "expected a regular file");
	else
		errors_add(errors, place,
			"cannot be read: %s, expected a file that this user may read",
			err_str(err));
}

int ini_load(struct ini **ret, struct ini_reader *reader, const char *path,
	struct config_errors *errors)
{
	struct buf data;
	int err;

	buf_init(&data, 0);
	err = file_read(path, &data);
	if (err == 0)
		err = ini_parse(ret, reader, path, data.data, data.len, errors);
	else if (err != -ENOMEM)
		tell_unreadable(path, err, errors);
	buf_free(&data);
	return err;
}
