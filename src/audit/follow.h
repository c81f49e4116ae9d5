/*
 * Reads the records as they are written, by somebody who remembers where he was: from the oldest file that is still there
 * to the last whole line of the latest, and on with what comes. Files are known by their first record and not by their
 * names, so they may be renamed meanwhile (logrotate). What was compressed is not read. One thread.
 */
#pragma once

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct follow;

/* The hash of a line as text, with its NUL. */
#define FOLLOW_HASH_SIZE 65

/* Where a reader is: what it needs to go on after a restart. All zero: nothing was read. */
struct follow_position {
	char file[FOLLOW_HASH_SIZE]; /* the hash of its first line */
	uint64_t begin, end;         /* of the last line that was read, in bytes */
	char line[FOLLOW_HASH_SIZE]; /* its hash */
	uint64_t
		next; /* a record with this number would be the next one; 0 where none had any */
};

/* A line with where it stands. */
struct follow_line {
	struct span text; /* without its line end; borrowed until the next call */
	uint64_t begin;   /* in its file */
	unsigned file;    /* another number for each file that is opened, from 1 */
};

/* Borrows nothing. 0 or -ENOMEM. */
int follow_new(struct follow **ret, const char *state_dir);
void follow_free(struct follow *follow); /* NULL is fine */

/*
 * Goes on behind POSITION. 0; -ESTALE: the line there is not the one that was read, or its file is not there to be read; or
 * another negative code: files cannot be read now. Nothing is changed then.
 */
int follow_seek(struct follow *follow, const struct follow_position *position);
/*
 * The next line. 0; -EAGAIN: there is none now; or another negative code: it cannot be read now. Lines that are longer
 * than any record are passed over.
 */
int follow_next(struct follow *follow, struct follow_line *ret);
/* The line that was given last is given once more. */
void follow_again(struct follow *follow);
/* Behind the last line that was given, which is read once more. 0, or negative: it cannot be. */
int follow_position(const struct follow *follow, struct follow_position *ret);
/* The hash of the first line of the file that is read; "": there is none. */
const char *follow_file(const struct follow *follow);

/* Records that are in no file which could be read, between one that was given and the next; counted since it was made. */
uint64_t follow_missing(const struct follow *follow);
/* Bytes of the file that is read which are still to be. */
uint64_t follow_behind(const struct follow *follow);

/* How many files of records there are, compressed ones too. Negative: the folder cannot be read. */
int follow_count_files(const char *state_dir);
/* Opens the file whose first line has the hash FILE, under whatever name. The descriptor; -ENOENT: there is none that
 * could be read; or negative. */
int follow_open(const char *state_dir, const char *file);
