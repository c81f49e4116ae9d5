#include "bridge/redirection.h"

#include "base/log.h"
#include "bridge/identity.h"
#include "bridge/party_divert.h"
#include "bridge/redirect.h"
#include "sip/compose.h"
#include "trunk/emergency.h"
#include "trunk/number.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EMERGENCY_WHY "an emergency call is made by who needs help"

/* A number to be called, or that was: what later ones borrow from it stays. */
struct entry {
	struct list node;
	struct party *party;      /* who calls whom, and who diverted it; owned */
	struct message *response; /* which it borrows from; owned reference */
	struct target *by;        /* who named it; owned reference */
	char *number;             /* owned */
	unsigned depth;           /* how many redirections led to it */
};

struct redirection {
	struct party *original; /* before the first; owned */
	unsigned max_forwards;  /* likewise */
	struct list due;        /* entries, in the order in which they are called */
	struct list called;     /* likewise */
	struct entry *now;      /* the last of these; NULL: none was */
	unsigned count;         /* of both */
	char *first;            /* the number that was called before them; owned */
	char *passed;           /* lines for the caller; owned; NULL: none */
};

/* What is found out about a 3xx. */
struct search {
	struct call *call;
	struct message *response;
	struct redirect redirect;
	const char *why; /* what the last Contact that was left out was left out for */
};

static void entry_free(struct entry *entry)
{
	if (!entry)
		return;
	party_free(entry->party);
	message_unref(entry->response);
	target_unref(entry->by);
	free(entry->number);
	free(entry);
}

static void entries_free(struct list *list)
{
	LIST_FOREACH (list, node, next) {
		list_remove(node);
		entry_free(LIST_ENTRY(node, struct entry, node));
	}
}

/* That of CALL, made where there is none. NULL without memory. */
static struct redirection *begin(struct call *call)
{
	struct redirection *redirection = call->redirection;

	if (redirection)
		return redirection;
	redirection = calloc(1, sizeof(*redirection));
	if (!redirection)
		return NULL;
	redirection->first = party_number(&call->party->called);
	if (!redirection->first) {
		free(redirection);
		return NULL;
	}
	list_init(&redirection->due);
	list_init(&redirection->called);
	redirection->original = call->party;
	redirection->max_forwards = call->max_forwards;
	call->redirection = redirection;
	return redirection;
}

void redirection_free(struct call *call)
{
	struct redirection *redirection = call->redirection;

	if (!redirection)
		return;
	call->party = redirection->original;
	entries_free(&redirection->due);
	entries_free(&redirection->called);
	free(redirection->first);
	free(redirection->passed);
	free(redirection);
	call->redirection = NULL;
}

/* ---- where a number may go ---- */

/* By whose routes a number that BY named goes first; or, where these lead nowhere, then. */
static const struct target *asker_of(
	const struct call *call, const struct target *by, bool first)
{
	const struct target *caller = call->asker ? call->asker : call->a->target;
	const bool is_server = !caller->server && by->server;

	return is_server == first ? by : caller;
}

/* *RET asks who takes ENTRY. False: nobody does, whether it may get calls now or not. */
static bool find_route(const struct call *call, const struct entry *entry,
	const char *caller, struct pick_question *ret)
{
	struct pick pick = {.count = 0};

	for (unsigned i = 0; i < 2 && !pick.routed; i++) {
		const struct target *asker = asker_of(call, entry->by, i == 0);

		*ret = (struct pick_question){.config = call->config,
			.call = pick_call(
				asker->trunk, span_of(entry->number), span_of(caller)),
			.dry = true};
		ret->call.calls_to = asker->settings->calls_to;
		pick_candidates(call->bridge->trunks, ret, &pick);
	}
	ret->dry = false;
	return pick.routed;
}

static bool leads_somewhere(const struct call *call, const struct entry *entry)
{
	char *caller = party_number(party_caller(entry->party));
	struct pick_question question;
	const bool found = caller && find_route(call, entry, caller, &question);

	free(caller);
	return found;
}

/* ---- what is named ---- */

/* PHONE, as who redirected has it, becomes what all others have. 0, or -ENOMEM. */
static int by_rules(const struct call *call, struct party *party, struct phone *phone)
{
	char number[RULE_NUMBER_SIZE];

	if (!number_called_in(&call->b->settings->numbers, phone, number))
		return 0;
	*phone = (struct phone){.is_number = true};
	return party_keep(party, span_of(number), &phone->number);
}

static bool was_called(const struct redirection *redirection, const char *number)
{
	if (!strcmp(redirection->first, number))
		return true;
	LIST_FOREACH (&redirection->called, node, next)
		if (!strcmp(LIST_ENTRY(node, struct entry, node)->number, number))
			return true;
	LIST_FOREACH (&redirection->due, node, next)
		if (!strcmp(LIST_ENTRY(node, struct entry, node)->number, number))
			return true;
	return false;
}

/* The party of ENTRY, and its number, for the contact NTH. 0 or -ENOMEM. */
static int divert(const struct search *search, unsigned nth, struct entry *entry)
{
	const struct redirect *redirect = &search->redirect;
	struct party_divert divert = {.to = redirect->list[nth].phone,
		.status = message_status(search->response),
		.branch = nth + 1,
		.reason = redirect->reason,
		.privacy = redirect->privacy};
	int err = party_copy(&entry->party, search->call->party);

	if (!err)
		err = by_rules(search->call, entry->party, &divert.to);
	if (!err)
		err = party_divert(entry->party, &divert);
	if (err)
		return err;
	entry->number = party_number(&entry->party->called);
	return entry->number ? 0 : -ENOMEM;
}

/* Why no call is made to ENTRY, or NULL. Static. */
static const char *obstacle_to(const struct search *search, const struct entry *entry)
{
	const struct redirection *redirection = search->call->redirection;

	if (redirection->count == REDIRECTION_NUMBERS)
		return "the call was redirected to as many numbers as it may be";
	if (was_called(redirection, entry->number))
		return "the number was called already";
	return leads_somewhere(search->call, entry)
		       ? NULL
		       : "no gateway or server takes the number";
}

static bool is_emergency(const struct search *search, const struct phone *phone)
{
	return emergency_is_called(
		search->call->config, search->call->b->settings, phone);
}

/* An entry for the contact NTH. NULL: none is made, SEARCH->why. */
static struct entry *make_entry(struct search *search, unsigned nth)
{
	const struct redirection *redirection = search->call->redirection;
	struct entry *entry;

	if (is_emergency(search, &search->redirect.list[nth].phone)) {
		search->why = EMERGENCY_WHY;
		return NULL;
	}
	search->why = "out of memory";
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	list_init(&entry->node);
	entry->response = message_ref(search->response);
	entry->by = target_ref(search->call->b->target);
	entry->depth = redirection->now ? redirection->now->depth + 1 : 1;
	if (!divert(search, nth, entry))
		search->why = obstacle_to(search, entry);
	if (search->why) {
		entry_free(entry);
		return NULL;
	}
	return entry;
}

/* Those that are named come before those that were named before (RFC 3261 16.5). False: there is none to be called. */
static bool follow(struct search *search)
{
	struct redirection *redirection = begin(search->call);
	struct list *before;
	bool any = false;

	search->why = "out of memory";
	if (!redirection)
		return false;
	before = redirection->due.next;
	for (unsigned i = 0; i < search->redirect.count; i++) {
		struct entry *entry = make_entry(search, i);

		if (!entry)
			continue;
		redirection->count++;
		list_append(before, &entry->node);
		any = true;
	}
	return any;
}

/* What BY named, and what is done with it, is in the record, and told. */
static void note(
	struct call *call, const struct trunk *by, struct record_redirection what)
{
	struct clock *clock = timers_clock(call->bridge->timers);
	char called[LOG_TEXT_SIZE], name[80];

	(void)trunk_name(by, name);
	what.by = name;
	what.after_us = clock->mono_us(clock) - call->start_us;
	history_redirect(&call->history, &what);
	log_info("call", "call=%s event=redirect %s=%s status=%d result=%s called=%s",
		call->id, trunk_word(by->kind), by->id, what.status,
		record_redirection_name(what.action),
		log_number(called, what.to, strlen(what.to)));
}

/* ---- what is passed ---- */

/* As a Contact of ours, "0.7" for 700. */
static void add_q(struct buf *out, unsigned q)
{
	unsigned unit = 100;

	if (q == 1000)
		return;
	buf_add_str(out, ";q=0");
	for (char mark = '.'; q; unit /= 10, mark = '\0') {
		if (mark)
			buf_add_char(out, mark);
		buf_add_char(out, (char)('0' + q / unit));
		q %= unit;
	}
}

/* A Contact that leads to PHONE by us. */
static void add_contact(
	struct buf *out, const struct leg *a, const struct phone *phone, unsigned q)
{
	const bool user_phone =
		phone->is_number &&
		((a->gateway && a->gateway->user_phone) || phone_has_params(phone));
	char ours[IDENTITY_SIZE];
	struct buf value;
	struct span place;

	identity_contact(a->home, a->flow, a->settings->contact_host, ours);
	place = span_of(ours + strlen("<sip:"));
	place.len -= strlen(">");
	buf_init(&value, 0);
	buf_add_str(&value, "<sip:");
	phone_add_user(&value, phone);
	buf_add_char(&value, '@');
	buf_add_span(&value, place);
	buf_add_str(&value, user_phone ? ";user=phone>" : ">");
	add_q(&value, q);
	if (!value.err)
		compose_header(out, "Contact", buf_span(&value));
	else
		out->err = value.err;
	buf_free(&value);
}

/* A Contact of ours for CONTACT, of who redirected. 0 or -ENOMEM. */
static int pass_contact(const struct search *search,
	const struct redirect_contact *contact, struct buf *out)
{
	struct call *call = search->call;
	struct party_name name = {.phone = contact->phone};
	char in[RULE_NUMBER_SIZE], shown[RULE_NUMBER_SIZE];
	char *number;

	if (number_called_in(&call->b->settings->numbers, &name.phone, in))
		name.phone = (struct phone){.number = span_of(in), .is_number = true};
	number = party_number(&name);
	if (!number)
		return -ENOMEM;
	note(call, call->b->trunk,
		(struct record_redirection){.to = number,
			.status = message_status(search->response),
			.action = RECORD_REDIRECTION_PASSED});
	free(number);
	if (number_called_out(&call->a->settings->numbers, &name.phone, shown))
		name.phone = (struct phone){.number = span_of(shown), .is_number = true};
	add_contact(out, call->a, &name.phone, contact->q);
	return out->err;
}

static bool pass(struct search *search)
{
	struct call *call = search->call;
	struct redirection *redirection;
	struct buf lines;

	search->why = "the caller takes no 3xx: see redirect-out";
	if (!call->a->settings->redirection.out || !call->a->flow)
		return false;
	search->why = "out of memory";
	redirection = begin(call);
	if (!redirection)
		return false;
	buf_init(&lines, 0);
	for (unsigned i = 0; i < search->redirect.count && !lines.err; i++) {
		if (is_emergency(search, &search->redirect.list[i].phone))
			search->why = EMERGENCY_WHY;
		else
			pass_contact(search, &search->redirect.list[i], &lines);
	}
	free(redirection->passed);
	redirection->passed = lines.len ? buf_steal(&lines, NULL) : NULL;
	buf_free(&lines);
	return redirection->passed != NULL;
}

void redirection_add(const struct call *call, int status, struct buf *out)
{
	if (call->redirection && call->redirection->passed && status / 100 == 3)
		buf_add_str(out, call->redirection->passed);
}

/* ---- a 3xx ---- */

static enum trunk_redirect judge(struct search *search, bool heard)
{
	const struct call *call = search->call;
	const struct redirection *redirection = call->redirection;
	const enum config_redirect rule = call->b->settings->redirection.answered;

	if (call->emergency || rule == CONFIG_REDIRECT_REFUSE)
		return TRUNK_REDIRECT_REFUSED;
	search->why = "no Contact names a number or a user";
	if (!search->redirect.count)
		return TRUNK_REDIRECT_REFUSED;
	if (rule == CONFIG_REDIRECT_PASS)
		return pass(search) ? TRUNK_REDIRECT_PASSED : TRUNK_REDIRECT_REFUSED;
	search->why = "the caller has heard media already";
	if (heard)
		return TRUNK_REDIRECT_REFUSED;
	search->why = "Max-Forwards is used up";
	if (!call->max_forwards)
		return TRUNK_REDIRECT_REFUSED;
	search->why = "too many redirections led to one another";
	if (redirection && redirection->now &&
		redirection->now->depth == REDIRECTION_DEPTH)
		return TRUNK_REDIRECT_REFUSED;
	return follow(search) ? TRUNK_REDIRECT_FOLLOWED : TRUNK_REDIRECT_REFUSED;
}

enum trunk_redirect redirection_take(
	struct call *call, struct message *response, bool heard)
{
	struct search search = {.call = call, .response = response};
	const struct trunk *trunk = call->b->trunk;
	enum trunk_redirect way;

	redirect_read(&search.redirect, response);
	way = judge(&search, heard);
	call->b->trunk->redirected[way]++;
	if (way == TRUNK_REDIRECT_REFUSED && search.why)
		log_info("call",
			"call=%s event=redirect %s=%s status=%d result=refused "
			"reason=\"%s\"",
			call->id, trunk_word(trunk->kind), trunk->id,
			message_status(response), search.why);
	return way;
}

bool redirection_is_due(const struct call *call)
{
	return call->redirection && !list_empty(&call->redirection->due);
}

int redirection_go_on(struct call *call)
{
	struct redirection *redirection = call->redirection;
	struct list *node = redirection->due.next;
	struct entry *entry = LIST_ENTRY(node, struct entry, node);
	char *caller = party_number(party_caller(entry->party));
	struct pick_question question;
	struct hunt *hunt;
	int err = caller ? 0 : -ENOMEM;

	if (!err) {
		find_route(call, entry, caller, &question);
		err = hunt_new(&hunt, call->bridge, call->config, &question);
	}
	free(caller);
	if (err)
		return err;
	list_remove(node);
	list_append(&redirection->called, node);
	redirection->now = entry;
	hunt_free(call->hunt);
	call->hunt = hunt;
	call->party = entry->party;
	call->max_forwards = redirection->max_forwards - entry->depth;
	note(call, entry->by->trunk,
		(struct record_redirection){.to = entry->number,
			.status = message_status(entry->response),
			.action = RECORD_REDIRECTION_FOLLOWED});
	return 0;
}

void redirection_answered(struct call *call)
{
	if (call->redirection && call->redirection->now)
		call->b->number = strdup(call->redirection->now->number);
	redirection_free(call);
}
