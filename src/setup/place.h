/*
 * Files that appear together or not at all: each is written beside its place, then all are renamed; when one
 * cannot be, those before it are taken back. tandemctl's only thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

/* Who may read a file. Where root makes it, its group is that of the service, if there is one. */
enum place_kind {
	PLACE_PUBLIC, /* 0644: certificates, lists */
	PLACE_CONF,   /* 0640 */
	PLACE_KEY,    /* 0640, for the service; made by anybody but root 0600 */
	PLACE_SECRET, /* 0600, and of whoever made it: the service has no use for it */
};

/* What to do with a file that is there. */
enum place_old {
	PLACE_REFUSE,
	PLACE_KEEP_OLD, /* it becomes PATH.old */
	PLACE_REPLACE,
};

#define PLACE_FILES_MAX 128

struct place {
	struct place_file {
		char *path;
		char *temporary; /* NULL: not written yet */
		struct buf content;
		enum place_kind kind;
		enum place_old old;
		bool had_old, done;
	} files[PLACE_FILES_MAX];
	unsigned count;
	char *folders[PLACE_FILES_MAX]; /* that were made, in order */
	unsigned folder_count;
};

/* The user and group that the package makes. */
#define PLACE_SERVICE "tandem"
/* Whether we may give files to them. */
bool place_has_service(void);

void place_init(struct place *place);
/* Removes what was written but not committed. */
void place_free(struct place *place);

/* PATH will hold CONTENT, whose bytes are taken, also on failure. Its folder is made where it is missing. 0, or
 * negative with TEXT: -EEXIST where PATH is there and must not be, or was added before. */
int place_add(struct place *place, const char *path, struct buf *content,
	enum place_kind kind, enum place_old old, struct err_text *text);
/* Makes an empty folder that the service may write, with the files. As place_add(). */
int place_add_folder(struct place *place, const char *path, struct err_text *text);
/* All or nothing. 0, or negative with TEXT. */
int place_commit(struct place *place, struct err_text *text);
