/* One trunk from its making to its last reference. */
#include "trunk/side.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* How long a call may take to find out whether an address works, where answer-within does not say. */
#define TRIAL_MS 32000

static struct health_rules rules_of(const struct config_trunk *settings)
{
	return (struct health_rules){.down_after = settings->down_after,
		.up_after = settings->up_after,
		.rest_max_ms = settings->rest_max_ms,
		.trial_ms = settings->answer_within_ms ? settings->answer_within_ms
						       : TRIAL_MS};
}

struct trunk *trunk_new(enum trunk_kind kind, struct config *config,
	const struct config_server *server, const struct config_gateway *gateway)
{
	struct trunk *trunk = calloc(1, sizeof(*trunk));
	struct health_rules rules;

	if (!trunk)
		return NULL;
	trunk->refs = 1;
	trunk->kind = kind;
	trunk->configured = true;
	trunk->server = server;
	trunk->gateway = gateway;
	trunk->config = config_ref(config);
	trunk->id = strdup(trunk_settings(trunk)->id);
	rules = rules_of(trunk_settings(trunk));
	if (!trunk->id || health_begin(&trunk->health, &rules,
				  (unsigned)trunk_settings(trunk)->hosts.count)) {
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
	messages_free(&trunk->messages);
	health_clear(&trunk->health);
	free(trunk->addrs);
	free(trunk->id);
	free(trunk);
}
