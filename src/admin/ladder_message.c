#include "admin/ladder_message.h"

#include "admin/api.h"
#include "bridge/dtmf_body.h"
#include "sdp/sdp.h"

#include <string.h>

#define SIP_VERSION "SIP/2.0"

/* The parts of a message's text. */
struct parts {
	struct span first; /* line */
	struct span head;  /* header lines */
	struct span body;
};

static struct span take_line(struct span *rest)
{
	struct span line = {"", 0};

	if (!span_next(rest, '\n', &line))
		return (struct span){"", 0};
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

static struct parts part(struct span text)
{
	struct parts parts = {.body = {"", 0}};
	struct span rest = text;

	parts.first = take_line(&rest);
	parts.head = rest.p ? rest : (struct span){"", 0};
	while (rest.p) {
		const char *at = rest.p;

		if (take_line(&rest).len > 0)
			continue;
		parts.head.len = (size_t)(at - parts.head.p);
		if (rest.p)
			parts.body = rest;
		break;
	}
	return parts;
}

struct start {
	struct span method; /* empty: a response */
	struct span uri;
	uint64_t status;
	struct span reason;
};

static bool read_start(struct span line, struct start *ret)
{
	static const struct span none = {"", 0};
	struct span rest = line, word;

	*ret = (struct start){.method = none, .uri = none, .reason = none};
	if (!span_next(&rest, ' ', &word) || word.len == 0 || !rest.p)
		return false;
	if (span_equal_nocase(word, SIP_VERSION)) {
		if (!span_next(&rest, ' ', &word) || word.len != 3 ||
			span_uint(word, 699, &ret->status) != 0 || ret->status < 100)
			return false;
		ret->reason = rest.p ? rest : none;
		return true;
	}
	ret->method = word;
	return span_next(&rest, ' ', &ret->uri) && rest.p &&
	       span_equal_nocase(rest, SIP_VERSION);
}

bool ladder_message_is(struct span text)
{
	struct span rest = text;
	struct start start;

	return text.len > 0 && read_start(take_line(&rest), &start);
}

static struct span header_of(struct span head, const char *name, const char *compact)
{
	struct span rest = head;

	while (rest.p) {
		struct span value = take_line(&rest), word;

		if (!span_next(&value, ':', &word) || !value.p)
			continue;
		word = span_trim(word);
		if (span_equal_nocase(word, name) ||
			(compact && span_equal_nocase(word, compact)))
			return span_trim(value);
	}
	return (struct span){"", 0};
}

struct span ladder_message_header(struct span text, const char *name, const char *compact)
{
	return header_of(part(text).head, name, compact);
}

/* ---- what its body says ---- */

static json_t *codecs_json(const struct sdp *sdp, unsigned index)
{
	struct span rest = sdp_media(sdp, index)->formats, format, name;
	json_t *array = json_array();

	while (json_array_size(array) < LADDER_CODECS_MAX &&
		span_next(&rest, ' ', &format)) {
		if (format.len == 0)
			continue;
		if (!sdp_format_codec(sdp, index, format, &name))
			name = format;
		json_array_append_new(array, api_text_span(name));
	}
	return array;
}

static json_t *suites_json(const struct sdp *sdp, unsigned index)
{
	json_t *array = json_array();
	struct span value, word;

	for (unsigned i = 0; i < LADDER_CODECS_MAX; i++) {
		if (!sdp_attribute(sdp, (int)index, "crypto", i, &value))
			break;
		if (span_next(&value, ' ', &word) && span_next(&value, ' ', &word))
			json_array_append_new(array, api_text_span(word));
	}
	return array;
}

static json_t *line_json(const struct sdp *sdp, unsigned index)
{
	const struct sdp_media *media = sdp_media(sdp, index);
	char text[ADDR_TEXT_SIZE];

	return json_pack("{s:o, s:o, s:s, s:i, s:o, s:o, s:s, s:b}", "type",
		api_text_span(media->type), "protocol", api_text_span(media->proto_text),
		"address", media->rtp.len ? addr_host_text(&media->rtp, text) : "",
		"port", (int)media->port, "codecs", codecs_json(sdp, index), "suites",
		suites_json(sdp, index), "direction",
		sdp_direction_name(media->direction), "hold",
		media->port > 0 && (media->on_hold_address ||
					   !sdp_direction_receives(media->direction)));
}

static bool is_multipart(struct span type)
{
	const size_t len = sizeof("multipart/") - 1;

	return type.len >= len &&
	       span_equal_nocase((struct span){type.p, len}, "multipart/");
}

/* Where a session description begins in BODY: as all of it, or as one of its parts. */
static struct span find_sdp(struct span type, struct span body)
{
	struct span rest = body, line, word = {"", 0};
	const char *at = body.p;

	span_next(&type, ';', &word);
	word = span_trim(word);
	if (body.len == 0 ||
		(word.len > 0 && !span_equal_nocase(word, "application/sdp") &&
			!is_multipart(word)))
		return (struct span){"", 0};
	while (rest.p) {
		at = rest.p;
		line = take_line(&rest);
		if (span_equal_str(line, "v=0"))
			break;
		at = NULL;
	}
	if (!at)
		return (struct span){"", 0};
	body.len -= (size_t)(at - body.p);
	body.p = at;
	/* what ends a part of a multipart */
	at = span_find(body, span_of("\n--"));
	if (at)
		body.len = (size_t)(at + 1 - body.p);
	return body;
}

static json_t *media_json(const struct parts *parts)
{
	const struct span body =
		find_sdp(header_of(parts->head, "Content-Type", "c"), parts->body);
	json_t *array = json_array();
	struct err_text text;
	struct sdp *sdp;

	if (body.len == 0 || sdp_read(&sdp, body.p, body.len, &text) != 0)
		return array;
	for (unsigned i = 0; i < sdp_count_media(sdp) && i < LADDER_MEDIA_MAX; i++)
		json_array_append_new(array, line_json(sdp, i));
	sdp_free(sdp);
	return array;
}

/* "5", or "". */
static const char *digit_of(const struct parts *parts, char ret[static 2])
{
	static const char digits[] = "0123456789*#ABCD";
	struct span type = header_of(parts->head, "Content-Type", "c"), rest = type;
	enum dtmf_body_type kind;
	struct dtmf_digit digit;

	ret[0] = ret[1] = '\0';
	if (span_next(&rest, ';', &type) &&
		dtmf_body_type_find(span_trim(type), &kind) == 0 &&
		dtmf_body_read(kind, parts->body, &digit) == 0 &&
		digit.event < sizeof(digits) - 1)
		ret[0] = digits[digit.event];
	return ret;
}

json_t *ladder_message_json(const struct ladder_message *message)
{
	const struct parts parts = part(message->text);
	char source[ADDR_TEXT_SIZE], destination[ADDR_TEXT_SIZE], digit[2];
	struct start start;
	json_t *object;

	if (!read_start(parts.first, &start))
		return NULL;
	object = json_pack(
		"{s:b, s:s, s:s, s:o, s:o, s:o, s:i, s:o, s:o, s:o, s:o, s:s, s:o}",
		"sent", (int)message->sent, "source", addr_text(&message->source, source),
		"destination", addr_text(&message->destination, destination), "how",
		api_text_span(message->how), "method", api_text_span(start.method), "uri",
		api_text_span(start.uri), "status", (int)start.status, "phrase",
		api_text_span(start.reason), "cseq",
		api_text_span(header_of(parts.head, "CSeq", NULL)), "reason",
		api_text_span(header_of(parts.head, "Reason", NULL)), "refer_to",
		api_text_span(header_of(parts.head, "Refer-To", "r")), "digit",
		digit_of(&parts, digit), "media", media_json(&parts));
	if (object && message->whole)
		json_object_set_new(object, "text", api_text_span(message->text));
	return object;
}

json_t *ladder_message_digit(
	const struct addr *source, const struct addr *destination, char digit)
{
	const char name[2] = {digit, '\0'};
	char from[ADDR_TEXT_SIZE], to[ADDR_TEXT_SIZE];

	return json_pack(
		"{s:b, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:[]}",
		"sent", 0, "source", addr_text(source, from), "destination",
		addr_text(destination, to), "how", "RTP", "method", "", "uri", "",
		"status", 0, "phrase", "", "cseq", "", "reason", "", "refer_to", "",
		"digit", name, "media");
}
