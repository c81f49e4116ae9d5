/* A protection report that was signed: its text, and the proof of the record that has its sum. One thread. */
#pragma once

#include "base/err.h"
#include "evidence/verify.h"

#include <jansson.h>
#include <stdint.h>

/* As `tandemctl report sign --to DIR` calls them. */
#define REPORT_FILE "report.json"
#define REPORT_PROOF_FILE "report.tlog-proof"
/* No report is longer. */
#define REPORT_MAX ((size_t)32 << 20)

/*
 * Whether PROOF proves, by KEYS, that a record of the log has the sum of TEXT, and TEXT says of itself what that record says.
 * 0, *RET is TEXT, owned by the caller, and *RET_INDEX the record's number; or negative with WHY.
 */
int report_verify(json_t **ret, uint64_t *ret_index, const struct keychain *keys,
	struct span text, struct span proof, struct err_text *why);
