#include "bridge/within.h"

#include "base/log.h"
#include "bridge/admit.h"
#include "bridge/leg.h"
#include "bridge/proof.h"
#include "bridge/subscription.h"

#include <string.h>

/* Whose dialog it is; all is borrowed. */
struct whose {
	const struct target *target;
	const struct flow *flow;            /* that it uses */
	const char *id, *leg;               /* for the log */
	uint64_t owner;                     /* for the tap */
	struct dialog *dialog;              /* of a leg, its owner; or NULL: */
	struct subscription_dialog *events; /* of a subscription */
};

bool within_speaks_for(void *arg, const struct flow *flow, const struct flow *other)
{
	const struct bridge_side *side = arg;

	if (flow->peer || other->peer)
		return flow->peer && other->peer &&
		       (!strcmp(flow->peer->id, other->peer->id) ||
			       peer_is_alike(flow->peer, other->peer));
	if (flow->kind == TRANSPORT_TLS || other->kind == TRANSPORT_TLS)
		return false;
	return addr_equal_host(&flow->remote, &other->remote) ||
	       trunks_share_plain(side->bridge->trunks, &flow->remote, &other->remote);
}

/* False: no dialog has its Call-ID and tags. */
static bool find(
	struct bridge_side *side, const struct message *message, struct whose *ret)
{
	struct dialog *dialog = dialog_find(&side->dialogs, message);
	struct subscription_dialog *events =
		dialog ? NULL : subscription_find(side, message);

	if (dialog) {
		const struct leg *leg = dialog->owner;

		*ret = (struct whose){.target = leg->target,
			.flow = leg->flow,
			.id = leg->id,
			.leg = leg->name,
			.owner = leg_owner(leg),
			.dialog = dialog};
	} else if (events) {
		*ret = (struct whose){.target = subscription_target(events),
			.flow = subscription_flow(events),
			.id = subscription_id(events),
			.leg = subscription_leg(events),
			.owner = subscription_owner(events),
			.events = events};
	}
	return dialog || events;
}

/* Call-ID and tags are no secret: they are in every capture. */
static bool is_peers(
	struct bridge_side *side, const struct flow *flow, const struct whose *whose)
{
	return flow->peer ? trunk_is_peer(whose->target->trunk, flow->peer)
			  : within_speaks_for(side, flow, whose->flow);
}

struct leg *within_leg(
	struct bridge_side *side, const struct flow *flow, const struct message *message)
{
	struct whose whose;

	return find(side, message, &whose) && whose.dialog && is_peers(side, flow, &whose)
		       ? whose.dialog->owner
		       : NULL;
}

uint64_t within_owner(
	struct bridge_side *side, const struct flow *flow, const struct message *message)
{
	struct whose whose;

	return find(side, message, &whose) && is_peers(side, flow, &whose) ? whose.owner
									   : 0;
}

/* Somebody who is not its peer has Call-ID and tags of a call: an operator wants to know. */
static void log_impostor(
	const struct whose *whose, const struct flow *flow, const struct message *message)
{
	char remote[ADDR_TEXT_SIZE], name[80], peer[PEER_WORDS_SIZE];

	log_warning("bridge",
		"call=%s leg=%s event=not-its-dialog of=\"%s\" method=%s remote=%s%s "
		"flow=%llu",
		whose->id, whose->leg, trunk_name(whose->target->trunk, name),
		message_method_str(message_method(message)),
		addr_text(&flow->remote, remote),
		peer_words(flow->peer ? flow->peer->id : NULL, peer),
		(unsigned long long)flow->id);
}

/* By the terms that it began with. */
static bool is_proved(
	struct bridge_side *side, const struct whose *whose, struct txn_server *txn)
{
	return proof_given(
		side->bridge, whose->target->trunk, whose->target->settings, txn);
}

void within_request(
	struct bridge_side *side, struct txn_server *txn, struct message *request)
{
	struct flow *flow = txn_server_flow(txn);
	struct whose whose;
	const bool found = find(side, request, &whose);

	if (!found || !is_peers(side, flow, &whose)) {
		if (found)
			log_impostor(&whose, flow, request);
		txn_server_refuse(txn, NULL,
			&(struct txn_refusal){.status = 481,
				.why = "no dialog has its Call-ID and tags"});
		return;
	}
	if (!is_proved(side, &whose, txn) || admit_refuse_options(txn, request))
		return;
	if (whose.dialog)
		leg_request(whose.dialog->owner, whose.dialog, txn, request);
	else
		subscription_request(whose.events, txn, request);
}
