/*
 * A message is one su_home: sofia-sip's structures, our struct and all text that we print
 * from them live and die together.
 */
#include "sip/message.h"

#include "base/err.h"
#include "base/secret.h"
#include "sip/framer.h"
#include "sip/message_priv.h"
#include "sip/message_start.h"
#include "sip/message_uri.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#define CSEQ_MAX 0x7fffffffu /* RFC 3261 8.1.1.5 */
#define MAX_FORWARDS_MAX 255
#define VIA_PROTOCOL "SIP/2.0/"

static const char *const methods[] = {
	[MESSAGE_INVITE] = "INVITE",
	[MESSAGE_ACK] = "ACK",
	[MESSAGE_BYE] = "BYE",
	[MESSAGE_CANCEL] = "CANCEL",
	[MESSAGE_OPTIONS] = "OPTIONS",
	[MESSAGE_REGISTER] = "REGISTER",
	[MESSAGE_PRACK] = "PRACK",
	[MESSAGE_UPDATE] = "UPDATE",
	[MESSAGE_INFO] = "INFO",
	[MESSAGE_REFER] = "REFER",
	[MESSAGE_SUBSCRIBE] = "SUBSCRIBE",
	[MESSAGE_NOTIFY] = "NOTIFY",
	[MESSAGE_MESSAGE] = "MESSAGE",
	[MESSAGE_PUBLISH] = "PUBLISH",
	[MESSAGE_OTHER] = "",
};

/* Malformed, these are answered 400. Other malformed headers are as good as absent:
 * RFC 3261 8.2.2. */
static const char *const necessary[] = {"Via", "From", "To", "Call-ID", "CSeq",
	"Max-Forwards", "Contact", "Route", "Record-Route", "Require", "Proxy-Require",
	"Supported", "Allow", "Content-Length", "Content-Type", "Content-Encoding",
	"Content-Disposition", "Session-Expires", "Min-SE", "RAck", "RSeq", "Replaces",
	"Refer-To", "Referred-By", "Event", "Subscription-State", "P-Asserted-Identity"};

/* The first fault is the one that is answered. */
static void set_fault(struct message_fault *fault, int status, const char *reason)
{
	if (fault->status == 0)
		*fault = (struct message_fault){status, reason};
}

/*
 * Turns each fold of the header section into blanks, as RFC 3261 7.3.1 allows, so that no
 * printed value can ever hold a line end. Returns the length of the section, its empty line
 * included, or LEN when there is none.
 */
static size_t unfold(char *text, size_t len)
{
	char *end = text + len;
	char *cr = text;

	while ((cr = memchr(cr, '\r', (size_t)(end - cr))) != NULL) {
		if (end - cr >= 4 && memcmp(cr, "\r\n\r\n", 4) == 0)
			return (size_t)(cr - text) + 4;
		if (end - cr >= 3 && (cr[2] == ' ' || cr[2] == '\t')) {
			cr[0] = ' ';
			cr[1] = ' ';
		}
		cr++;
	}
	return len;
}

/* What the parser is given to read: HEAD, TAIL, and all of the message after its start
 * line. */
struct input {
	struct span head;
	struct span tail;
	struct span rest;
};

/* A start line at fault is replaced by a sound one, because a message whose start line does
 * not parse could not even be answered. */
static struct input make_input(
	const struct message_start *start, struct span line, const char *data, size_t len)
{
	struct input input = {.rest = {data + line.len, len - line.len}};

	if (start->fault.status == 0) {
		input.head = line;
	} else if (start->status == 0) {
		input.head = start->method;
		input.tail = span_of(" sip:fault.invalid SIP/2.0");
	} else {
		input.tail = span_of("SIP/2.0 400 Bad Status Line");
	}
	return input;
}

static size_t input_len(const struct input *input)
{
	return input->head.len + input->tail.len + input->rest.len;
}

static void input_copy(const struct input *input, char *text)
{
	if (input->head.len > 0)
		text = mempcpy(text, input->head.p, input->head.len);
	if (input->tail.len > 0)
		text = mempcpy(text, input->tail.p, input->tail.len);
	memcpy(text, input->rest.p, input->rest.len);
}

static enum message_method method_of(struct span name)
{
	unsigned i = 0;

	while (i < MESSAGE_OTHER && !span_equal_str(name, methods[i]))
		i++;
	return (enum message_method)i;
}

static bool is_necessary(const char *name)
{
	for (size_t i = 0; i < sizeof necessary / sizeof necessary[0]; i++) {
		if (strcasecmp(name, necessary[i]) == 0)
			return true;
	}
	return false;
}

/* What the parser has put aside. */
static void judge_errors(const sip_t *sip, struct message_fault *fault)
{
	for (const sip_error_t *error = sip->sip_error; error != NULL;
		error = error->er_next) {
		/* A second one of a single header hangs here too, as what it is: it has no
		 * er_name. */
		if (error->er_common->h_class != sip_error_class)
			set_fault(fault, 400, "Repeated Header");
		else if (error->er_name == NULL)
			set_fault(fault, 400, "Malformed Header Line");
		else if (is_necessary(error->er_name))
			set_fault(fault, 400, "Malformed Header");
	}
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

/* Each Via, not the top one alone, is printed again in every answer: with one that is
 * malformed there can be none. */
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

static void read_via(struct message *message, struct message_fault *fault)
{
	const sip_via_t *top = message->sip->sip_via;
	struct message_via *via = &message->via;
	const char *slash;
	bool valid = top != NULL;

	for (const sip_via_t *v = top; v != NULL; v = v->v_next) {
		message->via_count++;
		valid = valid && via_valid(v);
		if (strncasecmp(v->v_protocol, VIA_PROTOCOL, strlen(VIA_PROTOCOL)) != 0)
			set_fault(fault, 400, "Bad Via");
	}
	if (!valid)
		return;
	slash = strrchr(top->v_protocol, '/');
	via->transport = span_of(slash != NULL ? slash + 1 : NULL);
	via->host = span_of(top->v_host);
	via->branch = span_of(top->v_branch);
	via->received = span_of(top->v_received);
	via->rport = top->v_rport != NULL;
	if (!is_port(top->v_port, &via->port) ||
		!is_port(top->v_rport, &via->rport_value))
		set_fault(fault, 400, "Bad Via");
}

/*
 * The value of a header as text: printed anew, or, where it did not parse, as received, so
 * that the message can be answered 400 at all. Empty when there is none.
 */
static struct span header_text(
	const struct message *message, const msg_header_t *header, const char *name)
{
	const sip_error_t *error = message->sip->sip_error;
	struct span text;
	const char *colon;

	if (header != NULL)
		return message_print(message->printer, header);
	for (; error != NULL; error = error->er_next) {
		if (error->er_common->h_class == sip_error_class &&
			error->er_name != NULL && strcasecmp(error->er_name, name) == 0)
			break;
	}
	if (error == NULL)
		return (struct span){0};
	text = (struct span){error->er_common->h_data, error->er_common->h_len};
	while (text.len > 0 &&
		(text.p[text.len - 1] == '\r' || text.p[text.len - 1] == '\n'))
		text.len--;
	colon = memchr(text.p, ':', text.len);
	if (colon == NULL)
		return (struct span){0};
	return span_trim(
		(struct span){colon + 1, text.len - (size_t)(colon + 1 - text.p)});
}

static void read_address(struct message_address *ret, struct span text,
	struct message_fault *fault, const char *reason)
{
	if (!message_address_split(ret, text) || span_equal_str(ret->uri.whole, "*"))
		set_fault(fault, 400, reason);
}

static void judge_cseq(const struct message *message, struct message_fault *fault)
{
	const sip_cseq_t *cseq = message->sip->sip_cseq;

	if (cseq == NULL || cseq->cs_seq > CSEQ_MAX)
		set_fault(fault, 400, "Bad CSeq");
	else if (message->sip->sip_request != NULL &&
		 !span_equal_str(message->method_name, cseq->cs_method_name))
		set_fault(fault, 400, "CSeq Method Mismatch");
}

/* Contact, Route and Record-Route become targets, so each must be one. */
static void judge_targets(struct message *message, const void *first, bool star,
	struct message_fault *fault, const char *reason)
{
	const msg_header_t *header = first;
	struct message_address address;

	for (; header != NULL; header = header->sh_next) {
		struct span text = message_print(message->printer, header);
		bool ok = message_address_split(&address, text);

		if (!ok || (!star && span_equal_str(address.uri.whole, "*")))
			set_fault(fault, 400, reason);
	}
}

/* A body that is not all there: RFC 3261 18.3. */
static void judge_body(const struct message *message, struct message_fault *fault)
{
	const sip_content_length_t *length = message->sip->sip_content_length;

	if (message->sip->sip_separator == NULL)
		set_fault(fault, 400, "Headers Without End");
	else if (length != NULL && length->l_length != message->body.len)
		set_fault(fault, 400, "Content-Length Mismatch");
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
	const sip_t *sip = message->sip;
	const msg_header_t *from = (const msg_header_t *)sip->sip_from;
	const msg_header_t *to = (const msg_header_t *)sip->sip_to;
	const msg_header_t *cseq = (const msg_header_t *)sip->sip_cseq;

	read_via(message, fault);
	read_address(
		&message->from, header_text(message, from, "From"), fault, "Bad From");
	read_address(&message->to, header_text(message, to, "To"), fault, "Bad To");
	message->cseq = header_text(message, cseq, "CSeq");
	judge_cseq(message, fault);
	if (message->via.host.p == NULL)
		set_fault(fault, 400, "Bad Via");
	if (!call_id_valid(message_call_id(message)))
		set_fault(fault, 400, "Bad Call-ID");
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
			set_fault(fault, 400, "Bad Request-URI");
	} else if (sip->sip_cseq != NULL) {
		message->method_name = span_of(sip->sip_cseq->cs_method_name);
	}
	message->method = method_of(message->method_name);
}

static void read_headers(struct message *message, struct message_fault *fault)
{
	const sip_t *sip = message->sip;

	read_start(message, fault);
	judge_errors(sip, fault);
	read_mandatory(message, fault);
	judge_targets(message, sip->sip_contact, true, fault, "Bad Contact");
	judge_targets(message, sip->sip_route, false, fault, "Bad Route");
	judge_targets(message, sip->sip_record_route, false, fault, "Bad Record-Route");
	judge_body(message, fault);
	message->max_forwards = -1;
	if (sip->sip_max_forwards != NULL) {
		if (sip->sip_max_forwards->mf_count > MAX_FORWARDS_MAX)
			set_fault(fault, 400, "Bad Max-Forwards");
		else
			message->max_forwards = (int)sip->sip_max_forwards->mf_count;
	}
}

/* One block for our struct, its printer and the text. The parser wants one byte more. */
static struct message *make_message(msg_t *msg, const struct input *input)
{
	struct {
		struct message message;
		struct message_printer printer;
		char text[];
	} * block;
	size_t len = input_len(input);

	block = su_alloc(msg_home(msg), (isize_t)(sizeof *block + len + 1));
	if (block == NULL)
		return NULL;
	block->message = (struct message){.refs = 1, .msg = msg, .sip = sip_object(msg)};
	block->message.printer = &block->printer;
	block->printer.home = msg_home(msg);
	block->printer.free = block->printer.first;
	block->printer.left = sizeof block->printer.first;
	block->printer.printed = NULL;
	input_copy(input, block->text);
	size_t headers_len = unfold(block->text, len);
	block->message.bytes = block->text;
	block->message.text = (struct span){block->text, len};
	block->message.body = (struct span){block->text + headers_len, len - headers_len};
	/* Not msg_recv_iovec(): msg_recv_commit() would move the text after it. */
	msg_buf_set(msg, block->text, (usize_t)(len + 1));
	msg_buf_commit(msg, (usize_t)len, 1);
	return &block->message;
}

/* Takes MSG on success. */
static int parse(struct message **ret, msg_t *msg, const struct input *input)
{
	struct message *message = make_message(msg, input);

	if (message == NULL)
		return -ENOMEM;
	/* Its result tells nothing that is not found below: it is negative for a message
	 * whose Content-Length is at fault too, and that one can be answered. */
	msg_extract(msg);
	if (message->sip->sip_request == NULL && message->sip->sip_status == NULL)
		return ERR_FORMAT;
	*ret = message;
	return 0;
}

int message_parse(struct message **ret, const char *data, size_t len,
	struct message_fault *ret_fault)
{
	const msg_mclass_t *class = message_class();
	const char *cr = memchr(data, '\r', len);
	struct message_start start;
	struct input input;
	struct span line;
	struct message *message;
	msg_t *msg;
	int err;

	if (cr == NULL || len > FRAMER_MAX_MESSAGE)
		return ERR_FORMAT;
	line = (struct span){data, (size_t)(cr - data)};
	err = message_start_parse(&start, line);
	if (err < 0)
		return err;
	msg = class != NULL ? msg_create(class, MSG_DO_EXTRACT_COPY) : NULL;
	if (msg == NULL)
		return -ENOMEM;
	input = make_input(&start, line, data, len);
	err = parse(&message, msg, &input);
	if (err < 0) {
		msg_destroy(msg);
		return err;
	}
	*ret_fault = start.fault;
	read_headers(message, ret_fault);
	*ret = message;
	return 0;
}

struct message *message_ref(struct message *message)
{
	message->refs++;
	return message;
}

void message_unref(struct message *message)
{
	if (message == NULL)
		return;
	assert(message->refs > 0);
	if (--message->refs > 0)
		return;
	secret_wipe_bytes(message->bytes, message->text.len);
	msg_destroy(message->msg);
}

bool message_can_answer(const struct message *message)
{
	return message->answerable;
}

bool message_is_request(const struct message *message)
{
	return message->sip->sip_request != NULL;
}

enum message_method message_method(const struct message *message)
{
	return message->method;
}

struct span message_method_name(const struct message *message)
{
	return message->method_name;
}

const char *message_method_str(enum message_method method)
{
	return methods[method];
}

int message_status(const struct message *message)
{
	return message->sip->sip_status != NULL ? message->sip->sip_status->st_status : 0;
}

struct span message_reason(const struct message *message)
{
	const sip_status_t *status = message->sip->sip_status;

	return span_of(status != NULL ? status->st_phrase : NULL);
}

const struct message_uri *message_request_uri(const struct message *message)
{
	return &message->request_uri;
}

struct span message_call_id(const struct message *message)
{
	const sip_call_id_t *call_id = message->sip->sip_call_id;

	return span_of(call_id != NULL ? call_id->i_id : NULL);
}

uint32_t message_cseq(const struct message *message)
{
	return message->sip->sip_cseq != NULL ? message->sip->sip_cseq->cs_seq : 0;
}

struct span message_cseq_text(const struct message *message)
{
	return message->cseq;
}

const struct message_address *message_from(const struct message *message)
{
	return &message->from;
}

const struct message_address *message_to(const struct message *message)
{
	return &message->to;
}

const struct message_via *message_via(const struct message *message)
{
	return &message->via;
}

unsigned message_via_count(const struct message *message)
{
	return message->via_count;
}

int message_max_forwards(const struct message *message)
{
	return message->max_forwards;
}

static bool get_address(const struct message *message, const void *first, unsigned nth,
	struct message_address *ret)
{
	const msg_header_t *header = message_nth(first, nth);

	return header != NULL &&
	       message_address_split(ret, message_print(message->printer, header));
}

bool message_contact(
	const struct message *message, unsigned nth, struct message_address *ret)
{
	return get_address(message, message->sip->sip_contact, nth, ret);
}

bool message_route(
	const struct message *message, unsigned nth, struct message_address *ret)
{
	return get_address(message, message->sip->sip_route, nth, ret);
}

bool message_record_route(
	const struct message *message, unsigned nth, struct message_address *ret)
{
	return get_address(message, message->sip->sip_record_route, nth, ret);
}

struct span message_record_route_text(const struct message *message, unsigned nth)
{
	struct message_address address;

	return message_record_route(message, nth, &address) ? address.whole
							    : (struct span){0};
}

struct span message_body(const struct message *message)
{
	return message->body;
}

struct span message_content_type(const struct message *message)
{
	const sip_content_type_t *type = message->sip->sip_content_type;

	return span_of(type != NULL ? type->c_type : NULL);
}

struct span message_text(const struct message *message)
{
	return message->text;
}

void message_set_received(struct message *message, const char *host, uint16_t port)
{
	struct span sent_by = message->via.host;

	if (sent_by.len > 1 && sent_by.p[0] == '[')
		sent_by = (struct span){sent_by.p + 1, sent_by.len - 2};
	message->source_known = true;
	message->received_port = message->via.rport ? port : 0;
	message->received[0] = '\0';
	if (message->via.rport || !span_equal_nocase(sent_by, host))
		(void)span_copy(
			span_of(host), message->received, sizeof message->received);
}
