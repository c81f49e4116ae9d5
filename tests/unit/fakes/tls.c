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
	(void)ret;
	(void)ret_pin_file;
	return err_set(text, ERR_SUPPORT, "%s: no key here", key);
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
