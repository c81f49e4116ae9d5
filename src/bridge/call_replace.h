/*
 * An INVITE with Replaces (RFC 3891): a far end calls us to take the place of a leg of one of our calls. Its call asks the
 * leg that stays, by a re-INVITE with what the INVITE offers, and answers the INVITE with what that leg says. Then the
 * call of before is recorded and the replaced leg hung up. Until then, and after each failure, that call goes on as
 * before. Of a call that rings the callee may be replaced: its caller is answered, and then asked in the same way.
 *
 * The calls tell what happens to them. Loop thread.
 */
#pragma once

#include "bridge/call.h"
#include "bridge/replaces.h"

/* The leg whose place an INVITE of BY may take now. 0; or the status of why not, with WHY, static. */
int replace_find(struct bridge *bridge, const struct trunk *by,
	const struct replaces *replaces, struct leg **ret, const char **why);
/* INVITE of TRUNK takes the place of LEG, which replace_find() found: as call_begin(). */
void replace_begin(struct bridge_side *home, struct txn_server *invite,
	struct trunk *trunk, struct leg *leg, struct sdp *sdp);

/* LEG of CALL has hung up, or is lost. True: that has been dealt with. False: the call that LEG is in by now ends. */
bool replace_leaves(struct call *call, struct leg *leg);
/* CALL is joining, and something that it waited for has come. Nothing happens where no leg is being replaced. */
void replace_settle(struct call *call);
/* LEG, the one that stays, refuses the re-INVITE with STATUS. True: that has been dealt with. False: it is of no
 * replacement, or its dialog is gone, and the call that it is in by now ends. */
bool replace_refused(struct call *call, struct leg *leg, int status);
