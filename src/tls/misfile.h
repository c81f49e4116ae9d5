/*
 * What a file is that is not what was asked for: a certificate in DER form, a PKCS #12 bundle, a key where a
 * certificate was to be. At start and on reload, loop thread.
 */
#pragma once

#include "base/err.h"

#include <gnutls/gnutls.h>

enum misfile_want {
	MISFILE_CERTIFICATE,
	MISFILE_KEY,
	MISFILE_CRL,
	MISFILE_WANTS,
};

/*
 * BYTES of the file PATH did not do as WANT, and the library said ERROR. Fills TEXT with what the file is
 * and, where there is one, the command that makes what is wanted of it. Returns ERR_FORMAT; ERR_SUPPORT for
 * an encrypted key.
 */
int misfile_say(enum misfile_want want, const char *path, const gnutls_datum_t *bytes,
	int error, struct err_text *text);
