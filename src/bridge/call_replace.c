#include "bridge/call_replace.h"

#include "base/log.h"
#include "bridge/call_inner.h"
#include "bridge/call_log.h"
#include "bridge/call_priv.h"
#include "bridge/connected.h"
#include "bridge/registry.h"
#include "trunk/cause.h"

#include <stdlib.h>
#include <string.h>

/* The leg that stays has an exchange under way: how often that is looked at, and how long. */
#define RETRY_MS 250
#define RETRIES 128

enum replace_state {
	REPLACE_WAITING, /* the leg that stays may not be asked yet */
	REPLACE_ASKING,  /* it is asked */
};

struct replacement {
	enum replace_state state;
	/* The call whose leg is replaced; NULL: it rang, and its caller is in CALL for good. */
	struct call *from;
	struct call *call; /* that of the INVITE */
	struct leg *replaced;
	struct leg *stays;
	struct leg *stand_in; /* for it, where it is not */
	struct timer timer;
	unsigned tries;
};

/* ---- who may ----*/

/* Of RFC 3891 3, what the state of the call says. */
static int judge_state(const struct call *call, const struct leg *leg,
	const struct replaces *replaces, const char **why)
{
	if (call->transfer || call->replacement || call->referral ||
		call->state > CALL_TALKING) {
		*why = "the call that Replaces names is being transferred";
		return 491;
	}
	if (call->state == CALL_TALKING && leg->state == LEG_TALKING) {
		*why = "the dialog that Replaces names is confirmed, and early-only was "
		       "asked";
		return replaces->early_only ? 486 : 0;
	}
	/* its 200 may wait for a PRACK yet, though the other leg has answered */
	if (leg == call->a || call->state == CALL_TALKING) {
		*why = "the early dialog that Replaces names is not one that we began";
		return 481;
	}
	if (call->oa.txn || call->oa.state == OA_OWED ||
		(call->a->offer.state != OFFER_RECEIVED && !call->oa.answered_a) ||
		call->a->offer.state == OFFER_SENT) {
		*why = "the call that Replaces names has an exchange under way";
		return 491;
	}
	return 0;
}

int replace_find(struct bridge *bridge, const struct trunk *by,
	const struct replaces *replaces, struct leg **ret, const char **why)
{
	struct leg *leg = call_leg_of_dialog(bridge, by, replaces);
	const struct call *call = leg ? leg->arg : NULL;
	int status;

	*why = "Replaces names no dialog that its sender has here";
	if (!leg || call->inner || call->state >= CALL_ENDING)
		return 481;
	*why = "nobody takes the place of a leg of an emergency call";
	status = call->emergency ? 403 : judge_state(call, leg, replaces, why);
	if (!status)
		*ret = leg;
	return status;
}

/* ---- its end ---- */

static void detach(struct call *call)
{
	call->replacement = NULL;
	call->ended_h = NULL;
}

static void replacement_free(struct replacement *replacement)
{
	if (replacement->from)
		detach(replacement->from);
	detach(replacement->call);
	timer_stop(&replacement->timer);
	free(replacement);
}

static bool is_gone(const struct leg *leg)
{
	return leg->state != LEG_TALKING || leg->bye_in;
}

/* The leg that stays and its stand-in change places; the same again changes them back. */
static void exchange(struct replacement *replacement)
{
	struct leg *stays = replacement->stays, *stand_in = replacement->stand_in;
	const bool home = call_other(replacement->from, replacement->replaced) == stays;

	call_exchange_legs(replacement->from, home ? stays : stand_in, replacement->call,
		home ? stand_in : stays);
	call_exchange_ends(stays, stand_in);
}

/* The leg that stays is where it was. A re-INVITE to it that has no final response yet is withdrawn there. */
static void give_back(struct replacement *replacement)
{
	struct call *from = replacement->from;
	const bool open = leg_is_inviting(replacement->stays);

	if (!open)
		oa_give_back(replacement->call);
	exchange(replacement);
	call_forget_sent(replacement->stays);
	replacement->state = REPLACE_WAITING;
	if (!is_gone(replacement->replaced))
		call_set_state(from, CALL_TALKING);
	if (open)
		oa_withdraw(from, replacement->replaced);
}

/* A call whose leg has hung up meanwhile has nobody to go on with. */
static void end_lone(struct call *call, int status)
{
	if (call && call->state == CALL_ASIDE)
		call_end(call, CALL_BY_TANDEM, "replace-failed", status, NULL);
}

/* The INVITE is refused with STATUS, for WHY; both calls are as if it had not come. */
static void give_up(struct replacement *replacement, int status, const char *why)
{
	struct call *from = replacement->from, *call = replacement->call;

	replacement_free(replacement);
	call_end(call, CALL_BY_TANDEM, "replace-failed", status, why);
	end_lone(from, status);
}

/* The leg that stays took what was offered, and who offered it is gone: it is offered what holds again. */
static void restore(struct call *call, struct leg *leg)
{
	struct err_text text = {{0}};

	if (call->state == CALL_TALKING && oa_join(call, leg, &text))
		call_end(call, CALL_BY_TANDEM, "replace-failed", 500, text.text);
}

/* The call of the INVITE ends. */
static void call_ended(struct call *call, int status)
{
	struct replacement *replacement = call->replacement;
	struct call *from = replacement->from;
	struct leg *stays = replacement->stays;
	const bool asked = from && replacement->state == REPLACE_ASKING;
	const bool took =
		asked && !leg_is_inviting(stays) && stays->offer.state == OFFER_IDLE;

	if (asked)
		give_back(replacement);
	replacement_free(replacement);
	if (took)
		restore(from, stays);
	end_lone(from, status);
}

/* The call whose leg was to be replaced ends: RFC 3891 3. */
static void from_ended(struct call *from, int status)
{
	struct replacement *replacement = from->replacement;
	struct call *call = replacement->call;

	if (replacement->state == REPLACE_ASKING)
		give_back(replacement);
	replacement_free(replacement);
	call_end(call, CALL_BY_TANDEM, "replace-failed", status == 503 ? 503 : 603,
		"the call that Replaces named has ended");
}

/* ---- asking ---- */

/* Who takes the place is told what the replaced leg knew of whom it is with, by the same rules. */
static void tell_whom(const struct replacement *replacement)
{
	const struct leg *before = replacement->replaced;
	struct leg *leg = replacement->call->a;

	if (before->connected && before->trunk == leg->trunk && !leg->connected)
		leg_tell(leg, strdup(before->connected), NULL, false);
}

static void ask(struct replacement *replacement)
{
	struct call *call = replacement->call;
	struct leg *leg = call->a;
	struct message *invite = leg_invite_in(leg);
	int refused;

	replacement->state = REPLACE_ASKING;
	if (call->state == CALL_SETUP)
		call_set_state(call, CALL_JOINING);
	if (replacement->from) {
		call_note_sent(replacement->from, replacement->stays);
		exchange(replacement);
		if (replacement->from->state != CALL_ASIDE)
			call_set_state(replacement->from, CALL_ASIDE);
		tell_whom(replacement);
		connected_hear(call, leg, invite);
	}
	oa_reinvite(call, leg, invite);
	if (leg->state != LEG_OVER)
		return;
	/* what it offers is of no use */
	refused = leg->refused;
	if (replacement->from)
		give_back(replacement);
	give_up(replacement, refused, "what it offers was refused");
}

static bool is_ready(const struct replacement *replacement)
{
	return oa_may_join(replacement->from ? replacement->from : replacement->call,
		replacement->stays);
}

static void wait_to_ask(struct replacement *replacement);

static void ask_h(void *arg)
{
	wait_to_ask(arg);
}

static void wait(struct replacement *replacement, uint64_t ms)
{
	timer_start(replacement->call->bridge->timers, &replacement->timer, ms, ask_h,
		replacement);
}

static void wait_to_ask(struct replacement *replacement)
{
	if (is_ready(replacement))
		ask(replacement);
	else if (++replacement->tries < RETRIES)
		wait(replacement, RETRY_MS);
	else
		give_up(replacement, 491, "the leg that stays is busy with an offer");
}

/* ---- the leg that stays answers ---- */

/* The call of before is over, with the legs that it had. */
static void end_from(struct replacement *replacement)
{
	struct call *from = replacement->from, *call = replacement->call;
	const enum call_end by = replacement->replaced == from->a ? CALL_BY_A : CALL_BY_B;

	memcpy(from->replaced_by, call->id, sizeof(from->replaced_by));
	log_info("call", "call=%s event=replaced by=%s %s=%s", from->id, call->id,
		trunk_word(call->a->trunk->kind), call->a->trunk->id);
	call_log_attempt(from, history_end(&from->history, 0, CALL_REPLACED), "given-up");
	exchange(replacement);
	call_record(from, by, CALL_REPLACED, 200);
	exchange(replacement);
	detach(from);
	replacement->from = NULL;
	call_end(from, CALL_BY_TANDEM, CALL_REPLACED, 200, NULL);
}

/* The INVITE is answered: its call is one like others. */
static void settle(struct replacement *replacement)
{
	struct call *call = replacement->call;

	timer_stop(&call->setup_timer);
	leg_early_over(call->a);
	party_free(call->party);
	call->party = NULL;
	call->answer_us = call_now_us(call) - call->start_us;
	call->bridge->answered_count++;
	call_set_state(call, CALL_TALKING);
	call_limit_duration(call);
	if (replacement->from)
		end_from(replacement);
	replacement_free(replacement);
}

void replace_settle(struct call *call)
{
	struct replacement *replacement = call->replacement;

	if (!replacement || call->state != CALL_JOINING)
		return;
	if (call->a->state == LEG_TALKING)
		settle(replacement);
	else if (replacement->state == REPLACE_WAITING && is_ready(replacement))
		ask(replacement);
}

bool replace_refused(struct call *call, struct leg *leg, int status)
{
	struct replacement *replacement = call->replacement;
	const bool lost = status == 481 || status == 408;

	if (!replacement || leg != replacement->stays)
		return false;
	if (replacement->from)
		give_back(replacement);
	else
		oa_give_back(call);
	replacement->state = REPLACE_WAITING;
	if (status == 491 && ++replacement->tries < RETRIES)
		wait(replacement, leg_glare_ms(leg));
	else
		give_up(replacement, lost ? 603 : cause_map(status),
			"the leg that stays refused it");
	return !lost;
}

/* ---- who hangs up ---- */

bool replace_leaves(struct call *call, struct leg *leg)
{
	struct replacement *replacement = call->replacement;

	if (!replacement || !replacement->from)
		return false;
	if (leg == replacement->replaced) {
		if (!call_goes_aside(call))
			return false;
		leg_drop_digits(call_other(call, leg));
		leg_drop_digits(leg);
		call_let_go(leg);
		return true;
	}
	if (leg == replacement->stays && replacement->state == REPLACE_ASKING) {
		give_back(replacement);
		give_up(replacement, 603, "the leg that stays has left");
	}
	return false;
}

/* ---- the beginning ---- */

/* A call that rings is taken from the callee: its caller is answered, with what SDP, taken, can be to its offer. 0, or
 * negative with TEXT: nothing has changed. */
static int pick_up(
	struct replacement *replacement, struct sdp *sdp, struct err_text *text)
{
	struct call *from = replacement->from, *call = replacement->call;
	struct leg *caller = replacement->stays;
	struct sdp *out = NULL;
	int err = oa_pick_up(call, caller->offer.remote, sdp, &out, text);

	if (err)
		return err;
	oa_first_lost(from);
	oa_swap_media(caller, replacement->stand_in);
	exchange(replacement);
	call_set_state(call, CALL_JOINING);
	connected_hear(call, call->a, leg_invite_in(call->a));
	err = leg_answer(caller, out);
	sdp_free(out);
	leg_early_over(caller);
	from->answer_us = call_now_us(from) - from->start_us;
	from->bridge->answered_count++;
	end_from(replacement);
	oa_forget_media(call->a);
	if (err)
		give_up(replacement, 500, "the caller could not be answered");
	else
		wait(replacement, RETRY_MS);
	return 0;
}

/* Its leg b is a stand-in for STAYS until that comes. 0, or negative: the INVITE is to be refused. */
static int prepare(struct replacement *replacement, struct bridge_side *home,
	struct txn_server *invite, struct trunk *trunk)
{
	struct call *call = replacement->call;
	const struct leg *stays = replacement->stays;
	struct leg_params params = call_leg_params(call, call->b, stays->home);
	int err;

	params.target = stays->target;
	params.stand_in = true;
	leg_init(call->b, &params);
	call->callee = stays->home;
	err = call_prepare_replacing(call, home, invite, trunk);
	replacement->stand_in = call->b;
	return err;
}

static void setup_too_long_h(void *arg)
{
	call_end(arg, CALL_BY_TANDEM, "no-answer", 408, "not answered in time");
}

static void enter(struct replacement *replacement)
{
	struct call *call = replacement->call, *from = replacement->from;

	call->replacement = from->replacement = replacement;
	memcpy(call->replaces, from->id, sizeof(call->replaces));
	call->ended_h = call_ended;
	from->ended_h = from_ended;
	registry_add(call);
	leg_charge(call->a);
	call_capture_begin(call);
	call_log_begin(call);
	leg_trying(call->a);
	timer_start(call->bridge->timers, &call->setup_timer,
		call->config->limits.setup_ms, setup_too_long_h, call);
}

static void start(struct replacement *replacement, struct sdp *sdp)
{
	struct err_text text = {{0}};
	int err;

	if (replacement->from->state == CALL_TALKING) {
		sdp_free(sdp);
		wait_to_ask(replacement);
		return;
	}
	err = sdp ? pick_up(replacement, sdp, &text)
		  : err_set(&text, ERR_SUPPORT, "a call that rings is taken by an offer");
	if (err)
		give_up(replacement, err == ERR_SUPPORT ? 488 : 500, text.text);
}

void replace_begin(struct bridge_side *home, struct txn_server *invite,
	struct trunk *trunk, struct leg *leg, struct sdp *sdp)
{
	struct replacement *replacement = calloc(1, sizeof(*replacement));
	struct call *call = replacement ? call_make(home->bridge) : NULL;
	int err;

	if (!call) {
		free(replacement);
		sdp_free(sdp);
		txn_server_reply(invite, 503, NULL, NULL, NULL);
		return;
	}
	call_number(call);
	replacement->call = call;
	replacement->from = leg->arg;
	call->leg_h = replacement->from->leg_h;
	call->oa.failed_h = replacement->from->oa.failed_h;
	replacement->replaced = leg;
	replacement->stays = call_other(replacement->from, leg);
	err = prepare(replacement, home, invite, trunk);
	if (err) {
		sdp_free(sdp);
		call_refuse_unprepared(invite, err);
		call_free(call);
		free(replacement);
		return;
	}
	enter(replacement);
	start(replacement, sdp);
}
