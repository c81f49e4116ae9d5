#include "bridge/mediate.h"

#include "base/log.h"
#include "bridge/attributes.h"
#include "bridge/dtmf_sdp.h"
#include "bridge/identity.h"
#include "bridge/protect.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* More formats than this on one line are no offer of a telephone. */
#define MEDIATE_FORMATS 64

/* Session lines that name or locate the other side go; the address becomes ours. */
static int rewrite_session(struct sdp *sdp, const struct addr *address,
	const struct leg *from, const struct leg *to)
{
	int err = sdp_set_name(sdp, "-");

	sdp_remove_lines(sdp, SDP_SESSION, "iuepkrz");
	attributes_filter(sdp, SDP_SESSION, from, to);
	return err ? err : sdp_set_connection(sdp, SDP_SESSION, address);
}

/* ---- lines ---- */

static int add_crypto(struct sdp *out, unsigned index, const struct leg *leg,
	const struct sdes_crypto *crypto)
{
	struct sdes_crypto line = *crypto;
	struct buf value;
	int err = -ENOMEM;

	if (leg->gateway && leg->gateway->sdp_lifetime) {
		line.lifetime = (uint64_t)1 << 31;
		line.lifetime_power = true;
	}
	buf_init(&value, 0);
	sdes_print(&line, &value);
	if (buf_str(&value))
		err = sdp_add_attribute(out, (int)index, "crypto", buf_str(&value));
	if (value.data)
		secret_wipe_bytes(value.data, value.len);
	buf_free(&value);
	sdes_wipe(&line);
	return err;
}

/* Addresses and ports of line INDEX of FROM for TO, everything of the other hop removed. */
static int rewrite_line(struct sdp *out, unsigned index, struct relay_session *session,
	const struct leg *from, const struct leg *to, const char *proto)
{
	struct addr local;
	int err;

	relay_stream_local(session, index, to->home->which, &local);
	attributes_filter(out, (int)index, from, to);
	sdp_remove_lines(out, (int)index, "ik");
	err = sdp_set_media(out, index, addr_port(&local), proto);
	return err ? err : sdp_remove_connection(out, (int)index);
}

static bool is_speech(struct span name)
{
	return !span_equal_nocase(name, "telephone-event") &&
	       !span_equal_nocase(name, "CN");
}

/* Takes the formats of MEDIA whose codec is CODEC; NULL takes tones and comfort noise, which
 * go with any codec. */
static size_t take_formats(const struct sdp *sdp, unsigned index, const char *codec,
	struct span kept[static MEDIATE_FORMATS], size_t count)
{
	struct span rest = sdp_media(sdp, index)->formats;
	struct span format, name;

	while (count < MEDIATE_FORMATS && span_next(&rest, ' ', &format)) {
		if (!format.len || !sdp_format_codec(sdp, index, format, &name))
			continue;
		if (codec ? span_equal_nocase(name, codec) : !is_speech(name))
			kept[count++] = format;
	}
	return count;
}

/* Leaves the formats of line INDEX that LEG's configuration lists, in its order of
 * preference. False: no speech is left. */
static bool filter_codecs(struct sdp *out, unsigned index, const struct leg *leg)
{
	const struct config_words *codecs = &leg->settings->codecs;
	struct span kept[MEDIATE_FORMATS];
	size_t count = 0;

	if (!codecs->count || !span_equal_nocase(sdp_media(out, index)->type, "audio"))
		return true;
	for (size_t i = 0; i < codecs->count; i++)
		if (is_speech(span_of(codecs->words[i])))
			count = take_formats(out, index, codecs->words[i], kept, count);
	if (!count)
		return false;
	count = take_formats(out, index, NULL, kept, count);
	return !sdp_keep_formats(out, index, kept, count);
}

/* ---- directions ---- */

static bool sends(enum sdp_direction direction)
{
	return direction == SDP_SENDRECV || direction == SDP_SENDONLY;
}

static bool receives(enum sdp_direction direction)
{
	return direction == SDP_SENDRECV || direction == SDP_RECVONLY;
}

static enum sdp_direction make_direction(bool send, bool receive)
{
	if (send)
		return receive ? SDP_SENDRECV : SDP_SENDONLY;
	return receive ? SDP_RECVONLY : SDP_INACTIVE;
}

/* How an offer's direction is written toward LEG: c=0.0.0.0 is never passed on. */
static enum sdp_direction offered_direction(
	const struct stream_terms *terms, const struct leg *leg)
{
	enum sdp_direction direction = terms->direction;
	bool held = terms->hold_address || direction == SDP_SENDONLY ||
		    direction == SDP_INACTIVE;

	if (terms->hold_address && direction == SDP_SENDRECV)
		direction = SDP_SENDONLY;
	if (!held || !leg->gateway)
		return direction;
	switch (leg->gateway->hold) {
	case CONFIG_HOLD_SENDONLY:
		return SDP_SENDONLY;
	case CONFIG_HOLD_INACTIVE:
		return SDP_INACTIVE;
	case CONFIG_HOLD_PASS:
		break;
	}
	return direction;
}

/* An answer may not do more than its offer allowed (RFC 3264 6.1). */
static enum sdp_direction answered_direction(
	const struct stream_terms *answer, const struct stream_terms *offer)
{
	bool send = sends(answer->direction) && receives(offer->direction) &&
		    !offer->hold_address;
	bool receive = receives(answer->direction) && sends(offer->direction);

	return make_direction(send, receive);
}

static void read_terms(struct stream_terms *terms, const struct sdp_media *media)
{
	terms->set = true;
	terms->proto = media->proto;
	terms->rtp = media->rtp;
	terms->rtcp = media->rtcp;
	terms->mux = media->rtcp_mux;
	terms->hold_address = media->on_hold_address;
	terms->direction = media->direction;
}

/* ---- the relay ---- */

static void copy_key(struct relay_key *key, bool secure, const struct sdes_crypto *crypto)
{
	memset(key, 0, sizeof(*key));
	key->suite = RELAY_PLAIN;
	if (!secure)
		return;
	key->suite = (enum relay_suite)crypto->suite;
	key->key = crypto->key;
	key->mki_len = crypto->mki_len;
	for (unsigned i = 0; i < crypto->mki_len; i++)
		key->mki[i] = (uint8_t)(crypto->mki >> (8 * (crypto->mki_len - 1 - i)));
}

static bool keeps_roc(const struct leg *leg)
{
	const struct config_media *media = &leg->settings->media;

	return media->rekey_roc == CONFIG_ROC_KEEP;
}

/* Nothing proves that UDPTL is from them: to find it elsewhere than their SDP says is for those
 * alone whose RTP is in clear too. */
static bool may_latch(const struct leg *leg, const struct stream_terms *terms)
{
	return leg->gateway && leg->gateway->latch &&
	       (terms->proto != SDP_PROTO_UDPTL || leg->settings->tls != CONFIG_TLS_YES);
}

static int apply_side(struct relay_session *session, unsigned index,
	const struct leg *leg, const struct stream_terms *terms)
{
	struct relay_remote remote = {.rtp = terms->rtp, .rtcp = terms->rtcp};
	int err;

	remote.rtcp_mux = terms->mux;
	remote.udptl = terms->proto == SDP_PROTO_UDPTL;
	remote.latch = may_latch(leg, terms);
	memcpy(remote.payload_types, terms->payload_types, sizeof(remote.payload_types));
	remote.receive = sends(terms->direction);
	remote.send = receives(terms->direction) && !terms->hold_address;
	if (terms->hold_address)
		remote.rtp.len = remote.rtcp.len = 0;
	remote.keep_roc = keeps_roc(leg);
	remote.dtmf = terms->dtmf;
	copy_key(&remote.rx, terms->secure, &terms->theirs);
	copy_key(&remote.tx, terms->secure, &terms->ours);
	err = relay_stream_set(session, index, leg->home->which, &remote);
	secret_wipe(&remote.rx.key);
	secret_wipe(&remote.tx.key);
	return err;
}

/* ---- offers ---- */

/* The stream of line INDEX, made where there is none. NULL: out of memory. */
static struct stream *stream_of(struct leg *leg, unsigned index)
{
	if (!leg->streams[index])
		leg->streams[index] = stream_new();
	if (leg->streams[index])
		leg->streams[index]->secured = leg->secured >> index & 1;
	return leg->streams[index];
}

/* Whether line INDEX of an offer of LEG to TO can be served, and on what terms. */
static bool take_offered_line(struct leg *leg, const struct leg *to, const struct sdp *in,
	unsigned index, struct err_text *text)
{
	const struct sdp_media *media = sdp_media(in, index);
	bool udptl = media->proto == SDP_PROTO_UDPTL;
	struct stream *stream;

	if (media->fault) {
		err_set(text, ERR_SUPPORT, "media line %u: %s", index + 1, media->fault);
		return false;
	}
	if (index >= RELAY_STREAMS) {
		err_set(text, ERR_SUPPORT, "media line %u is one too many, %d are served",
			index + 1, RELAY_STREAMS);
		return false;
	}
	if (!media->port || (!udptl && !sdp_proto_is_rtp(media->proto)))
		return false;
	if (udptl && !protect_takes_udptl(leg, to, media)) {
		err_set(text, ERR_SUPPORT,
			"media line %u is UDPTL, which passes where both sides have "
			"t38 = relay",
			index + 1);
		return false;
	}
	stream = stream_of(leg, index);
	if (!stream)
		return false;
	stream_drop_next(stream);
	read_terms(&stream->next, media);
	return udptl || !protect_read_offer(leg, stream, in, index, text);
}

static int write_offered_line(struct relay_session *session, struct leg *from,
	struct leg *to, unsigned index, struct sdp *out)
{
	const struct stream_terms *theirs = &from->streams[index]->next;
	struct stream *stream = stream_of(to, index);
	bool udptl = theirs->proto == SDP_PROTO_UDPTL;
	bool secure_proto = false;
	int err = 0;

	if (!stream)
		return -ENOMEM;
	stream_drop_next(stream);
	stream->next.set = true;
	if (!udptl)
		err = protect_make_offer(to, stream, &secure_proto);
	if (!err)
		err = rewrite_line(out, index, session, from, to,
			sdp_proto_text(theirs->proto, secure_proto));
	stream->next.proto = sdp_media(out, index)->proto;
	for (unsigned i = 0; i < stream->offered_count && !err; i++)
		err = add_crypto(out, index, to, &stream->offered[i]);
	if (!err && !udptl && to->gateway && to->gateway->rtcp_mux)
		err = sdp_add_attribute(out, (int)index, "rtcp-mux", NULL);
	if (!err)
		err = sdp_set_direction(out, index, offered_direction(theirs, to));
	return err;
}

static void forget_line(
	struct relay_session *session, struct leg *a, struct leg *b, unsigned index)
{
	if (index >= RELAY_STREAMS)
		return;
	relay_stream_remove(session, index);
	stream_free(a->streams[index]);
	stream_free(b->streams[index]);
	a->streams[index] = NULL;
	b->streams[index] = NULL;
}

/* 0: the line goes on; 1: it is refused; negative: the whole offer fails. */
static int mediate_offered_line(struct relay_session *session, struct leg *from,
	const struct sdp *in, struct leg *to, unsigned index, struct sdp *out,
	struct err_text *text)
{
	int err;

	if (!take_offered_line(from, to, in, index, text))
		return 1;
	if (!filter_codecs(out, index, from) || !filter_codecs(out, index, to)) {
		err_set(text, ERR_SUPPORT,
			"media line %u has no codec that is configured", index + 1);
		return 1;
	}
	err = dtmf_sdp_offer(from, to, out, index);
	if (!err && !relay_stream_exists(session, index))
		err = relay_stream_add(session, index);
	if (err)
		return err;
	return write_offered_line(session, from, to, index, out);
}

/* Its streams have their ports where its configuration says: those of a candidate that did
 * not take the call may be elsewhere, and are made anew. */
static int place_leg(
	struct relay_session *session, const struct config *config, const struct leg *leg)
{
	return relay_set_address(session, leg->home->which, identity_media(leg, config));
}

int mediate_offer(struct relay_session *session, const struct config *config,
	struct leg *from, const struct sdp *in, struct leg *to, struct sdp **ret,
	struct err_text *text)
{
	unsigned before = from->offer.local ? sdp_count_media(from->offer.local) : 0;
	unsigned served = 0;
	struct sdp *out;
	int err;

	err = place_leg(session, config, from);
	if (!err)
		err = place_leg(session, config, to);
	if (err)
		return err;
	if (sdp_count_media(in) < before) /* RFC 3264 8 */
		return err_set(
			text, ERR_FORMAT, "the offer has fewer media lines than before");
	out = sdp_copy(in);
	if (!out)
		return -ENOMEM;
	err = rewrite_session(out, identity_media_shown(to, config), from, to);
	for (unsigned i = 0; i < sdp_count_media(in) && !err; i++) {
		int line = mediate_offered_line(session, from, in, to, i, out, text);

		if (line > 0)
			err = sdp_refuse_media(out, i, NULL);
		else if (line < 0)
			err = line;
		else
			served++;
	}
	if (!err && !served)
		err = err_set(text->text[0] ? NULL : text, ERR_SUPPORT,
			"no media line that can be served");
	if (!err)
		err = offer_send(&to->offer, out, identity_media_shown(to, config));
	if (err) {
		sdp_free(out);
		return err;
	}
	*ret = out;
	return 0;
}

/* ---- answers ---- */

static void add_types(const struct sdp *sdp, unsigned index, uint64_t types[static 2])
{
	struct span rest = sdp_media(sdp, index)->formats;
	struct span format;
	uint64_t type;

	while (span_next(&rest, ' ', &format))
		if (!span_uint(format, 127, &type))
			types[type / 64] |= (uint64_t)1 << (type % 64);
}

/* What either side may send on line INDEX, which IN of FROM answers: what it names, and what it
 * was offered. */
static void note_types(
	struct leg *from, const struct sdp *in, struct leg *to, unsigned index)
{
	struct stream_terms *answer = &from->streams[index]->next;

	memset(answer->payload_types, 0, sizeof(answer->payload_types));
	add_types(in, index, answer->payload_types);
	if (from->offer.local && index < sdp_count_media(from->offer.local))
		add_types(from->offer.local, index, answer->payload_types);
	memcpy(to->streams[index]->next.payload_types, answer->payload_types,
		sizeof(answer->payload_types));
}

static int write_answered_line(struct relay_session *session, struct leg *from,
	struct leg *to, unsigned index, struct sdp *out)
{
	struct stream *answerer = from->streams[index];
	struct stream *offerer = to->streams[index];
	const char *proto = sdp_proto_text(
		offerer->next.proto, sdp_proto_is_secure(offerer->next.proto));
	int err = rewrite_line(out, index, session, from, to, proto);

	if (!err && offerer->next.secure)
		err = add_crypto(out, index, to, &offerer->next.ours);
	if (!err && offerer->next.mux)
		err = sdp_add_attribute(out, (int)index, "rtcp-mux", NULL);
	if (!err)
		err = sdp_set_direction(
			out, index, answered_direction(&answerer->next, &offerer->next));
	if (!err)
		err = apply_side(session, index, from, &answerer->next);
	if (!err)
		err = apply_side(session, index, to, &offerer->next);
	if (!err && offerer->next.proto == SDP_PROTO_UDPTL)
		from->udptl = to->udptl = true;
	return err;
}

/* Line INDEX as LEG offered it; NULL: it did not. */
static const struct sdp_media *offered_media(const struct leg *leg, unsigned index)
{
	const struct sdp *offer = leg->offer.remote;

	return offer && index < sdp_count_media(offer) ? sdp_media(offer, index) : NULL;
}

static int mediate_answered_line(struct relay_session *session, struct leg *from,
	const struct sdp *in, struct leg *to, unsigned index, struct sdp *out,
	struct err_text *text)
{
	const struct sdp_media *media = sdp_media(in, index);
	struct stream *stream = index < RELAY_STREAMS ? from->streams[index] : NULL;
	struct stream_terms *terms;
	bool mux;
	int err;

	if (!media->port || !stream || !stream->next.set || !to->streams[index] ||
		!to->streams[index]->next.set) {
		forget_line(session, from, to, index);
		return sdp_refuse_media(out, index, offered_media(to, index));
	}
	if (media->fault)
		return err_set(text, ERR_SUPPORT, "media line %u of the answer: %s",
			index + 1, media->fault);
	terms = &stream->next;
	mux = from->gateway && from->gateway->rtcp_mux;
	read_terms(terms, media);
	terms->mux = terms->mux && mux; /* only where we offered it */
	note_types(from, in, to, index);
	err = protect_read_answer(stream, in, index, text);
	if (!err)
		err = dtmf_sdp_answer(from, in, to, out, index);
	return err ? err : write_answered_line(session, from, to, index, out);
}

static void commit(struct leg *leg)
{
	for (unsigned i = 0; i < RELAY_STREAMS; i++) {
		struct stream *stream = leg->streams[i];

		if (!stream || !stream->next.set)
			continue;
		stream->now = stream->next;
		if (stream->now.secure)
			leg->secured |= 1u << i;
		stream_drop_next(stream);
	}
}

int mediate_answer(struct relay_session *session, const struct config *config,
	struct leg *from, const struct sdp *in, struct leg *to, bool final,
	struct sdp **ret, struct err_text *text)
{
	struct sdp *out = sdp_copy(in);
	int err;

	if (!out)
		return -ENOMEM;
	err = rewrite_session(out, identity_media_shown(to, config), from, to);
	if (!err && to->offer.remote) /* RFC 3264 6: t= is that of the offer */
		err = sdp_set_time(out, to->offer.remote);
	for (unsigned i = 0; i < sdp_count_media(in) && !err; i++)
		err = mediate_answered_line(session, from, in, to, i, out, text);
	if (!err)
		err = offer_send(&to->offer, out, identity_media_shown(to, config));
	if (err) {
		sdp_free(out);
		return err;
	}
	if (final) {
		commit(from);
		commit(to);
	}
	*ret = out;
	return 0;
}

void mediate_cancel(struct relay_session *session, struct leg *a, struct leg *b)
{
	for (unsigned i = 0; i < RELAY_STREAMS; i++) {
		bool agreed = a->streams[i] && a->streams[i]->now.set;

		if (!agreed && (a->streams[i] || b->streams[i])) {
			forget_line(session, a, b, i);
			continue;
		}
		if (a->streams[i])
			stream_drop_next(a->streams[i]);
		if (b->streams[i])
			stream_drop_next(b->streams[i]);
	}
	offer_cancel(&a->offer);
	offer_cancel(&b->offer);
}

bool mediate_on_hold(const struct leg *leg)
{
	for (unsigned i = 0; i < RELAY_STREAMS; i++)
		if (leg->streams[i] && leg->streams[i]->now.set &&
			(leg->streams[i]->now.hold_address ||
				leg->streams[i]->now.direction != SDP_SENDRECV))
			return true;
	return false;
}
