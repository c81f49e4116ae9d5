/*
 * The OCSP response that goes along with a certificate of ours (RFC 6066 8, RFC 8446
 * 4.4.2.1): how to ask for one, and what came. Loop thread.
 */
#pragma once

#include "tls/cred.h"
#include "tls/ocsp.h"

struct staple;

/* For CRED's certificate (a reference is taken). 0 or negative with TEXT. */
int staple_new(struct staple **ret, struct cred *cred, struct err_text *text);
void staple_free(struct staple *staple); /* NULL is fine */

/* The http: URL that the certificate names, or NULL. */
const char *staple_responder(const struct staple *staple);
/* The certificate's fingerprint in hex: one word, fit for a file's name. */
const char *staple_id(const struct staple *staple);

/*
 * Looks for the certificate's issuer, which the functions below need: behind it in its
 * chain, then in TRUST, a PEM file. 0, also when it was found before; ERR_TRUST when it is
 * in neither, or negative; with TEXT.
 */
int staple_find_issuer(struct staple *staple, const char *trust, struct err_text *text);
/* What to POST to the responder, DER. Free RET->data with gnutls_free(). 0 or ERR_LIBRARY. */
int staple_request(const struct staple *staple, gnutls_datum_t *ret);

/*
 * Presents the response DER with the certificate from the next handshake on, in the place
 * of an earlier one. Only one that is good now is taken: 0, or ERR_TRUST with TEXT, which
 * says what is wrong with it. In either case *RET says what it is.
 */
int staple_take(struct staple *staple, const gnutls_datum_t *der, struct ocsp_answer *ret,
	struct err_text *text);
