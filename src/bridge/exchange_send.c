/* What an exchange sends: its request, to one target, and what crosses of the answer. */
#include "bridge/exchange_priv.h"

#include "bridge/allow.h"
#include "bridge/body.h"
#include "bridge/crossing.h"
#include "bridge/identity.h"
#include "bridge/party_rules.h"
#include "config/words.h"
#include "sip/compose.h"
#include "sip/event.h"
#include "sip/request.h"
#include "trunk/cause.h"
#include "trunk/registration.h"

#include <errno.h>
#include <stdlib.h>

static int refuse(int status, const char *why, int *ret_status, struct err_text *text)
{
	*ret_status = status;
	return err_set(text, ERR_SUPPORT, "%s", why);
}

static bool is_publish(const struct exchange *exchange)
{
	return exchange->method == MESSAGE_PUBLISH;
}

/* PUBLISH, SUBSCRIBE or NOTIFY. */
static bool is_of_event(const struct exchange *exchange)
{
	return exchange->method != MESSAGE_MESSAGE;
}

static const struct config_words *types_of(
	const struct exchange *exchange, const struct target *target)
{
	const struct config_messages *messages = &target->settings->messages;

	return is_of_event(exchange) ? &messages->event_types : &messages->types;
}

/* RFC 6665 7.2.1, RFC 3903 6. 0, or ERR_SUPPORT as exchange_send(). */
static int check_event(
	const struct exchange *exchange, int *ret_status, struct err_text *text)
{
	const struct config_messages *from = &exchange->source->settings->messages;
	const struct config_messages *to = &exchange->target->settings->messages;
	struct event event;

	if (!is_of_event(exchange))
		return 0;
	if (!event_read(&event, exchange->request) ||
		!words_have_nocase(&from->events, event.package) ||
		!words_have_nocase(&to->events, event.package))
		return refuse(489, "its Event is not in event-packages of both far ends",
			ret_status, text);
	return 0;
}

/* Whether the target takes what the request brings. 0, or ERR_SUPPORT as exchange_send(). */
static int check_body(
	const struct exchange *exchange, int *ret_status, struct err_text *text)
{
	const struct message *request = exchange->request;
	const char *why;
	int status = body_fault(request, &why);

	if (status)
		return refuse(status, why, ret_status, text);
	if (!message_body(request).len ||
		words_have_nocase(types_of(exchange, exchange->target),
			message_content_type(request)))
		return 0;
	return refuse(415,
		is_of_event(exchange) ? "the type of its body is not in event-types"
				      : "the type of its body is not in message-types",
		ret_status, text);
}

static unsigned forwards_left(const struct message *request)
{
	const int forwards = message_max_forwards(request);

	return forwards > 0 && forwards < 70 ? (unsigned)forwards - 1 : 69;
}

/* The dialog that the request is sent as if to begin: MESSAGE begins none (RFC 3428 3). */
static int begin_dialog(const struct exchange *exchange, const struct flow *flow,
	struct party_invite *crossed, struct dialog *ret)
{
	const struct hunt *hunt = exchange->hunt;
	const struct target *target = exchange->target;
	const struct registration *registration = target->trunk->registration;
	const struct binding *binding =
		registration ? registration_binding(registration) : NULL;
	char host[IDENTITY_SIZE];
	int err = dialog_init_uac(ret, buf_str(&crossed->from), buf_str(&crossed->to),
		buf_str(&crossed->uri),
		identity_host(hunt_side(hunt, target), flow,
			target->settings->contact_host, host));

	if (err)
		return err;
	err = dialog_name_us(ret, target->settings->contact_host);
	if (err) {
		dialog_free(ret);
		return err;
	}
	if (binding && binding->route[0])
		(void)dialog_preload(ret, binding->route);
	ret->limited = true;
	ret->max_forwards = forwards_left(exchange->request);
	return 0;
}

/* A number of seconds; what is none is left out. */
static void add_seconds(const struct message *message, const char *name, struct buf *out)
{
	struct span value;
	uint32_t seconds;

	if (message_line(message, name, 0, &value) && message_seconds(value, &seconds))
		compose_header_uint(out, name, seconds);
}

/* Begins RET within the dialog of a subscription, or within one that is none. */
static int begin(const struct exchange *exchange, struct flow *flow,
	struct party_invite *crossed, struct request *ret)
{
	struct bridge_side *side = hunt_side(exchange->hunt, exchange->target);
	struct dialog none = {.call_id = NULL}, *dialog = &none;
	int err;

	if (exchange->subscription)
		dialog = subscription_ask(exchange->subscription, side, exchange->target,
			flow, exchange->to_party);
	err = begin_dialog(exchange, flow, crossed, dialog);
	if (err)
		return err;
	request_begin(ret, dialog);
	if (exchange->subscription) {
		subscription_asked(exchange->subscription);
		return 0;
	}
	ret->dialog = NULL;
	dialog_free(dialog);
	return 0;
}

/* What it says of an event. */
static void add_event(
	const struct exchange *exchange, const struct flow *flow, struct buf *out)
{
	const struct target *target = exchange->target;
	char contact[IDENTITY_SIZE];
	struct event_state state;
	struct event event;

	if (exchange->subscription) {
		subscription_add_request(exchange->subscription, out);
		return;
	}
	if (is_of_event(exchange) && event_read(&event, exchange->request))
		compose_header(out, "Event", event.package);
	if (exchange->method == MESSAGE_NOTIFY) {
		identity_contact(hunt_side(exchange->hunt, target), flow,
			target->settings->contact_host, contact);
		identity_register(target->trunk, contact);
		compose_header_str(out, "Contact", contact);
	}
	if (exchange->method == MESSAGE_NOTIFY &&
		event_state_read(&state, exchange->request))
		event_state_add(&state, out);
	add_seconds(exchange->request, "Expires", out);
}

static enum header_with crossing_of(const struct exchange *exchange)
{
	if (exchange->method == MESSAGE_MESSAGE)
		return HEADER_MESSAGE;
	return is_publish(exchange) ? HEADER_PUBLISH : HEADER_EVENT;
}

/* 0, or negative, with nothing left in RET->text. */
static int compose(const struct exchange *exchange, struct flow *flow,
	struct party_invite *crossed, struct request *ret)
{
	const struct target *target = exchange->target;
	int err;

	*ret = (struct request){.txns = hunt_side(exchange->hunt, target)->txns,
		.flow = flow,
		.method = exchange->method,
		.owner = tap_owner(exchange->number, exchange->to_party),
		.account = trunk_account(target->trunk, flow)};
	err = begin(exchange, flow, crossed, ret);
	if (err)
		return err;
	buf_add_span(&ret->text, buf_span(&crossed->headers));
	add_event(exchange, flow, &ret->text);
	crossing_add_usual(&ret->text, exchange->request, crossing_of(exchange));
	compose_header_str(&ret->text, "User-Agent", "Tandem");
	body_add_of(&ret->text, flow, exchange->request);
	err = ret->text.err;
	if (err)
		buf_free(&ret->text);
	return err;
}

/* What PARTY is to whom it is sent, for the record. */
static int note_sent(struct exchange *exchange, const struct party *party)
{
	free(exchange->from_sent);
	free(exchange->to_sent);
	exchange->from_sent = party_number(&party->from);
	exchange->to_sent = party_number(&party->called);
	return exchange->from_sent && exchange->to_sent ? 0 : -ENOMEM;
}

/* Who sends to whom, as the target is shown it. */
static int write_party(struct exchange *exchange, const struct party_shown *shown,
	struct party_invite *ret)
{
	struct party *party;
	int err = party_copy(&party, exchange->party);

	if (err)
		return err;
	err = party_rules_out(party, exchange->target->settings);
	if (!err)
		err = note_sent(exchange, party);
	if (!err)
		err = party_write(party, shown, ret);
	party_free(party);
	return err;
}

int exchange_send(struct exchange *exchange, struct flow *flow,
	const struct txn_client_user *user, int *ret_status, struct err_text *text)
{
	struct party_invite crossed = {0};
	struct identity_shown identity;
	struct request request;
	int err = check_event(exchange, ret_status, text);

	if (!err)
		err = check_body(exchange, ret_status, text);
	if (err)
		return err;
	identity_shown_to(hunt_side(exchange->hunt, exchange->target), exchange->target,
		flow, dial_host(&exchange->hunt->dial), &identity);
	err = write_party(exchange, &identity.shown, &crossed);
	if (!err)
		err = compose(exchange, flow, &crossed, &request);
	party_invite_free(&crossed);
	if (err == -EPERM)
		return refuse(500,
			"its sender demands privacy (critical) that the target's "
			"`privacy` does not provide",
			ret_status, text);
	if (err == ERR_TRUST)
		return refuse(488, "a key was to leave in plain", ret_status, text);
	if (err)
		return err;
	if (exchange->method == MESSAGE_MESSAGE && flow->kind == TRANSPORT_UDP &&
		request.text.len > MESSAGES_UDP_MAX) {
		buf_free(&request.text);
		return refuse(513, "it is too large for UDP", ret_status, text);
	}
	return request_send(&request, user, &exchange->out);
}

bool exchange_is_of_content(const struct exchange *exchange, int status)
{
	/* of the state that he keeps there (RFC 3903 4), or of how long he subscribes to one (RFC 6665 4.2.1.1) */
	const bool of_state = is_of_event(exchange) && (status == 412 || status == 423);

	return of_state || cause_is_of_content(status);
}

/* Packages that its sender may use, for a 489. */
static void add_events(const struct exchange *exchange, struct buf *out)
{
	const struct config_words *events = &exchange->source->settings->messages.events;

	for (size_t i = 0; i < events->count; i++)
		buf_printf(out, "%s%s", i ? ", " : "Allow-Events: ", events->words[i]);
	buf_add_str(out, events->count ? "\r\n" : "");
}

/* What whoever keeps a published state says of it. */
static void add_state(const struct exchange *exchange, int status,
	const struct message *response, struct buf *out)
{
	struct span tag;

	if (status / 100 == 2 && is_publish(exchange)) {
		if (message_header(response, "SIP-ETag", 0, &tag))
			compose_header(out, "SIP-ETag", tag);
		add_seconds(response, "Expires", out);
	} else if (status == 423) {
		add_seconds(response, "Min-Expires", out);
	}
}

void exchange_add_answer(const struct exchange *exchange, int status,
	const struct message *response, struct buf *out)
{
	char retry[BRIDGE_RETRY_SIZE];

	if (status / 100 == 2 && exchange->subscription)
		subscription_add_answer(exchange->subscription, out);
	else if (response && is_of_event(exchange))
		add_state(exchange, status, response, out);
	if (status == 489)
		add_events(exchange, out);
	if (status == 405) /* for whom it is to, it is none of ours */
		allow_add_outside(NULL, out);
	if (status == 415 && exchange->asked)
		allow_add_types(types_of(exchange, exchange->asked), out);
	if (status == 503)
		buf_add_str(out, bridge_retry_line(hunt_retry_s(exchange->hunt), retry));
}
