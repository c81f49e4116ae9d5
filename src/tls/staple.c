#include "tls/staple.h"

#include "tls/pem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define STAPLE_DIGEST_BYTES 32 /* SHA-256 */

struct staple {
	struct cred *cred;             /* owned reference */
	gnutls_x509_crt_t certificate; /* owned, as the next one */
	gnutls_x509_crt_t issuer;      /* NULL until found */
	char *responder;               /* NULL: none named */
	char id[2 * STAPLE_DIGEST_BYTES + 1];
};

/* Keeps the one of LIST that signed the certificate, and frees the rest and LIST. */
static void staple_search(struct staple *staple, gnutls_x509_crt_t *list, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (!staple->issuer && ocsp_is_issuer(list[i], staple->certificate))
			staple->issuer = list[i];
		else
			gnutls_x509_crt_deinit(list[i]);
	}
	gnutls_free(list);
}

static int staple_fill(struct staple *staple, struct err_text *text)
{
	unsigned char digest[STAPLE_DIGEST_BYTES];
	size_t size = sizeof(digest);
	gnutls_x509_crt_t *list = NULL;
	unsigned count = 0;

	if (gnutls_certificate_get_x509_crt(cred_handle(staple->cred), 0, &list, &count) <
			0 ||
		count == 0)
		return err_set(text, ERR_LIBRARY, "GnuTLS does not give our certificate");
	staple->certificate = list[0];
	list[0] = list[--count];
	staple_search(staple, list, count);
	if (gnutls_x509_crt_get_fingerprint(
		    staple->certificate, GNUTLS_DIG_SHA256, digest, &size) < 0)
		return err_set(text, ERR_LIBRARY, "our certificate cannot be hashed");
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(staple->id + 2 * i, 3, "%02x", digest[i]);
	staple->responder = ocsp_responder(staple->certificate);
	return 0;
}

int staple_new(struct staple **ret, struct cred *cred, struct err_text *text)
{
	struct staple *staple = calloc(1, sizeof(*staple));
	int err;

	if (!staple)
		return err_set(text, -ENOMEM, "out of memory");
	staple->cred = cred_ref(cred);
	err = staple_fill(staple, text);
	if (err < 0) {
		staple_free(staple);
		return err;
	}
	*ret = staple;
	return 0;
}

int staple_find_issuer(struct staple *staple, const char *trust, struct err_text *text)
{
	gnutls_datum_t bytes = {NULL, 0};
	gnutls_x509_crt_t *list = NULL;
	unsigned count = 0;
	int err;

	if (staple->issuer)
		return 0;
	err = pem_read(&bytes, trust, PEM_BYTES_MAX, false, text);
	if (err < 0)
		return err;
	if (gnutls_x509_crt_list_import2(&list, &count, &bytes, GNUTLS_X509_FMT_PEM, 0) >=
		0)
		staple_search(staple, list, count);
	pem_free(&bytes);
	return staple->issuer
		       ? 0
		       : err_set(text, ERR_TRUST,
				 "its issuer is neither in the certificate's file nor in "
				 "%s: append it to either",
				 trust);
}

void staple_free(struct staple *staple)
{
	if (!staple)
		return;
	if (staple->certificate)
		gnutls_x509_crt_deinit(staple->certificate);
	if (staple->issuer)
		gnutls_x509_crt_deinit(staple->issuer);
	free(staple->responder);
	cred_unref(staple->cred);
	free(staple);
}

const char *staple_responder(const struct staple *staple)
{
	return staple->responder;
}

int staple_request(const struct staple *staple, gnutls_datum_t *ret)
{
	return ocsp_request(ret, staple->certificate, staple->issuer);
}

const char *staple_id(const struct staple *staple)
{
	return staple->id;
}

/*
 * The library copies the response into the credentials, where every handshake of this
 * thread reads it when its turn comes, in both roles; one past its nextUpdate it leaves
 * out. A function that it would ask instead serves TLS servers alone.
 */
int staple_take(struct staple *staple, const gnutls_datum_t *der, struct ocsp_answer *ret,
	struct err_text *text)
{
	ocsp_read(ret, der, staple->certificate, staple->issuer);
	if (ret->status != OCSP_GOOD)
		return err_set(text, ERR_TRUST, "the OCSP response: %s", ret->text);
	if (gnutls_certificate_set_ocsp_status_request_mem(
		    cred_handle(staple->cred), der, 0, GNUTLS_X509_FMT_DER) < 0)
		return err_set(text, ERR_LIBRARY, "GnuTLS refuses the OCSP response");
	return 0;
}
