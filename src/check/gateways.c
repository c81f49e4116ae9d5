/* Gateways that one could take for another. */
#include "check/check_priv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_plain(const struct config_gateway *gateway)
{
	return gateway->common.tls != CONFIG_TLS_YES;
}

/* Calls from both come from the same place, or with the same certificate. A is before B. */
static void check_hosts(struct check *check, const struct config_gateway *a,
	const struct config_gateway *b)
{
	const struct config_trunk *first = &a->common, *second = &b->common;
	const uint16_t port = config_port(first, !is_plain(a));

	if (is_plain(a) != is_plain(b) || strcasecmp(first->host, second->host) != 0)
		return;
	if (is_plain(a) && (first->transport != second->transport ||
				   port != config_port(second, false)))
		return;
	/* tenants of one provider: told apart by the name that it asks for */
	if (!is_plain(a) && second->contact_host[0] &&
		strcasecmp(first->contact_host, second->contact_host) != 0) {
		findings_add(check->findings, FINDING_NOTE,
			where_trunk(check, TRUNK_GATEWAY, second, "host"), "",
			"host: %s is also that of trunk %s: calls from there count for "
			"the "
			"one whose contact-host is asked for, or else for %s",
			second->host, first->id, first->id);
		return;
	}
	findings_add(check->findings, FINDING_WARNING,
		where_trunk(check, TRUNK_GATEWAY, second, "host"),
		"give them different hosts, or make one trunk of them",
		"host: %s is also that of trunk %s, which all calls from there count "
		"for",
		second->host, first->id);
}

static bool same_words(const struct config_words *a, const struct config_words *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->words[i], b->words[i]) != 0)
			return false;
	return true;
}

/* The same numbers with the same rank: who is first is a matter of the names. */
static void check_prefixes(struct check *check, const struct config_gateway *a,
	const struct config_gateway *b)
{
	const struct config_route *first = &a->common.route, *second = &b->common.route;

	if (first->priority != second->priority || first->weight || second->weight ||
		!same_words(&first->callers, &second->callers) ||
		!same_words(&first->sources, &second->sources))
		return;
	for (size_t i = 0; i < second->prefixes.count; i++)
		for (size_t j = 0; j < first->prefixes.count; j++) {
			if (strcmp(second->prefixes.words[i], first->prefixes.words[j]) !=
				0)
				continue;
			findings_add(check->findings, FINDING_WARNING,
				where_trunk(check, TRUNK_GATEWAY, &b->common, "prefixes"),
				"give the one that is to be first a lower priority",
				"prefixes: %s is also that of trunk %s, of the same "
				"priority, which is tried first for its name",
				second->prefixes.words[i], a->common.id);
			return;
		}
}

void check_gateways(struct check *check)
{
	const struct config *config = check->config;

	for (size_t i = 0; i < config->gateway_count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct config_gateway *a = &config->gateways[j];
			const struct config_gateway *b = &config->gateways[i];

			if (!a->common.enabled || !b->common.enabled)
				continue;
			check_hosts(check, a, b);
			check_prefixes(check, a, b);
		}
}
