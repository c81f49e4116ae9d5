/*
 * A log as it is written: the tiles of its tree and the checkpoint, in a folder that can be served as it is (C2SP
 * tlog-tiles). The records themselves lie elsewhere. One thread.
 */
#pragma once

#include "base/err.h"
#include "evidence/checkpoint.h"
#include "evidence/logbook_file.h"
#include "evidence/note.h"

struct logbook;

/*
 * Goes on with the log in the folder DIR_FD, which it takes, or begins one where there is none. Checkpoints are signed by
 * SIGNER (borrowed), and its name is NAME, the origin. 0; ERR_TRUST: what is there is not signed by that key, or the tiles
 * are not those of what was signed; or negative, with TEXT.
 */
int logbook_new(struct logbook **ret, int dir_fd, const struct ed25519 *signer,
	const char *name, struct err_text *text);
void logbook_free(struct logbook *logbook); /* NULL is fine */

/* Goes on with what BEFORE had, whose folder is no more: with as many entries it must be the same. 0, or ERR_TRUST: it is
 * not, or has more. */
int logbook_go_on(struct logbook *logbook, const struct logbook *before);
/* Entries that it has, or that the one had with which it goes on. */
uint64_t logbook_known(const struct logbook *logbook);
/* Whether its folder is the one that PATH names now. */
bool logbook_is_in(const struct logbook *logbook, const char *path);

/* How many entries it has. What was signed may be more after the machine lost power: these are to be added
 * again, and are compared with what was signed. */
uint64_t logbook_size(const struct logbook *logbook);
/* As of the last checkpoint in the folder. */
uint64_t logbook_published(const struct logbook *logbook);
const struct note_key *logbook_key(const struct logbook *logbook);

/* Adds the next entry. 0; or negative, nothing was added, and the same can be tried again: a full tile could not be
 * written. ERR_TRUST: these are not the entries that were signed; the log cannot go on. */
int logbook_add(struct logbook *logbook, const struct tlog_hash *leaf);
/* Writes what is new and a checkpoint over all entries. Nothing is new: does nothing. 0; -EAGAIN: the signer has yet to answer, and the
 * next call goes on with the entries that there were; or negative. Then the checkpoint of before stands. */
int logbook_publish(struct logbook *logbook);

/*
 * From record INDEX on, which is added next and says so (LINE), the log has the key NEXT (borrowed). The checkpoint that has it is
 * signed by both; with it NEXT is the log's only key, as logbook_key() says then. 0; ERR_FORMAT: LINE does not name the
 * key of the log and NEXT; or negative.
 */
int logbook_hand_over(struct logbook *logbook, const struct ed25519 *next, uint64_t index,
	struct span line);
/* Whether that is under way: no checkpoint has it yet. */
bool logbook_is_handing_over(const struct logbook *logbook);
