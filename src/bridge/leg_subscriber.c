#include "bridge/leg_subscriber.h"

#include "bridge/leg_priv.h"

#include <errno.h>
#include <stdlib.h>

struct subscriber {
	struct leg *leg;
	uint32_t cseq; /* of the REFER; 0: it has not gone yet */
	subscriber_h *h;
	void *arg;
	struct timer timer;
};

void subscriber_free(struct subscriber *subscriber)
{
	if (!subscriber)
		return;
	timer_stop(&subscriber->timer);
	subscriber->leg->subscriber = NULL;
	free(subscriber);
}

/* It is over with STATUS. */
static void end(struct subscriber *subscriber, int status)
{
	subscriber_h *h = subscriber->h;
	void *arg = subscriber->arg;

	subscriber_free(subscriber);
	h(arg, status);
}

static void expired_h(void *arg)
{
	end(arg, 408);
}

int subscriber_begin(struct leg *leg, unsigned expires_s, subscriber_h *h, void *arg)
{
	struct subscriber *subscriber = calloc(1, sizeof(*subscriber));

	if (!subscriber)
		return -ENOMEM;
	subscriber->leg = leg;
	subscriber->h = h;
	subscriber->arg = arg;
	leg->subscriber = subscriber;
	timer_start(leg->home->bridge->timers, &subscriber->timer,
		(uint64_t)expires_s * 1000, expired_h, subscriber);
	return 0;
}

void subscriber_sent(struct leg *leg, uint32_t cseq)
{
	if (leg->subscriber)
		leg->subscriber->cseq = cseq;
}

/* ---- what a NOTIFY says ---- */

/* RFC 3515 2.4.6: the first REFER of a dialog need not be named. */
static bool is_of(const struct subscriber *subscriber, const struct message *notify)
{
	struct span line, event, id;
	uint64_t number;

	if (!message_line(notify, "Event", 0, &line) || !span_next(&line, ';', &event) ||
		!span_equal_nocase(span_trim(event), "refer"))
		return false;
	return !message_param(line, "id", &id) ||
	       (!span_uint(id, UINT32_MAX, &number) && number == subscriber->cseq);
}

static bool is_terminated(const struct message *notify)
{
	struct span line, state;

	return message_line(notify, "Subscription-State", 0, &line) &&
	       span_next(&line, ';', &state) &&
	       span_equal_nocase(span_trim(state), "terminated");
}

static bool is_fragment(const struct message *notify)
{
	struct span type = message_content_type(notify), word;

	return span_next(&type, ';', &word) &&
	       span_equal_nocase(span_trim(word), "message/sipfrag");
}

/* The status line that its body begins with; nothing behind it is read. 0: there is none. */
static int read_status(const struct message *notify)
{
	struct span body = message_body(notify), word;
	uint64_t status;

	if (!is_fragment(notify) || !span_next(&body, ' ', &word) ||
		!span_equal_nocase(word, "SIP/2.0") || body.len < 3 ||
		span_uint((struct span){body.p, 3}, 699, &status) || status < 100)
		return 0;
	return (int)status;
}

void subscriber_receive(struct leg *leg, struct txn_server *txn)
{
	struct subscriber *subscriber = leg->subscriber;
	const struct message *notify = txn_server_request(txn);
	bool over;
	int status;

	if (!subscriber || !is_of(subscriber, notify)) {
		txn_server_refuse(txn, NULL,
			&(struct txn_refusal){.status = 481,
				.why = "there is no subscription of ours"});
		return;
	}
	status = read_status(notify);
	over = is_terminated(notify) || status >= 200;
	if (!status && !over && message_body(notify).len) {
		txn_server_refuse(txn, NULL,
			&(struct txn_refusal){.status = 400,
				.why = "its body has no status of a call"});
		return;
	}
	txn_server_reply(txn, 200, NULL, NULL, NULL);
	if (over)
		end(subscriber, status >= 200 ? status : 0);
	else if (status)
		subscriber->h(subscriber->arg, status);
}
