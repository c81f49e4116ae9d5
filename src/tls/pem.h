/*
 * Reads certificate, key and list files from disk, bounded and without surprises. At
 * start and on reload, loop thread.
 */
#pragma once

#include "base/err.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>

/* Far above any chain or anchor bundle, and what a CRL of half a million entries takes. */
#define PEM_BYTES_MAX ((size_t)256 * 1024)
#define PEM_CRL_BYTES_MAX ((size_t)32 * 1024 * 1024)

/*
 * Reads the regular file PATH whole, at most MAX bytes. With PRIVATE it is refused
 * (ERR_TRUST) when others may read it, or group or others may write it. *RET gets the
 * bytes and a NUL that is not counted; give them to pem_free(). 0, ERR_TRUST, ERR_LIMIT
 * or -errno, with TEXT.
 */
int pem_read(gnutls_datum_t *ret, const char *path, size_t max, bool private,
	struct err_text *text);
/* Wipes and frees. */
void pem_free(gnutls_datum_t *bytes);
