#include "tls/authority.h"

#include "tls/cred.h"
#include "tls/newkey.h"
#include "tls/pem.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/x509-ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* RFC 5280 4.1.2.2: at most 20 octets, positive. */
#define SERIAL_BYTES 20
#define DAY_S 86400
/* A peer's clock may be behind ours. */
#define EARLIER_S 3600

struct authority {
	gnutls_x509_crt_t crt;
	gnutls_privkey_t key;
	struct buf pem; /* of a new key; empty for one that was loaded */
};

static int set_serial(gnutls_x509_crt_t crt)
{
	unsigned char serial[SERIAL_BYTES];
	int err = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	serial[0] = (unsigned char)((serial[0] & 0x7F) | 0x40);
	return err < 0 ? err : gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
}

/* What every certificate of an authority has, its own included. */
static int begin(
	gnutls_x509_crt_t crt, gnutls_privkey_t key, const char *name, time_t until)
{
	gnutls_pubkey_t public = NULL;
	unsigned char id[64];
	size_t id_len = sizeof(id);
	struct newkey_name san;
	int err = gnutls_pubkey_init(&public);

	if (err >= 0)
		err = gnutls_pubkey_import_privkey(public, key, 0, 0);
	if (err >= 0)
		err = gnutls_x509_crt_set_pubkey(crt, public);
	if (err >= 0)
		err = gnutls_pubkey_get_key_id(public, 0, id, &id_len);
	if (err >= 0)
		err = gnutls_x509_crt_set_subject_key_id(crt, id, id_len);
	if (err >= 0)
		err = gnutls_x509_crt_set_version(crt, 3);
	if (err >= 0)
		err = set_serial(crt);
	if (err >= 0)
		err = gnutls_x509_crt_set_activation_time(crt, time(NULL) - EARLIER_S);
	if (err >= 0)
		err = gnutls_x509_crt_set_expiration_time(crt, until);
	/* X.520: 64 characters at most; the subjectAltName counts. An address as common name is taken for a
	 * host name, which no domain of ours permits. */
	newkey_read_name(&san, name);
	if (err >= 0)
		err = gnutls_x509_crt_set_dn_by_oid(crt,
			san.type == GNUTLS_SAN_IPADDRESS
				? GNUTLS_OID_X520_ORGANIZATION_NAME
				: GNUTLS_OID_X520_COMMON_NAME,
			0, name, (unsigned)strnlen(name, 64));
	if (public)
		gnutls_pubkey_deinit(public);
	return err;
}

/* The one address NAME as a network, or every address of a family when NAME is NULL. */
static int constrain_address(
	gnutls_x509_name_constraints_t constraints, const char *name, unsigned any_len)
{
	unsigned char bytes[32] = {0};
	gnutls_datum_t network = {bytes, 2 * any_len};
	struct newkey_name san;

	if (!name)
		return gnutls_x509_name_constraints_add_excluded(
			constraints, GNUTLS_SAN_IPADDRESS, &network);
	newkey_read_name(&san, name);
	if (san.type != GNUTLS_SAN_IPADDRESS)
		return GNUTLS_E_INVALID_REQUEST;
	memcpy(bytes, san.bytes, san.len);
	memset(bytes + san.len, 0xFF, san.len);
	network.size = 2 * san.len;
	return gnutls_x509_name_constraints_add_permitted(
		constraints, GNUTLS_SAN_IPADDRESS, &network);
}

static int constrain(gnutls_x509_crt_t crt, const struct authority_spec *spec)
{
	gnutls_x509_name_constraints_t constraints = NULL;
	int err = gnutls_x509_name_constraints_init(&constraints);

	for (size_t i = 0; err >= 0 && i < spec->domain_count; i++) {
		gnutls_datum_t domain = {
			(unsigned char *)(uintptr_t)spec->domains[i], /* is copied */
			(unsigned)strlen(spec->domains[i])};

		err = gnutls_x509_name_constraints_add_permitted(
			constraints, GNUTLS_SAN_DNSNAME, &domain);
	}
	for (size_t i = 0; err >= 0 && i < spec->address_count; i++)
		err = constrain_address(constraints, spec->addresses[i], 0);
	if (err >= 0 && spec->address_count == 0)
		err = constrain_address(constraints, NULL, 4);
	if (err >= 0 && spec->address_count == 0)
		err = constrain_address(constraints, NULL, 16);
	if (err >= 0)
		err = gnutls_x509_crt_set_name_constraints(crt, constraints, 1);
	if (constraints)
		gnutls_x509_name_constraints_deinit(constraints);
	return err;
}

/* What was made here is known to the library in part until it is read. */
static int read_back(gnutls_x509_crt_t *crt)
{
	gnutls_datum_t der = {NULL, 0};
	gnutls_x509_crt_t whole = NULL;
	int err = gnutls_x509_crt_export2(*crt, GNUTLS_X509_FMT_DER, &der);

	if (err >= 0)
		err = gnutls_x509_crt_init(&whole);
	if (err >= 0)
		err = gnutls_x509_crt_import(whole, &der, GNUTLS_X509_FMT_DER);
	gnutls_free(der.data);
	if (err < 0) {
		if (whole)
			gnutls_x509_crt_deinit(whole);
		return err;
	}
	gnutls_x509_crt_deinit(*crt);
	*crt = whole;
	return 0;
}

static int certify_itself(struct authority *authority, const struct authority_spec *spec)
{
	gnutls_x509_crt_t crt = authority->crt;
	int err = begin(
		crt, authority->key, spec->name, time(NULL) + (time_t)spec->days * DAY_S);

	if (err >= 0)
		err = gnutls_x509_crt_set_basic_constraints(crt, 1, 0);
	if (err >= 0)
		err = gnutls_x509_crt_set_key_usage(
			crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	if (err >= 0)
		err = constrain(crt, spec);
	if (err >= 0)
		err = gnutls_x509_crt_privkey_sign(
			crt, crt, authority->key, GNUTLS_DIG_SHA256, 0);
	return err < 0 ? err : read_back(&authority->crt);
}

static struct authority *allocate(void)
{
	struct authority *authority = calloc(1, sizeof(*authority));

	if (authority && gnutls_x509_crt_init(&authority->crt) < 0) {
		free(authority);
		return NULL;
	}
	return authority;
}

int authority_new(
	struct authority **ret, const struct authority_spec *spec, struct err_text *text)
{
	struct authority *authority = allocate();
	int err;

	if (!authority)
		return err_set(text, -ENOMEM, "%s: out of memory", spec->name);
	err = newkey_make(&authority->key, CSR_ECDSA, &authority->pem, text);
	if (err == 0) {
		int code = certify_itself(authority, spec);

		if (code < 0)
			err = err_set(text, ERR_LIBRARY, "%s: %s", spec->name,
				gnutls_strerror(code));
	}
	if (err < 0)
		authority_free(authority);
	else
		*ret = authority;
	return err;
}

static int load_certificate(
	struct authority *authority, const char *path, struct err_text *text)
{
	gnutls_datum_t bytes = {NULL, 0};
	int err = pem_read(&bytes, path, PEM_BYTES_MAX, false, text);

	if (err < 0)
		return err;
	err = gnutls_x509_crt_import(authority->crt, &bytes, GNUTLS_X509_FMT_PEM);
	pem_free(&bytes);
	if (err < 0 || gnutls_x509_crt_get_ca_status(authority->crt, NULL) <= 0)
		return err_set(
			text, ERR_FORMAT, "%s: no certificate of an authority", path);
	return 0;
}

/* Whether the key is that of the certificate. */
static bool is_whole(const struct authority *authority)
{
	unsigned char a[64], b[64];
	size_t a_len = sizeof(a), b_len = sizeof(b);
	gnutls_pubkey_t public = NULL;
	bool whole;

	if (gnutls_pubkey_init(&public) < 0)
		return false;
	whole = gnutls_pubkey_import_privkey(public, authority->key, 0, 0) >= 0 &&
		gnutls_pubkey_get_key_id(public, 0, a, &a_len) >= 0 &&
		gnutls_x509_crt_get_key_id(authority->crt, 0, b, &b_len) >= 0 &&
		a_len == b_len && memcmp(a, b, a_len) == 0;
	gnutls_pubkey_deinit(public);
	return whole;
}

int authority_load(struct authority **ret, const char *certificate, const char *key,
	struct err_text *text)
{
	struct authority *authority = allocate();
	char *pin_file = NULL;
	int err;

	if (!authority)
		return err_set(text, -ENOMEM, "%s: out of memory", certificate);
	err = load_certificate(authority, certificate, text);
	if (err == 0)
		err = cred_key_load(&authority->key, &pin_file, key, text);
	free(pin_file);
	if (err == 0 && !is_whole(authority))
		err = err_set(
			text, ERR_TRUST, "%s does not belong to %s", key, certificate);
	if (err < 0)
		authority_free(authority);
	else
		*ret = authority;
	return err;
}

void authority_free(struct authority *authority)
{
	if (!authority)
		return;
	if (authority->key)
		gnutls_privkey_deinit(authority->key);
	gnutls_x509_crt_deinit(authority->crt);
	buf_free(&authority->pem);
	free(authority);
}

static int add_pem(gnutls_x509_crt_t crt, struct buf *ret)
{
	gnutls_datum_t pem = {NULL, 0};
	int err = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem);

	if (err >= 0)
		buf_add(ret, pem.data, pem.size);
	gnutls_free(pem.data);
	return err < 0 ? ERR_LIBRARY : ret->err;
}

int authority_print(const struct authority *authority, struct buf *ret_certificate,
	struct buf *ret_key)
{
	int err = add_pem(authority->crt, ret_certificate);

	if (err == 0 && ret_key) {
		buf_add(ret_key, authority->pem.data, authority->pem.len);
		err = ret_key->err;
	}
	return err;
}

/* Our own reading of the constraints, so that no certificate leaves that every peer refuses. */
static bool may_certify(const struct authority *authority, gnutls_x509_crt_t crt)
{
	unsigned status = GNUTLS_CERT_INVALID;
	gnutls_x509_trust_list_t list = NULL;
	gnutls_x509_crt_t anchor = authority->crt;
	gnutls_x509_crt_t chain[1] = {crt};
	bool may;

	if (gnutls_x509_trust_list_init(&list, 0) < 0)
		return false;
	may = gnutls_x509_trust_list_add_cas(list, &anchor, 1, 0) == 1 &&
	      gnutls_x509_trust_list_verify_crt(list, chain, 1,
		      GNUTLS_VERIFY_DISABLE_CRL_CHECKS, &status, NULL) >= 0 &&
	      status == 0;
	gnutls_x509_trust_list_deinit(list, 0);
	return may;
}

static int describe(const struct authority *authority, gnutls_x509_crt_t crt,
	const struct csr_spec *spec)
{
	unsigned char id[64];
	size_t id_len = sizeof(id);
	int err = gnutls_x509_crt_get_subject_key_id(authority->crt, id, &id_len, NULL);

	if (err >= 0)
		err = gnutls_x509_crt_set_authority_key_id(crt, id, id_len);
	for (size_t i = 0; err >= 0 && i < spec->name_count; i++) {
		struct newkey_name san;

		newkey_read_name(&san, spec->names[i]);
		err = gnutls_x509_crt_set_subject_alt_name(
			crt, san.type, san.bytes, san.len, GNUTLS_FSAN_APPEND);
	}
	if (err >= 0)
		err = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	if (err >= 0)
		err = gnutls_x509_crt_set_key_usage(
			crt, newkey_usage(spec->key_type == CSR_RSA));
	if (err >= 0)
		err = gnutls_x509_crt_set_key_purpose_oid(
			crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (err >= 0)
		err = gnutls_x509_crt_set_key_purpose_oid(
			crt, GNUTLS_KP_TLS_WWW_CLIENT, 0);
	return err;
}

static int certify(const struct authority *authority, gnutls_x509_crt_t crt,
	gnutls_privkey_t key, const struct csr_spec *spec, unsigned days)
{
	time_t until = time(NULL) + (time_t)days * DAY_S;
	time_t last = gnutls_x509_crt_get_expiration_time(authority->crt);
	int err = begin(crt, key, spec->names[0], until < last ? until : last);

	if (err >= 0)
		err = describe(authority, crt, spec);
	if (err >= 0)
		err = gnutls_x509_crt_privkey_sign(
			crt, authority->crt, authority->key, GNUTLS_DIG_SHA256, 0);
	return err;
}

int authority_issue(const struct authority *authority, const struct csr_spec *spec,
	unsigned days, struct buf *ret_key, struct buf *ret_certificate,
	struct err_text *text)
{
	gnutls_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	int err;
	int code;

	if (spec->name_count == 0 || spec->name_count > CSR_NAMES_MAX)
		return err_set(text, ERR_LIMIT, "a certificate for %zu names: 1 to %d",
			spec->name_count, CSR_NAMES_MAX);
	err = newkey_make(&key, spec->key_type, ret_key, text);
	if (err < 0)
		return err;
	code = gnutls_x509_crt_init(&crt);
	if (code >= 0)
		code = certify(authority, crt, key, spec, days);
	if (code >= 0)
		code = read_back(&crt);
	if (code < 0)
		err = err_set(text, ERR_LIBRARY, "the certificate of %s: %s",
			spec->names[0], gnutls_strerror(code));
	else if (!may_certify(authority, crt))
		err = err_set(text, ERR_TRUST,
			"%s: this authority may certify only the domains that it was "
			"made for; make another one for this name",
			spec->names[0]);
	else
		err = add_pem(crt, ret_certificate);
	if (crt)
		gnutls_x509_crt_deinit(crt);
	gnutls_privkey_deinit(key);
	return err;
}

static int sign_list(
	const struct authority *authority, gnutls_x509_crl_t crl, unsigned days)
{
	time_t now = time(NULL);
	unsigned char id[64];
	unsigned char number[8];
	size_t id_len = sizeof(id);
	int err = gnutls_x509_crl_set_version(crl, 2);

	/* The time: a later list has the greater number (RFC 5280 5.2.3). */
	for (unsigned i = 0; i < sizeof(number); i++)
		number[i] = (unsigned char)((uint64_t)now >> (56 - 8 * i));
	if (err >= 0)
		err = gnutls_x509_crl_set_this_update(crl, now - EARLIER_S);
	if (err >= 0)
		err = gnutls_x509_crl_set_next_update(crl, now + (time_t)days * DAY_S);
	if (err >= 0)
		err = gnutls_x509_crl_set_number(crl, number, sizeof(number));
	if (err >= 0)
		err = gnutls_x509_crt_get_subject_key_id(
			authority->crt, id, &id_len, NULL);
	if (err >= 0)
		err = gnutls_x509_crl_set_authority_key_id(crl, id, id_len);
	if (err >= 0)
		err = gnutls_x509_crl_privkey_sign(
			crl, authority->crt, authority->key, GNUTLS_DIG_SHA256, 0);
	return err;
}

int authority_list(const struct authority *authority, unsigned days, struct buf *ret,
	struct err_text *text)
{
	gnutls_x509_crl_t crl = NULL;
	gnutls_datum_t pem = {NULL, 0};
	int err = gnutls_x509_crl_init(&crl);

	if (err >= 0)
		err = sign_list(authority, crl, days);
	if (err >= 0)
		err = gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &pem);
	if (err >= 0)
		buf_add(ret, pem.data, pem.size);
	gnutls_free(pem.data);
	if (crl)
		gnutls_x509_crl_deinit(crl);
	if (err < 0)
		return err_set(text, ERR_LIBRARY, "the revocation list: %s",
			gnutls_strerror(err));
	return ret->err;
}
