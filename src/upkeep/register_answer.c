#include "upkeep/register_answer.h"

#include "base/log.h"
#include "sip/compose.h"

#include <stdio.h>
#include <string.h>

#define ROUTES_MAX 8
#define ROUTE_MAX_BYTES 300

/* More Contacts than that are not looked through. */
#define CONTACTS_MAX 64

/* How well a Contact is ours. */
enum likeness {
	LIKENESS_NONE,
	LIKENESS_PLACE, /* user, host and port, but parameters were removed */
	LIKENESS_LINE,  /* user and line: the host was rewritten on the way */
	LIKENESS_WHOLE,
};

static bool equal_nocase(struct span a, struct span b)
{
	return a.len == b.len && span_same_letters(a, b);
}

static bool same_place(const struct message_uri *a, const struct message_uri *b)
{
	return equal_nocase(a->host, b->host) &&
	       (a->port == b->port || (!a->port && b->port == 5060) ||
		       (!b->port && a->port == 5060));
}

static enum likeness likeness_of(
	const struct message_address *contact, const struct register_asked *asked)
{
	struct span value;
	uint64_t reg_id;
	bool line;

	if (!span_equal(contact->uri.user, asked->contact.user))
		return LIKENESS_NONE;
	if (asked->reg_id && message_param(contact->params, "reg-id", &value) &&
		(span_uint(value, UINT32_MAX, &reg_id) || reg_id != asked->reg_id))
		return LIKENESS_NONE;
	line = message_param(contact->uri.params, "line", &value);
	if (line && !span_equal(value, asked->line))
		return LIKENESS_NONE;
	if (!same_place(&contact->uri, &asked->contact))
		return line ? LIKENESS_LINE : LIKENESS_NONE;
	return line ? LIKENESS_WHOLE : LIKENESS_PLACE;
}

/* What VALUE begins with, bounded. False: no number. */
static bool read_seconds(struct span value, uint64_t *ret_ms)
{
	uint32_t seconds;

	if (!message_seconds(value, &seconds))
		return false;
	*ret_ms = seconds * UINT64_C(1000);
	if (*ret_ms > REGISTER_LONGEST_MS)
		*ret_ms = REGISTER_LONGEST_MS;
	return true;
}

static bool header_seconds(
	const struct message *response, const char *name, uint64_t *ret_ms)
{
	struct span line;

	return message_line(response, name, 0, &line) && read_seconds(line, ret_ms);
}

/* Ours among the bindings: false where it is not; *RET_COUNT is how many there are. */
static bool find_ours(const struct message *response, const struct register_asked *asked,
	struct message_address *ret, unsigned *ret_count)
{
	enum likeness best = LIKENESS_NONE;
	struct message_address contact;
	unsigned nth = 0;

	for (; nth < CONTACTS_MAX && message_contact(response, nth, &contact); nth++) {
		enum likeness now = likeness_of(&contact, asked);

		if (now > best) {
			best = now;
			*ret = contact;
		}
	}
	*ret_count = nth;
	return best != LIKENESS_NONE;
}

/* What was granted: of our Contact, else of the header; else what was asked for. */
static void read_granted(const struct message *response,
	const struct register_asked *asked, const struct message_address *ours,
	struct register_answer *ret)
{
	struct span value;

	ret->granted_said = true;
	if (ours && message_param(ours->params, "expires", &value) &&
		read_seconds(value, &ret->granted_ms))
		return;
	if (header_seconds(response, "Expires", &ret->granted_ms))
		return;
	ret->granted_said = false;
	ret->granted_ms = asked->expires_ms;
}

/* RFC 5626 11.1. One that leaves no time for an answer is taken for the least that does. */
static void read_flow_timer(const struct message *response, struct register_answer *ret)
{
	if (header_seconds(response, "Flow-Timer", &ret->flow_timer_ms) &&
		ret->flow_timer_ms < 2 * KEEPALIVE_WITHIN_MS)
		ret->flow_timer_ms = 2 * KEEPALIVE_WITHIN_MS;
}

static void refuse(struct register_answer *ret, const char *why)
{
	ret->event = REGISTER_REFUSED;
	snprintf(ret->why, sizeof(ret->why), "%s", why);
}

/*
 * A 2xx lists all bindings of the address of record. Where it lists some and none is ours, calls do not come
 * here. Some registrars list none at all: those are believed.
 */
static void read_success(const struct message *response,
	const struct register_asked *asked, struct register_answer *ret)
{
	struct message_address ours;
	unsigned count;
	bool found = find_ours(response, asked, &ours, &count);

	ret->event = REGISTER_ACCEPTED;
	if (!asked->expires_ms)
		return;
	read_flow_timer(response, ret);
	if (!found && count) {
		ret->event = REGISTER_REFUSED;
		snprintf(ret->why, sizeof(ret->why),
			"the registrar lists %u bindings, and ours is none of them: does "
			"it limit their number, or change our Contact?",
			count);
		return;
	}
	read_granted(response, asked, found ? &ours : NULL, ret);
	if (!ret->granted_ms)
		refuse(ret, "the registrar grants our binding no time (expires=0)");
}

/* Words of the far end, escaped, and what follows from its status. */
static void tell_refusal(const struct message *response, struct register_answer *ret)
{
	static const struct {
		int status;
		const char *remedy;
	} remedies[] = {
		{401, "; are auth-user and the secret right?"},
		{403, "; does the account exist, and may it register from here?"},
		{404, "; is identity right?"},
		{407, "; are auth-user and the secret right?"},
		{420, "; it does not know what bulk or outbound needs"},
		{439, "; the first hop does not support outbound: set outbound = no"},
	};
	char quoted[LOG_TEXT_SIZE];
	const struct span reason = message_reason(response);
	const char *remedy = "";

	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (remedies[i].status == ret->status)
			remedy = remedies[i].remedy;
	if (ret->status < 400)
		remedy = "; redirections are not followed: set registrar";
	snprintf(ret->why, sizeof(ret->why), "refused with %d %s%s", ret->status,
		log_said(quoted, reason.p, reason.len), remedy);
}

/* Another server of the registrar, or the same one later, may do better. */
static bool is_elsewhere(int status)
{
	return status == 408 || status == 500 || status == 502 || status == 503 ||
	       status == 504;
}

void register_answer_read(struct register_answer *ret, const struct message *response,
	const struct register_asked *asked)
{
	*ret = (struct register_answer){
		.event = REGISTER_REFUSED, .status = message_status(response)};
	if (ret->status < 300) {
		read_success(response, asked, ret);
		return;
	}
	header_seconds(response, "Retry-After", &ret->after_ms);
	tell_refusal(response, ret);
	if (is_elsewhere(ret->status))
		ret->event = REGISTER_ELSEWHERE;
	if (ret->status == 423 &&
		header_seconds(response, "Min-Expires", &ret->min_expires_ms) &&
		ret->min_expires_ms > asked->expires_ms && asked->expires_ms)
		ret->event = REGISTER_AGAIN;
}

void register_answer_routes(const struct message *response, struct buf *out)
{
	struct message_address address;
	struct span element;
	unsigned count = 0;
	struct buf lines;

	buf_init(&lines, 0);
	while (count <= ROUTES_MAX &&
		message_element(response, "Service-Route", count, &element)) {
		count++;
		if (element.len > ROUTE_MAX_BYTES || element.p[0] != '<' ||
			!message_address_read(&address, element) ||
			!address.uri.host.len) {
			count = ROUTES_MAX + 1;
			break;
		}
		compose_header(&lines, "Route", element);
	}
	if (count <= ROUTES_MAX)
		buf_add_span(out, buf_span(&lines));
	if (lines.err)
		out->err = lines.err;
	buf_free(&lines);
}
