#include "config/edit.h"

#include "base/regular.h"
#include "config/file.h"
#include "config/schema.h"
#include "config/value.h"
#include "config/words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether KEY exists and may have VALUE. */
static int check_value(const char *name, const char *value, struct err_text *text)
{
	const struct schema_key *key = schema_find(SCHEMA_GATEWAY, name);
	struct config_gateway scratch = {0};
	char expected[SCHEMA_EXPECTED_SIZE];
	const char *why;
	struct span bad;
	int err;

	if (key == NULL)
		return err_set(text, ERR_FORMAT, "%s: unknown key in [gateway]", name);
	err = value_set(key, &scratch, "/", value, &bad);
	value_clear(key, &scratch);
	why = err == ERR_FORMAT ? words_why(key->type, bad) : NULL;
	if (why)
		return err_set(text, err, "%s: %.*s is not possible: %s", name,
			SPAN_ARG(bad), why);
	if (err == ERR_FORMAT)
		return err_set(text, err, "%s: expected %s, got \"%s\"", name,
			schema_expected(key, expected, sizeof(expected)), value);
	return err != 0 ? err_set(text, err, "%s: %s", name, err_str(err)) : 0;
}

static int parse(struct edit *edit, const struct buf *data, struct ini **ret)
{
	struct config_errors errors;
	struct ini *ini = NULL;
	int err;

	config_errors_init(&errors);
	err = ini_parse(&ini, edit->reader, edit->path, data->data, data->len, &errors);
	if (errors.count > 0) {
		const char *lines = buf_str(&errors.text);

		/* The first of them; a whole report is what a reload gives. */
		err = err_set(edit->text, ERR_CONFIG, "%.*s",
			lines != NULL ? (int)strcspn(lines, "\n") : 0, lines);
	} else if (err != 0) {
		err_set(edit->text, err, "%s: %s", edit->path, err_str(err));
	}
	config_errors_free(&errors);
	if (err != 0) {
		ini_free(ini);
		return err;
	}
	*ret = ini;
	return 0;
}

static const struct ini_section *find_section(const struct ini *ini)
{
	for (size_t i = 0; i < ini->count; i++) {
		if (schema_section_find(ini->sections[i].name) == SCHEMA_GATEWAY)
			return &ini->sections[i];
	}
	return NULL;
}

static const struct ini_entry *find_entry(
	const struct ini_section *section, const char *key)
{
	for (size_t i = 0; i < section->count; i++) {
		if (strcmp(section->entries[i].key, key) == 0)
			return &section->entries[i];
	}
	return NULL;
}

/* The new value in the place of the old one. */
static void replace_word(struct edit *edit, const struct ini_entry *entry)
{
	const struct buf *before = edit->before;
	size_t end = entry->value_offset + strlen(entry->value);

	buf_add(edit->after, before->data, entry->value_offset);
	if (entry->value[0] == '\0')
		buf_add_char(edit->after, ' ');
	buf_add_str(edit->after, edit->value);
	buf_add(edit->after, before->data + end, before->len - end);
}

/* A line below the title, which may be the last line, and without an end. */
static void insert_line(struct edit *edit, const struct ini_section *section)
{
	const struct buf *before = edit->before;
	size_t at = section->next_offset;
	bool open = at > before->len;
	bool crlf;

	if (open)
		at = before->len;
	crlf = !open && at >= 2 && before->data[at - 2] == '\r';
	buf_add(edit->after, before->data, at);
	if (open)
		buf_add_char(edit->after, '\n');
	buf_printf(edit->after, "%s = %s%s", edit->key, edit->value,
		open   ? ""
		: crlf ? "\r\n"
		       : "\n");
	buf_add(edit->after, before->data + at, before->len - at);
}

static int change(struct edit *edit)
{
	const struct ini_section *section;
	const struct ini_entry *entry;
	struct ini *ini;
	int err = parse(edit, edit->before, &ini);

	if (err != 0)
		return err;
	section = find_section(ini);
	entry = section != NULL ? find_entry(section, edit->key) : NULL;
	if (entry != NULL)
		replace_word(edit, entry);
	else if (section != NULL)
		insert_line(edit, section);
	else
		err = err_set(edit->text, ERR_CONFIG, "%s: has no [gateway]", edit->path);
	ini_free(ini);
	if (err == 0 && edit->after->err != 0)
		err = err_set(edit->text, edit->after->err, "%s: %s", edit->path,
			err_str(edit->after->err));
	return err;
}

/* What was written must read as what was meant: a value may hold " ;" or a newline. */
static int verify(struct edit *edit)
{
	const struct ini_section *section;
	const struct ini_entry *entry;
	struct ini *ini;
	int err = parse(edit, edit->after, &ini);

	if (err != 0)
		return err;
	section = find_section(ini);
	entry = section != NULL ? find_entry(section, edit->key) : NULL;
	if (entry == NULL || strcmp(entry->value, edit->value) != 0)
		err = err_set(edit->text, ERR_FORMAT, "%s: this value cannot be written",
			edit->key);
	ini_free(ini);
	return err;
}

/* Everything of the new file but its name. */
static int fill_temporary(const struct edit *edit, int fd)
{
	const struct stat *old = &edit->status;
	struct stat made;
	int err;

	if (fstat(fd, &made) != 0)
		return -errno;
	/* Who may read it stays the same. Only root can leave it to its owner; what its group may read too
	 * becomes that of whoever edits it. */
	if ((made.st_uid != old->st_uid || made.st_gid != old->st_gid) &&
		fchown(fd, old->st_uid, old->st_gid) != 0 &&
		(!(old->st_mode & S_IRGRP) || fchown(fd, (uid_t)-1, old->st_gid) != 0))
		return -errno;
	if (fchmod(fd, old->st_mode & 07777) != 0)
		return -errno;
	err = regular_write(fd, buf_span(edit->after), NULL);
	if (err == 0 && fsync(fd) != 0)
		err = -errno;
	return err;
}

/* Somebody's editor may have saved while we worked: his words must not be lost. */
static int check_unchanged(const struct edit *edit)
{
	const struct stat *old = &edit->status;
	struct stat now;

	if (stat(edit->path, &now) != 0)
		return -errno;
	if (now.st_ino != old->st_ino || now.st_dev != old->st_dev ||
		now.st_size != old->st_size ||
		now.st_mtim.tv_sec != old->st_mtim.tv_sec ||
		now.st_mtim.tv_nsec != old->st_mtim.tv_nsec)
		return ERR_STATE;
	return 0;
}

/* Makes the rename itself last. The file is whole either way, so nothing is told. */
static void sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

static int replace_by(struct edit *edit, const char *folder, char *temporary)
{
	/* Ends in letters, so that no load takes it for a gateway's file. */
	int fd = mkostemp(temporary, O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = fill_temporary(edit, fd);
	if (close(fd) != 0 && err == 0)
		err = -errno;
	if (err == 0)
		err = check_unchanged(edit);
	if (err == 0 && rename(temporary, edit->path) != 0)
		err = -errno;
	if (err != 0)
		unlink(temporary);
	else
		sync_folder(folder);
	return err;
}

static int replace_file(struct edit *edit)
{
	char *folder = file_folder(edit->path);
	char *temporary = NULL;
	int err = -ENOMEM;

	if (folder != NULL && asprintf(&temporary, "%s/.tandem-edit-XXXXXX", folder) < 0)
		temporary = NULL;
	if (temporary != NULL)
		err = replace_by(edit, folder, temporary);
	free(temporary);
	free(folder);
	if (err == ERR_STATE)
		return err_set(edit->text, err, "%s: was changed meanwhile", edit->path);
	return err != 0 ? err_set(edit->text, err, "%s: %s", edit->path, err_str(err))
			: 0;
}

int edit_text(struct edit *edit)
{
	int err = change(edit);

	return err == 0 ? verify(edit) : err;
}

/* The file's words and its status, links resolved. */
static int read_before(struct edit *edit, const char *file, struct buf *before)
{
	int err = 0;

	edit->path = realpath(file, NULL);
	if (edit->path == NULL || stat(edit->path, &edit->status) != 0)
		err = -errno;
	if (err == 0)
		err = file_read(edit->path, before);
	return err != 0 ? err_set(edit->text, err, "%s: %s", file, err_str(err)) : 0;
}

static bool same_bytes(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

int config_gateway_edit(const char *file, const char *key, const char *value,
	struct buf *ret_before, struct err_text *text)
{
	struct buf after;
	struct edit edit = {.key = key,
		.value = value,
		.before = ret_before,
		.after = &after,
		.text = text};
	int err = check_value(key, value, text);

	buf_init(ret_before, 0);
	buf_init(&after, 0);
	if (err == 0)
		err = read_before(&edit, file, ret_before);
	if (err == 0)
		err = ini_reader_new(&edit.reader, text);
	if (err == 0)
		err = edit_text(&edit);
	if (err == 0 && !same_bytes(ret_before, &after))
		err = replace_file(&edit);
	ini_reader_free(edit.reader);
	buf_free(&after);
	free(edit.path);
	if (err != 0)
		buf_free(ret_before);
	return err;
}

int config_file_restore(const char *file, const struct buf *before, struct err_text *text)
{
	struct buf content = *before; /* borrowed */
	struct edit edit = {.after = &content, .text = text};
	int err = 0;

	edit.path = realpath(file, NULL);
	if (edit.path == NULL || stat(edit.path, &edit.status) != 0)
		err = err_set(text, -errno, "%s: %s", file, err_str(-errno));
	if (err == 0)
		err = replace_file(&edit);
	free(edit.path);
	return err;
}
