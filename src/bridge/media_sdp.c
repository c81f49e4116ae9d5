#include "bridge/media_sdp.h"

#include "bridge/attributes.h"
#include "bridge/codecs.h"
#include "bridge/dtmf_sdp.h"
#include "bridge/identity.h"
#include "bridge/keying.h"
#include "bridge/media_address.h"
#include "bridge/media_lines.h"
#include "bridge/media_relay.h"
#include "bridge/tolerated.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* On what terms line INDEX of an offer is served. 0; ERR_SUPPORT with TEXT: it is not; -ENOMEM. */
static int take_offered_line(
	const struct mediation *m, unsigned index, struct err_text *text)
{
	const struct sdp_media *media = sdp_media(m->in, index);
	bool udptl = media->proto == SDP_PROTO_UDPTL;
	struct stream *stream;
	int err = media_line_check(m, index, text);

	if (err)
		return err;
	if (udptl && !keying_takes_udptl(m->from, m->to, media))
		return err_set(text, ERR_SUPPORT,
			"media line %u is UDPTL, which passes where both sides have "
			"t38 = relay",
			index + 1);
	stream = media_line_stream(m->from, index);
	if (!stream)
		return -ENOMEM;
	stream_clear_next(stream);
	media_line_read_terms(stream->next, media);
	media_line_check_rtcp(m, stream->next);
	return udptl ? 0 : keying_read_offer(m->from, stream, m->in, index, text);
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
	return media_line_write_offer(m, index, m->from->streams[index]->next);
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

/* An address of SDP, of the family that the others mostly have; NULL: there is none. */
static const struct addr *said_address(const struct sdp *sdp)
{
	for (unsigned i = 0; i < sdp_count_media(sdp); i++)
		if (sdp_media(sdp, i)->port && sdp_media(sdp, i)->rtp.len)
			return &sdp_media(sdp, i)->rtp;
	return NULL;
}

/* Both legs have an address for media. SAID: the one that the offer names, NULL for none. */
static int place_legs(const struct mediation *m, const struct addr *said)
{
	int err;

	media_address_choose_family(m->from, said);
	media_address_choose_family(m->to, NULL);
	err = media_line_place(m->session, m->config, m->from);
	return err ? err : media_line_place(m->session, m->config, m->to);
}

/* The offer, written with ERR, is the one that TO has; *RET owns it. With an error it is freed. */
static int finish_offer(const struct mediation *m, int err, struct sdp **ret)
{
	if (!err)
		err = offer_send(
			&m->to->offer, m->out, identity_media_shown(m->to, m->config));
	if (err) {
		sdp_free(m->out);
		return err;
	}
	*ret = m->out;
	return 0;
}

int media_sdp_offer(struct relay_session *session, const struct config *config,
	struct leg *from, const struct sdp *in, struct leg *to, struct sdp **ret,
	struct err_text *text)
{
	unsigned before = from->offer.local ? sdp_count_media(from->offer.local) : 0;
	struct mediation m = {session, config, from, to, in, NULL};
	int err;

	err = place_legs(&m, said_address(in));
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
	err = media_line_rewrite_session(&m);
	if (!err)
		err = offer_lines(&m, text);
	/* another leg than FROM may have agreed to more lines with TO */
	if (!err && to->offer.local)
		err = sdp_fit_offer(&m.out, to->offer.local);
	return finish_offer(&m, err, ret);
}

/* ---- answers ---- */

/* What either side may send on line INDEX, which IN of FROM answers: what it names, and what it
 * was offered. */
static void note_types(
	struct leg *from, const struct sdp *in, struct leg *to, unsigned index)
{
	struct stream_terms *answer = from->streams[index]->next;

	memset(answer->payload_types, 0, sizeof(answer->payload_types));
	media_line_add_types(in, index, answer->payload_types);
	if (from->offer.local && index < sdp_count_media(from->offer.local))
		media_line_add_types(from->offer.local, index, answer->payload_types);
	memcpy(to->streams[index]->next->payload_types, answer->payload_types,
		sizeof(answer->payload_types));
}

static int write_answered_line(const struct mediation *m, unsigned index)
{
	struct leg *from = m->from, *to = m->to;
	struct stream *answerer = from->streams[index];
	struct stream *offerer = to->streams[index];
	const char *proto = sdp_proto_text(
		offerer->next->proto, sdp_proto_is_secure(offerer->next->proto));
	int err = media_line_rewrite(m, index, proto);

	if (!err && offerer->next->secure)
		err = media_line_add_crypto(m->out, index, to, &offerer->next->ours);
	if (!err && offerer->next->mux)
		err = sdp_add_attribute(m->out, (int)index, "rtcp-mux", NULL);
	if (!err)
		err = sdp_set_direction(m->out, index,
			media_line_answered_direction(answerer->next, offerer->next));
	if (!err)
		err = media_relay_set(m->session, index, from, answerer->next);
	if (!err)
		err = media_relay_set(m->session, index, to, offerer->next);
	if (!err && offerer->next->proto == SDP_PROTO_UDPTL)
		from->udptl = to->udptl = true;
	return err;
}

/* Line INDEX as LEG offered it; NULL: it did not. */
static const struct sdp_media *offered_media(const struct leg *leg, unsigned index)
{
	const struct sdp *offer = leg->offer.remote;

	return offer && index < sdp_count_media(offer) ? sdp_media(offer, index) : NULL;
}

/* On what terms line INDEX of an answer is served. 0; ERR_SUPPORT with TEXT: it cannot be;
 * -ENOMEM. */
static int take_answered_line(
	const struct mediation *m, unsigned index, struct err_text *text)
{
	struct leg *from = m->from;
	struct stream *stream = media_line_stream(from, index);
	struct stream_terms *terms = stream ? stream->next : NULL;
	const struct sdp_media *media = sdp_media(m->in, index);
	const struct stream_terms ours = {
		.direction = sdp_media(from->offer.local, index)->direction};
	enum sdp_proto offered = sdp_media(from->offer.local, index)->proto;
	bool mux = from->gateway && from->gateway->rtcp_mux;
	int err = terms ? media_line_check(m, index, text) : -ENOMEM;

	if (err)
		return err;
	if (sdp_proto_is_rtp(offered) != sdp_proto_is_rtp(media->proto))
		return err_set(text, ERR_SUPPORT,
			"media line %u of the answer is of another protocol than the "
			"offer's",
			index + 1);
	if (sdp_proto_has_feedback(offered) != sdp_proto_has_feedback(media->proto))
		tolerated_note(from, TOLERATED_SDP_PROFILE);
	media_line_read_terms(terms, media);
	media_line_check_rtcp(m, terms);
	/* it may be wider than our offer, which was narrower than theirs where hold says so */
	terms->direction = media_line_answered_direction(terms, &ours);
	terms->mux = terms->mux && mux; /* only where we offered it */
	return 0;
}

/* What became of a line of an answer. */
enum line { LINE_SERVED, LINE_REFUSED, LINE_UNUSABLE };

static bool is_offered(const struct leg *from, const struct leg *to, unsigned index)
{
	return index < RELAY_STREAMS && from->streams[index] &&
	       stream_is_offered(from->streams[index]) && to->streams[index] &&
	       stream_is_offered(to->streams[index]);
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
			media_line_forget(session, from, to, i);
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

/* Lines that TO did not offer are those that its offer lacked of what was agreed before. */
static int cut_lines(struct mediation *m)
{
	const struct sdp *offer = m->to->offer.remote;
	unsigned unused;

	return offer && sdp_count_media(offer) < sdp_count_media(m->out)
		       ? sdp_fit_answer(&m->out, offer, &unused)
		       : 0;
}

static void commit(struct leg *leg)
{
	for (unsigned i = 0; i < RELAY_STREAMS; i++) {
		struct stream *stream = leg->streams[i];

		if (!stream || !stream_is_offered(stream))
			continue;
		stream->now = *stream->next;
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
	err = media_line_rewrite_session(&m);
	if (!err && to->offer.remote) /* RFC 3264 6: t= is that of the offer */
		err = sdp_set_time(m.out, to->offer.remote);
	if (!err)
		err = answer_lines(&m, &dropped, text);
	if (!err)
		err = cut_lines(&m);
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

int media_sdp_answer_untold(struct relay_session *session, const struct config *config,
	struct leg *from, struct leg *to, struct sdp **ret, struct err_text *text)
{
	const uint64_t version = to->offer.version;
	struct sdp *told = sdp_copy(to->offer.local);
	int err = told ? media_sdp_answer(session, config, from, from->offer.remote, to,
				 true, ret, text)
		       : -ENOMEM;

	if (err) {
		sdp_free(told);
		return err;
	}
	sdp_free(to->offer.local);
	to->offer.local = told;
	to->offer.version = version;
	return 0;
}

/* ---- an offer that no leg made ---- */

/* What we can name by ourselves; `codecs` chooses of it. */
static const char own_offer[] = "v=0\r\n"
				"o=- 0 0 IN IP4 0.0.0.0\r\n"
				"s=-\r\n"
				"c=IN IP4 0.0.0.0\r\n"
				"t=0 0\r\n"
				"m=audio 9 RTP/AVP 8 0 9 18 3 96 101 102\r\n"
				"a=rtpmap:8 PCMA/8000\r\n"
				"a=rtpmap:0 PCMU/8000\r\n"
				"a=rtpmap:9 G722/8000\r\n"
				"a=rtpmap:18 G729/8000\r\n"
				"a=rtpmap:3 GSM/8000\r\n"
				"a=rtpmap:96 opus/48000/2\r\n"
				"a=rtpmap:101 telephone-event/8000\r\n"
				"a=fmtp:101 0-15\r\n"
				"a=rtpmap:102 telephone-event/48000\r\n"
				"a=fmtp:102 0-15\r\n";

/* The formats that TO lists, else the usual ones, without what FROM would not take. */
static int choose_formats(struct sdp *out, const struct leg *from, const struct leg *to)
{
	static const struct span usual[] = {{"8", 1}, {"0", 1}, {"101", 3}};
	int err = 0;

	if (!to->settings->codecs.count)
		err = sdp_keep_formats(out, 0, usual, sizeof(usual) / sizeof(usual[0]));
	if (!err)
		err = codecs_filter(out, 0, to);
	return err ? err : codecs_restrict(out, 0, from);
}

static int make_own_line(const struct mediation *m, struct err_text *text)
{
	const struct stream_terms terms = {
		.set = true, .proto = SDP_PROTO_AVP, .direction = SDP_SENDRECV};
	int err = choose_formats(m->out, m->from, m->to);

	if (err == ERR_SUPPORT)
		return err_set(text, err,
			"no codec that both sides have configured can be offered");
	if (!err)
		err = dtmf_sdp_offer(m->from, m->to, m->out, 0);
	if (!err && !relay_stream_exists(m->session, 0))
		err = relay_stream_add(m->session, 0);
	return err ? err : media_line_write_offer(m, 0, &terms);
}

int media_sdp_make_offer(struct relay_session *session, const struct config *config,
	struct leg *from, struct leg *to, struct sdp **ret, struct err_text *text)
{
	struct mediation m = {session, config, from, to, NULL, NULL};
	int err;

	err = place_legs(&m, NULL);
	if (!err)
		err = sdp_read(&m.out, own_offer, sizeof(own_offer) - 1, text);
	if (!err)
		err = media_line_rewrite_session(&m);
	if (!err)
		err = make_own_line(&m, text);
	return finish_offer(&m, err, ret);
}

/* Line INDEX of the answer of FROM to our own offer becomes one of an offer to TO. 0;
 * ERR_SUPPORT with TEXT: it cannot be served. */
static int pass_own_line(const struct mediation *m, unsigned index, struct err_text *text)
{
	struct leg *from = m->from, *to = m->to;
	int err = take_answered_line(m, index, text);

	if (!err && !media_line_stream(to, index))
		return -ENOMEM;
	if (!err)
		err = codecs_fit_answer(m->out, index, from, to, text);
	if (!err)
		err = keying_read_answer(from, from->streams[index], m->in, index, text);
	if (!err)
		err = codecs_keep_first(m->out, index);
	if (!err)
		err = dtmf_sdp_offer(from, to, m->out, index);
	return err ? err : media_line_write_offer(m, index, from->streams[index]->next);
}

/* The first line is the one that we offered; any further one was added by its sender. */
static int pass_own_lines(const struct mediation *m, struct err_text *text)
{
	int err = 0;

	if (!sdp_count_media(m->in) || !sdp_media(m->in, 0)->port || !m->from->streams[0])
		return err_set(text, ERR_SUPPORT, "the answer takes no media");
	err = pass_own_line(m, 0, text);
	for (unsigned i = 1; i < sdp_count_media(m->in) && !err; i++)
		err = sdp_refuse_media(m->out, i, NULL);
	return err;
}

int media_sdp_pass_own_answer(struct relay_session *session, const struct config *config,
	struct leg *from, struct leg *to, struct sdp **ret, struct err_text *text)
{
	const struct sdp *in = from->offer.remote;
	struct mediation m = {session, config, from, to, in, sdp_copy(in)};
	int err;

	if (!m.out)
		return -ENOMEM;
	note_form(from, in);
	err = media_line_rewrite_session(&m);
	if (!err)
		err = pass_own_lines(&m, text);
	return finish_offer(&m, err, ret);
}

/* ---- the end of an exchange ---- */

void media_sdp_settle(struct relay_session *session, struct leg *a, struct leg *b)
{
	const struct sdp *said = a->offer.local;

	for (unsigned i = 0; said && i < RELAY_STREAMS; i++)
		if (a->streams[i] && stream_is_offered(a->streams[i]) &&
			i < sdp_count_media(said) && !sdp_media(said, i)->port)
			media_line_forget(session, a, b, i);
	commit(a);
	commit(b);
}

void media_sdp_cancel(struct relay_session *session, struct leg *a, struct leg *b)
{
	for (unsigned i = 0; i < RELAY_STREAMS; i++) {
		bool agreed = (a->streams[i] && a->streams[i]->now.set) ||
			      (b->streams[i] && b->streams[i]->now.set);

		if (!agreed && (a->streams[i] || b->streams[i])) {
			media_line_forget(session, a, b, i);
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
	bool any = false;

	for (unsigned i = 0; i < RELAY_STREAMS; i++) {
		const struct stream *stream = leg->streams[i];

		if (!stream || !stream->now.set)
			continue;
		if (!stream->now.hold_address && stream->now.direction == SDP_SENDRECV)
			return false;
		any = true;
	}
	return any;
}
