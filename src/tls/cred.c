#include "tls/cred.h"

#include "base/clock.h"
#include "tls/escape.h"
#include "tls/misfile.h"
#include "tls/names.h"
#include "tls/pem.h"
#include "tls/policy.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file with the PIN of a token. */
#define CRED_PIN_BYTES_MAX 4096

struct cred {
	unsigned references;
	gnutls_certificate_credentials_t handle;
	time_t when; /* the dates are judged for this time */
	time_t expires;
	char *file;     /* with the certificates */
	char *pin_file; /* of the token with the key; NULL: none */
	char name[256];
	struct names names;
};

/* A chain, leaf first, while it is being loaded. */
struct cred_chain {
	gnutls_x509_crt_t *crts;
	unsigned count;
	gnutls_pcert_st pcerts[POLICY_CHAIN_MAX];
	unsigned pcert_count;
};

static void cred_chain_free(struct cred_chain *chain)
{
	for (unsigned i = 0; i < chain->pcert_count; i++)
		gnutls_pcert_deinit(&chain->pcerts[i]);
	for (unsigned i = 0; i < chain->count; i++)
		gnutls_x509_crt_deinit(chain->crts[i]);
	gnutls_free(chain->crts);
}

/* Whether a certificate of LIST is none of a CA. */
static bool has_host(gnutls_x509_crt_t *list, unsigned count)
{
	bool found = false;

	for (unsigned i = 0; i < count && !found; i++)
		found = gnutls_x509_crt_get_ca_status(list[i], NULL) <= 0;
	return found;
}

/* The library sorts what is above the first one, and leaves out the others: one that is below it. */
static int cred_check_order(const struct cred_chain *chain, const gnutls_datum_t *bytes,
	const char *path, struct err_text *text)
{
	gnutls_x509_crt_t *all = NULL;
	unsigned count = 0;
	bool wrong;

	if (gnutls_x509_crt_get_ca_status(chain->crts[0], NULL) <= 0 ||
		gnutls_x509_crt_list_import2(
			&all, &count, bytes, GNUTLS_X509_FMT_PEM, 0) < 0)
		return 0;
	wrong = has_host(all, count);
	for (unsigned i = 0; i < count; i++)
		gnutls_x509_crt_deinit(all[i]);
	gnutls_free(all);
	if (!wrong)
		return 0;
	return err_set(text, ERR_FORMAT,
		"%s: the chain is in the wrong order, it begins with the certificate of "
		"a "
		"CA: put our own first, and then that of its issuer (`cat OWN ISSUER "
		">%s`)",
		path, path);
}

static int cred_read_chain(
	struct cred_chain *chain, const char *path, struct err_text *text)
{
	gnutls_datum_t bytes = {NULL, 0};
	int err = pem_read(&bytes, path, PEM_BYTES_MAX, false, text);

	if (err < 0)
		return err;
	err = gnutls_x509_crt_list_import2(&chain->crts, &chain->count, &bytes,
		GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_SORT);
	if (err < 0 || chain->count == 0) {
		chain->count = 0;
		err = misfile_say(MISFILE_CERTIFICATE, path, &bytes, err, text);
	} else {
		err = cred_check_order(chain, &bytes, path, text);
	}
	pem_free(&bytes);
	if (err < 0)
		return err;
	if (chain->count > POLICY_CHAIN_MAX)
		return err_set(text, ERR_LIMIT, "%s: %u certificates, %d at most", path,
			chain->count, POLICY_CHAIN_MAX);
	while (chain->pcert_count < chain->count) {
		unsigned i = chain->pcert_count;

		err = gnutls_pcert_import_x509(&chain->pcerts[i], chain->crts[i], 0);
		if (err < 0)
			return err_set(text, ERR_FORMAT, "%s: certificate %u: %s", path,
				i + 1, gnutls_strerror(err));
		chain->pcert_count++;
	}
	return 0;
}

static int cred_check_dates(struct cred *cred, const struct cred_chain *chain,
	const char *path, struct err_text *text)
{
	char when[CLOCK_TEXT_SIZE];

	for (unsigned i = 0; i < chain->count; i++) {
		time_t from = gnutls_x509_crt_get_activation_time(chain->crts[i]);
		time_t to = gnutls_x509_crt_get_expiration_time(chain->crts[i]);

		if (from > cred->when)
			return err_set(text, ERR_TRUST,
				"%s: certificate %u is not valid before %s", path, i + 1,
				clock_text((uint64_t)from * 1000000, when));
		if (to < cred->when)
			return err_set(text, ERR_TRUST,
				"%s: certificate %u expired on %s", path, i + 1,
				clock_text(to > 0 ? (uint64_t)to * 1000000 : 0, when));
		if (i == 0 || to < cred->expires)
			cred->expires = to;
	}
	return 0;
}

static int say_not_for(const struct cred *cred, const char *path, const char *host,
	struct err_text *text)
{
	char all[256] = "";

	names_print(&cred->names, all, sizeof(all));
	return err_set(text, ERR_TRUST, "%s: the certificate is for %s, not for %s", path,
		all[0] != '\0' ? all : "no name", host);
}

static int cred_check_name(struct cred *cred, const struct cred_chain *chain,
	const char *path, const char *fqdn, struct err_text *text)
{
	names_read(&cred->names, chain->crts[0]);
	if (fqdn && !names_match(&cred->names, fqdn))
		return say_not_for(cred, path, fqdn, text);
	if (fqdn)
		escape_add_str(cred->name, sizeof(cred->name), fqdn);
	else
		names_print_first(&cred->names, cred->name, sizeof(cred->name));
	return 0;
}

static int cred_read_key_file(
	gnutls_privkey_t key, const char *path, struct err_text *text)
{
	gnutls_datum_t bytes = {NULL, 0};
	int err = pem_read(&bytes, path, PEM_BYTES_MAX, true, text);

	if (err < 0)
		return err;
	err = gnutls_privkey_import_x509_raw(key, &bytes, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (err < 0)
		err = misfile_say(MISFILE_KEY, path, &bytes, err, text);
	pem_free(&bytes);
	return err;
}

/*
 * The file that the URI names for the PIN (RFC 7512 2.4), also where and how older URIs
 * have it (in the path, pinfile): its path in RET, "" for none.
 */
static void cred_pin_file(const char *uri, char *ret, size_t size)
{
	static const char *const names[] = {"pin-source=", "pinfile="};
	const char *at = NULL;
	size_t len = 0;

	for (size_t i = 0; i < 2 && !at; i++) {
		at = strstr(uri, names[i]);
		while (at && !strchr("?&;:", at[-1]))
			at = strstr(at + 1, names[i]);
		at = at ? at + strlen(names[i]) : NULL;
	}
	ret[0] = '\0';
	if (!at)
		return;
	if (strncmp(at, "file:", 5) == 0)
		at += strncmp(at + 5, "//", 2) == 0 ? 7 : 5;
	while (*at != '\0' && !strchr("&;?", *at) && len + 1 < size) {
		unsigned byte;

		if (*at == '%' && sscanf(at + 1, "%2x", &byte) == 1) {
			ret[len++] = (char)byte;
			at += 3;
		} else {
			ret[len++] = *at++;
		}
	}
	ret[len] = '\0';
}

static int cred_read_pin(gnutls_datum_t *ret, const char *path, struct err_text *text)
{
	int err = pem_read(ret, path, CRED_PIN_BYTES_MAX, true, text);

	if (err == ERR_TRUST)
		return err_set(text, err,
			"%s: the PIN of a token that others may read or change; chmod "
			"0640 it",
			path);
	while (err == 0 && ret->size > 0 && strchr("\r\n", ret->data[ret->size - 1]))
		ret->data[--ret->size] = '\0';
	return err;
}

/* The library asks when a token wants its PIN: also later, when it has to log in again. A
 * second attempt would only bring the token nearer to locking. */
static int cred_pin_h(void *arg, int attempt, const char *token_url,
	const char *token_label, unsigned flags, char *pin, size_t pin_max)
{
	gnutls_datum_t bytes = {NULL, 0};
	int ret = -1;

	(void)token_url;
	(void)token_label;
	(void)flags;
	if (attempt > 0 || cred_read_pin(&bytes, arg, NULL) < 0)
		return -1;
	if (bytes.size > 0 && bytes.size < pin_max) {
		memcpy(pin, bytes.data, bytes.size + 1);
		ret = 0;
	}
	pem_free(&bytes);
	return ret;
}

/* p11-kit would take a bare path alone, not file: as RFC 7512 has it, and any mode. */
static int cred_use_pin_file(
	struct cred *cred, gnutls_privkey_t key, const char *uri, struct err_text *text)
{
	gnutls_datum_t bytes = {NULL, 0};
	char path[1024];
	int err;

	cred_pin_file(uri, path, sizeof(path));
	if (path[0] == '\0')
		return 0;
	err = cred_read_pin(&bytes, path, text);
	pem_free(&bytes);
	if (err < 0)
		return err;
	cred->pin_file = strdup(path);
	if (!cred->pin_file)
		return err_set(text, -ENOMEM, "%s: out of memory", path);
	gnutls_privkey_set_pin_function(key, cred_pin_h, cred->pin_file);
	return 0;
}

static bool is_pin_error(int err)
{
	return err == GNUTLS_E_PKCS11_PIN_ERROR || err == GNUTLS_E_PKCS11_PIN_EXPIRED ||
	       err == GNUTLS_E_PKCS11_PIN_LOCKED;
}

/* No text names the URI: it may hold a PIN. */
static int cred_read_key_token(
	struct cred *cred, gnutls_privkey_t key, const char *uri, struct err_text *text)
{
	int err = cred_use_pin_file(cred, key, uri, text);

	if (err < 0)
		return err;
	err = gnutls_privkey_import_url(key, uri, 0);
	if (err < 0)
		return err_set(text, is_pin_error(err) ? ERR_TRUST : ERR_LIBRARY,
			"the key in the token: %s", gnutls_strerror(err));
	return 0;
}

static int cred_read_key(
	struct cred *cred, gnutls_privkey_t *ret, const char *path, struct err_text *text)
{
	gnutls_privkey_t key;
	int err;

	if (gnutls_privkey_init(&key) < 0)
		return err_set(text, -ENOMEM, "%s: out of memory", path);
	if (strncmp(path, "pkcs11:", 7) == 0) {
		err = cred_read_key_token(cred, key, path, text);
	} else {
		err = cred_read_key_file(key, path, text);
	}
	if (err < 0)
		gnutls_privkey_deinit(key);
	else
		*ret = key;
	return err;
}

int cred_key_load(gnutls_privkey_t *ret, char **ret_pin_file, const char *key,
	struct err_text *text)
{
	struct cred holder = {.pin_file = NULL};
	int err = cred_read_key(&holder, ret, key, text);

	if (err == 0)
		*ret_pin_file = holder.pin_file;
	else
		free(holder.pin_file);
	return err;
}

static int say_mismatch(
	const char *certificate, const char *key_name, struct err_text *text)
{
	if (strncmp(key_name, "pkcs11:", 7) == 0)
		return err_set(text, ERR_TRUST,
			"the key in the token does not belong to %s", certificate);
	return err_set(text, ERR_TRUST,
		"%s does not belong to %s: `openssl pkey -pubout -in %s` and `openssl "
		"x509 "
		"-noout -pubkey -in %s` must print the same",
		key_name, certificate, key_name, certificate);
}

/* On success the handle owns the key and the chain's public parts. */
static int cred_join(struct cred *cred, struct cred_chain *chain, gnutls_privkey_t key,
	const char *certificate, const char *key_name, struct err_text *text)
{
	int err;

	err = gnutls_certificate_set_key(
		cred->handle, NULL, 0, chain->pcerts, (int)chain->pcert_count, key);
	if (err < 0) {
		gnutls_privkey_deinit(key);
		if (err == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
			return say_mismatch(certificate, key_name, text);
		return err_set(
			text, ERR_LIBRARY, "%s: %s", certificate, gnutls_strerror(err));
	}
	chain->pcert_count = 0;
	return 0;
}

static int cred_fill(struct cred *cred, struct cred_chain *chain, const char *certificate,
	const char *key_name, const char *fqdn, struct err_text *text)
{
	gnutls_privkey_t key = NULL;
	int err = cred_read_chain(chain, certificate, text);

	if (err == 0)
		err = cred_check_dates(cred, chain, certificate, text);
	if (err == 0)
		err = cred_check_name(cred, chain, certificate, fqdn, text);
	if (err == 0)
		err = cred_read_key(cred, &key, key_name, text);
	if (err == 0)
		err = cred_join(cred, chain, key, certificate, key_name, text);
	return err;
}

int cred_load_at(struct cred **ret, const char *certificate, const char *key,
	const char *fqdn, time_t when, struct err_text *text)
{
	struct cred_chain chain = {.crts = NULL};
	struct cred *cred = calloc(1, sizeof(*cred));
	int err;

	if (cred)
		cred->file = strdup(certificate);
	if (!cred || !cred->file ||
		gnutls_certificate_allocate_credentials(&cred->handle) < 0) {
		free(cred ? cred->file : NULL);
		free(cred);
		return err_set(text, -ENOMEM, "%s: out of memory", certificate);
	}
	cred->references = 1;
	cred->when = when;
	err = cred_fill(cred, &chain, certificate, key, fqdn, text);
	cred_chain_free(&chain);
	if (err < 0)
		cred_unref(cred);
	else
		*ret = cred;
	return err;
}

int cred_load(struct cred **ret, const char *certificate, const char *key,
	const char *fqdn, struct err_text *text)
{
	return cred_load_at(ret, certificate, key, fqdn, time(NULL), text);
}

bool cred_equal(const struct cred *a, const struct cred *b)
{
	for (unsigned i = 0;; i++) {
		gnutls_datum_t left, right;
		bool more_a = !gnutls_certificate_get_crt_raw(a->handle, 0, i, &left);
		bool more_b = !gnutls_certificate_get_crt_raw(b->handle, 0, i, &right);

		if (!more_a || !more_b)
			return more_a == more_b;
		if (left.size != right.size ||
			memcmp(left.data, right.data, left.size) != 0)
			return false;
	}
}

struct cred *cred_ref(struct cred *cred)
{
	cred->references++;
	return cred;
}

void cred_unref(struct cred *cred)
{
	if (!cred || --cred->references > 0)
		return;
	gnutls_certificate_free_credentials(cred->handle);
	names_free(&cred->names);
	free(cred->file);
	free(cred->pin_file); /* the key in the handle may have asked for it */
	free(cred);
}

gnutls_certificate_credentials_t cred_handle(const struct cred *cred)
{
	return cred->handle;
}

int cred_serve(const struct cred *cred, gnutls_session_t session)
{
	if (policy_apply(session, NULL) < 0 ||
		gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, cred->handle) < 0)
		return ERR_LIBRARY;
	gnutls_certificate_server_set_request(session, GNUTLS_CERT_IGNORE);
	return 0;
}

const char *cred_file(const struct cred *cred)
{
	return cred->file;
}

const char *cred_name(const struct cred *cred)
{
	return cred->name;
}

const struct names *cred_names(const struct cred *cred)
{
	return &cred->names;
}

int cred_check_host(const struct cred *cred, const char *host, bool *ret_wildcard,
	struct err_text *text)
{
	const bool match = names_match(&cred->names, host);

	if (!match && !names_match_one_label(&cred->names, host))
		return say_not_for(cred, cred->file, host, text);
	if (ret_wildcard)
		*ret_wildcard = !match;
	return 0;
}

time_t cred_expires(const struct cred *cred)
{
	return cred->expires;
}

int cred_facts(const struct cred *cred, struct facts_chain *ret)
{
	gnutls_datum_t der[POLICY_CHAIN_MAX];
	unsigned count = 0;

	while (count < POLICY_CHAIN_MAX &&
		gnutls_certificate_get_crt_raw(cred->handle, 0, count, &der[count]) == 0)
		count++;
	return facts_of_der(ret, der, count);
}

bool cred_is_alone(const struct cred *cred, char ret_issuer[static FACTS_TEXT_SIZE])
{
	struct facts_chain *chain = calloc(1, sizeof(*chain));
	bool alone = chain && cred_facts(cred, chain) == 0 && chain->count == 1 &&
		     !chain->facts[0].self_signed;

	snprintf(ret_issuer, FACTS_TEXT_SIZE, "%s", alone ? chain->facts[0].issuer : "");
	free(chain);
	return alone;
}
