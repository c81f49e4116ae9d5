#include "audit/age.h"

#include "base/secret.h"

#include <ctype.h>
#include <errno.h>
#include <gcrypt.h>
#include <nettle/curve25519.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct age_recipients {
	atomic_uint refs;
	size_t count;
	uint8_t keys[AGE_RECIPIENTS_MAX][AGE_KEY];
};

/* ---- ChaCha20-Poly1305 (RFC 8439) ---- */

#define CIPHER_NONCE 12

static void start_library(void)
{
	if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P))
		return; /* by another library of this process */
	gcry_check_version(NULL);
	/* locked memory is for its own random numbers, which nobody asks for */
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
}

void age_start(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_library);
}

/* 0, -ENOMEM, or ERR_SUPPORT where the library refuses it, as in FIPS mode. */
static int cipher_new(gcry_cipher_hd_t *ret)
{
	const gcry_error_t err =
		gcry_cipher_open(ret, GCRY_CIPHER_CHACHA20, GCRY_CIPHER_MODE_POLY1305, 0);

	if (!err)
		return 0;
	return gcry_err_code(err) == GPG_ERR_ENOMEM ? -ENOMEM : ERR_SUPPORT;
}

/* OUT has room for LEN bytes and a tag. 0; or as cipher_new(). */
static int seal(uint8_t *out, const uint8_t key[static AGE_KEY],
	const uint8_t nonce[static CIPHER_NONCE], const void *data, size_t len)
{
	gcry_cipher_hd_t cipher;
	gcry_error_t failed;
	int err = cipher_new(&cipher);

	if (err)
		return err;
	failed = gcry_cipher_setkey(cipher, key, AGE_KEY);
	if (!failed)
		failed = gcry_cipher_setiv(cipher, nonce, CIPHER_NONCE);
	if (!failed)
		failed = gcry_cipher_final(cipher);
	if (!failed)
		failed = gcry_cipher_encrypt(cipher, out, len, data, len);
	if (!failed)
		failed = gcry_cipher_gettag(cipher, out + len, AGE_TAG);
	gcry_cipher_close(cipher); /* and wipes it */
	return failed ? ERR_SUPPORT : 0;
}

/* ---- a public key in Bech32 (BIP 173), without its limit of length ---- */

#define PREFIX "age"
#define CHECKSUM 6
/* 32 bytes are 52 groups of 5 bits, the last of which has 4 bits of padding. */
#define GROUPS 52
#define TEXT_LEN (sizeof(PREFIX "1") - 1 + GROUPS + CHECKSUM)

static uint32_t polymod_step(uint32_t sum, uint8_t group)
{
	static const uint32_t generators[] = {
		0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	const uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ group;
	for (unsigned i = 0; i < 5; i++)
		if (top >> i & 1)
			sum ^= generators[i];
	return sum;
}

/* TEXT, lower case, into the groups behind its prefix. */
static bool read_groups(const char *text, uint8_t groups[static GROUPS + CHECKSUM])
{
	static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	const char *at = text + sizeof(PREFIX "1") - 1;
	uint32_t sum = 1;

	for (const char *p = PREFIX; *p; p++)
		sum = polymod_step(sum, (uint8_t)*p >> 5);
	sum = polymod_step(sum, 0);
	for (const char *p = PREFIX; *p; p++)
		sum = polymod_step(sum, (uint8_t)*p & 31);
	for (size_t i = 0; i < GROUPS + CHECKSUM; i++) {
		const char *found = at[i] ? strchr(alphabet, at[i]) : NULL;

		if (!found)
			return false;
		groups[i] = (uint8_t)(found - alphabet);
		sum = polymod_step(sum, groups[i]);
	}
	return sum == 1;
}

/* One case alone may stand in it. */
static bool fold(struct span text, char out[static TEXT_LEN])
{
	bool upper = false, lower = false;

	for (size_t i = 0; i < text.len; i++) {
		const unsigned char c = (unsigned char)text.p[i];

		upper |= isupper(c) != 0;
		lower |= islower(c) != 0;
		out[i] = (char)tolower(c);
	}
	return !upper || !lower;
}

static bool read_key(struct span text, uint8_t key[static AGE_KEY])
{
	uint8_t groups[GROUPS + CHECKSUM];
	char folded[TEXT_LEN];
	uint32_t bits = 0;
	unsigned have = 0;
	size_t len = 0;

	if (text.len != TEXT_LEN || !fold(text, folded) ||
		memcmp(folded, PREFIX "1", sizeof(PREFIX "1") - 1) != 0 ||
		!read_groups(folded, groups))
		return false;
	for (size_t i = 0; i < GROUPS; i++) {
		bits = bits << 5 | groups[i];
		have += 5;
		if (have >= 8) {
			have -= 8;
			key[len++] = (uint8_t)(bits >> have);
		}
	}
	return (bits & ((1u << have) - 1)) == 0;
}

/* ---- recipients ---- */

/* A key with which every exchange has the result 0, so that anybody could read the file (RFC 7748 6.1). */
static bool is_weak(const uint8_t key[static AGE_KEY])
{
	static const uint8_t zeros[AGE_KEY];
	uint8_t some[AGE_KEY] = {8}, shared[AGE_KEY];

	curve25519_mul(shared, some, key);
	return memcmp(shared, zeros, sizeof(zeros)) == 0;
}

static struct span trim(struct span line)
{
	while (line.len > 0 && isspace((unsigned char)line.p[line.len - 1]))
		line.len--;
	return line;
}

static int take_line(struct age_recipients *recipients, struct span line, unsigned number,
	struct err_text *error)
{
	uint8_t key[AGE_KEY];

	if (line.len == 0 || line.p[0] == '#')
		return 0;
	if (span_starts(line, "AGE-SECRET-KEY-"))
		return err_set(error, ERR_FORMAT,
			"line %u is a secret key: it opens what is written here; "
			"put the public key in its place (age-keygen -y)",
			number);
	if (!read_key(line, key) || is_weak(key))
		return err_set(error, ERR_FORMAT,
			"line %u is no age X25519 recipient (\"age1...\")", number);
	if (recipients->count == AGE_RECIPIENTS_MAX)
		return err_set(error, ERR_LIMIT, "line %u: more than %d recipients",
			number, AGE_RECIPIENTS_MAX);
	memcpy(recipients->keys[recipients->count++], key, AGE_KEY);
	return 0;
}

/* Whether anything can be encrypted here. */
static int try_cipher(struct err_text *error)
{
	gcry_cipher_hd_t cipher;
	int err;

	age_start();
	err = cipher_new(&cipher);
	if (!err)
		gcry_cipher_close(cipher);
	else if (err == ERR_SUPPORT)
		err_set(error, err,
			"libgcrypt has no ChaCha20-Poly1305 here, as in FIPS mode, and "
			"without it nothing can be encrypted for recipients");
	else
		err_set(error, err, "out of memory");
	return err;
}

int age_recipients_read(
	struct age_recipients **ret, struct span text, struct err_text *error)
{
	struct age_recipients *recipients;
	struct span rest = text, line;
	unsigned number = 0;
	int err = try_cipher(error);

	if (err)
		return err;
	recipients = calloc(1, sizeof(*recipients));
	if (!recipients)
		return err_set(error, -ENOMEM, "out of memory");
	atomic_init(&recipients->refs, 1);
	while (!err && span_next(&rest, '\n', &line))
		err = take_line(recipients, trim(line), ++number, error);
	if (!err && recipients->count == 0)
		err = err_set(error, ERR_FORMAT, "there is no recipient in it");
	if (err) {
		age_recipients_unref(recipients);
		return err;
	}
	*ret = recipients;
	return 0;
}

struct age_recipients *age_recipients_ref(struct age_recipients *recipients)
{
	if (recipients)
		atomic_fetch_add(&recipients->refs, 1);
	return recipients;
}

void age_recipients_unref(struct age_recipients *recipients)
{
	if (recipients && atomic_fetch_sub(&recipients->refs, 1) == 1)
		free(recipients);
}

size_t age_recipients_count(const struct age_recipients *recipients)
{
	return recipients->count;
}

/* ---- keys ---- */

static int fill(uint8_t *out, size_t len)
{
	struct secret secret;
	int err = secret_random(&secret, len);

	if (!err)
		memcpy(out, secret.bytes, len);
	secret_wipe(&secret);
	return err;
}

int age_secrets_make(struct age_secrets *ret)
{
	int err = fill(ret->file_key, sizeof(ret->file_key));

	if (!err)
		err = fill(ret->nonce, sizeof(ret->nonce));
	for (size_t i = 0; i < AGE_RECIPIENTS_MAX && !err; i++)
		err = fill(ret->ephemeral[i], AGE_KEY);
	return err;
}

/* HKDF-SHA-256 (RFC 5869), 32 bytes. */
static void derive(uint8_t out[static AGE_KEY], const void *ikm, size_t ikm_len,
	const void *salt, size_t salt_len, const char *info)
{
	struct hmac_sha256_ctx context;
	uint8_t key[SHA256_DIGEST_SIZE];

	hmac_sha256_set_key(&context, salt_len, salt);
	hkdf_extract(&context, (nettle_hash_update_func *)hmac_sha256_update,
		(nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE,
		ikm_len, ikm, key);
	hmac_sha256_set_key(&context, sizeof(key), key);
	hkdf_expand(&context, (nettle_hash_update_func *)hmac_sha256_update,
		(nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE,
		strlen(info), (const uint8_t *)info, AGE_KEY, out);
	secret_wipe_bytes(&context, sizeof(context));
	secret_wipe_bytes(key, sizeof(key));
}

/* ---- the header ---- */

/* Base64 (RFC 4648 4) without padding. */
static void put_base64(struct buf *out, const uint8_t *bytes, size_t len)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | bytes[i];
		for (have += 8; have >= 6; have -= 6)
			buf_add_char(out, alphabet[bits >> (have - 6) & 63]);
	}
	if (have > 0)
		buf_add_char(out, alphabet[bits << (6 - have) & 63]);
}

static int put_stanza(struct buf *out, const uint8_t recipient[static AGE_KEY],
	const uint8_t ephemeral[static AGE_KEY], const uint8_t *file_key)
{
	static const uint8_t nonce[CIPHER_NONCE];
	uint8_t salt[2 * AGE_KEY], shared[AGE_KEY], wrap[AGE_KEY];
	uint8_t body[AGE_FILE_KEY + AGE_TAG];
	int err;

	curve25519_mul_g(salt, ephemeral);
	memcpy(salt + AGE_KEY, recipient, AGE_KEY);
	curve25519_mul(shared, ephemeral, recipient);
	derive(wrap, shared, sizeof(shared), salt, sizeof(salt),
		"age-encryption.org/v1/X25519");
	err = seal(body, wrap, nonce, file_key, AGE_FILE_KEY);
	buf_add_str(out, "-> X25519 ");
	put_base64(out, salt, AGE_KEY);
	buf_add_char(out, '\n');
	put_base64(out, body, sizeof(body));
	buf_add_char(out, '\n');
	secret_wipe_bytes(shared, sizeof(shared));
	secret_wipe_bytes(wrap, sizeof(wrap));
	return err;
}

int age_header(struct buf *out, const struct age_recipients *recipients,
	const struct age_secrets *secrets)
{
	const size_t at = out->len;
	struct hmac_sha256_ctx context;
	uint8_t key[AGE_KEY], mac[SHA256_DIGEST_SIZE];
	int err = 0;

	buf_add_str(out, "age-encryption.org/v1\n");
	for (size_t i = 0; i < recipients->count && !err; i++)
		err = put_stanza(out, recipients->keys[i], secrets->ephemeral[i],
			secrets->file_key);
	buf_add_str(out, "---");
	if (!err)
		err = out->err;
	if (err)
		return err;
	derive(key, secrets->file_key, AGE_FILE_KEY, "", 0, "header");
	hmac_sha256_set_key(&context, sizeof(key), key);
	hmac_sha256_update(&context, out->len - at, (const uint8_t *)out->data + at);
	hmac_sha256_digest(&context, sizeof(mac), mac);
	buf_add_char(out, ' ');
	put_base64(out, mac, sizeof(mac));
	buf_add_char(out, '\n');
	buf_add(out, secrets->nonce, AGE_NONCE);
	secret_wipe_bytes(&context, sizeof(context));
	secret_wipe_bytes(key, sizeof(key));
	return out->err;
}

/* ---- the payload ---- */

void age_stream_begin(struct age_stream *stream, const struct age_secrets *secrets)
{
	derive(stream->key, secrets->file_key, AGE_FILE_KEY, secrets->nonce, AGE_NONCE,
		"payload");
	stream->chunk = 0;
}

int age_stream_seal(struct age_stream *stream, struct buf *out, const void *data,
	size_t len, bool last)
{
	uint8_t nonce[CIPHER_NONCE] = {0};
	char *room = buf_reserve(out, len + AGE_TAG);
	int err;

	if (!room)
		return out->err;
	/* 11 bytes of a counter, and whether it is the last one */
	for (unsigned i = 0; i < 8; i++)
		nonce[10 - i] = (uint8_t)(stream->chunk >> 8 * i);
	nonce[11] = last;
	err = seal((uint8_t *)room, stream->key, nonce, data, len);
	if (err)
		return err;
	out->len += len + AGE_TAG;
	stream->chunk++;
	return 0;
}
