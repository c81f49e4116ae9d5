/*
 * The log of records as a whole: the file that they are written to (journal.h), the tree over them that is signed (ledger.h),
 * and which calls stand and so have no record yet (standing.h). It adds the records of no call: start, stop, what the
 * process before left behind, what was lost.
 */
#pragma once

#include "audit/entry.h"
#include "audit/health.h"
#include "audit/journal.h"
#include "audit/ledger.h"
#include "audit/vouch.h"

struct chronicle;

struct chronicle_params {
	const char *state_dir; /* existing folder */
	const char *run_dir;   /* as for journal_new() */
	const char *name;      /* of the server */
	struct health *health; /* borrowed */
	bool keep_keys;        /* as struct ledger_params has it; as the next */
	const char *key;
	struct vouch *vouch; /* borrowed; NULL: nobody vouches for the log */
};

/* Opens all, and records the start and what is left of a process that was killed. 0, or negative with TEXT. */
int chronicle_new(struct chronicle **ret, const struct chronicle_params *params,
	struct err_text *text);
/* When no other thread uses it: records the stop, signs what there is. NULL is fine. */
void chronicle_free(struct chronicle *chronicle);

/* Loop thread: a call begins, at START_US of the wall clock. */
void chronicle_begin(
	struct chronicle *chronicle, uint64_t call, const char *id, uint64_t start_us);
/* Loop thread: the record of CALL, as journal_add() takes it. It survives a SIGKILL when this returns. */
void chronicle_add(
	struct chronicle *chronicle, uint64_t call, const char *body, size_t len);

/* Loop thread: a call of WORD ID was refused for REASON. CHRONICLE_REFUSED_MAX a second are records of their own, the others of
 * that second are counted in one. */
#define CHRONICLE_REFUSED_MAX 10
void chronicle_refused(struct chronicle *chronicle, const char *word, const char *id,
	const char *reason);
/* A report was made; *RET_NUMBER is that of its record, UINT64_MAX where that was lost. */
void chronicle_report(struct chronicle *chronicle, const struct entry_report *report,
	uint64_t *ret_number);
/* Loop thread: an administrator changed something. */
void chronicle_act(struct chronicle *chronicle, const struct entry_act *act);

/* Loop thread: a bundle of a call was given to somebody. */
void chronicle_export(struct chronicle *chronicle, const struct entry_export *export);

/* Audit thread: the files of a call are closed for good (entry_files()). */
void chronicle_files(struct chronicle *chronicle, const char *id, const char *day,
	uint64_t lost, struct span files);

/* Audit thread: records of captures were lost; COUNT more than before. Said once a second, and when the disk is back. */
void chronicle_lost(struct chronicle *chronicle, uint64_t count);
/* Audit thread: a capture is deleted. */
void chronicle_deleted(struct chronicle *chronicle, const struct entry_deleted *deleted);
/* Audit thread: COUNT calls more were not captured, since the disk is nearly full. Said once a second. */
void chronicle_uncaptured(struct chronicle *chronicle, uint64_t count);
/* Audit thread, as often as it is awake: writes the records that wait. */
void chronicle_write(struct chronicle *chronicle);
/* Audit thread, a few times a second: has them on the disk, and signed. FAILING: something cannot be written. Returns whether
 * that was done for all that waited. */
bool chronicle_tick(struct chronicle *chronicle, uint64_t mono_us, bool failing);

/* Any thread. */
void chronicle_counts(struct chronicle *chronicle, struct journal_counts *ret);
void chronicle_state(struct chronicle *chronicle, struct ledger_state *ret);
/* Nothing is signed any more. */
bool chronicle_is_stopped(const struct chronicle *chronicle);
/* Any thread: as ledger_want_key(). */
int chronicle_want_key(struct chronicle *chronicle, const char *uri);
/* Any thread: as ledger_keep_keys(). */
void chronicle_keep_keys(struct chronicle *chronicle, bool keep);
/* As ledger_rotate_key(). */
int chronicle_rotate_key(struct chronicle *chronicle, struct err_text *text);
