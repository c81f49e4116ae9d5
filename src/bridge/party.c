#include "bridge/party.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* RFC 2606 2: such a host leads nowhere and tells nothing. It is what RFC 3323 4.1.1.3 gives
 * to who stays unknown. */
static bool is_unknown(struct span host)
{
	static const char suffix[] = ".invalid";
	size_t len = sizeof suffix - 1;

	return host.len > len &&
	       span_equal_nocase((struct span){host.p + host.len - len, len}, suffix);
}

/* The value of NAME among "Reason=...&Privacy=...". */
static struct span uri_header(struct span headers, const char *name)
{
	struct span header, found;

	while (span_next(&headers, '&', &header)) {
		if (span_next(&header, '=', &found) && span_equal_nocase(found, name))
			return header;
	}
	return (struct span){0};
}

static bool read_uri(struct party_name *ret, const struct message_uri *uri)
{
	ret->tel = span_equal_nocase(uri->scheme, "tel");
	if (!ret->tel && !span_equal_nocase(uri->scheme, "sip") &&
		!span_equal_nocase(uri->scheme, "sips"))
		return false;
	phone_read(&ret->phone, uri);
	if (is_unknown(uri->host))
		ret->unknown = uri->host;
	return true;
}

/* What an entry of History-Info says within its URI. */
static void read_history(struct party_name *ret, const struct message_uri *uri)
{
	message_param(uri->params, "cause", &ret->cause);
	ret->reason = uri_header(uri->headers, "Reason");
	ret->privacy = uri_header(uri->headers, "Privacy");
}

static bool read_name(struct party_name *ret, struct span text, bool history)
{
	struct message_address address;

	*ret = (struct party_name){0};
	if (!message_address_read(&address, text) || !read_uri(ret, &address.uri))
		return false;
	ret->display = address.display;
	ret->params = address.params;
	if (history)
		read_history(ret, &address.uri);
	return ret->phone.number.len > 0 || ret->unknown.len > 0;
}

/* Every element of the header NAME that can be read, MAX at most; returns how many. */
static unsigned read_names(const struct message *invite, const char *name,
	struct party_name *ret, unsigned max)
{
	bool history = !strcmp(name, "History-Info");
	struct span line, element;
	unsigned count = 0;

	for (unsigned nth = 0; count < max && message_line(invite, name, nth, &line);
		nth++) {
		while (count < max && message_element_next(&line, &element)) {
			if (read_name(&ret[count], element, history))
				count++;
		}
	}
	return count;
}

int party_read(struct party **ret, struct message *invite)
{
	const struct message_address *from = message_from(invite);
	struct party *party = calloc(1, sizeof(*party));

	if (!party)
		return -ENOMEM;
	party->source = message_ref(invite);
	read_uri(&party->called, message_request_uri(invite));
	message_param(message_request_uri(invite)->params, "cause", &party->called.cause);
	if (!read_uri(&party->from, &from->uri))
		party->from.phone.number = from->uri.user;
	party->from.display = from->display;
	party->asserted_count = read_names(
		invite, "P-Asserted-Identity", party->asserted, PARTY_ASSERTED_MAX);
	party->preferred_count =
		read_names(invite, "P-Preferred-Identity", party->preferred, 1);
	party->remote_count =
		read_names(invite, "Remote-Party-ID", party->remote, PARTY_REMOTE_MAX);
	party->diversion_count =
		read_names(invite, "Diversion", party->diversions, PARTY_DIVERSIONS_MAX);
	party->history_count =
		read_names(invite, "History-Info", party->history, PARTY_HISTORY_MAX);
	*ret = party;
	return 0;
}

void party_free(struct party *party)
{
	if (!party)
		return;
	message_unref(party->source);
	free(party);
}
