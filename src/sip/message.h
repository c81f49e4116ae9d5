/*
 * A received SIP message, parsed: the one face of sofia-sip's parser. Everything a caller
 * may ask is answered in spans and plain values that live as long as the message.
 *
 * Messages are made and freed in the loop thread. Reference counted there.
 */
#pragma once

#include "base/buf.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum message_method {
	MESSAGE_INVITE,
	MESSAGE_ACK,
	MESSAGE_BYE,
	MESSAGE_CANCEL,
	MESSAGE_OPTIONS,
	MESSAGE_REGISTER,
	MESSAGE_PRACK,
	MESSAGE_UPDATE,
	MESSAGE_INFO,
	MESSAGE_REFER,
	MESSAGE_SUBSCRIBE,
	MESSAGE_NOTIFY,
	MESSAGE_MESSAGE,
	MESSAGE_PUBLISH,
	MESSAGE_OTHER,
};

/* Why a message cannot be served, for the answer that the RFC asks for. */
struct message_fault {
	int status; /* 0: nothing wrong; else 400, 416, 505, ... */
	const char *
		reason; /* phrase for the answer and the log; static. NULL: that of STATUS */
	const char *header; /* where it is; static. NULL: the start line, or the whole */
};

struct message_uri {
	struct span scheme; /* "sip", "sips", "tel", ... as received */
	struct span
		user; /* still escaped, but never needlessly ("%61" is "a"); no password */
	struct span host;    /* IPv6 with its brackets; empty for tel: */
	uint16_t port;       /* 0: none */
	struct span params;  /* "transport=tcp;lr", without the first ';' */
	struct span headers; /* after '?' */
	struct span whole;   /* all of it */
};

/* A name-addr or addr-spec with its parameters: From, To, Contact, Route, ... */
struct message_address {
	struct span display; /* as received, quotes included; may be empty */
	struct message_uri uri;
	struct span tag;    /* From and To; may be empty */
	struct span params; /* header parameters, without the first ';' */
	struct span whole;  /* all of it */
};

struct message_via {
	struct span transport; /* "UDP", "TCP", "TLS" */
	struct span host;
	uint16_t port;        /* 0: none */
	struct span branch;   /* may be empty */
	bool rport;           /* an rport parameter is there */
	struct span received; /* may be empty */
};

struct message;

/*
 * Parses LEN bytes that passed the framer. On 0 *RET owns a message; FAULT tells whether it
 * may be served: a message that parsed but breaks a rule of RFC 3261 (missing or doubled mandatory
 * header, bad CSeq, CSeq method that differs, bad URI, version) has a status there and can
 * still be answered if message_can_answer(). A fault in a header that is needed neither for
 * routing nor for a response, a limit or the start of a dialog does not count: see
 * message_tolerated(). Negative (ERR_FORMAT, -ENOMEM):
 * nothing can be answered; *RET untouched.
 */
int message_parse(struct message **ret, const char *data, size_t len,
	struct message_fault *ret_fault);
/* The headers, at most a few of them, that had a fault and were repaired or ignored, by name. */
unsigned message_tolerated(const struct message *message);
const char *message_tolerated_name(const struct message *message, unsigned nth);
struct message *message_ref(struct message *message);
void message_unref(struct message *message); /* NULL is fine */

/* Has Via, From, To, Call-ID and CSeq well enough for a response: a From, To or CSeq that is
 * malformed is well enough, for it need only be copied. */
bool message_can_answer(const struct message *message);

bool message_is_request(const struct message *message);
enum message_method message_method(
	const struct message *message); /* of CSeq in responses */
struct span message_method_name(const struct message *message);
/* "INVITE" to MESSAGE_INVITE; MESSAGE_OTHER for what has no number. Case counts (RFC 3261 7.1). */
enum message_method message_method_of(struct span name);
const char *message_method_str(enum message_method method); /* "INVITE"; OTHER: "" */
int message_status(const struct message *message);          /* 0 for requests */
struct span message_reason(const struct message *message);
/* A placeholder where the start line was the fault. */
const struct message_uri *message_request_uri(const struct message *message);

/*
 * Mandatory headers; valid when message_can_answer(). Where they were at fault, uri.whole,
 * tag and the CSeq number may be empty and 0, but never the whole text. The display names
 * of From and To are always sound: what came without the quotes that it needs has them. Of
 * responses and within a dialog, where it is known who they are, From and To may have no more
 * than their whole text and tag.
 */
struct span message_call_id(const struct message *message);
uint32_t message_cseq(const struct message *message);
struct span message_cseq_text(const struct message *message); /* "1 INVITE" */
const struct message_address *message_from(const struct message *message);
const struct message_address *message_to(const struct message *message);
const struct message_via *message_via(const struct message *message); /* the top one */
unsigned message_via_count(const struct message *message);
/* -1: none; else 0-255 */
int message_max_forwards(const struct message *message);

/* The NTH Contact, Route or Record-Route element; false when there is none. The spans hold
 * until the message ends. "Contact: *" gives an address whose uri.whole is "*". */
bool message_contact(
	const struct message *message, unsigned nth, struct message_address *ret);
/* The first Contact whose URI has a host: what may become a remote target. False when there is
 * none: no Contact, "*", tel: alone, or nothing that can be read. */
bool message_contact_usable(const struct message *message, struct message_address *ret);
bool message_route(
	const struct message *message, unsigned nth, struct message_address *ret);
bool message_record_route(
	const struct message *message, unsigned nth, struct message_address *ret);
/* The element as text, for a route set: "<sip:p1.example.com;lr>". */
struct span message_record_route_text(const struct message *message, unsigned nth);

/*
 * The value of the NTH header named NAME (long form, any case; compact forms are
 * found too), unfolded, printed in canonical form. False when there is none. A list of
 * structured elements (Via, Contact, Route, P-Asserted-Identity, Accept, ...) counts by
 * element, a list of tokens (Supported, Allow, ...) is one value, however many lines it took;
 * others count by line. One that breaks its grammar is absent; message_line() has it.
 */
bool message_header(const struct message *message, const char *name, unsigned nth,
	struct span *ret_value);
/* What a message says of its body, as it was received: the first line of each; empty where there
 * is none. */
struct message_body_lines {
	struct span type, disposition, id, transfer_encoding, encoding; /* Content-... */
};
void message_body_lines(const struct message *message, struct message_body_lines *ret);
/* The value of the NTH line of the header NAME as it was received, whether or not it follows
 * its grammar. */
bool message_line(const struct message *message, const char *name, unsigned nth,
	struct span *ret_value);
/* Takes the next header line, in the order of the message, as it was received but for folds, which are blanks; a
 * compact form has its whole name. REST is zeroed before the first one. False when there is none. */
bool message_line_next(const struct message *message, struct span *rest,
	struct span *ret_name, struct span *ret_value);
/* The seconds that VALUE, of Retry-After or Expires, begins with (RFC 3261 20.19, 20.33); a comment and parameters
 * may follow. At most 999,999,999: nobody means more. False: it begins with no digit. */
bool message_seconds(struct span value, uint32_t *ret_seconds);
/* The NTH element of a header that is a list of addresses, over all of its lines, as
 * received; empty elements do not count. */
bool message_element(const struct message *message, const char *name, unsigned nth,
	struct span *ret_element);
/* Takes the next element off the front of LIST: commas within quotes and "<>" do not part
 * elements. False when LIST is spent. */
bool message_element_next(struct span *list, struct span *ret_element);
/* Whether a comma-separated header (Supported, Require, Allow, ...) lists TOKEN. */
bool message_lists(const struct message *message, const char *name, const char *token);

/* The body; empty when there is none. TYPE: "application/sdp" without parameters. */
struct span message_body(const struct message *message);
struct span message_content_type(const struct message *message);

/* The text as received, but for folds, which are blanks, and a start line at fault. */
struct span message_text(const struct message *message);

/*
 * Where the bytes came from, set by the transport: adds received= and rport= (RFC 3261
 * 18.2.1, RFC 3581) to what compose_response() will print for the top Via. HOST is copied.
 */
void message_set_received(struct message *message, const char *host, uint16_t port);

/* Appends a Via line for each Via, the top one with received= and rport= as above. */
void message_add_vias(const struct message *message, struct buf *out);

/* Reads a name-addr or addr-spec as text, with the faults that leave one meaning (blanks, names
 * without quotes). False when it has no URI. Spans point into TEXT. */
bool message_address_read(struct message_address *ret, struct span text);
/* Whether TEXT, which may be empty, may stand in a header: UTF-8, and no control characters but tabs. */
bool message_text_valid(struct span text);
/* Whether DISPLAY, which may be empty, may stand before a "<" as it is. */
bool message_display_valid(struct span display);
/* Appends DISPLAY and a blank, with the quotes and escapes that it needs, as UTF-8; nothing when
 * it is empty. */
void message_add_display(struct buf *out, struct span display);
/* Parses one URI on its own (configuration, Refer-To). 0 or ERR_FORMAT; spans point into
 * TEXT. */
int message_uri_parse(struct message_uri *ret, struct span text);
/* RFC 3261 25.1: token. */
bool message_token_valid(struct span token);
/* Takes the next parameter, trimmed and possibly empty, off the front of PARAMS. */
bool message_param_next(struct span *params, struct span *ret_param);
/* The value of one uri or header parameter; false when there is none (a flag gives an
 * empty value). PARAMS as in the structs above. */
bool message_param(struct span params, const char *name, struct span *ret_value);
/* The value, escaped, of NAME among HEADERS, those of a URI; false when there is none. */
bool message_uri_header(struct span headers, const char *name, struct span *ret_value);
/* VALUE, of a URI that was parsed, without its escapes, in TEXT of SIZE bytes. False: it is longer, and *RET is how it
 * begins. */
bool message_unescape(struct span value, char *text, size_t size, struct span *ret);
