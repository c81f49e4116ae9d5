/* What a snapshot has of a name or a place. */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

const struct config_server *config_server_find(
	const struct config *config, const char *id)
{
	for (size_t i = 0; i < config->server_count; i++) {
		if (strcmp(config->servers[i].common.id, id) == 0)
			return &config->servers[i];
	}
	return NULL;
}

static int compare_id_to(const void *id, const void *gateway)
{
	const struct config_gateway *const *entry = gateway;

	return strcmp(id, (*entry)->common.id);
}

const struct config_gateway *config_gateway_find(
	const struct config *config, const char *id)
{
	const struct config_gateway *const *found = bsearch(id, config->gateways_by_id,
		config->gateway_count, sizeof(*config->gateways_by_id), compare_id_to);

	return found != NULL ? *found : NULL;
}

const struct config_route *config_route_at(
	const struct config_trunk *settings, size_t index)
{
	if (index == 0)
		return &settings->route;
	return index <= settings->route_count ? &settings->routes[index - 1] : NULL;
}

const char *config_our_host(
	const struct config *config, const struct config_trunk *settings)
{
	return settings->contact_host[0] ? settings->contact_host : config->tandem.fqdn;
}
