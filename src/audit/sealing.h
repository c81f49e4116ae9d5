/*
 * The record by which the files of a call are sealed (entry_files()): what goes into it as they are closed, and what a start makes
 * up for, after a process that was killed. Audit thread.
 */
#pragma once

#include "audit/capture.h"

struct found;
struct marks;
struct sealing;

/* The files of a call are closed for good. Borrowed. */
struct seal {
	const char *date, *id;
	uint64_t
		lost; /* messages and packets that are in none of them, as far as it is known */
	struct buf files; /* a list of entry_file() */
};
typedef void sealing_h(void *arg, const struct seal *seal);

/* 0 or -ENOMEM. */
int sealing_new(struct sealing **ret);
void sealing_free(struct sealing *sealing); /* NULL is fine */
void sealing_set(struct sealing *sealing, sealing_h *h, void *arg);

/* What becomes of a file: it is closed as it is, or somebody removed it. */
enum sealing_end { SEALING_CLOSED, SEALING_REMOVED };
/* Appends what is known of CAPTURE's file to FILES; nothing where nothing was written. */
void sealing_file(struct buf *files, const struct capture *capture, enum sealing_end end);
/* Tells the handler, where there is something to tell. */
void sealing_record(struct sealing *sealing, const struct seal *seal);

/* For marks_new(): what was left is added to it. */
struct found *sealing_found(struct sealing *sealing);
/* How many of these have no record yet. */
size_t sealing_count(const struct sealing *sealing);
/* Appends their lines for marks_replace(). */
void sealing_mark(const struct sealing *sealing, struct buf *lines);
/* Goes on with them for some milliseconds. What is recorded is no longer marked. */
void sealing_step(struct sealing *sealing, int root_fd, struct marks *marks);
