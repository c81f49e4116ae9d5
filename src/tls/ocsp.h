/*
 * OCSP: what a response says of a certificate, and the question that brings one (RFC 6960).
 * Any thread.
 */
#pragma once

#include <gnutls/x509.h>
#include <stdbool.h>
#include <time.h>

/* A response is one or two kilobytes; a delegate's chain may come with it. */
#define OCSP_BYTES_MAX ((size_t)16 * 1024)
#define OCSP_TEXT_SIZE 160

enum ocsp_status {
	OCSP_GOOD,
	OCSP_REVOKED,    /* also when the response is out of its dates */
	OCSP_UNKNOWN,    /* the responder does not know the certificate */
	OCSP_STALE,      /* past its nextUpdate, or it has none */
	OCSP_NOT_YET,    /* thisUpdate is in the future */
	OCSP_OTHER,      /* about other certificates */
	OCSP_FORGED,     /* neither the issuer signed it nor one that may do so for it */
	OCSP_UNREADABLE, /* too large, no response, or one that only says an error */
};

struct ocsp_answer {
	enum ocsp_status status;
	time_t this_update;        /* 0 unless it is about the certificate */
	time_t next_update;        /* likewise; 0: it has none */
	char text[OCSP_TEXT_SIZE]; /* "was due 2026-11-22T15:04:05Z"; "" when good */
};

/* Whether ISSUER has the name of CERTIFICATE's issuer, and signed it. No date and no
 * strength is looked at. */
bool ocsp_is_issuer(gnutls_x509_crt_t issuer, gnutls_x509_crt_t certificate);

/*
 * Checks the response DER about CERTIFICATE of ISSUER (see ocsp_is_issuer()). The
 * signer is ISSUER, or a certificate in the response that ISSUER signed for
 * id-kp-OCSPSigning (RFC 6960 4.2.2.2) and that is within its dates; whether such a
 * delegate is revoked is not checked. A response without nextUpdate may be old and counts as
 * stale.
 */
void ocsp_read(struct ocsp_answer *ret, const gnutls_datum_t *der,
	gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer);

/* The request for CERTIFICATE, without a nonce, so that a responder may have its answer
 * ready (RFC 5019). Free RET->data with gnutls_free(). 0 or ERR_LIBRARY. */
int ocsp_request(
	gnutls_datum_t *ret, gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer);
/* The http: URL of the responder that CERTIFICATE names (RFC 5280 4.2.2.1), the first one.
 * To be freed. NULL: there is none. */
char *ocsp_responder(gnutls_x509_crt_t certificate);
