/* What one trunk's settings say. */
#include "trunk/registration.h"
#include "trunk/trunk.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const struct config_trunk *trunk_settings(const struct trunk *trunk)
{
	return trunk->kind == TRUNK_SERVER ? &trunk->server->common
					   : &trunk->gateway->common;
}

const struct config_tls *trunk_side_files(
	enum trunk_kind kind, const struct config *config)
{
	return kind == TRUNK_SERVER ? &config->internal.tls : &config->external.tls;
}

bool trunk_is_tls(const struct trunk *trunk)
{
	return trunk_settings(trunk)->tls == CONFIG_TLS_YES;
}

/* A host of it, or of its registrar. */
static bool is_at(const struct trunk *trunk, const struct addr *remote)
{
	for (unsigned i = 0; i < trunk->addr_count + trunk->former_count; i++)
		if (addr_equal_host(&trunk->addrs[i], remote))
			return true;
	for (unsigned i = 0; trunk->registration && i < trunk->registration->addr_count;
		i++)
		if (addr_equal_host(&trunk->registration->addrs[i], remote))
			return true;
	return false;
}

struct account *trunk_account(const struct trunk *trunk, const struct flow *flow)
{
	bool its;

	if (flow->kind == TRANSPORT_TLS)
		its = !flow->peer || trunk_is_named(trunk, flow->peer->id);
	else
		its = is_at(trunk, &flow->remote);
	return its ? trunk->account : NULL;
}

struct limit_question trunk_limits(
	const struct trunk *trunk, enum limit_way way, bool emergency, uint64_t now_us)
{
	const struct config_trunk *settings = trunk_settings(trunk);

	return (struct limit_question){.use = &trunk->use,
		.limits = &settings->limits,
		.calls = trunk->calls,
		.kept = emergency ? 0 : settings->emergency.reserve,
		.way = way,
		.now_us = now_us};
}

enum transport_kind trunk_transport(const struct trunk *trunk)
{
	if (trunk_is_tls(trunk))
		return TRANSPORT_TLS;
	return trunk_settings(trunk)->transport == CONFIG_TCP ? TRANSPORT_TCP
							      : TRANSPORT_UDP;
}

const char *trunk_host(const struct trunk *trunk)
{
	return trunk_settings(trunk)->host;
}

const char *trunk_host_at(const struct trunk *trunk, unsigned nth)
{
	return trunk_settings(trunk)->hosts.words[nth];
}

unsigned trunk_host_find(const struct trunk *trunk, const char *host)
{
	const struct config_words *hosts = &trunk_settings(trunk)->hosts;

	for (unsigned i = 0; i < hosts->count; i++)
		if (!strcasecmp(hosts->words[i], host))
			return i;
	return HEALTH_NAMES_MAX;
}

uint16_t trunk_port(const struct trunk *trunk)
{
	return config_port(trunk_settings(trunk), trunk_is_tls(trunk));
}

const char *trunk_name_of(enum trunk_kind kind, const char *id, char buf[static 80])
{
	snprintf(buf, 80, "%s %s", trunk_word(kind), id);
	return buf;
}

const char *trunk_name(const struct trunk *trunk, char buf[static 80])
{
	return trunk_name_of(trunk->kind, trunk->id, buf);
}

bool trunk_is_named(const struct trunk *trunk, const char *name)
{
	const char *word = trunk_word(trunk->kind);
	const size_t len = strlen(word);

	return !strncmp(name, word, len) && name[len] == ' ' &&
	       !strcmp(name + len + 1, trunk->id);
}
