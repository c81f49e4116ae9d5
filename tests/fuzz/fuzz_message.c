/*
 * Fuzz target: bytes from the network through framer, parser, every accessor and answer.
 * What holds for any input is asserted.
 */
#include "bridge/far_text.h"
#include "bridge/noted.h"
#include "bridge/reason.h"
#include "fuzz.h"
#include "sip/compose.h"
#include "sip/framer.h"
#include "sip/message.h"

#include <string.h>

/* A printed value is one line. */
static void check_span(struct span span)
{
	for (size_t i = 0; i < span.len; i++)
		MUST(span.p[i] != '\r' && span.p[i] != '\n' && span.p[i] != '\0');
}

/* Reads what may be any bytes, so that the sanitizer sees whether they are there. */
static void check_bytes(struct span span, const char *data, size_t len)
{
	MUST(span.len <= len);
	if (span.len > 0)
		MUST(memcmp(span.p, data + len - span.len, span.len) == 0);
}

static void check_uri(const struct message_uri *uri)
{
	struct span value;

	check_span(uri->scheme);
	check_span(uri->user);
	check_span(uri->host);
	check_span(uri->params);
	check_span(uri->headers);
	check_span(uri->whole);
	if (message_param(uri->params, "transport", &value))
		check_span(value);
}

static void check_address(const struct message_address *address)
{
	check_span(address->display);
	check_span(address->tag);
	check_span(address->params);
	check_span(address->whole);
	check_uri(&address->uri);
}

/* Whatever is given as a display name, what is written of it stays within its quotes. */
static void check_display(struct span text)
{
	struct buf out;
	size_t open = 0;

	check_span(text);
	buf_init(&out, 0);
	message_add_display(&out, text);
	for (size_t i = 0; i < out.len; i++) {
		if (out.data[i] == '\\')
			i++;
		else if (out.data[i] == '"')
			open++;
		MUST(open % 2 == 1 || out.data[i] != '<');
	}
	MUST(open == 0 || open == 2);
	buf_free(&out);
}

static void check_headers(const struct message *message)
{
	static const char *const names[] = {"Via", "from", "Supported", "Require",
		"Allow", "P-Asserted-Identity", "Diversion", "History-Info",
		"Session-Expires", "RAck", "Replaces", "Refer-To", "Content-Type",
		"Content-Length", "Reason", "Warning", "Accept", "Contact", "Route", "X",
		"Subject", "Authorization", "Date", "Event"};
	struct span value;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		for (unsigned nth = 0; message_header(message, names[i], nth, &value);
			nth++)
			check_span(value);
		message_lists(message, names[i], "100rel");
		for (unsigned nth = 0; message_line(message, names[i], nth, &value);
			nth++)
			check_span(value);
		for (unsigned nth = 0;
			nth < 40 && message_element(message, names[i], nth, &value);
			nth++)
			check_display(value);
	}
}

static void check_accessors(const struct message *message)
{
	const struct message_via *via = message_via(message);
	struct message_address address;

	check_span(message_method_name(message));
	check_span(message_reason(message));
	check_span(message_call_id(message));
	check_span(message_cseq_text(message));
	check_span(message_content_type(message));
	check_span(via->host);
	check_span(via->transport);
	check_span(via->branch);
	check_span(via->received);
	check_uri(message_request_uri(message));
	check_address(message_from(message));
	check_address(message_to(message));
	MUST(message_max_forwards(message) >= -1 && message_max_forwards(message) <= 255);
	for (unsigned i = 0; message_contact(message, i, &address); i++)
		check_address(&address);
	for (unsigned i = 0; message_route(message, i, &address); i++)
		check_address(&address);
	for (unsigned i = 0; message_record_route(message, i, &address); i++) {
		check_address(&address);
		check_span(message_record_route_text(message, i));
	}
	check_headers(message);
}

/* What a sound message promises to those above. */
static void check_sound(const struct message *message)
{
	MUST(message_can_answer(message));
	MUST(message_cseq(message) <= 0x7fffffff);
	MUST(message_call_id(message).len > 0);
	/* Within a dialog, and in responses, the tags are enough. */
	if (message_is_request(message) && message_to(message)->tag.len == 0) {
		MUST(message_from(message)->uri.whole.len > 0);
		MUST(message_to(message)->uri.whole.len > 0);
	}
	MUST(message_via(message)->host.len > 0);
	MUST(message_via_count(message) > 0);
	if (message_is_request(message))
		MUST(message_request_uri(message)->whole.len > 0);
	else
		MUST(message_status(message) >= 100 && message_status(message) < 700);
}

/* An answer passes the framer whole and parses as what was meant. */
static void check_answer(struct message *request, bool sound)
{
	struct buf out;
	struct framer framer = {0};
	struct message *answer;
	struct message_fault fault;
	const char *reason;
	size_t len;

	buf_init(&out, 0);
	message_set_received(request, "2001:db8::7", 5062);
	MUST(compose_response(&out, request, 180, NULL, "abc") == 0);
	compose_body(&out, NULL, (struct span){0});
	MUST(out.err == 0);
	/* Printing may lengthen (", " for ","): a limit may then be passed, no more. */
	if (framer_stream(&framer, out.data, out.len, &len, &reason) == FRAMER_MESSAGE) {
		MUST(len == out.len);
		MUST(message_parse(&answer, out.data, len, &fault) == 0);
		MUST(message_status(answer) == 180);
		MUST(!sound || fault.status == 0);
		MUST(!sound || message_via_count(answer) == message_via_count(request));
		MUST(span_equal(message_call_id(answer), message_call_id(request)));
		MUST(span_equal_str(message_via(answer)->received, "2001:db8::7"));
		message_unref(answer);
	}
	buf_free(&out);
}

/* What a record keeps of it is bounded, on one line, and obeyed by no terminal. */
static void check_kept(const char *text, size_t max)
{
	if (text == NULL)
		return;
	MUST(text[0] != '\0' && strlen(text) <= max);
	for (; *text; text++)
		MUST((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void check_record(const struct message *message)
{
	static char reason[] = "Reason", a[] = "X-A", subject[] = "Subject";
	static char *names[] = {reason, a, subject};
	static const struct config_words all = {.words = names, .count = 3};
	struct record_words words = {.list = NULL};
	struct reason_said said;
	char *text;

	reason_read(message, &said);
	MUST(said.q850 <= 127 && said.sip <= 699);
	text = far_text(said.text, RECORD_REASON_TEXT);
	check_kept(text, RECORD_REASON_TEXT);
	free(text);
	noted_microsoft(&words, message);
	noted_microsoft(&words, message);
	MUST(words.count <= 5);
	for (unsigned i = 0; i < words.count; i++)
		check_kept(words.list[i].value, NOTED_VALUE_MAX);
	noted_headers(&words, &all, message);
	MUST(words.count <= NOTED_HEADERS_MAX);
	for (unsigned i = 0; i < words.count; i++)
		check_kept(words.list[i].value, NOTED_VALUE_MAX);
	noted_free(&words);
}

static void check_message(const char *data, size_t len)
{
	struct message *message;
	struct message_fault fault;

	if (message_parse(&message, data, len, &fault) < 0)
		return;
	MUST(fault.status == 0 || fault.reason != NULL);
	check_bytes(message_body(message), data, len);
	check_accessors(message);
	if (fault.status == 0) {
		check_sound(message);
		check_record(message);
	}
	if (message_can_answer(message) && message_is_request(message))
		check_answer(message, fault.status == 0);
	message_unref(message);
}

/* What a message over a limit leaves is answered: no matter what it holds. */
static void check_head(const char *data, size_t len)
{
	struct buf head;

	MUST(len >= 2 && len <= FRAMER_MAX_HEADERS);
	MUST(memcmp(data + len - 2, "\r\n", 2) == 0);
	buf_init(&head, 0);
	buf_add(&head, data, len);
	buf_add_str(&head, "\r\n");
	check_message(head.data, head.len);
	buf_free(&head);
}

/*
 * Byte by byte or at once, a stream is cut in the same places. What is skipped may be
 * skipped in other portions.
 */
static enum framer_result check_increments(
	struct framer *framer, const char *data, size_t len, size_t *ret_len)
{
	struct framer slow = *framer;
	const bool reading = framer->phase == FRAMER_READING;
	const char *reason = NULL;
	size_t slow_len = 0;
	enum framer_result result = framer_stream(framer, data, len, ret_len, &reason);
	enum framer_result slow_result = FRAMER_MORE;

	MUST((result != FRAMER_BROKEN && result != FRAMER_TOO_BIG) || reason != NULL);
	for (size_t have = 1; have <= len && slow_result == FRAMER_MORE; have++)
		slow_result = framer_stream(&slow, data, have, &slow_len, &reason);
	MUST(!reading || result == slow_result);
	MUST((result != FRAMER_MESSAGE && result != FRAMER_TOO_BIG) ||
		*ret_len == slow_len);
	return result;
}

static void check_stream(const char *data, size_t len)
{
	struct framer framer = {0};

	while (len > 0) {
		size_t taken = 0;
		enum framer_result result = check_increments(&framer, data, len, &taken);

		if (result == FRAMER_MORE || result == FRAMER_BROKEN)
			return;
		MUST(taken > 0 && taken <= len);
		if (result == FRAMER_MESSAGE)
			check_message(data, taken);
		if (result == FRAMER_TOO_BIG)
			check_head(data, taken);
		data += taken;
		len -= taken;
	}
}

static void check_datagram(const char *data, size_t len)
{
	struct framer_datagram datagram;
	enum framer_result result = framer_datagram(data, len, &datagram);

	if (result == FRAMER_BROKEN)
		MUST(datagram.reason != NULL);
	else
		MUST(datagram.at <= len && datagram.len <= len - datagram.at);
	if (result == FRAMER_MESSAGE)
		check_message(data + datagram.at, datagram.len);
	if (result == FRAMER_TOO_BIG)
		check_head(data + datagram.at, datagram.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	/* A copy, so that the sanitizer knows its end and no byte may be changed. */
	char *data = malloc(len > 0 ? len : 1);

	if (data == NULL)
		return 0;
	if (len > 0)
		memcpy(data, bytes, len);
	check_stream(data, len);
	check_datagram(data, len);
	free(data);
	return 0;
}
