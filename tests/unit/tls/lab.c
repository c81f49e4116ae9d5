#include "lab.h"

#include "../unit.h"

#include "tls/policy.h"

#include <dirent.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char lab_folder[64];
static unsigned lab_serial;

#define ok(call) assert_return_code((call), 0)

void lab_start(void)
{
	struct err_text text = {""};

	strcpy(lab_folder, "/tmp/tandem-lab-XXXXXX");
	assert_non_null(mkdtemp(lab_folder));
	assert_int_equal(policy_start(&text), 0);
}

void lab_stop(void)
{
	DIR *folder = opendir(lab_folder);
	struct dirent *entry;

	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL)
		unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
	rmdir(lab_folder);
	policy_stop();
}

int lab_group_start(void **state)
{
	(void)state;
	lab_start();
	return 0;
}

int lab_group_stop(void **state)
{
	(void)state;
	lab_stop();
	return 0;
}

/* --- certificates --- */

static void add_der(
	unsigned char *out, size_t *len, unsigned char tag, const void *data, size_t n)
{
	assert_true(n < 128);
	out[(*len)++] = tag;
	out[(*len)++] = (unsigned char)n;
	memcpy(out + *len, data, n);
	*len += n;
}

static unsigned char san_tag(char kind)
{
	switch (kind) {
	case 'D':
		return 0x82;
	case 'U':
		return 0x86;
	case 'I':
		return 0x87;
	default:
		return 0x81;
	}
}

/* Written by hand: the library would refuse what an attacker would not. */
static void set_sans(gnutls_x509_crt_t crt, const struct lab_san *sans)
{
	unsigned char names[512];
	unsigned char der[520];
	size_t len = 0;
	size_t der_len = 0;

	for (size_t i = 0; i < LAB_SANS_MAX && sans[i].kind != '\0'; i++)
		add_der(names, &len, san_tag(sans[i].kind), sans[i].text,
			sans[i].len > 0 ? sans[i].len : strlen(sans[i].text));
	if (len == 0)
		return;
	add_der(der, &der_len, 0x30, names, len);
	ok(gnutls_x509_crt_set_extension_by_oid(crt, "2.5.29.17", der, der_len, 0));
}

static void set_permitted(
	gnutls_x509_crt_t crt, gnutls_x509_subject_alt_name_t type, const char *suffix)
{
	gnutls_x509_name_constraints_t constraints;
	gnutls_datum_t name = {NULL, (unsigned)strlen(suffix)};

	name.data = (unsigned char *)strdup(suffix);
	ok(gnutls_x509_name_constraints_init(&constraints));
	ok(gnutls_x509_name_constraints_add_permitted(constraints, type, &name));
	ok(gnutls_x509_crt_set_name_constraints(crt, constraints, 1));
	gnutls_x509_name_constraints_deinit(constraints);
	free(name.data);
}

static void set_dates(gnutls_x509_crt_t crt, const struct lab_spec *spec)
{
	time_t now = time(NULL);
	long from = spec->from_days != 0 ? spec->from_days : -1;
	long to = spec->to_days != 0 ? spec->to_days : 30;

	ok(gnutls_x509_crt_set_activation_time(
		crt, spec->from_now ? now : now + from * LAB_DAY));
	ok(gnutls_x509_crt_set_expiration_time(crt, now + to * LAB_DAY));
}

static void set_extensions(gnutls_x509_crt_t crt, const struct lab_spec *spec)
{
	if (spec->ca) {
		ok(gnutls_x509_crt_set_basic_constraints(crt, 1, -1));
		ok(gnutls_x509_crt_set_key_usage(
			crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN));
	}
	if (spec->key_usage)
		ok(gnutls_x509_crt_set_key_usage(crt, spec->key_usage));
	if (spec->broken_san)
		ok(gnutls_x509_crt_set_extension_by_oid(crt, "2.5.29.17",
			spec->broken_san, (unsigned)strlen(spec->broken_san), 0));
	else
		set_sans(crt, spec->sans);
	if (spec->purpose)
		ok(gnutls_x509_crt_set_key_purpose_oid(crt, spec->purpose, 0));
	if (spec->broken_purpose.der)
		ok(gnutls_x509_crt_set_extension_by_oid(crt, "2.5.29.37",
			spec->broken_purpose.der, (unsigned)spec->broken_purpose.len, 0));
	if (spec->critical)
		ok(gnutls_x509_crt_set_extension_by_oid(
			crt, spec->critical, "\x05\x00", 2, 1));
	if (spec->permitted)
		set_permitted(crt, GNUTLS_SAN_DNSNAME, spec->permitted);
	if (spec->permitted_uri)
		set_permitted(crt, GNUTLS_SAN_URI, spec->permitted_uri);
}

static void set_key_id(gnutls_x509_crt_t crt)
{
	unsigned char id[20];
	size_t size = sizeof(id);

	ok(gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA1, id, &size));
	ok(gnutls_x509_crt_set_subject_key_id(crt, id, size));
}

static void set_issuer_key_id(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer)
{
	unsigned char id[20];
	size_t size = sizeof(id);

	ok(gnutls_x509_crt_get_subject_key_id(issuer, id, &size, NULL));
	ok(gnutls_x509_crt_set_authority_key_id(crt, id, size));
}

void lab_issue(
	struct lab_id *ret, const struct lab_spec *spec, const struct lab_id *issuer)
{
	unsigned char serial[4] = {1, 0, 0, 0};
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;

	ok(gnutls_x509_privkey_init(&key));
	if (spec->key_of)
		ok(gnutls_x509_privkey_cpy(key, spec->key_of->key));
	else
		ok(gnutls_x509_privkey_generate(key,
			spec->rsa_bits ? GNUTLS_PK_RSA : GNUTLS_PK_ECDSA,
			spec->rsa_bits ? spec->rsa_bits
				       : GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
			0));
	ok(gnutls_x509_crt_init(&crt));
	ok(gnutls_x509_crt_set_version(crt, 3));
	lab_serial++;
	memcpy(serial + 1, &lab_serial, 3);
	if (spec->serial.len > 0)
		ok(gnutls_x509_crt_set_serial(crt, spec->serial.bytes, spec->serial.len));
	else
		ok(gnutls_x509_crt_set_serial(crt, serial, sizeof(serial)));
	if (spec->cn)
		ok(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
			spec->cn,
			(unsigned)(spec->cn_len > 0 ? spec->cn_len : strlen(spec->cn))));
	else
		ok(gnutls_x509_crt_set_dn_by_oid(
			crt, GNUTLS_OID_X520_ORGANIZATION_NAME, 0, "Tandem lab", 10));
	set_dates(crt, spec);
	set_extensions(crt, spec);
	ok(gnutls_x509_crt_set_key(crt, key));
	if (spec->key_id)
		set_key_id(crt);
	if (spec->issuer_key_id)
		set_issuer_key_id(crt, issuer->crt);
	*ret = (struct lab_id){.crt = crt, .key = key, .issuer = issuer ? issuer : ret};
	ok(gnutls_x509_crt_sign2(crt, ret->issuer->crt, ret->issuer->key,
		spec->sha1 ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256, 0));
}

void lab_drop(struct lab_id *id)
{
	gnutls_x509_crt_deinit(id->crt);
	gnutls_x509_privkey_deinit(id->key);
}

void lab_root(struct lab_id *ret, const char *cn)
{
	struct lab_spec spec = {.cn = cn, .ca = true};

	lab_issue(ret, &spec, NULL);
}

void lab_host(struct lab_id *ret, const char *dns, const struct lab_id *issuer)
{
	struct lab_spec spec = {.sans = {{'D', dns, 0}}};

	lab_issue(ret, &spec, issuer);
}

unsigned lab_chain(const struct lab_id *id, gnutls_datum_t *ret, unsigned max)
{
	unsigned count = 0;

	do {
		assert_true(count < max);
		ok(gnutls_x509_crt_export2(id->crt, GNUTLS_X509_FMT_DER, &ret[count++]));
		id = id->issuer;
	} while (id->issuer != id);
	return count;
}

void lab_chain_free(gnutls_datum_t *chain, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		gnutls_free(chain[i].data);
}

/* --- files --- */

const char *lab_path(const char *name)
{
	static char paths[8][128];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", lab_folder, name);
	return path;
}

static void lab_append(
	const char *name, const void *data, size_t len, unsigned mode, int flags)
{
	int fd = open(lab_path(name), O_WRONLY | O_CREAT | flags, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	ok(fchmod(fd, mode));
	close(fd);
}

void lab_write(const char *name, const void *data, size_t len, unsigned mode)
{
	lab_append(name, data, len, mode, O_TRUNC);
}

static void lab_append_crt(const char *name, const struct lab_id *id, int flags)
{
	gnutls_datum_t pem = {NULL, 0};

	ok(gnutls_x509_crt_export2(id->crt, GNUTLS_X509_FMT_PEM, &pem));
	lab_append(name, pem.data, pem.size, 0644, flags);
	gnutls_free(pem.data);
}

void lab_write_both(const char *name, const struct lab_id *a, const struct lab_id *b)
{
	lab_append_crt(name, a, O_TRUNC);
	lab_append_crt(name, b, O_APPEND);
}

void lab_write_chain(const char *name, const struct lab_id *id)
{
	int flags = O_TRUNC;

	for (;;) {
		lab_append_crt(name, id, flags);
		flags = O_APPEND;
		if (id->issuer == id || id->issuer->issuer == id->issuer)
			return;
		id = id->issuer;
	}
}

void lab_write_key(const char *name, const struct lab_id *id, unsigned mode)
{
	gnutls_datum_t pem = {NULL, 0};

	ok(gnutls_x509_privkey_export2(id->key, GNUTLS_X509_FMT_PEM, &pem));
	lab_write(name, pem.data, pem.size, mode);
	gnutls_free(pem.data);
}

void lab_write_crl(const char *name, const struct lab_id *ca, const struct lab_id *signer,
	const struct lab_id *revoked, long due_days, bool add)
{
	gnutls_x509_crl_t crl;
	gnutls_datum_t pem = {NULL, 0};
	time_t now = time(NULL);
	const struct lab_id *by = signer ? signer : ca;
	unsigned char id[20];
	size_t size = sizeof(id);

	ok(gnutls_x509_crl_init(&crl));
	ok(gnutls_x509_crl_set_version(crl, 2));
	ok(gnutls_x509_crl_set_this_update(crl, now - 2 * LAB_DAY));
	ok(gnutls_x509_crl_set_next_update(crl, now + due_days * LAB_DAY));
	if (revoked)
		ok(gnutls_x509_crl_set_crt(crl, revoked->crt, now - LAB_DAY));
	if (gnutls_x509_crt_get_subject_key_id(ca->crt, id, &size, NULL) == 0)
		ok(gnutls_x509_crl_set_authority_key_id(crl, id, size));
	ok(gnutls_x509_crl_sign2(crl, ca->crt, by->key, GNUTLS_DIG_SHA256, 0));
	ok(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &pem));
	lab_append(name, pem.data, pem.size, 0644, add ? O_APPEND : O_TRUNC);
	gnutls_free(pem.data);
	gnutls_x509_crl_deinit(crl);
}

struct cred *lab_cred(const struct lab_id *id)
{
	struct err_text text = {""};
	struct cred *cred = NULL;

	lab_write_chain("cred.pem", id);
	lab_write_key("cred.key", id, 0600);
	if (cred_load(&cred, lab_path("cred.pem"), lab_path("cred.key"), NULL, &text) < 0)
		fail_msg("%s", text.text);
	return cred;
}

struct trust *lab_trust(const struct lab_id *root)
{
	struct err_text text = {""};
	struct trust *trust = NULL;

	lab_write_chain("trust.pem", root);
	if (trust_load(&trust, lab_path("trust.pem"), "", &text) < 0)
		fail_msg("%s", text.text);
	return trust;
}

struct peer *lab_peer(const char *name, struct trust *trust)
{
	struct peer_set *set;
	struct peer *peer;

	assert_int_equal(peer_set_new(&set), 0);
	assert_int_equal(peer_add(set,
				 &(struct peer_params){
					 .id = "trunk lab", .name = name, .trust = trust},
				 &peer),
		0);
	return peer;
}
