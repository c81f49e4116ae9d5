/*
 * A key of one's own, and the request by which an authority makes a certificate for it (PKCS#10). For
 * tandemctl: nothing here is used while calls run. Any thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* Far more than a certificate of a SIP server carries. */
#define CSR_NAMES_MAX 32

enum csr_key { CSR_ECDSA, CSR_RSA }; /* P-256; 3072 bits */

struct csr_spec {
	const char *const *
		names; /* host names or numeric addresses; the first one is the subject's too */
	size_t name_count;     /* 1 to CSR_NAMES_MAX */
	enum csr_key key_type; /* of a new key */
	const char
		*key; /* one that exists, a PEM file or a pkcs11: URI; NULL: make one */
};

/*
 * Makes the request of SPEC, with its names as subjectAltName, digitalSignature (and keyEncipherment for
 * RSA) and both roles of TLS. The key in PKCS#8 form is added to RET_KEY unless SPEC names one, the request
 * to RET_REQUEST, both PEM; a struct buf wipes what it no longer holds. 0, or negative with TEXT.
 */
int csr_make(const struct csr_spec *spec, struct buf *ret_key, struct buf *ret_request,
	struct err_text *text);
