/*
 * What a certificate says, as plain text and dates: for lists, notes and metrics. Nothing is
 * judged by it. Peers' texts are escaped and cut (tls/escape.h). Loop thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "tls/policy.h"

#include <gnutls/x509.h>
#include <stdbool.h>
#include <time.h>

#define FACTS_TEXT_SIZE 256
/* "AB:CD..." of a SHA-256, as openssl x509 -fingerprint prints it. */
#define FACTS_FINGERPRINT_SIZE 96
/* "sha256/" and 44 of base64. */
#define FACTS_PIN_SIZE 56

struct facts {
	char subject[FACTS_TEXT_SIZE];
	char common_name[128]; /* of the subject, the first; "" where it has none */
	char issuer[FACTS_TEXT_SIZE];
	char names[FACTS_TEXT_SIZE]; /* "DNS:a, URI:sip:b" */
	char serial[64];             /* hexadecimal, "" when it cannot be read */
	char fingerprint[FACTS_FINGERPRINT_SIZE];
	char pin[FACTS_PIN_SIZE]; /* its key as `pins` has it, "sha256/..." */
	char eku[128];            /* "serverAuth, 1.2.3"; "any" without the extension */
	char key[48];             /* "RSA 2048", "EC/ECDSA 256" */
	time_t from, to;          /* valid; 0 when it cannot be read */
	bool ca;
	bool self_signed;
};

/* Never fails: what cannot be read is "". */
void facts_read(struct facts *ret, gnutls_x509_crt_t certificate);

/* A chain, leaf first. */
struct facts_chain {
	unsigned count;
	struct facts facts[POLICY_CHAIN_MAX];
};

/* COUNT certificates in DER. 0; ERR_FORMAT when one cannot be read, ERR_LIMIT when they are
 * none or more than POLICY_CHAIN_MAX; *RET is then of no use. */
int facts_of_der(struct facts_chain *ret, const gnutls_datum_t *der, unsigned count);
/* The same of the PEM file PATH; also as pem_read(), with TEXT. */
int facts_of_file(struct facts_chain *ret, const char *path, struct err_text *text);

/* A public key as `pins` names it: the SHA-256 of its SubjectPublicKeyInfo. "" when it cannot
 * be computed. Returns BUF. */
const char *facts_pin(gnutls_x509_crt_t certificate, char buf[static FACTS_PIN_SIZE]);

/* The fingerprint alone, of one certificate in DER; much cheaper. Returns BUF. */
const char *facts_fingerprint(
	const gnutls_datum_t *der, char buf[static FACTS_FINGERPRINT_SIZE]);

/* Appends certificates in DER as PEM to OUT. 0 or negative. */
int facts_print_pem(const gnutls_datum_t *der, unsigned count, struct buf *out);

/* What a revocation list says of itself. */
struct facts_crl {
	char issuer[FACTS_TEXT_SIZE];
	time_t issued;
	time_t due; /* nextUpdate; 0: it does not say */
};
