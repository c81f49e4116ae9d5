/*
 * What a far end's final refusals become, as codes and codes-out have it: "404 -> 480, q850:34 -> 503". A
 * rule is kept as it is written, and read where it is used. Pure. Any thread.
 */
#pragma once

#include "base/span.h"
#include "config/config.h"

#include <stdbool.h>

/* Of a rule's result: the cause becomes the status that RFC 3398 7.2.4.1 has for it. */
#define CODES_BY_CAUSE 1

/* One rule. */
struct codes_rule {
	uint16_t first, last; /* statuses that it takes, 300-699; 0: any */
	uint8_t first_cause,
		last_cause; /* Q.850 causes that it takes, 1-127; 0: any, or none */
	uint16_t result;    /* 400-699, or CODES_BY_CAUSE */
};

/*
 * Reads TEXT: [STATUS[-STATUS]] [q850:CAUSE[-CAUSE]] -> STATUS|rfc3398. False with *RET_WHY, static: why it is
 * none; NULL where it is not even formed like one.
 */
bool codes_rule_read(struct codes_rule *ret, struct span text, const char **ret_why);
/* The result of the first of RULES that takes STATUS with CAUSE (Q.850; 0: none was said); 0: none does. */
int codes_find(const struct config_words *rules, int status, unsigned cause);
