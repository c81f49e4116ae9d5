/*
 * STATE/cdr.jsonl: one record a line, appended. Each gets the head that makes it an entry of the log: a number without
 * gaps over all starts, and a salt (evidence/head.h).
 *
 * Who adds a line waits for no disk: the line goes to memory that a killed process leaves (audit/spool.h), and a call's is there
 * before the final answer to its BYE leaves. The audit thread writes what waits, syncs once a second, and follows a rotated file.
 * The next start finds in the memory what a killed process had not written. Any thread; no lock is held while the audit thread
 * waits for the disk.
 */
#pragma once

#include "audit/health.h"
#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define JOURNAL_NAME "cdr.jsonl"

struct journal;

/* What the last line of the file, as it was found with what waited, says of the process before. */
struct journal_past {
	uint64_t records; /* the number of the first record to be written */
	bool any;         /* there was a line with a head */
	bool stopped;     /* the last one says that the process stopped in order */
	char last[32];    /* when it was written; "": that is not known */
};

/*
 * Opens or makes JOURNAL_NAME (0640) in STATE_DIR, cut back to its last whole line. Numbers go on behind what is there,
 * in JOURNAL_NAME.1 and in RUN_DIR, and are SIZE at least. RUN_DIR NULL, or without use, which is logged: what waits ends with the
 * process. 0, or negative with TEXT. Borrows HEALTH.
 */
int journal_new(struct journal **ret, const char *state_dir, const char *run_dir,
	uint64_t size, struct health *health, struct err_text *text);
/* One last try for what waits; syncs. What cannot be written is left to the next start. NULL is fine. */
void journal_free(struct journal *journal);
void journal_past(const struct journal *journal, struct journal_past *ret);

/* Calls H for the id of each record of a call, in the file's last MAX bytes and in what waits. Before others use JOURNAL. */
typedef void journal_call_h(void *arg, struct span id);
void journal_each_call(struct journal *journal, size_t max, journal_call_h *h, void *arg);

/*
 * Adds a record: KIND is a word, BODY a JSON object of one member at least with its line end, "{...}\n"; head and kind are put in
 * front of its members. False: there is no room, and it is lost; as soon as there is room a record of the gap is written.
 */
bool journal_add(struct journal *journal, const char *kind, const char *body, size_t len);
/* The same; *RET_NUMBER is the record's, when it is not lost. */
bool journal_add_numbered(struct journal *journal, const char *kind, const char *body,
	size_t len, uint64_t *ret_number);

/* Audit thread: writes what waits. Whether all that waited when it began is in the file. */
bool journal_write(struct journal *journal);

/* The file that is written now, as far as it is on the disk. */
struct journal_view {
	int fd;        /* borrowed until the next tick; -1: there is none */
	off_t size;    /* bytes of it that were synced */
	uint64_t file; /* another number for each file */
};

/* Audit thread, now and then: reopens a moved file, writes what waits, syncs. Returns
 * whether all that waited when it began is on the disk. RET_VIEW may be NULL. */
bool journal_tick(struct journal *journal, struct journal_view *ret_view);

struct journal_counts {
	uint64_t written; /* of calls */
	uint64_t lost;
	uint64_t waiting_bytes;
};
void journal_counts(struct journal *journal, struct journal_counts *ret);
