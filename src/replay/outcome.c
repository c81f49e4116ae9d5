#include "replay/outcome.h"

#include "bridge/called.h"
#include "bridge/crossing.h"
#include "bridge/party_dry.h"
#include "bridge/party_rules.h"
#include "bridge/reason.h"
#include "sip/transport.h"
#include "trunk/emergency.h"
#include "trunk/registration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the call, as this configuration reads it ---- */

/* As calls do. Of a record that has its numbers from behind the rules alone, what these make of them is not asked
 * again. */
static int read_party(struct party **ret, const struct config *config,
	const struct trunk *via, const struct past *past, enum emergency emergency)
{
	const struct config_gateway *gateway = via->gateway;
	int err = party_read(ret, past->invite);

	if (err)
		return err;
	/* a record names whom it was for, whatever the Request-URI was */
	if (past->captured && gateway && gateway->registration.identity[0])
		called_find_by(*ret, gateway->registration.called,
			registration_user(&gateway->registration), past->invite);
	if (past->captured || past->received) {
		err = party_rules_arrive(*ret, config, trunk_settings(via), emergency);
		if (err)
			party_free(*ret);
		return err;
	}
	(*ret)->emergency =
		emergency == EMERGENCY_NUMBER || emergency == EMERGENCY_SERVICE;
	(*ret)->urgent = (*ret)->emergency || emergency == EMERGENCY_PRIORITY;
	return 0;
}

/* A service's number is what is routed (RFC 6881). */
static void read_service(
	struct party *party, const struct config *config, const struct message *invite)
{
	struct span service;

	if (emergency_service(message_request_uri(invite)->whole, &service))
		party->called.phone = (struct phone){
			.number = span_of(emergency_service_number(config, service)),
			.is_number = true};
}

/* ---- those who are asked ---- */

static const char *media_of(const struct config_trunk *settings)
{
	switch (settings->srtp) {
	case CONFIG_SRTP_REQUIRED:
		return "SRTP";
	case CONFIG_SRTP_OPTIONAL:
		return "SRTP or RTP";
	default:
		return "RTP";
	}
}

/* What crosses to TRUNK beside who calls whom is added to LINES, owned. 0 or -ENOMEM. */
static int add_crossing(char **lines, const struct message *invite,
	const struct trunk *via, const struct trunk *trunk)
{
	const struct config_trunk *settings = trunk_settings(trunk);
	const struct reason reason = {
		.mode = settings->crossing.reason, .source = invite};
	const struct crossing crossing = {.from = trunk_settings(via),
		.to = settings,
		.message = invite,
		.kind = HEADER_REQUESTS};
	struct buf out;
	char *whole;

	buf_init(&out, 0);
	buf_add_str(&out, *lines);
	reason_add(&out, &reason);
	crossing_add(&out, &crossing);
	whole = out.err ? NULL : span_dup(buf_span(&out));
	buf_free(&out);
	if (!whole)
		return -ENOMEM;
	free(*lines);
	*lines = whole;
	return 0;
}

/* Whether who calls, as it is shown with SETTINGS, depends on more than From. */
static bool shows_others(const struct config_trunk *settings)
{
	return strcmp(settings->identity.from, "asserted") == 0 ||
	       settings->identity.privacy == CONFIG_PRIVACY_APPLY ||
	       !settings->identity.trusted;
}

/* A record has no identities and headers beside From and To: of what these decide nothing is said. */
static int describe(struct outcome_target *ret, const struct party *party,
	const struct trunk *via, const struct trunk *trunk, const struct config *config,
	bool whole)
{
	struct party_dry shown;
	int err = party_dry(&shown, party, trunk, config->tandem.fqdn);

	if (err) {
		party_dry_free(&shown);
		return err;
	}
	ret->called = shown.called;
	ret->caller = shown.caller;
	ret->lines = shown.lines;
	if (whole)
		return add_crossing(&ret->lines, party->source, via, trunk);
	ret->lines[0] = '\0';
	if (shows_others(trunk_settings(trunk))) {
		free(ret->caller);
		ret->caller = NULL;
	}
	return 0;
}

static int add_target(struct outcome *ret, const struct party *party,
	const struct trunk *via, const struct pick_target *picked,
	const struct world *world)
{
	const struct trunk *trunk = picked->trunk;
	struct outcome_target *target = &ret->targets[ret->count++];

	*target = (struct outcome_target){.kind = trunk->kind,
		.id = trunk->id,
		.signalling = transport_kind_name(trunk_transport(trunk)),
		.media = media_of(trunk_settings(trunk))};
	return describe(target, party, via, trunk, world->config, ret->whole);
}

static bool is_drawn_with(const struct pick_target *a, const struct pick_target *b)
{
	return !pattern_fit_compare(a->fit.called, b->fit.called) &&
	       !pattern_fit_compare(a->fit.caller, b->fit.caller) &&
	       a->route->priority == b->route->priority;
}

/* Who are drawn by weight: their shares. */
static void share_out(struct outcome *ret, const struct pick *pick)
{
	unsigned rank = 0, end;

	for (unsigned first = 0; first < pick->count; first = end, rank++) {
		uint64_t sum = 0;

		end = first;
		while (end < pick->count &&
			is_drawn_with(&pick->list[first], &pick->list[end]))
			sum += pick->list[end++].route->weight;
		for (unsigned i = first; i < end; i++) {
			ret->targets[i].rank = rank;
			ret->targets[i].share =
				sum ? (unsigned)(pick->list[i].route->weight * 100 / sum)
				: end - first == 1 ? 100
						   : 0;
		}
	}
}

static void drop_target(struct outcome_target *target)
{
	free(target->called);
	free(target->caller);
	free(target->lines);
}

static void drop_last(struct outcome *ret)
{
	drop_target(&ret->targets[--ret->count]);
}

static int pick(struct outcome *ret, const struct world *world, const struct trunk *via,
	const struct party *party)
{
	const struct pick_question question = {
		.call = pick_call(via, span_of(ret->called), span_of(ret->caller)),
		.config = world->config,
		.emergency = ret->emergency,
		.dry = true,
		.settled = true};
	struct pick pick;
	int err = 0;

	pick_candidates(world->trunks, &question, &pick);
	for (unsigned i = 0; i < pick.count && !err; i++)
		err = add_target(ret, party, via, &pick.list[i], world);
	/* the call ends where its caller's privacy cannot be had (RFC 3323 5) */
	if (err == -EPERM) {
		drop_last(ret);
		pick.count = ret->count;
		ret->status = 500;
		ret->why = "its caller demands privacy that is not provided";
		err = 0;
	}
	share_out(ret, &pick);
	if (!pick.count && !ret->status) {
		ret->status = pick.routed ? 503 : 404;
		ret->why = pick.routed ? "whoever takes it is disabled"
				       : "no trunk or server takes it";
	}
	return err;
}

/* ---- the whole ---- */

static int route(struct outcome *ret, const struct world *world, const struct trunk *via,
	const struct past *past)
{
	const enum emergency emergency =
		emergency_class(world->config, trunk_settings(via), past->invite);
	struct party *party;
	int err = read_party(&party, world->config, via, past, emergency);

	if (err)
		return err;
	ret->emergency = emergency != EMERGENCY_NO;
	ret->whole = past->captured;
	ret->knows_caller = past->captured || party_caller(party)->phone.is_number;
	read_service(party, world->config, past->invite);
	ret->called = party_number(&party->called);
	ret->caller = party_number(party_caller(party));
	err = ret->called && ret->caller ? pick(ret, world, via, party) : -ENOMEM;
	party_free(party);
	return err;
}

int outcome_find(struct outcome *ret, const struct world *world, const struct past *past)
{
	const struct trunk *via = trunks_find(world->trunks, past->kind, past->via);

	memset(ret, 0, sizeof(*ret));
	if (!via || !trunk_settings(via)->enabled) {
		ret->status = 403;
		ret->why = via ? "who makes it is disabled"
			       : "who makes it is not in this configuration";
		return 0;
	}
	return route(ret, world, via, past);
}

void outcome_free(struct outcome *outcome)
{
	for (unsigned i = 0; i < outcome->count; i++)
		drop_target(&outcome->targets[i]);
	free(outcome->called);
	free(outcome->caller);
	memset(outcome, 0, sizeof(*outcome));
}

/* ---- what differs ---- */

static bool same_place(const struct outcome_target *a, const struct outcome_target *b)
{
	/* the shares say too who is drawn together */
	return a->kind == b->kind && strcmp(a->id, b->id) == 0 && a->share == b->share;
}

static bool same_numbers(const struct outcome_target *a, const struct outcome_target *b)
{
	/* what is not known on one side may differ */
	if (!a->caller || !b->caller)
		return strcmp(a->called, b->called) == 0 && a->caller == b->caller;
	return strcmp(a->called, b->called) == 0 && strcmp(a->caller, b->caller) == 0;
}

static bool same_protection(
	const struct outcome_target *a, const struct outcome_target *b)
{
	return strcmp(a->signalling, b->signalling) == 0 &&
	       strcmp(a->media, b->media) == 0;
}

static enum outcome_change compare_targets(
	const struct outcome_target *a, const struct outcome_target *b)
{
	if (!same_place(a, b))
		return OUTCOME_ELSEWHERE;
	if (!same_numbers(a, b))
		return OUTCOME_NUMBERS;
	if (!same_protection(a, b))
		return OUTCOME_PROTECTION;
	return strcmp(a->lines, b->lines) == 0 ? OUTCOME_SAME : OUTCOME_HEADERS;
}

enum outcome_change outcome_compare(
	const struct outcome *before, const struct outcome *after)
{
	enum outcome_change gravest = OUTCOME_SAME;

	if (!before->count || !after->count)
		return before->count  ? OUTCOME_NOT_ROUTED
		       : after->count ? OUTCOME_ROUTED
				      : OUTCOME_SAME;
	if (before->count != after->count)
		return OUTCOME_ELSEWHERE;
	for (unsigned i = 0; i < before->count; i++) {
		const enum outcome_change change =
			compare_targets(&before->targets[i], &after->targets[i]);

		if (change > gravest)
			gravest = change;
	}
	return gravest;
}

enum outcome_change outcome_compare_past(
	const struct past *past, const struct outcome *after)
{
	if (!past->attempt_count || !after->count)
		return past->attempt_count ? OUTCOME_NOT_ROUTED
		       : after->count      ? OUTCOME_ROUTED
					   : OUTCOME_SAME;
	/* of those that are drawn any may be the first */
	for (unsigned i = 0; i < after->count && after->targets[i].rank == 0; i++)
		if (strcmp(after->targets[i].id, past->attempts[0]) == 0)
			return OUTCOME_SAME;
	return OUTCOME_ELSEWHERE;
}

const char *outcome_change_name(enum outcome_change change)
{
	static const char *const names[OUTCOME_CHANGES] = {
		[OUTCOME_SAME] = "unchanged",
		[OUTCOME_HEADERS] = "headers",
		[OUTCOME_PROTECTION] = "protection",
		[OUTCOME_NUMBERS] = "numbers",
		[OUTCOME_ELSEWHERE] = "elsewhere",
		[OUTCOME_ROUTED] = "routed",
		[OUTCOME_NOT_ROUTED] = "not-routed",
	};

	return names[change];
}
