/*
 * What is to be registered of a trunk: its settings in the words of REGISTER, one plan for each address of
 * record and, with `outbound`, each connection. Loop thread.
 */
#pragma once

#include "trunk/trunk.h"

/* RFC 5626 4.2.1: two connections are enough for one to be left. */
#define REGISTER_FLOWS_MAX 2

/* Owned texts. */
struct register_plan {
	char *aor;     /* "sip:+4930123@carrier.example": To and From */
	char *uri;     /* "sip:carrier.example": the Request-URI */
	char *user;    /* of our Contact; "": none, as bulk wants it */
	char **hosts;  /* whom to ask, in order; NULL-ended */
	uint16_t port; /* of these; 0: SRV */
	bool routed;   /* these are outbound proxies: with a Route */
	enum transport_kind transport;
	uint64_t expires_ms;
	bool bulk, outbound;
	unsigned reg_id; /* from 1; 0: no outbound */
};

struct register_plans {
	struct register_plan *list;
	unsigned count;
};

/* What TRUNK's settings of now want; none where it does not register or is disabled. 0 or -ENOMEM. */
int register_plans_read(struct register_plans *ret, const struct trunk *trunk);
void register_plans_free(struct register_plans *plans);
void register_plan_free(struct register_plan *plan);

/* Whether A and B are one binding at one registrar: what differs else only changes how it is asked for. */
bool register_plan_is_same(const struct register_plan *a, const struct register_plan *b);
/* Whether nothing differs at all. */
bool register_plan_equal(const struct register_plan *a, const struct register_plan *b);

/* The host in IDENTITY, "USER@DOMAIN"; empty: it has none. */
struct span register_plan_domain(const char *identity);
