/*
 * Deletes captures that are too old, or too many: the oldest day first, never one that is on hold or being written. It goes
 * in small steps, since whoever takes them has captures to write. Each one deleted is a line of the log. Audit thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct retention;

/* 0 or -ENOMEM. */
int retention_new(struct retention **ret);
void retention_free(struct retention *retention); /* NULL is fine */

struct retention_step {
	int root_fd;         /* STATE/audit */
	uint64_t keep_us;    /* since something was last written to it; 0: for good */
	uint64_t keep_bytes; /* of all together; 0: no limit */
	uint64_t wall_us, mono_us;
	/* Whether the capture is being written. */
	bool (*in_use_h)(void *arg, const char *date, const char *id);
	void *arg;
};

/* Looks at some captures, a few times a second; rounds begin a minute after the one before. */
void retention_step(struct retention *retention, const struct retention_step *step);
/* Captures deleted since the start. Any thread. */
uint64_t retention_deleted(const struct retention *retention);
