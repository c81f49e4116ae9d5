#include "learn/learned.h"

#include "config/codec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What is made, and of what. */
struct making {
	struct learned *ret;
	const struct heard *heard;
	const struct config_gateway *gateway;
	const struct config_words *offered;
};

static void __attribute__((format(printf, 3, 4)))
say(struct making *making, const char *topic, const char *format, ...)
{
	struct learned_fact *fact = &making->ret->facts[making->ret->fact_count];
	va_list args;

	if (making->ret->fact_count == LEARNED_FACTS_MAX)
		return;
	making->ret->fact_count++;
	fact->topic = topic;
	va_start(args, format);
	vsnprintf(fact->said, sizeof(fact->said), format, args);
	va_end(args);
}

static void propose(struct making *making, const char *key, bool in_force,
	const char *value, const char *why)
{
	struct learned_line *line = &making->ret->lines[making->ret->line_count];

	if (making->ret->line_count == LEARNED_LINES_MAX)
		return;
	making->ret->line_count++;
	line->key = key;
	line->in_force = in_force;
	snprintf(line->value, sizeof(line->value), "%s", value);
	snprintf(line->why, sizeof(line->why), "%s", why);
}

/* "answers 200", "gives no answer". */
static const char *answer_of(const struct heard_asked *asked, char buf[static 32])
{
	if (!asked->status)
		return "no answer";
	snprintf(buf, 32, "%d", asked->status);
	return buf;
}

static bool was_taken(const struct heard_asked *asked)
{
	return asked->asked && asked->status >= 200 && asked->status < 300;
}

/* ---- the call ---- */

static void find_setup(struct making *making)
{
	const struct heard *heard = making->heard;

	say(making, "call", "%s%s%s%s", heard->trying ? "100, " : "no 100, ",
		heard->rang ? "180, " : "", heard->progress ? "183, " : "",
		!heard->status         ? "and no final response"
		: heard->status >= 300 ? "and a refusal"
				       : "and an answer");
	if (heard->status >= 300)
		say(making, "call", "its refusal: %d%s%s", heard->status,
			heard->reason[0] ? ", Reason: " : "", heard->reason);
	if (heard->hung_up)
		say(making, "call", "it hung up before we did%s%s",
			heard->reason[0] ? ", Reason: " : ", without a Reason",
			heard->reason);
	if (heard->agent[0])
		say(making, "name", "it calls itself %s", heard->agent);
	if (heard->status >= 300 || !heard->status)
		return;
	say(making, "early media", "%s",
		heard->early ? "an 18x had a description" : "no 18x had a description");
	say(making, "media", "%llu packets came", (unsigned long long)heard->packets);
}

static void find_forms(struct making *making)
{
	const struct heard_form *form = &making->heard->form;

	if (form->compact)
		say(making, "headers", "it writes headers in their short form");
	if (form->no_tag)
		say(making, "headers", "To of a response has no tag (RFC 3261 8.2.6.2)");
	if (form->no_contact)
		say(making, "headers", "a 200 has no Contact that can be used");
	if (form->bare_contact)
		say(making, "headers", "its Contact has no angle brackets");
	if (making->heard->status < 300 && making->heard->status)
		say(making, "headers",
			"its Contact has %s user, and %s identity is asserted",
			form->contact_user ? "a" : "no",
			making->heard->asserted ? "an" : "no");
	if (making->heard->asked_us)
		say(making, "headers", "it sends re-INVITE or UPDATE of its own");
}

/* ---- requests within the call ---- */

static const char *hold_answer(const struct heard_asked *asked, char buf[static 32])
{
	if (!was_taken(asked) || !asked->sdp.there)
		return answer_of(asked, buf);
	if (asked->sdp.refused)
		return "200, and media refused";
	snprintf(buf, 32, "200, and %s",
		asked->sdp.nowhere ? "address 0.0.0.0"
				   : sdp_direction_name(asked->sdp.direction));
	return buf;
}

static bool holds(const struct heard_asked *asked)
{
	return was_taken(asked) && !asked->sdp.refused;
}

/* Where it takes one direction and not the other. */
static void propose_hold(struct making *making)
{
	const struct heard_asked *sendonly = &making->heard->holds[HEARD_SENDONLY];
	const struct heard_asked *inactive = &making->heard->holds[HEARD_INACTIVE];
	const enum config_hold now = making->gateway->hold;

	if (!sendonly->asked || !inactive->asked || holds(sendonly) == holds(inactive))
		return;
	if (holds(inactive))
		propose(making, "hold", now == CONFIG_HOLD_INACTIVE, "inactive",
			"it refuses a=sendonly");
	else
		propose(making, "hold", now == CONFIG_HOLD_SENDONLY, "sendonly",
			"it refuses a=inactive");
}

static void find_hold(struct making *making)
{
	static const char *const names[HEARD_HOLDS] = {
		[HEARD_SENDONLY] = "a=sendonly",
		[HEARD_INACTIVE] = "a=inactive",
		[HEARD_NOWHERE] = "c=0.0.0.0",
	};
	const struct heard_asked *holds = making->heard->holds;
	char buf[32];

	for (unsigned i = 0; i < HEARD_HOLDS; i++)
		if (holds[i].asked)
			say(making, "hold", "to %s: %s", names[i],
				hold_answer(&holds[i], buf));
	propose_hold(making);
	if (making->heard->resumed.asked)
		say(making, "hold", "to a=sendrecv again: %s",
			hold_answer(&making->heard->resumed, buf));
}

static void find_update(struct making *making)
{
	const struct heard *heard = making->heard;
	char buf[32];

	if (!heard->status || heard->status >= 300)
		return;
	if (!heard->allow_said)
		say(making, "UPDATE", "it does not say what it allows");
	else if (!heard->allows_update)
		say(making, "UPDATE", "its Allow has none");
	if (!heard->update.asked)
		return;
	say(making, "UPDATE", "answered: %s", answer_of(&heard->update, buf));
	if (heard->allows_update && !was_taken(&heard->update))
		propose(making, "session-refresh",
			making->gateway->common.timers.refresh ==
				CONFIG_SESSION_REFRESH_INVITE,
			"invite", "its Allow has UPDATE, and it does not serve it");
}

/* ---- extensions ---- */

static void find_reliable(struct making *making)
{
	const struct heard *heard = making->heard;
	const enum config_reliable now = making->gateway->common.reliable;

	if (heard->requires_reliable) {
		say(making, "PRACK", "it demands 100rel (421)");
		propose(making, "reliable", now == CONFIG_RELIABLE_REQUIRE, "require",
			"it takes no INVITE without 100rel");
	} else if (heard->supports_no_reliable) {
		say(making, "PRACK", "it refuses 100rel (420)");
		propose(making, "reliable", now == CONFIG_RELIABLE_REFUSE, "refuse",
			"it refuses 100rel");
	} else if (heard->reliable) {
		say(making, "PRACK", "its 18x were reliable, since we offered it");
		propose(making, "reliable", now == CONFIG_RELIABLE_OFFER, "offer",
			"it sends its 18x reliably where that is offered");
	} else if (heard->status && heard->status < 300) {
		say(making, "PRACK", "%s, and its 18x were not reliable",
			heard->supports_reliable ? "it supports 100rel"
						 : "it does not support 100rel");
	}
}

static void find_timer(struct making *making)
{
	const struct heard *heard = making->heard;
	const enum config_session_timer now = making->gateway->common.timers.mode;
	char buf[32];

	if (heard->supports_no_timer) {
		say(making, "session timer", "it refuses it (420)");
		propose(making, "session-timer", now == CONFIG_SESSION_TIMER_REFUSE,
			"refuse", "it refuses session timers");
	} else if (heard->expires_s) {
		say(making, "session timer", "%u s, and it lets %s refresh it",
			(unsigned)heard->expires_s, heard->refreshes ? "itself" : "us");
		propose(making, "session-timer", now == CONFIG_SESSION_TIMER_OFFER,
			"offer", "it takes one where it is offered");
	} else if (heard->status && heard->status < 300) {
		say(making, "session timer", "none%s",
			heard->supports_timer ? ", though it supports it" : "");
	}
	if (heard->min_expires_s)
		say(making, "session timer", "one of 90 s is too short: at least %u s",
			(unsigned)heard->min_expires_s);
	else if (heard->shorter.asked)
		say(making, "session timer", "one of 90 s is answered: %s",
			answer_of(&heard->shorter, buf));
}

static void find_delayed(struct making *making)
{
	const struct heard_asked *delayed = &making->heard->delayed;
	char buf[32];
	const bool now =
		making->gateway->common.delayed_offer == CONFIG_DELAYED_OFFER_MAKE;

	if (!delayed->asked)
		return;
	if (was_taken(delayed) && delayed->sdp.there) {
		say(making, "delayed offer", "its 200 had an offer");
		return;
	}
	say(making, "delayed offer", "to an INVITE without an offer: %s%s",
		answer_of(delayed, buf), was_taken(delayed) ? " without an offer" : "");
	/* busy or away is about the number */
	if (delayed->status >= 400 && delayed->status != 486 && delayed->status != 480)
		propose(making, "delayed-offer", now, "make",
			"it refuses an INVITE without an offer");
}

/* ---- media ---- */

static void add_word(char *out, size_t size, const char *word)
{
	const size_t len = strlen(out);

	snprintf(out + len, size - len, "%s%s", len ? ", " : "", word);
}

static void list_codecs(const struct heard_sdp *sdp, char *out, size_t size)
{
	out[0] = '\0';
	for (unsigned i = 0; i < sdp->codec_count; i++)
		add_word(out, size, sdp->codecs[i]);
}

/* Those that a configuration can name, in its order. */
static unsigned list_known(const struct heard_sdp *sdp, char *out, size_t size)
{
	unsigned count = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < sdp->codec_count; i++) {
		if (!codec_is_known(sdp->codecs[i]))
			continue;
		add_word(out, size, sdp->codecs[i]);
		count++;
	}
	return count;
}

/* Whether WORDS are those of LIST, in that order. */
static bool is_list(const struct config_words *words, const char *list)
{
	char text[LEARNED_TEXT_SIZE] = "";

	for (size_t i = 0; i < words->count; i++)
		add_word(text, sizeof(text), words->words[i]);
	return strcasecmp(text, list) == 0;
}

static void find_codecs(struct making *making)
{
	const struct heard *heard = making->heard;
	const struct heard_sdp *own = &heard->delayed.sdp;
	const struct config_words *now = &making->gateway->common.codecs;
	char text[LEARNED_TEXT_SIZE], offered[LEARNED_TEXT_SIZE] = "";

	for (size_t i = 0; i < making->offered->count; i++)
		add_word(offered, sizeof(offered), making->offered->words[i]);
	if (heard->answer.there) {
		list_codecs(&heard->answer, text, sizeof(text));
		say(making, "codecs", "of %s it took %s", offered, text);
	}
	if (own->there) {
		list_codecs(own, text, sizeof(text));
		say(making, "codecs", "it offers %s", text);
	}
	/* what it offers by itself is all that it has; an answer may be its choice alone */
	if (own->there && list_known(own, text, sizeof(text)))
		propose(making, "codecs", is_list(now, text), text,
			"these are what it offers by itself, in its order");
	else if (list_known(&heard->answer, text, sizeof(text)) > 1)
		propose(making, "codecs", is_list(now, text), text,
			"these are what it took of our offer, in its order");
}

static void find_digits(struct making *making)
{
	const struct heard *heard = making->heard;
	const enum config_dtmf now = making->gateway->common.media.dtmf;
	const unsigned payload = heard->answer.event_payload;

	if (!heard->answer.there)
		return;
	if (payload) {
		say(making, "digits", "telephone-event, payload %u", payload);
		propose(making, "dtmf", now == CONFIG_DTMF_RFC4733, "rfc4733",
			"it takes telephone-event");
	} else if (heard->allows_info) {
		say(making, "digits", "no telephone-event, but INFO");
		propose(making, "dtmf", now == CONFIG_DTMF_INFO, "info",
			"it takes no telephone-event, and allows INFO");
	} else {
		say(making, "digits", "neither telephone-event nor INFO");
	}
}

static void find_crypto(
	struct making *making, const struct heard_sdp *sdp, const char *whose)
{
	char text[LEARNED_TEXT_SIZE] = "";

	for (unsigned i = 0; i < sdp->crypto_count; i++) {
		const struct heard_crypto *crypto = &sdp->cryptos[i];
		char line[80];

		snprintf(line, sizeof(line), "%u %s%s%s", crypto->tag, crypto->suite,
			crypto->lifetime ? " with lifetime" : "",
			crypto->mki ? " with MKI" : "");
		add_word(text, sizeof(text), line);
	}
	if (text[0])
		say(making, "SRTP", "%s: %s", whose, text);
}

static void find_srtp(struct making *making)
{
	const struct heard *heard = making->heard;
	const struct heard_sdp *own = &heard->delayed.sdp;
	bool lifetime = false;

	find_crypto(making, &heard->answer, "its answer");
	find_crypto(making, own, "its offer");
	if (heard->answer.crypto_count > 1)
		say(making, "SRTP",
			"an answer may have one crypto line (RFC 4568 5.1.2)");
	for (unsigned i = 0; i < heard->answer.crypto_count; i++)
		lifetime = lifetime || heard->answer.cryptos[i].lifetime;
	for (unsigned i = 0; i < own->crypto_count; i++)
		lifetime = lifetime || own->cryptos[i].lifetime;
	if (lifetime)
		propose(making, "sdp-lifetime", making->gateway->sdp_lifetime, "yes",
			"it writes the lifetime of its keys, so it may want ours");
}

void learned_make(struct learned *ret, const struct heard *heard,
	const struct config_gateway *gateway, const struct config_words *offered)
{
	struct making making = {ret, heard, gateway, offered};

	memset(ret, 0, sizeof(*ret));
	find_setup(&making);
	find_forms(&making);
	find_hold(&making);
	find_update(&making);
	find_reliable(&making);
	find_timer(&making);
	find_delayed(&making);
	find_codecs(&making);
	find_digits(&making);
	find_srtp(&making);
}
