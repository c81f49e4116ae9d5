/*
 * Captures that a killed process left without the record that seals their files (entry_files()): the audit thread makes their sums
 * between its other work. Until then they are marked.
 */
#pragma once

#include "audit/store_name.h"
#include "base/buf.h"

#include <stddef.h>

struct found;

/* 0 or -ENOMEM. */
int found_new(struct found **ret);
void found_free(struct found *found); /* NULL is fine */

/* The capture DATE/ID, whose folder DIR_FD is, borrowed: the files that it has now. Without memory it is left out. */
void found_add(struct found *found, const char *date, const char *id, int dir_fd);
size_t found_count(const struct found *found);
/* Calls H for each. */
typedef void found_h(void *arg, const char *date, const char *id);
void found_each(const struct found *found, found_h *h, void *arg);

/* One whose sums are made. Borrowed. */
struct found_call {
	char date[STORE_DATE_SIZE], id[STORE_ID_SIZE];
	struct buf files; /* a list of entry_file(); the caller's, to be freed */
};
/* Goes on, and takes what it reads off *BUDGET, bytes. 0: it is *RET; -ENOENT: there is none left; -EAGAIN: there is more to
 * do, with a further budget. */
int found_step(struct found *found, int root_fd, size_t *budget, struct found_call *ret);
