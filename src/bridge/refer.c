#include "bridge/refer.h"

#include "base/err.h"

#include <ctype.h>

static int fail(struct refer_fault *fault, int status, const char *where, const char *why)
{
	*fault = (struct refer_fault){.status = status, .where = where, .why = why};
	return ERR_FORMAT;
}

/* ---- Replaces ---- */

static int hex(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* VALUE without its escapes. False: it is too long, or has a broken one, or one that no header may have. */
static bool unescape(char text[static REFER_REPLACES_SIZE], struct span value,
	bool escaped, struct span *ret)
{
	size_t len = 0;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (escaped && c == '%') {
			const int high = value.len - i > 2 ? hex(value.p[i + 1]) : -1;
			const int low = high < 0 ? -1 : hex(value.p[i + 2]);

			if (low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (iscntrl((unsigned char)c) || len == REFER_REPLACES_SIZE)
			return false;
		text[len++] = c;
	}
	*ret = (struct span){text, len};
	return true;
}

bool refer_read_replaces(struct refer_replaces *ret, struct span value, bool escaped)
{
	struct span rest, call_id, unused;

	*ret = (struct refer_replaces){.early_only = false};
	if (!unescape(ret->text, value, escaped, &rest) ||
		!span_next(&rest, ';', &call_id))
		return false;
	call_id = span_trim(call_id);
	/* RFC 3891 6.1: exactly one of each */
	if (!call_id.len || !message_param(rest, "to-tag", &ret->to_tag) ||
		!message_param(rest, "from-tag", &ret->from_tag) || !ret->to_tag.len ||
		!ret->from_tag.len)
		return false;
	ret->early_only = message_param(rest, "early-only", &unused);
	ret->call_id = call_id;
	return true;
}

/* The value of NAME among "Replaces=...&Require=...". */
static bool uri_header(struct span headers, const char *name, struct span *ret)
{
	struct span header, found;

	while (span_next(&headers, '&', &header)) {
		if (span_next(&header, '=', &found) && span_equal_nocase(found, name)) {
			*ret = header;
			return true;
		}
	}
	return false;
}

/* ---- Refer-To ---- */

static int read_uri(
	struct refer *ret, const struct message *request, struct refer_fault *fault)
{
	static const char name[] = "Refer-To";
	struct message_address address;
	struct span line, more, method;

	/* RFC 3515 2.4.2: exactly one */
	if (!message_line(request, name, 0, &line) ||
		message_line(request, name, 1, &more))
		return fail(fault, 400, name, "exactly one is needed");
	if (!message_address_read(&address, span_trim(line)))
		return fail(fault, 400, name, "it cannot be read");
	ret->uri = address.uri;
	if (!span_equal_nocase(ret->uri.scheme, "sip") &&
		!span_equal_nocase(ret->uri.scheme, "sips") &&
		!span_equal_nocase(ret->uri.scheme, "tel"))
		return fail(fault, 416, name, "calls go to sip:, sips: and tel: alone");
	if (message_param(ret->uri.params, "method", &method) &&
		!span_equal_str(method, "INVITE"))
		return fail(fault, 501, name, "only a call can be made, by INVITE");
	return 0;
}

static int read_replaces(struct refer *ret, struct refer_fault *fault)
{
	struct span value;

	if (!uri_header(ret->uri.headers, "Replaces", &value))
		return 0;
	if (!refer_read_replaces(&ret->replaces, value, true))
		return fail(fault, 400, "Refer-To", "its Replaces cannot be read");
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
