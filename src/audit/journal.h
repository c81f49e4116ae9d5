/*
 * STATE/cdr.jsonl: one CDR a line, appended.
 *
 * The loop thread writes each line itself, before the final answer to a BYE leaves: a line
 * that write(2) took survives a SIGKILL of the server. It costs a few microseconds, and no
 * queue could promise as much. What the disk refuses waits in memory and is written by the
 * audit thread when the disk is back; that thread also syncs once a second and follows a
 * rotated file. Any thread; a lock inside is contended only while the disk fails.
 */
#pragma once

#include "audit/health.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct journal;

/* Opens or makes NAME (0640) in STATE_DIR, cut back to its last whole line. 0, or negative
 * with TEXT. Borrows HEALTH. */
int journal_new(struct journal **ret, const char *state_dir, const char *name,
	struct health *health, struct err_text *text);
/* One last try for what waits; syncs. NULL is fine. */
void journal_free(struct journal *journal);

/* Appends LINE, which ends in '\n'. Not written now: it waits; no room to wait: lost. */
void journal_add(struct journal *journal, const char *line, size_t len);

/* Audit thread, now and then: reopens a moved file, writes what waits, syncs. Returns
 * whether everything is written. */
bool journal_tick(struct journal *journal);

struct journal_counts {
	uint64_t written, lost;
	uint64_t waiting_bytes;
};
void journal_counts(struct journal *journal, struct journal_counts *ret);
