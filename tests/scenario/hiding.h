/*
 * Topology hiding, looked after in every message of every scenario: what identifies
 * anything on one side never shows on the other.
 */
#pragma once

#include "base/err.h"
#include "base/span.h"
#include "bridge/side.h"
#include "sip/message.h"

/* The latest so many words of a side are looked for; see hiding_keep(). */
#define HIDING_MAX 1024
#define HIDING_SHORTEST 6
#define HIDING_BUCKETS 4096

struct hiding_word {
	char *text;      /* owned; NULL: none */
	unsigned bucket; /* where it is listed */
	int next;        /* 1 + the next one there; 0: none */
};

/* Words of each side, unwanted on the other, found by their first HIDING_SHORTEST bytes. */
struct hiding {
	struct hiding_word words[2][HIDING_MAX];
	int buckets[2][HIDING_BUCKETS]; /* 1 + the first word that begins so; 0: none */
	unsigned count[2];              /* since the beginning */
	unsigned kept[2];               /* so many of the first are never forgotten */
};

/* WORD belongs to SIDE. Short ones prove nothing and are left out. */
void hiding_add(struct hiding *hiding, enum side side, struct span word);
/* What was added so far is never forgotten. */
void hiding_keep(struct hiding *hiding);
/* Learns from a message that passed on SIDE: Call-ID, tags, branch, keys. */
void hiding_learn(struct hiding *hiding, enum side side, const struct message *message);
/* A message that Tandem sends on SIDE. 0, or ERR_FORMAT with what showed. */
int hiding_check(const struct hiding *hiding, enum side side, const char *text,
	size_t len, struct err_text *error);
void hiding_free(struct hiding *hiding);
