/*
 * The text of a REGISTER (RFC 3261 10.2, 5626 4.2.1, 6140 5.1). Loop thread.
 */
#pragma once

#include "bridge/bridge.h"
#include "sip/request.h"
#include "trunk/registration.h"
#include "upkeep/register_plan.h"

/* Room for the URI in our Contact, with a NUL. */
#define REGISTER_CONTACT_SIZE (BRIDGE_NAME_SIZE + 80)

/* Borrowed. */
struct register_request {
	const struct register_plan *plan;
	const struct registration *registration;
	const struct bridge_names *names; /* of us toward the trunk, over the flow */
	const char *host;                 /* whom it goes to, as it is configured */
	uint64_t expires_ms;              /* 0: the binding is removed */
};

/* The URI in our Contact: what calls name us, with the user of PLAN. Returns BUF. */
const char *register_request_contact(
	const struct register_request *asked, char buf[static REGISTER_CONTACT_SIZE]);
/* DIALOG, zeroed, has what all REGISTERs of a binding share. 0 or -ENOMEM. */
int register_request_dialog(struct dialog *dialog, const struct register_request *asked);
/* DIALOG goes by the outbound proxy, where there is one: a Route to there. 0 or -ENOMEM. */
int register_request_route(struct dialog *dialog, const struct register_request *asked,
	enum transport_kind kind);
/* Adds the headers to REQUEST, which has begun. The credentials and the end are still to come. */
void register_request_headers(
	struct request *request, const struct register_request *asked);
