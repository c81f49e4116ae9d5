#include "admin/route_verbs.h"

#include "admin/crossing_json.h"
#include "admin/number_json.h"
#include "admin/protection_row.h"
#include "admin/verbs.h"
#include "base/buf.h"
#include "bridge/party_dry.h"
#include "bridge/party_rules.h"
#include "config/config.h"
#include "sip/message.h"
#include "sip/transport.h"
#include "trunk/emergency.h"
#include "trunk/pick.h"

#include <stdlib.h>
#include <string.h>

/* Of those that get no call at most so many are named, those first that nearly would. */
#define OTHERS_MAX 100

static const char usage[] =
	"usage: route test NUMBER [--from N] [--asserted N] [--privacy WORDS] "
	"[--diversion N] [--via server|trunk ID] [--emergency]";

/* What was asked, and what a call would be read from. */
struct dry {
	const struct verbs_context *context;
	const char *number, *caller;                /* as given */
	const char *asserted, *privacy, *diversion; /* "": not given */
	const struct trunk *via;                    /* NULL: any server */
	bool emergency;
	const struct config *config;
	struct message *invite;
	enum emergency class;
	struct party *party; /* as routes see it; the texts are of its numbers */
	char *called_received, *caller_received, *called, *calling;
	json_t *rules; /* that were applied on the way in */
};

/* ---- the question ---- */

/* --via KIND ID, the two behind it. */
static enum api_code read_via(
	struct dry *dry, const char *kind, const char *id, struct err_text *text)
{
	for (unsigned i = TRUNK_SERVER; i <= TRUNK_GATEWAY; i++) {
		if (strcmp(kind, trunk_word((enum trunk_kind)i)) != 0)
			continue;
		dry->via = trunks_find(dry->context->trunks, (enum trunk_kind)i, id);
		if (dry->via)
			return API_OK;
		err_set(text, 0, "no such %s: %.100s", kind, id);
		return API_NOT_FOUND;
	}
	err_set(text, 0, "%s", usage);
	return API_USAGE;
}

/* Where the text behind OPTION goes; NULL: it is none of these. */
static const char **text_of(struct dry *dry, const char *option)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = {{"--from", &dry->caller}, {"--asserted", &dry->asserted},
		{"--privacy", &dry->privacy}, {"--diversion", &dry->diversion}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(option, texts[i].name) == 0)
			return texts[i].to;
	return NULL;
}

static enum api_code read_args(
	struct dry *dry, const char *const *args, size_t arg_count, struct err_text *text)
{
	dry->number = args[0];
	for (size_t i = 1; i < arg_count; i++) {
		enum api_code code = API_OK;

		if (strcmp(args[i], "--emergency") == 0) {
			dry->emergency = true;
		} else if (i + 1 < arg_count && text_of(dry, args[i])) {
			*text_of(dry, args[i]) = args[i + 1];
			i++;
		} else if (strcmp(args[i], "--via") == 0 && i + 2 < arg_count) {
			code = read_via(dry, args[i + 1], args[i + 2], text);
			i += 2;
		} else {
			err_set(text, 0, "%s", usage);
			code = API_USAGE;
		}
		if (code != API_OK)
			return code;
	}
	return API_OK;
}

/* As which the call is admitted: that of VIA, or of a server that no route names. */
static enum emergency class_of(const struct dry *dry)
{
	const struct trunk *via =
		dry->via ? dry->via : trunks_at(dry->context->trunks, TRUNK_SERVER, 0);
	const enum emergency class =
		via ? emergency_class(dry->config, trunk_settings(via), dry->invite)
		    : EMERGENCY_NO;

	return class == EMERGENCY_NO && dry->emergency ? EMERGENCY_PRIORITY : class;
}

/* Who calls whom, as it comes, and after the rules of whose call it is. False: without memory. */
static bool read_party(struct dry *dry)
{
	const struct config_trunk *via = dry->via ? trunk_settings(dry->via) : NULL;

	if (party_read(&dry->party, dry->invite))
		return false;
	dry->called_received = party_number(&dry->party->called);
	dry->caller_received = party_number(&dry->party->from);
	dry->class = class_of(dry);
	dry->party->emergency =
		emergency_is_configured(dry->config, &dry->party->called.phone);
	dry->party->urgent = dry->class != EMERGENCY_NO;
	dry->rules =
		via ? number_json(&via->numbers, NUMBER_IN, dry->party) : json_array();
	if (via && party_rules_arrive(dry->party, dry->config, via, dry->class))
		return false;
	dry->called = party_number(&dry->party->called);
	dry->calling = party_number(party_caller(dry->party));
	return dry->called_received && dry->caller_received && dry->called &&
	       dry->calling;
}

static bool is_user(const char *text)
{
	return !strpbrk(text, " \r\n<>@?");
}

static void add_header(struct buf *out, const char *name, const char *before,
	const char *value, const char *behind)
{
	if (value[0])
		buf_printf(out, "%s: %s%s%s\r\n", name, before, value, behind);
}

/*
 * The INVITE of such a call is read like any other: so what is a number, and what is an emergency call, is
 * the same here. False: NUMBER or the caller is no user part of a URI.
 */
static bool make_invite(struct dry *dry)
{
	const bool hides = !dry->caller[0];
	struct message_fault fault;
	struct buf text;
	bool good = is_user(dry->number) && is_user(dry->caller) &&
		    is_user(dry->asserted) && is_user(dry->diversion) &&
		    !strpbrk(dry->privacy, "\r\n");

	buf_init(&text, 0);
	buf_printf(&text,
		"INVITE sip:%s@tandem.test SIP/2.0\r\n"
		"Via: SIP/2.0/TLS tandem.test;branch=z9hG4bK1\r\n"
		"Max-Forwards: 70\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
		"From: <sip:%s@%s>;tag=1\r\nTo: <sip:%s@tandem.test>\r\n"
		"Contact: <sip:tandem.test>\r\n",
		dry->number, hides ? "anonymous" : dry->caller,
		hides ? "anonymous.invalid" : "tandem.test", dry->number);
	add_header(&text, "P-Asserted-Identity", "<sip:", dry->asserted, "@tandem.test>");
	add_header(&text, "Privacy", "", dry->privacy, "");
	add_header(&text, "Diversion", "<sip:", dry->diversion,
		"@tandem.test>;reason=unconditional");
	buf_add_str(&text, "Content-Length: 0\r\n\r\n");
	good = good && !text.err &&
	       message_parse(&dry->invite, text.data, text.len, &fault) == 0 &&
	       !fault.status && read_party(dry);
	buf_free(&text);
	return good;
}

static struct pick_question question_of(const struct dry *dry)
{
	struct pick_question question = {.config = dry->config,
		.emergency = dry->class != EMERGENCY_NO,
		.dry = true};

	question.call = (struct route_call){.kind = TRUNK_SERVER,
		.called = span_of(dry->called),
		.caller = span_of(dry->calling)};
	if (dry->via)
		question.call =
			pick_call(dry->via, question.call.called, question.call.caller);
	return question;
}

/* ---- the answer ---- */

/* The best of PATTERNS that fits NUMBER; null: there is none. */
static json_t *pattern_json(const struct config_words *patterns, struct span number)
{
	struct pattern_fit fit;
	const char *best = route_best(patterns, number, &fit);

	return best ? json_string(best) : json_null();
}

static json_t *route_name_json(const struct config_route *route)
{
	return route->name ? json_string(route->name) : json_null();
}

static json_t *obstacle_json(const struct obstacle *obstacle)
{
	char words[OBSTACLE_TEXT_SIZE];

	return obstacle->kind ? api_text(obstacle_text(obstacle, words)) : json_null();
}

static json_t *lines_json(const char *text)
{
	json_t *lines = json_array();
	struct span rest = span_of(text), line;

	while (span_next(&rest, '\n', &line))
		if (line.len > 1)
			json_array_append_new(lines, json_stringn(line.p, line.len - 1));
	return lines;
}

/* What TRUNK would be shown: its rules, the numbers that leave, and all that says who calls whom, line by
 * line. Null: it would be refused, or there is no memory. */
static json_t *sent_json(const struct dry *dry, const struct trunk *trunk)
{
	const struct config_trunk *settings = trunk_settings(trunk);
	struct party_dry sent;
	json_t *ret;

	if (party_dry(&sent, dry->party, trunk, dry->config->tandem.fqdn))
		party_dry_free(&sent);
	ret = json_pack("{s:o, s:s?, s:s?, s:o}", "rules",
		number_json(&settings->numbers, NUMBER_OUT, dry->party), "called_sent",
		sent.called, "caller_sent", sent.caller, "leaves",
		sent.lines ? lines_json(sent.lines) : json_null());
	party_dry_free(&sent);
	return ret;
}

static json_t *target_json(const struct dry *dry, const struct pick_question *question,
	const struct pick_target *target)
{
	const struct trunk *trunk = target->trunk;
	char signalling[64], media[64];
	struct pick_opinion opinion;
	json_t *row;

	pick_judge(dry->context->trunks, trunk, question, &opinion);
	row = json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:i, s:i, s:s, s:i, s:s, s:s, s:s, s:o, s:o}",
		"kind", trunk_word(trunk->kind), "id", trunk->id, "route",
		route_name_json(target->route), "prefix",
		pattern_json(&target->route->prefixes, question->call.called),
		"caller_prefix",
		pattern_json(&target->route->callers, question->call.caller), "priority",
		(int)target->route->priority, "weight", (int)target->route->weight,
		"host", trunk_host(trunk), "port", (int)trunk_port(trunk), "transport",
		transport_kind_name(trunk_transport(trunk)), "signalling",
		protection_required(
			trunk, TALLY_SIGNALLING, signalling, sizeof(signalling)),
		"media", protection_required(trunk, TALLY_MEDIA, media, sizeof(media)),
		"obstacle", obstacle_json(&opinion.obstacle), "crossing",
		crossing_json(dry->via ? trunk_settings(dry->via) : NULL,
			trunk_settings(trunk)));
	json_object_update_missing_new(row, sent_json(dry, trunk));
	return row;
}

/* Why one that is no target is none: one word, and in words. In the order of how near it was. */
static const struct {
	const char *why, *words;
} reasons[] = {
	{"later", "behind the last that is asked"},
	{"obstacle", ""},
	{"caller", "its callers do not fit the calling number"},
	{"called", "its prefixes do not fit the called number"},
	{"source", "its sources do not name the caller"},
	{"side", "calls-to of the caller leads to the other side, and it names no "
		 "sources"},
	{"itself", "the call comes from it"},
};
#define REASONS (sizeof(reasons) / sizeof(reasons[0]))

static unsigned reason_of(const struct pick_opinion *opinion)
{
	static const unsigned of_verdict[ROUTE_VERDICTS] = {
		[ROUTE_NOT_CALLER] = 2,
		[ROUTE_NOT_CALLED] = 3,
		[ROUTE_NOT_SOURCE] = 4,
		[ROUTE_NOT_SIDE] = 5,
	};

	if (opinion->is_caller)
		return 6;
	if (opinion->verdict != ROUTE_FITS)
		return of_verdict[opinion->verdict];
	return opinion->obstacle.kind ? 1 : 0;
}

static json_t *other_json(
	const struct trunk *trunk, unsigned reason, const struct obstacle *obstacle)
{
	const bool is_obstacle = reason == 1;

	return json_pack("{s:s, s:s, s:s, s:o}", "kind", trunk_word(trunk->kind), "id",
		trunk->id, "why",
		is_obstacle ? obstacle_word(obstacle->kind) : reasons[reason].why,
		"words",
		is_obstacle ? obstacle_json(obstacle)
			    : json_string(reasons[reason].words));
}

static bool is_target(const struct pick *pick, const struct trunk *trunk)
{
	for (unsigned i = 0; i < pick->count; i++)
		if (pick->list[i].trunk == trunk)
			return true;
	return false;
}

/* The others by how near they were, as many as are named; *RET_LEFT more are not. */
static json_t *others_json(const struct dry *dry, const struct pick_question *question,
	const struct pick *pick, unsigned *ret_left)
{
	json_t *lists[REASONS], *others = json_array();
	unsigned counts[REASONS] = {0}, named = 0;

	*ret_left = 0;
	for (unsigned i = 0; i < REASONS; i++)
		lists[i] = json_array();
	for (unsigned kind = TRUNK_SERVER; kind <= TRUNK_GATEWAY; kind++) {
		const struct trunk *trunk;

		for (unsigned i = 0; (trunk = trunks_at(dry->context->trunks,
					      (enum trunk_kind)kind, i)) != NULL;
			i++) {
			struct pick_opinion opinion;
			unsigned reason;

			if (is_target(pick, trunk))
				continue;
			pick_judge(dry->context->trunks, trunk, question, &opinion);
			reason = reason_of(&opinion);
			if (counts[reason]++ < OTHERS_MAX)
				json_array_append_new(lists[reason],
					other_json(trunk, reason, &opinion.obstacle));
		}
	}
	for (unsigned i = 0; i < REASONS; i++) {
		const json_t *other;
		size_t at;

		json_array_foreach(lists[i], at, other)
		{
			if (named == OTHERS_MAX)
				break;
			json_array_append(others, (json_t *)(uintptr_t)other);
			named++;
		}
		*ret_left += counts[i];
		json_decref(lists[i]);
	}
	*ret_left -= named;
	return others;
}

/* What a caller would be answered where there is no target; null: there is one. */
static json_t *status_json(const struct pick *pick)
{
	if (pick->count)
		return json_null();
	return json_integer(pick->routed ? 503 : 404);
}

static json_t *answer_json(const struct dry *dry)
{
	const struct pick_question question = question_of(dry);
	json_t *targets = json_array();
	char via[80] = "any server";
	struct pick pick;
	unsigned left;
	json_t *others;

	if (dry->via)
		trunk_name(dry->via, via);
	pick_candidates(dry->context->trunks, &question, &pick);
	for (unsigned i = 0; i < pick.count; i++)
		json_array_append_new(
			targets, target_json(dry, &question, &pick.list[i]));
	others = others_json(dry, &question, &pick, &left);
	return json_pack("{s:s, s:s, s:O, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:i}",
		"called_received", dry->called_received, "caller_received",
		dry->caller_received, "rules", dry->rules, "called", dry->called,
		"caller", dry->calling, "via", via, "emergency", (int)question.emergency,
		"status", status_json(&pick), "targets", targets, "others", others,
		"others_left_out", (int)left);
}

enum api_code route_verb_test(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct dry dry = {.context = arg,
		.caller = "",
		.asserted = "",
		.privacy = "",
		.diversion = ""};
	enum api_code code = read_args(&dry, args, arg_count, text);

	if (code != API_OK)
		return code;
	dry.config = dry.context->config_h(dry.context->arg);
	if (make_invite(&dry)) {
		*ret_result = answer_json(&dry);
	} else {
		code = API_USAGE;
		err_set(text, 0, "NUMBER and N are a number, or the user part of a URI");
	}
	party_free(dry.party);
	message_unref(dry.invite);
	free(dry.called_received);
	free(dry.caller_received);
	free(dry.called);
	free(dry.calling);
	json_decref(dry.rules);
	return code;
}
