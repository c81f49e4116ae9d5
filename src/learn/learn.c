#include "learn/learn.h"

#include "base/timer.h"
#include "bridge/record.h"
#include "bridge/testcall.h"
#include "trunk/emergency.h"
#include "trunk/trunk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So long media is listened to before the first question, and a far end has time to ask us. */
#define LISTEN_MS 1500
/* Between an answer and the next question, and between two calls. */
#define PAUSE_MS 100
/* So long one question may take; SIP itself would wait 32 s. */
#define QUESTION_MS 6000
/* A call that is hung up is over at once. */
#define CALLS_MS (LEARN_MS - PAUSE_MS)

/* What our INVITE offers, whatever the file says. */
static char names[][8] = {"PCMA", "PCMU", "G722", "G729", "GSM", "opus"};
static char *codecs[] = {names[0], names[1], names[2], names[3], names[4], names[5]};
static const struct config_words offered = {
	.words = codecs, .count = sizeof(codecs) / sizeof(codecs[0])};

static const struct testcall_kind kind = {
	.purpose = "learn",
	.event = "event=learn",
	.refusal = "this call is a test, which ends by itself",
	.ring_ms = 30000,
	.talk_ms = 60000,
};

/* The calls, in order. */
enum part {
	PART_WHOLE, /* an offer of many codecs, 100rel and a session timer; then the questions */
	PART_PLAIN,   /* where that was refused: as the file says, and the questions */
	PART_DELAYED, /* without an offer */
	PART_SHORT,   /* with a short session, where there are sessions */
	PARTS,
};

static const char *const part_names[PARTS] = {
	[PART_WHOLE] = "many codecs, 100rel, session timer; hold and UPDATE",
	[PART_PLAIN] = "as configured; hold and UPDATE",
	[PART_DELAYED] = "without an offer",
	[PART_SHORT] = "with a session of 90 s",
};

/* The questions within a call, in order. */
enum step {
	STEP_SENDONLY,
	STEP_RESUME,
	STEP_INACTIVE,
	STEP_RESUME_AGAIN,
	STEP_NOWHERE,
	STEP_RESUME_LAST,
	STEP_UPDATE,
	STEPS,
};

struct learn {
	struct learn_params params;           /* the numbers are owned */
	const struct config_gateway *gateway; /* of params.config */
	struct config_trunk settings;         /* its own, with what is asked for */
	struct testcall *call;                /* NULL: none */
	enum part part;
	enum step step;
	bool answered; /* the present call is */
	bool late;     /* no other call begins */
	struct timer timer, whole;
	struct heard heard;
	struct learn_result result;
};

static void next_part(struct learn *learn);

static void learn_free(struct learn *learn)
{
	timer_stop(&learn->timer);
	timer_stop(&learn->whole);
	free((char *)(uintptr_t)learn->params.called);
	free((char *)(uintptr_t)learn->params.caller);
	trunk_unref(learn->params.trunk);
	config_unref(learn->params.config);
	free(learn);
}

static void wait_ms(struct learn *learn, uint64_t ms, timer_h *h)
{
	timer_start(learn->params.timers, &learn->timer, ms, h, learn);
}

/* ---- the questions ---- */

/* Where what it says to STEP is kept. */
static struct heard_asked *asked_of(struct learn *learn, enum step step)
{
	struct heard *heard = &learn->heard;

	switch (step) {
	case STEP_SENDONLY:
		return &heard->holds[HEARD_SENDONLY];
	case STEP_INACTIVE:
		return &heard->holds[HEARD_INACTIVE];
	case STEP_NOWHERE:
		return &heard->holds[HEARD_NOWHERE];
	case STEP_UPDATE:
		return &heard->update;
	default:
		return &heard->resumed;
	}
}

/* It was not answered in time, which is an answer. Nothing more can be asked in that dialog. */
static void silent_h(void *arg)
{
	struct learn *learn = arg;

	testcall_end(learn->call);
}

static void ask_h(void *arg)
{
	static const enum sdp_direction directions[STEPS] = {
		[STEP_SENDONLY] = SDP_SENDONLY, [STEP_INACTIVE] = SDP_INACTIVE};
	struct learn *learn = arg;
	struct heard *heard = &learn->heard;
	int err;

	heard->packets = testcall_packets(learn->call);
	/* one that says what it allows is asked for nothing else */
	if (learn->step == STEP_UPDATE && heard->allow_said && !heard->allows_update)
		learn->step++;
	if (learn->step == STEPS) {
		testcall_end(learn->call);
		return;
	}
	*asked_of(learn, learn->step) = (struct heard_asked){.asked = true};
	wait_ms(learn, QUESTION_MS, silent_h);
	if (learn->step == STEP_UPDATE)
		err = testcall_update(learn->call, SDP_SENDRECV);
	else
		err = testcall_reinvite(learn->call, directions[learn->step],
			learn->step == STEP_NOWHERE);
	if (err)
		testcall_end(learn->call);
}

static void asked_h(void *arg, int status, const struct message *response)
{
	struct learn *learn = arg;
	struct heard_asked *asked = asked_of(learn, learn->step);

	asked->status = response ? status : 0;
	if (status < 300 && response)
		heard_sdp(&asked->sdp, testcall_theirs(learn->call));
	learn->step++;
	wait_ms(learn, PAUSE_MS, ask_h);
}

/* ---- one call ---- */

static void hear_first(struct learn *learn, const struct message *message)
{
	if (message_is_request(message)) {
		const enum message_method method = message_method(message);

		if (method == MESSAGE_INVITE || method == MESSAGE_UPDATE)
			learn->heard.asked_us = true;
		if (method == MESSAGE_BYE)
			learn->heard.hung_up = true;
		if (method == MESSAGE_BYE || !learn->answered)
			heard_message(&learn->heard, message);
		return;
	}
	/* what it says to re-INVITEs is no answer to the first */
	if (!learn->answered)
		heard_message(&learn->heard, message);
}

static void hear_h(void *arg, const struct message *message)
{
	struct learn *learn = arg;
	const int status = message_status(message);

	heard_form(&learn->heard.form, message);
	if (learn->part == PART_WHOLE || learn->part == PART_PLAIN) {
		hear_first(learn, message);
		return;
	}
	if (status < 200 || learn->answered)
		return;
	if (learn->part == PART_DELAYED)
		learn->heard.delayed.status = status;
	else
		learn->heard.shorter.status = status;
	if (learn->part == PART_SHORT && status == 422) {
		struct heard short_heard = {0};

		heard_message(&short_heard, message);
		learn->heard.min_expires_s = short_heard.min_expires_s;
	}
}

static void talks_h(void *arg)
{
	struct learn *learn = arg;

	learn->answered = learn->result.answered = true;
	if (learn->part == PART_DELAYED)
		heard_sdp(&learn->heard.delayed.sdp, testcall_theirs(learn->call));
	if (learn->part == PART_DELAYED || learn->part == PART_SHORT) {
		testcall_end(learn->call);
		return;
	}
	heard_sdp(&learn->heard.answer, testcall_theirs(learn->call));
	learn->step = STEP_SENDONLY;
	wait_ms(learn, LISTEN_MS, ask_h);
}

static void next_h(void *arg)
{
	struct learn *learn = arg;

	next_part(learn);
}

static void call_over_h(void *arg, const struct record *record)
{
	struct learn *learn = arg;
	struct learn_result *result = &learn->result;
	const unsigned at = result->call_count;

	learn->call = NULL;
	if (at < LEARN_CALLS) {
		snprintf(result->calls[at].id, sizeof(result->calls[at].id), "%s",
			record->id);
		result->calls[at].what = part_names[learn->part];
		result->calls[at].status = record->status;
		result->call_count++;
	}
	if (!learn->answered && record->detail[0])
		err_reason(result->why, record->detail);
	wait_ms(learn, PAUSE_MS, next_h);
}

/* What is asked for in PART beyond what the file says. */
static void choose_settings(struct learn *learn, enum part part)
{
	learn->settings = learn->gateway->common;
	if (part != PART_WHOLE)
		return;
	learn->settings.codecs = offered;
	learn->settings.reliable = CONFIG_RELIABLE_OFFER;
	learn->settings.media.dtmf = CONFIG_DTMF_RFC4733;
}

static const char *headers_of(enum part part)
{
	static const char *const headers[PARTS] = {
		[PART_WHOLE] = "Supported: timer\r\nSession-Expires: 1800\r\n",
		[PART_SHORT] = "Supported: timer\r\nSession-Expires: 90\r\n",
	};

	return headers[part] ? headers[part] : "";
}

static int call(struct learn *learn, struct err_text *text)
{
	int err;

	choose_settings(learn, learn->part);
	learn->answered = false;
	err = testcall_start(learn->params.bridge,
		&(struct testcall_params){.kind = &kind,
			.trunk = learn->params.trunk,
			.config = learn->params.config,
			.called = learn->params.called,
			.caller = learn->params.caller,
			.settings = &learn->settings,
			.headers = headers_of(learn->part),
			.delayed = learn->part == PART_DELAYED,
			.user = {.over_h = call_over_h,
				.heard_h = hear_h,
				.talks_h = talks_h,
				.asked_h = asked_h,
				.arg = learn}},
		&learn->call, text);
	if (err)
		return err;
	learn->heard.delayed.asked |= learn->part == PART_DELAYED;
	learn->heard.shorter.asked |= learn->part == PART_SHORT;
	return 0;
}

/* ---- the whole ---- */

/* Whoever waits waits no longer: what was found out so far is what there is. */
static void late_h(void *arg)
{
	struct learn *learn = arg;

	learn->late = true;
	if (learn->call)
		testcall_end(learn->call);
}

/* Whether the far end said no to more than the number: busy and away are about that. */
static bool is_refusal_of_form(int status)
{
	return status >= 400 && status < 600 && status != 480 && status != 486 &&
	       status != 404 && status != 403 && status != 408;
}

static bool is_wanted(const struct learn *learn, enum part part)
{
	const struct heard *heard = &learn->heard;

	if (learn->late)
		return false;
	switch (part) {
	case PART_PLAIN:
		return !learn->result.answered && is_refusal_of_form(heard->status);
	case PART_DELAYED:
		return learn->result.answered;
	case PART_SHORT:
		return learn->result.answered &&
		       (heard->expires_s || heard->supports_timer);
	default:
		return false;
	}
}

static void finish(struct learn *learn)
{
	learned_make(&learn->result.learned, &learn->heard, learn->gateway, &offered);
	learn->params.over_h(learn->params.arg, &learn->result);
	learn_free(learn);
}

/* What a refused first call said of extensions stays; what it is, comes anew. */
static void forget_refusal(struct heard *heard)
{
	const struct heard was = *heard;

	*heard = (struct heard){.requires_reliable = was.requires_reliable,
		.supports_no_reliable = was.supports_no_reliable,
		.supports_no_timer = was.supports_no_timer,
		.form = was.form};
}

static void next_part(struct learn *learn)
{
	struct err_text text = {{0}};

	for (unsigned part = learn->part + 1; part < PARTS; part++) {
		if (!is_wanted(learn, (enum part)part))
			continue;
		if (part == PART_PLAIN)
			forget_refusal(&learn->heard);
		learn->part = (enum part)part;
		if (!call(learn, &text))
			return;
		err_reason(learn->result.why, text.text);
	}
	finish(learn);
}

int learn_start(
	const struct learn_params *params, struct learn **ret, struct err_text *text)
{
	struct learn *learn;
	int err;

	if (emergency_is_any(params->config, span_of(params->called)))
		return err_set(
			text, ERR_TRUST, "%s is an emergency number", params->called);
	learn = calloc(1, sizeof(*learn));
	if (!learn)
		return err_set(text, -ENOMEM, "out of memory");
	learn->params = *params;
	learn->params.config = config_ref(params->config);
	learn->params.trunk = trunk_ref(params->trunk);
	learn->params.called = strdup(params->called);
	learn->params.caller = strdup(params->caller);
	learn->gateway = config_gateway_find(params->config, params->trunk->id);
	if (learn->gateway && learn->params.called && learn->params.caller)
		err = call(learn, text);
	else
		err = err_set(text, -ENOMEM, "out of memory");
	if (err) {
		learn_free(learn);
		return err;
	}
	timer_start(params->timers, &learn->whole, CALLS_MS, late_h, learn);
	*ret = learn;
	return 0;
}

void learn_stop(struct learn *learn)
{
	/* the next call that its end asks for is forgotten with the timer */
	if (learn->call)
		testcall_end(learn->call);
	learn_free(learn);
}
