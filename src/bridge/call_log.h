/*
 * The lines that tell the story of a call: one when it begins, one for each attempt to have it taken,
 * one when it ends. They say what its record says, in the same words, and `flow=` joins them to the lines
 * of its connections. Loop thread.
 */
#pragma once

#include "bridge/call.h"

/* Its INVITE is accepted, and those who may be asked are chosen. */
void call_log_begin(const struct call *call);
/* ATTEMPT, the latest one, is over with RESULT: "answered", "refused", "failed", "given-up", or
 * "skipped": it was not asked. NULL: there was none, or no memory for it. */
void call_log_attempt(const struct call *call, const struct record_attempt *attempt,
	const char *result);
/* RECORD is that of a call that ended. */
void call_log_end(const struct record *record);
/* Of a request that is no call: its one line, at its end. */
void call_log_message(const struct record *record);
/* What came of its last transfer, with STATUS; TARGET, an id, took it; NULL: nobody. */
void call_log_transfer(const struct call *call, int status, const char *target);
