/*
 * The calls of a transfer or a replacement: the inner one that looks for whom the leg that stays is to talk with, how two
 * calls change a leg and their media, and how one waits for what comes of it. Loop thread.
 */
#pragma once

#include "bridge/call.h"
#include "bridge/refer.h"

/*
 * A call for REFER, which FROM, a leg of OUTER, sent: with a stand-in for the other leg, whom nobody has asked yet. It
 * goes by the routes of FROM's trunk, with OUTER's number and id, and is no call of the bridge's. REFER, whose message
 * is held elsewhere, and OUTER live as long. 0; -ENOMEM; ERR_LIMIT and others of relay_open().
 */
int call_inner_new(struct call **ret, struct call *outer, struct leg *from,
	const struct refer *refer);

/* The leg of a call of BRIDGE whose dialog REPLACES, which BY sent, names; NULL: there is none that BY may name. */
struct leg *call_leg_of_dialog(
	struct bridge *bridge, const struct trunk *by, const struct replaces *replaces);

/* CALL waits without a leg that has hung up, if no exchange of it is under way. False: it cannot. */
bool call_goes_aside(struct call *call);
/* LEG, which has hung up or is lost, is let go; its call goes on. */
void call_let_go(struct leg *leg);

/* OF_X, a leg of X, and OF_Y, a leg of Y, change places: what they say is X's and Y's from now on. */
void call_exchange_legs(
	struct call *x, struct leg *of_x, struct call *y, struct leg *of_y);
/* LEG is about to change from CALL's media to another call's: how far what it was sent has come is noted in its streams, and
 * the numbers of what it is sent from there go on behind that. */
void call_note_sent(const struct call *call, struct leg *leg);
/* It does not change after all. */
void call_forget_sent(struct leg *leg);
/* A and B, of different calls, change the ends of the relay that they are at. */
void call_exchange_ends(struct leg *a, struct leg *b);
/* X and Y change their media. That of Y is not watched for silence any more. */
void call_exchange_media(struct call *x, struct call *y);
