/*
 * Certificates made while a test runs, good and bad ones: no key is ever kept in git.
 * Nothing here returns an error: a lab that fails fails the test.
 */
#pragma once

#include "tls/cred.h"
#include "tls/peer.h"

#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define LAB_DAY 86400

/* A certificate with its key and the chain above it. */
struct lab_id {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
	const struct lab_id *issuer; /* itself for a root; borrowed */
};

/* Subject alternative names, byte by byte: kind is 'D', 'U', 'I' (DNS, URI, IP), 'E'. */
struct lab_san {
	char kind;
	const char *text; /* for 'I' the 4 or 16 raw bytes */
	size_t len;       /* 0: strlen(text) */
};

#define LAB_SANS_MAX 6

struct lab_spec {
	const char *cn;
	size_t cn_len; /* 0: strlen(cn) */
	struct lab_san sans[LAB_SANS_MAX];
	const char *broken_san; /* DER of the extension, instead of SANS */
	unsigned rsa_bits;      /* 0: P-256 */
	bool sha1;
	bool ca;
	bool key_id;                 /* has a subject key id, which its CRLs name */
	bool issuer_key_id;          /* names that of its issuer */
	const struct lab_id *key_of; /* has the same key */
	const char *purpose;         /* an extended key usage */
	struct {
		const char *der;
		size_t len;
	} broken_purpose;          /* the extension's bytes, instead */
	const char *critical;      /* OID of a critical extension that nobody knows */
	const char *permitted;     /* a CA's name constraint, a DNS suffix */
	const char *permitted_uri; /* or instead a host, or ".suffix", of URIs */
	unsigned key_usage;        /* GNUTLS_KEY_...; 0: not said */
	struct {
		const char *bytes;
		size_t len;
	} serial;       /* LEN 0: one that no other has */
	bool from_now;  /* valid from this very second on */
	long from_days; /* else from today; 0: yesterday */
	long to_days;   /* 0: in a month */
};

void lab_start(void); /* policy and a folder for files */
void lab_stop(void);
/* The same, for a group whose cases need no more. */
int lab_group_start(void **state);
int lab_group_stop(void **state);

/* ISSUER NULL: self-signed. End with lab_drop(). */
void lab_issue(
	struct lab_id *ret, const struct lab_spec *spec, const struct lab_id *issuer);
void lab_drop(struct lab_id *id);
/* A root CA called CN. */
void lab_root(struct lab_id *ret, const char *cn);
/* A plain certificate for one DNS name. */
void lab_host(struct lab_id *ret, const char *dns, const struct lab_id *issuer);

/* The chain as a peer sends it, without the root; free with gnutls_free() each. */
unsigned lab_chain(const struct lab_id *id, gnutls_datum_t *ret, unsigned max);
void lab_chain_free(gnutls_datum_t *chain, unsigned count);

/* Files in the lab's folder. NAME is the file's; returns a static path, one per call in
 * turn out of 8. */
const char *lab_path(const char *name);
void lab_write(const char *name, const void *data, size_t len, unsigned mode);
void lab_write_chain(const char *name, const struct lab_id *id);
/* Two certificates, without what is above them. */
void lab_write_both(const char *name, const struct lab_id *a, const struct lab_id *b);
void lab_write_key(const char *name, const struct lab_id *id, unsigned mode);
/* A CRL of CA that revokes REVOKED (may be NULL), dated in days from now; appended when
 * the file exists and ADD is true. SIGNER, whose key it is by, NULL: CA. */
void lab_write_crl(const char *name, const struct lab_id *ca, const struct lab_id *signer,
	const struct lab_id *revoked, long due_days, bool add);

/* Loaded from files, asserted to be fine. */
struct cred *lab_cred(const struct lab_id *id);
struct trust *lab_trust(const struct lab_id *root);
/* A peer in a new set of its own; drop it with peer_set_unref(peer->set). */
struct peer *lab_peer(const char *name, struct trust *trust);
