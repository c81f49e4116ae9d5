#include "upkeep/ping.h"

#include "base/secret.h"
#include "sip/compose.h"
#include "trunk/health.h"
#include "upkeep/gate.h"
#include "upkeep/ping_send.h"
#include "upkeep/trunk_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first requests after a start or a reload are so far apart in the mean. */
#define SPREAD_MS 5

struct pings {
	struct upkeep_params by;
	struct trunk_list trunks; /* of struct ping */
	struct gate gate;         /* of PINGS_MAX places for requests */
};

/* One address of a trunk. */
struct ping_address {
	struct ping *ping;
	struct addr addr;
	unsigned name;          /* which of the trunk's it is of */
	struct gate_user place; /* from when it is due until there is an outcome */
	struct ping_send send;
	/* Without a place: when it is asked next. While it waits for one: UINT64_MAX. With one: when it is asked, or
	 * given up. */
	uint64_t due_ms;
	/* The connection that was silent, until another one shows whether the far end is: a reference. */
	struct flow *silent;
	uint64_t silent_ms; /* nothing came by it from then on */
};

/* A trunk that is asked. */
struct ping {
	struct trunk_entry entry;
	struct pings *pings;
	struct timer timer;
	struct resolve *resolving;
	unsigned looking_up; /* the name that RESOLVING is about */
	uint64_t look_up_ms; /* from then on its names are looked up before it is asked */
	struct ping_address *addresses;
	unsigned count;
};

static uint64_t now_ms(const struct ping *ping)
{
	return timers_now_ms(ping->pings->by.timers);
}

/* A tenth sooner or later, so that trunks do not fall into step. */
static uint64_t jittered(uint64_t ms)
{
	return ms - ms / 10 + secret_below(ms / 5 + 1);
}

static uint64_t interval_ms(const struct ping *ping)
{
	return ping->entry.target->settings->options_ping_ms;
}

static void due_h(void *arg);

/* The timer runs until the first of what is to be done. None is needed while all wait for a place. */
static void set_timer(struct ping *ping)
{
	uint64_t first_ms = ping->count ? UINT64_MAX : ping->look_up_ms;
	uint64_t now = now_ms(ping);

	for (unsigned i = 0; i < ping->count; i++)
		if (ping->addresses[i].due_ms < first_ms)
			first_ms = ping->addresses[i].due_ms;
	if (first_ms == UINT64_MAX)
		timer_stop(&ping->timer);
	else
		timer_start(ping->pings->by.timers, &ping->timer,
			first_ms > now ? first_ms - now : 0, due_h, ping);
}

/* ---- what an answer, or none, says ---- */

static bool is_answer(int status)
{
	return status != 0 && status != 408 && status != 503;
}

static struct trunk *trunk_of(const struct ping_address *address)
{
	return address->ping->entry.target->trunk;
}

static bool is_up(const struct ping_address *address)
{
	const struct health_address *known =
		target_health(address->ping->entry.target, address->name, &address->addr);

	return !known || known->record.machine.state == HEALTH_UP;
}

/* What it says of the far end's health. */
static void report(struct ping_address *address, const struct ping_outcome *outcome)
{
	char why[120];
	struct health_report report = {.layer = outcome->layer,
		.event = HEALTH_FAILS,
		.at_once = outcome->at_once,
		.why = outcome->why,
		.status = outcome->status,
		.round_trip_us = outcome->status ? outcome->took_us : 0};
	const struct health_time now = health_now(address->ping->pings->by.timers);

	if (is_answer(outcome->status)) {
		report.layer = HEALTH_SIP;
		report.event = HEALTH_ANSWERS;
	} else if (outcome->status) {
		snprintf(why, sizeof(why), "%d %s to OPTIONS", outcome->status,
			compose_reason(outcome->status));
		report.layer = HEALTH_CALLS;
		report.why = why;
	}
	if (outcome->status == 503 && outcome->retry_after_s) {
		snprintf(why, sizeof(why), "503 to OPTIONS with Retry-After %u",
			outcome->retry_after_s);
		report.event = HEALTH_ASKS;
		report.rest_ms = outcome->retry_after_s * UINT64_C(1000);
	}
	target_report(address->ping->entry.target, address->name, &address->addr, &report,
		&now);
}

static void drop_silent(struct ping_address *address)
{
	flow_unref(address->silent);
	address->silent = NULL;
}

/* The far end answered by another connection: where nothing came by the one that was silent, that one is
 * dead, and its calls are to go on by the other. */
static void replace_silent(struct ping_address *address)
{
	struct flow *silent = address->silent;

	address->silent = NULL;
	if (!silent->closed && silent->heard_ms <= address->silent_ms)
		transport_cut_flow(silent, "dead: no answer to OPTIONS by it, while a "
					   "new connection has one");
	flow_unref(silent);
}

/* Until it is asked again. */
static uint64_t pause_ms(
	const struct ping_address *address, const struct ping_outcome *outcome)
{
	const uint64_t interval = interval_ms(address->ping);
	uint64_t ms = outcome->retry_after_s * UINT64_C(1000);

	if (is_answer(outcome->status))
		return is_up(address) ? jittered(interval) : PING_CONFIRM_MS;
	/* Who said when is not asked before, but for a time that nobody means. */
	if (ms < PING_AGAIN_MS)
		ms = PING_AGAIN_MS;
	return jittered(ms < interval ? ms : interval);
}

static void outcome_h(void *arg, const struct ping_outcome *outcome)
{
	struct ping_address *address = arg;
	struct ping *ping = address->ping;
	/* Whether the far end is silent, or that connection, the next one shows. */
	bool again = outcome->silent && !address->silent;

	trunk_of(address)->options_sent += outcome->flow != NULL;
	trunk_of(address)->options_answered += outcome->status != 0;
	if (address->silent && outcome->status)
		replace_silent(address);
	drop_silent(address);
	if (again) {
		address->silent = flow_ref(outcome->flow);
		address->silent_ms = address->send.sent_ms;
		address->due_ms = now_ms(ping);
	} else {
		report(address, outcome);
		address->due_ms = now_ms(ping) + pause_ms(address, outcome);
	}
	set_timer(ping);
	gate_leave(&address->place);
}

/* ---- asking ---- */

static void ask(struct ping_address *address)
{
	struct ping *ping = address->ping;
	const struct ping_send_params params = {.by = &ping->pings->by,
		.target = ping->entry.target,
		.address = &address->addr,
		.host = target_name(ping->entry.target, address->name),
		.name = address->name,
		.reuse = address->silent    ? TRANSPORT_REUSE_NONE
			 : ping->count == 1 ? TRANSPORT_REUSE_PEER
					    : TRANSPORT_REUSE_HOST,
		.h = outcome_h,
		.arg = address};

	address->due_ms = now_ms(ping) + PING_WITHIN_MS;
	ping_send_start(&address->send, &params);
}

/* It has a place, and is asked when the stack is unwound. */
static void place_h(void *arg)
{
	struct ping_address *address = arg;

	address->due_ms = now_ms(address->ping);
	set_timer(address->ping);
}

/* What is due is done, or waits until less is under way. */
static void ask_due(struct ping *ping)
{
	uint64_t now = now_ms(ping);

	for (unsigned i = 0; i < ping->count; i++) {
		struct ping_address *address = &ping->addresses[i];

		if (address->due_ms > now)
			continue;
		if (ping_send_active(&address->send)) {
			ping_send_expire(&address->send);
			continue;
		}
		address->due_ms = UINT64_MAX;
		gate_enter(&ping->pings->gate, &address->place, place_h, address);
		if (address->place.inside)
			ask(address);
	}
	set_timer(ping);
}

/* ---- addresses ---- */

static void drop_addresses(struct ping *ping)
{
	for (unsigned i = 0; i < ping->count; i++) {
		struct ping_address *address = &ping->addresses[i];

		ping_send_stop(&address->send);
		gate_leave(&address->place);
		drop_silent(address);
	}
	free(ping->addresses);
	ping->addresses = NULL;
	ping->count = 0;
}

static struct ping_address *find_address(
	const struct ping *ping, const struct health_address *known)
{
	for (unsigned i = 0; i < ping->count; i++) {
		struct ping_address *address = &ping->addresses[i];

		if (address->name == known->name &&
			addr_equal(&address->addr, &known->addr))
			return address;
	}
	return NULL;
}

/* How many its names have now; whether they are those that are asked already. */
static unsigned count_named(const struct ping *ping, bool *same)
{
	const struct trunk_health *health = &ping->entry.target->trunk->health;
	unsigned count = 0;

	*same = true;
	for (unsigned i = 0; i < health->count; i++) {
		if (!health->addresses[i].named)
			continue;
		count++;
		*same = *same && find_address(ping, &health->addresses[i]);
	}
	*same = *same && count == ping->count;
	return count;
}

/* ADDRESS is where OLD is, which was asked before; NULL: it was not. What waits or is under way begins anew. */
static void take_over(struct ping_address *address, const struct ping_address *old)
{
	const struct ping *ping = address->ping;

	address->due_ms =
		old && !old->place.gate
			? old->due_ms
			: now_ms(ping) + secret_below(1 + SPREAD_MS * ping->count);
}

/* Those that its names have now are asked from now on. Without memory those of before. */
static void take_addresses(struct ping *ping)
{
	const struct trunk_health *health = &ping->entry.target->trunk->health;
	bool same;
	unsigned count = count_named(ping, &same), at = 0;
	struct ping_address *fresh;

	if (same)
		return;
	fresh = calloc(count ? count : 1, sizeof(*fresh));
	if (!fresh)
		return;
	for (unsigned i = 0; i < health->count; i++) {
		const struct health_address *known = &health->addresses[i];

		if (!known->named)
			continue;
		fresh[at].ping = ping;
		fresh[at].addr = known->addr;
		fresh[at].name = known->name;
		take_over(&fresh[at++], find_address(ping, known));
	}
	drop_addresses(ping);
	ping->addresses = fresh;
	ping->count = count;
}

static void look_up(struct ping *ping);

static void resolved_h(void *arg, const struct resolve_answer *answer)
{
	struct ping *ping = arg;
	const struct health_time now = health_now(ping->pings->by.timers);

	ping->resolving = NULL;
	target_resolved(
		ping->entry.target, ping->pings->by.trunks, ping->looking_up, answer);
	if (answer->err)
		ping->look_up_ms = now.ms + jittered(PING_AGAIN_MS);
	ping->looking_up++;
	look_up(ping);
}

/* Asks for the next name; after the last one the addresses are known. */
static void look_up(struct ping *ping)
{
	const struct target *target = ping->entry.target;
	struct resolve *resolving = NULL;
	int err;

	if (ping->looking_up >= target_name_count(target)) {
		take_addresses(ping);
		ask_due(ping);
		return;
	}
	err = resolver_ask(ping->pings->by.resolver,
		&(struct resolve_question){.host = target_name(target, ping->looking_up),
			.port = target_port(target),
			.kind = target->transport,
			.h = resolved_h,
			.arg = ping},
		&resolving);
	if (!err && resolving)
		ping->resolving = resolving;
	else if (err)
		ask_due(ping);
}

static void due_h(void *arg)
{
	struct ping *ping = arg;

	if (ping->look_up_ms > now_ms(ping) || ping->resolving) {
		ask_due(ping);
		return;
	}
	/* before the next one is asked */
	ping->look_up_ms = now_ms(ping) + interval_ms(ping) - interval_ms(ping) / 10;
	ping->looking_up = 0;
	look_up(ping);
	if (ping->resolving)
		set_timer(ping);
}

/* ---- which trunks ---- */

static bool wanted_h(const struct config_trunk *settings)
{
	return settings->options_ping_ms != CONFIG_OFF;
}

static struct trunk_entry *new_h(struct trunk_list *list)
{
	struct ping *ping = calloc(1, sizeof(*ping));

	if (!ping)
		return NULL;
	ping->pings = list->arg;
	return &ping->entry;
}

static void free_h(struct trunk_entry *entry)
{
	struct ping *ping = (struct ping *)entry;

	entry->target->trunk->health.rules.pinged = false;
	resolve_cancel(ping->resolving);
	drop_addresses(ping); /* whose places may be for others of it */
	timer_stop(&ping->timer);
	free(ping);
}

/* A new one begins soon, COUNT of them spread; one whose interval became shorter goes by that. */
static void settle_h(struct trunk_entry *entry, unsigned count)
{
	struct ping *ping = (struct ping *)entry;
	const uint64_t now = now_ms(ping), interval = interval_ms(ping);
	const uint64_t spread = (uint64_t)count * SPREAD_MS;

	entry->target->trunk->health.rules.pinged = true;
	if (!timer_running(&ping->timer) && !ping->look_up_ms)
		ping->look_up_ms =
			now + secret_below(1 + (spread < interval ? spread : interval));
	for (unsigned i = 0; i < ping->count; i++)
		if (!ping->addresses[i].place.gate &&
			ping->addresses[i].due_ms > now + interval + interval / 10)
			ping->addresses[i].due_ms = now + jittered(interval);
	set_timer(ping);
}

/* Calls found out that an address rests or is down: whether it is back is asked soon, and not at the
 * end of the interval. One that asked for its rest has it. */
static void changed_h(void *arg, struct trunk *trunk, unsigned name,
	const struct health_address *known, enum health_state before)
{
	const struct pings *pings = arg;
	struct trunk_entry *entry = trunk_list_find(&pings->trunks, trunk);
	struct ping_address *address = NULL;
	uint64_t due_ms;

	(void)name;
	(void)before;
	if (entry && known)
		address = find_address((struct ping *)entry, known);
	if (!address || address->place.gate ||
		known->record.machine.state < HEALTH_RESTING)
		return;
	due_ms = now_ms(address->ping) + jittered(PING_AGAIN_MS);
	if (known->record.machine.asked && known->record.machine.until_ms > due_ms)
		due_ms = known->record.machine.until_ms;
	if (address->due_ms <= due_ms)
		return;
	address->due_ms = due_ms;
	set_timer(address->ping);
}

void pings_apply(struct pings *pings)
{
	trunk_list_apply(&pings->trunks, pings->by.trunks);
}

int pings_new(struct pings **ret, const struct upkeep_params *params)
{
	struct pings *pings = calloc(1, sizeof(*pings));

	if (!pings)
		return -ENOMEM;
	pings->by = *params;
	gate_init(&pings->gate, PINGS_MAX);
	if (trunk_list_init(&pings->trunks,
		    &(struct trunk_list_handlers){.wanted_h = wanted_h,
			    .new_h = new_h,
			    .free_h = free_h,
			    .settle_h = settle_h},
		    pings)) {
		free(pings);
		return -ENOMEM;
	}
	trunks_watch_health(
		params->trunks, &(struct health_watch){.h = changed_h, .arg = pings});
	*ret = pings;
	return 0;
}

void pings_free(struct pings *pings)
{
	if (!pings)
		return;
	trunks_watch_health(pings->by.trunks, &(struct health_watch){.h = NULL});
	trunk_list_clear(&pings->trunks);
	gate_free(&pings->gate);
	free(pings);
}
