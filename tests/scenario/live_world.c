/* Steps of the world against a Tandem that runs: its operator, names, connections. */
#include "live_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No step lets more time pass than this, whatever it says: in that of the stage. */
#define LIVE_ADVANCE_MAX_MS 9000

/* "operator drains|resumes gateway ID", "operator hangs up N", "operator ends all" */
static int hang_up(struct live *live, unsigned which, struct err_text *error)
{
	json_t *result = NULL;
	const json_t *calls;
	const char *id;
	int err = live_daemon_ask(&live->daemon, "call", "list", NULL, &result, error);
	size_t count;

	if (err)
		return err;
	calls = json_object_get(result, "calls");
	count = json_array_size(calls);
	if (!count)
		err = err_set(error, ERR_STATE, "no call");
	for (size_t i = 0; i < count; i++) {
		id = json_string_value(json_object_get(json_array_get(calls, i), "id"));
		/* one that has just ended by itself is none to complain of */
		if (!which || i == which % count)
			err = live_daemon_ask(
				&live->daemon, "call", "hangup", id, NULL, error);
	}
	json_decref(result);
	return which ? err : 0;
}

static int operate(struct live *live, const struct step *step, struct err_text *error)
{
	const char *verb = step->count > 1 ? step->words[1] : "";
	bool drains = !strcmp(verb, "drains");

	if (step->count == 4 && !strcmp(verb, "hangs"))
		return hang_up(live, (unsigned)strtoul(step->words[3], NULL, 10), error);
	if (!strcmp(verb, "ends")) {
		if (live->abrupt)
			live_shut_down(live);
		else
			hang_up(live, 0, error);
		return 0;
	}
	if (step->count == 4 && (drains || !strcmp(verb, "resumes")) &&
		!strcmp(step->words[2], "gateway"))
		return live_daemon_ask(&live->daemon, "trunk",
			drains ? "drain" : "resume", step->words[3], NULL, error);
	return err_set(error, ERR_STATE, "not from outside");
}

static int play_dns(struct live *live, const struct step *step, struct err_text *error)
{
	bool waits = step->count == 3 && !strcmp(step->words[2], "waits");

	if (!waits && (step->count != 3 || strcmp(step->words[2], "answers") != 0))
		return err_set(error, ERR_STATE, "not from outside");
	live_names_hold(&live->net.names, step->words[1], waits);
	return 0;
}

/* Its certificate is revoked, so that Tandem refuses it; then it gets another. */
static int refuse(struct live *live, struct live_station *station)
{
	struct err_text text;
	int err;

	live_revoke(live, station);
	err = live_daemon_ask(&live->daemon, "config", "reload", NULL, NULL, &text);
	live_settle(live);
	live_net_hang_up(&live->net, station);
	live_certify(live, station);
	return err;
}

static void stall(struct live *live, struct party *party, bool stalled)
{
	LIST_FOREACH (&live->net.links, node, next) {
		struct live_link *link = LIST_ENTRY(node, struct live_link, node);

		if (link->party != party)
			continue;
		link->stalled = stalled;
		if (!stalled)
			stage_release(party, &link->flow);
	}
}

/* "P closes|refused|stalls|reads again|vanishes|refuses|returns" */
static int play_connection(struct live *live, const struct step *step)
{
	char name[64];
	struct party *party;
	const char *verb = step->words[1];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(step->words[0], "."),
		step->words[0]);
	party = stage_party(live->outside.stage, name);
	if (!party)
		return ERR_STATE;
	stage_note(live->outside.stage, "%s %s", name, verb);
	if (!strcmp(verb, "closes"))
		live_net_hang_up(&live->net, live_net_find(&live->net, party));
	else if (!strcmp(verb, "refused"))
		return refuse(live, live_net_find(&live->net, party));
	else if (!strcmp(verb, "stalls") || !strcmp(verb, "reads"))
		stall(live, party, *verb == 's');
	else if (!strcmp(verb, "vanishes") || !strcmp(verb, "refuses") ||
		 !strcmp(verb, "returns"))
		live_net_set_away(live_net_find(&live->net, party), verb[2] != 't');
	else
		return ERR_STATE;
	return 0;
}

static bool is_of_endpoint(const struct step *step)
{
	static const char *const verbs[] = {
		"sends", "replies", "forks", "joins", "speaks"};

	for (unsigned i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (step->count > 1 && !strcmp(step->words[1], verbs[i]))
			return true;
	return false;
}

int live_play(struct outside *outside, const struct step *step, struct err_text *error)
{
	struct live *live = live_of(outside);
	const char *word = step->words[0];
	int err;

	if (!strcmp(word, "reload") || is_of_endpoint(step))
		return OUTSIDE_NOT_MINE;
	if (!strcmp(word, "advance")) {
		uint64_t ms = strtoull(step->words[1], NULL, 10);

		live_media_play(&live->media, outside->stage, &live->net);
		live_advance(
			outside, ms < LIVE_ADVANCE_MAX_MS ? ms : LIVE_ADVANCE_MAX_MS);
		return 0;
	}
	if (!strcmp(word, "operator"))
		err = operate(live, step, error);
	else if (!strcmp(word, "dns"))
		err = play_dns(live, step, error);
	else if (!strcmp(word, "relay") || !strcmp(word, "audit") ||
		 !strcmp(word, "load"))
		return err_set(error, ERR_STATE, "not from outside");
	else
		err = play_connection(live, step);
	live_settle(live);
	return err;
}
