/*
 * What the files of a probe share. Loop thread; nobody outside src/probe/probe*.c includes
 * this.
 */
#pragma once

#include "probe/probe.h"
#include "sip/txn.h"
#include "tls/explain.h"

struct probe {
	struct loop *loop;
	struct resolver *resolver;
	struct trunk *trunk;   /* a reference */
	struct config *config; /* a reference: the trunk's, when the probe began */
	const struct config_server *server; /* one of these two, in CONFIG */
	const struct config_gateway *gateway;
	bool quiet;
	probe_h *h;
	void *arg;
	struct peer_set *peers; /* of one: the far end */
	struct peer *peer;
	struct cred *cred; /* what we present; a reference */
	struct resolve *resolving;
	struct addr addrs[RESOLVE_MAX];
	unsigned addr_count, addr_at;
	struct transport *transport;
	struct txn_layer *txns;
	struct flow *flow; /* a reference */
	enum probe_step_kind at;
	uint64_t step_us; /* monotonic, when the present step began */
	struct timer step_timer, all_timer;
	struct loop_task finish;
	struct probe_result result;
};

const char *probe_host(const struct probe *probe);
uint16_t probe_port(const struct probe *probe); /* 0: SRV */
/* Where its part of the configuration is. */
void probe_context(const struct probe *probe, struct explain_context *ret);

/* The words of the present step; the later ones replace the earlier ones. */
void probe_say(struct probe *probe, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void probe_fix(struct probe *probe, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The present step is done. FAILED, or the last one: the probe ends. */
void probe_done(struct probe *probe, enum probe_verdict verdict);

/* ---- SIP: probe_sip.c ---- */

/* Of the probe's transport. */
void probe_receive(void *arg, struct flow *flow, struct message *message,
	const struct message_fault *fault);
int probe_sip_new(struct probe *probe);
/* The TLS connection is open: asks. */
void probe_options(struct probe *probe);
