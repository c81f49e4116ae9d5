/*
 * What the files of a probe share. Loop thread; nobody outside src/probe/probe*.c includes
 * this. Each of them calls only those that stand below it here: probe.c connects and ends,
 * probe_options.c asks, probe_call.c calls, then probe_media.c, probe_sip.c, probe_step.c.
 */
#pragma once

#include "probe/probe.h"
#include "sdp/sdes.h"
#include "sip/request.h"
#include "tls/explain.h"

/* The call that offers SRTP. */
struct probe_call {
	struct dialog dialog;
	struct txn_client *invite;            /* NULL: none, or it has ended */
	uint32_t cseq;                        /* of INVITE */
	enum sdes_suite offered[SDES_SUITES]; /* by tag, which counts from 1 */
	unsigned offered_count;
	bool given_up; /* the verdict is found, and the call is being ended */
	bool answered; /* by a 2xx: BYE was sent */
	enum probe_verdict verdict;
};

struct probe {
	struct loop *loop;
	struct resolver *resolver;
	struct trunk *trunk;   /* a reference */
	struct config *config; /* a reference: the trunk's, when the probe began */
	const struct config_trunk *settings;  /* in CONFIG */
	const struct config_gateway *gateway; /* the same one's; NULL: a server */
	const char *host;                     /* of SETTINGS: which it is about */
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
	struct probe_call call;
	enum probe_step_kind at;
	uint64_t step_us; /* monotonic, when the present step began */
	struct timer step_timer, all_timer;
	struct loop_task finish;
	void (*finish_h)(void *arg); /* what it runs: probe.c's */
	struct probe_result result;
};

/* ---- steps: probe_step.c ---- */

const char *probe_host(const struct probe *probe);
uint16_t probe_port(const struct probe *probe);   /* 0: SRV */
uint64_t probe_now_us(const struct probe *probe); /* monotonic */
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
const char *probe_from_host(const struct probe *probe);
/* Where we are heard: "med1.example.com:5061". */
void probe_add_our_host(const struct probe *probe, struct buf *out);
/* A dialog that is to begin: from user FROM of ours to user TO of the far end; NULL: without a
 * user. 0 or -ENOMEM. */
int probe_init_dialog(
	const struct probe *probe, const char *from, const char *to, struct dialog *ret);
/* Begins a request of METHOD in DIALOG; CSEQ is for ACK. */
struct request probe_begin(struct probe *probe, enum message_method method,
	struct dialog *dialog, uint32_t cseq);

/* ---- OPTIONS: probe_options.c ---- */

/* The TLS connection is open: asks. */
void probe_options(struct probe *probe);

/* ---- an offer of SRTP by a call: probe_call.c ---- */

/* Calls probe-number of the gateway. */
void probe_call(struct probe *probe);
/* The probe ends: a call that stands is told so, as far as that goes without waiting. */
void probe_call_drop(struct probe *probe);

/* ---- its media: probe_media.c ---- */

/* What the far end's calls would have to be with TLS on. */
enum config_srtp probe_srtp_rule(const struct probe *probe);
void probe_add_offer(struct probe *probe, struct buf *out);
/* These say what was found, as probe_say() and probe_fix(). TEXT is SDP. */
enum probe_verdict probe_judge_answer(struct probe *probe, struct span text);
enum probe_verdict probe_judge_options(
	struct probe *probe, const struct message *response);
