/* What the other files of a leg build on: telling the call, its connection, who allows what. */
#include "bridge/leg_priv.h"

#include "base/log.h"
#include "base/secret.h"
#include "bridge/dial.h"
#include "bridge/identity.h"
#include "bridge/packages.h"
#include "bridge/reason.h"
#include "bridge/redial.h"
#include "bridge/uac.h"
#include "bridge/uas.h"
#include "sip/compose.h"
#include "trunk/registration.h"

#include <stdlib.h>

/* Connections that are lost so long after one another have nothing to do with each other. */
#define REDIAL_PERIOD_MS 30000

void leg_set_flow(struct leg *leg, struct flow *flow)
{
	if (leg->flow == flow)
		return;
	if (flow && !target_takes_flow(leg->target, flow)) {
		log_error("leg", "call=%s leg=%s event=flow-refused transport=%s",
			leg->id, leg->name, transport_kind_name(flow->kind));
		return;
	}
	if (leg->flow)
		flow_release(leg->flow, &leg->flow_node);
	leg->flow = flow;
	if (!flow)
		return;
	flow_hold(flow, FLOW_LEG, &leg->flow_node);
	if (leg->uas)
		uas_set_flow(leg->uas, flow);
}

/* Its lines so far have another flow. */
static void move(struct leg *leg, struct flow *flow)
{
	char remote[ADDR_TEXT_SIZE];

	leg_set_flow(leg, flow);
	if (leg->flow == flow)
		log_info("call", "call=%s leg=%s event=moved side=%s remote=%s flow=%llu",
			leg->id, leg->name, side_name(leg->home->which),
			addr_text(&flow->remote, remote), (unsigned long long)flow->id);
}

static void move_h(struct list *node, struct flow *flow)
{
	move(LIST_ENTRY(node, struct leg, flow_node), flow);
}

bool leg_redial(struct leg *leg, struct flow *lost)
{
	const uint64_t now_ms = timers_now_ms(leg->home->bridge->timers);
	struct flow *flow = NULL;

	if (now_ms - leg->lost_ms > REDIAL_PERIOD_MS)
		leg->losses = 0;
	if (!redial_is(lost) && leg->losses < REDIAL_ATTEMPTS)
		flow = redial_new(&(struct redial_params){.side = leg->home,
			.target = leg->target,
			.lost = lost,
			.attempt = leg->losses,
			.move_h = move_h});
	if (!flow)
		return false;
	leg->losses++;
	leg->lost_ms = now_ms;
	leg_set_flow(leg, flow);
	redial_start(flow);
	flow_unref(flow);
	return true;
}

void leg_follow_route(struct leg *leg)
{
	struct flow *flow = dial_hop(leg->home, leg->flow, dialog_next_hop(&leg->dialog));

	if (!flow)
		return;
	move(leg, flow);
	flow_unref(flow);
}

void leg_preload_route(struct leg *leg)
{
	const struct registration *registration = leg->trunk->registration;
	const struct binding *binding =
		registration ? registration_binding(registration) : NULL;

	if (binding && binding->route[0])
		(void)dialog_preload(&leg->dialog, binding->route);
}

struct request leg_begin(struct leg *leg, enum message_method method)
{
	struct request request = {.txns = leg->home->txns,
		.flow = leg->flow,
		.method = method,
		.owner = leg_owner(leg),
		.account = trunk_account(leg->trunk, leg->flow)};

	if (leg->connected_from &&
		(method == MESSAGE_INVITE || method == MESSAGE_UPDATE)) {
		dialog_change_from(&leg->dialog, leg->connected_from);
		leg->connected_from = NULL;
	}
	request_begin(&request, &leg->dialog);
	return request;
}

/* Whoever made the Call-ID waits longer, so that the two do not meet again. */
uint64_t leg_glare_ms(const struct leg *leg)
{
	return leg->called ? 2100 + 10 * secret_below(191) : 10 * secret_below(201);
}

bool leg_is_invited(const struct leg *leg)
{
	return leg->uas && uas_is_open(leg->uas);
}

bool leg_is_inviting(const struct leg *leg)
{
	return leg->uac && uac_is_open(leg->uac);
}

struct message *leg_invite_in(const struct leg *leg)
{
	return leg->uas ? uas_request(leg->uas) : NULL;
}

void leg_trying(struct leg *leg)
{
	if (leg_is_invited(leg))
		uas_trying(leg->uas);
}

void leg_report(struct leg *leg, enum leg_event event, struct message *message,
	int status, const char *why)
{
	struct leg_report report = {
		.event = event, .message = message, .status = status, .why = why};

	leg->h(leg->arg, leg, &report);
}

void leg_fail(struct leg *leg, int status, const char *why)
{
	leg_report(leg, LEG_EVENT_FAILED, NULL, status, why);
}

/* ---- methods ---- */

void leg_add_allow(const struct leg *leg, struct buf *out)
{
	const char *part = "Allow: ";

	for (const struct leg_method *method = leg->methods; method->name; method++) {
		if (method->allowed && !method->allowed(leg))
			continue;
		buf_add_str(out, part);
		buf_add_str(out, method->name);
		part = ", ";
	}
	buf_add_str(out, "\r\n");
}

void leg_add_identity(struct leg *leg, const char *product, struct buf *out)
{
	char contact[IDENTITY_SIZE];

	identity_contact(leg->home, leg->flow, leg->settings->contact_host, contact);
	identity_register(leg->trunk, contact);
	compose_header_str(out, "Contact", contact);
	leg_add_allow(leg, out);
	if (leg->settings->messages.info_packages.count)
		packages_add(leg, out);
	compose_header_str(out, product, "Tandem");
}

void leg_add_connected(struct leg *leg, struct buf *out)
{
	if (leg->connected)
		buf_add_str(out, leg->connected);
	/* a response has no From that could change */
	leg->connected_due = leg->connected_due && leg->connected_from;
}

void leg_tell(struct leg *leg, char *lines, char *from, bool due)
{
	free(leg->connected);
	free(leg->connected_from);
	leg->connected = lines;
	leg->connected_from = from;
	leg->connected_due = due;
}

void leg_add_heard(const struct leg *leg, unsigned kind, struct buf *out)
{
	const bool is_response = kind == HEADER_RESPONSES;
	const struct message *heard = leg->heard;
	const struct leg *from = leg->heard_from;
	struct reason reason = {
		.mode = leg->settings->crossing.reason, .is_response = is_response};

	/* an answer to an offer of ours, say, is none to what it becomes */
	if (heard && message_is_request(heard) == is_response)
		heard = NULL;
	reason.source = heard;
	reason_add(out, &reason);
	crossing_add(out, &(struct crossing){.from = from ? from->settings : NULL,
				  .to = leg->settings,
				  .leg = from,
				  .message = heard,
				  .kind = kind});
}

/* RFC 4916 4.2: what its INVITE or UPDATE, or a response to one, says. Nobody asks where it is told nothing. */
static void note_from_change(struct leg *leg, const struct message *message)
{
	const enum message_method method = message_method(message);

	if (leg->settings->identity.connected == CONFIG_CONNECTED_PASS &&
		(method == MESSAGE_INVITE || method == MESSAGE_UPDATE))
		leg->takes_from = message_lists(message, "Supported", "from-change");
}

void leg_note_allow(struct leg *leg, const struct message *message)
{
	struct span line, word;
	unsigned allows = 0;

	packages_note(leg, message);
	note_from_change(leg, message);
	for (unsigned nth = 0; message_line(message, "Allow", nth, &line); nth++)
		while (span_next(&line, ',', &word))
			allows |= 1u << message_method_of(span_trim(word));
	allows &= ~(1u << MESSAGE_OTHER);
	if (allows)
		leg->allows = allows;
}

bool leg_allows(const struct leg *leg, enum message_method method)
{
	return leg->allows >> method & 1;
}

/* ---- tags ---- */

/* An early dialog whose tag is replaced stays known, for PRACKs that are under way. */
static void keep_replaced(struct leg *leg)
{
	struct dialog *dialog;

	if (!leg->reliable || leg->replaced_count == LEG_REPLACED)
		return;
	if (!leg->replaced)
		leg->replaced = calloc(LEG_REPLACED, sizeof(*leg->replaced));
	dialog = leg->replaced ? calloc(1, sizeof(*dialog)) : NULL;
	if (!dialog)
		return;
	if (dialog_copy(dialog, &leg->dialog)) {
		free(dialog);
		return;
	}
	dialog_list(&leg->home->dialogs, dialog, leg);
	leg->replaced[leg->replaced_count++] = dialog;
}

void leg_retag(struct leg *leg)
{
	keep_replaced(leg);
	secret_token(leg->dialog.local_tag, 8);
	dialog_list(&leg->home->dialogs, &leg->dialog, leg);
}

/* RFC 3262 3: where the peer requires it; where it can, and so is agreed for it. */
bool leg_answers_reliably(const struct leg *leg, const struct message *invite)
{
	const enum config_reliable reliable = leg->settings->reliable;

	/* an emergency call that requires what its trunk refuses goes without */
	if (reliable == CONFIG_RELIABLE_REFUSE)
		return false;
	return message_lists(invite, "Require", "100rel") ||
	       (message_lists(invite, "Supported", "100rel") &&
		       (reliable == CONFIG_RELIABLE_OFFER ||
			       reliable == CONFIG_RELIABLE_REQUIRE));
}
