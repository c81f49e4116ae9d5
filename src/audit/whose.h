/*
 * Whose the captures of a day are: STATE/audit/YYYY-MM-DD/trunks, a line "ID trunk carrier-a" for each call and each whom it
 * talked with. By it retention knows whose rule holds for a capture without opening it, which it could not do where that is
 * encrypted. Audit thread.
 */
#pragma once

#include "audit/store_name.h"
#include "base/span.h"

#define WHOSE_NAME "trunks"

struct whose;

/* 0 or -ENOMEM. */
int whose_new(struct whose **ret);
void whose_free(struct whose *whose); /* what waits is lost; NULL is fine */

/* The capture of DATE/ID is one of TRUNK's, "trunk carrier-a". It waits for whose_write(). */
void whose_add(struct whose *whose, const char *date, const char *id, const char *trunk);
/* Writes what waits below ROOT_FD. 0; or a negated errno, and it still waits. (-EPERM, -ELOOP: something that is not ours
 * has the place of the file; then it is forgotten.) */
int whose_write(struct whose *whose, int root_fd);
/* Closes the day's file, which whose_write() keeps open: to be called now and then, and when the root is another one, for what has
 * the day's name may have become another folder. */
void whose_rest(struct whose *whose);

typedef void whose_h(void *arg, struct span id, struct span trunk);
/* Calls H for each whole line of the day DAY_FD. */
void whose_each(int day_fd, whose_h *h, void *arg);
