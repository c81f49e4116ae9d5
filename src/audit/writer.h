/*
 * The audit writer: the one thread that touches audit files. Others hand it records
 * through bounded queues and never wait; what does not fit is counted and declared.
 */
#pragma once

#include "audit/entry.h"
#include "audit/ledger.h"
#include "audit/style.h"
#include "audit/taps.h"
#include "base/err.h"
#include "bridge/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct writer;

struct writer_params {
	const char *
		state_dir; /* existing folder; audit/, log/, log.key, standing and cdr.jsonl are made in it */
	const char *
		run_dir; /* existing folder; what waits for the disk is kept in it; NULL: in the process alone */
	const char *name;    /* of the server, for a log that begins; NULL: it has none */
	struct style *style; /* as for writer_set_style(); NULL: pcapng for all eyes */
	unsigned workers;    /* media workers that will tap packets: one queue each */
	bool keep_keys;      /* of the log, once another one has taken their place */
	const char *key;     /* of the log, as struct ledger_params has it */
	struct vouch *vouch; /* borrowed; NULL: nobody vouches for the log */
	size_t queue_bytes;  /* of each queue; 0: a sensible default */
};

/* 0, or negative with TEXT (folder cannot be written). Starts the thread. */
int writer_new(
	struct writer **ret, const struct writer_params *params, struct err_text *text);
/* Writes what is queued, closes every file on a whole record, joins. NULL is fine. */
void writer_free(struct writer *writer);

/* Loop thread: how captures are written now. Borrowed until the next writer_set_style(). */
const struct style *writer_style(const struct writer *writer);
/* Loop thread: how captures of calls that begin from now on are written. A reference is taken. */
void writer_set_style(struct writer *writer, struct style *style);

/* Who listens to captured calls (TAPS_CAPTURED) and to their media (TAPS_MEDIA). Lives as long as WRITER. What it is told
 * has no keys any more. */
struct taps_listener *writer_listener(struct writer *writer);

/* Loop thread: a call begins, whether it is captured or not; ID is its name in records. Killed before its record
 * is written, it is found by the next start. */
void writer_call_stands(struct writer *writer, uint64_t call, const char *id);
/* Loop thread: the messages of a call are captured from now on; its packets are by the relay,
 * which taps them or not. Again: it goes on, in the same file, after writer_call_pause(). */
void writer_call_begin(struct writer *writer, uint64_t call, const char *id);
/* Loop thread: no further message of the call is captured; what is stays. Nothing for a call that
 * is not captured. */
void writer_call_pause(struct writer *writer, uint64_t call);
/*
 * Loop thread: the call ended; its record becomes one CDR line, which survives a SIGKILL when this returns, and its files
 * are closed. It says where they are, and whether anything is known to be missing. Messages and packets that still follow
 * within 32 s are appended.
 */
void writer_call_end(struct writer *writer, const struct record *record);
/* Loop thread: a CDR alone, for a call without capture. */
void writer_cdr(struct writer *writer, const struct record *record);

/* Loop thread: a call of WORD ID ("trunk", "gw") was refused, for REASON. A few a second are records of their own, the others
 * are counted in one. */
void writer_refused(
	struct writer *writer, const char *word, const char *id, const char *reason);
/* Loop thread: an administrator changed something: a record of the log. */
void writer_act(struct writer *writer, const struct entry_act *act);
/* Loop thread: a bundle of a call was given to somebody: likewise. */
void writer_export(struct writer *writer, const struct entry_export *export);
/* Loop thread: a report was made: a record of the log. Returns its number; UINT64_MAX: the record was lost, and nobody signs it. */
uint64_t writer_report(struct writer *writer, const struct entry_report *report);

/* Where the capture of call ID is or will be: "STATE/audit/YYYY-MM-DD/ID/call.pcapng" (style.h). Loop thread.
 * Empty text when nothing of it was to be captured. */
const char *writer_capture_path(const struct writer *writer, uint64_t call);

struct writer_totals {
	uint64_t offered, stored, lost; /* messages and packets */
	uint64_t cut; /* messages longer than any datagram: stored cut */
	uint64_t cdrs, cdrs_lost;
	uint64_t cdrs_waiting_bytes; /* in memory until the disk can be written again */
	uint64_t open_files;
	uint64_t deleted;    /* captures, by age or size, or for want of room */
	uint64_t uncaptured; /* calls, since the disk was nearly full */
	const char *disk;    /* "good", "low", "critical" */
	uint64_t overflows;  /* times that a queue overflowed: spells, not records */
	bool failing;        /* a write failed, and no later try succeeded */
	bool behind;         /* a queue overflowed, and not all has been written since */
	bool stalled;        /* the disk does not answer, or did not a moment ago */
	char why[128];       /* "capture: No space left on device"; "": never failed */
};
/* Any thread. */
void writer_totals(const struct writer *writer, struct writer_totals *ret);
/* Any thread: as ledger_want_key(). */
int writer_want_key(struct writer *writer, const char *uri);
/* Any thread: as ledger_keep_keys(). */
void writer_keep_keys(struct writer *writer, bool keep);
/* Any thread: the log is to have a new key; writer_log() tells how that goes. 0, or ERR_STATE with TEXT. */
int writer_rotate_key(struct writer *writer, struct err_text *text);
/* The log that records are signed in. Any thread. */
void writer_log(const struct writer *writer, struct ledger_state *ret);
/* True while all that is offered can be stored and signed, neither failing, nor behind, nor stalled: [audit] required = yes
 * refuses calls otherwise. */
bool writer_ready(const struct writer *writer);
/* Loop thread, a few times a second: sees whether the disk holds the audit thread up, which is told in the log. */
void writer_look(struct writer *writer);
/* Loop thread: whether the audit thread has turned since this was last asked. Without work it turns a few times
 * a second; a disk that does not answer stops it. */
bool writer_turns(struct writer *writer);
