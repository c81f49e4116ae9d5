#include "learn/heard.h"

#include "config/codec.h"
#include "sip/reliable.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- descriptions ---- */

static void add_format(
	struct heard_sdp *ret, const struct sdp *sdp, unsigned at, struct span format)
{
	struct span name;
	uint64_t payload;

	if (!sdp_format_codec(sdp, at, format, &name))
		return;
	if (span_equal_nocase(name, "telephone-event") && !ret->event_payload &&
		!span_uint(format, 127, &payload))
		ret->event_payload = (unsigned)payload;
	if (!codec_is_speech(name) || ret->codec_count == HEARD_CODECS ||
		name.len >= sizeof(ret->codecs[0]))
		return;
	for (unsigned i = 0; i < ret->codec_count; i++)
		if (span_equal_nocase(name, ret->codecs[i]))
			return;
	span_copy(name, ret->codecs[ret->codec_count++], sizeof(ret->codecs[0]));
}

/* "1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^31|1:4" */
static void add_crypto(struct heard_sdp *ret, struct span value)
{
	struct heard_crypto crypto = {.tag = 0};
	struct span tag, suite, part;
	uint64_t number;

	if (ret->crypto_count == HEARD_CRYPTOS || !span_next(&value, ' ', &tag) ||
		!span_next(&value, ' ', &suite) || span_uint(tag, 999999999, &number) ||
		suite.len >= sizeof(crypto.suite))
		return;
	crypto.tag = (unsigned)number;
	span_copy(suite, crypto.suite, sizeof(crypto.suite));
	(void)span_next(&value, '|', &part); /* the key */
	while (span_next(&value, '|', &part)) {
		if (memchr(part.p, ':', part.len))
			crypto.mki = true;
		else
			crypto.lifetime = true;
	}
	ret->cryptos[ret->crypto_count++] = crypto;
}

static void read_audio(struct heard_sdp *ret, const struct sdp *sdp, unsigned at)
{
	const struct sdp_media *media = sdp_media(sdp, at);
	struct span formats = media->formats, value;

	ret->refused = media->port == 0;
	ret->direction = media->direction;
	ret->nowhere = media->on_hold_address;
	ret->rtcp_mux = media->rtcp_mux;
	while (span_next(&formats, ' ', &value))
		if (value.len)
			add_format(ret, sdp, at, value);
	for (unsigned i = 0; sdp_attribute(sdp, (int)at, "crypto", i, &value); i++)
		add_crypto(ret, value);
}

void heard_sdp(struct heard_sdp *ret, const struct sdp *sdp)
{
	memset(ret, 0, sizeof(*ret));
	for (unsigned i = 0; sdp && !ret->there && i < sdp_count_media(sdp); i++) {
		if (!span_equal_nocase(sdp_media(sdp, i)->type, "audio"))
			continue;
		ret->there = true;
		read_audio(ret, sdp, i);
	}
}

/* ---- how it writes ---- */

/* Whether a line of the header begins with one letter and a colon (RFC 3261 7.3.3). */
static bool has_compact(const struct message *message)
{
	struct span rest = message_text(message), line;

	(void)span_next(&rest, '\n', &line); /* the start line */
	while (span_next(&rest, '\n', &line) && line.len > 1) {
		size_t name = 1;

		if (!isalpha((unsigned char)line.p[0]))
			continue;
		while (name < line.len && (line.p[name] == ' ' || line.p[name] == '\t'))
			name++;
		if (name < line.len && line.p[name] == ':')
			return true;
	}
	return false;
}

static void note_contact(struct heard_form *form, const struct message *message)
{
	struct message_address contact;
	struct span line;

	if (!message_contact_usable(message, &contact)) {
		form->no_contact = true;
		return;
	}
	form->contact_user = form->contact_user || contact.uri.user.len > 0;
	if (message_line(message, "Contact", 0, &line) && !memchr(line.p, '<', line.len))
		form->bare_contact = true;
}

void heard_form(struct heard_form *form, const struct message *message)
{
	const int status = message_status(message);

	form->compact = form->compact || has_compact(message);
	if (status > 100 && !message_to(message)->tag.len)
		form->no_tag = true;
	if (status >= 200 && status < 300 && message_method(message) == MESSAGE_INVITE)
		note_contact(form, message);
}

/* ---- responses ---- */

static void copy_text(char ret[static HEARD_TEXT_SIZE], struct span text)
{
	if (text.len >= HEARD_TEXT_SIZE)
		text.len = HEARD_TEXT_SIZE - 1;
	span_copy(text, ret, HEARD_TEXT_SIZE);
}

static void note_agent(struct heard *heard, const struct message *message)
{
	static const char *const names[] = {"Server", "User-Agent"};
	struct span line;

	for (unsigned i = 0; i < 2 && !heard->agent[0]; i++)
		if (message_line(message, names[i], 0, &line))
			copy_text(heard->agent, span_trim(line));
}

static void note_reason(struct heard *heard, const struct message *message)
{
	struct span line;

	if (message_line(message, "Reason", 0, &line))
		copy_text(heard->reason, span_trim(line));
}

/* The seconds that the header NAME begins with; 0: there is none. */
static uint32_t seconds_of(const struct message *message, const char *name)
{
	struct span line;
	uint32_t seconds = 0;

	if (message_line(message, name, 0, &line))
		(void)message_seconds(span_trim(line), &seconds);
	return seconds;
}

static void note_expires(struct heard *heard, const struct message *message)
{
	uint32_t seconds = seconds_of(message, "Session-Expires");
	struct span line, value;

	if (!seconds || !message_line(message, "Session-Expires", 0, &line))
		return;
	heard->expires_s = seconds;
	(void)span_next(&line, ';', &value);
	heard->refreshes = message_param(line, "refresher", &value) &&
			   span_equal_nocase(value, "uas");
}

static void note_abilities(struct heard *heard, const struct message *message)
{
	struct span line;

	if (message_line(message, "Allow", 0, &line)) {
		heard->allow_said = true;
		heard->allows_update = message_lists(message, "Allow", "UPDATE");
		heard->allows_info = message_lists(message, "Allow", "INFO");
	}
	if (message_lists(message, "Supported", "100rel"))
		heard->supports_reliable = true;
	if (message_lists(message, "Supported", "timer"))
		heard->supports_timer = true;
}

static void note_provisional(struct heard *heard, const struct message *message)
{
	const int status = message_status(message);
	uint32_t rseq;

	heard->trying = heard->trying || status == 100;
	heard->rang = heard->rang || status == 180;
	heard->progress = heard->progress || status == 183;
	if (status > 100 && message_body(message).len)
		heard->early = true;
	if (reliable_is_asked(message, &rseq))
		heard->reliable = true;
}

static void note_refusal(struct heard *heard, const struct message *message)
{
	const int status = message_status(message);

	note_reason(heard, message);
	if (status == 420) {
		heard->supports_no_reliable =
			message_lists(message, "Unsupported", "100rel");
		heard->supports_no_timer = message_lists(message, "Unsupported", "timer");
	}
	if (status == 421)
		heard->requires_reliable = message_lists(message, "Require", "100rel");
	if (status == 422)
		heard->min_expires_s = seconds_of(message, "Min-SE");
}

void heard_message(struct heard *heard, const struct message *message)
{
	const int status = message_status(message);
	struct span line;

	note_agent(heard, message);
	if (message_is_request(message)) {
		note_reason(heard, message);
		return;
	}
	if (message_method(message) != MESSAGE_INVITE)
		return;
	if (status > 100 && status < 300) {
		note_abilities(heard, message);
		if (message_line(message, "P-Asserted-Identity", 0, &line))
			heard->asserted = true;
	}
	if (status < 200) {
		note_provisional(heard, message);
		return;
	}
	heard->status = status;
	if (status < 300)
		note_expires(heard, message);
	else
		note_refusal(heard, message);
}
