/* The states of a leg, and what it lets go with them. */
#include "bridge/leg_priv.h"

#include "base/log.h"
#include "bridge/dtmf.h"
#include "bridge/leg_notifier.h"
#include "bridge/leg_subscriber.h"
#include "bridge/uac.h"
#include "bridge/uas.h"

#include <stdlib.h>

const char *leg_state_name(enum leg_state state)
{
	static const char *const names[] = {
		[LEG_IDLE] = "idle",
		[LEG_INVITING] = "inviting",
		[LEG_TALKING] = "talking",
		[LEG_CLOSING] = "closing",
		[LEG_OVER] = "over",
	};

	return names[state];
}

static struct timers *leg_timers(const struct leg *leg)
{
	return leg->home->bridge->timers;
}

static uint64_t t1_ms(const struct leg *leg)
{
	return leg->home->bridge->config->sip.t1_ms;
}

static void last_h(void *arg)
{
	struct leg *leg = arg;

	log_warning("leg", "call=%s leg=%s event=never-closed", leg->id, leg->name);
	leg_set_over(leg);
}

/* States only ever advance, but a leg that was reset may call again. A closing
 * leg waits for an INVITE and for a BYE, each of which has a timer of 64*T1, one behind the
 * other at most: past both nothing can be owed to it. */
void leg_set_state(struct leg *leg, enum leg_state state)
{
	log_debug("leg", "call=%s leg=%s event=state from=%s to=%s", leg->id, leg->name,
		leg_state_name(leg->state), leg_state_name(state));
	leg->state = state;
	if (state == LEG_CLOSING || state == LEG_OVER)
		leg_refresh_stop(leg);
	if (state == LEG_CLOSING && !timer_running(&leg->last_timer))
		timer_start(leg_timers(leg), &leg->last_timer, 3 * 64 * t1_ms(leg),
			last_h, leg);
	else if (state == LEG_OVER)
		timer_stop(&leg->last_timer);
}

void leg_resume(struct leg *leg)
{
	dialog_list(&leg->home->dialogs, &leg->dialog, leg);
	leg_early_over(leg);
	leg_set_state(leg, LEG_TALKING);
}

void leg_drop_digits(struct leg *leg)
{
	dtmf_free(leg->dtmf);
	leg->dtmf = NULL;
}

void leg_drop_invites_in(struct leg *leg)
{
	uas_free(leg->uas);
	uas_free(leg->unacked);
	leg->uas = NULL;
	leg->unacked = NULL;
}

void leg_drop_invite_out(struct leg *leg)
{
	uac_release(leg->uac);
	leg->uac = NULL;
}

void leg_detach(struct leg *leg)
{
	leg_drop_invites_in(leg);
	leg_drop_invite_out(leg);
	leg_refresh_stop(leg);
	if (leg->bye_in)
		txn_server_detach(leg->bye_in);
	if (leg->bye_out)
		txn_client_detach(leg->bye_out);
	if (leg->update_out)
		txn_client_detach(leg->update_out);
	leg->bye_in = NULL;
	leg->bye_out = NULL;
	leg->update_out = NULL;
	while (leg->replaced_count) {
		struct dialog *dialog = leg->replaced[--leg->replaced_count];

		dialog_free(dialog);
		free(dialog);
	}
	free(leg->replaced);
	leg->replaced = NULL;
	leg_drop_digits(leg);
	notifier_free(leg->notifier);
	leg->notifier = NULL;
	subscriber_free(leg->subscriber);
	leg_drop_passages(leg);
}

void leg_set_over(struct leg *leg)
{
	if (leg->state == LEG_OVER)
		return;
	leg_set_state(leg, LEG_OVER);
	leg_drop_invites_in(leg);
	leg_drop_invite_out(leg);
	leg_report(leg, LEG_EVENT_OVER, NULL, 0, NULL);
}

void leg_reset(struct leg *leg)
{
	if (leg_is_inviting(leg))
		uac_cancel(leg->uac, NULL);
	leg_detach(leg);
	dialog_free(&leg->dialog);
	leg_set_flow(leg, NULL);
	leg_set_state(leg, LEG_IDLE);
}
