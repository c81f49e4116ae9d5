/*
 * The keys of a log, one after the other: the one that a reader trusts, and those that it was handed over to, or from, by
 * signatures of both (evidence/handover.h). For whoever verifies; one thread.
 */
#pragma once

#include "evidence/handover.h"

#define KEYCHAIN_MAX 256

struct keychain {
	struct note_key given;
	unsigned count;
	struct handover *
		list; /* by their records' numbers; once linked, each goes on from the one before */
};

/* Told of what is no good hand-over: TEXT is a sentence, borrowed during the call. INDEX: of its record, where HAS_INDEX. */
typedef void keychain_fault_h(
	void *arg, bool has_index, uint64_t index, const char *text);

void keychain_init(struct keychain *chain, const struct note_key *given);
void keychain_free(struct keychain *chain);

/* Adds what PROOF says, if it is good. 0; ERR_LIMIT: there are too many; or as handover_read(), with TEXT. */
int keychain_add(struct keychain *chain, struct span proof, struct err_text *text);
/* Adds all that lie in the log's folder DIR_FD; faults are told to H. 0; or negative with TEXT: the folder cannot be read. */
int keychain_load(struct keychain *chain, int dir_fd, keychain_fault_h *h, void *arg,
	struct err_text *text);
/* Keeps those that lead from the key that was given to others, in the order of the log, or to it; others are told to H as
 * faults. After it, keychain_key() may be asked. */
void keychain_link(struct keychain *chain, keychain_fault_h *h, void *arg);

/* Who must have signed a checkpoint of SIZE records. */
const struct note_key *keychain_key(const struct keychain *chain, uint64_t size);
/* The hand-over by record INDEX, or NULL. */
const struct handover *keychain_find(const struct keychain *chain, uint64_t index);
