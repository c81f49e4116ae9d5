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

/* SSRCs that were heard lately under the key before. */
struct before {
	unsigned count;
	struct ssrc list[SSRCS_LIVE];
};

struct srtp_context {
	srtp_t library;
	size_t rtp_min; /* bytes of the shortest sealed packet */
	size_t rtcp_min;
	enum srtp_direction direction;
	unsigned rtcp_tag_len;
	bool aead;
	bool keep;             /* the SSRCs of BEFORE go on at their ROC */
	struct before *before; /* of the context that this one follows; owned, or NULL */
	struct ssrcs ssrcs;
	struct relay_key key;
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

static bool is_aead(const struct suite *suite)
{
	return suite->cipher == SRTP_AES_GCM_128 || suite->cipher == SRTP_AES_GCM_256;
}

static void set_policy(
	srtp_crypto_policy_t *policy, const struct suite *suite, unsigned tag_len)
{
	bool aead = is_aead(suite);

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
	ssrcs_init(&context->ssrcs);
	suite = &suites[key->suite];
	context->key = *key;
	context->direction = direction;
	context->rtp_min = RTP_HEADER + suite->rtp_tag_len + key->mki_len;
	context->aead = is_aead(suite);
	context->rtcp_tag_len = suite->rtcp_tag_len;
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
	ssrcs_clear(&context->ssrcs);
	free(context->before);
	secret_wipe_bytes(context, sizeof(*context));
	free(context);
}

const struct relay_key *srtp_context_key(const struct srtp_context *context)
{
	return &context->key;
}

/* ---- what outlives the process ---- */

/* Not written of struct ssrc: live, window, rtcp_window, used (the library's streams begin anew). */
static const struct saved_field ssrc_fields[] = {
	SAVED_FIELD(struct ssrc, ssrc),
	SAVED_FIELD(struct ssrc, roc),
	SAVED_FIELD(struct ssrc, seq),
	SAVED_FIELD(struct ssrc, rtcp_index),
	SAVED_FIELD(struct ssrc, heard),
	SAVED_FIELD(struct ssrc, rtcp_heard),
	SAVED_END,
};

static const struct saved_field before_fields[] = {
	SAVED_BELOW(struct before, count, SSRCS_LIVE + 1),
	SAVED_LIST(struct before, list, SAVED_IS_STRUCT, ssrc_fields),
	SAVED_END,
};

/* Not written of struct srtp_context: library, rtp_min, rtcp_min, direction, rtcp_tag_len, aead (made of
 * the key); key (written by keys.c); ssrcs (a list of its own). */
static const struct saved_field context_fields[] = {
	SAVED_FIELD(struct srtp_context, keep),
	SAVED_OWNED(struct srtp_context, before, 1, before_fields),
	SAVED_END,
};

int srtp_context_save(const struct srtp_context *context, struct saved to)
{
	const struct ssrcs *ssrcs = &context->ssrcs;
	struct saved object;
	int err = saved_put(to, context_fields, context);

	for (unsigned i = 0; i < ssrcs->count && !err; i++) {
		err = saved_append(to, "ssrcs", &object);
		if (!err)
			err = saved_put(object, ssrc_fields, &ssrcs->list[i]);
	}
	return err;
}

/* Its window is not known, so that what came before cannot come again. */
static int load_ssrc(
	struct srtp_context *context, struct saved from, struct err_text *error)
{
	struct ssrc ssrc = {.ssrc = 0};
	int err = saved_take(from, ssrc_fields, &ssrc, error);

	if (!err)
		err = ssrcs_reserve(&context->ssrcs);
	if (!err)
		*ssrcs_add(&context->ssrcs, ssrc.ssrc) = ssrc;
	return err;
}

int srtp_context_load(
	struct srtp_context *context, struct saved from, struct err_text *error)
{
	struct saved object;
	int err = saved_take(from, context_fields, context, error);

	for (unsigned i = 0; !err && saved_at(from, "ssrcs", i, &object); i++)
		err = load_ssrc(context, object, error);
	return err;
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

/* SRTCP carries its whole index: in the last word, but for the MKI and, without AEAD, the tag
 * (RFC 3711 3.4, RFC 7714 9). */
static uint32_t read_rtcp_index(
	const struct srtp_context *context, const uint8_t *data, size_t len)
{
	size_t behind = context->key.mki_len + SRTCP_INDEX +
			(context->aead ? 0 : context->rtcp_tag_len);
	uint32_t index;

	memcpy(&index, data + len - behind, sizeof(index));
	return ntohl(index) & 0x7fffffff;
}

/* The library makes a stream by itself for every new SSRC whose packet it accepted: this keeps
 * the count of them. */
static void note_use(struct srtp_context *context, struct ssrc *ssrc)
{
	struct ssrc *ended = ssrcs_use(&context->ssrcs, ssrc);

	if (ended)
		srtp_remove_stream(context->library, ended->ssrc);
}

/* Roll-over counters: RFC 3711 3.3.1 */

static uint32_t guess_roc(const struct ssrc *source, uint16_t seq)
{
	bool older = (uint16_t)(seq - source->seq) >= 0x8000;

	if (older)
		return source->roc - (source->roc > 0 && seq > source->seq);
	return source->roc + (seq < source->seq);
}

static bool is_later(const struct ssrc *source, uint32_t roc, uint16_t seq)
{
	uint64_t index = (uint64_t)roc << 16 | seq;

	return !source->heard || index > ((uint64_t)source->roc << 16 | source->seq);
}

/* As the library does it with the packets that it accepts. */
static void note_packet(
	struct srtp_context *context, struct ssrc *source, uint32_t roc, uint16_t seq)
{
	source->window = true;
	note_use(context, source);
	if (!is_later(source, roc, seq))
		return;
	source->heard = true;
	source->roc = roc;
	source->seq = seq;
}

/* Where the first packet of SSRC is by what was known of it under the key before; 0 where
 * nothing was. */
static uint32_t roc_before(struct srtp_context *context, uint32_t ssrc, uint16_t seq)
{
	const struct before *before = context->before;

	for (unsigned i = 0; before && i < before->count; i++)
		if (before->list[i].ssrc == ssrc && before->list[i].heard)
			return guess_roc(&before->list[i], seq);
	return 0;
}

void srtp_context_follow(
	struct srtp_context *context, struct srtp_context *from, bool keep)
{
	struct before *before = calloc(1, sizeof(*before));
	struct ssrcs *ssrcs = &from->ssrcs;

	context->keep = keep;
	if (!before)
		return;
	for (unsigned i = 0; i < ssrcs->live_count && i < SSRCS_LIVE; i++)
		before->list[before->count++] = *ssrcs_find(ssrcs, ssrcs->live[i]);
	free(context->before);
	context->before = before;
}

uint32_t srtp_context_roc(struct srtp_context *context, const uint8_t *data)
{
	const struct ssrc *source = ssrcs_find(&context->ssrcs, read_ssrc(data, false));

	return source ? source->roc : 0;
}

unsigned srtp_context_rocs(struct srtp_context *context, const uint8_t *data,
	uint32_t ret[static SRTP_ROCS_MAX])
{
	uint32_t ssrc = read_ssrc(data, false);
	uint16_t seq = read_seq(data);
	const struct ssrc *source = ssrcs_find(&context->ssrcs, ssrc);
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

/* The library takes 0 for "guess", so a stream that has to be at 0 is a new one. LIVE: it has a
 * stream of this SSRC. */
static int run_at(
	struct srtp_context *context, bool live, uint32_t roc, uint8_t *data, size_t *len)
{
	uint32_t ssrc = read_ssrc(data, false), host = ntohl(ssrc);
	struct policy policy;
	int err;

	if (!live) {
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
	if (err != 0 && !live)
		srtp_remove_stream(context->library, ssrc);
	return err;
}

/* RTP, at the ROC that it is expected at. */
static int run_rtp(struct srtp_context *context, uint8_t *data, size_t *len)
{
	uint32_t ssrc = read_ssrc(data, false), roc;
	uint16_t seq = read_seq(data);
	struct ssrc *source = ssrcs_find(&context->ssrcs, ssrc);
	bool heard = source && source->heard;
	int err;

	if (heard)
		roc = guess_roc(source, seq);
	else
		roc = context->keep ? roc_before(context, ssrc, seq) : 0;
	/* Without its window, what came before cannot be told from what comes again. */
	if (heard && !source->window && !is_later(source, roc, seq))
		return ERR_REPLAY;
	if (roc != 0 && !(heard && source->window))
		err = run_at(context, source && source->live, roc, data, len);
	else
		err = context->direction == SRTP_OPEN
			      ? open_packet(context, false, data, len)
			      : seal_packet(context, false, data, len);
	if (err == 0)
		note_packet(context, source ? source : ssrcs_add(&context->ssrcs, ssrc),
			roc, seq);
	return err;
}

static int open_rtcp(struct srtp_context *context, uint8_t *data, size_t *len)
{
	uint32_t ssrc = read_ssrc(data, true);
	uint32_t index = read_rtcp_index(context, data, *len);
	struct ssrc *source = ssrcs_find(&context->ssrcs, ssrc);
	int err;

	if (source && source->rtcp_heard && !source->rtcp_window &&
		index <= source->rtcp_index)
		return ERR_REPLAY;
	err = open_packet(context, true, data, len);
	if (err != 0)
		return err;
	if (!source)
		source = ssrcs_add(&context->ssrcs, ssrc);
	if (!source->rtcp_heard || index > source->rtcp_index)
		source->rtcp_index = index;
	source->rtcp_heard = source->rtcp_window = true;
	note_use(context, source);
	return 0;
}

static int check_open(
	struct srtp_context *context, bool rtcp, const uint8_t *data, size_t len)
{
	assert(context->direction == SRTP_OPEN);
	if (len < (rtcp ? context->rtcp_min : context->rtp_min) || len > UINT16_MAX)
		return ERR_FORMAT;
	if (ssrcs_find(&context->ssrcs, read_ssrc(data, rtcp)))
		return 0;
	return ssrcs_reserve(&context->ssrcs);
}

int srtp_context_open(struct srtp_context *context, bool rtcp, uint8_t *data, size_t *len)
{
	int err = check_open(context, rtcp, data, *len);

	if (err != 0)
		return err;
	return rtcp ? open_rtcp(context, data, len) : run_rtp(context, data, len);
}

int srtp_context_open_at(
	struct srtp_context *context, uint32_t roc, uint8_t *data, size_t *len)
{
	int err = check_open(context, false, data, *len);
	struct ssrc *source;
	uint32_t ssrc;
	uint16_t seq;

	if (err != 0)
		return err;
	ssrc = read_ssrc(data, false);
	seq = read_seq(data);
	source = ssrcs_find(&context->ssrcs, ssrc);
	if (source && !source->window && !is_later(source, roc, seq))
		return ERR_REPLAY;
	err = run_at(context, source && source->live, roc, data, len);
	if (err == 0)
		note_packet(context, ssrcs_add(&context->ssrcs, ssrc), roc, seq);
	return err;
}

/* Never more than the library may keep: what it forgot of an SSRC would be sealed with again. */
static int check_seal(struct srtp_context *context)
{
	if (context->ssrcs.count == SRTP_SEAL_SSRCS)
		return ERR_LIMIT;
	return ssrcs_reserve(&context->ssrcs);
}

int srtp_context_seal(struct srtp_context *context, bool rtcp, uint8_t *data, size_t *len)
{
	bool known;
	uint32_t ssrc;
	int err;

	assert(context->direction == SRTP_SEAL);
	if (*len < (rtcp ? RTCP_HEADER : RTP_HEADER) ||
		*len > UINT16_MAX - SRTP_TRAILER_MAX)
		return ERR_FORMAT;
	ssrc = read_ssrc(data, rtcp);
	known = ssrcs_find(&context->ssrcs, ssrc) != NULL;
	err = known ? 0 : check_seal(context);
	if (err != 0)
		return err;
	err = rtcp ? seal_packet(context, true, data, len) : run_rtp(context, data, len);
	/* A refused packet may have left its stream behind all the same. */
	if (!known)
		note_use(context, ssrcs_add(&context->ssrcs, ssrc));
	return err;
}

void srtp_context_end(struct srtp_context *context, uint32_t ssrc)
{
	struct ssrc *source = ssrcs_find(&context->ssrcs, htonl(ssrc));

	assert(context->direction == SRTP_SEAL);
	if (!source)
		return;
	srtp_remove_stream(context->library, source->ssrc);
	ssrcs_remove(&context->ssrcs, source);
}
