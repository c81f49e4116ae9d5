/*
 * What an authority answered, whatever the form: certificates of any number of files in any order, made into
 * the chain of one key, and looked at before a server presents it. For tandemctl. Any thread.
 */
#pragma once

#include "base/buf.h"
#include "tls/facts.h"

/* Certificates of all files together. */
#define BUNDLE_MAX 64

struct bundle;

/* 0 with *RET owned, or -ENOMEM. */
int bundle_new(struct bundle **ret);
/* NULL is fine. */
void bundle_free(struct bundle *bundle);

/*
 * Adds what the file at PATH holds: certificates in PEM or DER form, PKCS#7 (.p7b) in either, PKCS#12 (.p12,
 * .pfx) with PASSWORD, and the private key of a PEM or PKCS#12 file. A certificate that is there already is
 * not added again. 0; ERR_AUTH when PKCS#12 wants a password (NULL: none was given) or another one; ERR_FORMAT,
 * ERR_LIMIT or -errno. With TEXT.
 */
int bundle_add(struct bundle *bundle, const char *path, const char *password,
	struct err_text *text);
bool bundle_has_key(const struct bundle *bundle);
/* The private key that came along, PEM, added to RET. 0 or negative. */
int bundle_print_key(const struct bundle *bundle, struct buf *ret);

/*
 * Finds the certificate of KEY, a PEM file or a pkcs11: URI (NULL: of the key that came along), and puts
 * those above it in order. ERR_STATE, without TEXT, when there is none; else as cred_key_load().
 */
int bundle_choose(struct bundle *bundle, const char *key, struct err_text *text);

/* After bundle_choose(): the chain, leaf first, without a root. */
unsigned bundle_chain_count(const struct bundle *bundle);
void bundle_chain_facts(const struct bundle *bundle, unsigned index, struct facts *ret);
/* The root that the chain leads to, if it came along. */
bool bundle_root_facts(const struct bundle *bundle, struct facts *ret);
/* Certificates that do not belong to the chain; before bundle_choose(), all. */
unsigned bundle_other_count(const struct bundle *bundle);
void bundle_other_facts(const struct bundle *bundle, unsigned index, struct facts *ret);
/* The chain as PEM, added to RET. 0 or negative. */
int bundle_print_chain(const struct bundle *bundle, struct buf *ret);
/*
 * As PEM, added to RET: what others are to be trusted by. The roots that came along, or all authorities where
 * there is no root; without those that KNOWN (may be NULL) has. Returns how many, or negative.
 */
int bundle_print_anchors(
	const struct bundle *bundle, const struct bundle *known, struct buf *ret);

enum bundle_mark { BUNDLE_GOOD, BUNDLE_NOTE, BUNDLE_BAD };
typedef void bundle_say_h(void *arg, enum bundle_mark mark, const char *line);

struct bundle_demands {
	const char *fqdn; /* that the certificate must be for; NULL: any */
	const char
		*crl; /* a PEM file of lists; NULL or one that is not there: not asked */
};

/* Looks at the chain: names, dates, purpose, strength, signatures, revocation, each a line to SAY. Returns how
 * many of them are bad: with such a one the chain would be refused. */
unsigned bundle_judge(const struct bundle *bundle, const struct bundle_demands *demands,
	bundle_say_h *say, void *arg);
