/*
 * File descriptors: how many the process may have, and whether there is none left. Libraries that need one
 * and get none report something else (a name server that does not answer), so whoever reports their
 * failure asks here first. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define DESCRIPTORS_TEXT_SIZE 120

/* Whether ERR, a negated errno, says so. */
bool descriptors_are_out(int err);
/* 0, or the negated errno that whoever opens one gets now. Opens one for that. */
int descriptors_try(void);
/* What ERR says, with how many are allowed and what sets that. Returns BUF. */
const char *descriptors_text(int err, char buf[static DESCRIPTORS_TEXT_SIZE]);

/* RLIMIT_NOFILE; 0: it cannot be told. */
uint64_t descriptors_allowed(void);
/* Those that are open; where there is none left to count them with, all that are allowed. */
uint64_t descriptors_used(void);

/*
 * Some that are held in reserve, so that an operator's connection is served when others have taken the
 * rest. Zero-initialise, then descriptors_hold().
 */
#define DESCRIPTORS_RESERVE 4
struct descriptors_reserve {
	bool begun;
	int seed; /* the others are copies of it; it is not given back */
	int fds[DESCRIPTORS_RESERVE];
	unsigned count;
};

/* Holds as many as can be had, up to DESCRIPTORS_RESERVE. Whether that is all. */
bool descriptors_hold(struct descriptors_reserve *reserve);
/* Gives one back for use at once. False: there is none. */
bool descriptors_spend(struct descriptors_reserve *reserve);
/* Closes FD and holds its number in reserve, with nothing in between for others to take it; only closes it
 * where the reserve is whole. */
void descriptors_keep(struct descriptors_reserve *reserve, int fd);
void descriptors_free(struct descriptors_reserve *reserve);
