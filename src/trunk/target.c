#include "trunk/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum transport_kind transport_of(const struct config_trunk *settings)
{
	if (settings->tls == CONFIG_TLS_YES)
		return TRANSPORT_TLS;
	return settings->transport == CONFIG_TCP ? TRANSPORT_TCP : TRANSPORT_UDP;
}

int target_new(struct target **ret, struct trunk *trunk, struct config *config)
{
	const struct config_server *server = NULL;
	const struct config_gateway *gateway = NULL;
	struct target *target;

	if (trunk->kind == TRUNK_SERVER)
		server = config_server_find(config, trunk->id);
	else
		gateway = config_gateway_find(config, trunk->id);
	if (!server && !gateway)
		return ERR_STATE;
	target = calloc(1, sizeof(*target));
	if (!target)
		return -ENOMEM;
	target->refs = 1;
	target->trunk = trunk_ref(trunk);
	target->config = config_ref(config);
	target->server = server;
	target->gateway = gateway;
	target->settings = server ? &server->common : &gateway->common;
	target->transport = transport_of(target->settings);
	*ret = target;
	return 0;
}

struct target *target_ref(struct target *target)
{
	target->refs++;
	return target;
}

void target_unref(struct target *target)
{
	if (!target || --target->refs)
		return;
	trunk_unref(target->trunk);
	config_unref(target->config);
	free(target);
}

bool target_is_tls(const struct target *target)
{
	return target->transport == TRANSPORT_TLS;
}

const char *target_host(const struct target *target)
{
	return target->settings->host;
}

unsigned target_name_count(const struct target *target)
{
	return (unsigned)target->settings->hosts.count;
}

const char *target_name(const struct target *target, unsigned nth)
{
	return target->settings->hosts.words[nth];
}

uint16_t target_port(const struct target *target)
{
	return config_port(target->settings, target_is_tls(target));
}

enum obstacle_kind target_obstacle(const struct target *target, bool emergency,
	uint64_t now_us, struct obstacle *ret)
{
	const struct obstacle_question question = {.trunk = target->trunk,
		.way = OBSTACLE_TO,
		.emergency = emergency,
		.now_us = now_us};

	return obstacle_find(&question, ret);
}

enum obstacle_kind target_message_obstacle(const struct target *target, bool subscription,
	uint64_t now_us, struct obstacle *ret)
{
	const struct obstacle_question question = {.trunk = target->trunk,
		.way = OBSTACLE_TO,
		.message = true,
		.subscription = subscription,
		.now_us = now_us};

	return obstacle_find(&question, ret);
}

static bool has_common_host(const struct target *target)
{
	for (unsigned i = 0; i < target_name_count(target); i++)
		if (trunk_host_find(target->trunk, target_name(target, i)) <
			HEALTH_NAMES_MAX)
			return true;
	return false;
}

int target_connection(const struct target *target, const struct addr *address,
	struct transport_target *ret, struct err_text *text)
{
	const struct trunk *trunk = target->trunk;

	*ret = (struct transport_target){.kind = target->transport, .remote = *address};
	if (!target_is_tls(target))
		return 0;
	if (!trunk->configured || !trunk->peer)
		return err_set(text, ERR_TRUST,
			"it is configured for TLS no more: no certificate can be judged");
	if (!has_common_host(target))
		return err_set(text, ERR_TRUST, "it is configured as another host now");
	ret->peer = trunk->peer;
	ret->cred = trunk->cred;
	return 0;
}

int target_connection_to(const struct target *target, unsigned name,
	const struct addr *address, struct transport_target *ret, struct err_text *text)
{
	int err = target_connection(target, address, ret, text);

	if (err || target_name_count(target) == 1)
		return err;
	if (target_is_tls(target) &&
		trunk_host_find(target->trunk, target_name(target, name)) ==
			HEALTH_NAMES_MAX)
		return err_set(text, ERR_TRUST, "%s is none of its hosts any more",
			target_name(target, name));
	ret->host = target_name(target, name);
	ret->reuse = TRANSPORT_REUSE_HOST;
	return 0;
}

/* Which of the trunk's names of today NAME is; HEALTH_NAMES_MAX: none, or it is at another port. */
static unsigned name_today(const struct target *target, unsigned name)
{
	const struct trunk *trunk = target->trunk;

	if (target->transport != trunk_transport(trunk) ||
		target_port(target) != trunk_port(trunk))
		return HEALTH_NAMES_MAX;
	return trunk_host_find(trunk, target_name(target, name));
}

void target_resolved(const struct target *target, struct trunks *trunks, unsigned name,
	const struct resolve_answer *answer)
{
	const unsigned today = name_today(target, name);
	struct trunk *trunk = target->trunk;
	struct health_time now;

	if (today == HEALTH_NAMES_MAX || !trunk->health.world)
		return;
	now = health_now(trunk->health.world->timers);
	(void)health_learn(trunk, today, answer, &now);
	if (!answer->err)
		trunks_learn_name(trunks, trunk, answer);
}

const struct health_address *target_health(
	const struct target *target, unsigned name, const struct addr *addr)
{
	const unsigned today = name_today(target, name);

	if (today == HEALTH_NAMES_MAX)
		return NULL;
	return health_find(&target->trunk->health, today, addr, 0);
}

const struct health_record *target_name_health(const struct target *target, unsigned name)
{
	const struct trunk_health *health = &target->trunk->health;
	const unsigned today = name_today(target, name);

	if (today == HEALTH_NAMES_MAX || health_has_addresses(health, today))
		return NULL;
	return &health->names[today];
}

void target_claim(const struct target *target, unsigned name, const struct addr *addr,
	uint64_t now_ms)
{
	const unsigned today = name_today(target, name);

	if (today < HEALTH_NAMES_MAX)
		health_claim(&target->trunk->health, today, addr, now_ms);
}

void target_report(const struct target *target, unsigned name, const struct addr *addr,
	const struct health_report *report, const struct health_time *now)
{
	const unsigned today = name_today(target, name);

	if (today < HEALTH_NAMES_MAX)
		health_report(target->trunk, today, addr, report, now);
}

void target_was_at(const struct target *target, struct trunks *trunks,
	enum transport_kind kind, const struct addr *remote)
{
	const struct resolve_answer answer = {.addrs = {*remote}, .count = 1};

	if (kind != TRANSPORT_TLS && !trunks_allow_plain(trunks, kind, remote) &&
		name_today(target, 0) < HEALTH_NAMES_MAX)
		trunks_learn(trunks, target->trunk, &answer);
}

bool target_takes_flow(const struct target *target, const struct flow *flow)
{
	if (!target_is_tls(target))
		return flow->kind != TRANSPORT_TLS;
	return flow->kind == TRANSPORT_TLS &&
	       (!flow->peer || trunk_is_peer(target->trunk, flow->peer));
}
