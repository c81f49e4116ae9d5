/*
 * How a call was set up, for its record: each attempt to offer it, and the reason that the far
 * end gave for its refusal or its end. Bounded. Loop thread. Embedded in its user,
 * zero-initialised.
 */
#pragma once

#include "base/saved.h"
#include "bridge/record.h"
#include "sip/flow.h"
#include "sip/message.h"

struct history {
	struct record_attempt *attempts; /* owned; the first 15, and the latest */
	unsigned count;
	bool trying;      /* the latest has no end yet */
	int far_status;   /* the last refusal of our INVITE, as it came; 0: none */
	char *far_reason; /* owned; NULL: it gave none */
	struct record_reason
		released; /* in the BYE or CANCEL that ended it; text owned */
	struct record_transfer *transfers; /* owned; RECORD_TRANSFERS at most */
	unsigned transfer_count;
	struct record_redirection *redirections; /* owned; RECORD_REDIRECTIONS at most */
	unsigned redirection_count;
};

/* TARGET, an id (copied), is asked over FLOW; NULL: no address was found. AFTER_US since the call
 * began. */
void history_begin(struct history *history, const char *target, const struct flow *flow,
	uint64_t after_us);
/* Its result: STATUS is its final response, or 0; REASON in words. Returns that attempt, until the next
 * one begins; NULL, and nothing happens, without an attempt in progress. A 2xx deletes far_status and
 * far_reason of the attempts before. */
const struct record_attempt *history_end(
	struct history *history, int status, const char *reason);
/* Whether an attempt at TARGET is the latest one. */
bool history_is_at(const struct history *history, const char *target);
/* A refusal with STATUS in words, for history_end(). WHY: why its challenge was not answered, or NULL. */
void history_refusal(int status, const char *why, char ret[static ERR_REASON_SIZE]);
/* MESSAGE refuses the call with STATUS, or ends it: STATUS 0, a BYE. Its Reason (RFC 3326)
 * is kept; of a refusal without one the text of its Warning, or else its reason phrase. The attempt that is in progress has them too. */
void history_hear(struct history *history, int status, const struct message *message);
/* MESSAGE, a BYE or CANCEL, ends the call: what its Reason says is kept. */
void history_release(struct history *history, const struct message *message);
/* BY asks AFTER_US since the call began that it be transferred to the number TO; both are copied. 0; ERR_LIMIT: it had
 * as many as it may have; -ENOMEM. */
int history_transfer(
	struct history *history, const char *by, const char *to, uint64_t after_us);
/* What came of the latest: STATUS; TARGET, an id (copied), took it, or NULL. */
void history_transferred(struct history *history, int status, const char *target);
/* What a 3xx named, and what was done with it: WHAT, copied. Nothing where there are as many as there may be. 0 or
 * -ENOMEM. */
int history_redirect(struct history *history, const struct record_redirection *what);
/* The attempts and redirections of FROM, up to now, are those of HISTORY, behind its own. FROM is as zeroed then. */
void history_append(struct history *history, struct history *from);
/* Writes it. 0 or -ENOMEM. */
int history_save(const struct history *history, struct saved to);
/* HISTORY, zeroed, becomes what was written. 0; ERR_FORMAT with ERROR; -ENOMEM. */
int history_load(struct history *history, struct saved from, struct err_text *error);
void history_free(struct history *history);
