#include "trunk/pick.h"

#include "base/secret.h"
#include "trunk/obstacle.h"

#include <stdlib.h>
#include <string.h>

struct candidate {
	struct trunk *trunk;
	/* Of emergency calls; 0 of others. */
	bool hindered;     /* another call would be stopped */
	size_t listed;     /* its place in [emergency] trunks */
	bool misfit;       /* none of its prefixes fits */
	size_t prefix_len; /* of the longest prefix that fits */
	unsigned priority;
	uint64_t draw; /* lower is tried first within one priority */
};

/* The longest prefix of the gateway that NUMBER begins with; -1 when none of some fits. */
static int prefix_length(const struct config_gateway *gateway, struct span number)
{
	int longest = gateway->prefixes.count ? -1 : 0;

	for (size_t i = 0; i < gateway->prefixes.count; i++) {
		const char *prefix = gateway->prefixes.words[i];

		if (span_starts(number, prefix) && (int)strlen(prefix) > longest)
			longest = (int)strlen(prefix);
	}
	return longest;
}

static bool is_better(const struct candidate *a, const struct candidate *b)
{
	if (a->hindered != b->hindered)
		return b->hindered;
	if (a->listed != b->listed)
		return a->listed < b->listed;
	if (a->misfit != b->misfit)
		return b->misfit;
	if (a->prefix_len != b->prefix_len)
		return a->prefix_len > b->prefix_len;
	if (a->priority != b->priority)
		return a->priority < b->priority;
	return a->draw < b->draw;
}

/* A weighted draw (RFC 2782): the larger the weight, the lower the number tends to be. */
static uint64_t draw(unsigned weight)
{
	char token[9];
	uint64_t random;

	secret_token(token, 4);
	random = strtoull(token, NULL, 16);
	return weight ? random / weight : UINT64_MAX;
}

/* The place of TRUNK in [emergency] trunks; behind all that are named there it is as good as others. */
static size_t place_listed(const struct config *config, const struct trunk *trunk)
{
	const struct config_words *trunks = &config->emergency.trunks;
	size_t i = 0;

	if (trunk->gateway)
		while (i < trunks->count && strcmp(trunks->words[i], trunk->id) != 0)
			i++;
	else
		i = trunks->count;
	return i;
}

static bool fits(struct candidate *candidate, const struct pick_question *question,
	struct trunk *trunk, uint64_t now_us, struct pick_left *ret_left)
{
	const struct obstacle_question asked = {.trunk = trunk,
		.way = OBSTACLE_TO,
		.emergency = question->emergency,
		.now_us = now_us};
	struct obstacle obstacle;
	int length = trunk->gateway ? prefix_length(trunk->gateway, question->number) : 0;
	enum obstacle_kind kind = obstacle_find(&asked, &obstacle);

	if ((length < 0 && !question->emergency) || !obstacle_is_routed(kind))
		return false;
	ret_left->routed = true;
	if (obstacle_stops(kind, question->emergency)) {
		obstacle_count(trunk, &obstacle, &ret_left->retry_s);
		return false;
	}
	*candidate = (struct candidate){.trunk = trunk,
		.prefix_len = length > 0 ? (size_t)length : 0,
		.priority = trunk_settings(trunk)->priority};
	if (question->emergency) {
		candidate->hindered = kind != OBSTACLE_NONE;
		candidate->listed = place_listed(question->config, trunk);
		candidate->misfit = length < 0;
	}
	if (trunk->server)
		candidate->draw = draw(trunk->server->weight);
	return true;
}

unsigned pick_candidates(const struct pick_question *question,
	struct trunk *ret[static PICK_MAX], struct pick_left *ret_left)
{
	struct candidate best[PICK_MAX + 1];
	const uint64_t now_us = trunks_now_us(question->trunks);
	struct trunk *trunk;
	unsigned count = 0;

	*ret_left = (struct pick_left){.routed = false};
	/* the few best of possibly many: an insertion into a short sorted array */
	for (unsigned i = 0;
		(trunk = trunks_at(question->trunks, question->kind, i)) != NULL; i++) {
		unsigned at = count;
		struct candidate candidate;

		if (trunk == question->from ||
			!fits(&candidate, question, trunk, now_us, ret_left))
			continue;
		for (; at > 0 && is_better(&candidate, &best[at - 1]); at--)
			best[at] = best[at - 1];
		best[at] = candidate;
		if (count < PICK_MAX)
			count++;
	}
	for (unsigned i = 0; i < count; i++)
		ret[i] = best[i].trunk;
	return count;
}
