#include "bridge/refer.h"

#include "base/err.h"

#include <string.h>

static int fail(struct refer_fault *fault, int status, const char *where, const char *why)
{
	*fault = (struct refer_fault){.status = status, .where = where, .why = why};
	return ERR_FORMAT;
}

/* ---- Replaces ---- */

static int read_replaces(struct refer *ret, struct refer_fault *fault)
{
	struct span value, plain;

	if (message_uri_header(ret->uri.headers, "Replaces", &value) &&
		(!message_unescape(value, ret->text, sizeof(ret->text), &plain) ||
			!replaces_read(&ret->replaces, plain)))
		return fail(fault, 400, "Refer-To", "its Replaces cannot be read");
	return 0;
}

/* ---- Refer-To ---- */

/*
 * Without angle brackets parameters are the header's (RFC 3261 20). None has a "?" (25.1): whoever has left them away around a URI
 * with headers, as Asterisk's Transfer() does, means the URI.
 */
static bool read_address(struct message_uri *ret, struct span text)
{
	struct message_address address;

	if (!memchr(text.p, '<', text.len) && memchr(text.p, '?', text.len))
		return message_uri_parse(ret, text) == 0;
	if (!message_address_read(&address, text))
		return false;
	*ret = address.uri;
	return true;
}

static int read_uri(
	struct refer *ret, const struct message *request, struct refer_fault *fault)
{
	static const char name[] = "Refer-To";
	struct span line, more, method;

	/* RFC 3515 2.4.2: exactly one */
	if (!message_line(request, name, 0, &line) ||
		message_line(request, name, 1, &more))
		return fail(fault, 400, name, "exactly one is needed");
	if (!read_address(&ret->uri, span_trim(line)))
		return fail(fault, 400, name, "it cannot be read");
	if (!span_equal_nocase(ret->uri.scheme, "sip") &&
		!span_equal_nocase(ret->uri.scheme, "sips") &&
		!span_equal_nocase(ret->uri.scheme, "tel"))
		return fail(fault, 416, name, "calls go to sip:, sips: and tel: alone");
	if (message_param(ret->uri.params, "method", &method) &&
		!span_equal_str(method, "INVITE"))
		return fail(fault, 501, name, "only a call can be made, by INVITE");
	return 0;
}

static bool is_silent(const struct message *request)
{
	struct span line, word;

	return message_line(request, "Refer-Sub", 0, &line) &&
	       span_next(&line, ';', &word) &&
	       span_equal_nocase(span_trim(word), "false");
}

/* RFC 3892 2: who says so. One that cannot be read says nothing. */
static struct span read_by(const struct message *request)
{
	struct message_address address;
	struct span line;

	if (!message_line(request, "Referred-By", 0, &line) ||
		!message_address_read(&address, span_trim(line)))
		return (struct span){0};
	return address.uri.whole;
}

int refer_read(
	struct refer *ret, const struct message *request, struct refer_fault *fault)
{
	int err;

	*ret = (struct refer){.silent = is_silent(request), .by = read_by(request)};
	err = read_uri(ret, request, fault);
	if (!err)
		err = read_replaces(ret, fault);
	if (err)
		return err;
	phone_read(&ret->phone, &ret->uri);
	return 0;
}
