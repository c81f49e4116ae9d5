/*
 * Deletes captures that are too old, or too many, or for which the disk has no room: the oldest first, never one that is on
 * hold or being written. It goes in small steps, since whoever takes them has captures to write. Each one deleted is a line
 * of the log, and told to whoever makes records of it. Audit thread.
 */
#pragma once

#include "audit/keep.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct retention;

/* 0 or -ENOMEM. */
int retention_new(struct retention **ret);
void retention_free(struct retention *retention); /* NULL is fine */

/* A capture that is deleted. Borrowed during the call. */
struct retention_deletion {
	const char *id, *day;
	const char *why; /* "age", "size", "disk"; "resumed": a killed process began it */
	const char *rule; /* what says so: "[audit] keep", "trunk carrier-a keep-size" */
	uint64_t files, bytes;
	uint64_t written_us; /* wall; when something was last written to it */
};

struct retention_step {
	int root_fd;       /* STATE/audit */
	struct keep *keep; /* a reference is taken for a round */
	uint64_t wall_us, mono_us;
	/* Whether the capture is being written. */
	bool (*in_use_h)(void *arg, const char *date, const char *id);
	/* Whether the disk has less room than it should; asked before each that is looked at. */
	bool (*short_h)(void *arg);
	/* Told before the files are removed, when nothing finds the capture any more. */
	void (*deleted_h)(void *arg, const struct retention_deletion *deletion);
	void *arg;
};

/* Looks at some captures, a few times a second; rounds begin a minute after the one before, five seconds where the disk is
 * short of room. */
void retention_step(struct retention *retention, const struct retention_step *step);
/* Captures deleted since the start. Any thread. */
uint64_t retention_deleted(const struct retention *retention);
