#include "sip/compose.h"

#include "base/err.h"

#include <string.h>

/* What would end a line early is never written, whoever asks. */
static void add_safe(struct buf *out, struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == '\0') {
			if (out->err == 0)
				out->err = ERR_FORMAT;
			return;
		}
	}
	buf_add_span(out, value);
}

/* A part of a start line: a space would end it too. */
static void add_word(struct buf *out, struct span word)
{
	if (word.len == 0 || memchr(word.p, ' ', word.len) != NULL) {
		if (out->err == 0)
			out->err = ERR_FORMAT;
		return;
	}
	add_safe(out, word);
}

void compose_request(struct buf *out, struct span method, struct span uri)
{
	add_word(out, method);
	buf_add_char(out, ' ');
	add_word(out, uri);
	buf_add_str(out, " SIP/2.0\r\n");
}

void compose_header(struct buf *out, const char *name, struct span value)
{
	buf_add_str(out, name);
	buf_add_str(out, ": ");
	add_safe(out, value);
	buf_add_str(out, "\r\n");
}

void compose_header_str(struct buf *out, const char *name, const char *value)
{
	compose_header(out, name, span_of(value));
}

void compose_header_uint(struct buf *out, const char *name, uint64_t value)
{
	buf_add_str(out, name);
	buf_add_str(out, ": ");
	buf_add_uint(out, value);
	buf_add_str(out, "\r\n");
}

static void add_status_line(struct buf *out, int status, const char *reason)
{
	buf_add_str(out, "SIP/2.0 ");
	buf_add_uint(out, (uint64_t)status);
	buf_add_char(out, ' ');
	add_safe(out, span_of(reason != NULL ? reason : compose_reason(status)));
	buf_add_str(out, "\r\n");
}

static void add_to(struct buf *out, const struct message_address *to, const char *to_tag)
{
	buf_add_str(out, "To: ");
	add_safe(out, to->whole);
	if (to->tag.len == 0 && to_tag != NULL) {
		buf_add_str(out, ";tag=");
		add_safe(out, span_of(to_tag));
	}
	buf_add_str(out, "\r\n");
}

/* Responses that make a dialog: RFC 3261 12.1.1, RFC 6665 4.1.2, RFC 3515 2.4.4. */
static bool makes_dialog(const struct message *request, int status)
{
	switch (message_method(request)) {
	case MESSAGE_INVITE:
	case MESSAGE_SUBSCRIBE:
	case MESSAGE_REFER:
	case MESSAGE_NOTIFY:
		return status > 100 && status < 300;
	default:
		return false;
	}
}

static void add_record_routes(struct buf *out, const struct message *request)
{
	struct span value;

	for (unsigned i = 0; (value = message_record_route_text(request, i)).len > 0; i++)
		compose_header(out, "Record-Route", value);
}

int compose_response(struct buf *out, const struct message *request, int status,
	const char *reason, const char *to_tag)
{
	struct span timestamp;

	if (!message_is_request(request) || !message_can_answer(request))
		return ERR_STATE;
	add_status_line(out, status, reason);
	message_add_vias(request, out);
	if (makes_dialog(request, status))
		add_record_routes(out, request);
	compose_header(out, "From", message_from(request)->whole);
	add_to(out, message_to(request), to_tag);
	compose_header(out, "Call-ID", message_call_id(request));
	compose_header(out, "CSeq", message_cseq_text(request));
	if (status == 100 && message_header(request, "Timestamp", 0, &timestamp))
		compose_header(out, "Timestamp", timestamp);
	return 0;
}

void compose_body(struct buf *out, const char *content_type, struct span body)
{
	if (body.len > 0)
		compose_header_str(out, "Content-Type", content_type);
	compose_header_uint(out, "Content-Length", body.len);
	buf_add_str(out, "\r\n");
	buf_add_span(out, body);
}

/* The IANA registry of response codes. */
static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{100, "Trying"},
	{180, "Ringing"},
	{181, "Call Is Being Forwarded"},
	{182, "Queued"},
	{183, "Session Progress"},
	{199, "Early Dialog Terminated"},
	{200, "OK"},
	{202, "Accepted"},
	{204, "No Notification"},
	{300, "Multiple Choices"},
	{301, "Moved Permanently"},
	{302, "Moved Temporarily"},
	{305, "Use Proxy"},
	{380, "Alternative Service"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{402, "Payment Required"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{407, "Proxy Authentication Required"},
	{408, "Request Timeout"},
	{410, "Gone"},
	{412, "Conditional Request Failed"},
	{413, "Request Entity Too Large"},
	{414, "Request-URI Too Long"},
	{415, "Unsupported Media Type"},
	{416, "Unsupported URI Scheme"},
	{420, "Bad Extension"},
	{421, "Extension Required"},
	{422, "Session Interval Too Small"},
	{423, "Interval Too Brief"},
	{428, "Use Identity Header"},
	{429, "Provide Referrer Identity"},
	{430, "Flow Failed"},
	{433, "Anonymity Disallowed"},
	{436, "Bad Identity Info"},
	{437, "Unsupported Credential"},
	{438, "Invalid Identity Header"},
	{439, "First Hop Lacks Outbound Support"},
	{440, "Max-Breadth Exceeded"},
	{469, "Bad Info Package"},
	{470, "Consent Needed"},
	{480, "Temporarily Unavailable"},
	{481, "Call/Transaction Does Not Exist"},
	{482, "Loop Detected"},
	{483, "Too Many Hops"},
	{484, "Address Incomplete"},
	{485, "Ambiguous"},
	{486, "Busy Here"},
	{487, "Request Terminated"},
	{488, "Not Acceptable Here"},
	{489, "Bad Event"},
	{491, "Request Pending"},
	{493, "Undecipherable"},
	{494, "Security Agreement Required"},
	{500, "Server Internal Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Server Time-out"},
	{505, "Version Not Supported"},
	{513, "Message Too Large"},
	{580, "Precondition Failure"},
	{600, "Busy Everywhere"},
	{603, "Decline"},
	{604, "Does Not Exist Anywhere"},
	{606, "Not Acceptable"},
	{607, "Unwanted"},
	{608, "Rejected"},
};

const char *compose_reason(int status)
{
	static const char *const classes[] = {"Unknown", "Provisional", "Success",
		"Redirection", "Client Error", "Server Error", "Global Failure"};

	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return status >= 100 && status < 700 ? classes[status / 100] : classes[0];
}
