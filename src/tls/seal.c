#include "tls/seal.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#define CIPHER GNUTLS_CIPHER_AES_256_GCM
/* What is sealed is nonce, text and tag, in hex. */
#define NONCE_LEN 12
#define TAG_LEN 16

struct seal {
	gnutls_aead_cipher_hd_t cipher;
};

int seal_new(struct seal **ret, const struct secret *key)
{
	struct secret copy = *key;
	const gnutls_datum_t datum = {.data = copy.bytes, .size = (unsigned)copy.len};
	struct seal *seal;
	int err;

	if (key->len != SEAL_KEY_LEN)
		return ERR_SUPPORT;
	seal = calloc(1, sizeof(*seal));
	if (!seal)
		return -ENOMEM;
	err = gnutls_aead_cipher_init(&seal->cipher, CIPHER, &datum);
	secret_wipe(&copy);
	if (err) {
		free(seal);
		return err == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : ERR_LIBRARY;
	}
	*ret = seal;
	return 0;
}

void seal_free(struct seal *seal)
{
	if (!seal)
		return;
	gnutls_aead_cipher_deinit(seal->cipher);
	free(seal);
}

static int seal_h(void *arg, const char *about, struct span plain, struct buf *out)
{
	const struct seal *seal = arg;
	size_t len = plain.len + TAG_LEN;
	struct buf sealed;
	char *to;
	int err;

	buf_init(&sealed, 0);
	to = buf_reserve(&sealed, NONCE_LEN + len);
	err = to ? 0 : -ENOMEM;
	if (!err && (gnutls_rnd(GNUTLS_RND_NONCE, to, NONCE_LEN) ||
			    gnutls_aead_cipher_encrypt(seal->cipher, to, NONCE_LEN, about,
				    strlen(about), TAG_LEN, plain.p, plain.len,
				    to + NONCE_LEN, &len)))
		err = ERR_LIBRARY;
	if (!err)
		buf_add_hex(out, (struct span){to, NONCE_LEN + len});
	buf_free(&sealed);
	return err ? err : out->err;
}

static int open_h(void *arg, const char *about, struct span text, struct buf *out)
{
	const struct seal *seal = arg;
	struct buf sealed, plain;
	size_t len;
	int err;

	buf_init(&sealed, 0);
	buf_init(&plain, 0);
	err = buf_add_unhexed(&sealed, text) ? ERR_AUTH : sealed.err;
	if (!err && sealed.len < NONCE_LEN + TAG_LEN)
		err = ERR_AUTH;
	if (!err && !buf_reserve(&plain, sealed.len))
		err = -ENOMEM;
	len = plain.size;
	if (!err && gnutls_aead_cipher_decrypt(seal->cipher, sealed.data, NONCE_LEN,
			    about, strlen(about), TAG_LEN, sealed.data + NONCE_LEN,
			    sealed.len - NONCE_LEN, plain.data, &len))
		err = ERR_AUTH;
	if (!err)
		buf_add(out, plain.data, len);
	plain.len = plain.size; /* all of it is wiped */
	buf_free(&plain);
	buf_free(&sealed);
	return err ? err : out->err;
}

struct saved_sealer seal_sealer(struct seal *seal)
{
	return (struct saved_sealer){.seal_h = seal_h, .open_h = open_h, .arg = seal};
}
