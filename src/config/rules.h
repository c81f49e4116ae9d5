/*
 * Rules of numbers in order: the first that a number matches decides, as people who route calls expect it. Of
 * those whose expression begins with what a number has to begin with, ^\+49, an index finds the few that can
 * match, so that thousands of them cost a number little. Loop thread.
 */
#pragma once

#include "config/rule.h"

struct rules;

/* The most of one list. */
#define RULES_MAX 10000

/* Adds the rule in TEXT to *LIST, which is NULL where there is none yet. 0; ERR_FORMAT as rule_parse(); ERR_LIMIT;
 * -ENOMEM. *LIST is then as it was. */
int rules_add(struct rules **list, const char *text, struct span *ret_bad);
/* *LIST is complete: makes its index. 0 or -ENOMEM. */
int rules_settle(struct rules *list);
void rules_free(struct rules *list);          /* NULL is fine */
size_t rules_count(const struct rules *list); /* of NULL 0 */
const struct rule *rules_at(const struct rules *list, size_t nth);
/* Whether both are the same rules in the same order. NULL is fine. */
bool rules_equal(const struct rules *a, const struct rules *b);

/* What became of a number. */
struct rules_found {
	const struct rule *rule; /* that decided; NULL: none, and the number stays */
	char number[RULE_NUMBER_SIZE];
	const struct rule *failed;  /* one before that could not be applied; NULL: none */
	enum rule_result failed_by; /* why */
};

/* Tries the rules of LIST, settled, at NUMBER, shorter than RULE_NUMBER_SIZE. One that could not be applied
 * (too costly, or what it makes is no number) is passed over. */
void rules_apply(const struct rules *list, struct rule_scratch *scratch,
	struct span number, struct rules_found *ret);
