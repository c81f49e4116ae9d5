/*
 * Dial plans: how a far end writes numbers, and what they are in E.164. Facts of one country and area, no
 * expressions. Pure. Any thread.
 *
 * A number is a text of digits, * and #, perhaps behind a +. One behind a + is a whole number of E.164. What is
 * not clear stays as it is: short numbers (of `short-numbers` digits at most, where no prefix is in front, so that
 * 112, 116117 and extensions stay what they are), what has a * or # in it (services), and what would not be a
 * number of E.164, which has 15 digits at most.
 */
#pragma once

#include "config/config.h"
#include "config/rule.h"

/* NUMBER, as PLAN writes it, in E.164: "+49301234". CONTEXT is the phone-context that it came with (RFC 3966
 * 5.1.5), or empty; one that begins with + says whose plan and area it is of, any other one that the number means
 * something there alone. False: it stays as it is, and OUT is untouched. */
bool number_plan_read(const struct config_numbers *plan, struct span number,
	struct span context, char out[static RULE_NUMBER_SIZE]);

/* NUMBER as FORM of PLAN has it. A number that is not in E.164 is taken as PLAN's own first. What would not be
 * read as the same number again is written with the next longer prefix. False: as above. */
bool number_plan_write(const struct config_numbers *plan, enum config_numbers_form form,
	struct span number, struct span context, char out[static RULE_NUMBER_SIZE]);
