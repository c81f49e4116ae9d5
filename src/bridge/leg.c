#include "bridge/leg.h"

#include "bridge/captured.h"
#include "bridge/leg_priv.h"
#include "bridge/noted.h"
#include "bridge/uac.h"
#include "bridge/uas.h"

#include <stdlib.h>
#include <string.h>

void leg_init(struct leg *leg, const struct leg_params *params)
{
	memset(leg, 0, sizeof(*leg));
	leg->home = params->home;
	leg->end = params->end;
	leg->h = params->h;
	leg->closed_h = params->closed_h;
	leg->arg = params->arg;
	leg->call = params->call;
	leg->party = captured_party(params->home->bridge);
	leg->id = params->id;
	leg->name = params->name;
	leg->methods = params->methods;
	leg->called = params->called;
	leg->refresh.off = params->untimed;
	leg->stand_in = params->stand_in;
	leg->target = target_ref(params->target);
	leg->trunk = leg->target->trunk;
	leg_count(leg);
	leg->settings = leg->target->settings;
	leg->server = leg->target->server;
	leg->gateway = leg->target->gateway;
	offer_init(&leg->offer);
}

void leg_free(struct leg *leg)
{
	if (!leg->home)
		return;
	leg_detach(leg);
	timer_stop(&leg->last_timer);
	leg_set_flow(leg, NULL);
	dialog_free(&leg->dialog);
	offer_free(&leg->offer);
	for (unsigned i = 0; i < RELAY_STREAMS; i++)
		stream_free(leg->streams[i]);
	free(leg->connected);
	free(leg->connected_from);
	free(leg->number);
	noted_free(&leg->microsoft);
	noted_free(&leg->headers);
	leg_uncount(leg);
	target_unref(leg->target);
	memset(leg, 0, sizeof(*leg));
}

void leg_bye_answer(struct leg *leg)
{
	struct txn_server *txn = leg->bye_in;

	if (!txn)
		return;
	leg->bye_in = NULL;
	txn_server_detach(txn);
	txn_server_reply(txn, 200, NULL, NULL, NULL);
	leg_refuse(leg, 487, NULL);
	leg_end_dialog(leg);
}

static void close_talking(struct leg *leg)
{
	leg_refuse(leg, 487, NULL);
	leg_set_state(leg, LEG_CLOSING);
	leg_ack(leg, NULL);
	/* RFC 3261 15: no BYE before the ACK of our 2xx, or 64*T1 */
	leg->bye_waits = leg->uas && uas_awaits_ack(leg->uas);
	if (!leg->bye_waits)
		leg_send_bye(leg);
}

void leg_close(struct leg *leg, int status, const char *headers)
{
	leg->ending = headers;
	switch (leg->state) {
	case LEG_IDLE:
		leg_set_over(leg);
		break;
	case LEG_INVITING:
		if (leg_is_invited(leg)) {
			leg_refuse(leg, status, headers);
		} else if (leg_is_inviting(leg)) {
			leg_set_state(leg, LEG_CLOSING);
			uac_cancel(leg->uac, headers);
		} else {
			leg_set_over(leg);
		}
		break;
	case LEG_TALKING:
		close_talking(leg);
		break;
	case LEG_CLOSING:
	case LEG_OVER:
		break;
	}
}
