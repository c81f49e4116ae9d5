/*
 * Credentials: our certificate and key of one role, and trust anchors with CRLs for
 * judging peers. Immutable once loaded; a reload loads anew and swaps. Reference counted
 * by the loop thread.
 */
#pragma once

#include "base/err.h"
#include "tls/facts.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <time.h>

/* What we present. */
struct cred;

/*
 * Loads a PEM chain and its key (a PEM file, or a pkcs11: URI) whole. Refuses with a
 * sentence: a file that cannot be read, a key file, or one with a token's PIN (pin-source),
 * that others may read or that group or others may write, a key that does not belong to
 * the certificate, a certificate out of its dates, one without the name FQDN (NULL: any).
 * No text ever holds a pkcs11: URI, because that may hold a PIN.
 * 0; ERR_TRUST, ERR_FORMAT or -errno with TEXT, *ret untouched.
 */
int cred_load(struct cred **ret, const char *certificate, const char *key,
	const char *fqdn, struct err_text *text);
/* The same for a certificate that is to be presented from WHEN on: then it must be within
 * its dates, not now. */
int cred_load_at(struct cred **ret, const char *certificate, const char *key,
	const char *fqdn, time_t when, struct err_text *text);
/*
 * The key alone, a PEM file or a pkcs11: URI, as cred_load() reads it. Both are the caller's on success:
 * *RET_PIN_FILE, which may be NULL, is freed after the key. 0; ERR_TRUST: others may read it, or a token refuses the PIN, which
 * then must not be tried again and again; or negative, with TEXT.
 */
int cred_key_load(gnutls_privkey_t *ret, char **ret_pin_file, const char *key,
	struct err_text *text);
struct cred *cred_ref(struct cred *cred);
void cred_unref(struct cred *cred); /* NULL is fine */
/* Whether both hold the same certificate chain (and so the same key). */
bool cred_equal(const struct cred *a, const struct cred *b);
gnutls_certificate_credentials_t cred_handle(const struct cred *cred);
/*
 * Has SESSION, of a server, that another library made and that has not begun its handshake, present CRED, which must outlive it, by our
 * policy, and ask the far end for no certificate. 0 or ERR_LIBRARY: then it must not be served.
 */
int cred_serve(const struct cred *cred, gnutls_session_t session);
/* The file of the certificate, as it was loaded. */
const char *cred_file(const struct cred *cred);
/* Our own certificate's subject names, for reports: "med1.example.com". Never NULL. */
const char *cred_name(const struct cred *cred);
/* The names that it carries; they live as long as CRED. */
struct names;
const struct names *cred_names(const struct cred *cred);
/*
 * Whether we may call ourselves HOST with it: it carries that name, or a wildcard that stands for its
 * first label. 0; ERR_TRUST with TEXT. *RET_WILDCARD (may be NULL): a wildcard alone.
 */
int cred_check_host(const struct cred *cred, const char *host, bool *ret_wildcard,
	struct err_text *text);
/* When the first certificate of our chain expires. */
time_t cred_expires(const struct cred *cred);
/* Its chain, leaf first. 0 or negative. */
int cred_facts(const struct cred *cred, struct facts_chain *ret);
/* Whether its certificate is presented alone, and is by another authority: a peer that does not have that one,
 * but only one above it, cannot verify it. Then RET_ISSUER is its name, else "". */
bool cred_is_alone(const struct cred *cred, char ret_issuer[static FACTS_TEXT_SIZE]);

/* Whom a peer's chain must lead to. */
struct trust;

/*
 * ANCHORS and CRL are PEM files; CRL may be "" for none. 0, or negative with TEXT. A CRL
 * past its nextUpdate loads, and then refuses whom it concerns (fail closed). So does a
 * CRL file without a list of the peer certificate's own issuer; issuers further up are
 * judged by their lists where the file has them.
 */
int trust_load(
	struct trust **ret, const char *anchors, const char *crl, struct err_text *text);
/* Whether ANCHORS and CRL still hold what TRUST was loaded from, byte for byte. */
bool trust_is_of(const struct trust *trust, const char *anchors, const char *crl);
struct trust *trust_ref(struct trust *trust);
void trust_unref(struct trust *trust);
gnutls_x509_trust_list_t trust_list(const struct trust *trust);
/* NULL without a CRL file. Signatures of lists are remembered in it: not const. */
struct crl_set;
struct crl_set *trust_crls(const struct trust *trust);
/* When the first CRL is due, for warnings in time. 0: there is none. */
time_t trust_crl_due(const struct trust *trust);
struct trust_reader {
	void (*anchor_h)(void *arg, const struct facts *anchor);
	void (*crl_h)(void *arg, const struct facts_crl *crl);
	void *arg;
};
/* Calls H with the name of each authority among the anchors that none of the lists is by: whom it certified
 * itself is refused then. For none without a CRL file. */
void trust_unlisted(
	const struct trust *trust, void (*h)(void *arg, const char *name), void *arg);
/* Calls H for each anchor that is no CA's certificate, but a host's own: whoever has that very certificate is let
 * in, and nobody else. */
void trust_hosts(const struct trust *trust,
	void (*h)(void *arg, const char *subject, const char *issuer), void *arg);
/* What to do about such a one, as one sentence. */
const char *trust_host_advice(const char *subject, const char *issuer);
/* Whether the authority of CRED's own certificate is among the anchors: then peers that trust the same can verify
 * it. */
bool trust_has_issuer(const struct trust *trust, const struct cred *cred);
/* The same of a file of anchors; false where it cannot be read. */
bool trust_file_has_issuer(const char *anchors, const struct cred *cred);
/* Calls READER for each anchor and each revocation list of TRUST. */
void trust_read(const struct trust *trust, const struct trust_reader *reader);
