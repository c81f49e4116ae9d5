#include "bridge/media_lines.h"

#include "bridge/attributes.h"
#include "bridge/identity.h"
#include "bridge/keying.h"
#include "bridge/media_address.h"

#include <errno.h>
#include <string.h>

/* Session lines that name or locate the other side go; the address becomes ours. */
int media_line_rewrite_session(const struct mediation *m)
{
	int err = sdp_set_name(m->out, "-");

	sdp_remove_lines(m->out, SDP_SESSION, "iuepkrz");
	attributes_filter(m->out, SDP_SESSION, m->from, m->to);
	return err ? err
		   : sdp_set_connection(
			     m->out, SDP_SESSION, identity_media_shown(m->to, m->config));
}

/* ---- lines ---- */

int media_line_add_crypto(struct sdp *out, unsigned index, const struct leg *leg,
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
	buf_free(&value); /* which wipes it */
	sdes_wipe(&line);
	return err;
}

/* Addresses and ports of line INDEX, everything of the other hop removed. */
int media_line_rewrite(const struct mediation *m, unsigned index, const char *proto)
{
	struct addr local;
	int err;

	relay_stream_local(m->session, index, leg_end(m->to), &local);
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
enum sdp_direction media_line_answered_direction(
	const struct stream_terms *answer, const struct stream_terms *offer)
{
	bool send = sdp_direction_sends(answer->direction) &&
		    sdp_direction_receives(offer->direction) && !offer->hold_address;
	bool receive = sdp_direction_receives(answer->direction) &&
		       sdp_direction_sends(offer->direction);

	return make_direction(send, receive);
}

void media_line_read_terms(struct stream_terms *terms, const struct sdp_media *media)
{
	terms->set = true;
	terms->proto = media->proto;
	terms->rtp = media->rtp;
	terms->rtcp = media->rtcp;
	terms->mux = media->rtcp_mux;
	terms->hold_address = media->on_hold_address;
	terms->direction = media->direction;
}

void media_line_add_types(const struct sdp *sdp, unsigned index, uint64_t types[static 2])
{
	struct span rest = sdp_media(sdp, index)->formats;
	struct span format;
	uint64_t type;

	while (span_next(&rest, ' ', &format))
		if (!span_uint(format, 127, &type))
			types[type / 64] |= (uint64_t)1 << (type % 64);
}

/* ---- offers ---- */

struct stream *media_line_stream(struct leg *leg, unsigned index)
{
	if (!leg->streams[index])
		leg->streams[index] = stream_new();
	if (!leg->streams[index] || stream_make_next(leg->streams[index]))
		return NULL;
	leg->streams[index]->secured = leg->secured >> index & 1;
	return leg->streams[index];
}

/* Why a line in another protocol than RTP and UDPTL is refused. */
static int refuse_proto(
	const struct sdp_media *media, unsigned index, struct err_text *text)
{
	size_t shown = media->proto_text.len > 40 ? 40 : media->proto_text.len;

	if (span_find(media->proto_text, span_of("TLS/RTP")))
		return err_set(text, ERR_SUPPORT,
			"media line %u offers DTLS-SRTP (%.*s), SDES (RTP/SAVP with "
			"a=crypto) is required",
			index + 1, (int)shown, media->proto_text.p);
	return err_set(text, ERR_SUPPORT,
		"media line %u is of protocol %.*s, which is not served", index + 1,
		(int)shown, media->proto_text.p);
}

/* Whether the relay could pass line INDEX at all. 0, or ERR_SUPPORT with TEXT. */
int media_line_check(const struct mediation *m, unsigned index, struct err_text *text)
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
void media_line_check_rtcp(const struct mediation *m, struct stream_terms *terms)
{
	uint16_t port = addr_port(&terms->rtp);

	if (!terms->rtcp.len || terms->hold_address ||
		!media_address_check(m->from, m->config, &terms->rtcp, NULL))
		return;
	terms->rtcp = terms->rtp;
	if (port < UINT16_MAX)
		addr_set_port(&terms->rtcp, (uint16_t)(port + 1));
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

int media_line_write_offer(
	const struct mediation *m, unsigned index, const struct stream_terms *theirs)
{
	struct stream *stream = media_line_stream(m->to, index);
	bool udptl = theirs->proto == SDP_PROTO_UDPTL;
	bool secure_proto = false;
	int err = 0;

	if (!stream)
		return -ENOMEM;
	stream_clear_next(stream);
	stream->next->set = true;
	if (!udptl)
		err = keying_make_offer(m->to, stream, &secure_proto);
	if (!err)
		err = media_line_rewrite(m, index,
			sdp_proto_text(profile_for(stream, theirs), secure_proto));
	drop_feedback(m->out, index, theirs->proto);
	stream->next->proto = sdp_media(m->out, index)->proto;
	for (unsigned i = 0; i < stream->offered_count && !err; i++)
		err = media_line_add_crypto(m->out, index, m->to, &stream->offered[i]);
	if (!err && !udptl && m->to->gateway && m->to->gateway->rtcp_mux)
		err = sdp_add_attribute(m->out, (int)index, "rtcp-mux", NULL);
	if (!err)
		err = sdp_set_direction(m->out, index, offered_direction(theirs, m->to));
	return err;
}

void media_line_forget(
	struct relay_session *session, struct leg *a, struct leg *b, unsigned index)
{
	relay_stream_remove(session, index);
	stream_free(a->streams[index]);
	stream_free(b->streams[index]);
	a->streams[index] = NULL;
	b->streams[index] = NULL;
}

/* Its streams have their ports where its configuration says: those of a candidate that did
 * not take the call may be elsewhere, and are made anew. */
int media_line_place(
	struct relay_session *session, const struct config *config, const struct leg *leg)
{
	return relay_set_address(session, leg_end(leg), identity_media(leg, config));
}

bool media_line_is_agreed(const struct leg *leg, unsigned index)
{
	return index < RELAY_STREAMS && leg->streams[index] &&
	       leg->streams[index]->now.set;
}

/* Line INDEX of OUT, which is what LEG said, becomes what it came to with our part. */
static int agree_line(struct sdp *out, unsigned index, const struct leg *leg)
{
	const struct sdp *local = leg->offer.local;
	struct stream_terms theirs = {.direction = sdp_media(out, index)->direction};
	struct stream_terms answer = {.direction = SDP_INACTIVE};

	if (!sdp_media(out, index)->port)
		return 0;
	/* a line that either of us refused, or could not use, is none, whatever its direction says (RFC 3264 6) */
	if (!media_line_is_agreed(leg, index) || !sdp_is_served(local, index))
		return sdp_refuse_media(out, index, NULL);
	answer.direction = sdp_media(local, index)->direction;
	return sdp_set_direction(
		out, index, media_line_answered_direction(&theirs, &answer));
}

struct sdp *media_lines_agreed(const struct leg *leg)
{
	struct sdp *out = leg->offer.remote && leg->offer.local
				  ? sdp_copy(leg->offer.remote)
				  : NULL;

	for (unsigned i = 0; out && i < sdp_count_media(out); i++) {
		if (agree_line(out, i, leg)) {
			sdp_free(out);
			out = NULL;
		}
	}
	return out;
}

struct sdp *media_lines_resumed(const struct leg *leg)
{
	struct sdp *out = media_lines_agreed(leg);

	for (unsigned i = 0; out && i < sdp_count_media(out); i++) {
		if (sdp_media(out, i)->port && sdp_set_direction(out, i, SDP_SENDRECV)) {
			sdp_free(out);
			out = NULL;
		}
	}
	return out;
}
