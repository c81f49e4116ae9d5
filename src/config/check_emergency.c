#include "config/check_emergency.h"

#include "config/config.h"

#include <string.h>

static bool is_gateway(const struct config *config, const char *id)
{
	for (size_t i = 0; i < config->gateway_count; i++) {
		if (strcmp(config->gateways[i].common.id, id) == 0)
			return true;
	}
	return false;
}

void check_emergency(const struct config *config, const struct scope *scope,
	struct place place, struct config_errors *errors)
{
	const struct config_words *trunks = &config->emergency.trunks;

	for (size_t i = 0; i < trunks->count; i++) {
		if (!is_gateway(config, trunks->words[i]))
			errors_add(errors,
				scope_place(scope, SCHEMA_EMERGENCY, "trunks", place),
				"trunks: expected ids of gateways, there is no %s.conf",
				trunks->words[i]);
	}
}

void check_emergency_reserve(const struct config_gateway *gateway,
	const struct scope *scope, struct place place, struct config_errors *errors)
{
	const struct config_trunk *common = &gateway->common;
	const unsigned reserve = common->emergency.reserve;

	place = scope_place(scope, SCHEMA_GATEWAY, "emergency-reserve", place);
	if (reserve > 0 && common->limits.max_calls == CONFIG_UNLIMITED)
		errors_add(errors, place,
			"emergency-reserve: expected max-calls beside it, of which it "
			"keeps a part");
	else if (reserve > 0 && reserve > common->limits.max_calls)
		errors_add(errors, place,
			"emergency-reserve: expected at most max-calls, which is %u, got "
			"%u",
			common->limits.max_calls, reserve);
}
