/* What the tests of transactions share: a layer on a flow of ours, and what it does as words. */
#pragma once

#include "../unit.h"

#include "base/buf.h"
#include "base/timer.h"
#include "sip/txn.h"

#define BRANCH "z9hG4bKbranch"

/* Everything that happens is a word in `trace`. */
struct rig {
	struct clock_virtual clock;
	struct timers *timers;
	struct txn_layer *layer;
	struct flow flow;
	struct flow *from; /* what is delivered comes by it */
	struct txn_client *client;
	struct txn_server *server;
	const char *method;
	char request[512]; /* of the client */
	struct buf trace;
	struct buf sent; /* the last message, whole */
};

/* SAME_H as in txn_handlers. */
void rig_init_with(struct rig *rig, enum transport_kind kind, const char *method,
	bool (*same_h)(void *arg, const struct flow *flow, const struct flow *other));
void rig_init(struct rig *rig, enum transport_kind kind, const char *method);
void rig_free(struct rig *rig);
/* FLOW, zeroed, becomes another one of RIG. */
void rig_init_flow(struct rig *rig, struct flow *flow, enum transport_kind kind);
/* Lets MS milliseconds pass, one by one. */
void pass(struct rig *rig, uint64_t ms);

/* What comes by rig->from. */
void deliver(struct rig *rig, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void deliver_response(struct rig *rig, int status, const char *method);
void deliver_request(
	struct rig *rig, const char *method, const char *branch, const char *to_tag);

/* Sends a request of rig->method, by rig->client. */
void start_client(struct rig *rig);
