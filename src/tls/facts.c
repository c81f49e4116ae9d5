#include "tls/facts.h"

#include "tls/escape.h"
#include "tls/names.h"
#include "tls/pem.h"

#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OID_EXTENDED_KEY_USAGE "2.5.29.37"
#define SHA256_BYTES 32
/* RFC 5280 4.1.2.2: 20 octets; others are cut. */
#define SERIAL_BYTES 31

/* BYTES as hexadecimal, with SEPARATOR between them unless that is NUL. */
static void print_hex(
	char *out, size_t size, const unsigned char *bytes, size_t len, char separator)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t at = 0;

	for (size_t i = 0; i < len && at + 4 <= size; i++) {
		if (i > 0 && separator)
			out[at++] = separator;
		out[at++] = digits[bytes[i] >> 4];
		out[at++] = digits[bytes[i] & 15];
	}
	out[at] = '\0';
}

static void read_dn(char *out, size_t size, gnutls_x509_crt_t crt,
	int (*get)(gnutls_x509_crt_t, gnutls_datum_t *, unsigned))
{
	gnutls_datum_t dn = {NULL, 0};

	if (get(crt, &dn, 0) == 0)
		escape_add(out, size, (const char *)dn.data, dn.size);
	gnutls_free(dn.data);
}

/* The library gives it with a backslash before what RFC 4514 2.4 reserves. */
static void read_common_name(struct facts *facts, gnutls_x509_crt_t crt)
{
	char name[256];
	size_t size = sizeof(name), kept = 0;

	if (gnutls_x509_crt_get_dn_by_oid(
		    crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size) != 0)
		return;
	for (size_t i = 0; i < size; i++) {
		i += name[i] == '\\' && i + 1 < size ? 1 : 0;
		name[kept++] = name[i];
	}
	escape_add(facts->common_name, sizeof(facts->common_name), name, kept);
}

static void read_names(struct facts *facts, gnutls_x509_crt_t crt)
{
	struct names names;

	names_read(&names, crt);
	names_print(&names, facts->names, sizeof(facts->names));
	names_free(&names);
}

static void read_serial(struct facts *facts, gnutls_x509_crt_t crt)
{
	unsigned char bytes[SERIAL_BYTES];
	size_t len = sizeof(bytes);
	size_t sign; /* a byte 0 that says no more than that the number is positive */

	if (gnutls_x509_crt_get_serial(crt, bytes, &len) != 0)
		return;
	sign = len > 1 && !bytes[0];
	print_hex(facts->serial, sizeof(facts->serial), bytes + sign, len - sign, '\0');
}

const char *facts_pin(gnutls_x509_crt_t certificate, char buf[static FACTS_PIN_SIZE])
{
	unsigned char digest[SHA256_BYTES];
	gnutls_datum_t raw = {digest, sizeof(digest)};
	gnutls_datum_t text = {NULL, 0};
	size_t size = sizeof(digest);

	buf[0] = '\0';
	if (gnutls_x509_crt_get_key_id(
		    certificate, GNUTLS_KEYID_USE_SHA256, digest, &size) == 0 &&
		size == sizeof(digest) && gnutls_base64_encode2(&raw, &text) == 0)
		snprintf(buf, FACTS_PIN_SIZE, "sha256/%.*s", (int)text.size,
			(const char *)text.data);
	gnutls_free(text.data);
	return buf;
}

static void read_hashes(struct facts *facts, gnutls_x509_crt_t crt)
{
	unsigned char bytes[SHA256_BYTES];
	size_t len = sizeof(bytes);

	if (gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, bytes, &len) == 0)
		print_hex(
			facts->fingerprint, sizeof(facts->fingerprint), bytes, len, ':');
	facts_pin(crt, facts->pin);
}

static const char *purpose_name(const char *oid)
{
	static const struct {
		const char *oid, *name;
	} known[] = {
		{GNUTLS_KP_TLS_WWW_SERVER, "serverAuth"},
		{GNUTLS_KP_TLS_WWW_CLIENT, "clientAuth"},
		{GNUTLS_KP_ANY, "anyExtendedKeyUsage"},
		{GNUTLS_KP_OCSP_SIGNING, "OCSPSigning"},
		{"1.3.6.1.5.5.7.3.20", "sipDomain"}, /* RFC 5924 */
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].oid, oid))
			return known[i].name;
	return oid;
}

static void read_purposes(struct facts *facts, gnutls_x509_crt_t crt)
{
	const size_t size = sizeof(facts->eku);
	gnutls_datum_t der = {NULL, 0};
	char oid[128];

	for (unsigned i = 0;; i++) {
		size_t len = sizeof(oid);

		if (gnutls_x509_crt_get_key_purpose_oid(crt, i, oid, &len, NULL) < 0)
			break;
		escape_add_str(facts->eku, size, i > 0 ? ", " : "");
		escape_add_str(facts->eku, size, purpose_name(oid));
	}
	/* Empty is not the same as none. */
	if (gnutls_x509_crt_get_extension_by_oid2(crt, OID_EXTENDED_KEY_USAGE, 0, &der,
		    NULL) == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		escape_add_str(facts->eku, size, "any");
	gnutls_free(der.data);
}

static void read_key(struct facts *facts, gnutls_x509_crt_t crt)
{
	unsigned bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(crt, &bits);
	const char *name = algorithm < 0
				   ? NULL
				   : gnutls_pk_get_name((gnutls_pk_algorithm_t)algorithm);

	if (name)
		snprintf(facts->key, sizeof(facts->key), "%.30s %u", name, bits);
}

void facts_read(struct facts *ret, gnutls_x509_crt_t certificate)
{
	time_t from = gnutls_x509_crt_get_activation_time(certificate);
	time_t to = gnutls_x509_crt_get_expiration_time(certificate);

	memset(ret, 0, sizeof(*ret));
	read_dn(ret->subject, sizeof(ret->subject), certificate, gnutls_x509_crt_get_dn3);
	read_dn(ret->issuer, sizeof(ret->issuer), certificate,
		gnutls_x509_crt_get_issuer_dn3);
	read_common_name(ret, certificate);
	read_names(ret, certificate);
	read_serial(ret, certificate);
	read_hashes(ret, certificate);
	read_purposes(ret, certificate);
	read_key(ret, certificate);
	ret->from = from > 0 ? from : 0;
	ret->to = to > 0 ? to : 0;
	ret->ca = gnutls_x509_crt_get_ca_status(certificate, NULL) > 0;
	ret->self_signed = gnutls_x509_crt_check_issuer(certificate, certificate) != 0;
}

int facts_of_der(struct facts_chain *ret, const gnutls_datum_t *der, unsigned count)
{
	if (count == 0 || count > POLICY_CHAIN_MAX)
		return ERR_LIMIT;
	for (ret->count = 0; ret->count < count; ret->count++) {
		gnutls_x509_crt_t crt;
		int err;

		if (gnutls_x509_crt_init(&crt) < 0)
			return ERR_FORMAT;
		err = gnutls_x509_crt_import(crt, &der[ret->count], GNUTLS_X509_FMT_DER);
		if (err == 0)
			facts_read(&ret->facts[ret->count], crt);
		gnutls_x509_crt_deinit(crt);
		if (err < 0)
			return ERR_FORMAT;
	}
	return 0;
}

int facts_of_file(struct facts_chain *ret, const char *path, struct err_text *text)
{
	gnutls_datum_t bytes = {NULL, 0};
	gnutls_x509_crt_t *crts = NULL;
	unsigned count = 0;
	int err = pem_read(&bytes, path, PEM_BYTES_MAX, false, text);

	if (err < 0)
		return err;
	err = gnutls_x509_crt_list_import2(&crts, &count, &bytes, GNUTLS_X509_FMT_PEM, 0);
	pem_free(&bytes);
	if (err < 0)
		return err_set(
			text, ERR_FORMAT, "%s: no certificate chain in PEM form", path);
	ret->count = 0;
	for (unsigned i = 0; i < count; i++) {
		if (count <= POLICY_CHAIN_MAX)
			facts_read(&ret->facts[ret->count++], crts[i]);
		gnutls_x509_crt_deinit(crts[i]);
	}
	gnutls_free(crts);
	return ret->count > 0
		       ? 0
		       : err_set(text, ERR_LIMIT, "%s: %u certificates", path, count);
}

const char *facts_fingerprint(
	const gnutls_datum_t *der, char buf[static FACTS_FINGERPRINT_SIZE])
{
	unsigned char bytes[SHA256_BYTES];

	buf[0] = '\0';
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, der->data, der->size, bytes) == 0)
		print_hex(buf, FACTS_FINGERPRINT_SIZE, bytes, sizeof(bytes), ':');
	return buf;
}

int facts_print_pem(const gnutls_datum_t *der, unsigned count, struct buf *out)
{
	for (unsigned i = 0; i < count; i++) {
		gnutls_datum_t pem = {NULL, 0};

		if (gnutls_pem_base64_encode2("CERTIFICATE", &der[i], &pem) < 0)
			return ERR_LIBRARY;
		buf_add(out, pem.data, pem.size);
		gnutls_free(pem.data);
	}
	return out->err;
}
