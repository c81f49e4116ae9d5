/*
 * Who a TLS connection belongs to. A peer is one configured server or gateway: a name,
 * and the trust that its chain must lead to. A certificate is identity; addresses and
 * headers are not (RFC 5922). Loop thread.
 */
#pragma once

#include "base/err.h"
#include "base/list.h"
#include "tls/cred.h"

#include <gnutls/x509.h>
#include <stdbool.h>
#include <time.h>

/* The rule that refused a certificate, one word each for logs and reports. */
enum peer_rule {
	PEER_OK,
	PEER_NO_CERTIFICATE, /* none was presented */
	PEER_UNREADABLE,     /* it cannot be parsed */
	PEER_ISSUER,         /* chain does not lead to an anchor of this peer */
	PEER_EXPIRED,
	PEER_NOT_YET,
	PEER_REVOKED,
	PEER_CRL_STALE,  /* revocation cannot be judged any more */
	PEER_WEAK,       /* key or signature algorithm below the policy */
	PEER_PURPOSE,    /* extended key usage forbids both TLS roles */
	PEER_CONSTRAINT, /* path length, name constraint, CA flag */
	PEER_NAME,       /* good chain, but no configured peer has that name */
};

/* One who may connect, or to whom we connect. */
struct peer {
	struct list node; /* in its peer_set */
	struct peer_set
		*set;        /* the set that owns it: hold a reference to keep the peer */
	char *id;            /* "server pbx1", "trunk carrier-a": for logs */
	char *name;          /* expected: host name per RFC 5922 */
	struct trust *trust; /* owned reference */
	void *owner;         /* whoever configured it: not touched here */
};

/* Reference counted: a reload makes a new set, connections keep the one that judged them. */
struct peer_set {
	unsigned refs;
	struct list peers;
};

/* What the judge found. Texts are cut, escaped, and safe to log. */
struct peer_verdict {
	enum peer_rule rule;
	const struct peer *peer; /* the one it belongs to, when rule is PEER_OK */
	time_t until;            /* then: when a certificate or CRL of it runs out */
	char claims[64];         /* id of the peer whose name it carries, good or not */
	char expected[128];      /* names that would have been accepted */
	char presented[256];     /* names in the certificate: "DNS:a, URI:sip:b" */
	char issuer[256];        /* of the last certificate, when the issuer is missing */
	char detail[256];        /* dates, serial, algorithm: what the rule is about */
};

/* Takes copies of the texts and a reference to TRUST. 0 or -ENOMEM. */
int peer_add(struct peer_set *set, const char *id, const char *name, struct trust *trust,
	void *owner, struct peer **ret);
/* An empty set with one reference. 0 or -ENOMEM. */
int peer_set_new(struct peer_set **ret);
struct peer_set *peer_set_ref(struct peer_set *set);
void peer_set_unref(struct peer_set *set); /* NULL is fine; the last frees every peer */

/*
 * RFC 5922 7.1: does CERTIFICATE carry NAME? URI SANs "sip:NAME" (no user part), DNS SANs
 * where there is no such URI, the CN only where there is no SAN of any kind;
 * case-insensitive, a trailing dot is no difference, no wildcards, a NUL or other odd byte
 * never matches. NAME may be a numeric address: then an IP SAN.
 */
bool peer_match_name(gnutls_x509_crt_t certificate, const char *name);

/*
 * Judges the chain (DER, leaf first) that the far end of SESSION presented. ONE is the peer
 * we connect to, or NULL when accepting: then the peers of SET are tried, and the one whose
 * name and trust both fit is taken. Fills VERDICT; returns 0 or ERR_TRUST. Time is now.
 *
 * Which rule refuses: the chain's fault before the name's, for a name proves nothing in a
 * bad chain. When accepting, the chain is held against the trust of the peers that have
 * the name; when none has it, against each trust of the set, so that PEER_NAME means that
 * some trust accepts the chain.
 */
int peer_judge(const struct peer_set *set, const struct peer *one,
	const gnutls_datum_t *chain, unsigned chain_len,
	struct peer_verdict *ret_verdict);

const char *peer_rule_name(enum peer_rule rule); /* "issuer", "name", ... */
