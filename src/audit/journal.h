/*
 * STATE/cdr.jsonl: one record a line, appended. Each gets the head that makes it an entry of the log: a number without
 * gaps over all starts, and a salt (evidence/head.h).
 *
 * The loop thread writes each line itself, before the final answer to a BYE leaves: a line
 * that write(2) took survives a SIGKILL of the server. It costs a few microseconds, and no
 * queue could promise as much. What the disk refuses waits in memory and is written by the
 * audit thread when the disk is back; that thread also syncs once a second and follows a
 * rotated file. No lock is held while that thread waits for the disk: so it adds its own lines by journal_add_later(), and the
 * loop thread alone by the others.
 */
#pragma once

#include "audit/health.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define JOURNAL_NAME "cdr.jsonl"

struct journal;

/* What the last line of the file, as it was found, says of the process before. */
struct journal_past {
	uint64_t records; /* the number of the first record to be written */
	bool any;         /* there was a line with a head */
	bool stopped;     /* the last one says that the process stopped in order */
	char last[32];    /* when it was written; "": that is not known */
};

/*
 * Opens or makes JOURNAL_NAME (0640) in STATE_DIR, cut back to its last whole line. Numbers go on behind what is there
 * and in JOURNAL_NAME.1, and are SIZE at least. 0, or negative with TEXT. Borrows HEALTH.
 */
int journal_new(struct journal **ret, const char *state_dir, uint64_t size,
	struct health *health, struct err_text *text);
/* One last try for what waits; syncs. NULL is fine. */
void journal_free(struct journal *journal);
void journal_past(const struct journal *journal, struct journal_past *ret);

/*
 * Appends a record: KIND is a word, BODY a JSON object of one member at least with its line end, "{...}\n"; head and kind are put in front of
 * its members. Not
 * written now: it waits; no room to wait: lost, and as soon as there is room a record of the gap is written. It waits too while
 * the disk is slow (health_is_slow()), for whoever calls has calls to serve. Returns whether it is in the file.
 */
bool journal_add(struct journal *journal, const char *kind, const char *body, size_t len);
/* The same; *RET_NUMBER is the record's, when it is not lost. */
bool journal_add_numbered(struct journal *journal, const char *kind, const char *body,
	size_t len, uint64_t *ret_number);
/* Any thread: like it, but the line waits for journal_write() or the next tick. */
void journal_add_later(
	struct journal *journal, const char *kind, const char *body, size_t len);
/* Audit thread: writes what waits. */
void journal_write(struct journal *journal);

/* The file that is written now, as far as it is on the disk. */
struct journal_view {
	int fd;        /* borrowed until the next tick; -1: there is none */
	off_t size;    /* bytes of it that were synced */
	uint64_t file; /* another number for each file */
};

/* Audit thread, now and then: reopens a moved file, writes what waits, syncs. Returns
 * whether everything is written. RET_VIEW may be NULL. */
bool journal_tick(struct journal *journal, struct journal_view *ret_view);

struct journal_counts {
	uint64_t written; /* of calls */
	uint64_t lost;
	uint64_t waiting_bytes;
};
void journal_counts(struct journal *journal, struct journal_counts *ret);
