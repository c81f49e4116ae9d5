/* What the files of the export share. */
#pragma once

#include "audit/export.h"

#include "audit/outputs.h"
#include "audit/shown.h"
#include "audit/store_name.h"
#include "base/clock.h"

/* Records of the files of one call: one for each process that it outlived. */
#define EXPORT_FILES_MAX 8

struct export_record {
	struct buf line;
	char name[24]; /* "call", "files", "files.2" */
	uint64_t index;
	bool masked;
	struct tlog_hash leaf;
};

struct export_file {
	char name[OUTPUTS_NAME_SIZE];
	bool has_blocks;
	struct shown_result result;
};

struct export
{
	/* of the parameters */
	char *state_dir, *log, *who, *recipient;
	char call[STORE_ID_SIZE];
	bool only_sip, hide_numbers;
	void (*record_h)(void *arg, const struct entry_export *entry);
	void *arg;

	unsigned phase;
	struct outputs *outputs;
	struct record_find *find;
	struct export_record records[1 + EXPORT_FILES_MAX]; /* that of the call first */
	unsigned record_count;
	bool found;       /* the record of the call */
	bool closed;      /* what it captured is sealed, or there is nothing */
	unsigned record;  /* the one that is looked at */
	struct span list; /* of its files, what was not given yet */
	struct shown *shown;
	struct export_file files[OUTPUTS_MAX];
	unsigned file_count;
	bool has_stamp, has_age, has_certs;
	unsigned tries;
	char made[CLOCK_TEXT_SIZE];
	char sums[2 * TLOG_HASH_LEN + 1];
};

/* Appends the manifest. */
void export_manifest(const struct export *export, struct buf *out);
/* Appends the README. */
void export_readme(const struct export *export, struct buf *out);
