#include "media/srtp.h"

#include "media/srtp_engine.h"

#include <arpa/inet.h>
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

/* An SSRC that the library has a stream for. */
struct source {
	uint32_t ssrc; /* network order */
	bool heard;    /* RTP, not RTCP alone: then the highest packet index is */
	uint16_t seq;
	uint32_t roc;
};

struct sources {
	unsigned count;
	struct source list[SRTP_SSRC_MAX];
};

struct srtp_context {
	srtp_t library;
	struct relay_key key;
	size_t rtp_min; /* bytes of the shortest sealed packet */
	size_t rtcp_min;
	enum srtp_direction direction;
	struct sources sources;
	struct sources *before; /* of the context that this one follows; owned, or NULL */
	bool keep;              /* they go on at their ROC */
};

struct policy {
	srtp_policy_t policy;
	srtp_master_key_t master;
	srtp_master_key_t *masters[1];
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

static void make_policy(
	struct policy *out, struct srtp_context *context, const struct suite *suite)
{
	struct relay_key *key = &context->key;

	*out = (struct policy){.policy.window_size = SRTP_REPLAY_WINDOW};
	set_policy(&out->policy.rtp, suite, suite->rtp_tag_len);
	set_policy(&out->policy.rtcp, suite, suite->rtcp_tag_len);
	out->policy.ssrc.type =
		context->direction == SRTP_OPEN ? ssrc_any_inbound : ssrc_any_outbound;
	if (key->mki_len) {
		out->master = (srtp_master_key_t){.key = key->key.bytes,
			.mki_id = key->mki,
			.mki_size = key->mki_len};
		out->masters[0] = &out->master;
		out->policy.keys = out->masters;
		out->policy.num_master_keys = 1;
	} else {
		out->policy.key = key->key.bytes;
	}
}

static int created(srtp_err_status_t status)
{
	switch (status) {
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
	struct policy policy;
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
	make_policy(&policy, context, suite);
	err = created(srtp_create(&context->library, &policy.policy));
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
	free(context->before);
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

static uint16_t read_seq(const uint8_t *data)
{
	return (uint16_t)(data[2] << 8 | data[3]);
}

static struct source *find_source(struct sources *sources, uint32_t ssrc)
{
	for (unsigned i = 0; i < sources->count; i++)
		if (sources->list[i].ssrc == ssrc)
			return &sources->list[i];
	return NULL;
}

/* libsrtp2 grows a stream by itself for every new SSRC whose packet it accepted: this
 * keeps the count of them, so that it ends somewhere. */
static int admit_ssrc(struct srtp_context *context, uint32_t ssrc)
{
	return context->sources.count == SRTP_SSRC_MAX &&
			       !find_source(&context->sources, ssrc)
		       ? ERR_LIMIT
		       : 0;
}

static struct source *add_source(struct srtp_context *context, uint32_t ssrc)
{
	struct source *source = find_source(&context->sources, ssrc);

	if (!source) {
		source = &context->sources.list[context->sources.count++];
		*source = (struct source){.ssrc = ssrc};
	}
	return source;
}

/* Roll-over counters: RFC 3711 3.3.1 */

static uint32_t guess_roc(const struct source *source, uint16_t seq)
{
	bool older = (uint16_t)(seq - source->seq) >= 0x8000;

	if (older)
		return source->roc - (source->roc > 0 && seq > source->seq);
	return source->roc + (seq < source->seq);
}

/* As the library does it with the packets that it accepts. */
static void note_packet(struct source *source, uint32_t roc, uint16_t seq)
{
	uint64_t index = (uint64_t)roc << 16 | seq;

	if (source->heard && index <= ((uint64_t)source->roc << 16 | source->seq))
		return;
	source->heard = true;
	source->roc = roc;
	source->seq = seq;
}

/* Where the first packet of SSRC is by what was known of it under the key before; 0 where
 * nothing was. */
static uint32_t roc_before(struct srtp_context *context, uint32_t ssrc, uint16_t seq)
{
	const struct source *before =
		context->before ? find_source(context->before, ssrc) : NULL;

	return before && before->heard ? guess_roc(before, seq) : 0;
}

void srtp_context_follow(
	struct srtp_context *context, const struct srtp_context *before, bool keep)
{
	context->before = malloc(sizeof(*context->before));
	if (context->before)
		*context->before = before->sources;
	context->keep = keep;
}

uint32_t srtp_context_roc(struct srtp_context *context, const uint8_t *data)
{
	const struct source *source =
		find_source(&context->sources, read_ssrc(data, false));

	return source ? source->roc : 0;
}

unsigned srtp_context_rocs(struct srtp_context *context, const uint8_t *data,
	uint32_t ret[static SRTP_ROCS_MAX])
{
	uint32_t ssrc = read_ssrc(data, false);
	uint16_t seq = read_seq(data);
	const struct source *source = find_source(&context->sources, ssrc);
	uint32_t before = roc_before(context, ssrc, seq);
	bool heard = source && source->heard;
	uint32_t tried = heard ? guess_roc(source, seq) : context->keep ? before : 0;
	/* Later than all that was heard: it cannot have come before. */
	uint32_t next = heard ? source->roc + (seq <= source->seq) : before + 1;
	unsigned count = 0;

	if (!heard && before != tried)
		ret[count++] = before;
	if (!heard && tried != 0)
		ret[count++] = 0;
	for (; count < SRTP_ROCS_MAX; next++)
		if (next != tried)
			ret[count++] = next;
	return count;
}

/* Packets */

static int open_packet(
	struct srtp_context *context, bool rtcp, uint8_t *data, size_t *len)
{
	unsigned use_mki = context->key.mki_len != 0;
	int size = (int)*len;
	srtp_err_status_t status =
		rtcp ? srtp_unprotect_rtcp_mki(context->library, data, &size, use_mki)
		     : srtp_unprotect_mki(context->library, data, &size, use_mki);

	if (status != srtp_err_status_ok)
		return translate(status);
	*len = (size_t)size;
	return 0;
}

static int seal_packet(
	struct srtp_context *context, bool rtcp, uint8_t *data, size_t *len)
{
	unsigned use_mki = context->key.mki_len != 0;
	int size = (int)*len;
	srtp_err_status_t status =
		rtcp ? srtp_protect_rtcp_mki(context->library, data, &size, use_mki, 0)
		     : srtp_protect_mki(context->library, data, &size, use_mki, 0);

	if (status != srtp_err_status_ok)
		return translate(status);
	*len = (size_t)size;
	return 0;
}

/* The library takes 0 for "guess", so a stream that has to be at 0 is a new one. */
static int run_at(struct srtp_context *context, uint32_t roc, uint8_t *data, size_t *len)
{
	uint32_t ssrc = read_ssrc(data, false), host = ntohl(ssrc);
	bool known = find_source(&context->sources, ssrc) != NULL;
	struct policy policy;
	int err;

	if (!known) {
		make_policy(&policy, context, &suites[context->key.suite]);
		policy.policy.ssrc.type = ssrc_specific;
		policy.policy.ssrc.value = host;
		err = created(srtp_add_stream(context->library, &policy.policy));
		if (err != 0)
			return err;
	}
	srtp_set_stream_roc(context->library, host, roc);
	err = context->direction == SRTP_OPEN ? open_packet(context, false, data, len)
					      : seal_packet(context, false, data, len);
	srtp_set_stream_roc(context->library, host, 0);
	if (err != 0 && !known)
		srtp_remove_stream(context->library, ssrc);
	return err;
}

/* RTP, at the ROC that it is expected at. */
static int run_rtp(struct srtp_context *context, uint8_t *data, size_t *len)
{
	uint32_t ssrc = read_ssrc(data, false), roc;
	uint16_t seq = read_seq(data);
	struct source *source = find_source(&context->sources, ssrc);
	int err;

	if (source && source->heard)
		roc = guess_roc(source, seq);
	else
		roc = context->keep ? roc_before(context, ssrc, seq) : 0;
	if (roc != 0 && !(source && source->heard))
		err = run_at(context, roc, data, len);
	else
		err = context->direction == SRTP_OPEN
			      ? open_packet(context, false, data, len)
			      : seal_packet(context, false, data, len);
	if (err == 0)
		note_packet(source ? source : add_source(context, ssrc), roc, seq);
	return err;
}

static int check_open(
	struct srtp_context *context, bool rtcp, const uint8_t *data, size_t len)
{
	assert(context->direction == SRTP_OPEN);
	if (len < (rtcp ? context->rtcp_min : context->rtp_min) || len > UINT16_MAX)
		return ERR_FORMAT;
	return admit_ssrc(context, read_ssrc(data, rtcp));
}

int srtp_context_open(struct srtp_context *context, bool rtcp, uint8_t *data, size_t *len)
{
	int err = check_open(context, rtcp, data, *len);
	uint32_t ssrc;

	if (err != 0 || !rtcp)
		return err != 0 ? err : run_rtp(context, data, len);
	ssrc = read_ssrc(data, true);
	err = open_packet(context, true, data, len);
	if (err == 0)
		add_source(context, ssrc);
	return err;
}

int srtp_context_open_at(
	struct srtp_context *context, uint32_t roc, uint8_t *data, size_t *len)
{
	int err = check_open(context, false, data, *len);
	uint32_t ssrc;
	uint16_t seq;

	if (err != 0)
		return err;
	ssrc = read_ssrc(data, false);
	seq = read_seq(data);
	err = run_at(context, roc, data, len);
	if (err == 0)
		note_packet(add_source(context, ssrc), roc, seq);
	return err;
}

int srtp_context_seal(struct srtp_context *context, bool rtcp, uint8_t *data, size_t *len)
{
	uint32_t ssrc;
	int err;

	assert(context->direction == SRTP_SEAL);
	if (*len < (rtcp ? RTCP_HEADER : RTP_HEADER) ||
		*len > UINT16_MAX - SRTP_TRAILER_MAX)
		return ERR_FORMAT;
	ssrc = read_ssrc(data, rtcp);
	err = admit_ssrc(context, ssrc);
	if (err != 0)
		return err;
	err = rtcp ? seal_packet(context, true, data, len) : run_rtp(context, data, len);
	/* A refused packet may have left its stream behind all the same. */
	add_source(context, ssrc);
	return err;
}
