/*
 * Captures that nobody may delete, whatever their age: a file each, STATE/audit/holds/DATE.ID, which says who held it,
 * when and why. The files are the truth, so that it holds over restarts. Any thread.
 */
#pragma once

#include "audit/store_name.h"

#include <stdbool.h>
#include <stdint.h>

/* Room for the words of an operator, with a NUL; what is longer is cut. */
#define HOLDS_WORDS_SIZE 200

struct hold {
	char date[STORE_DATE_SIZE];
	char id[STORE_ID_SIZE];
	uint64_t since; /* seconds since 1970 UTC */
	char who[HOLDS_WORDS_SIZE];
	char reason[HOLDS_WORDS_SIZE];
};

/* Writes HOLD below ROOT_FD, STATE/audit. 0; -EEXIST: it is held already; or another negated errno. */
int holds_add(int root_fd, const struct hold *hold);
/* 0; -ENOENT: it is not held; or another negated errno. */
int holds_remove(int root_fd, const char *date, const char *id);
/* Whether it is held. When that cannot be found out it is. */
bool holds_has(int root_fd, const char *date, const char *id);

typedef void holds_h(void *arg, const struct hold *hold);
/* Calls H for each, in no order. One whose file cannot be read has no words. 0 or a negated errno. */
int holds_each(int root_fd, holds_h *h, void *arg);
