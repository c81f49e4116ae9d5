/*
 * Topology hiding, looked after in every message of every scenario: what identifies
 * anything on one side never shows on the other.
 */
#pragma once

#include "base/err.h"
#include "base/span.h"
#include "media/relay.h"

#define HIDING_MAX 1024

struct hiding {
	char *words[2][HIDING_MAX]; /* owned; of that side, unwanted on the other */
	unsigned count[2];
};

/* WORD belongs to SIDE. Short ones prove nothing and are left out. */
void hiding_add(struct hiding *hiding, enum relay_side side, struct span word);
/* Learns from a message that passed on SIDE: Call-ID, tags, branch, keys. */
void hiding_learn(
	struct hiding *hiding, enum relay_side side, const char *text, size_t len);
/* A message that Tandem sends on SIDE. 0, or ERR_FORMAT with what showed. */
int hiding_check(const struct hiding *hiding, enum relay_side side, const char *text,
	size_t len, struct err_text *error);
void hiding_free(struct hiding *hiding);
