/*
 * The file of the index of records: an SQLite database beside cdr.jsonl, which is made of the records and can be made
 * of them again at any time. What is in it, and how its faults are told apart. One thread a connection.
 */
#pragma once

#include "base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define INDEX_NAME "cdr.index"
/* Another one is made anew. */
#define INDEX_VERSION 3

/*
 * Where a record stands, as one number that grows from record to record: which file, and the byte in it. A segment is a
 * part of a file: words are sorted within each, so that to add some touches few pages, and the latest are found first.
 */
#define INDEX_FILE_SHIFT 40
#define INDEX_SEGMENT_SHIFT 25

/* Beginnings of words: what a word is. */
#define INDEX_WORD_ID 'i'
#define INDEX_WORD_NUMBER 'n'
#define INDEX_WORD_MICROSOFT 'm'

struct index_db {
	sqlite3 *sqlite;
	char *path;
	ino_t inode;
	dev_t device;
};

/* Opens INDEX_NAME in STATE_DIR for writing (0640), and makes it where it is missing. 0; ERR_FORMAT: it is damaged or of
 * another version: index_db_remove() and once more; or negative, with TEXT. */
int index_db_open(struct index_db *ret, const char *state_dir, struct err_text *text);
/* For reading. 0; -ENOENT: there is none yet; or as above. */
int index_db_open_to_read(
	struct index_db *ret, const char *state_dir, struct err_text *text);
void index_db_close(struct index_db *db); /* all zero is fine */
/* Removes what is there. 0 or a negated errno. */
int index_db_remove(const char *state_dir);
/* Whether the file that is open is still the one in its place. */
bool index_db_is_there(const struct index_db *db);

/* A statement. Negative with TEXT. */
int index_db_prepare(
	struct index_db *db, sqlite3_stmt **ret, const char *sql, struct err_text *text);
int index_db_exec(struct index_db *db, const char *sql, struct err_text *text);
/* What SQLite's code RC means here: 0; ERR_FORMAT: it is damaged; -ECANCELED: interrupted; -ENOSPC, -EROFS, -EBUSY,
 * -ENOMEM, -EIO; with TEXT. */
int index_db_judge(struct index_db *db, int rc, struct err_text *text);
/* The first number of the first row of SQL; *RET stays where there is none. 0 or negative. */
int index_db_number(struct index_db *db, const char *sql, int64_t *ret);
