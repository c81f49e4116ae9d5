#include "base/err.h"
#include "fakes.h"
#include "tls/cred.h"
#include "tls/policy.h"

time_t cred_expires(const struct cred *cred)
{
	(void)cred;
	return fakes.own_expires;
}

const char *cred_file(const struct cred *cred)
{
	(void)cred;
	return "own.pem";
}

const char *cred_name(const struct cred *cred)
{
	(void)cred;
	return "a.tenants.example\xff";
}

int cred_key_load(gnutls_privkey_t *ret, char **ret_pin_file, const char *key,
	struct err_text *text)
{
	gnutls_datum_t pem;
	int err = gnutls_load_file(key, &pem);

	(void)ret_pin_file;
	if (err)
		return err_set(text, ERR_SUPPORT, "%s: no key here", key);
	err = gnutls_privkey_init(ret);
	if (!err)
		err = gnutls_privkey_import_x509_raw(
			*ret, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_free(pem.data);
	return err ? err_set(text, ERR_SUPPORT, "%s: no key", key) : 0;
}

time_t trust_crl_due(const struct trust *trust)
{
	(void)trust;
	return fakes.crl_due;
}

bool policy_fips_active(void)
{
	return fakes.fips_active;
}

const char *policy_version_name(enum policy_version version)
{
	return version == POLICY_TLS_1_0 ? "TLS1.0" : "TLS1.2";
}
