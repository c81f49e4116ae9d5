#include "bridge/media_sdp.h"

#include "base/log.h"
#include "bridge/attributes.h"
#include "bridge/codecs.h"
#include "bridge/dtmf_sdp.h"
#include "bridge/identity.h"
#include "bridge/keying.h"
#include "bridge/media_address.h"
#include "bridge/media_relay.h"
#include "bridge/tolerated.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* One description of leg FROM on its way to leg TO. */
struct mediation {
	struct relay_session *session;
	const struct config *config;
	struct leg *from, *to;
	const struct sdp *in; /* as FROM said it */
	struct sdp *out;      /* as TO will get it */
};

/* Session lines that name or locate the other side go; the address becomes ours. */
static int rewrite_session(const struct mediation *m)
{
	int err = sdp_set_name(m->out, "-");

	sdp_remove_lines(m->out, SDP_SESSION, "iuepkrz");
	attributes_filter(m->out, SDP_SESSION, m->from, m->to);
	return err ? err
		   : sdp_set_connection(
			     m->out, SDP_SESSION, identity_media_shown(m->to, m->config));
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

/* Addresses and ports of line INDEX, everything of the other hop removed. */
static int rewrite_line(const struct mediation *m, unsigned index, const char *proto)
{
	struct addr local;
	int err;

	relay_stream_local(m->session, index, m->to->home->which, &local);
	attributes_filter(m->out, (int)index, m->from, m->to);
	sdp_remove_lines(m->out, (int)index, "ik");
	err = sdp_set_media(m->out, index, addr_port(&local), proto);
	return err ? err : sdp_remove_connection(m->out, (int)index);
}

/* ---- directions ---- */

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
	bool send = sdp_direction_sends(answer->direction) &&
		    sdp_direction_receives(offer->direction) && !offer->hold_address;
	bool receive = sdp_direction_receives(answer->direction) &&
		       sdp_direction_sends(offer->direction);

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

/* Why a line in another protocol than RTP and UDPTL is refused. */
static int refuse_proto(
	const struct sdp_media *media, unsigned index, struct err_text *text)
{
	size_t shown = media->proto_text.len > 40 ? 40 : media->proto_text.len;

	if (memmem(media->proto_text.p, media->proto_text.len, "TLS/RTP", 7))
		return err_set(text, ERR_SUPPORT,
			"media line %u offers DTLS-SRTP (%.*s), SDES (RTP/SAVP with "
			"a=crypto) is required",
			index + 1, (int)shown, media->proto_text.p);
	return err_set(text, ERR_SUPPORT,
		"media line %u is of protocol %.*s, which is not served", index + 1,
		(int)shown, media->proto_text.p);
}

/* Whether the relay could pass line INDEX at all. 0, or ERR_SUPPORT with TEXT. */
static int check_line(const struct mediation *m, unsigned index, struct err_text *text)
{
	const struct sdp_media *media = sdp_media(m->in, index);
	struct err_text why = {{0}};

	if (media->fault)
		return err_set(
			text, ERR_SUPPORT, "media line %u: %s", index + 1, media->fault);
	if (index >= RELAY_STREAMS)
		return err_set(text, ERR_SUPPORT,
			"media line %u is one too many, %d are served", index + 1,
			RELAY_STREAMS);
	if (media->proto != SDP_PROTO_UDPTL && !sdp_proto_is_rtp(media->proto))
		return refuse_proto(media, index, text);
	if (media->on_hold_address)
		return 0;
	if (media_address_check(m->from, m->config, &media->rtp, &why))
		return err_set(text, ERR_SUPPORT, "media line %u has %.200s", index + 1,
			why.text);
	return 0;
}

/* Where RTCP goes: as a=rtcp says, or beside RTP where that may not be. */
static void check_rtcp(const struct mediation *m, struct stream_terms *terms)
{
	uint16_t port = addr_port(&terms->rtp);

	if (!terms->rtcp.len || terms->hold_address ||
		!media_address_check(m->from, m->config, &terms->rtcp, NULL))
		return;
	terms->rtcp = terms->rtp;
	if (port < UINT16_MAX)
		addr_set_port(&terms->rtcp, (uint16_t)(port + 1));
}

/* On what terms line INDEX of an offer is served. 0; ERR_SUPPORT with TEXT: it is not; -ENOMEM. */
static int take_offered_line(
	const struct mediation *m, unsigned index, struct err_text *text)
{
	const struct sdp_media *media = sdp_media(m->in, index);
	bool udptl = media->proto == SDP_PROTO_UDPTL;
	struct stream *stream;
	int err = check_line(m, index, text);

	if (err)
		return err;
	if (udptl && !keying_takes_udptl(m->from, m->to, media))
		return err_set(text, ERR_SUPPORT,
			"media line %u is UDPTL, which passes where both sides have "
			"t38 = relay",
			index + 1);
	stream = stream_of(m->from, index);
	if (!stream)
		return -ENOMEM;
	stream_drop_next(stream);
	read_terms(&stream->next, media);
	check_rtcp(m, &stream->next);
	return udptl ? 0 : keying_read_offer(m->from, stream, m->in, index, text);
}

/* The profile that TO has used on this line, where it is known; else that of the offer. */
static enum sdp_proto profile_for(
	const struct stream *stream, const struct stream_terms *theirs)
{
	return stream->now.set && sdp_proto_is_rtp(stream->now.proto) &&
			       sdp_proto_is_rtp(theirs->proto)
		       ? stream->now.proto
		       : theirs->proto;
}

/* RFC 4585 4.2: a=rtcp-fb belongs to the profiles with feedback. */
static void drop_feedback(struct sdp *out, unsigned index, enum sdp_proto offered)
{
	static const char *const name = "rtcp-fb";

	if (sdp_proto_has_feedback(offered) &&
		!sdp_proto_has_feedback(sdp_media(out, index)->proto))
		sdp_remove_attributes(out, (int)index, &name, 1);
}

static int write_offered_line(const struct mediation *m, unsigned index)
{
	const struct stream_terms *theirs = &m->from->streams[index]->next;
	struct stream *stream = stream_of(m->to, index);
	bool udptl = theirs->proto == SDP_PROTO_UDPTL;
	bool secure_proto = false;
	int err = 0;

	if (!stream)
		return -ENOMEM;
	stream_drop_next(stream);
	stream->next.set = true;
	if (!udptl)
		err = keying_make_offer(m->to, stream, &secure_proto);
	if (!err)
		err = rewrite_line(m, index,
			sdp_proto_text(profile_for(stream, theirs), secure_proto));
	drop_feedback(m->out, index, theirs->proto);
	stream->next.proto = sdp_media(m->out, index)->proto;
	for (unsigned i = 0; i < stream->offered_count && !err; i++)
		err = add_crypto(m->out, index, m->to, &stream->offered[i]);
	if (!err && !udptl && m->to->gateway && m->to->gateway->rtcp_mux)
		err = sdp_add_attribute(m->out, (int)index, "rtcp-mux", NULL);
	if (!err)
		err = sdp_set_direction(m->out, index, offered_direction(theirs, m->to));
	return err;
}

static void forget_line(
	struct relay_session *session, struct leg *a, struct leg *b, unsigned index)
{
	relay_stream_remove(session, index);
	stream_free(a->streams[index]);
	stream_free(b->streams[index]);
	a->streams[index] = NULL;
	b->streams[index] = NULL;
}

/* 0; ERR_SUPPORT with TEXT: the line is refused; others: the whole offer fails. */
static int offer_line(const struct mediation *m, unsigned index, struct err_text *text)
{
	int err = take_offered_line(m, index, text);

	if (!err)
		err = codecs_filter(m->out, index, m->from);
	if (!err)
		err = codecs_filter(m->out, index, m->to);
	if (err == ERR_SUPPORT)
		return text->text[0]
			       ? err
			       : err_set(text, err,
					 "media line %u has no codec that is configured",
					 index + 1);
	if (!err)
		err = dtmf_sdp_offer(m->from, m->to, m->out, index);
	if (!err && !relay_stream_exists(m->session, index))
		err = relay_stream_add(m->session, index);
	if (err)
		return err;
	return write_offered_line(m, index);
}

/* All lines of an offer; those that cannot be served are refused. TEXT says why the first of
 * them is. ERR_SUPPORT: some were to be served, and none can be. */
static int offer_lines(const struct mediation *m, struct err_text *text)
{
	unsigned served = 0, refused = 0;

	for (unsigned i = 0; i < sdp_count_media(m->in); i++) {
		struct err_text why = {{0}};
		int err = 0;

		if (sdp_media(m->in, i)->port || sdp_media(m->in, i)->fault) {
			err = offer_line(m, i, &why);
			if (err && err != ERR_SUPPORT)
				return err;
			if (!err) {
				served++;
				continue;
			}
			if (!refused++)
				*text = why;
		}
		err = sdp_refuse_media(m->out, i, NULL);
		if (err)
			return err;
	}
	/* RFC 3264 5 and 8.2: an offer may be of no media at all */
	return served || !refused ? 0 : ERR_SUPPORT;
}

/* Its streams have their ports where its configuration says: those of a candidate that did
 * not take the call may be elsewhere, and are made anew. */
static int place_leg(
	struct relay_session *session, const struct config *config, const struct leg *leg)
{
	return relay_set_address(session, leg->home->which, identity_media(leg, config));
}

/* An address of SDP, of the family that the others mostly have; NULL: there is none. */
static const struct addr *said_address(const struct sdp *sdp)
{
	for (unsigned i = 0; i < sdp_count_media(sdp); i++)
		if (sdp_media(sdp, i)->port && sdp_media(sdp, i)->rtp.len)
			return &sdp_media(sdp, i)->rtp;
	return NULL;
}

int media_sdp_offer(struct relay_session *session, const struct config *config,
	struct leg *from, const struct sdp *in, struct leg *to, struct sdp **ret,
	struct err_text *text)
{
	unsigned before = from->offer.local ? sdp_count_media(from->offer.local) : 0;
	struct mediation m = {session, config, from, to, in, NULL};
	int err;

	media_address_choose_family(from, said_address(in));
	media_address_choose_family(to, NULL);
	err = place_leg(session, config, from);
	if (!err)
		err = place_leg(session, config, to);
	if (err)
		return err;
	if (sdp_was_repaired(in))
		tolerated_note(from, TOLERATED_SDP_FORM);
	if (sdp_count_media(in) < before) /* RFC 3264 8 */
		return err_set(
			text, ERR_FORMAT, "the offer has fewer media lines than before");
	m.out = sdp_copy(in);
	if (!m.out)
		return -ENOMEM;
	err = rewrite_session(&m);
	if (!err)
		err = offer_lines(&m, text);
	if (!err)
		err = offer_send(&to->offer, m.out, identity_media_shown(to, config));
	if (err) {
		sdp_free(m.out);
		return err;
	}
	*ret = m.out;
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

static int write_answered_line(const struct mediation *m, unsigned index)
{
	struct leg *from = m->from, *to = m->to;
	struct stream *answerer = from->streams[index];
	struct stream *offerer = to->streams[index];
	const char *proto = sdp_proto_text(
		offerer->next.proto, sdp_proto_is_secure(offerer->next.proto));
	int err = rewrite_line(m, index, proto);

	if (!err && offerer->next.secure)
		err = add_crypto(m->out, index, to, &offerer->next.ours);
	if (!err && offerer->next.mux)
		err = sdp_add_attribute(m->out, (int)index, "rtcp-mux", NULL);
	if (!err)
		err = sdp_set_direction(m->out, index,
			answered_direction(&answerer->next, &offerer->next));
	if (!err)
		err = media_relay_set(m->session, index, from, &answerer->next);
	if (!err)
		err = media_relay_set(m->session, index, to, &offerer->next);
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

/* On what terms line INDEX of an answer is served. 0; ERR_SUPPORT with TEXT: it cannot be. */
static int take_answered_line(
	const struct mediation *m, unsigned index, struct err_text *text)
{
	struct leg *from = m->from;
	struct stream_terms *terms = &from->streams[index]->next;
	const struct sdp_media *media = sdp_media(m->in, index);
	enum sdp_proto offered = sdp_media(from->offer.local, index)->proto;
	bool mux = from->gateway && from->gateway->rtcp_mux;
	int err = check_line(m, index, text);

	if (err)
		return err;
	if (sdp_proto_is_rtp(offered) != sdp_proto_is_rtp(media->proto))
		return err_set(text, ERR_SUPPORT,
			"media line %u of the answer is of another protocol than the "
			"offer's",
			index + 1);
	if (sdp_proto_has_feedback(offered) != sdp_proto_has_feedback(media->proto))
		tolerated_note(from, TOLERATED_SDP_PROFILE);
	read_terms(terms, media);
	check_rtcp(m, terms);
	terms->mux = terms->mux && mux; /* only where we offered it */
	return 0;
}

/* What became of a line of an answer. */
enum line { LINE_SERVED, LINE_REFUSED, LINE_UNUSABLE };

static bool is_offered(const struct leg *from, const struct leg *to, unsigned index)
{
	return index < RELAY_STREAMS && from->streams[index] &&
	       from->streams[index]->next.set && to->streams[index] &&
	       to->streams[index]->next.set;
}

/* 0 with *ret, and with TEXT where it is LINE_UNUSABLE; negative with TEXT: the whole answer
 * cannot be taken. */
static int answer_line(
	const struct mediation *m, unsigned index, enum line *ret, struct err_text *text)
{
	struct leg *from = m->from, *to = m->to;
	const struct sdp_media *media = sdp_media(m->in, index);
	int err;

	*ret = LINE_REFUSED;
	if ((!media->port && !media->fault) || !is_offered(from, to, index))
		return 0;
	*ret = LINE_UNUSABLE;
	err = take_answered_line(m, index, text);
	if (!err)
		err = codecs_fit_answer(m->out, index, from, to, text);
	if (err)
		return err == ERR_SUPPORT ? 0 : err;
	*ret = LINE_SERVED;
	note_types(from, m->in, to, index);
	if (sdp_proto_is_rtp(media->proto))
		err = keying_read_answer(from, from->streams[index], m->in, index, text);
	if (!err)
		err = dtmf_sdp_answer(from, m->in, to, m->out, index);
	return err ? err : write_answered_line(m, index);
}

/* All lines of an answer; *RET_DROPPED: those that are refused, a bit each. ERR_SUPPORT with
 * TEXT: there is one that cannot be used, and none that is served. */
static int answer_lines(
	const struct mediation *m, uint32_t *ret_dropped, struct err_text *text)
{
	unsigned served = 0, unusable = 0;

	*ret_dropped = 0;
	for (unsigned i = 0; i < sdp_count_media(m->in); i++) {
		struct err_text why = {{0}};
		enum line line;
		int err = answer_line(m, i, &line, &why);

		if (why.text[0] && !text->text[0])
			*text = why;
		served += line == LINE_SERVED;
		unusable += line == LINE_UNUSABLE;
		if (!err && line != LINE_SERVED) {
			*ret_dropped |= 1u << i;
			err = sdp_refuse_media(m->out, i, offered_media(m->to, i));
		}
		if (err)
			return err;
	}
	if (unusable && !served)
		return ERR_SUPPORT;
	if (!served && (m->from->offer.fit & SDP_FIT_EXTRA))
		return err_set(text, ERR_SUPPORT,
			"the answer takes no media line that was offered, but another");
	if (unusable)
		tolerated_note(m->from, TOLERATED_SDP_LINE_UNUSABLE);
	return 0;
}

/* The exchange is over. What a preview refused stays until then: the fork that answers may take
 * it. */
static void forget_dropped(
	struct relay_session *session, struct leg *from, struct leg *to, uint32_t dropped)
{
	for (unsigned i = 0; i < RELAY_STREAMS; i++)
		if (dropped >> i & 1)
			forget_line(session, from, to, i);
}

static void note_form(struct leg *from, const struct sdp *in)
{
	if (sdp_was_repaired(in))
		tolerated_note(from, TOLERATED_SDP_FORM);
	if (from->offer.fit & SDP_FIT_MISSING)
		tolerated_note(from, TOLERATED_SDP_LINE_MISSING);
	if (from->offer.fit & SDP_FIT_EXTRA)
		tolerated_note(from, TOLERATED_SDP_LINE_EXTRA);
	if (from->offer.fit & SDP_FIT_ORDER)
		tolerated_note(from, TOLERATED_SDP_LINE_ORDER);
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

int media_sdp_answer(struct relay_session *session, const struct config *config,
	struct leg *from, const struct sdp *in, struct leg *to, bool final,
	struct sdp **ret, struct err_text *text)
{
	struct mediation m = {session, config, from, to, in, sdp_copy(in)};
	uint32_t dropped = 0;
	int err;

	if (!m.out)
		return -ENOMEM;
	note_form(from, in);
	err = rewrite_session(&m);
	if (!err && to->offer.remote) /* RFC 3264 6: t= is that of the offer */
		err = sdp_set_time(m.out, to->offer.remote);
	if (!err)
		err = answer_lines(&m, &dropped, text);
	if (!err)
		err = offer_send(&to->offer, m.out, identity_media_shown(to, config));
	if (err) {
		sdp_free(m.out);
		return err;
	}
	if (final) {
		forget_dropped(session, from, to, dropped);
		commit(from);
		commit(to);
	}
	*ret = m.out;
	return 0;
}

void media_sdp_cancel(struct relay_session *session, struct leg *a, struct leg *b)
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

bool media_sdp_on_hold(const struct leg *leg)
{
	for (unsigned i = 0; i < RELAY_STREAMS; i++)
		if (leg->streams[i] && leg->streams[i]->now.set &&
			(leg->streams[i]->now.hold_address ||
				leg->streams[i]->now.direction != SDP_SENDRECV))
			return true;
	return false;
}
