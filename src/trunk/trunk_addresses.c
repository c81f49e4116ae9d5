/* Where plain gateways are: their names are looked up again and again, since SIP in plain is known by
 * its source address alone. */
#include "trunk/trunk_priv.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool has_address(const struct addr *addrs, unsigned count, const struct addr *addr)
{
	for (unsigned i = 0; i < count; i++) {
		if (addr_equal(&addrs[i], addr))
			return true;
	}
	return false;
}

/* Whether ANSWER has other addresses than TRUNK. Their order changes with each draw. */
static bool is_news(const struct trunk *trunk, const struct resolve_answer *answer)
{
	for (unsigned i = 0; i < answer->count; i++) {
		if (!has_address(trunk->addrs, trunk->addr_count, &answer->addrs[i]))
			return true;
	}
	return answer->count != trunk->addr_count ||
	       (trunk->former_count && !trunk->calls);
}

/*
 * The addresses of ANSWER in place of those that TRUNK had. As long as it has calls these are
 * kept behind, at most as many as an answer has: a call's gateway may speak from there.
 */
static int take_addresses(struct trunk *trunk, const struct resolve_answer *answer)
{
	const unsigned old_count =
		trunk->calls ? trunk->addr_count + trunk->former_count : 0;
	struct addr *addrs = calloc(answer->count + RESOLVE_MAX, sizeof(*addrs));
	unsigned count = answer->count;

	if (!addrs)
		return -ENOMEM;
	memcpy(addrs, answer->addrs, count * sizeof(*addrs));
	for (unsigned i = 0; i < old_count; i++) {
		if (count < answer->count + RESOLVE_MAX &&
			!has_address(addrs, count, &trunk->addrs[i]))
			addrs[count++] = trunk->addrs[i];
	}
	free(trunk->addrs);
	trunk->addrs = addrs;
	trunk->addr_count = answer->count;
	trunk->former_count = count - answer->count;
	return 0;
}

void trunks_file(struct trunks *trunks, struct trunk *trunk)
{
	if (sources_put(trunks->sources, trunk))
		log_error("trunk", "%s=%s event=not-heard reason=\"out of memory\"",
			trunk_word(trunk->kind), trunk->id);
}

void trunks_refile(struct trunks *trunks, struct trunk *trunk)
{
	sources_remove(trunks->sources, trunk);
	trunks_file(trunks, trunk);
}

void trunks_learn(
	struct trunks *trunks, struct trunk *trunk, const struct resolve_answer *answer)
{
	if (!trunk->configured || trunk_is_tls(trunk) || !is_news(trunk, answer))
		return;
	sources_remove(trunks->sources, trunk);
	if (!take_addresses(trunk, answer))
		trunks_file(trunks, trunk);
}

void trunks_learn_name(
	struct trunks *trunks, struct trunk *trunk, const struct resolve_answer *answer)
{
	const struct trunk_health *health = &trunk->health;
	struct resolve_answer all = {.count = 0};

	if (health->name_count == 1) {
		trunks_learn(trunks, trunk, answer);
		return;
	}
	/* of all its names */
	for (unsigned i = 0; i < health->count && all.count < RESOLVE_MAX; i++)
		if (health->addresses[i].named &&
			!has_address(all.addrs, all.count, &health->addresses[i].addr))
			all.addrs[all.count++] = health->addresses[i].addr;
	trunks_learn(trunks, trunk, &all);
}

/* True: a name of TRUNK could not be asked for. */
static bool resolve_next(struct trunk *trunk);

static void resolved_h(void *arg, const struct resolve_answer *answer)
{
	struct trunk *trunk = arg;
	const struct health_time now = health_now(loop_timers(trunk->trunks->loop));

	trunk->resolving = NULL;
	(void)health_learn(trunk, trunk->resolving_name, answer, &now);
	if (answer->err) {
		err_reason(trunk->last_error, answer->why);
		trunk->last_error_at = trunks_wall(trunk->trunks);
		trunk->last_error_until = 0;
		log_warning("trunk", "%s=%s event=unresolved host=%s reason=\"%s\"",
			trunk_word(trunk->kind), trunk->id,
			trunk_host_at(trunk, trunk->resolving_name), answer->why);
		/* the last known addresses go on counting */
	} else {
		trunks_learn_name(trunk->trunks, trunk, answer);
	}
	trunk->resolving_name++;
	(void)resolve_next(trunk);
}

static bool resolve_next(struct trunk *trunk)
{
	struct resolve *resolving = NULL;

	if (trunk->resolving_name >= trunk->health.name_count)
		return false;
	if (resolver_ask(trunk->trunks->resolver,
		    &(struct resolve_question){
			    .host = trunk_host_at(trunk, trunk->resolving_name),
			    .port = trunk_port(trunk),
			    .kind = trunk_transport(trunk),
			    .h = resolved_h,
			    .arg = trunk},
		    &resolving))
		return true;
	if (resolving) /* else the answer has come, and the next name has its turn */
		trunk->resolving = resolving;
	return false;
}

static bool lacks_addresses(const struct trunk *trunk)
{
	for (unsigned i = 0; i < trunk->health.name_count; i++)
		if (!health_has_addresses(&trunk->health, i))
			return true;
	return false;
}

bool trunks_resolve(struct trunks *trunks)
{
	struct trunk_side *side = &trunks->sides[TRUNK_GATEWAY];
	bool lacks = false;

	for (unsigned i = 0; i < side->count; i++) {
		struct trunk *trunk = side->trunks[i];

		if (trunk_is_tls(trunk) || trunk->resolving)
			continue;
		trunk->trunks = trunks;
		trunk->resolving_name = 0;
		lacks = resolve_next(trunk) || lacks_addresses(trunk) || lacks;
	}
	return lacks;
}
