#include "sip/dialog.h"

#include "base/err.h"
#include "base/secret.h"
#include "sip/compose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int dialogs_init(struct dialogs *dialogs)
{
	return hash_init(&dialogs->table);
}

void dialogs_free(struct dialogs *dialogs)
{
	hash_free(&dialogs->table);
}

unsigned dialogs_count(const struct dialogs *dialogs)
{
	return (unsigned)dialogs->table.count;
}

/* The local tag is ours and random: no other dialog has it but the forks of one INVITE. */
static uint64_t dialog_key(struct span local)
{
	return hash_bytes(local.p, local.len, 0);
}

/* Replaces an owned string. */
static int set_string(char **string, struct span value)
{
	char *copy = span_dup(value);

	if (!copy)
		return -ENOMEM;
	free(*string);
	*string = copy;
	return 0;
}

/* The same with what may be none. */
static int copy_string(char **string, const char *value)
{
	return value ? set_string(string, span_of(value)) : 0;
}

/* URI as it came, but an empty user ("sip:@host") is none: there is no such URI (RFC 3261
 * 25.1), though people send it. */
static void add_uri(struct buf *out, const struct message_uri *uri)
{
	struct span head = {uri->whole.p, 0};
	struct span rest = uri->whole;

	if (uri->host.len && !uri->user.len && uri->host.p > uri->whole.p &&
		uri->host.p[-1] == '@') {
		head.len = (size_t)(uri->host.p - 1 - uri->whole.p);
		rest.p += head.len + 1;
		rest.len -= head.len + 1;
	}
	buf_add_span(out, head);
	buf_add_span(out, rest);
}

/* "Display" <uri>: what From and To say, without tag and parameters. */
static int set_name_addr(char **string, const struct message_address *address)
{
	struct buf out;
	char *text;

	buf_init(&out, 0);
	message_add_display(&out, address->display);
	buf_add_char(&out, '<');
	add_uri(&out, &address->uri);
	buf_add_char(&out, '>');
	text = buf_str(&out) ? span_dup(buf_span(&out)) : NULL;
	buf_free(&out);
	if (!text)
		return -ENOMEM;
	free(*string);
	*string = text;
	return 0;
}

static int set_target(struct dialog *dialog, const struct message *message)
{
	struct message_address contact;
	struct buf uri;
	int err;

	if (!message_contact_usable(message, &contact))
		return ERR_FORMAT;
	buf_init(&uri, 0);
	add_uri(&uri, &contact.uri);
	err = uri.err ? uri.err : set_string(&dialog->remote_target, buf_span(&uri));
	buf_free(&uri);
	return err;
}

static void drop_routes(struct dialog *dialog)
{
	free(dialog->route);
	free(dialog->next_hop);
	dialog->route = dialog->next_hop = NULL;
}

/* The route set: Record-Route in order for a UAS, reversed for a UAC (12.1). */
static int set_routes(struct dialog *dialog, const struct message *message, bool reversed)
{
	struct message_address hop;
	unsigned count = 0;
	struct buf out;
	int err;

	while (message_record_route(message, count, &hop))
		if (++count > DIALOG_MAX_ROUTES)
			return ERR_FORMAT;
	if (!count) {
		drop_routes(dialog);
		return 0;
	}
	buf_init(&out, 0);
	for (unsigned i = 0; i < count; i++)
		compose_header(&out, "Route",
			message_record_route_text(message, reversed ? count - 1 - i : i));
	err = out.err;
	if (!err)
		err = set_string(&dialog->route, buf_span(&out));
	buf_free(&out);
	if (err)
		return err;
	message_record_route(message, reversed ? count - 1 : 0, &hop);
	return set_string(&dialog->next_hop, hop.uri.whole);
}

int dialog_init_uas(struct dialog *dialog, const struct message *invite)
{
	int err;

	memset(dialog, 0, sizeof(*dialog));
	secret_token(dialog->local_tag, 8);
	dialog->early = true;
	dialog->remote_cseq = message_cseq(invite);
	dialog->remote_cseq_known = true;
	err = set_target(dialog, invite);
	if (!err)
		err = set_routes(dialog, invite, false);
	if (!err)
		err = set_string(&dialog->call_id, message_call_id(invite));
	if (!err)
		err = set_string(&dialog->remote_tag, message_from(invite)->tag);
	if (!err)
		err = set_name_addr(&dialog->remote_uri, message_from(invite));
	if (!err)
		err = set_name_addr(&dialog->local_uri, message_to(invite));
	if (err)
		dialog_free(dialog);
	return err;
}

int dialog_init_uac(struct dialog *dialog, const char *local, const char *remote,
	const char *target, const char *host)
{
	char token[33];
	struct buf call_id;
	int err;

	memset(dialog, 0, sizeof(*dialog));
	secret_token(dialog->local_tag, 8);
	secret_token(token, 16);
	dialog->early = true;
	buf_init(&call_id, 0);
	buf_add_str(&call_id, token);
	buf_add_char(&call_id, '@');
	buf_add_str(&call_id, host);
	err = call_id.err;
	if (!err)
		err = set_string(&dialog->call_id, buf_span(&call_id));
	buf_free(&call_id);
	if (!err)
		err = set_string(&dialog->remote_tag, span_of(""));
	if (!err)
		err = set_string(&dialog->local_uri, span_of(local));
	if (!err)
		err = set_string(&dialog->remote_uri, span_of(remote));
	if (!err)
		err = set_string(&dialog->remote_target, span_of(target));
	if (err)
		dialog_free(dialog);
	return err;
}

int dialog_name_us(struct dialog *dialog, const char *host)
{
	if (host && host[0])
		return set_string(&dialog->our_host, span_of(host));
	free(dialog->our_host);
	dialog->our_host = NULL;
	return 0;
}

int dialog_preload(struct dialog *dialog, const char *route)
{
	static const char name[] = "Route: ";
	struct span line = {route, strcspn(route, "\r")};
	struct message_address hop;
	int err;

	if (!span_starts(line, name))
		return ERR_FORMAT;
	line.p += sizeof(name) - 1;
	line.len -= sizeof(name) - 1;
	if (!message_address_read(&hop, line))
		return ERR_FORMAT;
	err = set_string(&dialog->next_hop, hop.uri.whole);
	return err ? err : set_string(&dialog->route, span_of(route));
}

/* The Request-URI of our first INVITE stands in its To too. */
static struct span first_target(const struct dialog *dialog)
{
	struct span rest = span_of(dialog->remote_uri);
	struct span before, uri;

	span_next(&rest, '<', &before);
	span_next(&rest, '>', &uri);
	return uri;
}

int dialog_establish(struct dialog *dialog, const struct message *response)
{
	struct span tag = message_to(response)->tag;
	bool other_branch =
		dialog->remote_tag[0] && !span_equal_str(tag, dialog->remote_tag);
	int err = set_string(&dialog->remote_tag, tag);

	if (err)
		return err;
	if (message_status(response) >= 200)
		dialog->early = false;
	err = set_target(dialog, response);
	if (err == ERR_FORMAT && other_branch)
		err = set_string(&dialog->remote_target, first_target(dialog));
	else if (err == ERR_FORMAT)
		err = 0;
	return err ? err : set_routes(dialog, response, true);
}

int dialog_establish_by(struct dialog *dialog, const struct message *notify)
{
	int err = set_string(&dialog->remote_tag, message_from(notify)->tag);

	if (err)
		return err;
	dialog->early = false;
	err = set_target(dialog, notify);
	if (err && err != ERR_FORMAT)
		return err;
	return set_routes(dialog, notify, false);
}

/* The half of DIALOG that is ours, and for the rest what stands for nothing yet. */
int dialog_fork(struct dialog *fork, const struct dialog *dialog)
{
	struct dialog half = *dialog;
	char none[] = "";
	int err;

	half.remote_tag = none;
	half.route = half.next_hop = NULL;
	half.early = true;
	half.remote_cseq_known = false;
	err = dialog_copy(fork, &half);
	if (!err)
		err = set_string(&fork->remote_target, first_target(fork));
	if (err)
		dialog_free(fork);
	return err;
}

int dialog_copy(struct dialog *copy, const struct dialog *dialog)
{
	int err;

	memset(copy, 0, sizeof(*copy));
	memcpy(copy->local_tag, dialog->local_tag, sizeof(copy->local_tag));
	copy->early = dialog->early;
	copy->local_cseq = dialog->local_cseq;
	copy->remote_cseq = dialog->remote_cseq;
	copy->remote_cseq_known = dialog->remote_cseq_known;
	err = set_string(&copy->call_id, span_of(dialog->call_id));
	if (!err)
		err = set_string(&copy->remote_tag, span_of(dialog->remote_tag));
	if (!err)
		err = set_string(&copy->local_uri, span_of(dialog->local_uri));
	if (!err)
		err = set_string(&copy->remote_uri, span_of(dialog->remote_uri));
	if (!err)
		err = set_string(&copy->remote_target, span_of(dialog->remote_target));
	if (!err)
		err = copy_string(&copy->route, dialog->route);
	if (!err)
		err = copy_string(&copy->next_hop, dialog->next_hop);
	if (!err)
		err = copy_string(&copy->our_host, dialog->our_host);
	if (err)
		dialog_free(copy);
	return err;
}

/* Not written of struct dialog: node, table, owner (whoever lists it anew); our_host (as
 * configured then); early, limited,
 * max_forwards (until it is confirmed); users (no request of ours is open). */
static const struct saved_field fields[] = {
	SAVED_FIELD(struct dialog, call_id),
	SAVED_TEXT(struct dialog, local_tag),
	SAVED_FIELD(struct dialog, remote_tag),
	SAVED_FIELD(struct dialog, local_uri),
	SAVED_FIELD(struct dialog, remote_uri),
	SAVED_FIELD(struct dialog, remote_target),
	SAVED_FIELD(struct dialog, route),
	SAVED_FIELD(struct dialog, next_hop),
	SAVED_FIELD(struct dialog, local_cseq),
	SAVED_FIELD(struct dialog, remote_cseq),
	SAVED_FIELD(struct dialog, remote_cseq_known),
	SAVED_END,
};

int dialog_save(const struct dialog *dialog, struct saved to)
{
	return saved_put(to, fields, dialog);
}

int dialog_load(struct dialog *dialog, struct saved from, struct err_text *error)
{
	int err = saved_take(from, fields, dialog, error);

	if (!err && (!dialog->call_id || !dialog->remote_tag || !dialog->local_uri ||
			    !dialog->remote_uri || !dialog->remote_target))
		err = err_set(error, ERR_FORMAT, "a part of the dialog is missing");
	if (err)
		dialog_free(dialog);
	return err;
}

const char *dialog_next_hop(const struct dialog *dialog)
{
	return dialog->next_hop ? dialog->next_hop : dialog->remote_target;
}

static void delist(struct dialog *dialog)
{
	if (dialog->table)
		hash_remove(&dialog->table->table, &dialog->node);
	dialog->table = NULL;
}

void dialog_join(struct dialog *dialog, struct dialog_user *user)
{
	user->dialog = dialog;
	user->next = dialog->users;
	dialog->users = user;
}

void dialog_part(struct dialog_user *user)
{
	struct dialog_user **at = user->dialog ? &user->dialog->users : NULL;

	while (at && *at && *at != user)
		at = &(*at)->next;
	if (at && *at)
		*at = user->next;
	*user = (struct dialog_user){NULL, NULL};
}

uint32_t dialog_number(struct dialog *dialog)
{
	return ++dialog->local_cseq;
}

void dialog_free(struct dialog *dialog)
{
	while (dialog->users)
		dialog_part(dialog->users);
	delist(dialog);
	free(dialog->our_host);
	free(dialog->call_id);
	free(dialog->remote_tag);
	free(dialog->local_uri);
	free(dialog->remote_uri);
	free(dialog->remote_target);
	drop_routes(dialog);
	memset(dialog, 0, sizeof(*dialog));
}

void dialog_list(struct dialogs *dialogs, struct dialog *dialog, void *owner)
{
	delist(dialog);
	dialog->owner = owner;
	dialog->table = dialogs;
	hash_add(&dialogs->table, &dialog->node, dialog_key(span_of(dialog->local_tag)));
}

struct dialog *dialog_find(struct dialogs *dialogs, const struct message *message)
{
	bool request = message_is_request(message);
	struct span from = message_from(message)->tag, to = message_to(message)->tag;

	return dialog_find_tags(dialogs, message_call_id(message), request ? to : from,
		request ? from : to);
}

struct dialog *dialog_find_tags(struct dialogs *dialogs, struct span call_id,
	struct span local, struct span remote)
{
	struct hash_node *node;

	node = hash_find(&dialogs->table, dialog_key(local));
	for (; node; node = hash_find_next(node)) {
		struct dialog *dialog = HASH_ENTRY(node, struct dialog, node);

		if (span_equal_str(call_id, dialog->call_id) &&
			span_equal_str(local, dialog->local_tag) &&
			span_equal_str(remote, dialog->remote_tag))
			return dialog;
	}
	return NULL;
}

bool dialog_is_of(const struct dialog *dialog, const struct message *response)
{
	return span_equal_str(message_to(response)->tag, dialog->remote_tag);
}

int dialog_receive(struct dialog *dialog, const struct message *request)
{
	uint32_t cseq = message_cseq(request);
	enum message_method method = message_method(request);

	/* an equal number is a retransmission that its transaction no longer knew */
	if (dialog->remote_cseq_known && cseq <= dialog->remote_cseq)
		return ERR_STATE;
	dialog->remote_cseq = cseq;
	dialog->remote_cseq_known = true;
	if (method == MESSAGE_INVITE || method == MESSAGE_UPDATE)
		dialog_refresh(dialog, request);
	return 0;
}

bool dialog_take_from(struct dialog *dialog, const struct message *request)
{
	struct message_address from, before;

	/* a message within a dialog has no more than the text of its From at hand */
	if (!message_address_read(&from, message_from(request)->whole) ||
		(message_address_read(&before, span_of(dialog->remote_uri)) &&
			span_equal(before.uri.whole, from.uri.whole)))
		return false;
	return !set_name_addr(&dialog->remote_uri, &from);
}

void dialog_change_from(struct dialog *dialog, char *from)
{
	free(dialog->local_uri);
	dialog->local_uri = from;
}

void dialog_refresh(struct dialog *dialog, const struct message *message)
{
	/* a refresh without a usable Contact, or without memory, leaves the target as it was */
	(void)set_target(dialog, message);
}

/* From and To of our requests: "NAME: ADDRESS;tag=TAG". */
static void add_party(
	struct buf *out, const char *name, const char *address, const char *tag)
{
	buf_add_str(out, name);
	buf_add_str(out, address);
	if (tag[0])
		buf_add_str(out, ";tag=");
	buf_add_str(out, tag);
	buf_add_str(out, "\r\n");
}

void dialog_request(struct dialog *dialog, struct buf *out, enum message_method method,
	const char *via, uint32_t cseq, uint32_t *ret_cseq)
{
	const char *name = message_method_str(method);

	if (method != MESSAGE_ACK)
		cseq = dialog_number(dialog);
	compose_request(out, span_of(name), span_of(dialog->remote_target));
	compose_header_str(out, "Via", via);
	compose_header_uint(
		out, "Max-Forwards", dialog->limited ? dialog->max_forwards : 70);
	if (dialog->route)
		buf_add_str(out, dialog->route);
	add_party(out, "From: ", dialog->local_uri, dialog->local_tag);
	add_party(out, "To: ", dialog->remote_uri, dialog->remote_tag);
	buf_add_str(out, "Call-ID: ");
	buf_add_str(out, dialog->call_id);
	buf_add_str(out, "\r\nCSeq: ");
	buf_add_uint(out, cseq);
	buf_add_char(out, ' ');
	buf_add_str(out, name);
	buf_add_str(out, "\r\n");
	if (ret_cseq)
		*ret_cseq = cseq;
}
