/*
 * OCSP responses made while a test runs, good and bad ones. GnuTLS signs none, so they are
 * put together here byte by byte (RFC 6960 4.2.1). Nothing here returns an error.
 */
#pragma once

#include "lab.h"

#include "base/buf.h"

#include <stdbool.h>

struct response_spec {
	const struct lab_id *about;  /* whose issuer answers */
	const struct lab_id *signer; /* NULL: that issuer */
	bool attach;                 /* the signer's certificate comes along */
	char status;                 /* 0 good, 'r' revoked, 'u' unknown */
	unsigned error;              /* not 0: this responseStatus, and nothing else */
	long from;                   /* thisUpdate, seconds from now; 0: an hour ago */
	long due;                    /* nextUpdate, likewise; 0: in a day */
	bool no_due;                 /* it has none */
	bool sha1;                   /* signed so */
	const struct lab_id *first;  /* another certificate's good status comes before */
};

/* DER: TAG, the length and the bytes. */
void respond_add(struct buf *out, unsigned char tag, const void *data, size_t len);
/* DER; free RET->data with free(). */
void respond(gnutls_datum_t *ret, const struct response_spec *spec);
