#include "bridge/dial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool was_open(const struct dial *dial)
{
	return dial->was_open || (dial->tried && dial->tried->opened);
}

static void hand_out(struct dial *dial, struct flow *flow)
{
	dial->was_open = was_open(dial);
	flow_unref(dial->tried);
	dial->tried = flow;
	dial->h(dial->arg, flow, NULL);
}

/* True: an open connection of the target's peer was handed out; or one may come, since a host of its
 * own shakes hands with us, and is waited for. */
static bool use_arrival(struct dial *dial)
{
	struct transport *transport = dial->side->transport;
	struct transport_target to;
	struct flow *flow;

	for (unsigned i = 0; i < dial->count; i++) {
		if (target_connection(dial->target, &dial->addrs[i], &to, NULL) ||
			!transport_is_open(transport, &to) ||
			transport_flow(transport, &to, &flow, NULL))
			continue;
		hand_out(dial, flow);
		return true;
	}
	if (timers_now_ms(dial->side->bridge->timers) >= dial->wait_until_ms)
		return false;
	for (unsigned i = 0; i < dial->count; i++)
		if (transport_await_handshake(transport, &dial->addrs[i], &dial->wait))
			return true;
	return false;
}

static void handshake_over_h(void *arg)
{
	struct dial *dial = arg;

	if (!use_arrival(dial))
		dial->h(dial->arg, NULL, dial->why[0] ? dial->why : "no address");
}

/* No address is left. Who cannot be connected to may yet connect to us: a peer behind a firewall, or
 * one that has just been started. Not where one was: what it said there holds. */
static void exhausted(struct dial *dial)
{
	const struct bridge *bridge = dial->side->bridge;

	if (!dial->wait_until_ms)
		dial->wait_until_ms = timers_now_ms(bridge->timers) +
				      bridge->config->limits.handshake_ms;
	dial->wait.h = handshake_over_h;
	dial->wait.arg = dial;
	if (!target_is_tls(dial->target) || was_open(dial) || !use_arrival(dial))
		dial->h(dial->arg, NULL, dial->why[0] ? dial->why : "no address");
}

static void try_addresses(struct dial *dial)
{
	struct transport_target to;
	struct err_text text = {{0}};
	struct flow *flow;

	while (dial->at < dial->count) {
		const struct addr *address = &dial->addrs[dial->at++];

		if (target_connection(dial->target, address, &to, &text) ||
			transport_flow(dial->side->transport, &to, &flow, &text)) {
			err_reason(dial->why, text.text);
			continue;
		}
		hand_out(dial, flow);
		return;
	}
	exhausted(dial);
}

static void resolved_h(void *arg, const struct resolve_answer *answer)
{
	struct dial *dial = arg;

	dial->resolving = NULL;
	target_resolved(dial->target, dial->side->bridge->trunks, answer);
	if (!answer->err)
		dial->addrs =
			calloc(answer->count ? answer->count : 1, sizeof(struct addr));
	if (!dial->addrs) {
		err_reason(dial->why, answer->err ? answer->why : "out of memory");
	} else {
		memcpy(dial->addrs, answer->addrs, answer->count * sizeof(struct addr));
		dial->count = answer->count;
	}
	try_addresses(dial);
}

void dial_start(struct dial *dial, struct bridge_side *side, struct target *target,
	dial_h *h, void *arg)
{
	struct resolve *resolving = NULL;

	dial_stop(dial);
	dial->side = side;
	dial->target = target_ref(target);
	dial->h = h;
	dial->arg = arg;
	if (resolver_ask(side->bridge->resolver,
		    &(struct resolve_question){.host = target_host(target),
			    .port = target_port(target),
			    .kind = target->transport,
			    .h = resolved_h,
			    .arg = dial},
		    &resolving)) {
		snprintf(dial->why, sizeof(dial->why), "the name cannot be looked up");
		try_addresses(dial);
	} else if (resolving) {
		dial->resolving = resolving;
	}
}

void dial_next(struct dial *dial, const char *why)
{
	if (why)
		err_reason(dial->why, why);
	try_addresses(dial);
}

bool dial_active(const struct dial *dial)
{
	return dial->target != NULL;
}

void dial_stop(struct dial *dial)
{
	resolve_cancel(dial->resolving);
	transport_stop_waiting(&dial->wait);
	flow_unref(dial->tried);
	free(dial->addrs);
	target_unref(dial->target);
	memset(dial, 0, sizeof(*dial));
}

/* Whether HOP wants another transport than KIND. What names none will take the present one. */
static bool wants_another(const struct message_uri *hop, enum transport_kind kind)
{
	struct span transport;

	if (span_equal_nocase(hop->scheme, "sips"))
		return kind != TRANSPORT_TLS;
	return message_param(hop->params, "transport", &transport) &&
	       !span_equal_nocase(transport, transport_kind_param(kind));
}

struct flow *dial_hop(struct bridge_side *side, const struct flow *now, const char *uri)
{
	struct transport_target target = {.kind = now->kind};
	struct message_uri hop;
	struct flow *flow;

	if (target.kind == TRANSPORT_TLS || message_uri_parse(&hop, span_of(uri)) ||
		wants_another(&hop, target.kind) ||
		addr_parse_host(&target.remote, hop.host.p, hop.host.len,
			hop.port ? hop.port : 5060))
		return NULL;
	if (target.kind == TRANSPORT_UDP ? addr_equal(&target.remote, &now->remote)
					 : addr_equal_host(&target.remote, &now->remote))
		return NULL;
	if (!trunks_allow_plain(side->bridge->trunks, target.kind, &target.remote) ||
		transport_flow(side->transport, &target, &flow, NULL))
		return NULL;
	return flow;
}
