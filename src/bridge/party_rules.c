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

/* Whether no rule may change whom it is to. */
static bool is_to_emergency(
	const struct party *party, const struct config *config, enum emergency emergency)
{
	return emergency == EMERGENCY_SERVICE ||
	       emergency_is_configured(config, &party->called.phone);
}

int party_rules_arrive(struct party *party, const struct config *config,
	const struct config_trunk *settings, enum emergency emergency)
{
	int err;

	party->emergency = is_to_emergency(party, config, emergency);
	party->urgent = emergency == EMERGENCY_NUMBER || emergency == EMERGENCY_SERVICE ||
			emergency == EMERGENCY_PRIORITY;
	err = party_rules_in(party, settings);
	party->emergency = is_to_emergency(party, config, emergency);
	return err;
}

int party_rules_out(struct party *party, const struct config_trunk *settings)
{
	const int err = party_numbers(party, &settings->numbers, NUMBER_OUT);

	return err ? err : party_identity_out(party, &settings->identity);
}
