/* What is captured of a call: what the gateways ask for that it comes from or is offered to. */
#include "bridge/call_priv.h"

#include "base/log.h"
#include "bridge/call_review.h"
#include "bridge/captured.h"
#include "bridge/demand.h"

enum config_audit call_capture_rule(const struct call *call, const struct target *target)
{
	const enum config_audit rule = captured_rule(
		call->config, call->a->gateway, target ? target->gateway : NULL);
	const struct demand_of of = {.id = call->id,
		.from = call->from,
		.to = call->to,
		.a = call->a->trunk,
		.b = target ? target->trunk : NULL};
	const enum config_audit demanded = demand_mode(call->bridge, &of);

	return demanded > rule ? demanded : rule;
}

static void tell_party(const struct call *call, const struct leg *leg)
{
	char name[80];
	const struct tap_party party = {.call = call->number,
		.id = call->id,
		.captured = call->capture != CONFIG_AUDIT_OFF,
		.party = leg->party,
		.end = leg_end(leg),
		.leg = leg->name,
		.trunk = leg->home ? trunk_name(leg->trunk, name) : ""};

	if (leg->home)
		captured_tell(call->bridge, &party);
}

void call_capture_parties(const struct call *call)
{
	if (!captured_is_watched(call->bridge, call->capture))
		return;
	/* the one that it stands for was told */
	if (!call->inner)
		tell_party(call, call->a);
	tell_party(call, call->b);
}

/* The first INVITE came before it was known whose it is, and perhaps while the call was not captured: it is told here. Leg a keeps it until it
 * has its final response, so it is there for each target. */
static void tap_invite(struct call *call)
{
	const struct message *invite = leg_invite_in(call->a);

	if (!invite || !captured_first_is_due(call->bridge, call->capture,
			       &call->invite_shown, &call->invite_tapped))
		return;
	captured_first(
		call->bridge, leg_owner(call->a), invite, call->a->flow, call->start_us);
}

void call_capture_begin(struct call *call)
{
	const struct bridge_handlers *handlers = &call->bridge->handlers;

	if (handlers->begun_h)
		handlers->begun_h(handlers->arg, call->number, call->id, call->capture);
	call_capture_parties(call);
	tap_invite(call);
}

static void tell(const struct call *call, enum config_audit mode)
{
	const struct bridge_handlers *handlers = &call->bridge->handlers;

	if (handlers->capture_h)
		handlers->capture_h(handlers->arg, call->number, call->id, mode);
}

int call_capture_follow(struct call *call)
{
	const struct leg *b = call->b->home ? call->b : NULL;
	const enum config_audit mode = call_capture_rule(call, b ? b->target : NULL);
	const bool media = mode == CONFIG_AUDIT_FULL;
	int err = 0;

	if (mode == call->capture) {
		call_capture_parties(call);
		return 0;
	}
	/* before the packets: they may be tapped at once, and must find the call's capture begun */
	tell(call, mode);
	if (media != (call->capture == CONFIG_AUDIT_FULL))
		err = relay_set_tap(call->session, media);
	if (err) {
		tell(call, call->capture);
		return err;
	}
	log_info("call", "call=%s event=capture%s%s%s%s mode=%s", call->id, b ? " " : "",
		b ? trunk_word(b->trunk->kind) : "", b ? "=" : "", b ? b->trunk->id : "",
		config_audit_name(mode));
	call->capture = mode;
	call_capture_parties(call);
	tap_invite(call);
	return 0;
}

void calls_review_captures(struct bridge *bridge)
{
	LIST_FOREACH (&bridge->calls, node, next) {
		struct call *call = LIST_ENTRY(node, struct call, node);

		/* one that cannot be told now is told of its next target */
		if (call->state != CALL_OVER && call->session)
			(void)call_capture_follow(call);
	}
}

void calls_tell_parties(struct bridge *bridge)
{
	LIST_FOREACH (&bridge->calls, node, next) {
		const struct call *call = LIST_ENTRY(node, struct call, node);

		if (call->state != CALL_OVER)
			call_capture_parties(call);
	}
}
