/*
 * A call that is redirected before it is answered (RFC 3261 8.1.3.4), which is a blind transfer by whom it was
 * offered to: the numbers that a 3xx names are called in its place, or the caller is told them. Which of the two is
 * said by `redirect` of the server or gateway that answered, and by `redirect-out` of the caller's.
 *
 * A number is one of who redirected, by its rules, and goes by routes alone: by those of the server where a server
 * and a gateway have the call, since it is the server that may call out; else by those of whoever calls. Where they know
 * nobody who takes the number, by those of the other one.
 *
 * A number is called once in a call, and REDIRECTION_NUMBERS at most are; one redirection may lead to another
 * REDIRECTION_DEPTH times. Each takes one from Max-Forwards. An emergency call is not redirected, nor is any other one to an
 * emergency number. Loop thread.
 */
#pragma once

#include "bridge/call.h"

#define REDIRECTION_NUMBERS 10
#define REDIRECTION_DEPTH 5

/*
 * Leg b of CALL, which nobody has answered, gave the 3xx RESPONSE; HEARD: the caller has heard media of it. FOLLOWED:
 * redirection_go_on() calls whom it names, once leg b is free; whom the call could be offered to before is not asked
 * any more. PASSED: redirection_add() is for its refusal.
 */
enum trunk_redirect redirection_take(
	struct call *call, struct message *response, bool heard);
/* Whether a number that was named is not called yet. */
bool redirection_is_due(const struct call *call);
/* The next of them, which is due: CALL->party and CALL->hunt, which does not begin, are for it. 0 or -ENOMEM. */
int redirection_go_on(struct call *call);
/* The call was answered: leg b is known by the number that was called, and the rest is freed. Nothing where it was not
 * redirected. */
void redirection_answered(struct call *call);
/* Nobody is called any more, and CALL->party is that of before. Nothing where it was not redirected. */
void redirection_free(struct call *call);
/* Appends what its caller, who is refused with STATUS, is told of whom to call instead, as whole lines; nothing where
 * none is passed, or STATUS is no 3xx. */
void redirection_add(const struct call *call, int status, struct buf *out);
