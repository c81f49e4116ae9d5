#include "bridge/media_again.h"

#include "bridge/identity.h"
#include "bridge/media_lines.h"
#include "bridge/media_sdp.h"
#include "sdp/sdes.h"

#include <errno.h>
#include <stdlib.h>

/* The crypto lines that line INDEX of SDP, ours, offers. */
static int note_offered(struct stream *stream, const struct sdp *sdp, unsigned index)
{
	struct span value;
	unsigned nth = 0;

	stream->demanded = stream->now.secure || stream->secured;
	if (!sdp_attribute(sdp, (int)index, "crypto", 0, &value))
		return 0;
	stream->offered = calloc(SDES_SUITES, sizeof(*stream->offered));
	if (!stream->offered)
		return -ENOMEM;
	while (stream->offered_count < SDES_SUITES &&
		sdp_attribute(sdp, (int)index, "crypto", nth++, &value))
		if (!sdes_parse(&stream->offered[stream->offered_count], value, NULL))
			stream->offered_count++;
	return 0;
}

/* An answer finds the terms that hold as those of the offer. */
static int renew_line(struct stream *stream)
{
	if (!stream || !stream->now.set)
		return 0;
	if (stream_make_next(stream))
		return -ENOMEM;
	stream_clear_next(stream);
	*stream->next = stream->now;
	return 0;
}

static void drop_lines(struct leg *leg)
{
	for (unsigned i = 0; i < RELAY_STREAMS; i++)
		if (leg->streams[i])
			stream_drop_next(leg->streams[i]);
}

static int offer_lines(struct leg *leg, struct leg *other, const struct sdp *sdp)
{
	int err = 0;

	for (unsigned i = 0; i < RELAY_STREAMS && i < sdp_count_media(sdp) && !err; i++) {
		err = renew_line(leg->streams[i]);
		if (!err)
			err = renew_line(other->streams[i]);
		if (!err && leg->streams[i])
			err = note_offered(leg->streams[i], sdp, i);
	}
	return err;
}

/* A line that was refused has no ports any more. */
static int drop_refused(const struct leg *leg, struct sdp *sdp)
{
	int err = 0;

	for (unsigned i = 0; i < sdp_count_media(sdp) && !err; i++)
		if (sdp_media(sdp, i)->port && !media_line_is_agreed(leg, i))
			err = sdp_refuse_media(sdp, i, NULL);
	return err;
}

int media_again_offer(
	const struct config *config, struct leg *leg, struct leg *other, struct sdp **ret)
{
	struct sdp *out;
	int err;

	if (!leg->offer.local || !leg->offer.remote || !other->offer.remote)
		return ERR_STATE;
	out = sdp_copy(leg->offer.local);
	err = out ? drop_refused(leg, out) : -ENOMEM;
	if (!err)
		err = offer_lines(leg, other, out);
	if (!err)
		err = offer_send(&leg->offer, out, identity_media_shown(leg, config));
	if (err) {
		drop_lines(leg);
		drop_lines(other);
		sdp_free(out);
		return err;
	}
	offer_reopen(&other->offer, OFFER_RECEIVED);
	*ret = out;
	return 0;
}

void media_again_cancel(struct relay_session *session, struct leg *leg, struct leg *other)
{
	/* what it agreed to stands */
	offer_reopen(&other->offer, OFFER_IDLE);
	media_sdp_cancel(session, leg, other);
}

/* Lines, formats, directions: what the other side was told of. */
static bool is_news(const struct sdp *before, const struct sdp *after)
{
	if (sdp_count_media(before) != sdp_count_media(after))
		return true;
	for (unsigned i = 0; i < sdp_count_media(after); i++) {
		const struct sdp_media *old = sdp_media(before, i);
		const struct sdp_media *new = sdp_media(after, i);

		if (!old->port != !new->port || old->direction != new->direction ||
			old->on_hold_address != new->on_hold_address ||
			!span_equal(old->formats, new->formats))
			return true;
	}
	return false;
}

int media_again_answer(struct relay_session *session, const struct config *config,
	struct leg *leg, struct sdp *answer, struct leg *other, bool *ret_news,
	struct err_text *text)
{
	struct sdp *before = sdp_copy(leg->offer.remote);
	struct sdp *out = NULL;
	bool is_offer;
	int err = before ? offer_receive(&leg->offer, answer, &is_offer, text) : -ENOMEM;

	if (err) {
		sdp_free(answer);
		sdp_free(before);
		return err;
	}
	*ret_news = is_news(before, leg->offer.remote);
	if (sdp_equal_but_origin(before, leg->offer.remote))
		media_again_cancel(session, leg, other);
	else
		err = media_sdp_answer_untold(session, config, leg, other, &out, text);
	sdp_free(out);
	sdp_free(before);
	return err;
}

bool media_again_is_said(const struct leg *leg, const struct sdp *sdp)
{
	const struct sdp *said = leg->offer.remote;

	return leg->offer.complete && said &&
	       sdp_origin_version(sdp) == sdp_origin_version(said) &&
	       sdp_equal_but_origin(sdp, said);
}
