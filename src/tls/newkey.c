#include "tls/newkey.h"

#include "tls/pem.h"

#include <errno.h>
#include <string.h>

#define RSA_BITS 3072

void newkey_read_name(struct newkey_name *ret, const char *name)
{
	*ret = (struct newkey_name){
		GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name), {.len = 0}};
	if (addr_parse_host(&ret->addr, name, strlen(name), 0) != 0)
		return;
	ret->type = GNUTLS_SAN_IPADDRESS;
	ret->bytes = addr_is_v6(&ret->addr) ? (const void *)&ret->addr.v6.sin6_addr
					    : (const void *)&ret->addr.v4.sin_addr;
	ret->len = addr_is_v6(&ret->addr) ? 16 : 4;
}

unsigned newkey_usage(bool rsa)
{
	return GNUTLS_KEY_DIGITAL_SIGNATURE | (rsa ? GNUTLS_KEY_KEY_ENCIPHERMENT : 0);
}

static int generate(gnutls_x509_privkey_t key, enum csr_key type)
{
	return type == CSR_RSA
		       ? gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, RSA_BITS, 0)
		       : gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
				 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
}

/* A code of the library. */
static int export(gnutls_x509_privkey_t key, struct buf *ret_pem)
{
	gnutls_datum_t pem = {NULL, 0};
	int err = gnutls_x509_privkey_export2_pkcs8(
		key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem);

	if (err >= 0)
		buf_add(ret_pem, pem.data, pem.size);
	if (err >= 0 && ret_pem->err)
		err = GNUTLS_E_MEMORY_ERROR;
	pem_free(&pem);
	return err;
}

int newkey_make(gnutls_privkey_t *ret, enum csr_key type, struct buf *ret_pem,
	struct err_text *text)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_privkey_t handle = NULL;
	int err = gnutls_x509_privkey_init(&key);

	if (err >= 0)
		err = generate(key, type);
	if (err >= 0)
		err = export(key, ret_pem);
	if (err >= 0)
		err = gnutls_privkey_init(&handle);
	if (err >= 0)
		err = gnutls_privkey_import_x509(
			handle, key, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE);
	if (err >= 0) {
		*ret = handle;
		return 0;
	}
	if (handle)
		gnutls_privkey_deinit(handle);
	if (key)
		gnutls_x509_privkey_deinit(key);
	return err_set(text, ERR_LIBRARY, "a new key: %s", gnutls_strerror(err));
}
