/*
 * Transfer of a call that talks (RFC 3515, RFC 5589): one leg, the referrer, asks by REFER that the other one, the leg
 * that stays, talk with somebody else. An inner call looks for him, by the routes of the referrer. When he answers, his leg and the
 * referrer's change places, and the leg that stays is offered what he agreed to. If it does not take that, they change
 * back. Until then, and after each failure, the call goes on as before; but if the referrer has hung up meanwhile, it
 * ends with a failure.
 *
 * The call tells what happens to it. Loop thread.
 */
#pragma once

#include "bridge/call.h"

struct transfer;

/* REFER of FROM, a leg of CALL, in TXN: it is answered, and the transfer begins, or it is refused. */
void transfer_refer(struct call *call, struct leg *from, struct txn_server *txn);
/* CALL is not in a state to be transferred: STATUS and WHY, static, for its sender. */
void transfer_refuse(struct txn_server *txn, int status, const char *why);

/* Whoever CALL, inner, asks has answered, with STATUS below 200; or took it. */
void transfer_heard(struct call *call, int status);
void transfer_answered(struct call *call);

/* Leg a of CALL, which has not been answered, gives up its INVITE. True: somebody is to take its place, and the call goes
 * on for him. */
bool transfer_gives_up(struct call *call);
/* LEG of CALL has hung up, or is lost. True: that has been dealt with, and the call does not end for it. */
bool transfer_leaves(struct call *call, struct leg *leg);
/* LEG of CALL, which is aside, is over. */
void transfer_left(struct call *call, struct leg *leg);

/* CALL is joining, and an exchange of it is over: both legs may agree now. Nothing happens of one that is not being
 * transferred. */
void transfer_settle(struct call *call);
/* The leg of CALL that was asked does not take it, with STATUS. */
void transfer_unjoin(struct call *call, int status);
