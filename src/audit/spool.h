/*
 * RUN_DIR/waiting: whole lines that wait to be written to a file, in memory that a killed process leaves (audit/kept.h). So who
 * adds a line waits for no disk, and the line survives a SIGKILL all the same. One lock of its user's around all but the use of
 * what spool_lines() gave.
 */
#pragma once

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>

struct spool;

/* What the process before left is in it, unless it is no spool of ours, which is logged and emptied. RUN_DIR NULL: it ends with the
 * process. 0, or negative with TEXT. */
int spool_new(struct spool **ret, const char *run_dir, struct err_text *text);
void spool_free(struct spool *spool); /* NULL is fine */

/* So much waits at most. */
#define SPOOL_MAX ((size_t)16 << 20)

/* Adds a line, with its end, behind the others. False: there is no room; 8 MB at least are taken. */
bool spool_add(struct spool *spool, const void *line, size_t len);
size_t spool_len(const struct spool *spool);
/* All lines, the oldest first. They stay where they are until spool_drop() or spool_keep(), while others are added behind them. */
struct span spool_lines(struct spool *spool);
/* The first LEN bytes of them wait no longer. */
void spool_drop(struct spool *spool, size_t len);
/* Of them none waits any more but LEN bytes from FROM on; nothing was added behind them. A process that is killed meanwhile leaves
 * all, or these. */
void spool_keep(struct spool *spool, size_t from, size_t len);
/* Whether what is in it is left to the next process. */
bool spool_is_left(const struct spool *spool);
