/*
 * The record of a call as scenarios expect it: words name=value.
 */
#pragma once

#include "base/buf.h"
#include "bridge/record.h"

/* Adds RECORD to OUT, in one line. */
void record_print(struct buf *out, const struct record *record);
