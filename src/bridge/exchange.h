/*
 * The exchange of offers and answers between the legs of a call: first INVITE, early media
 * and forks, answer, re-INVITE, ACK. Loop thread.
 */
#pragma once

#include "bridge/call.h"

/* The SDP that MESSAGE has, as its body or as a part of it. 0 with *RET NULL when there is none:
 * no body, or one that may be passed over; an answer's always may. Negative with TEXT:
 * ERR_SUPPORT where a request demands that its body is understood (415), else it cannot be
 * read (400). */
int exchange_read(struct message *message, struct sdp **ret, struct err_text *text);

/* Leg b's first offer, from leg a's; *ret NULL when leg a made none. 0 or negative. */
int exchange_first_offer(struct call *call, struct sdp **ret, struct err_text *text);

/* 18x from leg b: passed to leg a with the SDP that it has, if any. */
void exchange_provisional(struct call *call, struct message *response);

/*
 * 2xx from leg b to our first INVITE, or from leg X to a re-INVITE: answers the other leg.
 * 0; negative with TEXT when its SDP cannot be accepted (the 2xx is then acknowledged).
 */
int exchange_answer(struct call *call, struct leg *from, struct message *response,
	struct err_text *text);

/* A re-INVITE of leg FROM goes to the other leg. 0; or the status to refuse it with. */
int exchange_reinvite(struct call *call, struct leg *from, struct message *request);

/* The ACK of leg FROM: its answer goes on where the other leg waits for it. 0 or negative. */
int exchange_ack(
	struct call *call, struct leg *from, struct message *ack, struct err_text *text);
