/*
 * How much room the disk below STATE/audit has, and whether it can be written. Audit thread.
 */
#pragma once

#include <stdbool.h>

/* In order: what is worse is more. */
enum disk_state {
	DISK_GOOD,
	DISK_LOW,      /* captures are deleted */
	DISK_CRITICAL, /* and none is begun */
};

/* Whether less than PERCENT of the disk, to whom we may write, is free. False: not known, or PERCENT is 0. */
bool disk_is_below(int fd, unsigned percent);
/* The state of the disk of FD, which was BEFORE: it is critical until there is a tenth more than CRITICAL, so that it is
 * not said again and again. Marks in per cent; 0: there is none. */
enum disk_state disk_judge(
	int fd, unsigned low, unsigned critical, enum disk_state before);
/* "good", "low", "critical". */
const char *disk_state_name(enum disk_state state);

/* Writes and removes a file of some size in the folder ROOT_FD. */
bool disk_probe(int root_fd);
