/* Rules that every message which Tandem sends keeps, in every scenario. */
#pragma once

#include "stage.h"

/* 0, or ERR_FORMAT with the rule that DATA, sent to PARTY as part of CALL, breaks. */
int rules_check(const struct stage *stage, const struct party *party, uint64_t call,
	const char *data, size_t len, struct err_text *error);
