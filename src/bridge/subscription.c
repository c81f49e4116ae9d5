#include "bridge/subscription_priv.h"

#include "bridge/allow.h"
#include "config/words.h"
#include "sip/compose.h"

#include <errno.h>
#include <stdlib.h>

/* Of one that was asked for without Expires, where the answer has none either (RFC 3856 6.4, RFC 3842 3.4). */
#define DEFAULT_S 3600
#define ACCEPTS_MAX 32

/* ---- what whoever subscribes takes ---- */

/* Whether ELEMENT of an Accept takes TYPE: "application/pidf+xml", "application/\*". */
static bool takes(struct span element, const char *type)
{
	const struct span whole = span_of(type);
	struct span range;

	if (!message_param_next(&element, &range))
		return false;
	if (span_equal_str(range, "*/*"))
		return true;
	if (range.len > 2 && range.p[range.len - 1] == '*' &&
		range.p[range.len - 2] == '/')
		return whole.len >= range.len &&
		       span_same_letters((struct span){range.p, range.len - 1},
			       (struct span){whole.p, range.len - 1});
	return span_equal_nocase(range, type);
}

static bool is_taken(const struct message *request, const char *type)
{
	struct span element;

	for (unsigned nth = 0;
		nth < ACCEPTS_MAX && message_element(request, "Accept", nth, &element);
		nth++)
		if (takes(element, type))
			return true;
	return false;
}

/* Of the types that REQUEST takes those that may be brought to its sender. 0; ERR_SUPPORT: there is none. */
static int read_accept(
	const struct target *source, const struct message *request, char **ret)
{
	const struct config_words *types = &source->settings->messages.event_types;
	struct span line;
	struct buf out;
	int err = 0;

	if (!message_line(request, "Accept", 0, &line))
		return 0;
	buf_init(&out, 0);
	for (size_t i = 0; i < types->count; i++)
		if (is_taken(request, types->words[i]))
			buf_printf(&out, "%s%s", out.len ? ", " : "", types->words[i]);
	if (out.err)
		err = out.err;
	else if (!out.len)
		err = ERR_SUPPORT;
	else if (!(*ret = span_dup(buf_span(&out))))
		err = -ENOMEM;
	buf_free(&out);
	return err;
}

/* ---- its beginning ---- */

static void init_half(struct subscription *subscription, enum subscription_half nth)
{
	struct subscription_dialog *half = &subscription->halves[nth];

	half->subscription = subscription;
	half->half = nth;
	half->watch.closed_h = subscription_closed_h;
	half->watch.arg = half;
}

/* HALF is for TARGET, on SIDE, over FLOW. */
static void take_target(struct subscription_dialog *half, struct bridge_side *side,
	struct target *target, struct flow *flow)
{
	half->side = side;
	half->target = target_ref(target);
	target->trunk->messages.subscriptions++;
	subscription_half_use(half, flow);
}

static int read_request(
	struct subscription *subscription, const struct subscription_params *params)
{
	struct subscription_dialog *half = &subscription->halves[SUBSCRIPTION_SUBSCRIBER];
	struct event event = {.package = {.len = 0}};
	struct span value;
	int err = dialog_init_uas(&half->dialog, params->request);

	if (err)
		return err;
	/* one that names no package gets 489 later, as others do */
	(void)event_read(&event, params->request);
	subscription->package = span_dup(event.package);
	if (event.id.len)
		subscription->event_id = span_dup(event.id);
	if (!subscription->package || (event.id.len && !subscription->event_id))
		return -ENOMEM;
	subscription->has_expires = message_line(params->request, "Expires", 0, &value) &&
				    message_seconds(value, &subscription->expires_s);
	subscription->leaving = subscription->has_expires && !subscription->expires_s;
	if (!subscription->has_expires)
		subscription->expires_s = DEFAULT_S;
	return read_accept(params->source, params->request, &subscription->accept);
}

int subscription_new(struct subscription **ret, const struct subscription_params *params)
{
	struct subscription *subscription = calloc(1, sizeof(*subscription));
	struct bridge_side *home = params->home;
	struct subscription_dialog *half;
	int err;

	if (!subscription)
		return -ENOMEM;
	subscription->bridge = home->bridge;
	subscription->number = params->number;
	subscription->parties[SUBSCRIPTION_SUBSCRIBER] = params->party;
	subscription->id = params->id;
	subscription->over_h = params->over_h;
	subscription->arg = params->arg;
	list_init(&subscription->passes);
	for (unsigned i = 0; i < 2; i++)
		init_half(subscription, (enum subscription_half)i);
	home->bridge->subscription_count++;
	half = &subscription->halves[SUBSCRIPTION_SUBSCRIBER];
	take_target(half, home, params->source, params->flow);
	err = read_request(subscription, params);
	if (err) {
		subscription_free(subscription);
		return err;
	}
	dialog_list(&home->subscriptions, &half->dialog, half);
	*ret = subscription;
	return 0;
}

void subscription_free(struct subscription *subscription)
{
	if (!subscription)
		return;
	subscription->over_h = NULL;
	subscription_over(subscription, &(struct subscription_end){0}, 0);
	subscription->bridge->subscription_count--;
	free(subscription->package);
	free(subscription->event_id);
	free(subscription->accept);
	free(subscription);
}

struct dialog *subscription_ask(struct subscription *subscription,
	struct bridge_side *side, struct target *target, struct flow *flow,
	uint32_t party)
{
	struct subscription_dialog *half = &subscription->halves[SUBSCRIPTION_NOTIFIER];

	subscription_half_drop(half);
	take_target(half, side, target, flow);
	subscription->parties[SUBSCRIPTION_NOTIFIER] = party;
	return &half->dialog;
}

void subscription_asked(struct subscription *subscription)
{
	struct subscription_dialog *half = &subscription->halves[SUBSCRIPTION_NOTIFIER];

	dialog_list(&half->side->subscriptions, &half->dialog, half);
}

void subscription_unask(struct subscription *subscription)
{
	subscription_half_drop(&subscription->halves[SUBSCRIPTION_NOTIFIER]);
}

void subscription_add_request(struct subscription *subscription, struct buf *out)
{
	subscription_half_add_contact(&subscription->halves[SUBSCRIPTION_NOTIFIER], out);
	compose_header_str(out, "Event", subscription->package);
	if (subscription->accept)
		compose_header_str(out, "Accept", subscription->accept);
	if (subscription->has_expires)
		compose_header_uint(out, "Expires", subscription->expires_s);
}

bool subscription_is_notified(const struct subscription *subscription)
{
	return subscription->notified;
}

/* Its dialog is that of the first NOTIFY or 2xx, whichever comes first: those of other forks get 481 (RFC 6665 4.4.1 leaves
 * that to us). */
static int establish(struct subscription_dialog *half, const struct message *response)
{
	int err;

	if (half->known || !message_to(response)->tag.len)
		return 0;
	err = dialog_establish(&half->dialog, response);
	if (err)
		return err;
	half->known = true;
	half->dialog.limited = false;
	dialog_list(&half->side->subscriptions, &half->dialog, half);
	return 0;
}

int subscription_accept(struct subscription *subscription, const struct message *response)
{
	const uint64_t now_ms = timers_now_ms(subscription->bridge->timers);
	const uint32_t asked_s = subscription->expires_s;
	struct span value;
	uint32_t seconds;
	int err = establish(&subscription->halves[SUBSCRIPTION_NOTIFIER], response);

	if (err)
		return err;
	subscription->accepted = true;
	subscription->halves[SUBSCRIPTION_SUBSCRIBER].known = true;
	if (message_line(response, "Expires", 0, &value) &&
		message_seconds(value, &seconds) &&
		(!subscription->has_expires || seconds < asked_s))
		subscription->expires_s = seconds;
	/* what a NOTIFY said of it is newer */
	if (!subscription->until_ms)
		subscription->until_ms =
			now_ms + (uint64_t)subscription->expires_s * 1000;
	return 0;
}

const char *subscription_tag(const struct subscription *subscription)
{
	return subscription->halves[SUBSCRIPTION_SUBSCRIBER].dialog.local_tag;
}

void subscription_add_answer(const struct subscription *subscription, struct buf *out)
{
	subscription_half_add_contact(
		&subscription->halves[SUBSCRIPTION_SUBSCRIBER], out);
	compose_header_uint(out, "Expires", subscription->expires_s);
}

void subscription_settle(struct subscription *subscription)
{
	subscription->settled = true;
	if (subscription->ended)
		subscription_over(
			subscription, &subscription->end, SUBSCRIPTION_TELL_BOTH);
	else
		subscription_time(subscription);
}

/* ---- its end ---- */

void subscription_leave(struct subscription *subscription, enum subscription_cause cause)
{
	subscription->over_h = NULL;
	subscription_over(subscription, &(struct subscription_end){.cause = cause},
		SUBSCRIPTION_TELL_BOTH);
}

/* Its settings are those of today, so that no configuration before it is kept; without memory they are not. */
static void renew(struct subscription_dialog *half, struct config *config)
{
	struct target *renewed;

	if (target_new(&renewed, half->target->trunk, config))
		return;
	target_unref(half->target);
	half->target = renewed;
}

void subscription_review(struct subscription *subscription)
{
	enum subscription_cause cause;

	if (subscription_is_hindered(subscription, true, &cause)) {
		subscription_over(subscription,
			&(struct subscription_end){.cause = cause},
			SUBSCRIPTION_TELL_BOTH);
		return;
	}
	for (unsigned i = 0; i < 2; i++)
		renew(&subscription->halves[i], subscription->bridge->config);
}

unsigned subscription_left_s(const struct subscription *subscription)
{
	const uint64_t now_ms = timers_now_ms(subscription->bridge->timers);

	return subscription->until_ms > now_ms
		       ? (unsigned)((subscription->until_ms - now_ms) / 1000)
		       : 0;
}

const char *subscription_package(const struct subscription *subscription)
{
	return subscription->package;
}

/* ---- what comes within it ---- */

struct subscription_dialog *subscription_find(
	struct bridge_side *side, const struct message *message)
{
	const struct span none = {.p = "", .len = 0};
	struct dialog *dialog = dialog_find(&side->subscriptions, message);

	/* the first NOTIFY tells us the tag of its sender */
	if (!dialog && message_is_request(message) &&
		message_method(message) == MESSAGE_NOTIFY)
		dialog = dialog_find_tags(&side->subscriptions, message_call_id(message),
			message_to(message)->tag, none);
	return dialog ? dialog->owner : NULL;
}

const struct target *subscription_target(const struct subscription_dialog *dialog)
{
	return dialog->target;
}

const struct flow *subscription_flow(const struct subscription_dialog *dialog)
{
	return dialog->flow ? dialog->flow : dialog->real;
}

uint64_t subscription_owner(const struct subscription_dialog *dialog)
{
	return subscription_half_owner(dialog);
}

const char *subscription_id(const struct subscription_dialog *dialog)
{
	return dialog->subscription->id;
}

const char *subscription_leg(const struct subscription_dialog *dialog)
{
	return dialog->half == SUBSCRIPTION_SUBSCRIBER ? "a" : "b";
}

/* The first NOTIFY makes the dialog that it came within. False: it was refused. */
static bool establish_by(struct subscription_dialog *half, struct txn_server *txn,
	const struct message *notify)
{
	const int err = message_from(notify)->tag.len
				? dialog_establish_by(&half->dialog, notify)
				: ERR_FORMAT;

	if (err) {
		txn_server_refuse(txn, NULL,
			&(struct txn_refusal){.status = err == ERR_FORMAT ? 400 : 503,
				.why = "its From or Record-Route makes no dialog"});
		return false;
	}
	half->known = true;
	half->dialog.limited = false;
	dialog_list(&half->side->subscriptions, &half->dialog, half);
	return true;
}

static void serve(
	struct subscription_dialog *half, struct txn_server *txn, struct message *request)
{
	const enum message_method method = message_method(request);
	struct buf allow;

	if (half->half == SUBSCRIPTION_SUBSCRIBER && method == MESSAGE_SUBSCRIBE) {
		subscription_refresh(half->subscription, txn, request);
		return;
	}
	if (half->half == SUBSCRIPTION_NOTIFIER && method == MESSAGE_NOTIFY) {
		subscription_notify(half->subscription, txn, request);
		return;
	}
	buf_init(&allow, 0);
	allow_add(half->target->settings, &allow);
	txn_server_refuse(txn, NULL,
		&(struct txn_refusal){.status = 405,
			.why = "it is within the dialog of a subscription",
			.extra = allow.err ? NULL : buf_str(&allow)});
	buf_free(&allow);
}

void subscription_request(
	struct subscription_dialog *half, struct txn_server *txn, struct message *request)
{
	txn_server_set_owner(txn, subscription_owner(half));
	if (half->half == SUBSCRIPTION_NOTIFIER && !half->known &&
		!establish_by(half, txn, request))
		return;
	if (dialog_receive(&half->dialog, request)) {
		txn_server_refuse(txn, NULL,
			&(struct txn_refusal){.status = 500,
				.where = "CSeq",
				.why = "its number is not above the last one"});
		return;
	}
	dialog_refresh(&half->dialog, request);
	subscription_half_heard(half, txn_server_flow(txn));
	serve(half, txn, request);
}
