/* What the files of a test call share: testcall.c, and testcall_ask.c, its descriptions. Not for others. */
#pragma once

#include "bridge/history.h"
#include "bridge/hunt.h"
#include "bridge/leg.h"
#include "bridge/testcall.h"

struct testcall {
	struct list node; /* in bridge->testcalls */
	struct bridge *bridge;
	struct config *config; /* owned reference */
	const struct testcall_kind *kind;
	char *called, *caller;     /* owned */
	char *from_sent, *to_sent; /* in its last INVITE; NULL: there was none */
	struct config_trunk own;   /* its settings, */
	bool has_own;              /* where they are not the gateway's */
	const char *headers;
	bool delayed;
	uint64_t number;
	char id[32];
	struct hunt *hunt; /* for its one target, until it is answered */
	struct leg leg;    /* to the gateway */
	struct leg nobody; /* the other end of the relay, which sends and hears nothing */
	struct relay_session *session;
	struct history history;
	const struct config_gateway *gateway; /* lives as long as config */
	struct timer timer;                   /* of its length; then of its burial */
	uint64_t start_wall_us, start_us;
	uint64_t ringing_us, answer_us, end_us; /* since start; 0: not */
	int status;
	const char *cause; /* static; NULL: it goes on */
	bool by_far;       /* it ended it */
	bool early;        /* a reliable 18x had the answer */
	bool asking;       /* a re-INVITE or UPDATE of ours has no final response */
	char detail[ERR_REASON_SIZE];
	struct testcall_user user; /* zeroed: nobody waits for it */
};

uint64_t testcall_age_us(const struct testcall *testcall);
/* It is over for CAUSE, static, with STATUS unless it was answered. WHY: a sentence, or NULL. */
void testcall_over(struct testcall *testcall, bool by_far, const char *cause, int status,
	const char *why);

/* RESPONSE, 2xx to the first INVITE: what it says is taken. *RET is what the ACK has to say, NULL: nothing. 0;
 * negative with TEXT, and the call ends. */
int testcall_take(struct testcall *testcall, struct message *response, struct sdp **ret,
	struct err_text *text);
/* A 101-199: acknowledged where it asks for that, and an answer in a reliable one is taken. */
void testcall_take_early(struct testcall *testcall, struct message *response);
/* Whether REPORT is the final response to what testcall_reinvite() or testcall_update() asked: then it is done
 * with. */
bool testcall_asked(struct testcall *testcall, const struct leg_report *report);
