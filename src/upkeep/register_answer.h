/*
 * What a registrar's final response to REGISTER says of our binding (RFC 3261 10.2.4, 10.2.8). Pure. Any
 * thread.
 */
#pragma once

#include "base/err.h"
#include "sip/message.h"
#include "upkeep/keepalive.h"
#include "upkeep/register_machine.h"
#include "upkeep/register_pace.h"

/* What was asked, to find our own among the bindings that are listed. */
struct register_asked {
	struct message_uri contact; /* our Contact */
	struct span line;           /* its `line` */
	unsigned reg_id;            /* 0: none was said */
	uint64_t expires_ms;        /* 0: it is to be removed */
};

struct register_answer {
	enum register_event event; /* ACCEPTED, AGAIN (423 alone), ELSEWHERE or REFUSED */
	int status;
	uint64_t granted_ms; /* ACCEPTED: for so long, from now on */
	bool granted_said;   /* the registrar said that; else it is what was asked for */
	uint64_t
		flow_timer_ms; /* ACCEPTED: how often it wants to hear of the connection; 0: not said */
	uint64_t min_expires_ms;   /* AGAIN: the least that is granted */
	uint64_t after_ms;         /* Retry-After, or 0 */
	char why[ERR_REASON_SIZE]; /* of all but ACCEPTED: a phrase */
};

void register_answer_read(struct register_answer *ret, const struct message *response,
	const struct register_asked *asked);

/* Appends Service-Route of RESPONSE (RFC 3608) as Route lines, in its order: with more than eight elements, or
 * one that is no address, nothing. */
void register_answer_routes(const struct message *response, struct buf *out);
