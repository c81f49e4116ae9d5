/* The descriptions of a test call: what the far end answers, and what it is asked within the call. */
#include "bridge/testcall_priv.h"

#include "bridge/identity.h"
#include "bridge/media_relay.h"
#include "bridge/media_sdp.h"
#include "bridge/oa.h"
#include "sip/reliable.h"

#include <errno.h>

const struct sdp *testcall_ours(const struct testcall *testcall)
{
	return testcall->leg.offer.local;
}

const struct sdp *testcall_theirs(const struct testcall *testcall)
{
	return testcall->leg.offer.remote;
}

/* ---- the first INVITE ---- */

/* SDP, which is taken, answers our offer. */
static int take_answer(struct testcall *testcall, struct sdp *sdp, struct err_text *text)
{
	struct leg *leg = &testcall->leg;
	struct sdp *out = NULL;
	bool is_offer;
	int err = offer_receive(&leg->offer, sdp, &is_offer, text);

	if (err)
		sdp_free(sdp);
	else
		err = media_sdp_pass_own_answer(testcall->session, testcall->config, leg,
			&testcall->nobody, &out, text);
	sdp_free(out);
	if (!err)
		media_sdp_settle(testcall->session, &testcall->nobody, leg);
	if (!err && leg->streams[0])
		err = media_relay_set(testcall->session, 0, leg, &leg->streams[0]->now);
	return err;
}

/* SDP, which is taken, is an offer of theirs. It is answered by no media: nothing more is asked of such a call. */
static int take_offer(struct testcall *testcall, struct sdp *sdp, struct sdp **ret,
	struct err_text *text)
{
	struct leg *leg = &testcall->leg;
	struct sdp *answer = sdp_copy(sdp);
	bool is_offer;
	int err = answer ? offer_receive(&leg->offer, sdp, &is_offer, text) : -ENOMEM;

	if (err)
		sdp_free(sdp);
	for (unsigned i = 0; !err && i < sdp_count_media(answer); i++)
		err = sdp_refuse_media(answer, i, NULL);
	if (!err)
		err = offer_send(
			&leg->offer, answer, identity_media_shown(leg, testcall->config));
	if (err)
		sdp_free(answer);
	else
		*ret = answer;
	return err;
}

int testcall_take(struct testcall *testcall, struct message *response, struct sdp **ret,
	struct err_text *text)
{
	struct sdp *sdp = NULL;
	int err = oa_read(response, &sdp, text);

	if (err)
		return err;
	if (!sdp && !testcall->early)
		return err_set(text, ERR_FORMAT,
			testcall->delayed ? "the 2xx has no offer"
					  : "the 2xx has no answer to our offer");
	if (testcall->early) {
		/* what it repeats was taken */
		sdp_free(sdp);
		return 0;
	}
	return testcall->delayed ? take_offer(testcall, sdp, ret, text)
				 : take_answer(testcall, sdp, text);
}

void testcall_take_early(struct testcall *testcall, struct message *response)
{
	const bool reliable = testcall->leg.prack_due != 0;
	struct err_text text = {{0}};
	struct sdp *sdp = NULL;

	leg_prack(&testcall->leg, NULL);
	if (!reliable || testcall->early || testcall->delayed ||
		oa_read(response, &sdp, &text) || !sdp)
		return;
	testcall->early = !take_answer(testcall, sdp, &text);
}

/* ---- within the call ---- */

/* What we said last, with other terms. *RET is the caller's. */
static int make_offer(const struct testcall *testcall, enum sdp_direction direction,
	bool nowhere, struct sdp **ret)
{
	struct sdp *offer = sdp_copy(testcall->leg.offer.local);
	struct addr address;
	int err = offer ? 0 : -ENOMEM;

	for (unsigned i = 0; !err && i < sdp_count_media(offer); i++) {
		if (!sdp_is_served(offer, i))
			continue;
		err = sdp_set_direction(offer, i, direction);
		if (!err && nowhere)
			err = addr_parse(&address,
				addr_is_v6(&sdp_media(offer, i)->rtp) ? "::" : "0.0.0.0",
				0);
		if (!err && nowhere)
			err = sdp_set_connection(offer, (int)i, &address);
	}
	if (err)
		sdp_free(offer);
	else
		*ret = offer;
	return err;
}

static int ask(struct testcall *testcall, enum sdp_direction direction, bool nowhere,
	int (*send)(struct leg *leg, const struct sdp *sdp))
{
	struct leg *leg = &testcall->leg;
	struct sdp *offer = NULL;
	int err;

	if (testcall->cause || !testcall->answer_us || leg->offer.state != OFFER_IDLE ||
		!leg->offer.local)
		return ERR_STATE;
	err = make_offer(testcall, direction, nowhere, &offer);
	if (!err)
		err = offer_send(
			&leg->offer, offer, identity_media_shown(leg, testcall->config));
	if (!err) {
		testcall->asking = true;
		err = send(leg, offer);
		if (err) {
			testcall->asking = false;
			offer_cancel(&leg->offer);
		}
	}
	sdp_free(offer);
	return err;
}

int testcall_reinvite(
	struct testcall *testcall, enum sdp_direction direction, bool nowhere)
{
	return ask(testcall, direction, nowhere, leg_reinvite);
}

int testcall_update(struct testcall *testcall, enum sdp_direction direction)
{
	return ask(testcall, direction, false, leg_update);
}

/* The answer in RESPONSE, 2xx. What it changes of media is nothing to us: none is sent. */
static void take_terms(struct testcall *testcall, struct message *response)
{
	struct leg *leg = &testcall->leg;
	struct sdp *sdp = NULL;
	bool is_offer;

	if (oa_read(response, &sdp, NULL) || !sdp ||
		offer_receive(&leg->offer, sdp, &is_offer, NULL)) {
		sdp_free(sdp);
		offer_cancel(&leg->offer);
	}
}

bool testcall_asked(struct testcall *testcall, const struct leg_report *report)
{
	struct leg *leg = &testcall->leg;

	if (!testcall->asking || (report->event != LEG_EVENT_ANSWER &&
					 report->event != LEG_EVENT_REFUSAL &&
					 report->event != LEG_EVENT_UPDATED))
		return false;
	testcall->asking = false;
	if (report->message && report->status >= 200 && report->status < 300)
		take_terms(testcall, report->message);
	else
		offer_cancel(&leg->offer);
	if (report->event == LEG_EVENT_ANSWER)
		leg_ack(leg, NULL);
	if (testcall->user.asked_h)
		testcall->user.asked_h(
			testcall->user.arg, report->status, report->message);
	return true;
}
