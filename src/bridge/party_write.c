/*
 * The one place where a party is written out.
 */
#include "bridge/party.h"
#include "sip/compose.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* Of one header, in all its lines. */
#define CROSS_MAX_BYTES 2048

/* Parameters of headers that cross. NULL ends a list. */
static const char *const no_params[] = {NULL};
static const char *const diversion_params[] = {/* RFC 5806 4 */
	"reason", "counter", "limit", "privacy", "screen", NULL};
static const char *const history_params[] = {/* RFC 7044 5 */
	"index", "rc", "mp", "np", NULL};
static const char *const remote_params[] = {
	"party", "id-type", "screen", "privacy", NULL};

/* A value that may stand in a header as it is. */
static bool value_valid(struct span value)
{
	if (value.len > 1 && value.p[0] == '"')
		return message_display_valid(value);
	return message_token_valid(value);
}

static void add_params(struct buf *out, struct span params, const char *const *names)
{
	struct span value;

	for (; *names; names++) {
		if (!message_param(params, *names, &value))
			continue;
		if (value.len && !value_valid(value))
			continue;
		buf_add_char(out, ';');
		buf_add_str(out, *names);
		if (value.len)
			buf_add_char(out, '=');
		buf_add_span(out, value);
	}
}

/* "USER@", or nothing without a user. */
static void add_user(struct buf *out, const struct party_name *name)
{
	if (!name->phone.number.len)
		return;
	phone_add_user(out, &name->phone);
	buf_add_char(out, '@');
}

static void add_phone(
	struct buf *out, const struct party_name *name, const struct party_shown *shown)
{
	if (name->phone.is_number &&
		(shown->user_phone || phone_has_params(&name->phone)))
		buf_add_str(out, ";user=phone");
}

/* RFC 4458: a number, at most 999. */
static void add_cause(struct buf *out, const struct party_name *name)
{
	uint64_t cause;

	if (!span_uint(name->cause, 999, &cause)) {
		buf_add_str(out, ";cause=");
		buf_add_uint(out, cause);
	}
}

/* "?Reason=...&Privacy=...", still escaped. */
static void add_uri_headers(struct buf *out, const struct party_name *name)
{
	char mark = '?';

	if (name->reason.len) {
		buf_add_str(out, "?Reason=");
		buf_add_span(out, name->reason);
		mark = '&';
	}
	if (name->privacy.len) {
		buf_add_char(out, mark);
		buf_add_str(out, "Privacy=");
		buf_add_span(out, name->privacy);
	}
}

/* The URI of NAME: its number at our host, or at the host that names nobody. */
static void add_uri(
	struct buf *out, const struct party_name *name, const struct party_shown *shown)
{
	if (name->tel) {
		buf_add_str(out, "tel:");
		phone_add_subscriber(out, &name->phone);
		return;
	}
	buf_add_str(out, "sip:");
	add_user(out, name);
	if (name->unknown.len)
		buf_add_span(out, name->unknown);
	else
		buf_add_str(out, shown->host);
	if (!name->unknown.len)
		add_phone(out, name, shown);
	add_cause(out, name);
	add_uri_headers(out, name);
}

static void add_name(
	struct buf *out, const struct party_name *name, const struct party_shown *shown)
{
	message_add_display(out, name->display);
	buf_add_char(out, '<');
	add_uri(out, name, shown);
	buf_add_char(out, '>');
}

/* NAME, by the number that the caller is shown by. */
static struct party_name shown_caller(
	const struct party_name *name, const struct party_shown *shown)
{
	struct party_name ret = *name;

	if (!shown->caller.len)
		return ret;
	ret.phone = (struct phone){.number = shown->caller, .is_number = true};
	ret.unknown = (struct span){0};
	return ret;
}

/* A header line for each of NAMES. */
static void add_names(struct buf *out, const char *header,
	const struct party_names *names, const char *const *params,
	const struct party_shown *shown)
{
	struct buf value;

	for (unsigned i = 0; i < names->count; i++) {
		buf_init(&value, CROSS_MAX_BYTES);
		add_name(&value, &names->list[i], shown);
		add_params(&value, names->list[i].params, params);
		if (!value.err)
			compose_header(out, header, buf_span(&value));
		else if (value.err == -ENOMEM)
			out->err = value.err;
		buf_free(&value);
	}
}

/* All lines of the header NAME, as they came. */
static void add_plain(struct buf *out, const struct message *invite, const char *name)
{
	size_t left = CROSS_MAX_BYTES;
	struct span value;

	for (unsigned nth = 0; message_header(invite, name, nth, &value); nth++) {
		if (value.len > left)
			break;
		left -= value.len;
		compose_header(out, name, value);
	}
}

static void add_privacy(struct buf *out, const struct party *party)
{
	if (party->hidden)
		privacy_write(out, party->source, party->hidden);
	else
		add_plain(out, party->source, "Privacy");
}

/* Parameters that say how to reach somebody, which is ours to say. */
static bool is_of_route(struct span name)
{
	static const char *const names[] = {
		"transport", "maddr", "ttl", "lr", "method", "user", "cause"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_equal_nocase(name, names[i]))
			return true;
	return false;
}

/* RFC 3261 25.1: paramchar, escapes included. */
static bool is_param_text(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!isalnum((unsigned char)text.p[i]) &&
			!memchr("-_.!~*'()[]/:&+$%", text.p[i], 17))
			return false;
	return true;
}

static void add_own(struct buf *out, struct span params)
{
	struct span param;

	while (message_param_next(&params, &param)) {
		struct span rest = param, name;

		if (!span_next(&rest, '=', &name) || !name.len || is_of_route(name) ||
			!is_param_text(name) || !is_param_text(rest))
			continue;
		buf_add_char(out, ';');
		buf_add_span(out, param);
	}
}

/* Whom we call: the number at the far end. PORT and PARAMS, of the way there, stand in a Request-URI alone (RFC 3261
 * 19.1.1). */
static void add_target(struct buf *out, const struct party_name *called,
	const struct party_shown *shown, const char *port, const char *params)
{
	if (shown->service.len) {
		buf_add_span(out, shown->service);
		return;
	}
	buf_add_str(out, "sip:");
	add_user(out, called);
	buf_add_str(out, shown->target);
	buf_add_str(out, port);
	add_phone(out, called, shown);
	add_cause(out, called);
	buf_add_str(out, params);
	add_own(out, called->own);
}

/* Those of the caller: one line for each of NAMES, of which one does where he is shown by a number of his
 * location. */
static void add_callers(struct buf *out, const char *header,
	const struct party_names *names, const char *const *params,
	const struct party_shown *shown)
{
	struct party_name caller;
	const struct party_names one = {.list = &caller, .count = 1};

	if (!shown->caller.len || !names->count) {
		add_names(out, header, names, params, shown);
		return;
	}
	caller = shown_caller(&names->list[0], shown);
	add_names(out, header, &one, params, shown);
}

/* RFC 3892. */
static void add_referred(
	struct buf *out, const struct party *party, const struct party_shown *shown)
{
	struct party_name by = party->referred;
	const struct party_names one = {.list = &by, .count = 1};

	if (party->referred_whole.len)
		buf_printf(
			out, "Referred-By: <%.*s>\r\n", SPAN_ARG(party->referred_whole));
	else if (shown->referred_by && party->referred.phone.number.len)
		add_names(out, "Referred-By", &one, no_params, shown);
}

/* A From of ours can be called back: at our host. */
static void write_from(
	struct buf *out, const struct party *party, const struct party_shown *shown)
{
	struct party_name from = shown_caller(&party->from, shown);

	from.tel = false;
	add_name(out, &from, shown);
}

int party_write(const struct party *party, const struct party_shown *shown,
	struct party_invite *ret)
{
	struct buf *headers = &ret->headers;

	add_target(&ret->uri, &party->called, shown, shown->port, shown->params);
	write_from(&ret->from, party, shown);
	buf_add_char(&ret->to, '<');
	add_target(&ret->to, &party->called, shown, "", "");
	buf_add_char(&ret->to, '>');
	add_callers(headers, "P-Asserted-Identity", &party->asserted, no_params, shown);
	if (!party->asserted.count) /* RFC 3325 9.2: it is a wish for one */
		add_callers(headers, "P-Preferred-Identity", &party->preferred, no_params,
			shown);
	add_callers(headers, "Remote-Party-ID", &party->remote, remote_params, shown);
	add_names(headers, "Diversion", &party->diversions, diversion_params, shown);
	add_names(headers, "History-Info", &party->history, history_params, shown);
	add_referred(headers, party, shown);
	if (party->source)
		add_privacy(headers, party);
	if (!buf_str(&ret->uri) || !buf_str(&ret->from) || !buf_str(&ret->to) ||
		headers->err)
		return -ENOMEM;
	return 0;
}

int party_write_from(
	const struct party *party, const struct party_shown *shown, struct buf *out)
{
	if (party->from.phone.number.len || party->from.unknown.len)
		write_from(out, party, shown);
	return out->err;
}

int party_write_connected(
	const struct party *party, const struct party_shown *shown, struct buf *out)
{
	if (!party->asserted.count && !party->remote.count)
		return 0;
	add_names(out, "P-Asserted-Identity", &party->asserted, no_params, shown);
	add_names(out, "Remote-Party-ID", &party->remote, remote_params, shown);
	add_privacy(out, party);
	return out->err;
}

void party_invite_free(struct party_invite *invite)
{
	buf_free(&invite->uri);
	buf_free(&invite->from);
	buf_free(&invite->to);
	buf_free(&invite->headers);
}
