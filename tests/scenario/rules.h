/* Rules that every message which Tandem sends keeps, in every scenario. */
#pragma once

#include "stage.h"

/* 0, or ERR_FORMAT with the rule that MESSAGE, sent to PARTY as part of CALL, breaks. */
int rules_check(const struct stage *stage, const struct party *party, uint64_t call,
	const struct message *message, struct err_text *error);
