/*
 * The SRTP contexts of one direction of one end, by their keys. A key has one context from its
 * first use to the end of the line, whatever other keys are used in between: forks that answer
 * with one key and another in turn, a re-INVITE that is withdrawn. So no roll-over counter, SRTCP
 * index or replay window of a key begins anew.
 *
 * Owned by the worker of the line. Not for the packet path: contexts are made here.
 */
#pragma once

#include "media/srtp.h"

/* Contexts that are kept. */
#define KEYS_MAX 16
/* Keys that are remembered beyond those. */
#define KEYS_SPENT 64

/* Zeroed it is empty. */
struct keys {
	struct keys_entry {
		struct srtp_context *context; /* owned */
		uint32_t used;                /* when it was asked for last */
	} * list;                             /* owned */
	unsigned count, room;
	uint32_t clock;
	/* The latest keys whose contexts had to go, by a hash: a ring. NULL: none so far. */
	uint64_t *spent;
	unsigned spent_count;
};

enum keys_found {
	KEYS_KNOWN, /* its context goes on */
	KEYS_NEW,
	/* Something may have been sealed with its bytes: under another suite, or so long ago that
	 * it is forgotten. No SSRC of ours that was in use by then may be sealed with it. */
	KEYS_DOUBTFUL,
};

/*
 * The context of KEY in *CURRENT, which is the one in use, or NULL. A new one follows that, and
 * goes on at its counters with KEEP (srtp_context_follow()). Where there are KEYS_MAX, the one
 * that was not asked for the longest goes, and its key is refused from then on. Says in *FOUND
 * what the key was. 0, ERR_STATE (such a key), or as srtp_context_new(); *CURRENT stays then.
 */
int keys_take(struct keys *keys, const struct relay_key *key,
	enum srtp_direction direction, bool keep, struct srtp_context **current,
	enum keys_found *found);
/* Nothing is sealed as SSRC any more, under any of them: see srtp_context_end(). */
void keys_end(struct keys *keys, uint32_t ssrc);
/* Writes them, and how far each has come. The latest is the one in use. 0, -ENOMEM, or what the sealer
 * returns. */
int keys_save(const struct keys *keys, struct saved to);
/* KEYS, empty, go on there, with the latest in *CURRENT. Which keys had to go is not known any more.
 * 0; ERR_FORMAT, ERR_AUTH, ERR_SUPPORT or ERR_LIMIT with ERROR; -ENOMEM or ERR_LIBRARY. */
int keys_load(struct keys *keys, struct saved from, enum srtp_direction direction,
	struct srtp_context **current, struct err_text *error);
/* Wipes the keys. */
void keys_clear(struct keys *keys);
