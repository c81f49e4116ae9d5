/*
 * A configuration file's text as sections and entries with their places. What the words
 * mean is none of its business. Loop thread.
 */
#pragma once

#include "config/config.h"
#include "config/errors.h"

/* What a file may hold at most, beside FILE_MAX_BYTES; above, it is none of ours. */
#define INI_MAX_LINES 20000
#define INI_MAX_LINE_BYTES 4096

struct ini_entry {
	char *key;
	char *value; /* "" when nothing is behind the = */
	unsigned line;
	unsigned column;     /* of the key */
	size_t value_offset; /* in the text; where there is none, behind the = */
	unsigned value_column;
};

/* [NAME] or [NAME ID] */
struct ini_section {
	char *name;
	char *id; /* "" when there is none */
	unsigned line;
	unsigned column;    /* of the name */
	size_t next_offset; /* in the text: where the line below the title begins */
	struct ini_entry *entries;
	size_t count;
	size_t room;
};

struct ini {
	char *path;
	char *folder;    /* that PATH is in */
	uint64_t digest; /* of its bytes */
	struct ini_section *sections;
	size_t count;
	size_t room;
};

/* Parses any number of files, one after another. */
struct ini_reader;

/* 0, or negative with TEXT. */
int ini_reader_new(struct ini_reader **ret, struct err_text *text);
/* NULL is fine. */
void ini_reader_free(struct ini_reader *reader);

/*
 * Parses LEN bytes of DATA; PATH is what they are called. Every line that does not fit is
 * added to ERRORS and left out, so that the others can be checked too. 0 with *ret owned by
 * the caller; ERR_FORMAT when ERRORS says why nothing could be read; -ENOMEM; ERR_LIBRARY.
 */
int ini_parse(struct ini **ret, struct ini_reader *reader, const char *path,
	const char *data, size_t len, struct config_errors *errors);

/* The same with the file at PATH. */
int ini_load(struct ini **ret, struct ini_reader *reader, const char *path,
	struct config_errors *errors);

/* NULL is fine. */
void ini_free(struct ini *ini);

struct place ini_entry_place(const struct ini *ini, const struct ini_entry *entry);
/* OFFSET bytes into the entry's value. */
struct place ini_value_place(
	const struct ini *ini, const struct ini_entry *entry, size_t offset);
struct place ini_section_place(const struct ini *ini, const struct ini_section *section);
