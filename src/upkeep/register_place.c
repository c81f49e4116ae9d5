#include "upkeep/register_place.h"

#include <stdlib.h>
#include <string.h>

static void ask_name(struct register_place *place);

/* The next address of the name that was resolved, or the next name. */
static void step(struct register_place *place)
{
	while (place->at < place->count) {
		const struct addr *address = &place->addrs[place->at++];

		if (place->kept_tried && addr_equal(address, &place->kept))
			continue;
		place->h(place->arg, address, NULL);
		return;
	}
	place->name++;
	ask_name(place);
}

static void forget_addresses(struct register_place *place)
{
	free(place->addrs);
	place->addrs = NULL;
	place->count = place->at = 0;
}

static void resolved_h(void *arg, const struct resolve_answer *answer)
{
	struct register_place *place = arg;

	place->resolving = NULL;
	forget_addresses(place);
	if (!answer->err && answer->count)
		place->addrs = calloc(answer->count, sizeof(*place->addrs));
	if (place->addrs) {
		memcpy(place->addrs, answer->addrs,
			answer->count * sizeof(*place->addrs));
		place->count = answer->count;
		place->alone = answer->count == 1 && !place->plan->hosts[1];
		if (place->found_h)
			place->found_h(place->arg, answer);
	} else {
		err_reason(place->why, answer->err ? answer->why : "no address");
	}
	step(place);
}

static void ask_name(struct register_place *place)
{
	struct resolve *resolving = NULL;
	const char *host = place->plan->hosts[place->name];

	forget_addresses(place);
	if (!host) {
		place->h(place->arg, NULL, place->why);
		return;
	}
	if (resolver_ask(place->resolver,
		    &(struct resolve_question){.host = host,
			    .port = place->plan->port,
			    .kind = place->plan->transport,
			    .h = resolved_h,
			    .arg = place},
		    &resolving)) {
		err_reason(place->why, "the name cannot be looked up");
		step(place);
	} else if (resolving) {
		place->resolving = resolving;
	}
}

void register_place_begin(struct register_place *place)
{
	register_place_stop(place);
	place->why[0] = '\0';
	place->kept_tried = place->kept_now = place->kept.len > 0;
	if (place->kept_tried)
		place->h(place->arg, &place->kept, NULL);
	else
		ask_name(place);
}

void register_place_next(struct register_place *place)
{
	const bool first = place->kept_now;

	place->kept_now = false;
	if (first)
		ask_name(place);
	else
		step(place);
}

bool register_place_has_more(const struct register_place *place)
{
	return (place->kept_now && !place->alone) || place->at < place->count ||
	       place->plan->hosts[place->name + 1];
}

const char *register_place_host(const struct register_place *place)
{
	return place->plan->hosts[place->kept_now ? place->kept_name : place->name];
}

void register_place_keep(struct register_place *place, const struct addr *address)
{
	place->kept_name = place->kept_now ? place->kept_name : place->name;
	place->kept = *address;
}

void register_place_stop(struct register_place *place)
{
	resolve_cancel(place->resolving);
	place->resolving = NULL;
	place->name = 0;
	place->kept_now = false;
	forget_addresses(place);
}
