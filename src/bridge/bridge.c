#include "bridge/bridge.h"

#include "base/log.h"
#include "base/secret.h"
#include "bridge/admit.h"
#include "bridge/bridge_priv.h"
#include "bridge/call.h"
#include "bridge/call_review.h"
#include "bridge/demand.h"
#include "bridge/dismiss.h"
#include "bridge/dtmf.h"
#include "bridge/exchange.h"
#include "bridge/identity.h"
#include "bridge/redial.h"
#include "bridge/registry.h"
#include "bridge/shed.h"
#include "bridge/testcall.h"
#include "bridge/uac.h"
#include "bridge/uas.h"
#include "bridge/within.h"
#include "trunk/elin.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A peer that could not be connected to, and has connected to us, can be called again. */
static void note_arrival(const struct bridge_side *side, const struct flow *flow)
{
	struct trunk *trunk;

	if (flow->kind != TRANSPORT_TLS)
		return;
	trunk = trunks_of_flow(side->bridge->trunks, flow,
		side->which == SIDE_INTERNAL ? TRUNK_SERVER : TRUNK_GATEWAY);
	if (trunk)
		health_arrived(&trunk->health, &flow->remote);
}

static void request_h(void *arg, struct txn_server *txn, struct message *request);
static void ack_h(void *arg, struct flow *flow, struct message *ack);
static void unmatched_h(void *arg, struct flow *flow, struct message *response);
static void cancel_h(void *arg, struct txn_server *invite, struct message *cancel);
static const char *name_h(
	void *arg, const struct flow *flow, char buf[static TXN_NAME_SIZE]);
static const char *sent_by_h(void *arg, const struct flow *flow, const char *host,
	char buf[static TXN_NAME_SIZE]);

static void lost_h(struct bridge_side *side, struct flow *flow, const char *why);

static int init_side(struct bridge *bridge, enum side which)
{
	struct bridge_side *side = &bridge->sides[which];
	struct txn_times times = {.t1_ms = bridge->config->sip.t1_ms,
		.t2_ms = bridge->config->sip.t2_ms,
		.t4_ms = bridge->config->sip.t4_ms};
	struct txn_handlers handlers = {.request_h = request_h,
		.ack_h = ack_h,
		.unmatched_h = unmatched_h,
		.cancel_h = cancel_h,
		.same_h = within_speaks_for,
		.name_h = name_h,
		.sent_by_h = sent_by_h,
		.arg = side};
	int err;

	side->bridge = bridge;
	side->which = which;
	list_init(&side->uacs);
	side->lost_h = lost_h;
	err = dialogs_init(&side->dialogs);
	if (!err)
		err = dialogs_init(&side->subscriptions);
	return err ? err : txn_layer_new(&side->txns, bridge->timers, &times, &handlers);
}

int bridge_new(struct bridge **ret, const struct bridge_params *params)
{
	struct bridge *bridge = calloc(1, sizeof(*bridge));
	int err;

	if (!bridge)
		return -ENOMEM;
	bridge->timers = params->timers;
	bridge->config = config_ref(params->config);
	bridge->trunks = params->trunks;
	bridge->resolver = params->resolver;
	bridge->tap = params->tap;
	bridge->handlers = params->handlers;
	log_limit_init(
		&bridge->refusal_limit, params->timers, "bridge", LOG_LEVEL_WARNING, 1);
	list_init(&bridge->calls);
	list_init(&bridge->inner);
	list_init(&bridge->dead);
	list_init(&bridge->closed);
	list_init(&bridge->dismissed);
	list_init(&bridge->demands);
	bridge->demands_changed_h = calls_review_captures;
	list_init(&bridge->testcalls);
	list_init(&bridge->exchanges);
	secret_token(bridge->start_id, 4);
	log_limit_init(&bridge->proof_limit, params->timers, "bridge", LOG_LEVEL_WARNING,
		LOG_LINES_A_SECOND);
	err = hash_init(&bridge->by_number);
	if (!err)
		err = nonces_new(&bridge->nonces);
	if (!err)
		err = elins_new(&bridge->elins);
	if (!err)
		err = init_side(bridge, SIDE_INTERNAL);
	if (!err)
		err = init_side(bridge, SIDE_EXTERNAL);
	if (err) {
		bridge_free(bridge);
		return err;
	}
	*ret = bridge;
	return 0;
}

static void free_side(struct bridge_side *side)
{
	uac_free_all(side);
	txn_layer_free(side->txns);
	dialogs_free(&side->dialogs);
	dialogs_free(&side->subscriptions);
}

/* A connection that ended, until its calls and transactions have been told. */
struct closed_flow {
	struct list node;
	struct bridge_side *side;
	struct flow *flow; /* owned reference */
	char why[200];
};

static void free_closed(struct closed_flow *closed)
{
	list_remove(&closed->node);
	flow_unref(closed->flow);
	free(closed);
}

/* All but those that another bridge goes on with. The end of one may be that of others too: see call_bury(). */
static void end_calls(struct list *calls, const char *cause)
{
	LIST_FOREACH (calls, node, next) {
		struct call *call = LIST_ENTRY(node, struct call, node);

		if (!call->saved)
			call_end(call, CALL_BY_TANDEM, cause, 503, NULL);
	}
}

static void free_calls(struct list *calls)
{
	LIST_FOREACH (calls, node, next)
		call_free(LIST_ENTRY(node, struct call, node));
}

void bridge_free(struct bridge *bridge)
{
	if (!bridge)
		return;
	demands_free(bridge);
	testcalls_free(bridge);
	exchanges_free(bridge);
	bridge_end_all(bridge, "shutdown");
	free_calls(&bridge->calls);
	free_calls(&bridge->inner);
	timer_stop(&bridge->reaper);
	timer_stop(&bridge->closed_timer);
	log_limit_end(&bridge->refusal_limit);
	log_limit_end(&bridge->proof_limit);
	nonces_free(bridge->nonces);
	LIST_FOREACH (&bridge->closed, node, next)
		free_closed(LIST_ENTRY(node, struct closed_flow, node));
	dismiss_free_all(bridge);
	free_side(&bridge->sides[SIDE_INTERNAL]);
	free_side(&bridge->sides[SIDE_EXTERNAL]);
	shed_free(bridge);
	hash_free(&bridge->by_number);
	elins_free(bridge->elins);
	config_unref(bridge->config);
	free(bridge);
}

void bridge_set_transports(
	struct bridge *bridge, struct transport *internal, struct transport *external)
{
	bridge->sides[SIDE_INTERNAL].transport = internal;
	bridge->sides[SIDE_EXTERNAL].transport = external;
}

void bridge_set_config(struct bridge *bridge, struct config *config)
{
	struct config *old = bridge->config;

	bridge->config = config_ref(config);
	config_unref(old);
	exchanges_review(bridge);
}

static void request_h(void *arg, struct txn_server *txn, struct message *request)
{
	struct bridge_side *side = arg;

	if (message_to(request)->tag.len) {
		within_request(side, txn, request);
		return;
	}
	note_arrival(side, txn_server_flow(txn));
	admit_request(side, txn, request);
}

static void ack_h(void *arg, struct flow *flow, struct message *ack)
{
	struct bridge_side *side = arg;
	struct leg *leg = within_leg(side, flow, ack);

	if (leg)
		leg_receive_ack(leg, ack);
}

/* A 2xx to an INVITE that a bridge before this one sent. */
static bool ack_again(struct leg *leg, struct flow *flow, const struct message *response)
{
	return leg && leg->uac && message_method(response) == MESSAGE_INVITE &&
	       message_status(response) / 100 == 2 &&
	       uac_ack_again(leg->uac, flow, response);
}

static void unmatched_h(void *arg, struct flow *flow, struct message *response)
{
	if (ack_again(within_leg(arg, flow, response), flow, response))
		return;
	log_debug(
		"bridge", "event=unmatched-response status=%d", message_status(response));
}

static void cancel_h(void *arg, struct txn_server *invite, struct message *cancel)
{
	(void)arg;
	uas_receive_cancel(invite, cancel);
}

static const char *name_h(
	void *arg, const struct flow *flow, char buf[static TXN_NAME_SIZE])
{
	static_assert(TXN_NAME_SIZE >= IDENTITY_SIZE, "a name of ours fits");
	return identity_host(arg, flow, identity_of_flow(arg, flow), buf);
}

static const char *sent_by_h(void *arg, const struct flow *flow, const char *host,
	char buf[static TXN_NAME_SIZE])
{
	return identity_sent_by(arg, flow, host, buf);
}

/* ---- what the transports call ---- */

static void message_h(void *arg, struct flow *flow, struct message *message,
	const struct message_fault *fault)
{
	struct bridge_side *side = arg;

	txn_receive(side->txns, flow, message, fault);
}

/* Their calls may end, or go on over other flows: those of now are taken off first. */
static void tell_legs(struct flow *flow, const char *why)
{
	struct list *held = &flow->held[FLOW_LEG];
	struct list telling;

	list_init(&telling);
	list_take(&telling, held);
	while (!list_empty(&telling)) {
		struct leg *leg = LIST_ENTRY(telling.next, struct leg, flow_node);

		list_remove(&leg->flow_node);
		list_append(held, &leg->flow_node);
		if (leg->closed_h)
			leg->closed_h(leg->arg, leg, why);
		else
			call_flow_closed(leg->arg, leg, why);
	}
}

static void tell_watches(struct flow *flow, const char *why)
{
	struct list *held = &flow->held[FLOW_WATCH];
	struct list telling;

	list_init(&telling);
	list_take(&telling, held);
	while (!list_empty(&telling)) {
		struct flow_watch *watch =
			LIST_ENTRY(telling.next, struct flow_watch, node);

		list_remove(&watch->node);
		list_append(held, &watch->node);
		watch->closed_h(watch->arg, why);
	}
}

static void tell_closed(struct bridge_side *side, struct flow *flow, const char *why)
{
	flow->why = why;
	/* A refused peer's calls end for that, not because a transaction of theirs failed. */
	if (!flow->refused)
		txn_flow_closed(side->txns, flow);
	redial_closed(flow, why);
	tell_legs(flow, why);
	if (flow->refused)
		txn_flow_closed(side->txns, flow);
	tell_watches(flow, why);
	flow->why = NULL;
}

static void tell_all_closed_h(void *arg)
{
	struct bridge *bridge = arg;

	while (!list_empty(&bridge->closed)) {
		struct closed_flow *closed =
			LIST_ENTRY(bridge->closed.next, struct closed_flow, node);

		tell_closed(closed->side, closed->flow, closed->why);
		free_closed(closed);
	}
}

/*
 * A connection may end while somebody is sending on it: a full queue cuts it. Its calls hear of
 * that when the stack is unwound, so that no handler runs within another one's send. Without
 * memory for that they hear it now.
 */
static void closed_h(void *arg, struct flow *flow, const char *why)
{
	struct bridge_side *side = arg;
	struct bridge *bridge = side->bridge;
	struct closed_flow *closed = calloc(1, sizeof(*closed));

	if (!closed) {
		tell_closed(side, flow, why);
		return;
	}
	closed->side = side;
	closed->flow = flow_ref(flow);
	snprintf(closed->why, sizeof(closed->why), "%s", why);
	list_append(&bridge->closed, &closed->node);
	if (!timer_running(&bridge->closed_timer))
		timer_start(bridge->timers, &bridge->closed_timer, 0, tell_all_closed_h,
			bridge);
}

static void lost_h(struct bridge_side *side, struct flow *flow, const char *why)
{
	closed_h(side, flow, why);
}

static void progress_h(void *arg, struct flow *flow, enum transport_progress progress)
{
	(void)arg;
	if (progress == TRANSPORT_OPENED)
		redial_opened(flow);
}

static void unreachable_h(void *arg, struct flow *flow, struct span quoted, int err)
{
	struct bridge_side *side = arg;

	txn_unreachable(side->txns, flow, quoted, err);
}

static bool allowed_h(void *arg, enum transport_kind kind, const struct addr *remote)
{
	struct bridge_side *side = arg;

	return side->which == SIDE_EXTERNAL &&
	       trunks_allow_plain(side->bridge->trunks, kind, remote);
}

/* What is looked for among the connections. */
struct search {
	const struct addr *host;
	const struct peer *found;
};

static void search_h(void *arg, struct flow *flow)
{
	struct search *search = arg;

	if (flow->peer && addr_equal_host(&flow->remote, search->host))
		search->found = flow->peer;
}

/* Peers of TLS are known by name: where they have a connection, by its address too. */
static const struct trunk *find_connected(
	const struct bridge_side *side, const struct addr *host)
{
	struct search search = {.host = host};

	transport_each(side->transport, search_h, &search);
	return search.found ? search.found->owner : NULL;
}

static void owner_h(void *arg, const struct addr *remote, struct stranger_owner *ret)
{
	const struct bridge_side *side = arg;
	const struct trunk *trunk = trunks_at_address(side->bridge->trunks, remote);

	if (!trunk)
		trunk = find_connected(side, remote);
	if (!trunk)
		return;
	trunk_name(trunk, ret->trunk);
	snprintf(ret->file, sizeof(ret->file), "%s", trunk_settings(trunk)->file);
	ret->is_server = trunk->kind == TRUNK_SERVER;
	ret->enabled = trunk->configured && trunk_settings(trunk)->enabled;
	ret->transport = trunk_transport(trunk);
}

static uint64_t owner_of_h(
	void *arg, const struct flow *flow, const struct message *message)
{
	struct bridge_side *side = arg;
	uint64_t owner;

	if (!message_can_answer(message))
		return 0;
	owner = within_owner(side, flow, message);
	return owner ? owner : txn_owner_of(side->txns, flow, message);
}

static bool unread_h(void *arg, struct flow *flow, struct span text)
{
	return shed_message(arg, flow, text);
}

struct transport_handlers bridge_transport_handlers(struct bridge *bridge, enum side side)
{
	return (struct transport_handlers){.message_h = message_h,
		.unread_h = unread_h,
		.closed_h = closed_h,
		.unreachable_h = unreachable_h,
		.progress_h = progress_h,
		.allowed_h = allowed_h,
		.owner_h = owner_h,
		.owner_of_h = owner_of_h,
		.arg = &bridge->sides[side]};
}

static void media_timeout_h(void *arg, uint64_t number, enum relay_end end)
{
	struct call *call = registry_find(arg, number);

	if (call)
		call_media_timeout(call, end);
}

static void latched_h(void *arg, const struct relay_latched *latched)
{
	struct call *call = registry_find(arg, latched->call);

	if (call)
		call_latched(call, latched);
}

static void digit_h(void *arg, const struct relay_digit *digit)
{
	struct call *call = registry_find(arg, digit->call);

	if (call)
		dtmf_hear(call, digit);
}

struct relay_handlers bridge_relay_handlers(struct bridge *bridge)
{
	return (struct relay_handlers){.timeout_h = media_timeout_h,
		.latched_h = latched_h,
		.digit_h = digit_h,
		.arg = bridge};
}

/* ---- what main and admin call ---- */

void bridge_watch_keys(struct bridge *bridge, bridge_media_keys_h *h, void *arg)
{
	bridge->keys_h = h;
	bridge->keys_arg = arg;
}

void bridge_set_relay(struct bridge *bridge, struct relay *relay)
{
	bridge->relay = relay;
}

struct txn_layer *bridge_txns(const struct bridge *bridge, enum side side)
{
	return bridge->sides[side].txns;
}

struct transport *bridge_transport(const struct bridge *bridge, enum side side)
{
	return bridge->sides[side].transport;
}

void bridge_names(struct bridge *bridge, const struct target *target, const char *host,
	const struct flow *flow, struct bridge_names *ret)
{
	enum side side =
		target->trunk->kind == TRUNK_SERVER ? SIDE_INTERNAL : SIDE_EXTERNAL;

	identity_names(&bridge->sides[side], target, host, flow, ret);
}

void bridge_add_capabilities(const struct config_trunk *settings, struct buf *out)
{
	admit_add_capabilities(settings, out);
}

void bridge_drain(struct bridge *bridge)
{
	bridge->draining = true;
}

void bridge_end_all(struct bridge *bridge, const char *cause)
{
	end_calls(&bridge->calls, cause);
	/* what is left of them: a transfer is done, and who asked for it has not hung up yet */
	end_calls(&bridge->inner, cause);
	testcalls_end(bridge);
	exchanges_end(bridge, cause);
}

unsigned bridge_call_count(const struct bridge *bridge)
{
	return bridge->call_count;
}

void bridge_totals(const struct bridge *bridge, struct bridge_totals *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->calls = bridge->call_count;
	ret->answered = bridge->answered_count;
	for (unsigned i = 0; i < 2; i++) {
		ret->dialogs += dialogs_count(&bridge->sides[i].dialogs) +
				dialogs_count(&bridge->sides[i].subscriptions);
		ret->transactions += txn_count(bridge->sides[i].txns);
	}
	ret->started = bridge->started;
	ret->ended = bridge->ended;
	ret->failed = bridge->failed;
	ret->refused = bridge->refused;
	ret->emergencies = bridge->emergencies;
	ret->draining = bridge->draining;
	ret->subscriptions = bridge->subscription_count;
}

bool bridge_refused(const struct bridge *bridge, enum side side, unsigned nth,
	const char **ret_reason, uint64_t *ret_count)
{
	return txn_refused(bridge->sides[side].txns, nth, ret_reason, ret_count);
}

void bridge_each_subscription(struct bridge *bridge,
	void (*h)(void *arg, const struct bridge_subscription *subscription), void *arg)
{
	exchanges_each(bridge, h, arg);
}

int bridge_end_subscription(struct bridge *bridge, const char *id)
{
	return exchange_end_subscription(bridge, id);
}

static void show(const struct call *call,
	void (*h)(void *arg, const struct record *record, const char *state), void *arg)
{
	struct registry_scratch scratch;
	struct record record;

	registry_fill(call, &record, &scratch);
	h(arg, &record, call_state_name(call));
}

void bridge_each_call(struct bridge *bridge,
	void (*h)(void *arg, const struct record *record, const char *state), void *arg)
{
	LIST_FOREACH (&bridge->calls, node, next) {
		const struct call *call = LIST_ENTRY(node, struct call, node);

		if (call->state != CALL_OVER)
			show(call, h, arg);
	}
}

bool bridge_show_call(struct bridge *bridge, const char *id,
	void (*h)(void *arg, const struct record *record, const char *state), void *arg)
{
	const struct call *call = registry_find_id(bridge, id);

	if (call)
		show(call, h, arg);
	return call != NULL;
}

void bridge_tell_parties(struct bridge *bridge)
{
	calls_tell_parties(bridge);
}

const char *bridge_call_id(const struct bridge *bridge, uint64_t number,
	char buf[static BRIDGE_CALL_ID_SIZE])
{
	registry_id(bridge, number, buf);
	return buf;
}

int bridge_hangup(struct bridge *bridge, const char *id)
{
	struct call *call = registry_find_id(bridge, id);

	if (!call)
		return -ENOENT;
	call_end(call, CALL_BY_TANDEM, "hangup", 487, NULL);
	return 0;
}
