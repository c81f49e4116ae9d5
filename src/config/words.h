/*
 * Values that are lists of words, each of the kind that its row of the schema says. Loop thread.
 */
#pragma once

#include "base/span.h"
#include "config/config.h"
#include "config/schema.h"

/* Whether values of TYPE are struct config_words. */
bool words_is_list(enum schema_type type);
/* 1 to 8 digits. */
bool words_is_prefix(struct span word);
/* Reads TEXT as a comma list of TYPE, in place of what TO has. 0; ERR_FORMAT with *RET_BAD, the part of TEXT
 * that is wrong, or untouched where that is all of it; or -ENOMEM. TO is then as it was. */
int words_set(struct config_words *to, enum schema_type type, const char *text,
	struct span *ret_bad);
/* Why BAD, which words_set() refused, is wrong, where TYPE alone does not say it: a phrase, static; else NULL. */
const char *words_why(enum schema_type type, struct span bad);
/* TO becomes what FROM is. 0 or -ENOMEM. */
int words_copy(struct config_words *to, const struct config_words *from);
/* Whether WORD is a number as it is dialled: digits, * and #, perhaps with + in front, 32 at most; no letters, and
 * no visual separators, which would make two numbers of one. */
bool words_is_number(struct span word);
/* Whether WORDS has WORD, in just these letters, or in any case of them. */
bool words_have(const struct config_words *words, struct span word);
bool words_have_nocase(const struct config_words *words, struct span word);
void words_free(struct config_words *words);
