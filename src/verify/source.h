/*
 * The files of a bundle: of a folder, or of an archive. Whoever made them may mean harm: links are not followed, names lead nowhere,
 * and all is bounded. One thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <sys/types.h>

#define SOURCE_FILES_MAX 256
#define SOURCE_NAME_SIZE 64

struct source_file {
	char name[SOURCE_NAME_SIZE];
	uint64_t begin, size; /* where it is in the archive */
	bool seen;            /* somebody vouches for it */
};

struct source {
	int fd; /* of the folder, or of the archive */
	bool archive;
	unsigned count;
	struct source_file files[SOURCE_FILES_MAX];
};

/* What is no file of a bundle: NAME, made safe, and why. */
typedef void source_fault_h(void *arg, const char *name, const char *why);

/* Opens PATH and lists what it has; what is no file of a bundle is told to H. 0; or negative with TEXT: it cannot be read. */
int source_open(struct source *ret, const char *path, source_fault_h *h, void *arg,
	struct err_text *text);
void source_close(struct source *source);
/* NULL: there is none. */
struct source_file *source_find(struct source *source, const char *name);

/* A file that is read. */
struct source_reader {
	int fd;
	bool own;
	uint64_t at, end;
};

/* 0 or a negated errno. */
int source_read_begin(struct source_reader *ret, const struct source *source,
	const struct source_file *file);
/* The next bytes, LEN at most; 0: that was all; or a negated errno. */
ssize_t source_read(struct source_reader *reader, void *bytes, size_t len);
void source_read_end(struct source_reader *reader);
/* All of FILE, MAX bytes at most, to the end of RET. 0; ERR_LIMIT: it is longer; or a negated errno. */
int source_read_all(const struct source *source, const struct source_file *file,
	size_t max, struct buf *ret);
