/*
 * The files of the key that signs the log, and of the one that it is handed over to. Each step leaves what the next start goes
 * on from: log.key signs; log.key.new is there before a record names it; it becomes log.key when the checkpoint has its
 * signature. Audit thread, or before it starts.
 */
#pragma once

#include "base/err.h"
#include "evidence/ed25519.h"
#include "evidence/note.h"

struct log_keys {
	const char *state_dir; /* borrowed */
	bool keep;             /* old keys are kept, as log.key.ID */
	struct ed25519 *now;
	struct ed25519 *next; /* NULL: there is none, or none that can be used */
};

/*
 * Loads what there is, and makes a key for a log that begins. DIR_FD is the folder of the log, NAME its name. What a process
 * that was killed had begun is finished. 0, or negative with TEXT.
 */
int log_keys_open(
	struct log_keys *keys, int dir_fd, const char *name, struct err_text *text);
void log_keys_close(struct log_keys *keys);

/* Makes the next key; one that was made before, and that no record names, is dropped. 0, or negative with TEXT. */
int log_keys_make_next(struct log_keys *keys, struct err_text *text);
/* The next key has signed a checkpoint of the log NAME: it takes the place of the other one, which is destroyed or put by. 0;
 * or negative, and the same can be tried again. */
int log_keys_take_next(struct log_keys *keys, const char *name);
