#include "bridge/redirect.h"

#include <string.h>

#define Q_MAX 1000
#define USE_PROXY 305
/* Elements that are looked at, whatever they are. */
#define ELEMENTS_MAX 64

/* RFC 3261 25.1: "0", "0.5", "1.000". What is none of that is as if there were none. */
static unsigned read_q(struct span params)
{
	struct span text;
	unsigned q, unit = Q_MAX;

	if (!message_param(params, "q", &text) || !text.len ||
		(text.p[0] != '0' && text.p[0] != '1') ||
		(text.len > 1 && text.p[1] != '.') || text.len > 5)
		return Q_MAX;
	q = text.p[0] == '1' ? Q_MAX : 0;
	for (size_t i = 2; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return Q_MAX;
		unit /= 10;
		q += unit * (unsigned)(text.p[i] - '0');
	}
	return q > Q_MAX ? Q_MAX : q;
}

static bool is_callable(const struct message_uri *uri)
{
	struct span method;

	if (!span_equal_nocase(uri->scheme, "sip") &&
		!span_equal_nocase(uri->scheme, "sips") &&
		!span_equal_nocase(uri->scheme, "tel"))
		return false;
	return !message_param(uri->params, "method", &method) ||
	       span_equal_str(method, "INVITE");
}

static bool read_contact(struct redirect_contact *ret, struct span element)
{
	struct message_address address;

	if (!message_address_read(&address, element) || !is_callable(&address.uri))
		return false;
	*ret = (struct redirect_contact){.q = read_q(address.params)};
	phone_read(&ret->phone, &address.uri);
	return ret->phone.number.len > 0;
}

static bool is_same(const struct phone *a, const struct phone *b)
{
	return span_equal(a->number, b->number) && span_equal(a->params, b->params);
}

/* Behind those with the same q, or a higher one. One that is there already stays where it is. */
static void insert(struct redirect *redirect, const struct redirect_contact *contact)
{
	unsigned at = redirect->count;

	for (unsigned i = 0; i < redirect->count; i++)
		if (is_same(&redirect->list[i].phone, &contact->phone))
			return;
	for (; at > 0 && redirect->list[at - 1].q < contact->q; at--)
		if (at < REDIRECT_CONTACTS)
			redirect->list[at] = redirect->list[at - 1];
	if (at == REDIRECT_CONTACTS)
		return;
	redirect->list[at] = *contact;
	if (redirect->count < REDIRECT_CONTACTS)
		redirect->count++;
}

static void read_diversion(struct redirect *redirect, const struct message *response)
{
	struct message_address address;
	struct span element;

	if (!message_element(response, "Diversion", 0, &element) ||
		!message_address_read(&address, element))
		return;
	message_param(address.params, "reason", &redirect->reason);
	message_param(address.params, "privacy", &redirect->privacy);
}

void redirect_read(struct redirect *ret, const struct message *response)
{
	struct redirect_contact contact;
	struct span line, element;
	unsigned left = ELEMENTS_MAX;

	memset(ret, 0, sizeof(*ret));
	if (message_status(response) == USE_PROXY)
		return;
	for (unsigned nth = 0; left && message_line(response, "Contact", nth, &line);
		nth++)
		for (; left && message_element_next(&line, &element); left--)
			if (read_contact(&contact, element))
				insert(ret, &contact);
	read_diversion(ret, response);
}
