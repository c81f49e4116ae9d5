/*
 * What a trunk or server changes of a number that crosses: its rules and its dial plan. On the way in first the
 * rules, then the plan, so that all that follows sees E.164 where the plan says so; on the way out first the plan,
 * then the rules, which have the last word on the wire. Pure. Loop thread.
 */
#pragma once

#include "config/config.h"
#include "config/rules.h"
#include "sip/phone.h"

/* Which of the rules are a number's: those of whom is called, or those of every identity: who calls, by whom a
 * call was forwarded. */
enum number_role { NUMBER_CALLED, NUMBER_CALLING };
enum number_way { NUMBER_IN, NUMBER_OUT };

enum number_by { NUMBER_BY_RULE, NUMBER_BY_PLAN };

/* One change. */
struct number_step {
	enum number_by by;
	const struct rule *rule;       /* NULL: the plan */
	char number[RULE_NUMBER_SIZE]; /* what it made */
};

#define NUMBER_STEPS 2

struct number {
	char text[RULE_NUMBER_SIZE]; /* what came of it */
	struct number_step steps[NUMBER_STEPS];
	unsigned step_count;       /* 0: it stays */
	const struct rule *failed; /* a rule that could not be applied; NULL: none */
	enum rule_result failed_by;
};

/* Whether SETTINGS change numbers on that way at all. */
bool number_may_change(const struct config_numbers *settings, enum number_way way);

/* What the called number of a call from whom SETTINGS are of becomes; OUT is then it. False: it stays, or there is no
 * memory to find out. */
bool number_called_in(const struct config_numbers *settings, const struct phone *called,
	char out[static RULE_NUMBER_SIZE]);
/* The same of a called number that whom SETTINGS are of is told. */
bool number_called_out(const struct config_numbers *settings, const struct phone *called,
	char out[static RULE_NUMBER_SIZE]);

/* What becomes of NUMBER, of which rule_number_valid() holds, with the phone-context CONTEXT, or empty. SCRATCH may
 * be NULL where SETTINGS have no rules. */
void number_change(const struct config_numbers *settings, enum number_way way,
	enum number_role role, struct rule_scratch *scratch, struct span number,
	struct span context, struct number *ret);
