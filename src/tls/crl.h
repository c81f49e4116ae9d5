/*
 * Revocation lists, indexed by serial number: GnuTLS walks the whole list for every
 * certificate and does not look at nextUpdate again once a list is loaded. Loop thread.
 */
#pragma once

#include "base/err.h"
#include "tls/facts.h"
#include "tls/peer.h"

#include <gnutls/x509.h>
#include <stdbool.h>
#include <time.h>

struct crl_set;

/*
 * Reads the CRLs of the PEM file PATH. Lists of the given ANCHORS must bear their
 * signature, but for those that name another key than the anchor's (RFC 5280 5.2.1) beside
 * one of the anchor's own: a CA that changed its key has a list for each. Those and the lists
 * of other issuers (intermediate CAs) are checked when such an issuer is presented. Delta lists and others with critical extensions are refused: RFC 5280 5.2
 * forbids to use what one does not understand. 0, or negative with TEXT.
 */
int crl_load(struct crl_set **ret, const char *path, gnutls_x509_trust_list_t anchors,
	struct err_text *text);
void crl_free(struct crl_set *set); /* NULL is fine */

/* When the first of the lists is due. 0: no list has a date. */
time_t crl_due(const struct crl_set *set);
/* Whether a list is by the authority of the name DN (DER). */
bool crl_names(const struct crl_set *set, const gnutls_datum_t *dn);
/* Calls H for each list. */
void crl_each(const struct crl_set *set,
	void (*h)(void *arg, const struct facts_crl *crl), void *arg);

/*
 * Looks CERTIFICATE up in the lists that the key of its ISSUER signed. ISSUER signed
 * CERTIFICATE and is trusted; NULL: nobody knows it, and there is no list. PEER_OK, PEER_REVOKED or PEER_CRL_STALE, then with DETAIL;
 * lowers *UNTIL to when the answer expires. Without a list of this issuer: PEER_OK, or
 * PEER_CRL_STALE when one is REQUIRED.
 */
enum peer_rule crl_check(struct crl_set *set, gnutls_x509_crt_t certificate,
	gnutls_x509_crt_t issuer, bool required, time_t *until, char *detail,
	size_t size);
