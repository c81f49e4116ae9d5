/*
 * New keys, and what requests and certificates say of a key and its names. For newkey.c, csr.c and
 * authority.c alone.
 */
#pragma once

#include "base/addr.h"
#include "tls/csr.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdbool.h>

/* A subject alternative name; its bytes are those of its text, or of ADDR. */
struct newkey_name {
	gnutls_x509_subject_alt_name_t type; /* GNUTLS_SAN_DNSNAME or _IPADDRESS */
	const void *bytes;
	unsigned len;
	struct addr addr;
};

/* NAME, which is borrowed, as a host name or a numeric address. */
void newkey_read_name(struct newkey_name *ret, const char *name);

/* What a key of TLS is used for: RSA keys also for the key exchange of old peers. */
unsigned newkey_usage(bool rsa);

/* A new key, which the caller owns, and its PEM in PKCS#8 form added to RET_PEM. 0, or negative with TEXT. */
int newkey_make(gnutls_privkey_t *ret, enum csr_key type, struct buf *ret_pem,
	struct err_text *text);
