#include "config/config.h"

#include "fakes.h"

#include <stdio.h>
#include <string.h>

struct config *config_ref(struct config *config)
{
	return config;
}

void config_unref(struct config *config)
{
	(void)config;
}

int config_load(struct config **ret, const char *path, struct config_errors *errors)
{
	(void)path;
	if (!fakes.config) {
		buf_add_str(&errors->text, "f:1:2: error: one\nf:3:4: error: two\xff\n");
		return ERR_CONFIG;
	}
	*ret = fakes.config;
	return 0;
}

const char *config_our_host(
	const struct config *config, const struct config_trunk *settings)
{
	(void)config;
	return settings->contact_host[0] ? settings->contact_host
					 : fakes.config->tandem.fqdn;
}

const struct config_gateway *config_gateway_find(
	const struct config *config, const char *id)
{
	const struct trunk *trunk = fakes.trunks[TRUNK_GATEWAY];

	(void)config;
	return trunk && strcmp(id, trunk->id) == 0 ? trunk->gateway : NULL;
}

const struct config_server *config_server_find(
	const struct config *config, const char *id)
{
	const struct trunk *trunk = fakes.trunks[TRUNK_SERVER];

	(void)config;
	return trunk && strcmp(id, trunk->id) == 0 ? trunk->server : NULL;
}

const struct config_route *config_route_at(
	const struct config_trunk *settings, size_t index)
{
	return index ? NULL : &settings->route;
}
