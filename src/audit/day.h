/*
 * The captures of one day, STATE/audit/YYYY-MM-DD, as retention goes over them: looked at in small steps, then the oldest
 * first. Audit thread.
 *
 * A capture that is to go gets another name at first, which no capture has (DAY_DOOMED): nobody finds it any more, and what a
 * killed process did not come to is known. Names of others, and what they put beside a capture, stay.
 */
#pragma once

#include "audit/store_name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAY_DOOMED ".deleted"

struct day_capture {
	char id[STORE_ID_SIZE];
	bool doomed; /* a killed process began to delete it */
	unsigned files;
	uint64_t bytes;
	uint64_t written_us; /* wall; when something was last written to it */
};

struct day;

/* NULL: there is no such day, or no memory. DATE as store_date() writes it. */
struct day *day_open(int root_fd, const char *date);
/* Removes the day when nothing of a capture is in it. NULL is fine. */
void day_close(struct day *day);
const char *day_date(const struct day *day);
int day_fd(const struct day *day);

/* Looks at MAX further ones at most, and removes those that a killed process deleted but for their folder. Returns at how many; less
 * than MAX: at all, and day_next() can be called. Without memory
 * the others are of the next round. */
unsigned day_look(struct day *day, unsigned max);
/* The oldest one that was not given yet; NULL: there is none. Borrowed until day_close(). */
const struct day_capture *day_next(struct day *day);

/* Takes its name from a capture, and gives it back. 0 or a negated errno. */
int day_doom(const struct day *day, const char *id);
int day_spare(const struct day *day, const char *id);
/* Deletes the files of one that has no name any more. 0 or a negated errno: some are left. */
int day_erase(struct day *day, const char *id);
