/*
 * What the settings of a trunk or server change of who calls whom: once as its call comes in, and once for each
 * target that it is offered to. Functions from one party to another. Loop thread.
 */
#pragma once

#include "bridge/party.h"
#include "trunk/emergency.h"

/* PARTY, which came from the trunk with SETTINGS, becomes what all that follows sees: routes, limits, records.
 * 0 or -ENOMEM. */
int party_rules_in(struct party *party, const struct config_trunk *settings);
/* The same of a call that CONFIG says to be of the class EMERGENCY: its number is changed by no rule, neither the one
 * that came nor the one that a rule found within it. */
int party_rules_arrive(struct party *party, const struct config *config,
	const struct config_trunk *settings, enum emergency emergency);
/* PARTY, a copy that is for nobody else, becomes what the target with SETTINGS is shown. 0 or -ENOMEM. */
int party_rules_out(struct party *party, const struct config_trunk *settings);
