/*
 * Who a TLS connection belongs to. A peer is one configured server or gateway: a name,
 * and the trust that its chain must lead to. A certificate is identity; addresses and
 * headers are not (RFC 5922). Loop thread.
 */
#pragma once

#include "base/err.h"
#include "base/list.h"
#include "tls/cred.h"
#include "tls/policy.h"
#include "tls/server_names.h"

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
	PEER_STAPLE,     /* no good OCSP response came with it, and one was demanded */
	PEER_WEAK,       /* key or signature algorithm below the policy */
	PEER_PURPOSE,    /* extended key usage forbids the TLS role */
	PEER_CONSTRAINT, /* path length, name constraint, CA flag */
	PEER_NAME,       /* good chain, but no configured peer has that name */
	PEER_PIN,        /* chain and name are good, the key is none of those named */
	PEER_NOT_ASKED,  /* it did not ask for our certificate */
	PEER_VERSION,    /* the TLS version is below this peer's least */
	PEER_CIPHER,     /* the cipher is none that this peer may use */
	PEER_SERVER_NAME, /* all is good, but the server name asked for belongs to others */
	PEER_RULES,
};

/* How revocation is judged. A list counts where the trust has one, in each mode. */
enum peer_revocation {
	PEER_REVOCATION_HARD,   /* no current list of the issuer refuses */
	PEER_REVOCATION_SOFT,   /* that is let go and noted; who is revoked is refused */
	PEER_REVOCATION_STAPLE, /* as hard, and a current OCSP response must come along */
};

/* One who may connect, or to whom we connect. */
struct peer {
	struct list node; /* in its peer_set */
	struct peer_set
		*set; /* the set that owns it: hold a reference to keep the peer */
	char *id;     /* "server pbx1", "trunk carrier-a": for logs */
	char *name;   /* expected: host name per RFC 5922; the one for SNI */
	char **hosts; /* its names that we connect to, NAME the first of them; NULL-ended */
	char **other_names;  /* that it may have instead, NULL-ended */
	char **pins;         /* its key is one of these, NULL-ended; none: any key */
	bool wildcard;       /* a DNS SAN *.example.com covers one label more */
	bool strict_purpose; /* extended key usage must allow the role it has */
	bool must_ask;       /* connecting: it must ask for our certificate */
	enum peer_revocation revocation;
	struct policy_terms terms; /* the versions and ciphers that it may use */
	struct trust *trust;       /* owned reference */
	char *our_host;            /* by which it knows us; NULL: as everybody does */
	struct cred *cred; /* its own of ours; owned reference; NULL: that of all */
	void *owner;       /* whoever configured it: not touched here */
};

/* What peer_add() copies; what is not set is NULL, 0 or false and asks for nothing more. */
struct peer_params {
	const char *id;
	const char *name;
	char *const *further_hosts; /* that we connect to, behind NAME */
	size_t further_host_count;
	char *const *other_names;
	size_t other_name_count;
	char *const *pins; /* "sha256/" and the base64 of a SubjectPublicKeyInfo's hash */
	size_t pin_count;
	bool wildcard;
	bool strict_purpose;
	bool must_ask;
	enum peer_revocation revocation;
	struct policy_terms terms;
	struct trust *trust; /* a reference is taken */
	const char *our_host;
	void *owner;
};

/* Reference counted: a reload makes a new set, connections keep the one that judged them. */
struct peer_set {
	unsigned refs;
	struct list peers;
	/* Of all its peers together: who comes is not known before the hellos are through.
	 * The rule for everybody while it is empty. */
	struct policy_terms widest;
	struct server_names *names; /* what we present to whom; NULL: the same to all */
};

/* What the judge found. Texts are cut, escaped, and safe to log. */
struct peer_verdict {
	enum peer_rule rule;
	const struct peer *peer; /* the one it belongs to, when rule is PEER_OK */
	time_t until; /* then: when a certificate, CRL or demanded OCSP response runs out */
	char let_go[160];    /* then: what `soft` let pass, "" for nothing */
	char claims[64];     /* id of the peer whose name it carries, good or not */
	char expected[128];  /* names that would have been accepted */
	char presented[256]; /* names in the certificate: "DNS:a, URI:sip:b" */
	char issuer[256];    /* of the last certificate, when the issuer is missing */
	/* What it is known by: "sha256:AB:CD...", its certificate's fingerprint, where that
	 * was presented, else "key id 1A:2B..." as the last certificate names it. */
	char issuer_id[112];
	char detail[256]; /* dates, serial, algorithm: what the rule is about */
};

/* " server=pbx1", " trunk=carrier-a": the words of the log for ID, a peer's; "" for NULL. Returns
 * BUF. */
#define PEER_WORDS_SIZE 90
const char *peer_words(const char *id, char buf[static PEER_WORDS_SIZE]);

/* RET may be NULL. 0 or -ENOMEM: then nothing was added. */
int peer_add(struct peer_set *set, const struct peer_params *params, struct peer **ret);
/* What is presented to PEER from now on; NULL: what is to all. A reference is taken. */
void peer_present(struct peer *peer, struct cred *cred);
/*
 * From now on SET says what is presented to whom by the server name that the far end asks for: COMMON, or what
 * peer_present() gave to single ones. 0; ERR_STATE where two peers know us by one name and have
 * different certificates, with their ids in TEXT; -ENOMEM. On failure all is as it was.
 */
int peer_set_present(struct peer_set *set, struct cred *common, struct err_text *text);
/* Whether whoever is proved to be A is proved to be B by the same: name, trust and rules are the same. */
bool peer_is_alike(const struct peer *a, const struct peer *b);
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

/* Whether we connect to PEER by HOST. */
bool peer_has_host(const struct peer *peer, const char *host);
/* Whether A and B, of different sets, are one: the same id, and a host in common. */
bool peer_is_same(const struct peer *a, const struct peer *b);

/* What a far end showed, as far as it is known. */
struct peer_shown {
	const gnutls_datum_t *chain;        /* DER, leaf first */
	unsigned chain_len;                 /* 0: none */
	const struct policy_agreed *agreed; /* NULL: not judged, there is no session */
	/* An OCSP response for each of the chain, size 0: none; NULL: none came at all. */
	const gnutls_datum_t *staples;
	bool cannot_staple; /* its role and version have no way to send one */
	/* When accepting: the server name that it asked for, "" for none; NULL: not judged. */
	const char *server_name;
	const char *host; /* connecting: that we connected to; NULL: any of the peer's */
};

/*
 * Judges what the far end showed. Connecting by one of a peer's hosts (shown->host), the certificate must carry that
 * one, or one of its other names; the hosts beside it do not count. ONE is the peer
 * we connect to, or NULL when accepting: then the peers of SET are tried, and the one whose
 * name and trust both fit is taken; one whose very name is in the certificate before one
 * that a wildcard covers. Fills VERDICT; returns 0 or ERR_TRUST. Time is now.
 *
 * When accepting, a peer that may not be there by the server name asked for (server_names.h) is left out; where
 * all others fail too, PEER_SERVER_NAME says so.
 *
 * Which rule refuses: the chain's fault before the name's, for a name proves nothing in a
 * bad chain; the key's after both; then the version's and the cipher's, for what is allowed
 * depends on who it is. When accepting, the chain is held against the trust of the peers that have
 * the name; when none has it, against each trust of the set, so that PEER_NAME means that
 * some trust accepts the chain.
 */
int peer_judge(const struct peer_set *set, const struct peer *one,
	const struct peer_shown *shown, struct peer_verdict *ret_verdict);

const char *peer_rule_name(enum peer_rule rule); /* "issuer", "name", ... */
