/*
 * What a parsed message says, and whether it may be served. A header that routes, answers,
 * protects or bounds is held to its grammar, or read where it has one meaning only. A fault
 * in any other header never refuses a message (RFC 3261 8.2): it is named, and the header is as
 * good as absent.
 */
#include "sip/message.h"
#include "sip/message_priv.h"
#include "sip/message_uri.h"

#include <string.h>
#include <strings.h>

#define CSEQ_MAX 0x7fffffffu /* RFC 3261 8.1.1.5 */
#define MAX_FORWARDS_MAX 255
#define VIA_PROTOCOL "SIP/2.0/"

/* The headers whose fault is a message's. A malformed From, To, Via, Contact or Record-Route
 * is looked at where it is read. */
static const struct rule {
	const char *name;
	const char *malformed; /* NULL: looked at elsewhere, or of no account */
	const char *repeated;
	bool responses; /* and not requests alone */
} rules[] = {
	{"From", NULL, "Repeated From", false},
	{"To", NULL, "Repeated To", false},
	{"Call-ID", "Bad Call-ID", "Repeated Call-ID", true},
	{"CSeq", "Bad CSeq", "Repeated CSeq", true},
	{"Content-Length", "Bad Content-Length", "Repeated Content-Length", true},
	{"Max-Forwards", "Bad Max-Forwards", "Repeated Max-Forwards", false},
};

static bool is_request(const struct message *message)
{
	return message->sip->sip_request != NULL;
}

/* The first fault is the one that is answered. */
static void set_fault(struct message_fault *fault, const char *header, const char *reason)
{
	if (fault->status == 0)
		*fault = (struct message_fault){400, reason, header};
}

/* HEADER (static) had a fault that changes nothing. */
static void tolerate(struct message *message, const char *header)
{
	for (unsigned i = 0; i < message->tolerated_count; i++) {
		if (strcasecmp(message->tolerated[i], header) == 0)
			return;
	}
	if (message->tolerated_count < MESSAGE_TOLERATED_MAX)
		message->tolerated[message->tolerated_count++] = header;
}

static const struct rule *rule_of(const char *name)
{
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		if (strcasecmp(name, rules[i].name) == 0)
			return &rules[i];
	}
	return NULL;
}

static void judge_error(struct message *message, const char *name, bool repeated,
	struct message_fault *fault)
{
	const struct rule *rule = rule_of(name);
	const char *reason = NULL;

	if (rule != NULL)
		reason = repeated ? rule->repeated : rule->malformed;
	if (reason != NULL && (rule->responses || is_request(message)))
		set_fault(fault, rule->name, reason);
	else
		tolerate(message, name);
}

/* What the parser has put aside. */
static void judge_errors(struct message *message, struct message_fault *fault)
{
	const sip_error_t *error = message->sip->sip_error;

	for (; error != NULL; error = error->er_next) {
		/* A second one of a single header hangs here too, as what it is: it has no
		 * er_name. */
		const msg_hclass_t *class = error->er_common->h_class;

		if (class != sip_error_class)
			judge_error(message, class->hc_name, true, fault);
		else if (error->er_name != NULL)
			judge_error(message, error->er_name, false, fault);
		else
			tolerate(message, "(a line that is no header)");
	}
}

/* Whether the parser refused a line of the header NAME. */
static bool is_refused(const struct message *message, const char *name)
{
	const sip_error_t *error = message->sip->sip_error;

	for (; error != NULL; error = error->er_next) {
		if (error->er_common->h_class == sip_error_class &&
			error->er_name != NULL && strcasecmp(error->er_name, name) == 0)
			return true;
	}
	return false;
}

static bool is_port(const char *text, uint16_t *ret)
{
	uint64_t port = 0;

	if (text != NULL && text[0] != '\0' &&
		span_uint(span_of(text), UINT16_MAX, &port) < 0)
		return false;
	*ret = (uint16_t)port;
	return true;
}

static bool via_valid(const sip_via_t *via)
{
	struct span rest = span_of(via->v_protocol);
	struct span part;
	unsigned parts = 0;
	uint16_t port;

	while (span_next(&rest, '/', &part)) {
		if (!message_token_valid(part))
			return false;
		parts++;
	}
	return parts == 3 && message_host_valid(span_of(via->v_host)) &&
	       is_port(via->v_port, &port);
}

/* Each Via as the parser has them; false when it does not have them all. */
static bool read_parsed_vias(struct message *message)
{
	const sip_via_t *top = message->sip->sip_via;
	struct message_via *via = &message->via;
	const char *slash;

	if (top == NULL || is_refused(message, "Via"))
		return false;
	for (const sip_via_t *v = top; v != NULL; v = v->v_next) {
		if (!via_valid(v))
			return false;
		message->via_count++;
	}
	slash = strrchr(top->v_protocol, '/');
	via->transport = span_of(slash != NULL ? slash + 1 : NULL);
	via->host = span_of(top->v_host);
	via->branch = span_of(top->v_branch);
	via->received = span_of(top->v_received);
	via->rport = top->v_rport != NULL;
	return is_port(top->v_port, &via->port);
}

static bool other_vias_valid(const struct message *message)
{
	struct message_lines lines;
	struct message_via ignored;
	struct span list;
	struct span via;

	message_lines_begin(&lines, message, "Via");
	while (message_lines_next(&lines, &list)) {
		while (message_element_next(&list, &via)) {
			if (!message_via_split(&ignored, via))
				return false;
		}
	}
	return true;
}

/*
 * A Via that breaks the grammar, but can be read, serves. All are repeated in the answer as
 * they came, so a request needs every one; a response needs the top one alone.
 */
static void read_via(struct message *message, struct message_fault *fault)
{
	const sip_via_t *top = message->sip->sip_via;
	struct span text;

	if (read_parsed_vias(message)) {
		if (strncasecmp(top->v_protocol, VIA_PROTOCOL, strlen(VIA_PROTOCOL)) != 0)
			set_fault(fault, "Via", "Bad Via");
		return;
	}
	message->via = (struct message_via){0};
	message->via_count = message_elements(message, "Via");
	if (!message_element(message, "Via", 0, &text) ||
		!message_via_split(&message->via, text)) {
		message->via = (struct message_via){0};
		set_fault(fault, "Via", message->via_count > 0 ? "Bad Via" : "No Via");
		return;
	}
	message->raw_vias = true;
	if (is_request(message) && !other_vias_valid(message))
		set_fault(fault, "Via", "Bad Via");
	else
		tolerate(message, "Via");
}

/* The value of a header as text: printed anew, or, where it did not parse, as received, so
 * that the message can be answered 400 at all. Empty when there is none. */
static struct span header_text(
	const struct message *message, const msg_header_t *header, const char *name)
{
	struct span text = {0};

	if (header != NULL)
		return message_print(message->printer, header);
	message_line(message, name, 0, &text);
	return text;
}

/* A display name that others may not be given is put into quotes. */
static struct span sound_display(struct message *message, struct span display)
{
	struct span sound = {0};
	struct buf out;
	char *copy;

	if (message_display_valid(display))
		return display;
	buf_init(&out, 0);
	message_add_display(&out, display);
	copy = out.err == 0 ? su_alloc(message->printer->home, (isize_t)out.len) : NULL;
	if (copy != NULL) {
		memcpy(copy, out.data, out.len);
		sound = span_trim((struct span){copy, out.len});
	}
	buf_free(&out);
	return sound;
}

/* It is compared, and written into our own requests. */
static bool tag_valid(struct span tag)
{
	for (size_t i = 0; i < tag.len; i++) {
		if (tag.p[i] <= ' ' || tag.p[i] > '~' ||
			memchr(";,<>\"", tag.p[i], 5) != NULL)
			return false;
	}
	return true;
}

/*
 * From or To of a message that begins a dialog or a call, or whose header the parser did not
 * take. Returns whether a message with it can be served.
 */
static bool read_party(struct message *message, struct message_address *ret,
	const msg_header_t *header, const char *name)
{
	struct span text = header_text(message, header, name);
	struct message_address repaired;
	bool ok = message_address_split(ret, text) && header != NULL &&
		  !span_equal_str(ret->uri.whole, "*");

	if (!ok && message_address_repair(&repaired, text)) {
		*ret = repaired;
		ok = tag_valid(repaired.tag);
	}
	if (!ok)
		ret->uri = (struct message_uri){0};
	ret->display = sound_display(message, ret->display);
	if (header == NULL && text.len > 0)
		tolerate(message, name);
	return ok;
}

/* From or To of a response, or of a request within a dialog: who that is is known. */
static void read_known_party(struct message *message, struct message_address *ret,
	const sip_from_t *header, const char *name)
{
	if (header == NULL) {
		(void)read_party(message, ret, NULL, name);
		return;
	}
	*ret = (struct message_address){
		.whole = message_print(message->printer, (const msg_header_t *)header),
		.tag = span_of(header->a_tag)};
}

static void read_known_parties(struct message *message)
{
	read_known_party(message, &message->from, message->sip->sip_from, "From");
	read_known_party(message, &message->to, message->sip->sip_to, "To");
}

static void read_new_parties(struct message *message, struct message_fault *fault)
{
	const sip_t *sip = message->sip;
	bool from_ok = read_party(
		message, &message->from, (const msg_header_t *)sip->sip_from, "From");
	bool to_ok = read_party(
		message, &message->to, (const msg_header_t *)sip->sip_to, "To");

	/* within a dialog after all */
	if (message->to.tag.len > 0)
		return;
	if (message->from.whole.len > 0 && !from_ok)
		set_fault(fault, "From", "Bad From");
	if (message->to.whole.len > 0 && !to_ok)
		set_fault(fault, "To", "Bad To");
}

static void read_parties(struct message *message, struct message_fault *fault)
{
	const sip_to_t *to = message->sip->sip_to;

	if (!is_request(message) || (to != NULL && to->a_tag != NULL))
		read_known_parties(message);
	else
		read_new_parties(message, fault);
	if (message->from.whole.len == 0)
		set_fault(fault, "From", "No From");
	if (message->to.whole.len == 0)
		set_fault(fault, "To", "No To");
}

static void judge_cseq(const struct message *message, struct message_fault *fault)
{
	const sip_cseq_t *cseq = message->sip->sip_cseq;

	if (cseq == NULL || cseq->cs_seq > CSEQ_MAX)
		set_fault(fault, "CSeq", message->cseq.len > 0 ? "Bad CSeq" : "No CSeq");
	else if (is_request(message) &&
		 !span_equal_str(message->method_name, cseq->cs_method_name))
		set_fault(fault, "CSeq", "CSeq Method Mismatch");
}

/* It is compared and logged as it is; of its grammar (RFC 3261 25.1: word ["@" word]) only
 * that matters. */
static bool call_id_valid(struct span call_id)
{
	for (size_t i = 0; i < call_id.len; i++) {
		if (call_id.p[i] <= ' ' || call_id.p[i] > '~')
			return false;
	}
	return call_id.len > 0;
}

static void read_mandatory(struct message *message, struct message_fault *fault)
{
	read_via(message, fault);
	read_parties(message, fault);
	message->cseq = header_text(
		message, (const msg_header_t *)message->sip->sip_cseq, "CSeq");
	judge_cseq(message, fault);
	if (!call_id_valid(message_call_id(message)))
		set_fault(fault, "Call-ID",
			message_call_id(message).len > 0 ? "Bad Call-ID" : "No Call-ID");
	message->answerable = message->via.host.p != NULL &&
			      message_call_id(message).len > 0 &&
			      message->from.whole.len > 0 && message->to.whole.len > 0 &&
			      message->cseq.len > 0;
}

static void read_start(struct message *message, struct message_fault *fault)
{
	const sip_t *sip = message->sip;

	if (sip->sip_request != NULL) {
		message->method_name = span_of(sip->sip_request->rq_method_name);
		if (message_uri_parse(
			    &message->request_uri, message_print_url(message->printer,
							   sip->sip_request->rq_url)) < 0)
			set_fault(fault, NULL, "Bad Request-URI");
	} else if (sip->sip_cseq != NULL) {
		message->method_name = span_of(sip->sip_cseq->cs_method_name);
	}
	message->method = message_method_of(message->method_name);
}

/* Whether each element of a header of addresses, as the parser has it, is one. */
static bool addresses_valid(const struct message *message, const void *first)
{
	const msg_header_t *header = first;
	struct message_address address;

	for (; header != NULL; header = header->sh_next) {
		if (!message_address_split(
			    &address, message_print(message->printer, header)))
			return false;
	}
	return true;
}

/* A route set is made of Record-Route and Contact where a dialog begins: there each hop must be
 * known. Elsewhere what cannot be read is left out. Route leads to us, and no farther. */
static void judge_targets(struct message *message, struct message_fault *fault)
{
	const sip_t *sip = message->sip;
	bool begins = is_request(message) && message->method == MESSAGE_INVITE &&
		      message->to.tag.len == 0;
	struct message_address address;
	struct span text;
	unsigned readable = 0;

	message->raw_contacts = is_refused(message, "Contact") ||
				!addresses_valid(message, sip->sip_contact);
	message->raw_routes = is_refused(message, "Record-Route") ||
			      !addresses_valid(message, sip->sip_record_route);
	if (message->raw_contacts)
		tolerate(message, "Contact");
	if (begins && message_line(message, "Contact", 0, &text) &&
		!message_contact_usable(message, &address))
		set_fault(fault, "Contact", "Bad Contact");
	if (!message->raw_routes)
		return;
	tolerate(message, "Record-Route");
	while (message_record_route(message, readable, &address))
		readable++;
	if (begins && readable < message_elements(message, "Record-Route"))
		set_fault(fault, "Record-Route", "Bad Record-Route");
}

/* A body that is not all there: RFC 3261 18.3. */
static void judge_body(const struct message *message, struct message_fault *fault)
{
	const sip_content_length_t *length = message->sip->sip_content_length;

	if (message->sip->sip_separator == NULL)
		set_fault(fault, NULL, "Headers Without End");
	else if (length != NULL && length->l_length != message->body.len)
		set_fault(fault, "Content-Length", "Content-Length Mismatch");
}

static void read_max_forwards(struct message *message, struct message_fault *fault)
{
	const sip_max_forwards_t *forwards = message->sip->sip_max_forwards;

	message->max_forwards = -1;
	if (forwards == NULL)
		return;
	if (forwards->mf_count <= MAX_FORWARDS_MAX)
		message->max_forwards = (int)forwards->mf_count;
	else if (is_request(message))
		set_fault(fault, "Max-Forwards", "Bad Max-Forwards");
}

void message_judge(struct message *message, struct message_fault *fault)
{
	read_start(message, fault);
	judge_errors(message, fault);
	read_mandatory(message, fault);
	judge_targets(message, fault);
	judge_body(message, fault);
	read_max_forwards(message, fault);
}
