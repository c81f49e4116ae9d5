#include "bridge/dial.h"

#include "trunk/registration.h"

#include <errno.h>
#include <limits.h>
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

/* How to connect to ADDRESS. 0, or ERR_TRUST with TEXT. */
static int connection_to(const struct dial *dial, const struct dial_address *address,
	struct transport_target *ret, struct err_text *text)
{
	return target_connection_to(
		dial->target, address->name, &address->addr, ret, text);
}

/* What came from there is no reason to use it. */
static bool is_out(const struct dial_address *address)
{
	return address->passed_over && !address->unconnected;
}

/* True: an open connection of the target's peer was handed out; or one may come, since a host of its
 * own shakes hands with us, and is waited for. */
static bool use_arrival(struct dial *dial)
{
	struct transport *transport = dial->side->transport;
	struct transport_target to;
	struct flow *flow;

	for (unsigned i = 0; i < dial->count; i++) {
		if (is_out(&dial->addrs[i]) ||
			connection_to(dial, &dial->addrs[i], &to, NULL) ||
			!transport_is_open(transport, &to) ||
			transport_flow(transport, &to, &flow, NULL))
			continue;
		dial->tried_at = i;
		hand_out(dial, flow);
		return true;
	}
	if (timers_now_ms(dial->side->bridge->timers) >= dial->wait_until_ms)
		return false;
	for (unsigned i = 0; i < dial->count; i++)
		if (!is_out(&dial->addrs[i]) &&
			transport_await_handshake(
				transport, &dial->addrs[i].addr, &dial->wait))
			return true;
	return false;
}

static void nothing_h(void *arg)
{
	(void)arg;
}

bool dial_may_arrive(const struct bridge_side *side, const struct target *target)
{
	const struct trunk_health *health = &target->trunk->health;
	struct transport_wait wait = {.h = nothing_h};
	bool arrives = false;

	if (!target_is_tls(target))
		return false;
	for (unsigned i = 0; i < health->count && !arrives; i++)
		arrives = health_is_unconnected(&health->addresses[i].record) &&
			  transport_await_handshake(
				  side->transport, &health->addresses[i].addr, &wait);
	transport_stop_waiting(&wait);
	return arrives;
}

bool dial_is_worth_a_try(const struct target *target)
{
	const struct trunk_health *health = &target->trunk->health;

	for (unsigned i = 0; i < health->count; i++)
		if (health->addresses[i].named &&
			health_is_worth_a_try(&health->addresses[i].record))
			return true;
	return false;
}

static void give_up(struct dial *dial)
{
	dial->h(dial->arg, NULL, dial->why[0] ? dial->why : "no address");
}

static void handshake_over_h(void *arg)
{
	struct dial *dial = arg;

	if (!use_arrival(dial))
		give_up(dial);
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
		give_up(dial);
}

/* ---- the order ---- */

/* Why no call may go to ADDRESS now is kept. */
static void pass_over(
	struct dial *dial, struct dial_address *address, const struct obstacle *obstacle)
{
	char words[OBSTACLE_TEXT_SIZE], where[ADDR_TEXT_SIZE];
	struct err_text text;

	address->passed_over = true;
	err_set(&text, 0, "%s: %s", addr_text(&address->addr, where),
		obstacle_text(obstacle, words));
	if (!dial->why[0])
		err_reason(dial->why, text.text);
}

/* Whether ADDRESS has its turn in the last pass, if it is passed over. */
static bool is_for_last(const struct dial *dial, const struct dial_address *address)
{
	const struct health_address *known;

	if (dial->whom != DIAL_TRY || dial->answered)
		return dial->whom == DIAL_ALL;
	known = target_health(dial->target, address->name, &address->addr);
	return known && health_is_worth_a_try(&known->record);
}

/* Whether a call may go to ADDRESS in this pass. */
static bool is_next(struct dial *dial, struct dial_address *address)
{
	const struct trunk_health *health = &dial->target->trunk->health;
	const struct health_time now = health_now(dial->side->bridge->timers);
	const struct health_address *known;
	struct obstacle obstacle;

	if (dial->last_pass)
		return address->passed_over && is_for_last(dial, address);
	known = target_health(dial->target, address->name, &address->addr);
	if (!known ||
		!obstacle_of_health(&known->record, &health->rules, &now, &obstacle))
		return true;
	address->unconnected = health_is_unconnected(&known->record);
	pass_over(dial, address, &obstacle);
	return false;
}

static void try_addresses(struct dial *dial);
static void resolve_next(struct dial *dial);

/* True: the flow to ADDRESS was handed out. */
static bool try_address(struct dial *dial, struct dial_address *address)
{
	struct transport_target to;
	struct err_text text = {{0}};
	struct flow *flow;
	int err = connection_to(dial, address, &to, &text);

	dial->tried_at = (unsigned)(address - dial->addrs);
	dial->failed = false;
	dial->asked_us = 0;
	if (err) {
		err_reason(dial->why, text.text);
		return false;
	}
	err = transport_flow(dial->side->transport, &to, &flow, &text);
	if (err) {
		err_reason(dial->why, text.text);
		dial_unreached(dial, err, dial->why);
		return false;
	}
	target_claim(dial->target, address->name, &address->addr,
		timers_now_ms(dial->side->bridge->timers));
	hand_out(dial, flow);
	return true;
}

static void try_addresses(struct dial *dial)
{
	while (dial->at < dial->count) {
		struct dial_address *address = &dial->addrs[dial->at++];

		if (is_next(dial, address) && try_address(dial, address))
			return;
	}
	if (dial->name < target_name_count(dial->target)) {
		resolve_next(dial);
	} else if (!dial->last_pass) {
		dial->last_pass = true;
		dial->at = 0;
		try_addresses(dial);
	} else {
		exhausted(dial);
	}
}

/* Those of ANSWER come behind the others. 0 or -ENOMEM. */
static int add_addresses(struct dial *dial, const struct resolve_answer *answer)
{
	struct dial_address *grown =
		realloc(dial->addrs, (dial->count + answer->count) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	dial->addrs = grown;
	for (unsigned i = 0; i < answer->count; i++)
		grown[dial->count++] = (struct dial_address){
			.addr = answer->addrs[i], .name = (uint8_t)dial->name};
	return 0;
}

static void resolved_h(void *arg, const struct resolve_answer *answer)
{
	struct dial *dial = arg;

	dial->resolving = NULL;
	target_resolved(dial->target, dial->side->bridge->trunks, dial->name, answer);
	if (answer->err)
		err_reason(dial->why, answer->why);
	else if (answer->count && add_addresses(dial, answer))
		err_reason(dial->why, "out of memory");
	dial->name++;
	try_addresses(dial);
}

/* The connection of BINDING is one that may be tried. 0 or -ENOMEM. */
static int add_registered(struct dial *dial, const struct binding *binding)
{
	const struct resolve_answer one = {.addrs = {binding->flow->remote}, .count = 1};
	int err = add_addresses(dial, &one);

	if (err)
		return err;
	dial->at = dial->count;
	dial->tried_at = dial->count - 1;
	dial->failed = false;
	dial->asked_us = 0;
	return 0;
}

/* The next connection that identity is registered over. False: there is none, or no more. */
static bool use_registered(struct dial *dial)
{
	const struct registration *registration = dial->target->trunk->registration;

	if (!registration || !registration->outbound)
		return false;
	while (dial->by_flow < registration->count) {
		const struct binding *binding = registration->bindings[dial->by_flow++];

		/* further numbers are behind those of identity */
		if (strcmp(binding->aor, registration->bindings[0]->aor) != 0)
			break;
		if (!binding->bound || !binding->flow || binding->flow->closed ||
			!target_takes_flow(dial->target, binding->flow) ||
			add_registered(dial, binding))
			continue;
		hand_out(dial, flow_ref(binding->flow));
		return true;
	}
	dial->by_flow = UINT_MAX;
	return false;
}

/* A name that was not found just now is not asked for again. */
static bool name_rests(struct dial *dial)
{
	const struct health_time now = health_now(dial->side->bridge->timers);
	const struct trunk_health *health = &dial->target->trunk->health;
	const struct health_record *record = target_name_health(dial->target, dial->name);
	char words[OBSTACLE_TEXT_SIZE];
	struct obstacle obstacle;
	struct err_text text;

	if (dial->whom == DIAL_ALL || !record ||
		!obstacle_of_health(record, &health->rules, &now, &obstacle))
		return false;
	err_set(&text, 0, "%s: %s", target_name(dial->target, dial->name),
		obstacle_text(&obstacle, words));
	err_reason(dial->why, text.text);
	return true;
}

static void resolve_next(struct dial *dial)
{
	struct resolve *resolving = NULL;

	if (name_rests(dial)) {
		dial->name++;
		try_addresses(dial);
	} else if (resolver_ask(dial->side->bridge->resolver,
			   &(struct resolve_question){
				   .host = target_name(dial->target, dial->name),
				   .port = target_port(dial->target),
				   .kind = dial->target->transport,
				   .h = resolved_h,
				   .arg = dial},
			   &resolving)) {
		snprintf(dial->why, sizeof(dial->why), "the name cannot be looked up");
		dial->name++;
		try_addresses(dial);
	} else if (resolving) {
		dial->resolving = resolving;
	}
}

void dial_start(struct dial *dial, const struct dial_params *params)
{
	dial_stop(dial);
	dial->side = params->side;
	dial->target = target_ref(params->target);
	dial->whom = params->whom;
	dial->h = params->h;
	dial->arg = params->arg;
	if (!use_registered(dial))
		try_addresses(dial);
}

void dial_next(struct dial *dial, const char *why)
{
	if (why)
		err_reason(dial->why, why);
	if (!use_registered(dial))
		try_addresses(dial);
}

const char *dial_host(const struct dial *dial)
{
	return target_name(
		dial->target, dial->count ? dial->addrs[dial->tried_at].name : 0);
}

void dial_again(struct dial *dial)
{
	dial->h(dial->arg, dial->tried, NULL);
}

bool dial_active(const struct dial *dial)
{
	return dial->target != NULL;
}

/* Whether the address at AT has yet a turn, as far as is known. */
static bool is_left(const struct dial *dial, unsigned at)
{
	const struct dial_address *address = &dial->addrs[at];

	if (address->passed_over)
		return (!dial->last_pass || at >= dial->at) && is_for_last(dial, address);
	return !dial->last_pass && at >= dial->at;
}

unsigned dial_left(const struct dial *dial)
{
	/* of a name that is not resolved yet one at least; `name` is the next to be */
	unsigned left = target_name_count(dial->target) - dial->name;

	for (unsigned i = 0; i < dial->count; i++)
		left += is_left(dial, i);
	return left;
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
