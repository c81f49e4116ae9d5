/*
 * What a parsed message says, and its end. A message is one su_home: sofia-sip's structures,
 * our struct and all text that we print from them live and die together.
 */
#include "sip/message.h"

#include "base/secret.h"
#include "sip/message_priv.h"
#include "sip/message_uri.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

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

enum message_method message_method_of(struct span name)
{
	unsigned i = 0;

	while (i < MESSAGE_OTHER && !span_equal_str(name, methods[i]))
		i++;
	return (enum message_method)i;
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

/* The NTH of the addresses in the header NAME: of FIRST, or, where the parser did not take
 * them all, of those lines that can be read. */
static bool get_address(const struct message *message, const char *name,
	const void *first, bool raw, unsigned nth, struct message_address *ret)
{
	const msg_header_t *header;
	struct message_address address;
	struct span text;

	if (!raw) {
		header = message_nth(first, nth);
		return header != NULL && message_address_split(ret,
						 message_print(message->printer, header));
	}
	for (unsigned i = 0;
		i < MESSAGE_RAW_MAX && message_element(message, name, i, &text); i++) {
		if (!message_address_read(&address, text))
			continue;
		if (nth-- == 0) {
			*ret = address;
			return true;
		}
	}
	return false;
}

bool message_contact(
	const struct message *message, unsigned nth, struct message_address *ret)
{
	return get_address(message, "Contact", message->sip->sip_contact,
		message->raw_contacts, nth, ret);
}

bool message_contact_usable(const struct message *message, struct message_address *ret)
{
	struct message_address address;

	for (unsigned i = 0; message_contact(message, i, &address); i++) {
		if (address.uri.host.len > 0) {
			*ret = address;
			return true;
		}
	}
	return false;
}

bool message_route(
	const struct message *message, unsigned nth, struct message_address *ret)
{
	return get_address(message, "Route", message->sip->sip_route, false, nth, ret);
}

bool message_record_route(
	const struct message *message, unsigned nth, struct message_address *ret)
{
	return get_address(message, "Record-Route", message->sip->sip_record_route,
		message->raw_routes, nth, ret);
}

struct span message_record_route_text(const struct message *message, unsigned nth)
{
	struct message_address address;

	if (!message_record_route(message, nth, &address))
		return (struct span){0};
	if (message->raw_routes && address.uri.whole.p > address.whole.p) {
		/* from its bracket on: a name before it says nothing */
		const char *end = address.whole.p + address.whole.len;
		const char *open = memchr(address.whole.p, '<',
			(size_t)(address.uri.whole.p - address.whole.p));

		if (open != NULL)
			return (struct span){open, (size_t)(end - open)};
	}
	return address.whole;
}

struct span message_body(const struct message *message)
{
	return message->body;
}

/* A type that breaks its grammar further on is still a type. */
struct span message_content_type(const struct message *message)
{
	const sip_content_type_t *type = message->sip->sip_content_type;
	struct span text;
	struct span word;

	if (type != NULL)
		return span_of(type->c_type);
	if (!message_line(message, "Content-Type", 0, &text) ||
		!span_next(&text, ';', &word))
		return (struct span){0};
	return span_trim(word);
}

unsigned message_tolerated(const struct message *message)
{
	return message->tolerated_count;
}

const char *message_tolerated_name(const struct message *message, unsigned nth)
{
	return message->tolerated[nth];
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
