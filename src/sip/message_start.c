#include "sip/message_start.h"

#include "base/err.h"
#include "sip/message_uri.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define VERSION "SIP/2.0"
#define VERSION_LEN (sizeof VERSION - 1)

static void set_fault(struct message_start *start, int status, const char *reason)
{
	if (start->fault.status == 0)
		start->fault = (struct message_fault){status, reason, NULL};
}

/* "SIP/2.0 200 OK"; the reason, and even the space before it, may be missing. */
static void parse_status(struct message_start *start, struct span line)
{
	const char *p = line.p;

	if (line.len < VERSION_LEN + 4 ||
		strncasecmp(p, VERSION " ", VERSION_LEN + 1) != 0 ||
		(line.len > VERSION_LEN + 4 && p[VERSION_LEN + 4] != ' ')) {
		set_fault(start, 400, "Bad Status Line");
		return;
	}
	for (size_t i = VERSION_LEN + 1; i < VERSION_LEN + 4; i++) {
		if (!isdigit((unsigned char)p[i])) {
			set_fault(start, 400, "Bad Status Code");
			return;
		}
		start->status = start->status * 10 + (p[i] - '0');
	}
	if (start->status < 100 || start->status > 699)
		set_fault(start, 400, "Bad Status Code");
}

/* "SIP/" digits "." digits */
static void judge_version(struct message_start *start, struct span version)
{
	size_t i = 4;
	size_t digits;

	if (version.len == VERSION_LEN &&
		strncasecmp(version.p, VERSION, VERSION_LEN) == 0)
		return;
	for (digits = i; i < version.len && isdigit((unsigned char)version.p[i]); i++)
		;
	if (i == digits || i + 1 >= version.len || version.p[i] != '.') {
		set_fault(start, 400, "Bad Request Line");
		return;
	}
	for (i++; i < version.len && isdigit((unsigned char)version.p[i]); i++)
		;
	if (i != version.len)
		set_fault(start, 400, "Bad Request Line");
	else
		set_fault(start, 505, "Version Not Supported");
}

/* Whether a service is called, and which, is asked where requests are admitted (RFC 5031). */
static bool is_known_scheme(const struct message_uri *uri)
{
	return span_equal_nocase(uri->scheme, "sip") ||
	       span_equal_nocase(uri->scheme, "sips") ||
	       span_equal_nocase(uri->scheme, "tel") ||
	       span_equal_nocase(uri->scheme, "urn");
}

static void judge_uri(struct message_start *start)
{
	struct message_uri uri;

	if (message_uri_parse(&uri, start->uri) < 0) {
		set_fault(start, 400, "Bad Request-URI");
		return;
	}
	if (!is_known_scheme(&uri))
		set_fault(start, 416, "Unsupported URI Scheme");
	else if (uri.headers.len > 0) /* RFC 3261 19.1.1: not in a Request-URI */
		set_fault(start, 400, "Headers In Request-URI");
}

static int parse_request(struct message_start *start, struct span line)
{
	struct span rest = line;
	struct span version;

	if (!span_next(&rest, ' ', &start->method) || !message_token_valid(start->method))
		return ERR_FORMAT;
	if (!span_next(&rest, ' ', &start->uri) || !span_next(&rest, ' ', &version) ||
		rest.p != NULL || version.len < 4 ||
		strncasecmp(version.p, "SIP/", 4) != 0) {
		set_fault(start, 400, "Bad Request Line");
		return 0;
	}
	judge_version(start, version);
	judge_uri(start);
	return 0;
}

int message_start_parse(struct message_start *ret, struct span line)
{
	*ret = (struct message_start){0};
	if (line.len >= 4 && strncasecmp(line.p, "SIP/", 4) == 0) {
		parse_status(ret, line);
		if (ret->fault.status != 0)
			ret->status = 400;
		return 0;
	}
	return parse_request(ret, line);
}
