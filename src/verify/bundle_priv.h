/* What the files of the bundle share. */
#pragma once

#include "verify/bundle.h"
#include "verify/source.h"

#include "evidence/keychain.h"
#include "evidence/tlog.h"

struct bundle {
	const struct bundle_params *params;
	struct source source;
	struct keychain keys;
	struct bundle_result result;
};

/* Tells of a fault: FORMAT is a sentence. */
void bundle_tell(struct bundle *bundle, const char *kind, const char *file,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The SHA-256 of FILE. 0 or negative. */
int bundle_sum(const struct bundle *bundle, const struct source_file *file,
	struct tlog_hash *ret);

/*
 * Whether the lines of TABLE are the leaves of the tree of ROOT, and each block that is shown in FILE is the one that it is
 * said to be; FILE NULL: none is shown. Tells of what is not. 0; or negative: it cannot be read.
 */
int bundle_check_blocks(struct bundle *bundle, const struct source_file *table,
	const struct source_file *file, const struct tlog_hash *root);
