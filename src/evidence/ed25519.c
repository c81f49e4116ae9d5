#include "evidence/ed25519.h"

#include "base/regular.h"
#include "base/secret.h"
#include "tls/cred.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <unistd.h>

struct ed25519 {
	gnutls_privkey_t key;
	char *pin_file; /* NULL: none */
	uint8_t public[ED25519_PUBLIC_LEN];
	ed25519_sign_h *sign_h; /* NULL: KEY signs */
	void *sign_arg;
};

static int write_new(const char *path, const gnutls_datum_t *pem)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return -errno;
	err = regular_write(fd, (struct span){(const char *)pem->data, pem->size}, NULL);
	if (!err && fsync(fd) < 0)
		err = -errno;
	close(fd);
	if (err)
		unlink(path);
	return err;
}

int ed25519_create(const char *path, struct err_text *text)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t pem = {NULL, 0};
	int err;

	if (gnutls_x509_privkey_init(&key) != 0)
		return err_set(text, -ENOMEM, "out of memory");
	if (gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519,
		    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519), 0) != 0) {
		err = err_set(text, ERR_SUPPORT,
			"an Ed25519 key cannot be made on this machine");
		goto out;
	}
	if (gnutls_x509_privkey_export2_pkcs8(
		    key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem) != 0) {
		err = err_set(text, -ENOMEM, "out of memory");
		goto out;
	}
	err = write_new(path, &pem);
	if (err)
		err_set(text, err, "cannot write %s: %s", path, err_str(err));
out:
	if (pem.data)
		secret_wipe_bytes(pem.data, pem.size);
	gnutls_free(pem.data);
	gnutls_x509_privkey_deinit(key);
	return err;
}

/* Its public half. 0 or ERR_SUPPORT. */
static int read_public(struct ed25519 *key)
{
	gnutls_pubkey_t public = NULL;
	gnutls_datum_t x = {NULL, 0};
	gnutls_ecc_curve_t curve;
	int err = ERR_SUPPORT;

	if (gnutls_pubkey_init(&public) != 0)
		return -ENOMEM;
	if (gnutls_pubkey_import_privkey(public, key->key, 0, 0) == 0 &&
		gnutls_pubkey_export_ecc_raw(public, &curve, &x, NULL) == 0 &&
		curve == GNUTLS_ECC_CURVE_ED25519 && x.size == ED25519_PUBLIC_LEN) {
		memcpy(key->public, x.data, x.size);
		err = 0;
	}
	gnutls_free(x.data);
	gnutls_pubkey_deinit(public);
	return err;
}

static void say_no_key(const char *name, int err, struct err_text *text)
{
	if (err != ERR_SUPPORT)
		(void)err_set(text, err, "%s", err_str(err));
	else if (strncmp(name, "pkcs11:", 7) == 0)
		(void)err_set(text, err,
			"the key in the token is no Ed25519 key, or its public half is "
			"not "
			"beside it under the same id, as an EC point in DER");
	else
		(void)err_set(text, err,
			"%s: is no Ed25519 key: `openssl genpkey -algorithm ed25519` "
			"makes "
			"one",
			name);
}

int ed25519_load(struct ed25519 **ret, const char *name, struct err_text *text)
{
	struct ed25519 *key = calloc(1, sizeof(*key));
	int err;

	if (!key)
		return err_set(text, -ENOMEM, "out of memory");
	err = cred_key_load(&key->key, &key->pin_file, name, text);
	if (err) {
		free(key);
		return err;
	}
	err = read_public(key);
	if (err) {
		say_no_key(name, err, text);
		ed25519_free(key);
		return err;
	}
	*ret = key;
	return 0;
}

int ed25519_make(struct ed25519 **ret, const uint8_t public[static ED25519_PUBLIC_LEN],
	ed25519_sign_h *h, void *arg)
{
	struct ed25519 *key = calloc(1, sizeof(*key));

	if (!key)
		return -ENOMEM;
	memcpy(key->public, public, ED25519_PUBLIC_LEN);
	key->sign_h = h;
	key->sign_arg = arg;
	*ret = key;
	return 0;
}

void ed25519_free(struct ed25519 *key)
{
	if (!key)
		return;
	if (key->key)
		gnutls_privkey_deinit(key->key);
	free(key->pin_file);
	free(key);
}

void ed25519_public(const struct ed25519 *key, uint8_t ret[static ED25519_PUBLIC_LEN])
{
	memcpy(ret, key->public, ED25519_PUBLIC_LEN);
}

static gnutls_datum_t datum_of(const void *bytes, size_t len)
{
	/* GnuTLS reads it only, but its type is not const. */
	return (gnutls_datum_t){(unsigned char *)(uintptr_t)bytes, (unsigned)len};
}

int ed25519_sign(const struct ed25519 *key, struct span data,
	uint8_t ret[static ED25519_SIGNATURE_LEN])
{
	gnutls_datum_t text = datum_of(data.p, data.len), signature = {NULL, 0};
	int err = ERR_LIBRARY;

	if (key->sign_h)
		return key->sign_h(key->sign_arg, data, ret);
	if (gnutls_privkey_sign_data2(
		    key->key, GNUTLS_SIGN_EDDSA_ED25519, 0, &text, &signature) == 0 &&
		signature.size == ED25519_SIGNATURE_LEN) {
		memcpy(ret, signature.data, ED25519_SIGNATURE_LEN);
		err = 0;
	}
	gnutls_free(signature.data);
	return err;
}

bool ed25519_verify(const uint8_t key[static ED25519_PUBLIC_LEN], struct span data,
	const void *signature, size_t len)
{
	gnutls_datum_t x = datum_of(key, ED25519_PUBLIC_LEN);
	gnutls_datum_t text = datum_of(data.p, data.len),
		       bytes = datum_of(signature, len);
	gnutls_pubkey_t public = NULL;
	bool good;

	if (len != ED25519_SIGNATURE_LEN || gnutls_pubkey_init(&public) != 0)
		return false;
	good = gnutls_pubkey_import_ecc_raw(public, GNUTLS_ECC_CURVE_ED25519, &x, NULL) ==
		       0 &&
	       gnutls_pubkey_verify_data2(
		       public, GNUTLS_SIGN_EDDSA_ED25519, 0, &text, &bytes) >= 0;
	gnutls_pubkey_deinit(public);
	return good;
}
