/*
 * A peer's certificate chain, and whether it leads to an anchor by today's rules. Names
 * are not looked at here. Loop thread, for the time of one judgement.
 */
#pragma once

#include "tls/peer.h"
#include "tls/policy.h"

struct chain {
	gnutls_x509_crt_t crts[POLICY_CHAIN_MAX];
	unsigned count;
	const gnutls_datum_t *staples; /* see struct peer_shown; borrowed */
	bool cannot_staple;
};

/* At most POLICY_CHAIN_MAX of DER, leaf first. 0, or ERR_FORMAT with nothing to free. */
int chain_import(struct chain *ret, const gnutls_datum_t *der, unsigned count);
void chain_free(struct chain *chain);

/* What an extended key usage must allow. */
enum chain_purpose { CHAIN_EITHER_ROLE, CHAIN_TLS_SERVER, CHAIN_TLS_CLIENT };

/* What is asked of a chain beside leading to an anchor. */
struct chain_demands {
	enum chain_purpose purpose;
	enum peer_revocation revocation;
};

/*
 * Holds CHAIN against TRUST: path, dates, strength, purpose, revocation. Returns the rule
 * that refuses it, or PEER_OK; fills the verdict's rule, until, let_go, issuer and detail.
 */
enum peer_rule chain_judge(const struct chain *chain, const struct trust *trust,
	const struct chain_demands *demands, struct peer_verdict *verdict);

/* Whether the key usage of LEAF, DER, allows it to sign a handshake; so too when it says
 * nothing. */
bool chain_may_sign(const gnutls_datum_t *leaf);
