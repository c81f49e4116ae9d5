/*
 * A bundle: what there is of one call, for somebody who checks it without us. Made in small steps, as fast as who asked for it reads.
 * They wait for the disk, so the loop makes none. One thread at a time.
 *
 * Its files: the records of the call, each with the proof that it is in the log; captures, as they are shown (shown.h);
 * the checkpoint with what others said of it; README, manifest.json; SHA256SUMS over all these, whose own sum is in a record
 * of kind export, which goes along with its proof. So nothing of a bundle can be changed, and who got it is in the log.
 */
#pragma once

#include "audit/entry.h"
#include "base/err.h"

struct export;

struct export_params {
	const char *state_dir, *log; /* the log's name */
	const char *call;            /* its id */
	const char *who, *recipient; /* for whom: "" where it is not said */
	bool only_sip, hide_numbers;
	void (*piece_h)(void *arg, const char *name, struct span piece); /* outputs_h */
	/* Its texts are good until export_free(). What it is to write is looked for in the next steps. */
	void (*record_h)(void *arg, const struct entry_export *entry);
	void *arg;
};

/* Texts are copied, and no file is opened yet. 0; ERR_FORMAT: CALL is no id; or negative; with TEXT. */
int export_new(
	struct export **ret, const struct export_params *params, struct err_text *text);
/* Waits for the disk, unless all was given. NULL is fine. */
void export_free(struct export *export);

/* 0: all is given; -EAGAIN: go on; -EBUSY: go on in a while, something is not signed yet; with TEXT: -ENOENT: there is no such call;
 * ERR_STATE: its files are not closed yet; or another negative code. */
int export_step(struct export *export, struct err_text *text);
