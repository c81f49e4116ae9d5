#include "base/secret.h"
#include "media/srtp_engine.h"
#include "media/srtp_vectors.h"

#include <gnutls/crypto.h>
#include <srtp2/auth.h>
#include <srtp2/cipher.h>
#include <srtp2/crypto_types.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define AES_BLOCK 16
#define AES_128_KEY 16
#define AES_256_KEY 32
#define GCM_IV 12
#define GCM_TAG 16
#define SHA1_BYTES 20
/* SRTP's associated data is a header with its extension, SRTCP's 12 bytes: a packet at most. */
#define AAD_MAX 2048

/* AES in counter mode, out of CBC: the library has no other way to a bare block. */
struct icm {
	srtp_cipher_t base; /* what libsrtp2 holds; its state points back here */
	gnutls_cipher_hd_t cbc;
	unsigned key_len;
	uint8_t salt[AES_BLOCK];    /* 14 bytes and two zeros, the block counter */
	uint8_t counter[AES_BLOCK]; /* of the next block */
	uint8_t last
		[AES_BLOCK]; /* the last block that CBC gave: it mixes it into the next */
	uint8_t stream[AES_BLOCK]; /* key stream, of which USED bytes are used */
	unsigned used;
};

struct gcm {
	srtp_cipher_t base;
	gnutls_cipher_hd_t aead;
	unsigned key_len;
	unsigned tag_len;
	/* libsrtp2 passes SRTCP's associated data in two pieces, and the library pads each to
	 * a block: here they are joined. */
	uint8_t aad[AAD_MAX];
	size_t aad_len;
};

struct mac {
	srtp_auth_t base;
	gnutls_hmac_hd_t hmac;
};

static const srtp_cipher_type_t type_icm_128, type_icm_256, type_gcm_128, type_gcm_256;
static const srtp_auth_type_t type_hmac_sha1;

static srtp_err_status_t status_of(int err)
{
	return err < 0 ? srtp_err_status_cipher_fail : srtp_err_status_ok;
}

/* Ends what *HANDLE is and makes a new one. */
static srtp_err_status_t set_key(gnutls_cipher_hd_t *handle,
	gnutls_cipher_algorithm_t algorithm, const uint8_t *bytes, unsigned len)
{
	uint8_t zeros[AES_BLOCK] = {0};
	gnutls_datum_t key = {(unsigned char *)(uintptr_t)bytes, len};
	gnutls_datum_t iv = {zeros, algorithm == GNUTLS_CIPHER_AES_128_CBC ||
						    algorithm == GNUTLS_CIPHER_AES_256_CBC
					    ? AES_BLOCK
					    : GCM_IV};

	if (*handle)
		gnutls_cipher_deinit(*handle);
	*handle = NULL;
	return status_of(gnutls_cipher_init(handle, algorithm, &key, &iv));
}

/* Counter mode, RFC 3711 4.1.1 and RFC 6188 */

static srtp_err_status_t icm_alloc(srtp_cipher_pointer_t *ret, int key_len, int tag_len)
{
	bool wide = key_len == SRTP_AES_ICM_256_KEY_LEN_WSALT;
	struct icm *icm;

	(void)tag_len;
	if (!wide && key_len != SRTP_AES_ICM_128_KEY_LEN_WSALT)
		return srtp_err_status_bad_param;
	icm = calloc(1, sizeof(*icm));
	if (!icm)
		return srtp_err_status_alloc_fail;
	icm->key_len = wide ? AES_256_KEY : AES_128_KEY;
	icm->base.type = wide ? &type_icm_256 : &type_icm_128;
	icm->base.algorithm = wide ? SRTP_AES_ICM_256 : SRTP_AES_ICM_128;
	icm->base.key_len = key_len;
	icm->base.state = icm;
	*ret = &icm->base;
	return srtp_err_status_ok;
}

static srtp_err_status_t icm_dealloc(srtp_cipher_pointer_t cipher)
{
	struct icm *icm = cipher->state;

	if (icm->cbc)
		gnutls_cipher_deinit(icm->cbc);
	secret_wipe_bytes(icm, sizeof(*icm));
	free(icm);
	return srtp_err_status_ok;
}

static srtp_err_status_t icm_init(void *state, const uint8_t *key)
{
	struct icm *icm = state;

	memset(icm->salt, 0, sizeof(icm->salt));
	memcpy(icm->salt, key + icm->key_len, SRTP_SALT_LEN);
	memcpy(icm->counter, icm->salt, sizeof(icm->counter));
	memset(icm->last, 0, sizeof(icm->last));
	icm->used = AES_BLOCK;
	return set_key(&icm->cbc,
		icm->key_len == AES_256_KEY ? GNUTLS_CIPHER_AES_256_CBC
					    : GNUTLS_CIPHER_AES_128_CBC,
		key, icm->key_len);
}

static srtp_err_status_t icm_set_iv(
	void *state, uint8_t *iv, srtp_cipher_direction_t direction)
{
	struct icm *icm = state;

	(void)direction;
	for (unsigned i = 0; i < AES_BLOCK; i++)
		icm->counter[i] = icm->salt[i] ^ iv[i];
	icm->used = AES_BLOCK;
	return srtp_err_status_ok;
}

/* CBC encrypts a block mixed with the block before; mixed in once more, that one is out
 * again, and what comes is the bare block cipher. Any other way costs an IV for each. */
static int icm_next_block(struct icm *icm)
{
	uint8_t block[AES_BLOCK];
	int err;

	for (unsigned i = 0; i < AES_BLOCK; i++)
		block[i] = icm->counter[i] ^ icm->last[i];
	err = gnutls_cipher_encrypt2(icm->cbc, block, AES_BLOCK, icm->stream, AES_BLOCK);
	if (err < 0)
		return err;
	memcpy(icm->last, icm->stream, AES_BLOCK);
	/* The last two bytes count; a packet is shorter than 2^16 blocks. */
	if (++icm->counter[AES_BLOCK - 1] == 0)
		icm->counter[AES_BLOCK - 2]++;
	icm->used = 0;
	return 0;
}

/* Also decrypts. */
static srtp_err_status_t icm_encrypt(void *state, uint8_t *data, unsigned int *len)
{
	struct icm *icm = state;

	for (unsigned i = 0; i < *len; i++) {
		if (icm->used == AES_BLOCK && icm_next_block(icm) < 0)
			return srtp_err_status_cipher_fail;
		data[i] ^= icm->stream[icm->used++];
	}
	return srtp_err_status_ok;
}

/* GCM, RFC 7714 */

static srtp_err_status_t gcm_alloc(srtp_cipher_pointer_t *ret, int key_len, int tag_len)
{
	bool wide = key_len == SRTP_AES_GCM_256_KEY_LEN_WSALT;
	struct gcm *gcm;

	if (!wide && key_len != SRTP_AES_GCM_128_KEY_LEN_WSALT)
		return srtp_err_status_bad_param;
	if (tag_len != 8 && tag_len != GCM_TAG)
		return srtp_err_status_bad_param;
	gcm = calloc(1, sizeof(*gcm));
	if (!gcm)
		return srtp_err_status_alloc_fail;
	gcm->key_len = wide ? AES_256_KEY : AES_128_KEY;
	gcm->tag_len = (unsigned)tag_len;
	gcm->base.type = wide ? &type_gcm_256 : &type_gcm_128;
	gcm->base.algorithm = wide ? SRTP_AES_GCM_256 : SRTP_AES_GCM_128;
	gcm->base.key_len = key_len;
	gcm->base.state = gcm;
	*ret = &gcm->base;
	return srtp_err_status_ok;
}

static srtp_err_status_t gcm_dealloc(srtp_cipher_pointer_t cipher)
{
	struct gcm *gcm = cipher->state;

	if (gcm->aead)
		gnutls_cipher_deinit(gcm->aead);
	secret_wipe_bytes(gcm, sizeof(*gcm));
	free(gcm);
	return srtp_err_status_ok;
}

/* The salt behind the key is not ours: libsrtp2 has mixed it into the vectors it sets. */
static srtp_err_status_t gcm_init(void *state, const uint8_t *key)
{
	struct gcm *gcm = state;

	return set_key(&gcm->aead,
		gcm->key_len == AES_256_KEY ? GNUTLS_CIPHER_AES_256_GCM
					    : GNUTLS_CIPHER_AES_128_GCM,
		key, gcm->key_len);
}

static srtp_err_status_t gcm_set_vector(
	void *state, uint8_t *iv, srtp_cipher_direction_t direction)
{
	struct gcm *gcm = state;

	(void)direction;
	gnutls_cipher_set_iv(gcm->aead, iv, GCM_IV);
	gcm->aad_len = 0;
	return srtp_err_status_ok;
}

static srtp_err_status_t gcm_set_aad(void *state, const uint8_t *aad, uint32_t len)
{
	struct gcm *gcm = state;

	if (len > sizeof(gcm->aad) - gcm->aad_len)
		return srtp_err_status_bad_param;
	memcpy(gcm->aad + gcm->aad_len, aad, len);
	gcm->aad_len += len;
	return srtp_err_status_ok;
}

static int gcm_end_aad(struct gcm *gcm)
{
	size_t len = gcm->aad_len;

	gcm->aad_len = 0;
	return len ? gnutls_cipher_add_auth(gcm->aead, gcm->aad, len) : 0;
}

static srtp_err_status_t gcm_seal(void *state, uint8_t *data, unsigned int *len)
{
	struct gcm *gcm = state;

	if (gcm_end_aad(gcm) < 0)
		return srtp_err_status_cipher_fail;
	return status_of(gnutls_cipher_encrypt(gcm->aead, data, *len));
}

static srtp_err_status_t gcm_get_tag(void *state, uint8_t *tag, uint32_t *len)
{
	struct gcm *gcm = state;

	*len = gcm->tag_len;
	/* Where nothing is encrypted it was not added yet. */
	if (gcm_end_aad(gcm) < 0)
		return srtp_err_status_cipher_fail;
	return status_of(gnutls_cipher_tag(gcm->aead, tag, gcm->tag_len));
}

/* LEN comes with the tag behind the ciphertext and goes back without. */
static srtp_err_status_t gcm_open(void *state, uint8_t *data, unsigned int *len)
{
	struct gcm *gcm = state;
	uint8_t tag[GCM_TAG];
	unsigned text_len;

	if (*len < gcm->tag_len)
		return srtp_err_status_bad_param;
	text_len = *len - gcm->tag_len;
	if (gcm_end_aad(gcm) < 0 ||
		gnutls_cipher_decrypt(gcm->aead, data, text_len) < 0 ||
		gnutls_cipher_tag(gcm->aead, tag, gcm->tag_len) < 0)
		return srtp_err_status_cipher_fail;
	if (gnutls_memcmp(tag, data + text_len, gcm->tag_len) != 0)
		return srtp_err_status_auth_fail;
	*len = text_len;
	return srtp_err_status_ok;
}

/* HMAC-SHA1 */

static srtp_err_status_t mac_alloc(srtp_auth_pointer_t *ret, int key_len, int out_len)
{
	struct mac *mac;

	if (key_len < 0 || key_len > SRTP_MAX_KEY_LEN || out_len < 0 ||
		out_len > SHA1_BYTES)
		return srtp_err_status_bad_param;
	mac = calloc(1, sizeof(*mac));
	if (!mac)
		return srtp_err_status_alloc_fail;
	mac->base.type = &type_hmac_sha1;
	mac->base.state = mac;
	mac->base.key_len = key_len;
	mac->base.out_len = out_len;
	*ret = &mac->base;
	return srtp_err_status_ok;
}

static srtp_err_status_t mac_dealloc(srtp_auth_pointer_t auth)
{
	struct mac *mac = auth->state;

	if (mac->hmac)
		gnutls_hmac_deinit(mac->hmac, NULL);
	secret_wipe_bytes(mac, sizeof(*mac));
	free(mac);
	return srtp_err_status_ok;
}

static srtp_err_status_t mac_init(void *state, const uint8_t *key, int key_len)
{
	struct mac *mac = state;

	if (key_len < 0)
		return srtp_err_status_bad_param;
	if (mac->hmac)
		gnutls_hmac_deinit(mac->hmac, NULL);
	mac->hmac = NULL;
	return status_of(
		gnutls_hmac_init(&mac->hmac, GNUTLS_MAC_SHA1, key, (size_t)key_len));
}

/* Forgets what an abandoned packet left behind; a digest does the same by itself. */
static srtp_err_status_t mac_start(void *state)
{
	struct mac *mac = state;
	uint8_t left[SHA1_BYTES];

	gnutls_hmac_output(mac->hmac, left);
	return srtp_err_status_ok;
}

static srtp_err_status_t mac_update(void *state, const uint8_t *data, int len)
{
	struct mac *mac = state;

	if (len < 0)
		return srtp_err_status_bad_param;
	return status_of(gnutls_hmac(mac->hmac, data, (size_t)len));
}

static srtp_err_status_t mac_compute(
	void *state, const uint8_t *data, int len, int tag_len, uint8_t *tag)
{
	struct mac *mac = state;
	uint8_t whole[SHA1_BYTES];

	if (len < 0 || tag_len < 0 || tag_len > SHA1_BYTES)
		return srtp_err_status_bad_param;
	if (gnutls_hmac(mac->hmac, data, (size_t)len) < 0)
		return srtp_err_status_auth_fail;
	gnutls_hmac_output(mac->hmac, whole);
	memcpy(tag, whole, (size_t)tag_len);
	return srtp_err_status_ok;
}

/* The types */

#define ICM_TYPE(bits, name)                                                             \
	{                                                                                \
		.alloc = icm_alloc, .dealloc = icm_dealloc, .init = icm_init,            \
		.encrypt = icm_encrypt, .decrypt = icm_encrypt, .set_iv = icm_set_iv,    \
		.description = name, .test_data = &srtp_vector_icm_##bits,               \
		.id = SRTP_AES_ICM_##bits                                                \
	}
#define GCM_TYPE(bits, name)                                                             \
	{                                                                                \
		.alloc = gcm_alloc, .dealloc = gcm_dealloc, .init = gcm_init,            \
		.set_aad = gcm_set_aad, .encrypt = gcm_seal, .decrypt = gcm_open,        \
		.set_iv = gcm_set_vector, .get_tag = gcm_get_tag, .description = name,   \
		.test_data = &srtp_vector_gcm_##bits, .id = SRTP_AES_GCM_##bits          \
	}

static const srtp_cipher_type_t type_icm_128 = ICM_TYPE(128, "GnuTLS AES-128 counter");
static const srtp_cipher_type_t type_icm_256 = ICM_TYPE(256, "GnuTLS AES-256 counter");
static const srtp_cipher_type_t type_gcm_128 = GCM_TYPE(128, "GnuTLS AES-128 GCM");
static const srtp_cipher_type_t type_gcm_256 = GCM_TYPE(256, "GnuTLS AES-256 GCM");

static const srtp_auth_type_t type_hmac_sha1 = {
	.alloc = mac_alloc,
	.dealloc = mac_dealloc,
	.init = mac_init,
	.compute = mac_compute,
	.update = mac_update,
	.start = mac_start,
	.description = "GnuTLS HMAC-SHA1",
	.test_data = &srtp_vector_hmac_sha1,
	.id = SRTP_HMAC_SHA1,
};

const struct srtp_engine srtp_engine_gnutls = {
	.name = "GnuTLS",
	.ciphers = {&type_icm_128, &type_icm_256, &type_gcm_128, &type_gcm_256},
	.mac = &type_hmac_sha1,
};
