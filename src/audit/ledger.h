/*
 * The log of records as evidence: each line of the journal becomes an entry of a tree (evidence/logbook.h), which is signed
 * once a second. The lines are read back from the file, so what is signed is what lies there, and what a killed
 * process had written and not signed is signed by the next one. Audit thread, but for what says otherwise.
 */
#pragma once

#include "audit/health.h"
#include "audit/journal.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger;

struct ledger_params {
	const char *state_dir; /* log.key and the folder log are made in it */
	struct health *health; /* borrowed */
	const char *
		name; /* of a log that begins: the server's. One that is there keeps its own */
	bool keep_keys; /* a key that was replaced is put by, not destroyed */
	const char
		*key; /* where its key is to be: a pkcs11: URI; NULL or "": in log.key */
};

/*
 * Opens STATE_DIR/log, and makes the key and the folder where missing. Whatever is wrong with them is no reason not
 * to serve calls: then it is stopped, and says why. 0 or -ENOMEM.
 */
int ledger_new(struct ledger **ret, const struct ledger_params *params);
void ledger_free(struct ledger *ledger); /* NULL is fine */

/* Records that are in the tree, or were once signed: the journal's next number is not below. Before the thread starts. */
uint64_t ledger_size(const struct ledger *ledger);

/* Adds lines of the journal, as far as VIEW has them. True: there are more; call it again soon. */
bool ledger_follow(struct ledger *ledger, const struct journal_view *view);
/* Signs what was added. Returns whether all that was to be read and written since ledger_follow() began was; a log that is
 * stopped is none that fails. */
bool ledger_publish(struct ledger *ledger);

/* The last time: waits a few seconds for a token. */
void ledger_finish(struct ledger *ledger);

/* How many records are signed, of a log that is not stopped. */
uint64_t ledger_published(const struct ledger *ledger);

#define LEDGER_KEY_SIZE 320
#define LEDGER_WHY_SIZE 256

/* The log goes on with a new key: a record names it, and the checkpoint that has that record is signed by both. */
struct ledger_rotation {
	bool is_wanted;   /* one was asked for, and is not done */
	bool is_recorded; /* the record was given to the journal */
	unsigned count;   /* of those that were done */
	/* of the last one */
	uint64_t record;
	char from[LEDGER_KEY_SIZE];
	char why[LEDGER_WHY_SIZE]; /* it was given up; "": it was not */
};

struct ledger_state {
	uint64_t size; /* records that are signed */
	char name[256];
	char key[LEDGER_KEY_SIZE]; /* as tandem-verify(1) wants it; "": there is none */
	bool in_token;             /* the key is in a token */
	bool differs; /* it is not where it is wanted: ledger_rotate_key() hands over */
	bool stopped; /* nothing is signed any more */
	char why[LEDGER_WHY_SIZE]; /* it is stopped */
	struct ledger_rotation rotation;
};
/* Any thread. */
void ledger_state(struct ledger *ledger, struct ledger_state *ret);
bool ledger_is_stopped(const struct ledger *ledger);

/* Any thread: where the key is to be, as struct ledger_params has it. Nothing is handed over. 0 or -ENOMEM. */
int ledger_want_key(struct ledger *ledger, const char *uri);
/* Any thread: as struct ledger_params has it, for hand-overs that begin from now on. */
void ledger_keep_keys(struct ledger *ledger, bool keep);
/* Any thread: the log is to have a new key, where it is wanted. It takes a second or two; ledger_state() tells. 0, or ERR_STATE with TEXT. */
int ledger_rotate_key(struct ledger *ledger, struct err_text *text);
struct ledger_keys {
	char from[LEDGER_KEY_SIZE], to[LEDGER_KEY_SIZE];
};
/* When all lines were read. True: the journal is to have a record of kind "key" with these, now; and ledger_recorded() is to be told
 * where it has. */
bool ledger_wants_record(struct ledger *ledger, struct ledger_keys *ret);
void ledger_recorded(struct ledger *ledger, const struct ledger_keys *keys);
