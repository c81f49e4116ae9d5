#include "tls/bundle_priv.h"

#include "tls/cred.h"
#include "tls/pem.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/pkcs12.h>
#include <gnutls/pkcs7.h>
#include <stdlib.h>
#include <string.h>

#define KEY_ID_BYTES 32

int bundle_new(struct bundle **ret)
{
	struct bundle *bundle = calloc(1, sizeof(*bundle));

	if (!bundle)
		return -ENOMEM;
	bundle->root = -1;
	*ret = bundle;
	return 0;
}

void bundle_free(struct bundle *bundle)
{
	if (!bundle)
		return;
	for (unsigned i = 0; i < bundle->count; i++)
		gnutls_x509_crt_deinit(bundle->crts[i]);
	if (bundle->key)
		gnutls_x509_privkey_deinit(bundle->key);
	free(bundle);
}

/* Takes CRT. */
static int take_certificate(struct bundle *bundle, gnutls_x509_crt_t crt,
	const char *path, struct err_text *text)
{
	for (unsigned i = 0; i < bundle->count; i++)
		if (gnutls_x509_crt_equals(bundle->crts[i], crt)) {
			gnutls_x509_crt_deinit(crt);
			return 0;
		}
	if (bundle->count == BUNDLE_MAX) {
		gnutls_x509_crt_deinit(crt);
		return err_set(text, ERR_LIMIT,
			"%s: more than %d certificates; give only your own and those of "
			"its authorities",
			path, BUNDLE_MAX);
	}
	bundle->crts[bundle->count++] = crt;
	return 0;
}

/* Takes KEY, and drops one that came before. */
static void take_key(struct bundle *bundle, gnutls_x509_privkey_t key)
{
	if (bundle->key)
		gnutls_x509_privkey_deinit(bundle->key);
	bundle->key = key;
}

static int add_der(struct bundle *bundle, const gnutls_datum_t *der, const char *path,
	struct err_text *text)
{
	gnutls_x509_crt_t crt = NULL;

	if (gnutls_x509_crt_init(&crt) < 0)
		return err_set(text, -ENOMEM, "%s: out of memory", path);
	if (gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) < 0) {
		gnutls_x509_crt_deinit(crt);
		return ERR_FORMAT;
	}
	return take_certificate(bundle, crt, path, text);
}

/* The certificates of one list, which is freed. */
static int take_list(struct bundle *bundle, gnutls_x509_crt_t *crts, unsigned count,
	const char *path, struct err_text *text)
{
	int err = 0;

	for (unsigned i = 0; i < count; i++) {
		if (err == 0)
			err = take_certificate(bundle, crts[i], path, text);
		else
			gnutls_x509_crt_deinit(crts[i]);
	}
	gnutls_free(crts);
	return err;
}

static int add_pem_certificates(struct bundle *bundle, const gnutls_datum_t *bytes,
	const char *path, struct err_text *text)
{
	gnutls_x509_crt_t *crts = NULL;
	unsigned count = 0;
	int err = gnutls_x509_crt_list_import2(
		&crts, &count, bytes, GNUTLS_X509_FMT_PEM, 0);

	if (err < 0)
		return err_set(text, ERR_FORMAT, "%s: a certificate in PEM form: %s",
			path, gnutls_strerror(err));
	return take_list(bundle, crts, count, path, text);
}

static int add_pem_key(struct bundle *bundle, const gnutls_datum_t *bytes,
	const char *path, const char *password, struct err_text *text)
{
	gnutls_x509_privkey_t key = NULL;
	int err;

	if (gnutls_x509_privkey_init(&key) < 0)
		return err_set(text, -ENOMEM, "%s: out of memory", path);
	err = gnutls_x509_privkey_import2(key, bytes, GNUTLS_X509_FMT_PEM, password, 0);
	if (err >= 0) {
		take_key(bundle, key);
		return 0;
	}
	gnutls_x509_privkey_deinit(key);
	if (err == GNUTLS_E_DECRYPTION_FAILED)
		return err_set(text, ERR_AUTH, "%s: the key is encrypted, and this is %s",
			path, password ? "not its password" : "without a password");
	return err_set(
		text, ERR_FORMAT, "%s: a private key: %s", path, gnutls_strerror(err));
}

/* ERR_FORMAT without TEXT when it is none. */
static int add_pkcs7(struct bundle *bundle, const gnutls_datum_t *bytes,
	gnutls_x509_crt_fmt_t form, const char *path, struct err_text *text)
{
	gnutls_pkcs7_t pkcs7 = NULL;
	int count;
	int err = 0;

	if (gnutls_pkcs7_init(&pkcs7) < 0)
		return err_set(text, -ENOMEM, "%s: out of memory", path);
	if (gnutls_pkcs7_import(pkcs7, bytes, form) < 0)
		err = ERR_FORMAT;
	count = err == 0 ? gnutls_pkcs7_get_crt_count(pkcs7) : 0;
	for (int i = 0; err == 0 && i < count; i++) {
		gnutls_datum_t der = {NULL, 0};

		if (gnutls_pkcs7_get_crt_raw2(pkcs7, (unsigned)i, &der) < 0)
			err = ERR_FORMAT;
		else
			err = add_der(bundle, &der, path, text);
		gnutls_free(der.data);
	}
	gnutls_pkcs7_deinit(pkcs7);
	return err;
}

static int open_pkcs12(struct bundle *bundle, gnutls_pkcs12_t pkcs12, const char *path,
	const char *password, struct err_text *text)
{
	gnutls_x509_crt_t *chain = NULL, *extra = NULL;
	unsigned chain_count = 0, extra_count = 0;
	gnutls_x509_privkey_t key = NULL;
	int err = gnutls_pkcs12_verify_mac(pkcs12, password ? password : "");

	if (err < 0)
		return err_set(text, ERR_AUTH, "%s: PKCS#12 that is protected by %s",
			path, password ? "another password" : "a password");
	err = gnutls_pkcs12_simple_parse(pkcs12, password ? password : "", &key, &chain,
		&chain_count, &extra, &extra_count, NULL, 0);
	if (err < 0)
		return err_set(
			text, ERR_FORMAT, "%s: PKCS#12: %s", path, gnutls_strerror(err));
	if (key)
		take_key(bundle, key);
	err = take_list(bundle, chain, chain_count, path, text);
	if (err == 0)
		return take_list(bundle, extra, extra_count, path, text);
	for (unsigned i = 0; i < extra_count; i++)
		gnutls_x509_crt_deinit(extra[i]);
	gnutls_free(extra);
	return err;
}

/* ERR_FORMAT without TEXT when it is none. */
static int add_pkcs12(struct bundle *bundle, const gnutls_datum_t *bytes,
	const char *path, const char *password, struct err_text *text)
{
	gnutls_pkcs12_t pkcs12 = NULL;
	int err;

	if (gnutls_pkcs12_init(&pkcs12) < 0)
		return err_set(text, -ENOMEM, "%s: out of memory", path);
	if (gnutls_pkcs12_import(pkcs12, bytes, GNUTLS_X509_FMT_DER, 0) < 0)
		err = ERR_FORMAT;
	else
		err = open_pkcs12(bundle, pkcs12, path, password, text);
	gnutls_pkcs12_deinit(pkcs12);
	return err;
}

static bool has_pem(const gnutls_datum_t *bytes, const char *what)
{
	const char *at = (const char *)bytes->data;

	/* Behind the bytes is a NUL. Any other one would end the search: it is no PEM. */
	while ((at = strstr(at, "-----BEGIN "))) {
		at += strlen("-----BEGIN ");
		if (strncmp(at, what, strlen(what)) == 0 &&
			strncmp(at + strlen(what), "-----", 5) == 0)
			return true;
	}
	return false;
}

static int add_pem(struct bundle *bundle, const gnutls_datum_t *bytes, const char *path,
	const char *password, struct err_text *text)
{
	static const char *const keys[] = {"PRIVATE KEY", "ENCRYPTED PRIVATE KEY",
		"RSA PRIVATE KEY", "EC PRIVATE KEY"};
	bool any = false;
	int err = 0;

	if (has_pem(bytes, "PKCS7")) {
		err = add_pkcs7(bundle, bytes, GNUTLS_X509_FMT_PEM, path, text);
		if (err == ERR_FORMAT)
			return err_set(text, err, "%s: PKCS#7 that cannot be read", path);
		any = true;
	}
	if (err == 0 &&
		(has_pem(bytes, "CERTIFICATE") || has_pem(bytes, "X509 CERTIFICATE"))) {
		err = add_pem_certificates(bundle, bytes, path, text);
		any = true;
	}
	for (unsigned i = 0; err == 0 && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (has_pem(bytes, keys[i])) {
			err = add_pem_key(bundle, bytes, path, password, text);
			any = true;
			break;
		}
	if (any)
		return err;
	if (has_pem(bytes, "CERTIFICATE REQUEST") ||
		has_pem(bytes, "NEW CERTIFICATE REQUEST"))
		return err_set(text, ERR_FORMAT,
			"%s: a request, not the certificate that an authority makes of "
			"it",
			path);
	return err_set(text, ERR_FORMAT, "%s: PEM without a certificate", path);
}

static int add_bytes(struct bundle *bundle, const gnutls_datum_t *bytes, const char *path,
	const char *password, struct err_text *text)
{
	int err;

	if (strstr((const char *)bytes->data, "-----BEGIN "))
		return add_pem(bundle, bytes, path, password, text);
	err = add_der(bundle, bytes, path, text);
	if (err == ERR_FORMAT)
		err = add_pkcs7(bundle, bytes, GNUTLS_X509_FMT_DER, path, text);
	if (err == ERR_FORMAT) {
		if (text)
			text->text[0] = '\0';
		err = add_pkcs12(bundle, bytes, path, password, text);
		if (err == ERR_FORMAT && (!text || !text->text[0]))
			err_set(text, err,
				"%s: no certificate: neither PEM nor DER, PKCS#7 or "
				"PKCS#12",
				path);
	}
	return err;
}

int bundle_add(struct bundle *bundle, const char *path, const char *password,
	struct err_text *text)
{
	gnutls_datum_t bytes = {NULL, 0};
	int err = pem_read(&bytes, path, PEM_BYTES_MAX, false, text);

	if (err < 0)
		return err;
	err = add_bytes(bundle, &bytes, path, password, text);
	pem_free(&bytes);
	return err;
}

bool bundle_has_key(const struct bundle *bundle)
{
	return bundle->key;
}

int bundle_print_key(const struct bundle *bundle, struct buf *ret)
{
	gnutls_datum_t pem = {NULL, 0};

	if (gnutls_x509_privkey_export2_pkcs8(
		    bundle->key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem) < 0)
		return ERR_LIBRARY;
	buf_add(ret, pem.data, pem.size);
	pem_free(&pem);
	return ret->err;
}

static int read_key_id(const struct bundle *bundle, const char *key, unsigned char *ret,
	struct err_text *text)
{
	size_t size = KEY_ID_BYTES;
	gnutls_privkey_t private = NULL;
	gnutls_pubkey_t public = NULL;
	char *pin_file = NULL;
	int err = 0;

	if (!key)
		return gnutls_x509_privkey_get_key_id(
			       bundle->key, GNUTLS_KEYID_USE_SHA256, ret, &size) < 0
			       ? ERR_LIBRARY
			       : 0;
	err = cred_key_load(&private, &pin_file, key, text);
	if (err < 0)
		return err;
	if (gnutls_pubkey_init(&public) < 0 ||
		gnutls_pubkey_import_privkey(public, private, 0, 0) < 0 ||
		gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, ret, &size) < 0)
		err = err_set(
			text, ERR_LIBRARY, "the key: its public part cannot be read");
	if (public)
		gnutls_pubkey_deinit(public);
	gnutls_privkey_deinit(private);
	free(pin_file);
	return err;
}

static bool is_self_signed(gnutls_x509_crt_t crt)
{
	return gnutls_x509_crt_check_issuer(crt, crt) != 0;
}

static bool is_authority(gnutls_x509_crt_t crt)
{
	return gnutls_x509_crt_get_ca_status(crt, NULL) > 0;
}

static bool is_in_chain(const struct bundle *bundle, unsigned index)
{
	for (unsigned i = 0; i < bundle->chain_count; i++)
		if (bundle->chain[i] == index)
			return true;
	return bundle->root == (int)index;
}

/* Who signed CRT: several may have the name of its issuer (renewed, cross-signed). -1: nobody here. */
static int find_issuer(const struct bundle *bundle, gnutls_x509_crt_t crt)
{
	for (unsigned i = 0; i < bundle->count; i++) {
		unsigned status = 0;

		if (!is_in_chain(bundle, i) &&
			gnutls_x509_crt_check_issuer(crt, bundle->crts[i]) != 0 &&
			gnutls_x509_crt_verify(crt, &bundle->crts[i], 1,
				GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
					GNUTLS_VERIFY_ALLOW_BROKEN,
				&status) >= 0 &&
			(status & (GNUTLS_CERT_SIGNATURE_FAILURE |
					  GNUTLS_CERT_SIGNER_NOT_FOUND)) == 0)
			return (int)i;
	}
	return -1;
}

static void order(struct bundle *bundle, unsigned leaf)
{
	int next = (int)leaf;

	bundle->chain_count = 0;
	bundle->root = -1;
	while (next >= 0 && bundle->chain_count < POLICY_CHAIN_MAX) {
		gnutls_x509_crt_t crt = bundle->crts[next];

		/* A leaf that signs itself is presented all the same. */
		if (bundle->chain_count > 0 && is_self_signed(crt)) {
			bundle->root = next;
			return;
		}
		bundle->chain[bundle->chain_count++] = (unsigned)next;
		next = find_issuer(bundle, crt);
	}
}

int bundle_choose(struct bundle *bundle, const char *key, struct err_text *text)
{
	unsigned char wanted[KEY_ID_BYTES];
	int best = -1;
	int err = read_key_id(bundle, key, wanted, text);

	for (unsigned i = 0; err == 0 && i < bundle->count; i++) {
		unsigned char id[KEY_ID_BYTES];
		size_t size = sizeof(id);

		if (gnutls_x509_crt_get_key_id(
			    bundle->crts[i], GNUTLS_KEYID_USE_SHA256, id, &size) < 0 ||
			memcmp(id, wanted, sizeof(id)) != 0)
			continue;
		/* Of several for one key, that which lasts longest. */
		if (best < 0 ||
			gnutls_x509_crt_get_expiration_time(bundle->crts[i]) >
				gnutls_x509_crt_get_expiration_time(bundle->crts[best]))
			best = (int)i;
	}
	if (err < 0)
		return err;
	if (best < 0)
		return ERR_STATE;
	order(bundle, (unsigned)best);
	return 0;
}

unsigned bundle_chain_count(const struct bundle *bundle)
{
	return bundle->chain_count;
}

/* Puts "" and 0 first: facts_read() adds to what is there. */
static void read_facts(gnutls_x509_crt_t crt, struct facts *ret)
{
	memset(ret, 0, sizeof(*ret));
	facts_read(ret, crt);
}

void bundle_chain_facts(const struct bundle *bundle, unsigned index, struct facts *ret)
{
	read_facts(bundle->crts[bundle->chain[index]], ret);
}

bool bundle_root_facts(const struct bundle *bundle, struct facts *ret)
{
	if (bundle->root < 0)
		return false;
	read_facts(bundle->crts[bundle->root], ret);
	return true;
}

unsigned bundle_other_count(const struct bundle *bundle)
{
	unsigned count = 0;

	for (unsigned i = 0; i < bundle->count; i++)
		count += !is_in_chain(bundle, i);
	return count;
}

void bundle_other_facts(const struct bundle *bundle, unsigned index, struct facts *ret)
{
	for (unsigned i = 0; i < bundle->count; i++)
		if (!is_in_chain(bundle, i) && index-- == 0)
			read_facts(bundle->crts[i], ret);
}

static int print(const struct bundle *bundle, unsigned index, struct buf *ret)
{
	gnutls_datum_t pem = {NULL, 0};
	int err = gnutls_x509_crt_export2(bundle->crts[index], GNUTLS_X509_FMT_PEM, &pem);

	if (err >= 0)
		buf_add(ret, pem.data, pem.size);
	gnutls_free(pem.data);
	return err < 0 ? ERR_LIBRARY : ret->err;
}

int bundle_print_chain(const struct bundle *bundle, struct buf *ret)
{
	int err = 0;

	for (unsigned i = 0; err == 0 && i < bundle->chain_count; i++)
		err = print(bundle, bundle->chain[i], ret);
	return err;
}

static bool has(const struct bundle *bundle, gnutls_x509_crt_t crt)
{
	for (unsigned i = 0; i < bundle->count; i++)
		if (gnutls_x509_crt_equals(bundle->crts[i], crt))
			return true;
	return false;
}

int bundle_print_anchors(
	const struct bundle *bundle, const struct bundle *known, struct buf *ret)
{
	bool any_root = false;
	int count = 0;
	int err = 0;

	for (unsigned i = 0; i < bundle->count; i++)
		any_root = any_root || (is_authority(bundle->crts[i]) &&
					       is_self_signed(bundle->crts[i]));
	for (unsigned i = 0; err == 0 && i < bundle->count; i++) {
		gnutls_x509_crt_t crt = bundle->crts[i];

		if (!is_authority(crt) || (any_root && !is_self_signed(crt)) ||
			(known && has(known, crt)))
			continue;
		err = print(bundle, i, ret);
		count++;
	}
	return err < 0 ? err : count;
}
