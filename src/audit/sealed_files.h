/*
 * Reads what entry_files() wrote. Pure; any thread.
 */
#pragma once

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct sealed_file {
	struct span name, state; /* borrowed of the line */
	uint64_t bytes, blocks;
	bool has_tree;
};

/* Whether LINE is a record of the files of call ID. */
bool sealed_files_are_of(struct span line, const char *id);
/* "YYYY-MM-DD" of such a record. */
struct span sealed_files_day(struct span line);
/* Where its list of files begins, for sealed_files_next(). */
struct span sealed_files_list(struct span line);
/* Takes the next one off *LIST. False: that was the last one. */
bool sealed_files_next(struct span *list, struct sealed_file *ret);
