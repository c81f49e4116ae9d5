/*
 * Parties that answer OPTIONS by themselves, so that a scenario need not have a dialog for each: how,
 * and how many came. Without an outside alone.
 */
#pragma once

#include "stage.h"

/*
 * "pings STATUS[,STATUS...] [Retry-After=S] [after=MS] [tagless]": from now on PARTY answers each OPTIONS outside of a
 * dialog so; "pings silent": never; "pings by hand": as any other request. 0; ERR_FORMAT.
 */
int pinged_set(struct party *party, char *const *words, unsigned count);
/* Whether it takes what PASSED says; then it is answered as the party does. */
bool pinged_take(struct stage *stage, const struct stage_passed *passed);
/* "expect pings P COUNT": those since it was asked last. */
unsigned pinged_count(struct party *party);
/* Whether TEXT is a double CRLF, which is answered over connections: "P pongs not" ends that, "P pongs"
 * goes on with it. */
bool pinged_take_keepalive(
	struct stage *stage, struct party *party, struct flow *flow, struct span text);
/* "expect keepalives P COUNT" */
unsigned pinged_count_keepalives(struct party *party);
/* What was not answered yet never is. */
void pinged_end(struct stage *stage);
