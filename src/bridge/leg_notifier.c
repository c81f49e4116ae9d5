#include "bridge/leg_notifier.h"

#include "bridge/body.h"
#include "bridge/leg_priv.h"
#include "sip/compose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct notifier {
	struct leg *leg;
	struct txn_client *txn; /* a NOTIFY without a final response */
	uint32_t id;            /* the CSeq of its REFER */
	uint64_t until_ms;      /* monotonic */
	int said, next;         /* statuses; 0: none */
};

static void forget(struct notifier *notifier)
{
	notifier->leg->notifier = NULL;
	notifier_free(notifier);
}

static void send_next(struct notifier *notifier);

/* RFC 6665 4.2.2: without a 2xx there is no subscription any more. */
static void answered(struct notifier *notifier, struct txn_client *txn, bool accepted)
{
	txn_client_detach(txn);
	notifier->txn = NULL;
	if (!accepted || notifier->said >= 200)
		forget(notifier);
	else if (notifier->next)
		send_next(notifier);
}

static void response_h(void *arg, struct txn_client *txn, struct message *response)
{
	if (message_status(response) >= 200)
		answered(arg, txn, message_status(response) < 300);
}

static void failed_h(void *arg, struct txn_client *txn, int err)
{
	(void)err;
	answered(arg, txn, false);
}

static void repeated_h(
	void *arg, struct txn_client *txn, const struct txn_client_request *request)
{
	struct notifier *notifier = arg;

	(void)request;
	notifier->txn = txn;
}

static void add_state(struct buf *out, const struct notifier *notifier)
{
	const uint64_t now_ms = timers_now_ms(notifier->leg->home->bridge->timers);
	const uint64_t left_ms =
		notifier->until_ms > now_ms ? notifier->until_ms - now_ms : 0;

	/* RFC 3515 2.4.6: each but the first of a dialog must have it, and the first may */
	buf_printf(out, "Event: refer;id=%u\r\n", (unsigned)notifier->id);
	if (notifier->said < 200)
		buf_printf(out, "Subscription-State: active;expires=%u\r\n",
			(unsigned)(left_ms / 1000));
	else
		buf_add_str(out, "Subscription-State: terminated;reason=noresource\r\n");
}

static void send_next(struct notifier *notifier)
{
	const struct txn_client_user user = {.repeated_h = repeated_h,
		.response_h = response_h,
		.failed_h = failed_h,
		.arg = notifier};
	struct leg *leg = notifier->leg;
	struct request notify;
	char body[80];
	int len;

	notifier->said = notifier->next;
	notifier->next = 0;
	len = snprintf(body, sizeof(body), "SIP/2.0 %d %s\r\n", notifier->said,
		compose_reason(notifier->said));
	leg_follow_route(leg);
	notify = leg_begin(leg, MESSAGE_NOTIFY);
	leg_add_identity(leg, "User-Agent", &notify.text);
	add_state(&notify.text, notifier);
	body_add(&notify.text, leg->flow, "message/sipfrag;version=2.0",
		(struct span){body, (size_t)len});
	if (request_send(&notify, &user, &notifier->txn))
		forget(notifier);
}

int notifier_begin(struct leg *leg, const struct message *refer, unsigned expires_s)
{
	struct notifier *notifier = calloc(1, sizeof(*notifier));

	if (!notifier)
		return -ENOMEM;
	notifier->leg = leg;
	notifier->id = message_cseq(refer);
	notifier->until_ms =
		timers_now_ms(leg->home->bridge->timers) + (uint64_t)expires_s * 1000;
	leg->notifier = notifier;
	return 0;
}

void notifier_say(struct leg *leg, int status)
{
	struct notifier *notifier = leg->notifier;

	if (!notifier || notifier->said >= 200 || notifier->next >= 200)
		return;
	notifier->next = status;
	if (!notifier->txn)
		send_next(notifier);
}

void notifier_free(struct notifier *notifier)
{
	if (!notifier)
		return;
	if (notifier->txn)
		txn_client_detach(notifier->txn);
	free(notifier);
}
