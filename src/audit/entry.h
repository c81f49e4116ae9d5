/*
 * Records that are of no call: what the server did, and what it could not. Each is the body of one, as
 * journal_add() takes it with its kind: "start" for entry_start(), and so on. Pure; any thread. Errors stick in OUT.
 */
#pragma once

#include "base/buf.h"
#include "evidence/tlog.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an administrator changed, or tried to. Borrowed. */
struct entry_act {
	const char *who; /* "uid 0 pid 123", "SIGHUP" */
	const char *noun, *verb;
	const char *const *args;
	size_t arg_count;
	int code; /* 0: it was done */
};

void entry_act(struct buf *out, uint64_t wall_us, const struct entry_act *act);
/* COUNT calls were refused: one of PARTY for REASON, or further ones, of which only the number is known ("", ""). */
void entry_refused(struct buf *out, uint64_t wall_us, uint64_t count, const char *party,
	const char *reason);
/* The server starts. KEY: by which its log is verified; "": it is not signed. */
void entry_start(struct buf *out, uint64_t wall_us, const char *log, const char *key);
/* It stops in order: the last record of a process. */
void entry_stop(struct buf *out, uint64_t wall_us);
/* The process before did not stop in order. LAST: when its last record was written; "": that is not known. CALLS that stood
 * then have a record each: entry_lost(). */
void entry_crash(struct buf *out, uint64_t wall_us, const char *last, uint64_t calls);
/* A call of that process: ID, and when it began. */
void entry_lost(struct buf *out, uint64_t wall_us, const char *id, uint64_t start_us);
/* A capture that is deleted. Borrowed. */
struct entry_deleted {
	const char *id, *day;
	const char *why, *rule; /* as struct retention_deletion has them */
	uint64_t files, bytes;
	uint64_t written_us; /* wall */
};

void entry_deleted(
	struct buf *out, uint64_t wall_us, const struct entry_deleted *deleted);
/* A report that is in the log by its sum. Borrowed. */
struct entry_report {
	const char *report;          /* of what: "protection" */
	uint64_t since_us, until_us; /* wall: the period */
	uint64_t first, last;        /* numbers of the records that were looked at */
	uint64_t records, calls, unprotected;
	const char *sum; /* SHA-256 of its text, in hex */
};

void entry_report(struct buf *out, uint64_t wall_us, const struct entry_report *report);
/* The log is handed over from one key to another one, both as tandem-verify(1) has them: evidence/handover.h reads it. */
void entry_key(struct buf *out, uint64_t wall_us, const char *from, const char *to);
/* COUNT of WHAT ("records", "capture", "calls", "numbers") were lost since SINCE_US, which is 0 where it is not known. */
void entry_gap(struct buf *out, uint64_t wall_us, const char *what, uint64_t count,
	uint64_t since_us, const char *why);

/* A file of a call, as entry_files() has them. */
struct entry_file {
	const char *name;
	const char *state; /* "whole", "cut", "removed", "repaired" */
	uint64_t bytes;
	const struct tlog_hash *sum;
	uint64_t packets;
	uint64_t blocks;
	const struct tlog_hash *root; /* over its blocks; NULL: it has no tree */
};
/* Appends FILE to a list; the first one is behind nothing. */
void entry_file(struct buf *list, const struct entry_file *file);
/* The files of call ID, as of DAY, are closed for good: FILES, a list of entry_file(). LOST messages and packets are in none
 * of them. */
void entry_files(struct buf *out, uint64_t wall_us, const char *id, const char *day,
	uint64_t lost, struct span files);

/* A bundle of a call is given to somebody. Borrowed. */
struct entry_export {
	const char *who, *recipient, *id;
	bool only_sip, hide_numbers;
	const char *sums; /* SHA-256, in hex, of the list of its files and their sums */
};
void entry_export(struct buf *out, uint64_t wall_us, const struct entry_export *export);
