#include "tls/csr.h"

#include "base/addr.h"
#include "tls/cred.h"
#include "tls/newkey.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <stdlib.h>
#include <string.h>

/* X.520: what a common name may have. */
#define CN_BYTES_MAX 64

static int add_name(gnutls_x509_crq_t crq, const char *name)
{
	struct newkey_name san;

	newkey_read_name(&san, name);
	return gnutls_x509_crq_set_subject_alt_name(
		crq, san.type, san.bytes, san.len, GNUTLS_FSAN_APPEND);
}

static int describe(gnutls_x509_crq_t crq, const struct csr_spec *spec, bool rsa)
{
	const char *cn = spec->names[0];
	int err = gnutls_x509_crq_set_version(crq, 1);

	/* A longer name stands in the subjectAltName alone, which is what counts. */
	if (err >= 0 && strlen(cn) <= CN_BYTES_MAX)
		err = gnutls_x509_crq_set_dn_by_oid(
			crq, GNUTLS_OID_X520_COMMON_NAME, 0, cn, (unsigned)strlen(cn));
	for (size_t i = 0; err >= 0 && i < spec->name_count; i++)
		err = add_name(crq, spec->names[i]);
	if (err >= 0)
		err = gnutls_x509_crq_set_key_usage(crq, newkey_usage(rsa));
	if (err >= 0)
		err = gnutls_x509_crq_set_key_purpose_oid(
			crq, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (err >= 0)
		err = gnutls_x509_crq_set_key_purpose_oid(
			crq, GNUTLS_KP_TLS_WWW_CLIENT, 0);
	return err;
}

/* The request for KEY, signed with it, as PEM. A code of the library. */
static int write_request(
	gnutls_privkey_t key, const struct csr_spec *spec, gnutls_datum_t *ret)
{
	bool rsa = gnutls_privkey_get_pk_algorithm(key, NULL) == GNUTLS_PK_RSA;
	gnutls_x509_crq_t crq = NULL;
	gnutls_pubkey_t public = NULL;
	int err = gnutls_x509_crq_init(&crq);

	if (err >= 0)
		err = gnutls_pubkey_init(&public);
	if (err >= 0)
		err = gnutls_pubkey_import_privkey(public, key, 0, 0);
	if (err >= 0)
		err = gnutls_x509_crq_set_pubkey(crq, public);
	if (err >= 0)
		err = describe(crq, spec, rsa);
	if (err >= 0)
		err = gnutls_x509_crq_privkey_sign(crq, key, GNUTLS_DIG_SHA256, 0);
	if (err >= 0)
		err = gnutls_x509_crq_export2(crq, GNUTLS_X509_FMT_PEM, ret);
	if (public)
		gnutls_pubkey_deinit(public);
	if (crq)
		gnutls_x509_crq_deinit(crq);
	return err;
}

static int add_request(gnutls_privkey_t key, const struct csr_spec *spec,
	struct buf *ret_request, struct err_text *text)
{
	gnutls_datum_t pem = {NULL, 0};
	int err = write_request(key, spec, &pem);

	if (err < 0)
		return err_set(text, ERR_LIBRARY, "the request for %s: %s",
			spec->names[0], gnutls_strerror(err));
	buf_add(ret_request, pem.data, pem.size);
	gnutls_free(pem.data);
	return ret_request->err;
}

int csr_make(const struct csr_spec *spec, struct buf *ret_key, struct buf *ret_request,
	struct err_text *text)
{
	gnutls_privkey_t key = NULL;
	char *pin_file = NULL;
	int err;

	if (spec->name_count == 0 || spec->name_count > CSR_NAMES_MAX)
		return err_set(text, ERR_LIMIT, "a certificate for %zu names: 1 to %d",
			spec->name_count, CSR_NAMES_MAX);
	err = spec->key ? cred_key_load(&key, &pin_file, spec->key, text)
			: newkey_make(&key, spec->key_type, ret_key, text);
	if (err == 0) {
		err = add_request(key, spec, ret_request, text);
		gnutls_privkey_deinit(key);
	}
	free(pin_file);
	return err;
}
