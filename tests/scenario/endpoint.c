#include "endpoint.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENDPOINT_HEADERS 64

/* A message while it is put together: clauses may change any part of it. */
struct draft {
	char *start;
	char *headers[ENDPOINT_HEADERS];
	unsigned count;
	char *type; /* of the body; NULL: none */
	struct buf body;
	struct addr from; /* another source than the party's; len 0: not */
};

/* Numbers are the stage's: the same steps say the same on each. */
static unsigned next_number(struct endpoint *endpoint)
{
	return ++endpoint->stage->numbers;
}

/* ---- finding and forgetting ---- */

static const char *marker(const struct endpoint *endpoint)
{
	return endpoint->party->side == SIDE_INTERNAL ? "iNtErNaL" : "eXtErNaL";
}

static struct endpoint *make(struct stage *stage, struct party *party, const char *name)
{
	struct endpoint *endpoint = calloc(1, sizeof(*endpoint));

	if (!endpoint)
		abort();
	endpoint->stage = stage;
	endpoint->party = party;
	endpoint->name = strdup(name);
	endpoint->remote_tag = strdup("");
	endpoint->route = strdup("");
	snprintf(endpoint->tag, sizeof(endpoint->tag), "%s-tag-%u", marker(endpoint),
		next_number(endpoint));
	list_append(&stage->endpoints, &endpoint->node);
	return endpoint;
}

struct endpoint *endpoint_find(struct stage *stage, const char *name)
{
	struct party *party;
	char *owner;

	LIST_FOREACH (&stage->endpoints, node, next) {
		struct endpoint *endpoint = LIST_ENTRY(node, struct endpoint, node);

		if (!strcmp(endpoint->name, name))
			return endpoint;
	}
	owner = strdup(name);
	owner[strcspn(owner, ".")] = '\0';
	party = stage_party(stage, owner);
	free(owner);
	return party ? make(stage, party, name) : NULL;
}

void endpoint_free(struct endpoint *endpoint)
{
	list_remove(&endpoint->node);
	for (unsigned i = 0; i <= MESSAGE_OTHER; i++) {
		message_unref(endpoint->got[i]);
		message_unref(endpoint->answered[i]);
	}
	free(endpoint->name);
	free(endpoint->call_id);
	free(endpoint->remote_tag);
	free(endpoint->local);
	free(endpoint->remote);
	free(endpoint->target);
	free(endpoint->route);
	free(endpoint->invite_uri);
	free(endpoint->sent_invite);
	free(endpoint->sent_request);
	free(endpoint->sent_response);
	free(endpoint->sent_ack);
	free(endpoint->challenges);
	free(endpoint->read);
	free(endpoint->read_sdp);
	free(endpoint);
}

static void replace(char **string, char *value)
{
	free(*string);
	*string = value;
}

int endpoint_fork(struct endpoint *endpoint, const struct endpoint *other, bool join)
{
	if (!other->call_id || (!join && !other->got[MESSAGE_INVITE]))
		return ERR_STATE;
	if (join)
		memcpy(endpoint->tag, other->tag, sizeof(endpoint->tag));
	replace(&endpoint->call_id, strdup(other->call_id));
	replace(&endpoint->remote_tag, strdup(other->remote_tag));
	replace(&endpoint->local, strdup(other->local));
	replace(&endpoint->remote, strdup(other->remote));
	replace(&endpoint->target, strdup(other->target));
	replace(&endpoint->read, strdup(other->read ? other->read : ""));
	replace(&endpoint->read_sdp, strdup(other->read_sdp ? other->read_sdp : ""));
	if (other->got[MESSAGE_INVITE])
		endpoint->got[MESSAGE_INVITE] = message_ref(other->got[MESSAGE_INVITE]);
	endpoint->got_last = MESSAGE_INVITE;
	return 0;
}

/* ---- macros ---- */

/* Replaces with the dialog, as who is at its other end sees it, escaped for a URI (RFC 3891 6.1, RFC 3515). */
static const char *replaces(const struct endpoint *endpoint)
{
	static char text[512];
	const char *id = endpoint->call_id ? endpoint->call_id : "";
	const char *at = strchr(id, '@');

	snprintf(text, sizeof(text), "%.*s%s%s%%3Bto-tag%%3D%s%%3Bfrom-tag%%3D%s",
		(int)(at ? at - id : (long)strlen(id)), id, at ? "%40" : "",
		at ? at + 1 : "", endpoint->remote_tag ? endpoint->remote_tag : "",
		endpoint->tag);
	return text;
}

/* The same as it stands in a header. */
static const char *dialog(const struct endpoint *endpoint)
{
	static char text[512];

	snprintf(text, sizeof(text), "%s;to-tag=%s;from-tag=%s",
		endpoint->call_id ? endpoint->call_id : "",
		endpoint->remote_tag ? endpoint->remote_tag : "", endpoint->tag);
	return text;
}

static const char *field(const struct endpoint *endpoint, const char *name, size_t len)
{
	static char number[16], invite[16];
	const struct {
		const char *name;
		const char *value;
	} fields[] = {
		{"callid", endpoint->call_id},
		{"tag", endpoint->tag},
		{"rtag", endpoint->remote_tag},
		{"branch", endpoint->branch},
		{"target", endpoint->target},
		{"host", endpoint->party->host},
		{"cseq", number},
		{"rseq", endpoint->rseq},
		{"icseq", invite},
		{"replaces", replaces(endpoint)},
		{"dialog", dialog(endpoint)},
	};

	snprintf(number, sizeof(number), "%u", endpoint->cseq);
	snprintf(invite, sizeof(invite), "%u", endpoint->invite_cseq);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strlen(fields[i].name) == len && !strncmp(fields[i].name, name, len))
			return fields[i].value ? fields[i].value : "";
	return NULL;
}

void endpoint_expand(
	struct stage *stage, struct endpoint *endpoint, const char *text, struct buf *out)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.";

	while (*text) {
		size_t len = *text == '$' ? strspn(text + 1, letters) : 0;
		const char *dot = len ? memrchr(text + 1, '.', len) : NULL;
		const char *value = NULL;

		if (dot) {
			char *name = span_dup(
				(struct span){text + 1, (size_t)(dot - text - 1)});
			struct endpoint *other = endpoint_find(stage, name);

			free(name);
			if (other)
				value = field(other, dot + 1, len - (size_t)(dot - text));
		} else if (len) {
			value = field(endpoint, text + 1, len);
		}
		if (value) {
			buf_add_str(out, value);
			text += len + 1;
		} else {
			buf_add_char(out, *text++);
		}
	}
}

/* ---- drafts ---- */

static void add(struct draft *draft, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct draft *draft, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (draft->count == ENDPOINT_HEADERS ||
		vasprintf(&draft->headers[draft->count++], format, args) < 0)
		abort();
	va_end(args);
}

static bool has_name(const char *header, const char *name, size_t len)
{
	return !strncasecmp(header, name, len) && header[len] == ':';
}

static void drop(struct draft *draft, const char *name, size_t len)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < draft->count; i++) {
		if (has_name(draft->headers[i], name, len))
			free(draft->headers[i]);
		else
			draft->headers[kept++] = draft->headers[i];
	}
	draft->count = kept;
}

/* Adds whole lines, each with CRLF. */
static void add_lines(struct draft *draft, struct span lines)
{
	struct span line;

	while (span_next(&lines, '\n', &line))
		if (line.len > 1)
			add(draft, "%.*s", (int)(line.len - 1), line.p);
}

/* In place of what stands, where it stands, so that a second Via keeps its order. */
static void set_header(struct draft *draft, const char *line, size_t name_len)
{
	for (unsigned i = 0; i < draft->count; i++)
		if (has_name(draft->headers[i], line, name_len)) {
			replace(&draft->headers[i], strdup(line));
			return;
		}
	add(draft, "%s", line);
}

static int add_auth(struct endpoint *endpoint, struct draft *draft, const char *words,
	struct err_text *error)
{
	struct buf line;
	int err;

	/* RFC 3261 8.1.3.5: the tag of what refused the first INVITE is none of the next one */
	if (!strncmp(draft->start, "INVITE ", 7) && endpoint->sent_invite &&
		!strstr(endpoint->sent_invite, endpoint->remote_tag)) {
		replace(&endpoint->remote_tag, strdup(""));
		drop(draft, "To", 2);
		add(draft, "To: %s", endpoint->remote);
	}
	buf_init(&line, 0);
	err = endpoint_auth(endpoint, words, draft->start, &line, error);
	if (!err)
		add_lines(draft, buf_span(&line));
	buf_free(&line);
	return err;
}

/* "fold TEXT": the line before goes on in another one. */
static void fold(struct draft *draft, const char *text)
{
	char *last = draft->headers[draft->count - 1];

	draft->count--;
	add(draft, "%s\r\n %s", last, text);
	free(last);
}

/* "many COUNT NAME: VALUE": NAME1, NAME2, ... */
static void add_many(struct draft *draft, const char *words)
{
	char *name;
	unsigned long count = strtoul(words, &name, 10);
	const char *colon = strchr(name, ':');
	struct buf lines;

	name += *name == ' ';
	buf_init(&lines, 0);
	for (unsigned long i = 1; i <= count; i++)
		buf_printf(&lines, "%s%.*s%lu%s", i > 1 ? "\r\n" : "",
			(int)(colon - name), name, i, colon);
	add(draft, "%s", buf_str(&lines));
	buf_free(&lines);
}

/* "long BYTES NAME": a value of so many letters */
static void add_long(struct draft *draft, const char *words)
{
	char *name;
	unsigned long len = strtoul(words, &name, 10);
	struct buf line;

	buf_init(&line, 0);
	buf_printf(&line, "%s: ", name + (*name == ' '));
	while (len--)
		buf_add_char(&line, 'v');
	add(draft, "%s", buf_str(&line));
	buf_free(&line);
}

static int apply_clause(struct endpoint *endpoint, struct draft *draft,
	const char *clause, struct err_text *error)
{
	const char *colon = strchr(clause, ':');

	if (clause[0] == '|') {
		buf_printf(&draft->body, "%s\r\n", clause + (clause[1] == ' ' ? 2 : 1));
	} else if (!strncmp(clause, "sdp", 3) && (clause[3] == ' ' || !clause[3])) {
		replace(&draft->type, strdup("application/sdp"));
		buf_clear(&draft->body);
		return endpoint_sdp(endpoint, clause + 3, &draft->body, error);
	} else if (!strncmp(clause, "auth ", 5)) {
		return add_auth(endpoint, draft, clause + 5, error);
	} else if (!strncmp(clause, "fold ", 5)) {
		fold(draft, clause + 5);
	} else if (!strncmp(clause, "many ", 5) && colon) {
		add_many(draft, clause + 5);
	} else if (!strncmp(clause, "long ", 5)) {
		add_long(draft, clause + 5);
	} else if (!strncmp(clause, "body ", 5)) {
		replace(&draft->type, strdup(clause + 5));
	} else if (!strncmp(clause, "start ", 6)) {
		replace(&draft->start, strdup(clause + 6));
	} else if (!strncmp(clause, "from ", 5)) {
		if (addr_parse(&draft->from, clause + 5, 5060))
			return err_set(error, ERR_FORMAT, "no address: %s", clause);
	} else if (clause[0] == '-') {
		drop(draft, clause + 1, strlen(clause + 1));
	} else if (clause[0] == '+' && colon) {
		add(draft, "%s", clause + 1);
	} else if (colon) {
		set_header(draft, clause, (size_t)(colon - clause));
	} else {
		return err_set(error, ERR_FORMAT, "what is \"%s\"?", clause);
	}
	return 0;
}

static int apply_clauses(struct stage *stage, struct endpoint *endpoint,
	struct draft *draft, const struct step *step, struct err_text *error)
{
	int err = 0;

	for (unsigned i = 0; i < step->clause_count && !err; i++) {
		struct buf expanded;

		buf_init(&expanded, 0);
		endpoint_expand(stage, endpoint, step->clauses[i], &expanded);
		err = apply_clause(endpoint, draft, buf_str(&expanded), error);
		buf_free(&expanded);
	}
	return err;
}

static void draft_free(struct draft *draft)
{
	free(draft->start);
	for (unsigned i = 0; i < draft->count; i++)
		free(draft->headers[i]);
	free(draft->type);
	buf_free(&draft->body);
}

static char *print(const struct draft *draft)
{
	struct buf out;
	char *text;
	bool length = false;

	buf_init(&out, 0);
	buf_printf(&out, "%s\r\n", draft->start);
	for (unsigned i = 0; i < draft->count; i++) {
		buf_printf(&out, "%s\r\n", draft->headers[i]);
		length = length || has_name(draft->headers[i], "Content-Length", 14);
	}
	if (draft->type)
		buf_printf(&out, "Content-Type: %s\r\n", draft->type);
	if (!length)
		buf_printf(&out, "Content-Length: %zu\r\n", draft->body.len);
	buf_add_str(&out, "\r\n");
	buf_add_span(&out, buf_span(&draft->body));
	text = span_dup(buf_span(&out));
	buf_free(&out);
	return text;
}

/* ---- the wire ---- */

static int deliver(struct stage *stage, struct endpoint *endpoint, const char *text,
	const struct addr *from)
{
	struct party *party = endpoint->party;
	struct flow *flow = stage_flow(stage, party);

	if (!text)
		return -ENOMEM;
	if (from && from->len)
		flow = wire_flow(stage->transports[party->side], party->kind, from, NULL);
	clock_virtual_advance(&stage->clock, 1); /* no two things happen at once */
	stage->wire_us = stage->clock.mono_us;
	stage_note(stage, "%s -> tandem: %.*s", endpoint->name, (int)strcspn(text, "\r"),
		text);
	stage_deliver(stage, party, flow, text);
	return 0;
}

/* ---- requests ---- */

static enum message_method method_of(const char *word)
{
	for (unsigned i = 0; i < MESSAGE_OTHER; i++)
		if (!strcmp(message_method_str((enum message_method)i), word))
			return (enum message_method)i;
	return MESSAGE_OTHER;
}

static const char *callee(const struct endpoint *endpoint)
{
	return endpoint->party->side == SIDE_INTERNAL ? "+4930200" : "+4930100";
}

/* Nothing was sent or received: becomes the caller. */
static void begin(const struct stage *stage, struct endpoint *endpoint)
{
	bool server = endpoint->party->side == SIDE_INTERNAL;
	char number[16] = "";
	const char *us = server ? STAGE_OUR_INTERNAL : STAGE_OUR_EXTERNAL;

	if (endpoint->call_id)
		return;
	/* from outside a call is known by its caller alone */
	if (stage->outside)
		snprintf(number, sizeof(number), "%03u", next_number(endpoint));
	if (asprintf(&endpoint->call_id, "%s-call-%u@%s", marker(endpoint),
		    next_number(endpoint), endpoint->party->host) < 0 ||
		asprintf(&endpoint->local, "\"%s\" <sip:%s%s@%s>",
			server ? "Alice" : "Bob", server ? "+4930100" : "+4930200",
			number, endpoint->party->host) < 0 ||
		asprintf(&endpoint->remote, "<sip:%s@%s>", callee(endpoint), us) < 0 ||
		asprintf(&endpoint->target, "sip:%s@%s", callee(endpoint), us) < 0)
		abort();
}

static void add_contact(const struct endpoint *endpoint, struct draft *draft)
{
	char text[ADDR_TEXT_SIZE];

	add(draft, "Contact: <sip:%s@%s;transport=%s>", marker(endpoint),
		addr_text(&endpoint->party->addr, text),
		transport_kind_param(endpoint->party->kind));
	add(draft, "User-Agent: %s-%s/1.0", marker(endpoint), endpoint->party->name);
}

/* Branch and CSeq number by the rules of RFC 3261 9.1, 13.2.2.4 and 17.1.1.3. */
static uint32_t choose_branch(
	struct endpoint *endpoint, enum message_method method, char branch[static 48])
{
	const struct message *final = endpoint->answered[MESSAGE_INVITE];
	bool sibling = method == MESSAGE_CANCEL ||
		       (method == MESSAGE_ACK && final && message_status(final) >= 300);

	if (sibling)
		strcpy(branch, endpoint->branch);
	else
		snprintf(branch, 48, "z9hG4bK-%s-%u", marker(endpoint),
			next_number(endpoint));
	if (method == MESSAGE_ACK || method == MESSAGE_CANCEL)
		return endpoint->invite_cseq;
	endpoint->cseq++;
	if (method == MESSAGE_INVITE) {
		endpoint->invite_cseq = endpoint->cseq;
		strcpy(endpoint->branch, branch);
	}
	return endpoint->cseq;
}

static void draft_request(struct endpoint *endpoint, enum message_method method,
	const char *name, struct draft *draft)
{
	const struct party *party = endpoint->party;
	char branch[48];
	uint32_t cseq = choose_branch(endpoint, method, branch);
	bool sibling = !strcmp(branch, endpoint->branch) && method != MESSAGE_INVITE;
	const char *uri = sibling ? endpoint->invite_uri : endpoint->target;
	const char *tag =
		method == MESSAGE_CANCEL &&
				!strstr(endpoint->sent_invite ? endpoint->sent_invite
							      : "",
					endpoint->remote_tag)
			? ""
			: endpoint->remote_tag;
	char text[ADDR_TEXT_SIZE];

	if (asprintf(&draft->start, "%s %s SIP/2.0", name, uri ? uri : endpoint->target) <
		0)
		abort();
	add(draft, "Via: SIP/2.0/%s %s;branch=%s", transport_kind_name(party->kind),
		addr_text(&party->addr, text), branch);
	add(draft, "Max-Forwards: 70");
	add_lines(draft, span_of(endpoint->route));
	add(draft, "From: %s;tag=%s", endpoint->local, endpoint->tag);
	add(draft, "To: %s%s%s", endpoint->remote, *tag ? ";tag=" : "", tag);
	add(draft, "Call-ID: %s", endpoint->call_id);
	add(draft, "CSeq: %u %s", cseq, name);
	if (method != MESSAGE_ACK && method != MESSAGE_CANCEL && method != MESSAGE_BYE)
		add_contact(endpoint, draft);
	if (method == MESSAGE_INVITE)
		replace(&endpoint->invite_uri, strdup(endpoint->target));
}

/* What the step put into the draft counts from now on, such as another CSeq or branch. */
static void learn_sent(
	struct endpoint *endpoint, enum message_method method, const char *text)
{
	struct message_fault fault;
	struct message *message;

	replace(method == MESSAGE_ACK ? &endpoint->sent_ack : &endpoint->sent_request,
		strdup(text));
	if (method == MESSAGE_INVITE)
		replace(&endpoint->sent_invite, strdup(text));
	if (message_parse(&message, text, strlen(text), &fault))
		return;
	if (message_can_answer(message) && method == MESSAGE_INVITE) {
		snprintf(endpoint->branch, sizeof(endpoint->branch), "%.*s",
			SPAN_ARG(message_via(message)->branch));
		endpoint->cseq = endpoint->invite_cseq = message_cseq(message);
		replace(&endpoint->call_id, span_dup(message_call_id(message)));
		replace(&endpoint->invite_uri,
			span_dup(message_request_uri(message)->whole));
	}
	message_unref(message);
}

static int send_again(struct stage *stage, struct endpoint *endpoint, const char *name)
{
	const char *text = endpoint->sent_request;
	char *copy;
	int err;

	if (!strcmp(name, "ACK"))
		text = endpoint->sent_ack;
	if (!strcmp(name, "INVITE"))
		text = endpoint->sent_invite;
	if (!text)
		return ERR_STATE;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	err = deliver(stage, endpoint, copy, NULL);
	free(copy);
	return err;
}

int endpoint_send(struct stage *stage, struct endpoint *endpoint, const struct step *step,
	struct err_text *error)
{
	const char *name = step->count > 2 ? step->words[2] : "";
	enum message_method method = method_of(name);
	struct draft draft = {0};
	char *text;
	int err;

	if (step->count > 3 && !strcmp(step->words[3], "again"))
		return send_again(stage, endpoint, name);
	begin(stage, endpoint);
	draft_request(endpoint, method, name, &draft);
	err = apply_clauses(stage, endpoint, &draft, step, error);
	if (!err) {
		text = print(&draft);
		learn_sent(endpoint, method, text);
		err = deliver(stage, endpoint, text, &draft.from);
		free(text);
	}
	draft_free(&draft);
	return err;
}

/* ---- responses ---- */

/* RFC 6665 4.2.1.1: what was asked for, unless a step says less. */
static void add_expires(const struct message *request, struct draft *draft)
{
	struct span value;

	if (message_line(request, "Expires", 0, &value))
		add(draft, "Expires: %.*s", SPAN_ARG(value));
	else
		add(draft, "Expires: 3600");
}

static void draft_response(struct endpoint *endpoint, const struct message *request,
	int status, struct draft *draft)
{
	const struct message_address *to = message_to(request);
	enum message_method method = message_method(request);
	struct buf vias;

	if (asprintf(&draft->start, "SIP/2.0 %d Whatever", status) < 0)
		abort();
	buf_init(&vias, 0);
	message_add_vias(request, &vias);
	add_lines(draft, buf_span(&vias));
	buf_free(&vias);
	add(draft, "From: %.*s", SPAN_ARG(message_from(request)->whole));
	if (to->tag.len || status == 100)
		add(draft, "To: %.*s", SPAN_ARG(to->whole));
	else
		add(draft, "To: %.*s;tag=%s", SPAN_ARG(to->whole), endpoint->tag);
	add(draft, "Call-ID: %.*s", SPAN_ARG(message_call_id(request)));
	add(draft, "CSeq: %.*s", SPAN_ARG(message_cseq_text(request)));
	if ((method == MESSAGE_INVITE && status > 100 && status < 300) ||
		((method == MESSAGE_SUBSCRIBE || method == MESSAGE_NOTIFY) &&
			status < 300))
		add_contact(endpoint, draft);
	if (method == MESSAGE_SUBSCRIBE && status < 300)
		add_expires(request, draft);
}

int endpoint_reply(struct stage *stage, struct endpoint *endpoint,
	const struct step *step, struct err_text *error)
{
	int status = step->count > 2 ? atoi(step->words[2]) : 0;
	bool again = !strcmp(step->words[step->count - 1], "again");
	enum message_method method = endpoint->got_last;
	struct draft draft = {0};
	int err;

	if (step->count > 4 && !strcmp(step->words[3], "to"))
		method = method_of(step->words[4]);
	if (again && endpoint->sent_response)
		return deliver(stage, endpoint, endpoint->sent_response, NULL);
	if (again || !endpoint->got[method])
		return err_set(error, ERR_STATE, "nothing to reply to");
	draft_response(endpoint, endpoint->got[method], status, &draft);
	err = apply_clauses(stage, endpoint, &draft, step, error);
	if (!err) {
		replace(&endpoint->sent_response, print(&draft));
		err = deliver(stage, endpoint, endpoint->sent_response, &draft.from);
	}
	draft_free(&draft);
	return err;
}

/* ---- what is read ---- */

bool endpoint_owns(const struct endpoint *endpoint, const struct message *message)
{
	struct span tag;

	if (!endpoint->call_id)
		return message_is_request(message) && !message_to(message)->tag.len;
	if (!span_equal_str(message_call_id(message), endpoint->call_id))
		return false;
	if (!message_is_request(message))
		return true;
	tag = message_to(message)->tag;
	return !tag.len || span_equal_str(tag, endpoint->tag);
}

static void learn_target(struct endpoint *endpoint, const struct message *message)
{
	struct message_address contact;

	if (message_contact(message, 0, &contact))
		replace(&endpoint->target, span_dup(contact.uri.whole));
}

static char *name_addr(const struct message_address *address)
{
	char *text;

	if (asprintf(&text, "<%.*s>", SPAN_ARG(address->uri.whole)) < 0)
		abort();
	return text;
}

static void read_request(struct endpoint *endpoint, struct message *message)
{
	enum message_method method = message_method(message);

	if (!endpoint->call_id) {
		endpoint->call_id = span_dup(message_call_id(message));
		endpoint->local = name_addr(message_to(message));
		endpoint->remote = name_addr(message_from(message));
		/* a request without Contact makes no dialog, but has a sender */
		replace(&endpoint->target, span_dup(message_from(message)->uri.whole));
		replace(&endpoint->remote_tag, span_dup(message_from(message)->tag));
	}
	/* RFC 6665 4.4.1: a NOTIFY may be the first that comes within a subscription */
	if (method == MESSAGE_NOTIFY && !*endpoint->remote_tag)
		replace(&endpoint->remote_tag, span_dup(message_from(message)->tag));
	learn_target(endpoint, message);
	message_unref(endpoint->got[method]);
	endpoint->got[method] = message_ref(message);
	if (method != MESSAGE_ACK)
		endpoint->got_last = method;
}

static void read_response(struct endpoint *endpoint, struct message *message)
{
	enum message_method method = message_method(message);
	struct span rseq;

	message_unref(endpoint->answered[method]);
	endpoint->answered[method] = message_ref(message);
	endpoint_learn_challenges(endpoint, message);
	if (method != MESSAGE_INVITE &&
		!(method == MESSAGE_SUBSCRIBE && message_status(message) < 300))
		return;
	if (message_to(message)->tag.len)
		replace(&endpoint->remote_tag, span_dup(message_to(message)->tag));
	if (message_header(message, "RSeq", 0, &rseq))
		span_copy(rseq, endpoint->rseq, sizeof(endpoint->rseq));
	if (message_status(message) < 300)
		learn_target(endpoint, message);
}

void endpoint_read(struct endpoint *endpoint, struct letter *letter)
{
	replace(&endpoint->read, span_dup((struct span){letter->text, letter->len}));
	if (message_body(letter->message).len)
		replace(&endpoint->read_sdp, strdup(endpoint->read));
	if (message_is_request(letter->message))
		read_request(endpoint, letter->message);
	else
		read_response(endpoint, letter->message);
}
