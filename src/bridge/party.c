#include "bridge/party.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A text that a rule wrote. */
struct party_text {
	struct party_text *next;
	char text[];
};

/* RFC 2606 2: such a host leads nowhere and tells nothing. It is what RFC 3323 4.1.1.3 gives
 * to who stays unknown. */
static bool is_unknown(struct span host)
{
	static const char suffix[] = ".invalid";
	size_t len = sizeof suffix - 1;

	return host.len > len &&
	       span_equal_nocase((struct span){host.p + host.len - len, len}, suffix);
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
	message_uri_header(uri->headers, "Reason", &ret->reason);
	message_uri_header(uri->headers, "Privacy", &ret->privacy);
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

static int add_name(struct party_names *names, const struct party_name *name)
{
	struct party_name *list =
		realloc(names->list, (names->count + 1) * sizeof(*names->list));

	if (!list)
		return -ENOMEM;
	names->list = list;
	list[names->count++] = *name;
	return 0;
}

/* Every element of the header NAME that can be read, MAX at most. 0 or -ENOMEM. */
static int read_names(struct party_names *ret, const struct message *invite,
	const char *name, unsigned max)
{
	bool history = !strcmp(name, "History-Info");
	struct span line, element;
	struct party_name read;
	int err = 0;

	for (unsigned nth = 0; ret->count < max && message_line(invite, name, nth, &line);
		nth++) {
		while (!err && ret->count < max && message_element_next(&line, &element))
			if (read_name(&read, element, history))
				err = add_name(ret, &read);
	}
	return err;
}

static int read_all_names(struct party *party, const struct message *invite)
{
	int err = read_names(
		&party->asserted, invite, "P-Asserted-Identity", PARTY_ASSERTED_MAX);

	if (!err)
		err = read_names(&party->preferred, invite, "P-Preferred-Identity", 1);
	if (!err)
		err = read_names(
			&party->remote, invite, "Remote-Party-ID", PARTY_REMOTE_MAX);
	if (!err)
		err = read_names(
			&party->diversions, invite, "Diversion", PARTY_DIVERSIONS_MAX);
	if (!err)
		err = read_names(
			&party->history, invite, "History-Info", PARTY_HISTORY_MAX);
	return err;
}

static void read_from(struct party *party, const struct message_address *from)
{
	if (!read_uri(&party->from, &from->uri))
		party->from.phone.number = from->uri.user;
	party->from.display = from->display;
}

int party_read(struct party **ret, struct message *invite)
{
	struct party *party = calloc(1, sizeof(*party));
	int err;

	if (!party)
		return -ENOMEM;
	party->source = message_ref(invite);
	read_uri(&party->called, message_request_uri(invite));
	message_param(message_request_uri(invite)->params, "cause", &party->called.cause);
	read_from(party, message_from(invite));
	party->privacy = privacy_read(invite);
	err = read_all_names(party, invite);
	if (err) {
		party_free(party);
		return err;
	}
	*ret = party;
	return 0;
}

char *party_number(const struct party_name *name)
{
	struct buf out;
	char *number;

	buf_init(&out, 0);
	phone_add_number(&out, &name->phone);
	number = out.err ? NULL : span_dup(buf_span(&out));
	buf_free(&out);
	return number;
}

const struct party_name *party_caller(const struct party *party)
{
	const struct party_name *name = &party->from;

	for (unsigned i = 0; !name->phone.is_number && i < party->asserted.count; i++)
		if (party->asserted.list[i].phone.is_number)
			name = &party->asserted.list[i];
	return name;
}

static const struct party_name *first_number(const struct party_names *names)
{
	for (unsigned i = 0; i < names->count; i++)
		if (names->list[i].phone.is_number)
			return &names->list[i];
	return NULL;
}

int party_read_connected(struct party **ret, struct message *message, bool by_from)
{
	const struct party_name *known;
	struct message_address from;
	struct party *party = calloc(1, sizeof(*party));
	int err;

	if (!party)
		return -ENOMEM;
	party->source = message_ref(message);
	party->privacy = privacy_read(message);
	err = read_names(
		&party->asserted, message, "P-Asserted-Identity", PARTY_ASSERTED_MAX);
	if (!err)
		err = read_names(
			&party->remote, message, "Remote-Party-ID", PARTY_REMOTE_MAX);
	if (err) {
		party_free(party);
		return err;
	}
	known = first_number(&party->asserted);
	if (!known)
		known = first_number(&party->remote);
	if (by_from && message_address_read(&from, message_from(message)->whole))
		read_from(party, &from);
	else if (known)
		party->from = *known;
	*ret = party;
	return 0;
}

bool party_read_called(struct party *party, const char *name)
{
	struct party_name called;
	struct span line;

	if (!message_line(party->source, name, 0, &line) ||
		!read_name(&called, span_trim(line), false) || !called.phone.number.len)
		return false;
	called.cause = party->called.cause;
	called.display = called.params = (struct span){.p = NULL};
	party->called = called;
	return true;
}

static int copy_names(struct party_names *ret, const struct party_names *names)
{
	if (!names->count)
		return 0;
	ret->list = malloc(names->count * sizeof(*names->list));
	if (!ret->list)
		return -ENOMEM;
	memcpy(ret->list, names->list, names->count * sizeof(*names->list));
	ret->count = names->count;
	return 0;
}

static int copy_all_names(struct party *copy, const struct party *party)
{
	int err = copy_names(&copy->asserted, &party->asserted);

	if (!err)
		err = copy_names(&copy->preferred, &party->preferred);
	if (!err)
		err = copy_names(&copy->remote, &party->remote);
	if (!err)
		err = copy_names(&copy->diversions, &party->diversions);
	if (!err)
		err = copy_names(&copy->history, &party->history);
	return err;
}

int party_copy(struct party **ret, const struct party *party)
{
	struct party *copy = calloc(1, sizeof(*copy));
	int err;

	if (!copy)
		return -ENOMEM;
	if (party->source)
		copy->source = message_ref(party->source);
	copy->emergency = party->emergency;
	copy->urgent = party->urgent;
	copy->connected = party->connected;
	copy->doubted = party->doubted;
	copy->privacy = party->privacy;
	copy->called = party->called;
	copy->from = party->from;
	copy->referred = party->referred;
	copy->referred_whole = party->referred_whole;
	err = copy_all_names(copy, party);
	if (err) {
		party_free(copy);
		return err;
	}
	*ret = copy;
	return 0;
}

int party_keep(struct party *party, struct span text, struct span *ret)
{
	struct party_text *kept;

	if (text.len > PARTY_TEXTS_MAX_BYTES - party->texts_bytes)
		return ERR_LIMIT;
	kept = malloc(sizeof(*kept) + text.len);
	if (!kept)
		return -ENOMEM;
	if (text.len)
		memcpy(kept->text, text.p, text.len);
	kept->next = party->texts;
	party->texts = kept;
	party->texts_bytes += text.len;
	*ret = (struct span){kept->text, text.len};
	return 0;
}

static void free_texts(struct party_text *text)
{
	while (text) {
		struct party_text *next = text->next;

		free(text);
		text = next;
	}
}

void party_free(struct party *party)
{
	if (!party)
		return;
	free_texts(party->texts);
	free(party->asserted.list);
	free(party->preferred.list);
	free(party->remote.list);
	free(party->diversions.list);
	free(party->history.list);
	message_unref(party->source);
	free(party);
}
