#include "upkeep/ping_send.h"

#include "sip/compose.h"
#include "sip/failure.h"
#include "sip/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static enum side side_of(const struct target *target)
{
	return target->trunk->kind == TRUNK_SERVER ? SIDE_INTERNAL : SIDE_EXTERNAL;
}

bool ping_send_active(const struct ping_send *send)
{
	return send->flow != NULL;
}

static void release(struct ping_send *send)
{
	struct flow *flow = send->flow;

	send->txn = NULL;
	send->flow = NULL;
	flow_unref(flow);
}

static uint64_t now_us(const struct ping_send *send)
{
	struct clock *clock = timers_clock(send->timers);

	return clock->mono_us(clock);
}

/* OUTCOME says what came of it; it is over. */
static void end(struct ping_send *send, struct ping_outcome *outcome)
{
	struct flow *flow = flow_ref(send->flow);

	outcome->flow = flow;
	outcome->took_us = now_us(send) - send->sent_us;
	outcome->silent = !outcome->status && send->stood && flow_is_reliable(flow) &&
			  !flow->closed && flow->heard_ms <= send->sent_ms;
	release(send);
	send->h(send->arg, outcome);
	flow_unref(flow);
}

static void response_h(void *arg, struct txn_client *txn, struct message *response)
{
	struct ping_outcome outcome = {.status = message_status(response)};
	struct span value;

	if (outcome.status < 200)
		return;
	txn_client_detach(txn);
	if (message_line(response, "Retry-After", 0, &value))
		(void)message_seconds(value, &outcome.retry_after_s);
	end(arg, &outcome);
}

static void failed_h(void *arg, struct txn_client *txn, int err)
{
	struct ping_send *send = arg;
	const struct flow *flow = send->flow;
	char words[ERR_REASON_SIZE];
	struct ping_outcome outcome = {.status = 0};

	txn_client_detach(txn);
	outcome.why = err == ERR_CLOSED && flow->why
			      ? flow->why
			      : failure_of_request(err, flow->kind, &flow->remote, words);
	outcome.layer = flow->report ? HEALTH_TLS : HEALTH_TRANSPORT;
	outcome.at_once = err == -ECONNREFUSED || flow->no_listener;
	end(send, &outcome);
}

/* RFC 3261 11.1. Teams wants the Contact, and From as in calls. */
static int compose(
	const struct ping_send_params *params, struct flow *flow, struct request *request)
{
	struct bridge *bridge = params->by->bridge;
	struct bridge_names names;
	struct dialog dialog; /* it makes none: it is what one would begin with */
	char uri[sizeof(names.target) + sizeof(names.port) + sizeof(names.params) + 8];
	char from[sizeof(names.from) + 8], to[sizeof(names.target) + 8];
	int err;

	bridge_names(bridge, params->target, params->host, flow, &names);
	snprintf(from, sizeof(from), "<sip:%s>", names.from);
	snprintf(to, sizeof(to), "<sip:%s>", names.target);
	snprintf(uri, sizeof(uri), "sip:%s%s%s", names.target, names.port, names.params);
	err = dialog_init_uac(&dialog, from, to, uri, names.host);
	if (err)
		return err;
	err = dialog_name_us(&dialog, params->target->settings->contact_host);
	if (err) {
		dialog_free(&dialog);
		return err;
	}
	*request = (struct request){.txns = bridge_txns(bridge, side_of(params->target)),
		.flow = flow,
		.method = MESSAGE_OPTIONS,
		.account = trunk_account(params->target->trunk, flow)};
	request_begin(request, &dialog);
	request->dialog = NULL;
	dialog_free(&dialog);
	compose_header_str(&request->text, "Contact", names.contact);
	bridge_add_capabilities(params->target->settings, &request->text);
	compose_header_str(&request->text, "User-Agent", "Tandem");
	compose_body(&request->text, NULL, (struct span){0});
	return 0;
}

/* 0; negative with TEXT: there is no way there, for want of *LAYER. */
static int find_flow(const struct ping_send_params *params, struct flow **ret,
	enum health_layer *layer, struct err_text *text)
{
	struct transport *transport =
		bridge_transport(params->by->bridge, side_of(params->target));
	struct transport_target to;
	int err = target_connection_to(
		params->target, params->name, params->address, &to, text);

	*layer = err ? HEALTH_TLS : HEALTH_TRANSPORT;
	to.reuse = params->reuse;
	return err ? err : transport_flow(transport, &to, ret, text);
}

static void repeated_h(
	void *arg, struct txn_client *txn, const struct txn_client_request *request)
{
	struct ping_send *send = arg;

	(void)request;
	send->txn = txn;
}

static int begin(struct ping_send *send, const struct ping_send_params *params,
	enum health_layer *layer, struct err_text *text)
{
	const struct txn_client_user user = {.repeated_h = repeated_h,
		.response_h = response_h,
		.failed_h = failed_h,
		.arg = send};
	struct request request;
	int err = find_flow(params, &send->flow, layer, text);

	if (err)
		return err;
	send->stood = send->flow->opened;
	err = compose(params, send->flow, &request);
	if (!err)
		err = request_send(&request, &user, &send->txn);
	return err ? err_set(text, err, "OPTIONS cannot be sent: %s", err_str(err)) : 0;
}

void ping_send_start(struct ping_send *send, const struct ping_send_params *params)
{
	struct ping_outcome outcome = {.status = 0};
	struct err_text text = {{0}};

	send->h = params->h;
	send->arg = params->arg;
	send->timers = params->by->timers;
	send->sent_us = now_us(send);
	send->sent_ms = timers_now_ms(send->timers);
	if (!begin(send, params, &outcome.layer, &text))
		return;
	outcome.at_once = outcome.layer == HEALTH_TRANSPORT &&
			  (!send->flow || send->flow->no_listener);
	release(send);
	outcome.why = text.text;
	send->h(send->arg, &outcome);
}

void ping_send_expire(struct ping_send *send)
{
	bool opened = send->flow->opened;
	struct ping_outcome outcome = {.layer = opened ? HEALTH_SIP : HEALTH_TRANSPORT};
	char why[80];

	snprintf(why, sizeof(why), "%s in %d s",
		opened ? "no answer to OPTIONS" : "no connection", PING_WITHIN_MS / 1000);
	outcome.why = why;
	txn_client_abandon(send->txn);
	end(send, &outcome);
}

void ping_send_stop(struct ping_send *send)
{
	if (!send->flow)
		return;
	txn_client_abandon(send->txn);
	release(send);
}
