#include "play.h"

#include "endpoint.h"
#include "ends.h"
#include "expect.h"
#include "inside.h"
#include "learns.h"
#include "outside.h"
#include "pinged.h"
#include "rebirth.h"
#include "subscribed.h"

#include "../unit/tls/lab.h"

#include "base/loop.h"
#include "bridge/call_review.h"
#include "bridge/demand.h"
#include "bridge/drill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 64*T1 and 5 s (threats.md, L5), and as much again for what a timer then starts. */
#define PLAY_REST_MS (2 * 37000)

typedef int play_h(struct stage *stage, const struct step *step, struct err_text *error);

/* ---- before the curtain ---- */

/* "gateway ID profile=NAME ...": the shipped file itself, below $srcdir, says what the stage says else. */
static void take_profile(struct stage *stage, const char *id)
{
	const char *top = getenv("srcdir");
	char folder[300];
	char *path;

	snprintf(folder, sizeof(folder), "%s/gateway-profiles", top ? top : ".");
	path = realpath(folder, NULL);
	if (!path)
		abort();
	stage_set(stage, "tandem", "", "profile-dir", path);
	stage_set(stage, "gateway", id, "tls", NULL);
	free(path);
}

/* The KEY=VALUE of STEP; KEY="VALUE" where it has blanks, one at a time. */
static int set_keys(struct stage *stage, const struct step *step, const char *section,
	const char *id, struct err_text *error)
{
	for (unsigned i = 2; i < step->count; i++) {
		char *key = step->words[i];
		char *value = strchr(key, '=');

		if (!value)
			return err_set(error, ERR_FORMAT, "KEY=VALUE, not %s", key);
		*value++ = '\0';
		if (*value == '"') {
			while (value[strlen(value) - 1] != '"' && ++i < step->count)
				value[strlen(value)] = ' ';
			value[strlen(value) - 1] = '\0';
			value++;
		}
		if (!strcmp(key, "profile"))
			take_profile(stage, id);
		stage_set(stage, section, id, key, value);
	}
	return 0;
}

/* "server ID KEY=VALUE ...", "gateway ID ...", "capture ID ...", "route GATEWAY/NAME ..." */
static int play_party(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	const char *section = step->words[0];
	const char *id = step->count > 1 ? step->words[1] : "";
	char host[80];

	if (!strcmp(section, "route") && !strchr(id, '/'))
		return err_set(error, ERR_FORMAT, "route GATEWAY/NAME");
	snprintf(host, sizeof(host), "%s.%s", id,
		!strcmp(section, "server") ? "corp.example" : "carrier.example");
	if (!strcmp(section, "gateway") && !stage_party(stage, id) && strcmp(id, "gw")) {
		stage_set(stage, section, id, "host", host);
		stage_set(stage, section, id, "tls", "no");
	} else if (!strcmp(section, "server") && strcmp(id, "pbx")) {
		stage_set(stage, section, id, "host", host);
	}
	return set_keys(stage, step, section, id, error);
}

/* "set SECTION KEY=VALUE ..." */
static int play_set(struct stage *stage, const struct step *step, struct err_text *error)
{
	return set_keys(stage, step, step->words[1], "", error);
}

/* "secret FILE PASSWORD": what auth-secret = FILE of a server, or ../FILE of a gateway, names */
static int play_secret(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	char line[128];
	int len;

	(void)stage;
	if (step->count != 3)
		return err_set(error, ERR_FORMAT, "secret FILE PASSWORD");
	len = snprintf(line, sizeof(line), "%s\n", step->words[2]);
	lab_write(step->words[1], line, (size_t)len, 0600);
	return 0;
}

/* "remove gateway ID" */
static int play_remove(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	if (step->count != 3)
		return err_set(error, ERR_FORMAT, "remove server|gateway ID");
	stage_set(stage, step->words[1], step->words[2], NULL, NULL);
	return 0;
}

/* ---- the world ---- */

static int play_reload(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	(void)step;
	return stage_reload(stage, error);
}

/* "rebirth" */
static int play_rebirth(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	(void)step;
	return rebirth(stage, error);
}

static enum transport_kind kind_of(const char *word)
{
	if (!strcmp(word, "tcp"))
		return TRANSPORT_TCP;
	return !strcmp(word, "tls") ? TRANSPORT_TLS : TRANSPORT_UDP;
}

/* "node NAME internal|external ADDRESS [tcp|tls [as ID]]": somebody who is not configured, or a
 * second machine of a server or gateway, with its certificate */
static int play_node(struct stage *stage, const struct step *step, struct err_text *error)
{
	struct party *party;

	if (step->count < 4)
		return err_set(error, ERR_FORMAT, "node NAME SIDE ADDRESS");
	party = stage_add_party(stage, step->words[1],
		!strcmp(step->words[2], "internal") ? SIDE_INTERNAL : SIDE_EXTERNAL,
		step->words[1], step->words[3],
		kind_of(step->count > 4 ? step->words[4] : "udp"));
	if (step->count > 6)
		party->as = strdup(step->words[6]);
	return 0;
}

/* "dns HOST = ADDRESS ...", "dns HOST fails", "dns HOST waits", "dns HOST answers" */
static int play_dns(struct stage *stage, const struct step *step, struct err_text *error)
{
	struct addr addrs[RESOLVE_MAX];
	const char *host = step->words[1];
	unsigned count = 0;

	if (step->count < 3)
		return err_set(error, ERR_FORMAT, "dns HOST = ADDRESS ...");
	if (!strcmp(step->words[2], "waits")) {
		names_hold(stage->resolver, host);
		return 0;
	}
	if (!strcmp(step->words[2], "answers")) {
		names_answer(stage->resolver, host);
		stage_settle(stage);
		return 0;
	}
	for (unsigned i = 3; i < step->count && count < RESOLVE_MAX; i++)
		if (addr_parse(&addrs[count++], step->words[i], 0))
			return err_set(
				error, ERR_FORMAT, "no address: %s", step->words[i]);
	names_set(stage->resolver, host, addrs, count);
	return 0;
}

/* "advance MS" */
static int play_advance(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	(void)error;
	stage_advance(stage, strtoull(step->words[1], NULL, 10));
	return 0;
}

/* "after MS expect ...": so long after the last message, not earlier, and nothing between. A
 * timer may be late by the millisecond that the clock had begun. */
static int play_after(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	uint64_t ms = step->count > 3 ? strtoull(step->words[1], NULL, 10) : 0;
	uint64_t passed_ms = (stage->clock.mono_us - stage->wire_us + 999) / 1000;
	int err;

	if (ms < passed_ms + 2)
		return err_set(error, ERR_FORMAT,
			"after MS expect ..., %llu ms passed already",
			(unsigned long long)passed_ms);
	stage_advance(stage, ms - passed_ms - 1);
	err = expect_nothing(stage, error);
	if (err)
		return err;
	stage_advance(stage, 3);
	return expect_step(stage, step, step->words + 3, error);
}

/* "within MS expect ...": what comes at some time chosen by chance, so long from now at most. */
static int play_within(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	uint64_t left_ms = step->count > 3 ? strtoull(step->words[1], NULL, 10) : 0;
	const uint64_t part_ms = left_ms > 10000 ? 50 : 1;

	for (; !stage_unread(stage) && left_ms > 0; left_ms -= part_ms) {
		stage_advance(stage, part_ms);
		if (left_ms < part_ms)
			break;
	}
	return expect_step(stage, step, step->words + 3, error);
}

static int play_expect(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	return expect_step(stage, step, step->words + 1, error);
}

/* "relay empty", "relay full", "relay busy", "relay idle", "relay silence SIDE",
 * "relay digit SIDE EVENT MS", "relay latches SIDE ADDRESS" */
static int play_relay(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	const char *what = step->count > 1 ? step->words[1] : "";
	enum relay_end end = ends_find(
		stage->bridge, stage->relay, step->count > 2 ? step->words[2] : "");
	struct addr found;

	if (!strcmp(what, "silence") && step->count > 2)
		told_silence(stage->relay, end);
	else if (!strcmp(what, "digit") && step->count > 4)
		told_hear(stage->relay, end,
			(struct dtmf_digit){.event = (uint8_t)atoi(step->words[3]),
				.duration_ms = (uint16_t)atoi(step->words[4])});
	else if (!strcmp(what, "latches") && step->count > 3 &&
		 !addr_parse(&found, step->words[3], 0))
		told_latch(stage->relay, end, &found);
	else if (!strcmp(what, "empty") || !strcmp(what, "full"))
		told_set_empty(stage->relay, *what == 'e');
	else if (!strcmp(what, "busy") || !strcmp(what, "idle"))
		told_set_busy(stage->relay, *what == 'b');
	else
		return err_set(error, ERR_FORMAT,
			"relay empty|full|busy|idle|silence SIDE|"
			"digit SIDE EVENT MS|latches SIDE ADDRESS");
	stage_settle(stage);
	return 0;
}

static int start_drill(struct stage *stage, const char *id, struct err_text *error)
{
	static const struct testcall_user nobody;
	struct trunk *trunk = trunks_find(stage->trunks, TRUNK_GATEWAY, id);
	struct testcall *drill;
	bool was = inside_set(true);
	int err = trunk ? drill_start(stage->bridge, trunk, &nobody, &drill, error)
			: err_set(error, ERR_FORMAT, "no trunk %s", id);

	inside_set(was);
	return err;
}

/* "operator captures trunk|number|call WHOSE full|signalling SECONDS" */
static int play_demand(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	const char *kind = step->words[2];
	const struct demand_params params = {.kind = !strcmp(kind, "call") ? DEMAND_CALL
						     : !strcmp(kind, "number")
							     ? DEMAND_NUMBER
							     : DEMAND_TRUNK,
		.text = step->words[3],
		.who = "operator",
		.mode = !strcmp(step->words[4], "full") ? CONFIG_AUDIT_FULL
							: CONFIG_AUDIT_SIGNALLING,
		.for_s = strtoull(step->words[5], NULL, 10)};
	bool was = inside_set(true);
	unsigned number;
	int err = demand_start(stage->bridge, &params, &number);

	inside_set(was);
	return err ? err_set(error, err, "no such demand") : 0;
}

/* "operator drains", "operator drains gateway ID", "operator hangs up CALL",
 * "operator ends all", "operator unsubscribes", "operator leaves", "operator resumes gateway ID", "operator tests gateway ID",
 * "operator learns gateway ID NUMBER [FROM]", "operator stops learning", "audit stops",
 * "audit works", "load high", "load low" */
static int play_operator(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	const char *verb = step->count > 1 ? step->words[1] : "";
	bool was;
	int err = 0;

	if (step->count == 4 && (!strcmp(verb, "drains") || !strcmp(verb, "resumes"))) {
		struct trunk *trunk = trunks_find(stage->trunks,
			!strcmp(step->words[2], "server") ? TRUNK_SERVER : TRUNK_GATEWAY,
			step->words[3]);

		if (!trunk)
			return err_set(error, ERR_FORMAT, "no trunk %s", step->words[3]);
		trunk->drained = !strcmp(verb, "drains");
	} else if (!strcmp(verb, "tests") && step->count == 4) {
		err = start_drill(stage, step->words[3], error);
	} else if (!strcmp(verb, "learns") && step->count >= 5) {
		err = learns_start(stage, step->words[3], step->words[4],
			step->count > 5 ? step->words[5] : "", error);
	} else if (!strcmp(verb, "captures") && step->count == 6) {
		err = play_demand(stage, step, error);
	} else if (!strcmp(verb, "watches")) {
		stage->tap.all = true;
		buf_clear(&stage->captures.watched);
		was = inside_set(true);
		calls_tell_parties(stage->bridge);
		inside_set(was);
	} else if (!strcmp(verb, "uncaptures") && step->count == 3) {
		was = inside_set(true);
		err = demand_stop(
			      stage->bridge, (unsigned)strtoul(step->words[2], NULL, 10))
			      ? 0
			      : err_set(error, ERR_FORMAT, "no such demand");
		inside_set(was);
	} else if (!strcmp(verb, "stops")) {
		err = learns_stop(error);
	} else if (!strcmp(verb, "drains")) {
		bridge_drain(stage->bridge);
	} else if (!strcmp(verb, "hangs") && step->count == 4) {
		was = inside_set(true);
		err = bridge_hangup(stage->bridge, step->words[3]);
		inside_set(was);
	} else if (!strcmp(verb, "unsubscribes")) {
		err = subscribed_end(stage, error);
	} else if (!strcmp(verb, "leaves")) {
		was = inside_set(true);
		upkeep_leave(stage->upkeep);
		inside_set(was);
	} else if (!strcmp(verb, "ends")) {
		was = inside_set(true);
		bridge_end_all(stage->bridge, "shutdown");
		inside_set(was);
	} else {
		return err_set(error, ERR_FORMAT,
			"operator drains|resumes|hangs up|ends "
			"all|unsubscribes|leaves|tests|"
			"learns|stops|captures|uncaptures");
	}
	stage_settle(stage);
	return err;
}

static int play_audit(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	(void)error;
	stage->not_ready = !strcmp(step->words[1], "stops");
	return 0;
}

static int play_load(struct stage *stage, const struct step *step, struct err_text *error)
{
	(void)error;
	stage->overloaded = !strcmp(step->words[1], "high");
	return 0;
}

/* ---- parties ---- */

/* "P vanishes", "P refuses", "P returns": how it takes connections from now on. */
static bool play_reach(struct stage *stage, struct party *party, const char *verb)
{
	static const struct {
		const char *verb;
		enum wire_reach reach;
	} verbs[] = {{"vanishes", WIRE_GONE}, {"refuses", WIRE_REFUSES},
		{"returns", WIRE_HERE}};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].verb, verb))
			continue;
		wire_reach(stage->transports[party->side], &party->addr, verbs[i].reach);
		return true;
	}
	return false;
}

/* "P shakes hands", "P opens" and "P gives up": its TLS handshake with us. */
static bool play_handshake(struct stage *stage, struct party *party, const char *verb)
{
	struct transport *transport = stage->transports[party->side];

	if (!strcmp(verb, "shakes")) {
		wire_shake(transport, &party->addr);
	} else if (!strcmp(verb, "opens") || !strcmp(verb, "gives")) {
		if (*verb == 'o')
			stage_flow(stage, party);
		wire_end_shaking(transport);
	} else {
		return false;
	}
	stage_note(stage, "%s %s", party->name, verb);
	stage_settle(stage);
	return true;
}

/* "P closes", "P refused", "P dies", "P stalls [BYTES]", "P reads again": the connection that it has.
 * "P pings ...": pinged.h */
static int play_connection(struct stage *stage, struct party *party,
	const struct step *step, struct err_text *error)
{
	const char *verb = step->count > 1 ? step->words[1] : "";
	const char *bytes = step->count > 2 ? step->words[2] : "1000000000";
	struct flow *flow;

	if (play_reach(stage, party, verb) || play_handshake(stage, party, verb))
		return 0;
	if (!strcmp(verb, "pings"))
		return pinged_set(party, step->words + 2, step->count - 2);
	if (!strcmp(verb, "pongs")) {
		party->pinged.mute = step->count > 2; /* "not" */
		return 0;
	}
	flow = stage_flow(stage, party);
	if (!flow)
		return err_set(error, ERR_STATE, "%s is no peer", party->name);
	stage_note(stage, "%s %s", party->name, verb);
	if (!strcmp(verb, "closes")) {
		wire_close(flow, "closed by peer");
	} else if (!strcmp(verb, "refused")) {
		/* as the transport does it when a judgement is withdrawn */
		flow->refused = true;
		wire_close(flow, "tls refused by=us rule=revoked");
	} else if (!strcmp(verb, "stalls") && party->kind != TRANSPORT_UDP) {
		wire_stall(flow, strtoul(bytes, NULL, 10));
	} else if (!strcmp(verb, "reads")) {
		wire_stall(flow, 0);
		stage_release(party, flow);
	} else if (!strcmp(verb, "dies")) {
		wire_die(flow);
	} else if (!strcmp(verb, "bounces")) {
		wire_bounce(flow);
	} else {
		return err_set(error, ERR_FORMAT, "what is \"%s\"?", verb);
	}
	stage_advance(stage, 1); /* told when the stack is unwound */
	return 0;
}

/* "E sends ...", "E replies ...", "E forks OTHER", "E joins OTHER", "P speaks udp|tcp|tls",
 * "P pings ...", "P closes|refused|dies|bounces|stalls [BYTES]|reads again|vanishes|refuses|returns",
 * "P shakes hands|opens|gives up" */
static int play_endpoint(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	struct endpoint *endpoint = endpoint_find(stage, step->words[0]);
	struct endpoint *other;
	const char *verb = step->count > 1 ? step->words[1] : "";

	if (!endpoint)
		return err_set(error, ERR_FORMAT, "who is %s?", step->words[0]);
	if (!strcmp(verb, "sends"))
		return endpoint_send(stage, endpoint, step, error);
	if (!strcmp(verb, "replies"))
		return endpoint_reply(stage, endpoint, step, error);
	if ((!strcmp(verb, "forks") || !strcmp(verb, "joins")) && step->count == 3) {
		other = endpoint_find(stage, step->words[2]);
		return other ? endpoint_fork(endpoint, other, *verb == 'j') : ERR_FORMAT;
	}
	if (!strcmp(verb, "speaks") && step->count == 3) {
		endpoint->party->kind = kind_of(step->words[2]);
		addr_set_port(&endpoint->party->addr,
			endpoint->party->kind == TRANSPORT_TLS ? 5061 : 5060);
		return 0;
	}
	return play_connection(stage, endpoint->party, step, error);
}

static const struct {
	const char *word;
	bool before; /* the curtain: makes the configuration, and may be repeated later */
	play_h *h;
} verbs[] = {
	{"server", true, play_party},
	{"gateway", true, play_party},
	{"capture", true, play_party},
	{"route", true, play_party},
	{"register", true, play_party},
	{"set", true, play_set},
	{"remove", true, play_remove},
	{"secret", true, play_secret},
	{"reload", false, play_reload},
	{"rebirth", false, play_rebirth},
	{"node", false, play_node},
	{"dns", false, play_dns},
	{"advance", false, play_advance},
	{"after", false, play_after},
	{"within", false, play_within},
	{"expect", false, play_expect},
	{"relay", false, play_relay},
	{"operator", false, play_operator},
	{"audit", false, play_audit},
	{"load", false, play_load},
};

static int play_outside(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	struct outside *outside = stage->outside;

	return outside ? outside->ops->play(outside, step, error) : OUTSIDE_NOT_MINE;
}

static bool is_alone(const char *word)
{
	return !strcmp(word, "reload") || !strcmp(word, "rebirth");
}

static int dispatch(struct stage *stage, const struct step *step, struct err_text *error)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].word, step->words[0]))
			continue;
		if (step->count < 2 && !is_alone(verbs[i].word))
			return err_set(error, ERR_FORMAT, "%s what?", step->words[0]);
		if (!verbs[i].before && !stage_started(stage))
			err = stage_start(stage, error);
		if (!err)
			err = verbs[i].before ? OUTSIDE_NOT_MINE
					      : play_outside(stage, step, error);
		return err == OUTSIDE_NOT_MINE ? verbs[i].h(stage, step, error) : err;
	}
	if (!stage_started(stage) && stage_start(stage, error))
		return ERR_CONFIG;
	err = play_outside(stage, step, error);
	return err == OUTSIDE_NOT_MINE ? play_endpoint(stage, step, error) : err;
}

int play_step(struct stage *stage, const struct step *step, struct err_text *error)
{
	int err = dispatch(stage, step, error);

	if (err || !stage->fault.text[0])
		return err;
	*error = stage->fault;
	return ERR_FORMAT;
}

/* ---- the end ---- */

static int check_trunks(struct stage *stage, struct err_text *error)
{
	for (unsigned kind = 0; kind < 2; kind++) {
		struct trunk *trunk;

		for (unsigned i = 0;
			(trunk = trunks_at(stage->trunks, (enum trunk_kind)kind, i)); i++)
			if (trunk->calls)
				return err_set(error, ERR_STATE,
					"trunk %s still counts %u calls", trunk->id,
					trunk->calls);
	}
	return 0;
}

int play_leaks(struct stage *stage, struct err_text *error)
{
	struct bridge_totals totals;
	const struct flow *flow;
	char text[ADDR_TEXT_SIZE];

	if (stage->outside)
		return stage->outside->ops->end(stage->outside, error);
	bridge_totals(stage->bridge, &totals);
	if (totals.calls || totals.dialogs || totals.transactions || totals.answered)
		return err_set(error, ERR_STATE,
			"left over: calls=%u answered=%u dialogs=%u transactions=%u",
			totals.calls, totals.answered, totals.dialogs,
			totals.transactions);
	if (totals.subscriptions)
		return err_set(error, ERR_STATE, "left over: %u subscriptions",
			totals.subscriptions);
	if (told_sessions(stage->relay))
		return err_set(error, ERR_STATE, "left over: a relay session");
	if (totals.started != totals.ended || stage->begun != stage->ended)
		return err_set(error, ERR_STATE,
			"%u calls began, %u records were handed out", stage->begun,
			stage->ended);
	for (unsigned side = 0; side < 2; side++) {
		flow = wire_leak(stage->transports[side]);
		if (flow)
			return err_set(error, ERR_STATE,
				"left over: flow to %s, users=%u refs=%u",
				addr_text(&flow->remote, text), flow->users, flow->refs);
	}
	return check_trunks(stage, error);
}

int play_end(struct stage *stage, struct err_text *error)
{
	int err;

	if (!stage_started(stage))
		return err_set(error, ERR_STATE, "nothing was played");
	err = expect_nothing(stage, error);
	if (err)
		return err;
	if (!list_empty(&stage->records))
		return err_set(error, ERR_STATE, "a record that nobody expected: %s",
			LIST_ENTRY(stage->records.next, struct record_text, node)->text);
	stage_end_upkeep(stage);
	stage_advance(stage, PLAY_REST_MS);
	err = expect_nothing(stage, error);
	if (!err)
		err = play_leaks(stage, error);
	if (!err && stage->fault.text[0]) {
		*error = stage->fault;
		err = ERR_FORMAT;
	}
	return err;
}
