#include "bridge/party_rules.h"

#include "bridge/party_identity.h"

int party_rules_in(struct party *party, const struct config_trunk *settings)
{
	party_identity_in(party, &settings->identity);
	return 0;
}

int party_rules_out(struct party *party, const struct config_trunk *settings)
{
	return party_identity_out(party, &settings->identity);
}
