#include "bridge/media_here.h"

#include "base/secret.h"
#include "bridge/codecs.h"
#include "bridge/identity.h"
#include "bridge/keying.h"
#include "bridge/media_lines.h"
#include "bridge/media_relay.h"
#include "bridge/tolerated.h"

#include <errno.h>
#include <string.h>

/* Whether LEG agreed to line INDEX and offers it again. */
static bool is_served(const struct mediation *m, unsigned index)
{
	const struct sdp_media *media = sdp_media(m->in, index);

	return (media->port || media->fault) && sdp_media(m->out, index)->port &&
	       index < RELAY_STREAMS && m->from->streams[index] &&
	       stream_in_force(m->from->streams[index])->set;
}

/* What line INDEX of the offer would make of the terms in force; *FRESH. */
static int take_line_here(const struct mediation *m, unsigned index,
	struct stream_terms *fresh, struct err_text *text)
{
	struct leg *leg = m->from;
	const struct sdp_media *media = sdp_media(m->in, index);
	const struct sdp_media *ours = sdp_media(m->out, index);
	const struct stream_terms *terms = stream_in_force(leg->streams[index]);
	struct stream_terms next = {.set = false};
	struct stream scratch = {.now = *terms, .next = &next};
	int err = media_line_check(m, index, text);

	if (!err &&
		(!span_equal(media->type, ours->type) ||
			sdp_proto_is_rtp(media->proto) != sdp_proto_is_rtp(ours->proto)))
		err = err_set(text, ERR_SUPPORT,
			"media line %u is of another kind than before", index + 1);
	if (!err) {
		media_line_read_terms(&next, media);
		media_line_check_rtcp(m, &next);
		next.mux = next.mux && terms->mux;
		next.codec = terms->codec;
		next.dtmf = terms->dtmf;
		memcpy(next.payload_types, terms->payload_types,
			sizeof(terms->payload_types));
	}
	if (!err && sdp_proto_is_rtp(media->proto))
		err = keying_read_offer(leg, &scratch, m->in, index, text);
	if (!err && sdp_proto_is_rtp(media->proto))
		err = codecs_keep_common(m->out, leg->offer.remote, leg->offer.previous,
			index, &next.codec, text);
	if (!err)
		*fresh = next;
	secret_wipe_bytes(&scratch, sizeof(scratch));
	secret_wipe_bytes(&next, sizeof(next));
	return err;
}

/* What OTHER agreed to on line INDEX, and may send, must be taken. */
static int check_agreed(const struct mediation *m, unsigned index,
	const struct leg *other, struct err_text *text)
{
	const struct sdp *ours = other->offer.local, *theirs = other->offer.remote;

	if (other->offer.state != OFFER_IDLE || !ours || !theirs ||
		!sdp_is_served(ours, index) || !sdp_is_served(theirs, index))
		return 0;
	if (!sdp_is_served(m->out, index))
		return err_set(text, ERR_SUPPORT,
			"the other side agreed to media line %u, which is not offered "
			"any more",
			index + 1);
	if (sdp_proto_is_rtp(sdp_media(ours, index)->proto) &&
		!codecs_has_agreed(m->out, ours, theirs, index))
		return err_set(text, ERR_SUPPORT,
			"the other side agreed to a codec of media line %u that is not "
			"offered any more",
			index + 1);
	return 0;
}

/* What OTHER allows on line INDEX: what it said, and what we told it where it has an answer. */
static struct stream_terms allowed_by(struct leg *other, unsigned index)
{
	const struct sdp *told = other->offer.local;
	struct stream_terms allowed = {.direction = SDP_SENDRECV};
	struct stream_terms ours = {.direction = SDP_SENDRECV};

	if (other->streams[index])
		allowed.direction = stream_in_force(other->streams[index])->direction;
	if (other->offer.state == OFFER_IDLE && told && index < sdp_count_media(told))
		ours.direction = sdp_media(told, index)->direction;
	allowed.direction = media_line_answered_direction(&allowed, &ours);
	return allowed;
}

/* FRESH becomes no wider than what we answer. */
static int write_line_here(const struct mediation *m, unsigned index,
	struct stream_terms *fresh, struct leg *other)
{
	const struct stream_terms theirs = allowed_by(other, index);
	struct stream_terms answer = {.direction = SDP_INACTIVE};
	int err = media_line_rewrite(m, index,
		sdp_proto_text(fresh->proto, sdp_proto_is_secure(fresh->proto)));

	if (!err && fresh->secure)
		err = media_line_add_crypto(m->out, index, m->to, &fresh->ours);
	if (!err && fresh->mux)
		err = sdp_add_attribute(m->out, (int)index, "rtcp-mux", NULL);
	if (!err) {
		answer.direction = media_line_answered_direction(&theirs, fresh);
		err = sdp_set_direction(m->out, index, answer.direction);
	}
	fresh->direction = media_line_answered_direction(fresh, &answer);
	return err;
}

static int answer_lines_here(const struct mediation *m, struct stream_terms *fresh,
	struct leg *other, struct err_text *text)
{
	int err = 0;

	if (sdp_count_media(m->in) != sdp_count_media(m->out))
		return err_set(
			text, ERR_SUPPORT, "the offer has other media lines than before");
	for (unsigned i = 0; i < sdp_count_media(m->in) && !err; i++) {
		bool served = is_served(m, i);

		err = served ? take_line_here(m, i, &fresh[i], text)
			     : sdp_refuse_media(m->out, i, sdp_media(m->in, i));
		if (!err)
			err = check_agreed(m, i, other, text);
		if (!err && served)
			err = write_line_here(m, i, &fresh[i], other);
	}
	return err;
}

/* FRESH takes the place of the terms in force; a line that is not offered any more is silent. */
static int apply_here(const struct mediation *m, const struct stream_terms *fresh)
{
	struct leg *leg = m->from;
	int err = 0;

	for (unsigned i = 0; i < RELAY_STREAMS && !err; i++) {
		struct stream *stream = leg->streams[i];
		struct stream_terms *terms = stream ? stream_in_force(stream) : NULL;

		if (!terms || !terms->set || !relay_stream_exists(m->session, i))
			continue;
		if (fresh[i].set) {
			*terms = fresh[i];
			media_line_add_types(m->in, i, terms->payload_types);
		} else {
			terms->direction = SDP_INACTIVE;
		}
		if (terms->secure) {
			stream_keep_offered(stream, &terms->ours);
			leg->secured |= 1u << i;
		}
		err = media_relay_set(m->session, i, leg, terms);
	}
	return err;
}

int media_here_answer(struct relay_session *session, const struct config *config,
	struct leg *leg, struct leg *other, struct sdp **ret, struct err_text *text)
{
	struct mediation m = {
		session, config, leg, leg, leg->offer.remote, sdp_copy(leg->offer.local)};
	struct stream_terms fresh[RELAY_STREAMS] = {{0}};
	int err;

	if (!m.out)
		return -ENOMEM;
	if (sdp_was_repaired(m.in))
		tolerated_note(leg, TOLERATED_SDP_FORM);
	err = sdp_set_time(m.out, m.in);
	if (!err)
		err = answer_lines_here(&m, fresh, other, text);
	if (!err)
		err = apply_here(&m, fresh);
	if (!err)
		err = offer_send(&leg->offer, m.out, identity_media_shown(leg, config));
	secret_wipe_bytes(fresh, sizeof(fresh));
	if (err) {
		sdp_free(m.out);
		return err;
	}
	*ret = m.out;
	return 0;
}
