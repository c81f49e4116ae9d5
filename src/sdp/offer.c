#include "sdp/offer.h"

#include "base/secret.h"
#include "sdp/fit.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* A session id that no other call of ours has. 31 bits, and a version that begins at 1:
 * RFC 8866 allows 64, but there are peers that read them into an int. */
static uint64_t random_session_id(void)
{
	char hex[2 * 4 + 1];

	secret_token(hex, 4);
	uint64_t id = strtoul(hex, NULL, 16) & 0x7fffffffu;

	return id ? id : 1;
}

void offer_init(struct offer *offer)
{
	*offer = (struct offer){.state = OFFER_IDLE, .session_id = random_session_id()};
}

void offer_free(struct offer *offer)
{
	sdp_free(offer->local);
	sdp_free(offer->remote);
	sdp_free(offer->previous);
	sdp_text_free(offer->local_text);
	sdp_text_free(offer->remote_text);
	*offer = (struct offer){.state = OFFER_IDLE};
}

/* *SDP becomes *TEXT, if there is one and it can. */
static void rest(struct sdp **sdp, struct sdp_text **text)
{
	if (!*sdp)
		return;
	*text = sdp_text_take(*sdp);
	if (*text)
		*sdp = NULL;
}

void offer_rest(struct offer *offer)
{
	if (offer->state != OFFER_IDLE)
		return;
	rest(&offer->local, &offer->local_text);
	rest(&offer->remote, &offer->remote_text);
}

static int wake(struct sdp **sdp, struct sdp_text **text)
{
	int err = *text ? sdp_text_read(sdp, *text) : 0;

	if (err)
		return err;
	sdp_text_free(*text);
	*text = NULL;
	return 0;
}

int offer_wake(struct offer *offer)
{
	int err = wake(&offer->local, &offer->local_text);

	return err ? err : wake(&offer->remote, &offer->remote_text);
}

static bool rests(const struct offer *offer)
{
	return offer->local_text || offer->remote_text;
}

bool offer_remote_codec(const struct offer *offer, struct span *ret_name)
{
	const struct sdp *sdp = offer->remote;
	struct span formats, format;

	if (offer->remote_text)
		return sdp_text_codec(offer->remote_text, ret_name);
	if (!sdp || !sdp_count_media(sdp))
		return false;
	formats = sdp_media(sdp, 0)->formats;
	return span_next(&formats, ' ', &format) &&
	       sdp_format_codec(sdp, 0, format, ret_name);
}

/* ---- what outlives the process ---- */

/* Not written of struct offer: local, remote, local_text, remote_text (as texts); state, previous (nothing is outstanding). */
static const struct saved_field offer_fields[] = {
	SAVED_FIELD(struct offer, session_id),
	SAVED_FIELD(struct offer, version),
	SAVED_FIELD(struct offer, fit),
	SAVED_FIELD(struct offer, complete),
	SAVED_END,
};

/* They have keys in them. */
struct texts {
	char *local, *remote;
};

static const struct saved_field text_fields[] = {
	SAVED_SEALED(struct texts, local),
	SAVED_SEALED(struct texts, remote),
	SAVED_END,
};

/* What SDP says, or where that rests its TEXT; either may be NULL. */
static int write_text(const struct sdp *sdp, const struct sdp_text *text, char **ret)
{
	struct buf out;

	if (!sdp && !text)
		return 0;
	buf_init(&out, 0);
	if (text)
		buf_add_span(&out, sdp_text_span(text));
	else
		sdp_write(sdp, &out);
	*ret = buf_str(&out) ? buf_steal(&out, NULL) : NULL;
	buf_free(&out);
	return *ret ? 0 : -ENOMEM;
}

static int read_text(const char *text, struct sdp **ret, struct err_text *error)
{
	return text ? sdp_read(ret, text, strlen(text), error) : 0;
}

static void free_texts(struct texts *texts)
{
	secret_free(texts->local, texts->local ? strlen(texts->local) : 0);
	secret_free(texts->remote, texts->remote ? strlen(texts->remote) : 0);
}

int offer_save(const struct offer *offer, struct saved to)
{
	struct texts texts = {NULL, NULL};
	int err = saved_put(to, offer_fields, offer);

	if (!err)
		err = write_text(offer->local, offer->local_text, &texts.local);
	if (!err)
		err = write_text(offer->remote, offer->remote_text, &texts.remote);
	if (!err)
		err = saved_put(to, text_fields, &texts);
	free_texts(&texts);
	return err;
}

int offer_load(struct offer *offer, struct saved from, struct err_text *error)
{
	struct texts texts = {NULL, NULL};
	int err;

	*offer = (struct offer){.state = OFFER_IDLE};
	err = saved_take(from, offer_fields, offer, error);
	if (!err)
		err = saved_take(from, text_fields, &texts, error);
	if (!err)
		err = read_text(texts.local, &offer->local, error);
	if (!err)
		err = read_text(texts.remote, &offer->remote, error);
	free_texts(&texts);
	offer_rest(offer);
	return err;
}

/* The exchange is agreed: nothing to go back to any more. */
static void complete(struct offer *offer)
{
	sdp_free(offer->previous);
	offer->previous = NULL;
	offer->state = OFFER_IDLE;
	offer->complete = true;
}

static bool same_proto(const struct sdp_media *offered, const struct sdp_media *answered)
{
	return offered->proto == SDP_PROTO_OTHER
		       ? span_equal(offered->proto_text, answered->proto_text)
		       : sdp_proto_is_rtp(offered->proto) ==
					 sdp_proto_is_rtp(answered->proto) &&
				 (sdp_proto_is_rtp(offered->proto) ||
					 offered->proto == answered->proto);
}

/* RFC 3264 section 6: what our answer must have in common with their offer. */
static bool fits(const struct sdp *offered, const struct sdp *answer)
{
	unsigned count = sdp_count_media(offered);

	if (sdp_count_media(answer) != count)
		return false;
	for (unsigned i = 0; i < count; i++) {
		const struct sdp_media *theirs = sdp_media(offered, i);
		const struct sdp_media *ours = sdp_media(answer, i);

		if (!span_equal(ours->type, theirs->type) ||
			(ours->port && (!theirs->port || !same_proto(theirs, ours))))
			return false;
	}
	return true;
}

static int receive_answer(struct offer *offer, struct sdp *sdp, struct err_text *error)
{
	unsigned fit;
	int err;

	if (!offer->local)
		return err_set(error, ERR_STATE, "an answer came, and there is no offer");
	err = sdp_fit_answer(&sdp, offer->local, &fit);
	if (err)
		return err_set(error, err, "the answer cannot be put in order: %s",
			err_str(err));
	offer->fit = fit;
	sdp_free(offer->remote);
	offer->remote = sdp;
	complete(offer);
	return 0;
}

bool offer_would_glare(const struct offer *offer)
{
	return offer->state != OFFER_IDLE;
}

int offer_receive(
	struct offer *offer, struct sdp *sdp, bool *ret_is_offer, struct err_text *error)
{
	assert(!rests(offer));
	if (offer->state == OFFER_RECEIVED)
		return err_set(error, ERR_STATE,
			"another offer arrived before the last one was answered");
	if (offer->state == OFFER_SENT) {
		int err = receive_answer(offer, sdp, error);

		if (!err)
			*ret_is_offer = false;
		return err;
	}
	offer->previous = offer->remote;
	offer->remote = sdp;
	offer->state = OFFER_RECEIVED;
	*ret_is_offer = true;
	return 0;
}

/*
 * The version that SDP goes out with. It may stay only when the text is that of the last
 * description sent: a refused offer was seen by the peer too, so LOCAL counts only while
 * it is the last.
 */
static uint64_t next_version(const struct offer *offer, const struct sdp *sdp)
{
	bool last = offer->local && sdp_origin_version(offer->local) == offer->version;

	return last && sdp_equal_but_origin(offer->local, sdp) ? offer->version
							       : offer->version + 1;
}

int offer_send(struct offer *offer, struct sdp *sdp, const struct addr *address)
{
	assert(!rests(offer));
	if (offer->state == OFFER_SENT)
		return ERR_STATE;
	if (offer->state == OFFER_RECEIVED && !fits(offer->remote, sdp))
		return ERR_FORMAT;
	uint64_t version = next_version(offer, sdp);
	int err = sdp_set_origin(sdp, "-", offer->session_id, version, address);

	if (err)
		return err;
	struct sdp *copy = sdp_copy(sdp);

	if (!copy)
		return -ENOMEM;
	offer->version = version;
	if (offer->state == OFFER_IDLE) {
		offer->previous = offer->local;
		offer->local = copy;
		offer->state = OFFER_SENT;
	} else {
		sdp_free(offer->local);
		offer->local = copy;
		complete(offer);
	}
	return 0;
}

void offer_cancel(struct offer *offer)
{
	struct sdp **replaced;

	if (offer->state == OFFER_IDLE)
		return;
	replaced = offer->state == OFFER_SENT ? &offer->local : &offer->remote;
	sdp_free(*replaced);
	*replaced = offer->previous;
	offer->previous = NULL;
	offer->state = OFFER_IDLE;
}

void offer_reopen(struct offer *offer, enum offer_state state)
{
	offer->state = state;
}
