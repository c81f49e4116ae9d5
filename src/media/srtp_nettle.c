#include "base/secret.h"
#include "media/srtp_engine.h"
#include "media/srtp_vectors.h"

#include <nettle/ctr.h>
#include <nettle/gcm.h>
#include <nettle/memops.h>
#include <nettle/memxor.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha1.h>
#include <srtp2/auth.h>
#include <srtp2/cipher.h>
#include <srtp2/crypto_types.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define AES_BLOCK 16
#define SHA1_WORDS (SHA1_DIGEST_SIZE / 4)

union aes_key {
	struct aes128_ctx k128;
	struct aes256_ctx k256;
};

/* AES in counter mode as RFC 3711 4.1.1 and RFC 6188 use it. Four a call: its KEY has no more room
 * than that of AES takes. */
struct icm {
	srtp_cipher_t base; /* what libsrtp2 holds; its state points back here */
	const struct nettle_cipher *aes;
	uint8_t salt[AES_BLOCK];    /* 14 bytes and two zeros, the block counter */
	uint8_t counter[AES_BLOCK]; /* of the next block */
	union aes_key key;          /* last */
};

/* AES-GCM as RFC 7714 uses it; as large as its KEY as well. */
struct gcm {
	srtp_cipher_t base;
	const struct nettle_cipher *aes;
	unsigned tag_len;
	/* The 4 kB that GHASH multiplies with. Made at the first packet, since each context
	 * keeps one cipher for RTP and one for RTCP, and many never see any RTCP. */
	struct gcm_key *table;
	struct gcm_ctx run;
	/* libsrtp2 passes SRTCP's associated data in two pieces, and nettle takes whole
	 * blocks until the last piece: here what is short of a block waits. */
	uint8_t aad[AES_BLOCK];
	size_t aad_len;
	union aes_key key; /* last */
};

/* HMAC-SHA1 (RFC 2104). Of what the key makes only the two chaining values are kept: with 1,000
 * streams each line of memory that a packet touches is fetched anew. */
struct mac {
	srtp_auth_t base;
	uint32_t inner[SHA1_WORDS], outer[SHA1_WORDS];
};

/* The packet that a thread is at, by one of its macs: libsrtp2 takes one through to its tag before
 * it begins another. */
static _Thread_local struct sha1_ctx mac_run;

static const srtp_cipher_type_t type_icm_128, type_icm_256, type_gcm_128, type_gcm_256;
static const srtp_auth_type_t type_hmac_sha1;

/* Counter mode */

static srtp_err_status_t icm_alloc(srtp_cipher_pointer_t *ret, int key_len, int tag_len)
{
	bool wide = key_len == SRTP_AES_ICM_256_KEY_LEN_WSALT;
	const struct nettle_cipher *aes;
	struct icm *icm;

	(void)tag_len;
	if (!wide && key_len != SRTP_AES_ICM_128_KEY_LEN_WSALT)
		return srtp_err_status_bad_param;
	aes = wide ? &nettle_aes256 : &nettle_aes128;
	icm = calloc(1, offsetof(struct icm, key) + aes->context_size);
	if (!icm)
		return srtp_err_status_alloc_fail;
	icm->aes = aes;
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

	secret_free(icm, offsetof(struct icm, key) + icm->aes->context_size);
	return srtp_err_status_ok;
}

static srtp_err_status_t icm_init(void *state, const uint8_t *key)
{
	struct icm *icm = state;

	icm->aes->set_encrypt_key(&icm->key, key);
	memset(icm->salt, 0, sizeof(icm->salt));
	memcpy(icm->salt, key + icm->aes->key_size, SRTP_SALT_LEN);
	memcpy(icm->counter, icm->salt, sizeof(icm->counter));
	return srtp_err_status_ok;
}

static srtp_err_status_t icm_set_iv(
	void *state, uint8_t *iv, srtp_cipher_direction_t direction)
{
	struct icm *icm = state;

	(void)direction;
	for (unsigned i = 0; i < AES_BLOCK; i++)
		icm->counter[i] = icm->salt[i] ^ iv[i];
	return srtp_err_status_ok;
}

/* Also decrypts. The last two bytes of the counter begin at 0 and a packet is shorter than
 * 2^16 blocks, so it does not matter that nettle counts in all sixteen. */
static srtp_err_status_t icm_encrypt(void *state, uint8_t *data, unsigned int *len)
{
	struct icm *icm = state;

	ctr_crypt(
		&icm->key, icm->aes->encrypt, AES_BLOCK, icm->counter, *len, data, data);
	return srtp_err_status_ok;
}

/* GCM */

static srtp_err_status_t gcm_alloc(srtp_cipher_pointer_t *ret, int key_len, int tag_len)
{
	bool wide = key_len == SRTP_AES_GCM_256_KEY_LEN_WSALT;
	const struct nettle_cipher *aes;
	struct gcm *gcm;

	if (!wide && key_len != SRTP_AES_GCM_128_KEY_LEN_WSALT)
		return srtp_err_status_bad_param;
	if (tag_len != 8 && tag_len != GCM_DIGEST_SIZE)
		return srtp_err_status_bad_param;
	aes = wide ? &nettle_aes256 : &nettle_aes128;
	gcm = calloc(1, offsetof(struct gcm, key) + aes->context_size);
	if (!gcm)
		return srtp_err_status_alloc_fail;
	gcm->aes = aes;
	gcm->tag_len = (unsigned)tag_len;
	gcm->base.type = wide ? &type_gcm_256 : &type_gcm_128;
	gcm->base.algorithm = wide ? SRTP_AES_GCM_256 : SRTP_AES_GCM_128;
	gcm->base.key_len = key_len;
	gcm->base.state = gcm;
	*ret = &gcm->base;
	return srtp_err_status_ok;
}

static void gcm_free_table(struct gcm *gcm)
{
	if (gcm->table)
		secret_wipe_bytes(gcm->table, sizeof(*gcm->table));
	free(gcm->table);
	gcm->table = NULL;
}

static srtp_err_status_t gcm_dealloc(srtp_cipher_pointer_t cipher)
{
	struct gcm *gcm = cipher->state;

	gcm_free_table(gcm);
	secret_free(gcm, offsetof(struct gcm, key) + gcm->aes->context_size);
	return srtp_err_status_ok;
}

/* The salt behind the key is not ours: libsrtp2 has mixed it into the vectors it sets. */
static srtp_err_status_t gcm_init(void *state, const uint8_t *key)
{
	struct gcm *gcm = state;

	gcm->aes->set_encrypt_key(&gcm->key, key);
	gcm_free_table(gcm);
	return srtp_err_status_ok;
}

static srtp_err_status_t gcm_set_vector(
	void *state, uint8_t *iv, srtp_cipher_direction_t direction)
{
	struct gcm *gcm = state;

	(void)direction;
	if (!gcm->table) {
		gcm->table = malloc(sizeof(*gcm->table));
		if (!gcm->table)
			return srtp_err_status_alloc_fail;
		gcm_set_key(gcm->table, &gcm->key, gcm->aes->encrypt);
	}
	gcm_set_iv(&gcm->run, gcm->table, GCM_IV_SIZE, iv);
	gcm->aad_len = 0;
	return srtp_err_status_ok;
}

static srtp_err_status_t gcm_set_aad(void *state, const uint8_t *aad, uint32_t len)
{
	struct gcm *gcm = state;
	size_t whole;

	if (gcm->aad_len) {
		size_t wanted = AES_BLOCK - gcm->aad_len;
		size_t part = len < wanted ? len : wanted;

		memcpy(gcm->aad + gcm->aad_len, aad, part);
		gcm->aad_len += part;
		aad += part;
		len -= (uint32_t)part;
		if (gcm->aad_len < AES_BLOCK)
			return srtp_err_status_ok;
		gcm_update(&gcm->run, gcm->table, AES_BLOCK, gcm->aad);
		gcm->aad_len = 0;
	}
	whole = len / AES_BLOCK * AES_BLOCK;
	gcm_update(&gcm->run, gcm->table, whole, aad);
	gcm->aad_len = len - whole;
	memcpy(gcm->aad, aad + whole, gcm->aad_len);
	return srtp_err_status_ok;
}

static void gcm_end_aad(struct gcm *gcm)
{
	if (gcm->aad_len)
		gcm_update(&gcm->run, gcm->table, gcm->aad_len, gcm->aad);
	gcm->aad_len = 0;
}

static srtp_err_status_t gcm_seal(void *state, uint8_t *data, unsigned int *len)
{
	struct gcm *gcm = state;

	gcm_end_aad(gcm);
	gcm_encrypt(
		&gcm->run, gcm->table, &gcm->key, gcm->aes->encrypt, *len, data, data);
	return srtp_err_status_ok;
}

static srtp_err_status_t gcm_get_tag(void *state, uint8_t *tag, uint32_t *len)
{
	struct gcm *gcm = state;

	gcm_end_aad(gcm);
	gcm_digest(
		&gcm->run, gcm->table, &gcm->key, gcm->aes->encrypt, gcm->tag_len, tag);
	*len = gcm->tag_len;
	return srtp_err_status_ok;
}

/* LEN comes with the tag behind the ciphertext and goes back without. */
static srtp_err_status_t gcm_open(void *state, uint8_t *data, unsigned int *len)
{
	struct gcm *gcm = state;
	uint8_t tag[GCM_DIGEST_SIZE];
	unsigned text_len;

	if (*len < gcm->tag_len)
		return srtp_err_status_bad_param;
	text_len = *len - gcm->tag_len;
	gcm_end_aad(gcm);
	gcm_decrypt(&gcm->run, gcm->table, &gcm->key, gcm->aes->encrypt, text_len, data,
		data);
	gcm_digest(
		&gcm->run, gcm->table, &gcm->key, gcm->aes->encrypt, gcm->tag_len, tag);
	if (!memeql_sec(tag, data + text_len, gcm->tag_len))
		return srtp_err_status_auth_fail;
	*len = text_len;
	return srtp_err_status_ok;
}

/* HMAC-SHA1 */

static srtp_err_status_t mac_alloc(srtp_auth_pointer_t *ret, int key_len, int out_len)
{
	struct mac *mac;

	if (key_len < 0 || key_len > SRTP_MAX_KEY_LEN || out_len < 0 ||
		out_len > SHA1_DIGEST_SIZE)
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

	secret_wipe_bytes(mac, sizeof(*mac));
	free(mac);
	return srtp_err_status_ok;
}

/* The chaining value behind the block of PAD that KEY is mixed into. */
static void mac_chain(
	uint32_t chain[SHA1_WORDS], uint8_t pad, const uint8_t *key, size_t key_len)
{
	uint8_t block[SHA1_BLOCK_SIZE];
	struct sha1_ctx sha1;

	memset(block, pad, sizeof(block));
	memxor(block, key, key_len);
	sha1_init(&sha1);
	sha1_update(&sha1, sizeof(block), block);
	memcpy(chain, sha1.state, sizeof(sha1.state));
	secret_wipe_bytes(block, sizeof(block));
	secret_wipe_bytes(&sha1, sizeof(sha1));
}

/* Goes on behind that block. nettle's context is public, and the self-test at the start would
 * show another meaning of its members. */
static void mac_resume(const uint32_t chain[SHA1_WORDS])
{
	memcpy(mac_run.state, chain, sizeof(mac_run.state));
	mac_run.count = 1;
	mac_run.index = 0;
}

static srtp_err_status_t mac_init(void *state, const uint8_t *key, int key_len)
{
	struct mac *mac = state;

	if (key_len < 0 || key_len > SHA1_BLOCK_SIZE)
		return srtp_err_status_bad_param;
	mac_chain(mac->inner, 0x36, key, (size_t)key_len);
	mac_chain(mac->outer, 0x5c, key, (size_t)key_len);
	mac_resume(mac->inner);
	return srtp_err_status_ok;
}

/* Forgets what an abandoned packet left behind. */
static srtp_err_status_t mac_start(void *state)
{
	struct mac *mac = state;

	mac_resume(mac->inner);
	return srtp_err_status_ok;
}

static srtp_err_status_t mac_update(void *state, const uint8_t *data, int len)
{
	(void)state;
	if (len < 0)
		return srtp_err_status_bad_param;
	sha1_update(&mac_run, (size_t)len, data);
	return srtp_err_status_ok;
}

static srtp_err_status_t mac_compute(
	void *state, const uint8_t *data, int len, int tag_len, uint8_t *tag)
{
	struct mac *mac = state;
	uint8_t digest[SHA1_DIGEST_SIZE];

	if (len < 0 || tag_len < 0 || tag_len > SHA1_DIGEST_SIZE)
		return srtp_err_status_bad_param;
	sha1_update(&mac_run, (size_t)len, data);
	sha1_digest(&mac_run, sizeof(digest), digest);
	mac_resume(mac->outer);
	sha1_update(&mac_run, sizeof(digest), digest);
	sha1_digest(&mac_run, (size_t)tag_len, tag);
	secret_wipe_bytes(&mac_run, sizeof(mac_run));
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

static const srtp_cipher_type_t type_icm_128 = ICM_TYPE(128, "nettle AES-128 counter");
static const srtp_cipher_type_t type_icm_256 = ICM_TYPE(256, "nettle AES-256 counter");
static const srtp_cipher_type_t type_gcm_128 = GCM_TYPE(128, "nettle AES-128 GCM");
static const srtp_cipher_type_t type_gcm_256 = GCM_TYPE(256, "nettle AES-256 GCM");

static const srtp_auth_type_t type_hmac_sha1 = {
	.alloc = mac_alloc,
	.dealloc = mac_dealloc,
	.init = mac_init,
	.compute = mac_compute,
	.update = mac_update,
	.start = mac_start,
	.description = "nettle HMAC-SHA1",
	.test_data = &srtp_vector_hmac_sha1,
	.id = SRTP_HMAC_SHA1,
};

const struct srtp_engine srtp_engine_nettle = {
	.name = "nettle",
	.ciphers = {&type_icm_128, &type_icm_256, &type_gcm_128, &type_gcm_256},
	.mac = &type_hmac_sha1,
};
