#include "bridge/party_rules.h"

int party_rules_in(struct party *party, const struct config_trunk *settings)
{
	(void)party;
	(void)settings;
	return 0;
}

int party_rules_out(struct party *party, const struct config_trunk *settings)
{
	(void)party;
	(void)settings;
	return 0;
}
