/*
 * What follows from what a far end said: sentences for people, and lines for its file in gateways.d, each with the
 * reason. Pure; any thread.
 */
#pragma once

#include "config/config.h"
#include "learn/heard.h"

#define LEARNED_FACTS_MAX 32
#define LEARNED_TEXT_SIZE 256
#define LEARNED_LINES_MAX 12

struct learned_fact {
	const char *topic; /* "hold", "codecs"; static */
	char said[LEARNED_TEXT_SIZE];
};

/* One "KEY = VALUE". */
struct learned_line {
	const char *key; /* static */
	char value[LEARNED_TEXT_SIZE];
	char why[LEARNED_TEXT_SIZE];
	bool in_force; /* the file says, or means, that already */
};

struct learned {
	struct learned_fact facts[LEARNED_FACTS_MAX];
	unsigned fact_count;
	struct learned_line lines[LEARNED_LINES_MAX];
	unsigned line_count;
};

/* What HEARD, of GATEWAY with OFFERED codecs in our INVITE, means. RET is written whole. */
void learned_make(struct learned *ret, const struct heard *heard,
	const struct config_gateway *gateway, const struct config_words *offered);
