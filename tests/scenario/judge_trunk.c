/*
 * What trunks look after by themselves: credentials, and calls that a path could carry. What the steps did to
 * the world is followed here, so that a path that lives is told from one that may not.
 */
#include "judge_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* First requests in one dialog: once, and again as often as a far end asks, for credentials and, four times, for an
 * interval (422). */
#define REPEATS_MAX 8
/* So long after it came a refusal is Tandem's own, and no far end's silence. */
#define AT_ONCE_US UINT64_C(1000000)
/* An emergency call that was tried for so long may end, whoever is left. */
#define EMERGENCY_US UINT64_C(20000000)

/* ---- what the steps did ---- */

/* That of PARTY, made where there is none; NULL: there are too many. */
static struct judge_path *path_of(struct judge *judge, const char *party)
{
	for (unsigned i = 0; i < judge->path_count; i++)
		if (!strcmp(judge->paths[i].party, party))
			return &judge->paths[i];
	if (judge->path_count == JUDGE_PATHS || strlen(party) >= JUDGE_PARTY)
		return NULL;
	strcpy(judge->paths[judge->path_count].party, party);
	return &judge->paths[judge->path_count++];
}

/* What a party's verb makes of its path. */
enum change {
	CHANGE_AWAY,
	CHANGE_BACK,
	CHANGE_STALLS,
	CHANGE_READS,
	CHANGE_SHAKES,
	CHANGE_SHOOK,
	CHANGE_LOST, /* for good: what comes of it is not followed */
};

static const struct {
	const char *verb;
	enum change change;
} changes[] = {{"vanishes", CHANGE_AWAY}, {"refuses", CHANGE_AWAY},
	{"returns", CHANGE_BACK}, {"stalls", CHANGE_STALLS}, {"reads", CHANGE_READS},
	{"shakes", CHANGE_SHAKES}, {"opens", CHANGE_SHOOK}, {"gives", CHANGE_SHOOK},
	{"refused", CHANGE_LOST}, {"dies", CHANGE_LOST}, {"closes", CHANGE_LOST},
	{"bounces", CHANGE_LOST}};

static void change_path(struct judge_path *path, enum change change)
{
	switch (change) {
	case CHANGE_AWAY:
	case CHANGE_BACK:
		path->away = change == CHANGE_AWAY;
		break;
	case CHANGE_STALLS:
	case CHANGE_READS:
		path->stalls = change == CHANGE_STALLS;
		break;
	case CHANGE_SHAKES:
	case CHANGE_SHOOK:
		path->shakes = change == CHANGE_SHAKES;
		break;
	case CHANGE_LOST:
		path->lost = true;
		break;
	}
	path->suspect = true;
}

static void play_party(struct judge *judge, const struct step *step)
{
	struct judge_path *path =
		step->count >= 2 && stage_party(judge->stage, step->words[0])
			? path_of(judge, step->words[0])
			: NULL;

	if (!path)
		return;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (!strcmp(step->words[1], changes[i].verb))
			change_path(path, changes[i].change);
	if (!strcmp(step->words[1], "pings") && step->count > 2 &&
		strcmp(step->words[2], "200") != 0)
		path->suspect = true;
}

/* The name HOST leads to ADDRESS, where somebody else may be. */
static void note_led(struct judge *judge, const char *host, const char *address)
{
	char text[ADDR_TEXT_SIZE];

	LIST_FOREACH (&judge->stage->parties, node, next) {
		struct party *party = LIST_ENTRY(node, struct party, node);

		if (strcmp(party->host, host) != 0 &&
			!strcmp(addr_host_text(&party->addr, text), address))
			party->led_to = true;
	}
}

/* A name that leads elsewhere, or nowhere. */
static void play_dns(struct judge *judge, const struct step *step)
{
	LIST_FOREACH (&judge->stage->parties, node, next) {
		const struct party *party = LIST_ENTRY(node, struct party, node);
		struct judge_path *path =
			step->count > 2 && !strcmp(party->host, step->words[1])
				? path_of(judge, party->name)
				: NULL;

		if (!path)
			continue;
		path->suspect = true;
		if (!strcmp(step->words[2], "waits") ||
			!strcmp(step->words[2], "answers"))
			path->unnamed = !strcmp(step->words[2], "waits");
		else
			path->lost = path->elsewhere = true;
	}
	for (unsigned i = 3; i < step->count; i++)
		note_led(judge, step->words[1], step->words[i]);
}

void judge_trunk_played(struct judge *judge, const struct step *step)
{
	const char *first = step->words[0],
		   *second = step->count > 1 ? step->words[1] : "";

	play_party(judge, step);
	if (!strcmp(first, "dns"))
		play_dns(judge, step);
	if (!strcmp(first, "reload") || !strcmp(first, "rebirth"))
		judge->changed_us = judge_now_us(judge);
	if (!strcmp(first, "rebirth"))
		judge->reborn_us = judge_now_us(judge);
	if (!strcmp(first, "operator") &&
		(!strcmp(second, "hangs") || !strcmp(second, "ends")))
		judge->hung_up_us = judge_now_us(judge);
	if (!strcmp(first, "operator") || !strcmp(first, "audit") ||
		!strcmp(first, "load"))
		judge->hindered = true;
	if (!strcmp(first, "register"))
		judge->hindered = true;
	if (!strcmp(first, "relay"))
		judge->hindered = judge->short_of_ports = true;
	for (unsigned i = 1; i < step->count; i++)
		if (!strncmp(step->words[i], "max-", 4))
			judge->hindered = true;
		else if (!strncmp(step->words[i], "options-ping", 12) ||
			 !strncmp(step->words[i], "rest-max", 8))
			judge->pinged = true;
}

/* ---- paths ---- */

const struct config_trunk *judge_trunk_settings(
	const struct judge *judge, const struct party *party)
{
	const struct config *config = judge->stage->config;
	const struct config_server *server = config_server_find(config, party->name);
	const struct config_gateway *gateway = config_gateway_find(config, party->name);

	if (party->side == SIDE_INTERNAL)
		return server ? &server->common : NULL;
	return gateway ? &gateway->common : NULL;
}

static enum transport_kind kind_of(const struct config_trunk *settings)
{
	if (settings->tls == CONFIG_TLS_YES)
		return TRANSPORT_TLS;
	return settings->transport == CONFIG_TCP ? TRANSPORT_TCP : TRANSPORT_UDP;
}

/* Whether a call can surely be offered to PARTY now. */
static bool lives(struct judge *judge, const struct party *party)
{
	const struct config_trunk *settings = judge_trunk_settings(judge, party);
	const struct judge_path *path = path_of(judge, party->name);

	return settings && settings->enabled && kind_of(settings) == party->kind &&
	       !settings->codecs.count && path && !path->away && !path->stalls &&
	       !path->shakes && !path->lost && !path->unnamed && !party->unseen &&
	       !strcmp(settings->host, party->host);
}

/* Whether Tandem offered CALL to PARTY. */
static bool was_offered(struct judge *judge, uint64_t call, const struct party *party)
{
	LIST_FOREACH (&judge->invited, node, next) {
		const struct judge_invited *invited =
			LIST_ENTRY(node, struct judge_invited, node);

		if (call && invited->call == call && (!party || invited->party == party))
			return true;
	}
	return false;
}

/* A path of the other side than that of CALLER that lives and was not tried; NULL: none. Not SUSPECT ones
 * where SURE. */
static const struct party *untried(
	struct judge *judge, const struct party *caller, uint64_t call, bool sure)
{
	LIST_FOREACH (&judge->stage->parties, node, next) {
		const struct party *party = LIST_ENTRY(node, struct party, node);

		if (party->side == caller->side || !lives(judge, party) ||
			was_offered(judge, call, party))
			continue;
		if (!sure || !path_of(judge, party->name)->suspect)
			return party;
	}
	return NULL;
}

/* Whether somebody said of CALL that it ends everywhere. */
static bool was_ended(struct judge *judge, uint64_t call)
{
	LIST_FOREACH (&judge->invited, node, next) {
		const struct judge_invited *invited =
			LIST_ENTRY(node, struct judge_invited, node);

		if (invited->call == call && (invited->everywhere || invited->rang))
			return true;
	}
	return false;
}

/* Whether a name leads to the address of another party by now. */
static bool is_led_away(const struct judge *judge)
{
	for (unsigned i = 0; i < judge->path_count; i++)
		if (judge->paths[i].elsewhere)
			return true;
	return false;
}

/* Whether PARTY makes a call that has no final response yet: it is never offered its own. */
static bool is_caller(struct judge *judge, const struct party *party)
{
	LIST_FOREACH (&judge->asked, node, next) {
		const struct judge_asked *asked =
			LIST_ENTRY(node, struct judge_asked, node);

		if (asked->party == party && asked->method == MESSAGE_INVITE &&
			!asked->status)
			return true;
	}
	return false;
}

/* ---- calls that a path could carry ---- */

bool judge_trunk_is_emergency(
	const struct judge *judge, const struct stage_passed *passed)
{
	const struct config *config = judge->stage->config;
	struct span priority;

	if (judge->stage->outside || !config->emergency.numbers.count ||
		passed->party->side != SIDE_INTERNAL)
		return false;
	if (span_equal_str(message_request_uri(passed->message)->user, "112"))
		return true;
	return message_line(passed->message, "Priority", 0, &priority) &&
	       span_equal_nocase(priority, "emergency");
}

/* What Tandem says where nothing takes the call. */
static bool is_no_path(int status)
{
	return status == 503 || status == 480 || status == 404;
}

/* Whether ASKED offers what anybody takes: one line of audio, protected where its transport is, or nothing. */
static bool is_common(const struct judge_asked *asked)
{
	const bool tls = asked->kind == TRANSPORT_TLS;
	const char *line = asked->offer ? strstr(asked->offer, "\nm=") : NULL;
	const char *wanted = tls ? " RTP/SAVP 8 0 101\r" : " RTP/AVP 8 0 101\r";

	if (!asked->offer)
		return true;
	return line && !strstr(line + 1, "\nm=") && !strncmp(line, "\nm=audio ", 10) &&
	       strncmp(line, "\nm=audio 0 ", 12) != 0 && strstr(line, wanted) &&
	       tls == (strstr(line, "\na=crypto:1 AES_CM_128_HMAC_SHA1_80 ") != NULL);
}

void judge_trunk_refused(
	struct judge *judge, const struct judge_asked *asked, int status, uint64_t call)
{
	const struct config_trunk *settings = judge_trunk_settings(judge, asked->party);
	const uint64_t age_us = judge_now_us(judge) - asked->at_us;
	const struct party *party;

	if (judge->stage->outside || asked->excused || asked->to_tag[0] ||
		!is_common(asked) || !is_no_path(status) || !settings ||
		!settings->enabled || settings->calls_to != CONFIG_CALLS_TO_OTHER ||
		kind_of(settings) != asked->party->kind ||
		judge->changed_us >= asked->at_us || judge->short_of_ports ||
		judge->hung_up_us >= asked->at_us)
		return;
	if (asked->emergency && age_us < EMERGENCY_US && !was_ended(judge, call)) {
		party = untried(judge, asked->party, call, false);
		if (party)
			judge_fault(judge, "emergency",
				"%d to an emergency call of %s, and %s was not tried",
				status, asked->party->name, party->name);
	}
	if (!judge->hindered && age_us < AT_ONCE_US && !was_offered(judge, call, NULL)) {
		party = untried(judge, asked->party, call, true);
		if (party)
			judge_fault(judge, "usable",
				"%d to a call of %s, and %s was there", status,
				asked->party->name, party->name);
	}
}

/* ---- credentials ---- */

static bool has_asked(struct judge *judge, const struct party *party, struct span nonce)
{
	for (unsigned i = 0; i < judge->challenge_count; i++)
		if (judge->challenges[i].party == party &&
			span_equal_str(nonce, judge->challenges[i].nonce))
			return true;
	return false;
}

/* The value of NAME="..." in LINE; empty where it has none. */
static struct span quoted(struct span line, const char *name)
{
	const size_t len = strlen(name);
	struct span value = {NULL, 0};
	const char *at = line.p;

	while ((at = memmem(at, (size_t)(line.p + line.len - at), name, len)) &&
		!strchr(" ,", at[-1]))
		at++;
	if (!at || at + len + 2 > line.p + line.len)
		return value;
	value.p = at + len + 2;
	while (value.p + value.len < line.p + line.len && value.p[value.len] != '"')
		value.len++;
	return value;
}

static void note_line(struct judge *judge, const struct party *party, struct span line)
{
	const struct span nonce = quoted(line, "nonce");
	struct judge_challenge *known = &judge->challenges[judge->challenge_count];

	if (!nonce.len || has_asked(judge, party, nonce) ||
		judge->challenge_count == JUDGE_CHALLENGES ||
		span_copy(nonce, known->nonce, sizeof(known->nonce)))
		return;
	known->party = party;
	judge->challenge_count++;
}

/* ---- rest ---- */

/* The least answer-within of random flows: what says nothing for longer may have been given up, and is not listened
 * to any more. */
#define SURELY_AWAITED_US 1000000

/* Whether RESPONSE answers an INVITE of Tandem's that began a dialog, whose call goes on, and which was surely not
 * given up: the call was offered to nobody since, and it comes soon. */
static bool answers_first(struct judge *judge, const struct stage_passed *passed)
{
	const struct message *response = passed->message;
	const struct judge_invited *found = NULL;

	LIST_FOREACH (&judge->invited, node, next) {
		const struct judge_invited *invited =
			LIST_ENTRY(node, struct judge_invited, node);

		if (found && invited->call == found->call)
			found = NULL;
		if (invited->party == passed->party && !invited->to_tag[0] &&
			!invited->refused && invited->flow == passed->flow->id &&
			!invited->answer_count &&
			!judge_has_record(judge, invited->call) &&
			message_method(response) == MESSAGE_INVITE &&
			span_equal_str(message_via(response)->branch, invited->branch))
			found = invited;
	}
	return found && judge_now_us(judge) - found->at_us < SURELY_AWAITED_US;
}

/* Generated ones are far below the default of rest-max, which would bound them. */
static void note_rest(
	struct judge *judge, const struct stage_passed *passed, struct judge_path *path)
{
	const uint64_t now_us = judge_now_us(judge);
	const int status = message_status(passed->message);
	const struct config_trunk *settings = judge_trunk_settings(judge, passed->party);
	struct span line;

	if (status < 500)
		path->rests_until_us = 0;
	/* what it says over the transport of before a reload is not said of the one of now */
	if (!settings || kind_of(settings) != passed->flow->kind || status != 503 ||
		!answers_first(judge, passed) ||
		!message_line(passed->message, "Retry-After", 0, &line))
		return;
	path->rests_from_us = now_us;
	path->rests_until_us = now_us + (uint64_t)atoi(line.p) * 1000000;
}

/* Whether another than TO, of its side, is there for CALL. */
static bool has_other(struct judge *judge, const struct party *to, uint64_t call)
{
	LIST_FOREACH (&judge->stage->parties, node, next) {
		const struct party *party = LIST_ENTRY(node, struct party, node);

		if (party != to && party->side == to->side && lives(judge, party) &&
			!path_of(judge, party->name)->suspect &&
			!was_offered(judge, call, party) && !is_caller(judge, party))
			return true;
	}
	return false;
}

static void check_rest(struct judge *judge, const struct stage_passed *passed)
{
	const struct judge_path *path = path_of(judge, passed->party->name);
	const uint64_t now_us = judge_now_us(judge);

	if (!path || judge->stage->outside || judge->hindered || judge->pinged ||
		is_led_away(judge) || now_us <= path->rests_from_us ||
		now_us >= path->rests_until_us ||
		judge->changed_us >= path->rests_from_us)
		return;
	if (has_other(judge, passed->party, passed->call))
		judge_fault(judge, "resting", "INVITE to %s, which rests for %u ms more",
			passed->party->name,
			(unsigned)((path->rests_until_us - now_us) / 1000));
}

void judge_trunk_came(struct judge *judge, const struct stage_passed *passed)
{
	static const char *const headers[] = {"WWW-Authenticate", "Proxy-Authenticate"};
	const int status = message_status(passed->message);
	struct judge_path *path = path_of(judge, passed->party->name);
	struct span line;

	for (unsigned i = 0; i < 2; i++)
		for (unsigned nth = 0;
			message_line(passed->message, headers[i], nth, &line); nth++)
			note_line(judge, passed->party, line);
	if (path)
		note_rest(judge, passed, path);
	if (path && (status >= 500 || status == 408 || status == 480))
		path->suspect = true;
}

/* Names of users are "PARTY-user". */
static void check_line(
	struct judge *judge, const struct stage_passed *passed, struct span line)
{
	const char *name = passed->party->name;
	const struct span nonce = quoted(line, "nonce");
	const struct span whose = quoted(line, "username");
	char user[JUDGE_PARTY + 8];

	snprintf(user, sizeof(user), "%.*s-user", JUDGE_PARTY, name);
	/* a name that was led here may be that of another */
	if (is_led_away(judge))
		return;
	if (!span_equal_str(whose, user))
		judge_fault(judge, "credentials", "of %.*s to %s", SPAN_ARG(whose), name);
	else if (!has_asked(judge, passed->party, nonce))
		judge_fault(judge, "credentials", "for %.*s to %s, which did not ask so",
			SPAN_ARG(nonce), name);
}

/* How many first requests of its dialog were sent with this one. */
static unsigned count_first(struct judge *judge, const struct message *request)
{
	unsigned count = 1;

	LIST_FOREACH (&judge->invited, node, next) {
		const struct judge_invited *invited =
			LIST_ENTRY(node, struct judge_invited, node);

		count += !invited->to_tag[0] &&
			 span_equal_str(message_call_id(request), invited->call_id) &&
			 !span_equal_str(message_via(request)->branch, invited->branch);
	}
	return count;
}

void judge_trunk_sent(struct judge *judge, const struct stage_passed *passed, bool again)
{
	static const char *const headers[] = {"Authorization", "Proxy-Authorization"};
	struct span line;

	for (unsigned i = 0; i < 2; i++)
		for (unsigned nth = 0;
			message_line(passed->message, headers[i], nth, &line); nth++)
			check_line(judge, passed, line);
	/* who answers OPTIONS by hand may not do so in time */
	if (message_method(passed->message) == MESSAGE_OPTIONS &&
		passed->party->pinged.status[0] != 200 &&
		path_of(judge, passed->party->name))
		path_of(judge, passed->party->name)->suspect = true;
	if (message_method(passed->message) != MESSAGE_INVITE ||
		message_to(passed->message)->tag.len)
		return;
	if (count_first(judge, passed->message) > REPEATS_MAX)
		judge_fault(judge, "asked-again", "INVITE to %s more than %d times",
			passed->party->name, REPEATS_MAX);
	if (!again)
		check_rest(judge, passed);
}

void judge_trunk_step(struct judge *judge)
{
	LIST_FOREACH (&judge->invited, node, next) {
		const struct judge_invited *invited =
			LIST_ENTRY(node, struct judge_invited, node);
		struct judge_path *path = path_of(judge, invited->party->name);

		/* it is silent, as far as Tandem can tell */
		if (path && !invited->rang && !invited->refused && !invited->answered &&
			judge_now_us(judge) - invited->at_us > AT_ONCE_US)
			path->suspect = true;
	}
}
