#include "bridge/party_rules.h"

#include "bridge/party_identity.h"
#include "bridge/party_numbers.h"

int party_rules_in(struct party *party, const struct config_trunk *settings)
{
	const int err = party_numbers(party, &settings->numbers, NUMBER_IN);

	if (!err)
		party_identity_in(party, &settings->identity);
	return err;
}

int party_rules_out(struct party *party, const struct config_trunk *settings)
{
	const int err = party_numbers(party, &settings->numbers, NUMBER_OUT);

	return err ? err : party_identity_out(party, &settings->identity);
}
