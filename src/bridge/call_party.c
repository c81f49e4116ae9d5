/* Who calls whom: as its INVITE said, after the rules of whose it is, and as each target is shown it. */
#include "bridge/call_priv.h"

#include "base/log.h"
#include "bridge/called.h"
#include "bridge/party_diversion.h"
#include "bridge/party_numbers.h"
#include "bridge/party_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void call_party_free(struct call *call)
{
	party_free(call->party);
	free(call->from);
	free(call->to);
	free(call->from_received);
	free(call->to_received);
	free(call->from_sent);
	free(call->to_sent);
	free(call->asserted);
	free(call->asserted_sent);
	free(call->diverted_by);
	free(call->diverted_reason);
}

/* A rule of TRUNK that could not be applied is told of once: each call would say the same. */
static void tell_fault(
	struct bridge *bridge, struct party *party, const struct trunk *trunk)
{
	const struct party_fault fault = party->fault;
	char text[LOG_TEXT_SIZE];
	struct span rule;

	party->fault.rule = NULL;
	if (!fault.rule)
		return;
	rule = span_of(rule_text(fault.rule));
	if (!hash_mark(bridge->rules_said, sizeof(bridge->rules_said) * 8,
		    hash_bytes(rule.p, rule.len,
			    hash_bytes(trunk->id, strlen(trunk->id), trunk->kind))))
		return;
	log_warning("call", "event=number-rule-skipped %s=%s rule=%s reason=\"%s\"",
		trunk_word(trunk->kind), trunk->id, log_text(text, rule.p, rule.len),
		fault.result == RULE_ILLEGAL
			? "what it makes of a number is no number"
			: "to find out whether a number matches takes too many steps");
}

/* The first of NAMES with a number; NULL: there is none, or no memory. */
static char *first_number(const struct party_names *names)
{
	for (unsigned i = 0; i < names->count; i++)
		if (names->list[i].phone.is_number)
			return party_number(&names->list[i]);
	return NULL;
}

/* *TEXT is not kept twice. */
static void drop_same(char **text, const char *same)
{
	if (strcmp(*text, same) != 0)
		return;
	free(*text);
	*text = NULL;
}

/* ---- as it came ---- */

/* Whom it is to, for the record. A service is its URN there; whom we call for it is a number (RFC 6881), which
 * lives as long as the call's configuration. */
static char *called_of(struct call *call, const struct message_uri *uri)
{
	struct span service;

	if (call->emergency != EMERGENCY_SERVICE ||
		!emergency_service(uri->whole, &service))
		return party_number(&call->party->called);
	call->party->called.phone = (struct phone){
		.number = span_of(emergency_service_number(call->config, service)),
		.is_number = true};
	return span_dup(uri->whole);
}

static int note_diversion(struct call *call)
{
	const struct party_name *by;
	const char *reason;

	if (!party_diversion_latest(call->party, &by, &reason))
		return 0;
	call->diverted_by = party_number(by);
	call->diverted_reason = strdup(reason);
	return call->diverted_by && call->diverted_reason ? 0 : -ENOMEM;
}

int call_read_party(struct call *call, const struct trunk *trunk, struct message *invite)
{
	const struct message_uri *uri = message_request_uri(invite);
	int err = party_read(&call->party, invite);

	if (!err)
		err = note_diversion(call);
	if (err)
		return err;
	called_find(call->party, trunk, invite);
	call->to_received = called_of(call, uri);
	call->from_received = party_number(&call->party->from);
	err = party_rules_arrive(
		call->party, call->config, trunk_settings(trunk), call->emergency);
	tell_fault(call->bridge, call->party, trunk);
	if (err)
		return err;
	call->to = called_of(call, uri);
	call->from = party_number(&call->party->from);
	call->asserted = first_number(&call->party->asserted);
	if (!call->to_received || !call->from_received || !call->to || !call->from)
		return -ENOMEM;
	drop_same(&call->to_received, call->to);
	drop_same(&call->from_received, call->from);
	return 0;
}

/* ---- as it leaves ---- */

static int set_text(char **to, char *text)
{
	free(*to);
	*to = text;
	return text ? 0 : -ENOMEM;
}

/* What PARTY is to the target that it is SHOWN to, for the record. */
static int note_sent(
	struct call *call, const struct party *party, const struct party_shown *shown)
{
	int err = set_text(&call->to_sent, shown->service.len
						   ? span_dup(shown->service)
						   : party_number(&party->called));

	if (!err)
		err = set_text(&call->from_sent, shown->caller.len
							 ? span_dup(shown->caller)
							 : party_number(&party->from));
	free(call->asserted_sent);
	call->asserted_sent = shown->caller.len && party->asserted.count
				      ? span_dup(shown->caller)
				      : first_number(&party->asserted);
	if (err)
		return err;
	drop_same(&call->to_sent, call->to);
	drop_same(&call->from_sent, call->from);
	call->shown = true;
	return 0;
}

int call_write_party(struct call *call, const struct party_shown *shown,
	struct party_invite *ret, struct err_text *text)
{
	struct party_shown changed = *shown;
	struct party *party;
	int err = party_copy(&party, call->party);

	if (err)
		return err;
	err = party_rules_out(party, call->b->settings);
	if (err == -EPERM)
		err_set(text, err,
			"its caller demands privacy (critical) that privacy = of %s does "
			"not provide",
			call->b->trunk->id);
	if (!err)
		err = party_numbers_caller(
			party, &call->b->settings->numbers, &changed.caller);
	tell_fault(call->bridge, party, call->b->trunk);
	if (!err)
		err = note_sent(call, party, &changed);
	if (!err)
		err = party_write(party, &changed, ret);
	party_free(party);
	return err;
}
