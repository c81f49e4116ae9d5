/* What is kept of an exchange: its capture, its record, its line in the log, and what is counted. */
#include "bridge/exchange_priv.h"

#include "bridge/call_log.h"
#include "bridge/captured.h"
#include "bridge/demand.h"
#include "bridge/keying.h"
#include "bridge/registry.h"
#include "trunk/emergency.h"

/* ---- its capture ---- */

static void tell_party(const struct exchange *exchange, uint32_t number, const char *leg,
	const struct target *target)
{
	char name[80];
	const struct tap_party party = {.call = exchange->number,
		.id = exchange->id,
		.captured = exchange->capture != CONFIG_AUDIT_OFF,
		.party = number,
		.end = leg[0] == 'a' ? RELAY_A : RELAY_B,
		.leg = leg,
		.trunk = target ? trunk_name(target->trunk, name) : ""};

	if (target && captured_is_watched(exchange->bridge, exchange->capture))
		captured_tell(exchange->bridge, &party);
}

static void tell_parties(const struct exchange *exchange)
{
	tell_party(exchange, exchange->from_party, "a", exchange->source);
	tell_party(exchange, exchange->to_party, "b", exchange->target);
}

static void tap_request(struct exchange *exchange)
{
	if (!captured_first_is_due(exchange->bridge, exchange->capture, &exchange->shown,
		    &exchange->tapped))
		return;
	captured_first(exchange->bridge,
		tap_owner(exchange->number, exchange->from_party), exchange->request,
		exchange->from_flow, exchange->start_us);
}

static enum config_audit rule_of(
	const struct exchange *exchange, const struct target *target)
{
	const enum config_audit rule = captured_rule(exchange->config,
		exchange->source->gateway, target ? target->gateway : NULL);
	const struct demand_of of = {.id = exchange->id,
		.from = exchange->from,
		.to = exchange->to,
		.a = exchange->source->trunk,
		.b = target ? target->trunk : NULL};
	const enum config_audit demanded = demand_mode(exchange->bridge, &of);

	return demanded > rule ? demanded : rule;
}

void exchange_capture_begin(struct exchange *exchange)
{
	const struct bridge_handlers *handlers = &exchange->bridge->handlers;
	const struct hunt *hunt = exchange->hunt;

	exchange->capture = rule_of(exchange, hunt->count ? hunt->targets[0] : NULL);
	if (handlers->begun_h)
		handlers->begun_h(
			handlers->arg, exchange->number, exchange->id, exchange->capture);
	tell_parties(exchange);
	tap_request(exchange);
}

void exchange_capture_follow(struct exchange *exchange)
{
	const struct bridge_handlers *handlers = &exchange->bridge->handlers;
	const enum config_audit mode = rule_of(exchange, exchange->target);

	if (mode == exchange->capture) {
		tell_parties(exchange);
		return;
	}
	exchange->capture = mode;
	if (handlers->capture_h)
		handlers->capture_h(handlers->arg, exchange->number, exchange->id, mode);
	tell_parties(exchange);
	tap_request(exchange);
}

/* ---- its record ---- */

static void fill_leg(const struct target *target, const struct flow *flow,
	struct record_leg *ret, char name[static 80])
{
	if (target) {
		ret->party = trunk_name(target->trunk, name);
		ret->signalling_required = keying_least_tls(target->settings);
	}
	if (flow)
		registry_fill_flow(flow, ret);
}

/* Where it was to go, also where nobody was asked. */
static enum side side_of_target(const struct exchange *exchange)
{
	const struct target *target = exchange->asked;

	if (!target && exchange->hunt->count)
		target = exchange->hunt->targets[0];
	if (target)
		return target->trunk->kind == TRUNK_SERVER ? SIDE_INTERNAL
							   : SIDE_EXTERNAL;
	return exchange->home->which == SIDE_INTERNAL ? SIDE_EXTERNAL : SIDE_INTERNAL;
}

/* Which leg of the record its sender is. */
static unsigned first_leg(const struct exchange *exchange)
{
	return exchange->home->which == SIDE_EXTERNAL &&
	       side_of_target(exchange) == SIDE_INTERNAL;
}

/* A is which leg of the record its sender is. */
static void fill(const struct exchange *exchange, unsigned a, struct record *ret,
	char names[static 2][80])
{
	*ret = (struct record){.call = exchange->number,
		.id = exchange->id,
		.method = message_method_str(exchange->method),
		.inbound = a == 1,
		.emergency = emergency_name(EMERGENCY_NO),
		.location = "",
		.elin = "",
		.purpose = "",
		.from_received = exchange->from_received,
		.to_received = exchange->to_received,
		.from = exchange->from,
		.to = exchange->to,
		.from_sent = exchange->from_sent ? exchange->from_sent : "",
		.to_sent = exchange->to_sent ? exchange->to_sent : "",
		.start_wall_us = exchange->start_wall_us,
		.end_us = exchange->end_us,
		.status = exchange->status,
		.cause = exchange->cause,
		.ended_by = "tandem",
		.detail = exchange->detail,
		.media_note = "",
		.far_status = exchange->history.far_status,
		.far_reason =
			exchange->history.far_reason ? exchange->history.far_reason : "",
		.capture_mode = config_audit_name(exchange->capture),
		.attempts = exchange->history.attempts,
		.attempt_count = exchange->history.count};
	for (unsigned i = 0; i < 2; i++)
		ret->legs[i] = record_leg_none();
	ret->legs[a].side = exchange->home->which;
	ret->legs[!a].side = side_of_target(exchange);
	fill_leg(exchange->source, exchange->from_flow, &ret->legs[a], names[a]);
	fill_leg(exchange->asked, exchange->to_flow, &ret->legs[!a], names[!a]);
}

void exchange_count(const struct exchange *exchange, int status)
{
	messages_ended(
		&exchange->source->trunk->messages, exchange->method, LIMIT_IN, status);
	if (exchange->asked)
		messages_ended(&exchange->asked->trunk->messages, exchange->method,
			LIMIT_OUT, status);
}

void exchanges_each(struct bridge *bridge,
	void (*h)(void *arg, const struct bridge_subscription *subscription), void *arg)
{
	LIST_FOREACH (&bridge->exchanges, node, next) {
		const struct exchange *exchange = LIST_ENTRY(node, struct exchange, node);
		struct bridge_subscription shown;
		struct record record;
		char names[2][80];

		if (!exchange->settled || exchange->cause)
			continue;
		fill(exchange, first_leg(exchange), &record, names);
		record.end_us = trunks_now_us(bridge->trunks) - exchange->start_us;
		shown = (struct bridge_subscription){.record = &record,
			.package = subscription_package(exchange->subscription),
			.left_s = subscription_left_s(exchange->subscription)};
		h(arg, &shown);
	}
}

void exchange_record(const struct exchange *exchange, enum exchange_by by)
{
	const struct bridge_handlers *handlers = &exchange->bridge->handlers;
	const unsigned a = first_leg(exchange);
	struct record record;
	char names[2][80];

	fill(exchange, a, &record, names);
	if (by != EXCHANGE_BY_TANDEM)
		record.ended_by =
			record_party(&record, by == EXCHANGE_BY_SENDER ? a : !a);
	call_log_message(&record);
	if (handlers->ended_h)
		handlers->ended_h(handlers->arg, &record);
}
