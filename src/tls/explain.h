/*
 * Why a handshake failed, in words: which side refused, which rule, what was expected
 * and presented. The log, tandemctl and reports all use these words. Loop thread.
 */
#pragma once

#include "base/buf.h"
#include "tls/channel.h"

/* What there is to say about a channel that failed; outlives it. */
struct explain_report {
	enum channel_fault fault;
	enum peer_rule rule; /* fault REFUSED_BY_US; else PEER_OK */
	int code;
	int alert;                   /* gnutls_alert_description_t */
	bool in_clear;               /* of the alert: channel_failure.in_clear */
	char error[256];             /* what broke; "" */
	char ours[256];              /* the file of the certificate that we presented */
	char server_name[256];       /* that the far end asked for; "" */
	struct peer_verdict verdict; /* verdict.peer is NULL: it may be gone */
};

void explain_report(struct explain_report *ret, const struct channel *channel);

/*
 * Appends `tls refused by=us rule=name expected=... presented=...`, or
 * `tls refused by=them alert="..."`, or `tls failed error="..."`: key=value words for one
 * log line, peers' text escaped.
 */
void explain_channel(const struct channel *channel, struct buf *out);
/* The same words. */
void explain_words(const struct explain_report *report, struct buf *out);

/* A sentence that says what to do about RULE, e.g. "add the issuer to trust". */
const char *explain_fix(enum peer_rule rule);
/* The same for what CHANNEL met, also for the far end's alert. "" when it is fine. */
const char *explain_advice(const struct channel *channel);

/* Where the peer's part of the configuration is, for concrete advice. "": not set. */
struct explain_context {
	const char *file;    /* "/etc/tandem/gateways.d/carrier-a.conf" */
	const char *section; /* "[gateway]", "[server pbx1]" */
	const char *host;
	const char *trust; /* the files */
	const char *crl;
	const char *certificate; /* what we present */
};

/* Appends what to do about REPORT, with names, files and commands. */
void explain_what_to_do(const struct explain_report *report,
	const struct explain_context *context, struct buf *out);
