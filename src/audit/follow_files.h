/*
 * The files of records in the state folder: the one that is written and those that were rotated. Any thread.
 */
#pragma once

#include "audit/follow.h"
#include "base/span.h"

#include <sys/types.h>

/* One that can be read and has a whole line at least. */
struct follow_file {
	char name[256];
	char first[FOLLOW_HASH_SIZE]; /* the hash of its first line */
	bool numbered;                /* that has a number: SEQ */
	uint64_t seq;
	bool live; /* it is the one that is written */
	struct timespec written;
	off_t size;
	ino_t inode;
};

struct follow_files {
	struct follow_file *list; /* the oldest first, the live one last */
	size_t count;
	size_t all; /* with those that cannot be read, or are empty */
	/* Of those that are compressed, or no plain files: when the latest one was written; 0: there are none. */
	time_t unread;
};

/* 0, or negative: the folder cannot be read. */
int follow_files_list(struct follow_files *ret, const char *state_dir);
void follow_files_free(struct follow_files *files);
/* The hash of LINE as text. 0 or -ENOMEM. */
int follow_hash(struct span line, char ret[static FOLLOW_HASH_SIZE]);
/* Opens FILE for reading. The descriptor or a negated errno. */
int follow_files_open(const char *state_dir, const struct follow_file *file);
