/*
 * RUN_DIR/standing.now: which calls stand. It is memory that a killed process leaves (audit/kept.h), so noting a call takes no system
 * call and waits for no disk. STATE/standing is its copy for a machine that goes down, a second old at most. The next start finds
 * there which calls have no record. Any thread; a lock inside.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define STANDING_ID_SIZE 64

struct standing;

/* Opens both (0600), made where missing: what is in RUN_DIR counts, if it goes with that copy, or else the copy. What is no such
 * file of ours is begun anew. RUN_DIR NULL, or without use, which is logged: a killed process leaves the copy alone. 0, or
 * negative with TEXT. */
int standing_new(struct standing **ret, const char *state_dir, const char *run_dir,
	struct err_text *text);
void standing_free(struct standing *standing); /* NULL is fine */

/* A call that stood when the process before ended. ENDING: its record was being written. */
typedef void standing_h(void *arg, const char *id, uint64_t start_us, bool ending);
/* How many stood. */
uint64_t standing_count_left(const struct standing *standing);
/* Calls H for each of them, and forgets each when H returns. Before the first call is noted. */
void standing_take_left(struct standing *standing, standing_h *h, void *arg);

/* A call begins: CALL is its number since the start, ID its name, cut where it is too long. Without room, which is logged once,
 * it is not noted. */
void standing_add(
	struct standing *standing, uint64_t call, const char *id, uint64_t start_us);
/* Loop thread: its record is about to be written. */
void standing_end(struct standing *standing, uint64_t call);
/* Loop thread: the record waits to be written, and so does the call. */
void standing_recorded(struct standing *standing);
/* Audit thread: before it writes records that wait; and when it has written them all. */
void standing_look(struct standing *standing);
void standing_written(struct standing *standing);
/* Audit thread: copies to the disk what changed since. */
void standing_sync(struct standing *standing);
