#include "tls/cred.h"
#include "tls/crl.h"
#include "tls/misfile.h"
#include "tls/pem.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#define TRUST_DIGEST_BYTES 32 /* SHA-256 */

struct trust_digest {
	unsigned char anchors[TRUST_DIGEST_BYTES];
	unsigned char crl[TRUST_DIGEST_BYTES]; /* zeroes: none configured */
};

struct trust {
	unsigned references;
	struct trust_digest digest; /* of the files it was loaded from */
	gnutls_x509_trust_list_t list;
	struct crl_set *crls; /* NULL: none configured */
};

static int trust_add_anchors(
	gnutls_x509_trust_list_t list, const char *path, struct err_text *text)
{
	gnutls_datum_t bytes = {NULL, 0};
	gnutls_x509_crt_t *anchors = NULL;
	unsigned count = 0;
	int added;
	int err = pem_read(&bytes, path, PEM_BYTES_MAX, false, text);

	if (err < 0)
		return err;
	err = gnutls_x509_crt_list_import2(
		&anchors, &count, &bytes, GNUTLS_X509_FMT_PEM, 0);
	if (err < 0 || count == 0) {
		gnutls_free(anchors);
		err = misfile_say(MISFILE_CERTIFICATE, path, &bytes, err, text);
		pem_free(&bytes);
		return err;
	}
	pem_free(&bytes);
	/* The list owns the certificates from here on. */
	added = gnutls_x509_trust_list_add_cas(
		list, anchors, count, GNUTLS_TL_NO_DUPLICATES);
	gnutls_free(anchors);
	if (added < 1)
		return err_set(text, ERR_LIBRARY, "%s: no usable trust anchor: %s", path,
			gnutls_strerror(added));
	return 0;
}

static int trust_digest_file(
	unsigned char *ret, const char *path, size_t max, struct err_text *text)
{
	gnutls_datum_t bytes = {NULL, 0};
	int err = pem_read(&bytes, path, max, false, text);

	if (err == 0 &&
		gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes.data, bytes.size, ret) < 0)
		err = err_set(text, ERR_LIBRARY, "%s: cannot be hashed", path);
	pem_free(&bytes);
	return err;
}

static int trust_digest_files(struct trust_digest *ret, const char *anchors,
	const char *crl, struct err_text *text)
{
	int err = trust_digest_file(ret->anchors, anchors, PEM_BYTES_MAX, text);

	memset(ret->crl, 0, sizeof(ret->crl));
	if (err == 0 && crl && crl[0] != '\0')
		err = trust_digest_file(ret->crl, crl, PEM_CRL_BYTES_MAX, text);
	return err;
}

bool trust_is_of(const struct trust *trust, const char *anchors, const char *crl)
{
	struct trust_digest digest;

	return trust_digest_files(&digest, anchors, crl, NULL) == 0 &&
	       memcmp(&digest, &trust->digest, sizeof(digest)) == 0;
}

int trust_load(
	struct trust **ret, const char *anchors, const char *crl, struct err_text *text)
{
	struct trust *trust = calloc(1, sizeof(*trust));
	int err;

	if (!trust)
		return err_set(text, -ENOMEM, "%s: out of memory", anchors);
	trust->references = 1;
	if (gnutls_x509_trust_list_init(&trust->list, 0) < 0) {
		free(trust);
		return err_set(text, -ENOMEM, "%s: out of memory", anchors);
	}
	/* Before they are read: a change in between then shows as one. */
	err = trust_digest_files(&trust->digest, anchors, crl, text);
	if (err == 0)
		err = trust_add_anchors(trust->list, anchors, text);
	if (err == 0 && crl && crl[0] != '\0')
		err = crl_load(&trust->crls, crl, trust->list, text);
	if (err < 0) {
		trust_unref(trust);
		return err;
	}
	*ret = trust;
	return 0;
}

struct trust *trust_ref(struct trust *trust)
{
	trust->references++;
	return trust;
}

void trust_unref(struct trust *trust)
{
	if (!trust || --trust->references > 0)
		return;
	crl_free(trust->crls);
	gnutls_x509_trust_list_deinit(trust->list, 1);
	free(trust);
}

gnutls_x509_trust_list_t trust_list(const struct trust *trust)
{
	return trust->list;
}

struct crl_set *trust_crls(const struct trust *trust)
{
	return trust->crls;
}

time_t trust_crl_due(const struct trust *trust)
{
	return trust->crls ? crl_due(trust->crls) : 0;
}

void trust_read(const struct trust *trust, const struct trust_reader *reader)
{
	gnutls_x509_trust_list_iter_t iter = NULL;
	gnutls_x509_crt_t anchor;
	struct facts facts;

	while (gnutls_x509_trust_list_iter_get_ca(trust->list, &iter, &anchor) == 0) {
		facts_read(&facts, anchor);
		gnutls_x509_crt_deinit(anchor);
		reader->anchor_h(reader->arg, &facts);
	}
	if (trust->crls)
		crl_each(trust->crls, reader->crl_h, reader->arg);
}

/* Whether ANCHOR may certify others and no list of TRUST is by it. */
static bool is_unlisted(const struct trust *trust, gnutls_x509_crt_t anchor)
{
	gnutls_datum_t dn = {NULL, 0};
	bool unlisted = gnutls_x509_crt_get_ca_status(anchor, NULL) > 0 &&
			gnutls_x509_crt_get_raw_dn(anchor, &dn) == 0 &&
			!crl_names(trust->crls, &dn);

	gnutls_free(dn.data);
	return unlisted;
}

void trust_unlisted(
	const struct trust *trust, void (*h)(void *arg, const char *name), void *arg)
{
	gnutls_x509_trust_list_iter_t iter = NULL;
	gnutls_x509_crt_t anchor;
	struct facts facts;

	while (trust->crls &&
		gnutls_x509_trust_list_iter_get_ca(trust->list, &iter, &anchor) == 0) {
		if (is_unlisted(trust, anchor)) {
			facts_read(&facts, anchor);
			h(arg, facts.subject);
		}
		gnutls_x509_crt_deinit(anchor);
	}
}

void trust_hosts(const struct trust *trust,
	void (*h)(void *arg, const char *subject, const char *issuer), void *arg)
{
	gnutls_x509_trust_list_iter_t iter = NULL;
	gnutls_x509_crt_t anchor;
	struct facts facts;

	while (gnutls_x509_trust_list_iter_get_ca(trust->list, &iter, &anchor) == 0) {
		if (gnutls_x509_crt_get_ca_status(anchor, NULL) <= 0) {
			facts_read(&facts, anchor);
			h(arg, facts.subject, facts.issuer);
		}
		gnutls_x509_crt_deinit(anchor);
	}
}

const char *trust_host_advice(const char *subject, const char *issuer)
{
	return strcmp(subject, issuer) == 0
		       ? "replace it on the day on which that one is replaced, or have "
			 "it "
			 "issued by a CA and put that one's certificate there"
		       : "put the certificate of its issuer there";
}

bool trust_has_issuer(const struct trust *trust, const struct cred *cred)
{
	gnutls_x509_crt_t own, issuer = NULL;
	gnutls_datum_t der;
	bool found;

	if (gnutls_certificate_get_crt_raw(cred_handle(cred), 0, 0, &der) < 0 ||
		gnutls_x509_crt_init(&own) < 0)
		return false;
	found = gnutls_x509_crt_import(own, &der, GNUTLS_X509_FMT_DER) == 0 &&
		gnutls_x509_trust_list_get_issuer(
			trust->list, own, &issuer, GNUTLS_TL_GET_COPY) == 0;
	if (issuer)
		gnutls_x509_crt_deinit(issuer);
	gnutls_x509_crt_deinit(own);
	return found;
}

bool trust_file_has_issuer(const char *anchors, const struct cred *cred)
{
	struct trust *trust;
	bool found;

	if (trust_load(&trust, anchors, "", NULL))
		return false;
	found = trust_has_issuer(trust, cred);
	trust_unref(trust);
	return found;
}
