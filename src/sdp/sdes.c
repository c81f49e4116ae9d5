#include "sdp/sdes.h"

#include "sdp/b64.h"
#include "sdp/fields.h"

#include <assert.h>
#include <string.h>

/* RFC 3711 9.2: no more packets than this under one key. */
#define MAX_LIFETIME ((uint64_t)1 << 48)
#define MAX_TAG 999999999u /* RFC 4568 9.1: nine digits */
#define MAX_MKI_LEN 4      /* ours; RFC 4568 allows 128 */

static const struct {
	const char *name;
	size_t key_len;
	size_t tag_len;
} suites[SDES_SUITES] = {
	[SDES_AEAD_AES_256_GCM] = {"AEAD_AES_256_GCM", 32 + 12, 16},
	[SDES_AEAD_AES_128_GCM] = {"AEAD_AES_128_GCM", 16 + 12, 16},
	[SDES_AES_256_CM_HMAC_SHA1_80] = {"AES_256_CM_HMAC_SHA1_80", 32 + 14, 10},
	[SDES_AES_CM_128_HMAC_SHA1_80] = {"AES_CM_128_HMAC_SHA1_80", 16 + 14, 10},
	[SDES_AES_256_CM_HMAC_SHA1_32] = {"AES_256_CM_HMAC_SHA1_32", 32 + 14, 4},
	[SDES_AES_CM_128_HMAC_SHA1_32] = {"AES_CM_128_HMAC_SHA1_32", 16 + 14, 4},
};

const char *sdes_suite_name(enum sdes_suite suite)
{
	assert(suite < SDES_SUITES);
	return suites[suite].name;
}

size_t sdes_key_len(enum sdes_suite suite)
{
	assert(suite < SDES_SUITES);
	return suites[suite].key_len;
}

size_t sdes_tag_len(enum sdes_suite suite)
{
	assert(suite < SDES_SUITES);
	return suites[suite].tag_len;
}

/*
 * Error texts name what they speak of from our own tables: in a line with a space too few
 * or too many, the "suite" or the "parameter" may be the key.
 */
static int unknown_suite(struct span name, struct err_text *error)
{
	static const char *const others[] = {"F8_128_HMAC_SHA1_80",
		"AES_192_CM_HMAC_SHA1_80", "AES_192_CM_HMAC_SHA1_32",
		"AES_CM_256_HMAC_SHA1_80", "AES_CM_256_HMAC_SHA1_32", "NULL_HMAC_SHA1_80",
		"NULL_HMAC_SHA1_32", "SEED_CTR_128_HMAC_SHA1_80", "SEED_128_CCM_80",
		"SEED_128_GCM_96", "AEAD_AES_128_GCM_8", "AEAD_AES_256_GCM_8"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (span_equal_nocase(name, others[i]))
			return err_set(error, ERR_SUPPORT,
				"the crypto suite %s is not supported", others[i]);
	return err_set(error, ERR_SUPPORT, "the crypto suite is not known");
}

static int parse_suite(struct span name, enum sdes_suite *ret, struct err_text *error)
{
	for (unsigned i = 0; i < SDES_SUITES; i++)
		if (span_equal_nocase(name, suites[i].name)) {
			*ret = (enum sdes_suite)i;
			return 0;
		}
	return unknown_suite(name, error);
}

/* "2^31" or "2147483648" */
static int parse_lifetime(
	struct span text, struct sdes_crypto *crypto, struct err_text *error)
{
	bool power = span_starts(text, "2^");
	uint64_t number = 0;
	int err;

	if (power) {
		text.p += 2;
		text.len -= 2;
		err = span_uint(text, 48, &number);
		number = (uint64_t)1 << number;
	} else {
		err = span_uint(text, MAX_LIFETIME, &number);
	}
	if (err || number == 0)
		return err_set(error, ERR_FORMAT, "the key's lifetime is not 1 to 2^48");
	crypto->lifetime = number;
	crypto->lifetime_power = power;
	return 0;
}

static bool is_number(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.len > 0;
}

/* "1:4": value and length in bytes */
static int parse_mki(struct span text, struct sdes_crypto *crypto, struct err_text *error)
{
	struct span value;
	uint64_t number, len;

	(void)span_next(&text, ':', &value);
	if (!is_number(value) || span_uint(text, 128, &len) != 0 || len == 0)
		return err_set(
			error, ERR_FORMAT, "the MKI is not of the form number:length");
	if (len > MAX_MKI_LEN)
		return err_set(error, ERR_SUPPORT,
			"an MKI longer than %d bytes is not supported", MAX_MKI_LEN);
	if (span_uint(value, ((uint64_t)1 << (8 * len)) - 1, &number) != 0)
		return err_set(error, ERR_FORMAT, "the MKI does not fit its length");
	crypto->mki = (uint32_t)number;
	crypto->mki_len = (unsigned)len;
	return 0;
}

static int parse_key(struct span text, struct sdes_crypto *crypto, struct err_text *error)
{
	size_t len = sdes_key_len(crypto->suite);
	uint8_t bytes[SECRET_MAX];
	int err = b64_decode(text, bytes, len);

	if (err)
		err_set(error, err, "the key is not %zu bytes in base64", len);
	else
		err = secret_set(&crypto->key, bytes, len);
	secret_wipe_bytes(bytes, sizeof(bytes));
	return err;
}

/* "inline:key|lifetime|mki:length" */
static int parse_key_params(
	struct span text, struct sdes_crypto *crypto, struct err_text *error)
{
	struct span method = {text.p, sizeof("inline:") - 1};
	struct span field;

	if (text.len < method.len || !span_equal_nocase(method, "inline:"))
		return memchr(text.p, ':', text.len)
			       ? err_set(error, ERR_SUPPORT,
					 "the key method is not inline")
			       : err_set(error, ERR_FORMAT, "a=crypto has no key method");
	if (memchr(text.p, ';', text.len))
		return err_set(error, ERR_SUPPORT, "more than one key is not supported");
	text.p += method.len;
	text.len -= method.len;
	(void)span_next(&text, '|', &field);
	int err = parse_key(field, crypto, error);

	while (!err && span_next(&text, '|', &field)) {
		bool mki = field.len && memchr(field.p, ':', field.len);

		/* Each once, the lifetime first. */
		if (crypto->mki_len || (!mki && crypto->lifetime))
			return err_set(error, ERR_FORMAT,
				"something follows the key's MKI or lifetime");
		err = mki ? parse_mki(field, crypto, error)
			  : parse_lifetime(field, crypto, error);
	}
	return err;
}

/* WSH asks for a replay window of at least so many packets (RFC 4568 6.3.6): a hint. */
static int parse_window_hint(struct span value, struct err_text *error)
{
	uint64_t size;

	if (span_uint(value, UINT32_MAX, &size) != 0 || size < 64)
		return err_set(error, ERR_FORMAT, "WSH is not a number from 64 on");
	return 0;
}

static int check_session_param(struct span param, struct err_text *error)
{
	static const char *const refused[] = {"KDR", "UNENCRYPTED_SRTP",
		"UNENCRYPTED_SRTCP", "UNAUTHENTICATED_SRTP", "FEC_ORDER", "FEC_KEY"};
	struct span rest = param;
	struct span name;

	/* RFC 4568 6.3.7: who does not know an extension with '-' may ignore it. The names of
	 * the RFC itself are never optional. */
	if (param.p[0] == '-')
		return 0;
	(void)span_next(&rest, '=', &name);
	if (span_equal_nocase(name, "WSH"))
		return parse_window_hint(rest, error);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (span_equal_nocase(name, refused[i]))
			return err_set(error, ERR_SUPPORT,
				"the session parameter %s of a=crypto is not supported",
				refused[i]);
	return err_set(
		error, ERR_SUPPORT, "a session parameter of a=crypto is not known");
}

static int parse_value(
	struct sdes_crypto *crypto, struct span value, struct err_text *error)
{
	struct span tag, suite, key, param;
	uint64_t number;

	if (!field_word(&value, &tag) || !field_word(&value, &suite) ||
		!field_word(&value, &key))
		return err_set(error, ERR_FORMAT, "a=crypto has fewer than three words");
	if (tag.len > 9 || span_uint(tag, MAX_TAG, &number) != 0)
		return err_set(
			error, ERR_FORMAT, "the tag of a=crypto is not 1 to 9 digits");
	crypto->tag = (unsigned)number;
	int err = parse_suite(suite, &crypto->suite, error);

	if (!err)
		err = parse_key_params(key, crypto, error);
	while (!err && field_word(&value, &param))
		err = check_session_param(param, error);
	return err;
}

int sdes_parse(struct sdes_crypto *ret, struct span value, struct err_text *error)
{
	struct sdes_crypto crypto = {0};
	int err = parse_value(&crypto, value, error);

	if (!err)
		*ret = crypto;
	sdes_wipe(&crypto);
	return err;
}

int sdes_make(struct sdes_crypto *ret, unsigned tag, enum sdes_suite suite)
{
	struct sdes_crypto crypto = {.tag = tag, .suite = suite};

	assert(tag <= MAX_TAG);
	int err = secret_random(&crypto.key, sdes_key_len(suite));

	if (!err)
		*ret = crypto;
	sdes_wipe(&crypto);
	return err;
}

static void print_lifetime(const struct sdes_crypto *crypto, struct buf *out)
{
	unsigned power = 0;

	buf_add_char(out, '|');
	if (!crypto->lifetime_power) {
		buf_add_uint(out, crypto->lifetime);
		return;
	}
	while (crypto->lifetime >> power > 1)
		power++;
	buf_add_str(out, "2^");
	buf_add_uint(out, power);
}

void sdes_print(const struct sdes_crypto *crypto, struct buf *out)
{
	char text[B64_LEN(SECRET_MAX)];
	size_t len = sdes_key_len(crypto->suite);

	assert(crypto->key.len == len);
	buf_add_uint(out, crypto->tag);
	buf_add_char(out, ' ');
	buf_add_str(out, sdes_suite_name(crypto->suite));
	buf_add_str(out, " inline:");
	b64_encode(crypto->key.bytes, len, text);
	buf_add(out, text, B64_LEN(len));
	secret_wipe_bytes(text, sizeof(text));
	if (crypto->lifetime)
		print_lifetime(crypto, out);
	if (crypto->mki_len) {
		buf_add_char(out, '|');
		buf_add_uint(out, crypto->mki);
		buf_add_char(out, ':');
		buf_add_uint(out, crypto->mki_len);
	}
}

void sdes_wipe(struct sdes_crypto *crypto)
{
	secret_wipe_bytes(crypto, sizeof(*crypto));
}

const struct saved_field sdes_fields[] = {
	SAVED_FIELD(struct sdes_crypto, tag),
	SAVED_BELOW(struct sdes_crypto, suite, SDES_SUITES),
	SAVED_FIELD(struct sdes_crypto, key),
	SAVED_FIELD(struct sdes_crypto, lifetime),
	SAVED_FIELD(struct sdes_crypto, lifetime_power),
	SAVED_FIELD(struct sdes_crypto, mki),
	SAVED_BELOW(struct sdes_crypto, mki_len, 5),
	SAVED_END,
};
