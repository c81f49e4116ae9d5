#include "bridge/reason.h"

#include "trunk/q850.h"

/* Of one message; more are left out. */
#define ELEMENTS_MAX 8
/* RFC 8606: the longest that there is has six. */
#define LOCATION_MAX 8
#define CAUSE_MAX 127
#define STATUS_MIN 100
#define STATUS_MAX 699

struct element {
	struct span protocol;
	unsigned cause;
	struct span location; /* or empty */
	struct span text;     /* as it came, or empty */
};

static bool is_q850(struct span protocol)
{
	return span_equal_nocase(protocol, "Q.850");
}

/* False: TEXT has no protocol or no cause, or one that is no number. */
static bool read(struct element *ret, struct span text)
{
	struct span cause;
	uint64_t number;

	*ret = (struct element){.cause = 0};
	if (!message_param_next(&text, &ret->protocol) ||
		!message_token_valid(ret->protocol) ||
		!message_param(text, "cause", &cause) || span_uint(cause, 999, &number))
		return false;
	ret->cause = (unsigned)number;
	if (message_param(text, "location", &ret->location) &&
		(ret->location.len > LOCATION_MAX || !message_token_valid(ret->location)))
		ret->location.len = 0;
	message_param(text, "text", &ret->text);
	return true;
}

/* Q.850 goes before all: what a gateway says of the network behind it. */
static void take(struct reason_said *said, const struct element *element)
{
	const bool q850 = is_q850(element->protocol) && !said->q850 && element->cause &&
			  element->cause <= CAUSE_MAX;

	if (q850)
		said->q850 = element->cause;
	else if (span_equal_nocase(element->protocol, "SIP") && !said->sip &&
		 element->cause >= STATUS_MIN && element->cause <= STATUS_MAX)
		said->sip = element->cause;
	if (element->text.len && (q850 || !said->text.len))
		said->text = element->text;
}

void reason_read(const struct message *message, struct reason_said *ret)
{
	struct element element;
	struct span text;

	*ret = (struct reason_said){.q850 = 0};
	for (unsigned nth = 0; message && nth < ELEMENTS_MAX &&
			       message_element(message, "Reason", nth, &text);
		nth++)
		if (read(&element, text))
			take(ret, &element);
}

unsigned reason_cause(const struct message *message)
{
	struct reason_said said;

	reason_read(message, &said);
	return said.q850;
}

void reason_add(struct buf *out, const struct reason *reason)
{
	bool has_q850 = false, any = false;
	struct element element;
	struct span text;

	if (reason->mode == CONFIG_REASON_DROP)
		return;
	for (unsigned nth = 0; reason->source && nth < ELEMENTS_MAX &&
			       message_element(reason->source, "Reason", nth, &text);
		nth++) {
		if (!read(&element, text) ||
			(reason->is_response && !is_q850(element.protocol)))
			continue;
		any = true;
		has_q850 = has_q850 || is_q850(element.protocol);
		buf_printf(out, "Reason: %.*s;cause=%u", SPAN_ARG(element.protocol),
			element.cause);
		if (element.location.len)
			buf_printf(out, ";location=%.*s", SPAN_ARG(element.location));
		buf_add_str(out, "\r\n");
	}
	if (!any && reason->own && !reason->is_response)
		buf_add_str(out, reason->own);
	if (reason->mode == CONFIG_REASON_MAKE && !has_q850 && reason->made)
		buf_printf(out, "Reason: Q.850;cause=%u\r\n", reason->made);
}

unsigned reason_made(int status, bool agreed)
{
	static const unsigned clearing = 16, unspecified = 31;

	if (status == 487)
		return agreed ? clearing : unspecified;
	return q850_cause(status);
}
