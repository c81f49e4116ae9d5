/* The protection report as CSV (RFC 4180). tandemctl's only thread. */
#pragma once

#include "base/buf.h"

#include <jansson.h>

/* A head and a line for each row. Control characters in values become '?'. Errors stick
 * in OUT. */
void report_csv(const json_t *report, struct buf *out);
/*
 * One field: in quotes where it needs them. What a spreadsheet would take for a formula gets
 * an apostrophe in front: names come from peers.
 */
void report_csv_field(struct buf *out, const char *text);
