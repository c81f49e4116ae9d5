/* One trunk from its making to its last reference. */
#include "trunk/side.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What settles whether an address rests or is down. */
static const struct health_rules health_rules = {
	.down_after = 3,
	.up_after = 2,
	.rest_max_ms = 120000,
	.trial_ms = 4000,
};

struct trunk *trunk_new(enum trunk_kind kind, struct config *config,
	const struct config_server *server, const struct config_gateway *gateway)
{
	struct trunk *trunk = calloc(1, sizeof(*trunk));

	if (!trunk)
		return NULL;
	trunk->refs = 1;
	trunk->kind = kind;
	trunk->configured = true;
	trunk->server = server;
	trunk->gateway = gateway;
	trunk->config = config_ref(config);
	trunk->id = strdup(trunk_settings(trunk)->id);
	if (!trunk->id || health_begin(&trunk->health, &health_rules, 1)) {
		trunk_unref(trunk);
		return NULL;
	}
	return trunk;
}

struct trunk *trunk_ref(struct trunk *trunk)
{
	trunk->refs++;
	return trunk;
}

void trunk_unref(struct trunk *trunk)
{
	if (!trunk || --trunk->refs)
		return;
	resolve_cancel(trunk->resolving);
	cred_unref(trunk->cred);
	cred_unref(trunk->next);
	account_unref(trunk->account);
	config_unref(trunk->config);
	assert(!trunk->sources && "it is in no index any more");
	figures_free(&trunk->figures);
	health_clear(&trunk->health);
	free(trunk->addrs);
	free(trunk->id);
	free(trunk);
}
