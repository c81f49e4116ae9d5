#include "bridge/call_inner.h"

#include "bridge/call_priv.h"
#include "bridge/party_numbers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- whom it is for ---- */

/* The number of LEG: who called, who was called, or who took the place of one of them. */
static const char *number_of(const struct call *call, const struct leg *leg)
{
	if (leg->number)
		return leg->number;
	return leg == call->a ? call->from : call->to;
}

static struct party_name name_of(const char *number)
{
	const struct span text = span_of(number);

	return (struct party_name){
		.phone = {.number = text, .is_number = phone_is_number(text)}};
}

/* The number of who asks for the transfer, as he says it; nothing where he says none. */
static struct party_name referrer(const struct refer *refer)
{
	struct party_name ret = {.tel = false};
	struct message_uri uri;

	if (!message_uri_parse(&uri, refer->by))
		phone_read(&ret.phone, &uri);
	return ret;
}

/* Nobody's message is crossed: what is said of the leg that stays is its number. */
static struct party *make_party(const char *caller, const struct refer *refer)
{
	struct party *party = calloc(1, sizeof(*party));

	if (!party)
		return NULL;
	party->from = name_of(caller);
	party->called.phone = refer->phone;
	party->called.tel = false;
	if (!refer->phone.number.len) {
		/* what it wrote is its own, and goes nowhere else */
		party->called.own = refer->uri.params;
		party->referred_whole = refer->by;
	} else {
		party->referred = referrer(refer);
	}
	return party;
}

static int read_whom(struct call *call, struct call *outer, const struct leg *stays,
	const struct refer *refer)
{
	call->from = strdup(number_of(outer, stays));
	if (!call->from)
		return -ENOMEM;
	call->party = make_party(call->from, refer);
	if (!call->party)
		return -ENOMEM;
	if (party_numbers_referred(
		    call->party, &call_other(outer, stays)->settings->numbers))
		return -ENOMEM;
	call->to = party_number(&call->party->called);
	return call->to ? 0 : -ENOMEM;
}

/* Who sent the REFER may have the call go where its own calls may go; or, without a number, back to it. */
static int list_targets(struct call *call, struct leg *from)
{
	struct pick_question question = {.config = call->config};

	call->asker = target_ref(from->target);
	if (!call->to[0])
		return hunt_new_to(
			&call->hunt, call->bridge, call->config, from->trunk, false);
	question.call = pick_call(from->trunk, span_of(call->to), span_of(call->from));
	return hunt_new(&call->hunt, call->bridge, call->config, &question);
}

/* ---- the stand-in ---- */

static int open_media(struct call *call, const struct call *outer)
{
	const struct relay_open open = {.call = outer->number,
		.id = outer->id,
		.tap = outer->capture == CONFIG_AUDIT_FULL};

	return relay_open(call->bridge->relay, &call->session, &open);
}

static void name_after(struct call *call, const struct call *outer)
{
	call->inner = true;
	call->number = outer->number;
	memcpy(call->id, outer->id, sizeof(call->id));
	call->leg_h = outer->leg_h;
	call->oa.failed_h = outer->oa.failed_h;
	call->start_us = outer->start_us;
	call->start_wall_us = outer->start_wall_us;
	call->capture = outer->capture;
	call->max_forwards = 70;
}

int call_inner_new(struct call **ret, struct call *outer, struct leg *from,
	const struct refer *refer)
{
	struct leg *stays = call_other(outer, from);
	struct call *call = call_make(outer->bridge);
	int err;

	if (!call)
		return -ENOMEM;
	name_after(call, outer);
	call_init_leg(call, call->a, stays->home, stays->target);
	call->a->end = leg_end(stays);
	err = read_whom(call, outer, stays, refer);
	if (!err)
		err = list_targets(call, from);
	if (!err)
		err = oa_stand_in(call->a, outer, stays);
	if (!err)
		err = open_media(call, outer);
	if (err) {
		call_free(call);
		return err;
	}
	call->callee = call->hunt->count ? hunt_side(call->hunt, call->hunt->targets[0])
					 : from->home;
	list_append(&call->bridge->inner, &call->node);
	*ret = call;
	return 0;
}

/* ---- changes of place ---- */

static struct leg **seat_of(struct call *call, const struct leg *leg)
{
	return leg == call->a ? &call->a : &call->b;
}

/* It is known by its number in the other call too; without memory, by that of who was there. */
static void keep_number(const struct call *call, struct leg *leg)
{
	if (!leg->number)
		leg->number = strdup(number_of(call, leg));
}

static void take_seat(struct call *call, struct leg **seat, struct leg *leg)
{
	*seat = leg;
	leg->arg = call;
	leg->h = call->leg_h;
	leg->call = call->number;
	leg->id = call->id;
	leg->name = seat == &call->a ? "a" : call->inner ? "c" : "b";
	if (call->b->home)
		call->callee = call->b->home;
}

void call_exchange_legs(
	struct call *x, struct leg *of_x, struct call *y, struct leg *of_y)
{
	struct leg **seat_x = seat_of(x, of_x), **seat_y = seat_of(y, of_y);

	keep_number(x, of_x);
	keep_number(y, of_y);
	leg_drop_digits(of_x);
	leg_drop_digits(of_y);
	leg_drop_digits(call_other(x, of_x));
	leg_drop_digits(call_other(y, of_y));
	take_seat(x, seat_x, of_y);
	take_seat(y, seat_y, of_x);
}

void call_exchange_media(struct call *x, struct call *y)
{
	struct relay_session *session = x->session;
	struct addr latched[2];

	memcpy(latched, x->latched, sizeof(latched));
	memcpy(x->latched, y->latched, sizeof(latched));
	memcpy(y->latched, latched, sizeof(latched));
	x->session = y->session;
	y->session = session;
	relay_set_timeout(y->session, 0);
}

/* How much will be sent to LEG while it is asked to change, at most: it is beyond that that its numbers go on. */
#define SENT_MEANWHILE 128

void call_note_sent(const struct call *call, struct leg *leg)
{
	struct relay_stats stats;

	for (unsigned i = 0; i < RELAY_STREAMS; i++) {
		if (!leg->streams[i])
			continue;
		relay_stats(call->session, i, leg_end(leg), &stats);
		leg->streams[i]->after =
			stats.sent_after
				? 1 + (stats.sent_after + SENT_MEANWHILE) % 0x10000
				: 0;
	}
}

void call_forget_sent(struct leg *leg)
{
	for (unsigned i = 0; i < RELAY_STREAMS; i++)
		if (leg->streams[i])
			leg->streams[i]->after = 0;
}

void call_exchange_ends(struct leg *a, struct leg *b)
{
	const enum relay_end end = a->end;

	a->end = b->end;
	b->end = end;
}

/* ---- whose dialog ---- */

/* Only by who it is with, or from one server to another, which are one house. */
static bool is_of_house(const struct leg *leg, const struct trunk *by)
{
	return leg->trunk == by || (leg->server && by->kind == TRUNK_SERVER);
}

struct leg *call_leg_of_dialog(
	struct bridge *bridge, const struct trunk *by, const struct replaces *replaces)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct dialog *dialog = dialog_find_tags(&bridge->sides[i].dialogs,
			replaces->call_id, replaces->to_tag, replaces->from_tag);
		struct leg *leg = dialog ? dialog->owner : NULL;

		/* who is told by somebody else is no call's: drill.c; an early dialog that gave way is none any more */
		if (leg)
			return leg->closed_h || dialog != &leg->dialog ||
					       !is_of_house(leg, by)
				       ? NULL
				       : leg;
	}
	return NULL;
}

/* ---- who hangs up ---- */

void call_let_go(struct leg *leg)
{
	if (leg->bye_in)
		leg_bye_answer(leg);
	else
		leg_close(leg, 487, NULL);
}

bool call_goes_aside(struct call *call)
{
	if (call->state == CALL_TALKING && call->oa.state == OA_IDLE &&
		!call->oa.restoring)
		call_set_state(call, CALL_ASIDE);
	return call->state == CALL_ASIDE;
}
