#include "media/srtp.h"

#include "media/srtp_engine.h"

#include <assert.h>
#include <errno.h>
#include <srtp2/crypto_types.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

#define RTP_HEADER 12
#define RTCP_HEADER 8
#define SRTCP_INDEX 4
#define HMAC_KEY 20 /* bytes, RFC 3711 8.2 */

struct suite {
	const char *name; /* as in a=crypto, RFC 4568 and RFC 7714 */
	srtp_cipher_type_id_t cipher;
	unsigned key_len; /* with its salt, bytes */
	unsigned rtp_tag_len;
	unsigned
		rtcp_tag_len; /* RFC 4568 6.2.2: the _32 suites shorten RTP's tag alone */
};

static const struct suite suites[] = {
	[RELAY_AEAD_AES_256_GCM] = {"AEAD_AES_256_GCM", SRTP_AES_GCM_256, 44, 16, 16},
	[RELAY_AEAD_AES_128_GCM] = {"AEAD_AES_128_GCM", SRTP_AES_GCM_128, 28, 16, 16},
	[RELAY_AES_256_CM_HMAC_SHA1_80] = {"AES_256_CM_HMAC_SHA1_80", SRTP_AES_ICM_256,
		46, 10, 10},
	[RELAY_AES_CM_128_HMAC_SHA1_80] = {"AES_CM_128_HMAC_SHA1_80", SRTP_AES_ICM_128,
		30, 10, 10},
	[RELAY_AES_256_CM_HMAC_SHA1_32] = {"AES_256_CM_HMAC_SHA1_32", SRTP_AES_ICM_256,
		46, 4, 10},
	[RELAY_AES_CM_128_HMAC_SHA1_32] = {"AES_CM_128_HMAC_SHA1_32", SRTP_AES_ICM_128,
		30, 4, 10},
	[RELAY_PLAIN] = {"none", SRTP_NULL_CIPHER, 0, 0, 0},
};

struct srtp_context {
	srtp_t library;
	struct relay_key key;
	size_t rtp_min; /* bytes of the shortest sealed packet */
	size_t rtcp_min;
	enum srtp_direction direction;
	unsigned ssrc_count;
	uint32_t ssrc[SRTP_SSRC_MAX];
};

/* RO after start */
static struct {
	const struct srtp_engine *engine; /* NULL: not started */
	int result;
	struct err_text text;
} library;

int srtp_library_start(const struct srtp_engine *engine, struct err_text *text)
{
	srtp_err_status_t status;

	if (!library.engine) {
		library.engine = engine;
		status = srtp_init();
		if (status != srtp_err_status_ok)
			library.result = err_set(&library.text, ERR_LIBRARY,
				"libsrtp2 failed its self-tests (status %d)",
				(int)status);
		else
			library.result = srtp_engine_install(engine, &library.text);
	}
	if (library.result != 0 && text)
		*text = library.text;
	return library.result;
}

const char *relay_crypto_name(void)
{
	return library.engine ? library.engine->name : "none";
}

const char *relay_suite_name(enum relay_suite suite)
{
	return (unsigned)suite <= RELAY_PLAIN ? suites[suite].name : "unknown";
}

int srtp_key_check(const struct relay_key *key)
{
	const struct suite *suite;

	if ((unsigned)key->suite >= RELAY_PLAIN)
		return ERR_SUPPORT;
	suite = &suites[key->suite];
	if (key->key.len != suite->key_len || key->mki_len > sizeof(key->mki))
		return ERR_SUPPORT;
	if (key->mki_len && suite->rtp_tag_len != suite->rtcp_tag_len)
		return ERR_SUPPORT;
	return 0;
}

bool srtp_key_equal(const struct relay_key *a, const struct relay_key *b)
{
	return a->suite == b->suite && a->mki_len == b->mki_len &&
	       memcmp(a->mki, b->mki, a->mki_len) == 0 && secret_equal(&a->key, &b->key);
}

static void set_policy(
	srtp_crypto_policy_t *policy, const struct suite *suite, unsigned tag_len)
{
	bool aead =
		suite->cipher == SRTP_AES_GCM_128 || suite->cipher == SRTP_AES_GCM_256;

	policy->cipher_type = suite->cipher;
	policy->cipher_key_len = (int)suite->key_len;
	policy->auth_type = aead ? SRTP_NULL_AUTH : SRTP_HMAC_SHA1;
	policy->auth_key_len = aead ? 0 : HMAC_KEY;
	policy->auth_tag_len = (int)tag_len;
	policy->sec_serv = sec_serv_conf_and_auth;
}

static int create(struct srtp_context *context, const struct suite *suite)
{
	struct relay_key *key = &context->key;
	srtp_master_key_t master = {
		.key = key->key.bytes, .mki_id = key->mki, .mki_size = key->mki_len};
	srtp_master_key_t *masters[] = {&master};
	srtp_policy_t policy = {.window_size = SRTP_REPLAY_WINDOW};

	set_policy(&policy.rtp, suite, suite->rtp_tag_len);
	set_policy(&policy.rtcp, suite, suite->rtcp_tag_len);
	policy.ssrc.type =
		context->direction == SRTP_OPEN ? ssrc_any_inbound : ssrc_any_outbound;
	if (key->mki_len) {
		policy.keys = masters;
		policy.num_master_keys = 1;
	} else {
		policy.key = key->key.bytes;
	}
	switch (srtp_create(&context->library, &policy)) {
	case srtp_err_status_ok:
		return 0;
	case srtp_err_status_alloc_fail:
		return -ENOMEM;
	default:
		return ERR_LIBRARY;
	}
}

int srtp_context_new(struct srtp_context **ret, const struct relay_key *key,
	enum srtp_direction direction)
{
	struct srtp_context *context;
	const struct suite *suite;
	int err = srtp_key_check(key);

	if (err != 0)
		return err;
	context = calloc(1, sizeof(*context));
	if (!context)
		return -ENOMEM;
	suite = &suites[key->suite];
	context->key = *key;
	context->direction = direction;
	context->rtp_min = RTP_HEADER + suite->rtp_tag_len + key->mki_len;
	context->rtcp_min =
		RTCP_HEADER + SRTCP_INDEX + suite->rtcp_tag_len + key->mki_len;
	err = create(context, suite);
	if (err != 0) {
		context->library = NULL;
		srtp_context_free(context);
		return err;
	}
	*ret = context;
	return 0;
}

void srtp_context_free(struct srtp_context *context)
{
	if (!context)
		return;
	if (context->library)
		srtp_dealloc(context->library);
	secret_wipe_bytes(context, sizeof(*context));
	free(context);
}

const struct relay_key *srtp_context_key(const struct srtp_context *context)
{
	return &context->key;
}

static int translate(srtp_err_status_t status)
{
	switch (status) {
	case srtp_err_status_ok:
		return 0;
	case srtp_err_status_auth_fail:
	case srtp_err_status_bad_mki:
		return ERR_AUTH;
	case srtp_err_status_replay_fail:
	case srtp_err_status_replay_old:
	case srtp_err_status_pkt_idx_old:
		return ERR_REPLAY;
	case srtp_err_status_bad_param:
	case srtp_err_status_parse_err:
		return ERR_FORMAT;
	default:
		return ERR_LIBRARY;
	}
}

/* RTP has its SSRC at byte 8, RTCP its sender's at byte 4; neither is encrypted. */
static uint32_t read_ssrc(const uint8_t *data, bool rtcp)
{
	uint32_t ssrc;

	memcpy(&ssrc, data + (rtcp ? 4 : 8), sizeof(ssrc));
	return ssrc;
}

static bool knows_ssrc(const struct srtp_context *context, uint32_t ssrc)
{
	for (unsigned i = 0; i < context->ssrc_count; i++)
		if (context->ssrc[i] == ssrc)
			return true;
	return false;
}

/* libsrtp2 grows a stream by itself for every new SSRC whose packet it accepted: this
 * keeps the count of them, so that it ends somewhere. */
static int admit_ssrc(const struct srtp_context *context, uint32_t ssrc, bool *ret_new)
{
	*ret_new = !knows_ssrc(context, ssrc);
	return *ret_new && context->ssrc_count == SRTP_SSRC_MAX ? ERR_LIMIT : 0;
}

int srtp_context_open(struct srtp_context *context, bool rtcp, uint8_t *data, size_t *len)
{
	unsigned use_mki = context->key.mki_len != 0;
	srtp_err_status_t status;
	uint32_t ssrc;
	bool new_ssrc;
	int size, err;

	assert(context->direction == SRTP_OPEN);
	if (*len < (rtcp ? context->rtcp_min : context->rtp_min) || *len > UINT16_MAX)
		return ERR_FORMAT;
	ssrc = read_ssrc(data, rtcp);
	err = admit_ssrc(context, ssrc, &new_ssrc);
	if (err != 0)
		return err;
	size = (int)*len;
	status = rtcp ? srtp_unprotect_rtcp_mki(context->library, data, &size, use_mki)
		      : srtp_unprotect_mki(context->library, data, &size, use_mki);
	if (status != srtp_err_status_ok)
		return translate(status);
	if (new_ssrc)
		context->ssrc[context->ssrc_count++] = ssrc;
	*len = (size_t)size;
	return 0;
}

int srtp_context_seal(struct srtp_context *context, bool rtcp, uint8_t *data, size_t *len)
{
	unsigned use_mki = context->key.mki_len != 0;
	srtp_err_status_t status;
	uint32_t ssrc;
	bool new_ssrc;
	int size, err;

	assert(context->direction == SRTP_SEAL);
	if (*len < (rtcp ? RTCP_HEADER : RTP_HEADER) ||
		*len > UINT16_MAX - SRTP_TRAILER_MAX)
		return ERR_FORMAT;
	ssrc = read_ssrc(data, rtcp);
	err = admit_ssrc(context, ssrc, &new_ssrc);
	if (err != 0)
		return err;
	size = (int)*len;
	status = rtcp ? srtp_protect_rtcp_mki(context->library, data, &size, use_mki, 0)
		      : srtp_protect_mki(context->library, data, &size, use_mki, 0);
	/* A refused packet may have left its stream behind all the same. */
	if (new_ssrc)
		context->ssrc[context->ssrc_count++] = ssrc;
	if (status != srtp_err_status_ok)
		return translate(status);
	*len = (size_t)size;
	return 0;
}
