/* What the dialogs of a call agreed on, and whether the relay and the legs keep it. */
#include "judge_priv.h"

#include "sdp/sdes.h"
#include "sdp/sdp.h"

#include <stdlib.h>
#include <string.h>

/* ---- agreements ---- */

char *judge_media_text(const struct message *message)
{
	struct span body = message_body(message);

	if (!body.len ||
		!span_equal_nocase(message_content_type(message), "application/sdp"))
		return NULL;
	return span_dup(body);
}

static void replace_sdp(struct sdp **sdp, const char *text)
{
	struct err_text why = {{0}};

	sdp_free(*sdp);
	*sdp = NULL;
	if (sdp_read(sdp, text, strlen(text), &why))
		*sdp = NULL;
}

static void forget_half(struct judge_agreed *agreed)
{
	free(agreed->half);
	agreed->half = NULL;
}

void judge_media_agree(struct judge_agreed *agreed, const char *ours, const char *theirs)
{
	forget_half(agreed);
	if (!ours || !theirs)
		return;
	replace_sdp(&agreed->ours, ours);
	replace_sdp(&agreed->theirs, theirs);
	agreed->changed = true;
	agreed->glared = false;
}

void judge_media_forget(struct judge_agreed *agreed)
{
	forget_half(agreed);
	sdp_free(agreed->ours);
	sdp_free(agreed->theirs);
	agreed->ours = agreed->theirs = NULL;
}

void judge_media_half(struct judge_agreed *agreed, const char *text, bool ours)
{
	forget_half(agreed);
	if (!text)
		return;
	agreed->half = strdup(text);
	agreed->half_is_ours = ours;
}

void judge_media_whole(struct judge_agreed *agreed, const struct message *ack)
{
	char *text = judge_media_text(ack);
	char *half = agreed->half;

	agreed->half = NULL;
	if (half && agreed->half_is_ours)
		judge_media_agree(agreed, half, text);
	else if (half)
		judge_media_agree(agreed, text, half);
	free(half);
	free(text);
}

static void forget_update(struct judge_agreed *agreed)
{
	free(agreed->update);
	free(agreed->update_branch);
	agreed->update = agreed->update_branch = NULL;
}

void judge_media_update(struct judge_agreed *agreed, const struct message *update)
{
	char *text = judge_media_text(update);

	if (!text)
		return;
	forget_update(agreed);
	agreed->update = text;
	agreed->update_branch = span_dup(message_via(update)->branch);
}

void judge_media_updated(struct judge_agreed *agreed, const struct message *response)
{
	char *text;

	if (!agreed->update || message_status(response) < 200 ||
		!span_equal_str(message_via(response)->branch, agreed->update_branch))
		return;
	text = judge_media_text(response);
	if (message_status(response) < 300)
		judge_media_agree(agreed, agreed->update, text);
	free(text);
	forget_update(agreed);
}

void judge_media_free(struct judge_agreed *agreed)
{
	forget_half(agreed);
	forget_update(agreed);
	sdp_free(agreed->ours);
	sdp_free(agreed->theirs);
}

/* ---- the relay ---- */

/* The key that SDP gives for SUITE on line INDEX. */
static bool has_key(const struct sdp *sdp, unsigned index, const struct relay_key *key)
{
	struct err_text why;
	struct span value;

	for (unsigned i = 0; sdp_attribute(sdp, (int)index, "crypto", i, &value); i++) {
		struct sdes_crypto crypto;

		if (!sdes_parse(&crypto, value, &why) &&
			(unsigned)crypto.suite == (unsigned)key->suite &&
			secret_equal(&crypto.key, &key->key))
			return true;
	}
	return false;
}

static bool sends(enum sdp_direction direction)
{
	return direction == SDP_SENDRECV || direction == SDP_SENDONLY;
}

static bool receives(enum sdp_direction direction)
{
	return direction == SDP_SENDRECV || direction == SDP_RECVONLY;
}

/* What is wrong with REMOTE as the end of line INDEX; NULL: nothing. */
static const char *check_end(const struct judge_agreed *agreed, unsigned index,
	const struct relay_remote *remote)
{
	const struct sdp_media *theirs = sdp_media(agreed->theirs, index);
	struct span crypto;
	bool secure;

	if (!remote)
		return "there is none";
	if (theirs->rtp.len && !theirs->on_hold_address &&
		!addr_equal(&theirs->rtp, &remote->rtp))
		return "another address";
	secure = sdp_attribute(agreed->ours, (int)index, "crypto", 0, &crypto) &&
		 sdp_attribute(agreed->theirs, (int)index, "crypto", 0, &crypto);
	if (secure != (remote->tx.suite != RELAY_PLAIN))
		return "another protection";
	if (remote->rx.suite != RELAY_PLAIN &&
		!has_key(agreed->theirs, index, &remote->rx))
		return "another key of theirs";
	if (remote->tx.suite != RELAY_PLAIN && !has_key(agreed->ours, index, &remote->tx))
		return "another key of ours";
	return NULL;
}

static bool is_active(const struct judge_agreed *agreed, unsigned index)
{
	return index < sdp_count_media(agreed->ours) &&
	       index < sdp_count_media(agreed->theirs) &&
	       sdp_media(agreed->ours, index)->port &&
	       sdp_media(agreed->theirs, index)->port;
}

static const struct relay_remote *end_of(
	struct judge *judge, const struct judge_dialog *dialog, unsigned index)
{
	return told_remote(judge->stage->relay, dialog->call,
		dialog->called ? RELAY_A : RELAY_B, index);
}

static void check_line(
	struct judge *judge, const struct judge_dialog *dialog, unsigned index)
{
	const char *why = check_end(&dialog->agreed, index, end_of(judge, dialog, index));

	if (why)
		judge_fault(judge, "relay", "line %u toward %s: %s", index + 1,
			dialog->party->name, why);
}

/* Whether media goes from A to B on line INDEX by what was agreed, and by what the relay does. */
static void check_way(struct judge *judge, const struct judge_dialog *a,
	const struct judge_dialog *b, unsigned index)
{
	const struct relay_remote *from = end_of(judge, a, index);
	const struct relay_remote *to = end_of(judge, b, index);
	bool agreed = sends(sdp_media(a->agreed.theirs, index)->direction) &&
		      receives(sdp_media(a->agreed.ours, index)->direction) &&
		      sends(sdp_media(b->agreed.ours, index)->direction) &&
		      receives(sdp_media(b->agreed.theirs, index)->direction);
	bool open = from && to && from->receive && to->send;

	if (sdp_media(b->agreed.theirs, index)->on_hold_address)
		return;
	if (agreed != open)
		judge_fault(judge, "relay", "line %u from %s to %s %s", index + 1,
			a->party->name, b->party->name,
			open ? "is open, and was not agreed" : "is closed");
}

static void check_ends(struct judge *judge, const struct judge_dialog *a,
	const struct judge_dialog *b, unsigned index)
{
	check_line(judge, a, index);
	check_line(judge, b, index);
	check_way(judge, a, b, index);
	check_way(judge, b, a, index);
}

/* ---- the legs ---- */

static struct span first_format(const struct sdp *sdp, unsigned index)
{
	struct span rest = sdp_media(sdp, index)->formats;
	struct span first = {NULL, 0};

	span_next(&rest, ' ', &first);
	return first;
}

/* Whether FORMAT of line INDEX is telephone-event, which accompanies a codec (RFC 4733 2.5.1.1). */
static bool is_event(const struct sdp *sdp, unsigned index, struct span format)
{
	struct span value, type;

	for (unsigned i = 0; sdp_attribute(sdp, (int)index, "rtpmap", i, &value); i++)
		if (span_next(&value, ' ', &type) && span_equal(type, format))
			return span_starts(value, "telephone-event/");
	return false;
}

/* Whether what ours and theirs agreed on line INDEX has a codec at all: an answer without an
 * offered one is a party's mistake that only one leg can know. */
static bool has_codec(const struct judge_agreed *agreed, unsigned index)
{
	struct span ours = sdp_media(agreed->ours, index)->formats;
	struct span format;

	while (span_next(&ours, ' ', &format)) {
		struct span theirs = sdp_media(agreed->theirs, index)->formats;
		struct span other;

		while (span_next(&theirs, ' ', &other))
			if (span_equal(format, other) &&
				!is_event(agreed->ours, index, format))
				return true;
	}
	return false;
}

static bool is_served(const struct judge_agreed *agreed, unsigned index)
{
	return is_active(agreed, index) && has_codec(agreed, index);
}

/* Whether the first format that they have is one that we have too. */
static bool knows_first(const struct judge_agreed *agreed, unsigned index)
{
	struct span ours = sdp_media(agreed->ours, index)->formats;
	struct span format;

	while (span_next(&ours, ' ', &format))
		if (span_equal(format, first_format(agreed->theirs, index)))
			return true;
	return false;
}

static void check_legs(
	struct judge *judge, const struct judge_dialog *a, const struct judge_dialog *b)
{
	unsigned count = sdp_count_media(a->agreed.ours);

	for (unsigned i = 0; i < count; i++) {
		if (is_served(&a->agreed, i) != is_served(&b->agreed, i))
			judge_fault(judge, "legs-differ", "line %u is for one leg alone",
				i + 1);
		if (!is_served(&a->agreed, i) || !is_served(&b->agreed, i))
			continue;
		if (judge->stage->relay)
			check_ends(judge, a, b, i);
		if (knows_first(&a->agreed, i) && knows_first(&b->agreed, i) &&
			!span_equal(first_format(a->agreed.theirs, i),
				first_format(b->agreed.ours, i)) &&
			!span_equal(first_format(a->agreed.ours, i),
				first_format(b->agreed.theirs, i)))
			judge_fault(
				judge, "legs-differ", "line %u has other formats", i + 1);
	}
}

/* The other dialog of the call that goes on; NULL: there is none, or it is not alone. */
static struct judge_dialog *other_of(struct judge *judge, const struct judge_dialog *one)
{
	struct judge_dialog *other = NULL;

	LIST_FOREACH (&judge->dialogs, node, next) {
		struct judge_dialog *dialog = LIST_ENTRY(node, struct judge_dialog, node);

		if (dialog == one || dialog->call != one->call || dialog->ended)
			continue;
		if (other)
			return NULL;
		other = dialog;
	}
	return other;
}

static bool can_be_judged(struct judge *judge, const struct judge_dialog *dialog)
{
	return dialog && dialog->call && !dialog->ended && dialog->agreed.ours &&
	       dialog->agreed.theirs && judge_dialog_is_quiet(judge, dialog) &&
	       !judge_dialog_may_pause(judge, dialog);
}

void judge_media_step(struct judge *judge)
{
	/* who is joined with whom, and at which ends, is not followed */
	if (judge->stage->referred)
		return;
	LIST_FOREACH (&judge->dialogs, node, next) {
		struct judge_dialog *dialog = LIST_ENTRY(node, struct judge_dialog, node);
		struct judge_dialog *other;

		if (!dialog->agreed.changed || !can_be_judged(judge, dialog))
			continue;
		other = other_of(judge, dialog);
		if (!can_be_judged(judge, other) || judge_has_record(judge, dialog->call))
			continue;
		dialog->agreed.changed = other->agreed.changed = false;
		check_legs(judge, dialog, other);
	}
}
