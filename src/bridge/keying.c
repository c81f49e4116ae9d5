#include "bridge/keying.h"

#include "bridge/tolerated.h"

#include <errno.h>
#include <stdlib.h>

/* What LEG demands; media toward servers is always SRTP. */
static enum config_srtp srtp_of(const struct leg *leg)
{
	return leg->settings->srtp;
}

const char *keying_least_tls(const struct config_trunk *settings)
{
	static const char *const versions[] = {
		[CONFIG_TLS_1_0] = "TLS1.0",
		[CONFIG_TLS_1_1] = "TLS1.1",
		[CONFIG_TLS_1_2] = "TLS1.2",
		[CONFIG_TLS_1_3] = "TLS1.3",
	};

	if (settings->tls != CONFIG_TLS_YES)
		return "";
	return versions[settings->tls_min];
}

static bool relays_t38(const struct leg *leg)
{
	return leg->settings->media.t38 == CONFIG_T38_RELAY;
}

const char *keying_least_media(const struct leg *leg)
{
	if (srtp_of(leg) != CONFIG_SRTP_REQUIRED)
		return "";
	return relays_t38(leg) ? "SRTP or UDPTL" : "SRTP";
}

bool keying_takes_udptl(
	const struct leg *a, const struct leg *b, const struct sdp_media *media)
{
	return relays_t38(a) && relays_t38(b) && media->proto == SDP_PROTO_UDPTL &&
	       span_equal_nocase(media->type, "image") &&
	       span_equal_nocase(media->formats, "t38");
}

static unsigned suites_of(const struct leg *leg)
{
	return leg->settings->suites;
}

/* The library cannot have MKIs where the tags of RTP and RTCP differ (see srtp_key_check()). */
static bool is_possible(const struct sdes_crypto *crypto)
{
	return crypto->mki_len == 0 ||
	       (crypto->suite != SDES_AES_256_CM_HMAC_SHA1_32 &&
		       crypto->suite != SDES_AES_CM_128_HMAC_SHA1_32);
}

/*
 * The best of their lines: the suite in use where it is offered again, so that our key
 * may stay; else the strongest. Lines that we cannot read are skipped (RFC 4568 5.1.2).
 */
static bool choose(const struct leg *leg, const struct stream *stream,
	const struct sdp *in, unsigned index, struct sdes_crypto *ret)
{
	struct span value;
	bool found = false;

	for (unsigned nth = 0; sdp_attribute(in, (int)index, "crypto", nth, &value);
		nth++) {
		struct sdes_crypto crypto;
		bool in_use;

		if (sdes_parse(&crypto, value, NULL))
			continue;
		in_use = stream->now.secure && crypto.suite == stream->now.ours.suite;
		if ((suites_of(leg) & (1u << crypto.suite)) && is_possible(&crypto) &&
			(!found || in_use || crypto.suite < ret->suite)) {
			*ret = crypto;
			found = true;
		}
		sdes_wipe(&crypto);
		if (found && in_use)
			break;
	}
	return found;
}

static bool has_attribute(const struct sdp *in, unsigned index, const char *name)
{
	struct span value;

	return sdp_attribute(in, (int)index, name, 0, &value) ||
	       sdp_attribute(in, SDP_SESSION, name, 0, &value);
}

/* Why an offer in an RTP profile without protection is not enough. */
static int refuse_plain(const struct sdp *in, unsigned index, struct err_text *text)
{
	if (has_attribute(in, index, "crypto"))
		return err_set(text, ERR_SUPPORT,
			"media line %u offers no SRTP: a=crypto in RTP/AVP, RTP/SAVP is "
			"required",
			index + 1);
	if (has_attribute(in, index, "fingerprint"))
		return err_set(text, ERR_SUPPORT,
			"media line %u offers no SRTP by SDES: a=fingerprint in RTP/AVP, "
			"RTP/SAVP with a=crypto is required",
			index + 1);
	return err_set(text, ERR_SUPPORT, "media line %u offers no SRTP", index + 1);
}

/* Why an offer in a profile of SRTP is none that we can take. */
static int refuse_suites(const struct sdp *in, unsigned index, struct err_text *text)
{
	if (has_attribute(in, index, "crypto"))
		return err_set(text, ERR_SUPPORT,
			"media line %u offers no SRTP suite that is allowed", index + 1);
	if (has_attribute(in, index, "fingerprint"))
		return err_set(text, ERR_SUPPORT,
			"media line %u offers DTLS-SRTP (a=fingerprint), SDES (a=crypto) "
			"is required",
			index + 1);
	return err_set(text, ERR_SUPPORT,
		"media line %u offers RTP/SAVP without a=crypto", index + 1);
}

int keying_read_offer(const struct leg *leg, struct stream *stream, const struct sdp *in,
	unsigned index, struct err_text *text)
{
	struct stream_terms *terms = stream->next;
	bool secure_proto = sdp_proto_is_secure(terms->proto);
	enum config_srtp srtp = srtp_of(leg);

	if (srtp == CONFIG_SRTP_OFF && secure_proto)
		return err_set(text, ERR_SUPPORT,
			"media line %u offers SRTP on a trunk without TLS", index + 1);
	if (srtp == CONFIG_SRTP_REQUIRED && !secure_proto)
		return refuse_plain(in, index, text);
	if (srtp == CONFIG_SRTP_OFF)
		return 0;
	if (!choose(leg, stream, in, index, &terms->theirs))
		/* optional, and plain is what they offer */
		return secure_proto ? refuse_suites(in, index, text) : 0;
	terms->secure = true;
	if (stream->now.secure && stream->now.ours.suite == terms->theirs.suite) {
		terms->ours = stream->now.ours;
		terms->ours.tag = terms->theirs.tag;
		return 0;
	}
	return sdes_make(&terms->ours, terms->theirs.tag, terms->theirs.suite);
}

int keying_make_offer(
	const struct leg *leg, struct stream *stream, bool *ret_secure_proto)
{
	enum config_srtp srtp = srtp_of(leg);
	unsigned suites = suites_of(leg);
	/* short tags only where nothing else is allowed */
	unsigned strong = suites & ((1u << SDES_AES_256_CM_HMAC_SHA1_32) - 1);

	/* a stream that is secure once is never offered as anything less */
	stream->demanded =
		srtp == CONFIG_SRTP_REQUIRED || stream->now.secure || stream->secured;
	*ret_secure_proto = stream->demanded;
	if (srtp == CONFIG_SRTP_OFF)
		return 0;
	stream->offered = calloc(SDES_SUITES, sizeof(*stream->offered));
	if (!stream->offered)
		return -ENOMEM;
	if (stream->now.secure) {
		stream->offered[stream->offered_count++] = stream->now.ours;
		return 0;
	}
	for (unsigned suite = 0; suite < SDES_SUITES; suite++) {
		struct sdes_crypto *crypto = &stream->offered[stream->offered_count];

		if (!((strong ? strong : suites) & (1u << suite)))
			continue;
		if (sdes_make(crypto, stream->offered_count + 1, (enum sdes_suite)suite))
			return -EIO;
		stream->offered_count++;
	}
	return stream->offered_count ? 0 : ERR_SUPPORT;
}

/* Our line of SUITE: each suite is offered once. NULL: it was not. */
static const struct sdes_crypto *offered_with(
	const struct stream *stream, enum sdes_suite suite)
{
	for (unsigned i = 0; i < stream->offered_count; i++)
		if (stream->offered[i].suite == suite)
			return &stream->offered[i];
	return NULL;
}

/*
 * Takes the first of their lines whose suite we offered into stream->next. RFC 4568 5.1.3 wants
 * one line, with our tag; some count tags of their own or repeat the line, and what they mean is
 * plain. 0, or ERR_SUPPORT with TEXT.
 */
static int take_crypto(struct leg *leg, struct stream *stream, const struct sdp *in,
	unsigned index, struct err_text *text)
{
	struct stream_terms *terms = stream->next;
	const struct sdes_crypto *ours = NULL;
	struct err_text why = {{0}};
	unsigned nth = 0;
	struct span value;

	for (; !ours && sdp_attribute(in, (int)index, "crypto", nth, &value); nth++) {
		if (sdes_parse(&terms->theirs, value, why.text[0] ? NULL : &why))
			continue;
		if (is_possible(&terms->theirs))
			ours = offered_with(stream, terms->theirs.suite);
		else
			err_set(&why, ERR_SUPPORT,
				"an MKI with short tags, which cannot be served");
	}
	if (!ours) {
		sdes_wipe(&terms->theirs);
		return err_set(text, ERR_SUPPORT,
			"media line %u of the answer takes no crypto line that was "
			"offered%s%s",
			index + 1, why.text[0] ? ": " : "", why.text);
	}
	if (nth > 1 || sdp_attribute(in, (int)index, "crypto", nth, &value))
		tolerated_note(leg, TOLERATED_SDES_LINES);
	if (ours->tag != terms->theirs.tag)
		tolerated_note(leg, TOLERATED_SDES_TAG);
	terms->ours = *ours;
	terms->secure = true;
	return 0;
}

int keying_read_answer(struct leg *leg, struct stream *stream, const struct sdp *in,
	unsigned index, struct err_text *text)
{
	struct stream_terms *terms = stream->next;
	bool secure_proto = sdp_proto_is_secure(terms->proto);
	struct span value;

	terms->secure = false;
	if (!stream->offered_count) {
		if (secure_proto)
			return err_set(text, ERR_SUPPORT,
				"media line %u answers SRTP to an offer without",
				index + 1);
		return 0;
	}
	if (!sdp_attribute(in, (int)index, "crypto", 0, &value)) {
		if (!secure_proto && !stream->demanded)
			return 0;
		return err_set(text, ERR_SUPPORT,
			"media line %u of the answer has no crypto attribute, and SRTP "
			"was demanded",
			index + 1);
	}
	if (!secure_proto && stream->demanded)
		return err_set(text, ERR_SUPPORT,
			"media line %u answers RTP to an offer of SRTP", index + 1);
	return take_crypto(leg, stream, in, index, text);
}
