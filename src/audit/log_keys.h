/*
 * The key that signs the log, and the one that it is handed over to: each a file in the state folder, with the key itself, or with the
 * pkcs11: URI of one in a token. Each step leaves what the next start goes on from: log.key signs; log.key.new is there before a
 * record names it; it becomes log.key when the checkpoint has its signature. Audit thread, or before it starts.
 */
#pragma once

#include "base/err.h"
#include "evidence/ed25519.h"
#include "evidence/note.h"

struct token;

/* So long a start waits for a token. */
#define LOG_KEYS_OPEN_MS 10000

struct log_key {
	const struct ed25519 *key; /* NULL: there is none */
	struct ed25519 *own;       /* it is that of a file */
	struct token *token;       /* or of a token */
	char *uri;                 /* of that one; NULL: it is in a file */
};

struct log_keys {
	const char *state_dir; /* borrowed */
	bool keep;             /* old keys are kept, as log.key.ID */
	struct log_key now;
	struct log_key next; /* none, or none that can be used */
	char next_why[256];  /* it cannot be used; "": that is not it */
};

/*
 * Loads what there is. A log that begins has the key of WANTED, a pkcs11: URI, or where that is "" one in a file, which is made. WANTED may
 * also be where the log's key is now, if it was moved. DIR_FD is the folder of the log, NAME its name. What a process
 * that was killed had begun is finished. 0, or negative with TEXT: the key cannot be used, and no other is taken in its place.
 */
int log_keys_open(struct log_keys *keys, int dir_fd, const char *name, const char *wanted,
	struct err_text *text);
void log_keys_close(struct log_keys *keys);

/* Begins to make the next key, or to open it: that of WANTED, as for log_keys_open(). One that was made before, and that no record names,
 * is dropped. 0, or negative with TEXT. */
int log_keys_begin_next(struct log_keys *keys, const char *wanted, struct err_text *text);
/* Whether a start would find the next key, and it can sign. 0; -EAGAIN: a token has yet to answer; -EEXIST with TEXT: it is the key that the log
 * has, and log.key says from now on that it is there; or negative, with TEXT. But for -EAGAIN and 0 there is no next key then. */
int log_keys_next_ready(struct log_keys *keys, struct err_text *text);
/* Nothing comes of it. */
void log_keys_drop_next(struct log_keys *keys);
/* The next key has signed a checkpoint of the log NAME: it takes the place of the other one, which is destroyed or put by. 0;
 * or negative, and the same can be tried again. */
int log_keys_take_next(struct log_keys *keys, const char *name);

/* Waits until tokens have answered what they were asked, WAIT_MS each at most. */
void log_keys_wait(struct log_keys *keys, unsigned wait_ms);
