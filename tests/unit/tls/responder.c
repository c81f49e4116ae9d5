#include "responder.h"

#include "../unit.h"

#include "base/buf.h"

#include <gnutls/abstract.h>
#include <gnutls/ocsp.h>
#include <stdlib.h>
#include <string.h>

#define ok(call) assert_return_code((call), 0)

#define OID_OCSP_BASIC "\x2b\x06\x01\x05\x05\x07\x30\x01\x01"
#define OID_SHA1 "\x2b\x0e\x03\x02\x1a"
#define OID_ECDSA_SHA1 "\x2a\x86\x48\xce\x3d\x04\x01"
#define OID_ECDSA_SHA256 "\x2a\x86\x48\xce\x3d\x04\x03\x02"

void respond_add(struct buf *out, unsigned char tag, const void *data, size_t len)
{
	buf_add_char(out, (char)tag);
	if (len >= 0x100) {
		buf_add_char(out, (char)0x82);
		buf_add_char(out, (char)(len >> 8));
	} else if (len >= 0x80) {
		buf_add_char(out, (char)0x81);
	}
	buf_add_char(out, (char)len);
	buf_add(out, data, len);
}

/* The same of what INNER holds, which is then empty again. */
static void wrap(struct buf *out, unsigned char tag, struct buf *inner)
{
	respond_add(out, tag, inner->data, inner->len);
	buf_free(inner);
}

static void add_time(struct buf *out, unsigned char tag, time_t when)
{
	char text[20];
	struct tm tm;

	assert_non_null(gmtime_r(&when, &tm));
	assert_int_equal(strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &tm), 15);
	respond_add(out, tag, text, 15);
}

static void add_cert_id(struct buf *out, const struct lab_id *about)
{
	gnutls_datum_t name, key, serial;
	gnutls_digest_algorithm_t digest;
	gnutls_ocsp_req_t request;
	struct buf id = {0}, algorithm = {0};

	ok(gnutls_ocsp_req_init(&request));
	ok(gnutls_ocsp_req_add_cert(
		request, GNUTLS_DIG_SHA1, about->issuer->crt, about->crt));
	ok(gnutls_ocsp_req_get_cert_id(request, 0, &digest, &name, &key, &serial));
	respond_add(&algorithm, 0x06, OID_SHA1, sizeof(OID_SHA1) - 1);
	wrap(&id, 0x30, &algorithm);
	respond_add(&id, 0x04, name.data, name.size);
	respond_add(&id, 0x04, key.data, key.size);
	respond_add(&id, 0x02, serial.data, serial.size);
	wrap(out, 0x30, &id);
	gnutls_free(name.data);
	gnutls_free(key.data);
	gnutls_free(serial.data);
	gnutls_ocsp_req_deinit(request);
}

static void add_single(struct buf *out, const struct response_spec *spec,
	const struct lab_id *about, char status)
{
	const time_t now = time(NULL);
	struct buf single = {0}, part = {0};

	add_cert_id(&single, about);
	if (status == 'r') {
		add_time(&part, 0x18, now - LAB_DAY);
		wrap(&single, 0xa1, &part);
	} else {
		respond_add(&single, status == 'u' ? 0x82 : 0x80, "", 0);
	}
	add_time(&single, 0x18, now + (spec->from ? spec->from : -3600));
	if (!spec->no_due) {
		add_time(&part, 0x18, now + (spec->due ? spec->due : LAB_DAY));
		wrap(&single, 0xa0, &part);
	}
	wrap(out, 0x30, &single);
}

static void make_data(
	struct buf *out, const struct response_spec *spec, const struct lab_id *signer)
{
	gnutls_datum_t dn = {NULL, 0};
	struct buf data = {0}, singles = {0};

	ok(gnutls_x509_crt_get_raw_dn(signer->crt, &dn));
	respond_add(&data, 0xa1, dn.data, dn.size);
	gnutls_free(dn.data);
	add_time(&data, 0x18, time(NULL));
	if (spec->first)
		add_single(&singles, spec, spec->first, 0);
	add_single(&singles, spec, spec->about, spec->status);
	wrap(&data, 0x30, &singles);
	wrap(out, 0x30, &data);
}

static void add_signature(
	struct buf *out, const struct buf *data, const struct lab_id *signer, bool sha1)
{
	const gnutls_datum_t bytes = {(unsigned char *)data->data, (unsigned)data->len};
	gnutls_datum_t signature = {NULL, 0};
	struct buf part = {0};
	gnutls_privkey_t key;

	ok(gnutls_privkey_init(&key));
	ok(gnutls_privkey_import_x509(key, signer->key, 0));
	ok(gnutls_privkey_sign_data2(key,
		sha1 ? GNUTLS_SIGN_ECDSA_SHA1 : GNUTLS_SIGN_ECDSA_SHA256, 0, &bytes,
		&signature));
	if (sha1)
		respond_add(&part, 0x06, OID_ECDSA_SHA1, sizeof(OID_ECDSA_SHA1) - 1);
	else
		respond_add(&part, 0x06, OID_ECDSA_SHA256, sizeof(OID_ECDSA_SHA256) - 1);
	wrap(out, 0x30, &part);
	buf_add_char(&part, '\0'); /* no unused bits */
	buf_add(&part, (const char *)signature.data, signature.size);
	wrap(out, 0x03, &part);
	gnutls_free(signature.data);
	gnutls_privkey_deinit(key);
}

static void add_certificate(struct buf *out, const struct lab_id *signer)
{
	gnutls_datum_t der = {NULL, 0};
	struct buf certs = {0}, list = {0};

	ok(gnutls_x509_crt_export2(signer->crt, GNUTLS_X509_FMT_DER, &der));
	buf_add(&certs, (const char *)der.data, der.size);
	gnutls_free(der.data);
	wrap(&list, 0x30, &certs);
	wrap(out, 0xa0, &list);
}

static void make_basic(struct buf *out, const struct response_spec *spec)
{
	const struct lab_id *signer = spec->signer ? spec->signer : spec->about->issuer;
	struct buf data = {0}, basic = {0};

	make_data(&data, spec, signer);
	buf_add(&basic, data.data, data.len);
	add_signature(&basic, &data, signer, spec->sha1);
	if (spec->attach)
		add_certificate(&basic, signer);
	wrap(out, 0x30, &basic);
	buf_free(&data);
}

void respond(gnutls_datum_t *ret, const struct response_spec *spec)
{
	struct buf out = {0}, response = {0}, bytes = {0}, basic = {0};
	char status = (char)spec->error;

	respond_add(&response, 0x0a, &status, 1);
	if (!spec->error) {
		respond_add(&bytes, 0x06, OID_OCSP_BASIC, sizeof(OID_OCSP_BASIC) - 1);
		make_basic(&basic, spec);
		wrap(&bytes, 0x04, &basic);
		wrap(&basic, 0x30, &bytes);
		wrap(&response, 0xa0, &basic);
	}
	wrap(&out, 0x30, &response);
	assert_int_equal(out.err, 0);
	ret->data = malloc(out.len);
	assert_non_null(ret->data);
	memcpy(ret->data, out.data, out.len);
	ret->size = (unsigned)out.len;
	buf_free(&out);
}
