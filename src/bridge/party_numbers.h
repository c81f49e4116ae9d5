/* The numbers of a party by the rules and the dial plan of a trunk or server: trunk/number.h. Loop thread. */
#pragma once

#include "bridge/party.h"
#include "trunk/number.h"

/* Changes every number of PARTY as SETTINGS say it for that WAY. 0 or -ENOMEM. */
int party_numbers(
	struct party *party, const struct config_numbers *settings, enum number_way way);
/* Referred-By alone of PARTY, a call of ours that who has SETTINGS asked for, likewise on the way in. 0 or -ENOMEM. */
int party_numbers_referred(struct party *party, const struct config_numbers *settings);
/* CALLER, by whom a target with SETTINGS is shown who calls in place of his own number, likewise on the way out; empty:
 * it stays. The text lives as long as PARTY. 0 or -ENOMEM. */
int party_numbers_caller(
	struct party *party, const struct config_numbers *settings, struct span *caller);
