/*
 * A small authority of one's own, for a lab or a small site: it issues certificates of SIP servers and an
 * empty revocation list. For tandemctl: nothing here is used while calls run. Any thread.
 */
#pragma once

#include "tls/csr.h"

struct authority;

struct authority_spec {
	const char *name; /* its common name */
	const char *const
		*domains; /* it may certify these and what is below them, nothing else */
	size_t domain_count;
	const char *const
		*addresses; /* the same of numeric addresses; none: no address at all */
	size_t address_count;
	unsigned days;
};

/* A new one, its key P-256, its serial number random. 0 with *RET owned, or negative with TEXT. */
int authority_new(
	struct authority **ret, const struct authority_spec *spec, struct err_text *text);
/* One that was written to the PEM files CERTIFICATE and KEY. As authority_new(). */
int authority_load(struct authority **ret, const char *certificate, const char *key,
	struct err_text *text);
/* NULL is fine. */
void authority_free(struct authority *authority);

/* Its certificate and, where RET_KEY is not NULL, its key are added as PEM. 0 or negative. */
int authority_print(const struct authority *authority, struct buf *ret_certificate,
	struct buf *ret_key);

/*
 * A new key and a certificate for NAMES (host names or numeric addresses) and DAYS, both roles of TLS, no
 * longer than that of AUTHORITY: PEM, added to the buffers. ERR_TRUST where AUTHORITY may not certify one
 * of the names. 0, or negative with TEXT.
 */
int authority_issue(const struct authority *authority, const struct csr_spec *spec,
	unsigned days, struct buf *ret_key, struct buf *ret_certificate,
	struct err_text *text);

/* A list by which nobody is revoked, due in DAYS: PEM, added to RET. 0, or negative with TEXT. */
int authority_list(const struct authority *authority, unsigned days, struct buf *ret,
	struct err_text *text);
