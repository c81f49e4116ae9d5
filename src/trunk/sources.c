#include "trunk/sources.h"

#include "base/hash.h"
#include "base/list.h"
#include "base/log.h"
#include "trunk/registration.h"

#include <errno.h>
#include <stdlib.h>

/* What a source is filed under. */
enum place_kind {
	PLACE_ADDRESS,   /* transport, host and port */
	PLACE_HOST,      /* transport and host: far ends may send from another port */
	PLACE_LINGERING, /* host, of any transport: while calls last */
	PLACES,
};

/* Trunks that have one address, or one host. */
struct place {
	struct hash_node node;
	enum place_kind kind;
	enum transport_kind
		transport; /* of LINGERING: TRANSPORT_UDP, which says nothing */
	struct addr addr;
	struct list filings;
	struct trunk *first; /* the one of them with the lowest rank */
	bool warned;         /* that there are several */
};

struct filing {
	struct list node; /* in place->filings */
	struct place *place;
	struct trunk *trunk;
};

/* One address of a trunk and where it is filed: under its address and host, or as lingering. */
struct source {
	struct filing filings[2];
};

struct sources {
	struct hash places;
};

int sources_new(struct sources **ret)
{
	struct sources *sources = calloc(1, sizeof(*sources));

	if (!sources)
		return -ENOMEM;
	if (hash_init(&sources->places)) {
		free(sources);
		return -ENOMEM;
	}
	*ret = sources;
	return 0;
}

void sources_free(struct sources *sources)
{
	if (!sources)
		return;
	hash_free(&sources->places);
	free(sources);
}

/* ---- places ---- */

static uint64_t place_hash(
	enum place_kind kind, enum transport_kind transport, const struct addr *addr)
{
	uint64_t seed = (uint64_t)kind << 24 | (uint64_t)transport << 16;

	if (kind == PLACE_ADDRESS)
		seed |= addr_port(addr);
	if (addr_is_v6(addr))
		return hash_bytes(&addr->v6.sin6_addr, sizeof(addr->v6.sin6_addr), seed);
	return hash_bytes(&addr->v4.sin_addr, sizeof(addr->v4.sin_addr), seed);
}

static struct place *place_find(const struct sources *sources, enum place_kind kind,
	enum transport_kind transport, const struct addr *addr)
{
	struct hash_node *node =
		hash_find(&sources->places, place_hash(kind, transport, addr));

	for (; node; node = hash_find_next(node)) {
		struct place *place = HASH_ENTRY(node, struct place, node);

		if (place->kind == kind && place->transport == transport &&
			(kind == PLACE_ADDRESS ? addr_equal(&place->addr, addr)
					       : addr_equal_host(&place->addr, addr)))
			return place;
	}
	return NULL;
}

static struct place *place_get(struct sources *sources, enum place_kind kind,
	enum transport_kind transport, const struct addr *addr)
{
	struct place *place = place_find(sources, kind, transport, addr);

	if (place)
		return place;
	place = calloc(1, sizeof(*place));
	if (!place)
		return NULL;
	place->kind = kind;
	place->transport = transport;
	place->addr = *addr;
	list_init(&place->filings);
	hash_add(&sources->places, &place->node, place_hash(kind, transport, addr));
	return place;
}

/* Two gateways at one place are told apart by the port that they send from, if at all. */
static void place_warn(struct place *place, const struct trunk *other)
{
	char where[ADDR_TEXT_SIZE];

	if (place->warned || place->kind == PLACE_LINGERING || !place->first ||
		place->first == other)
		return;
	place->warned = true;
	if (place->kind == PLACE_ADDRESS)
		log_warning("trunk",
			"event=shared-address remote=%s transport=%s trunks=%s,%s "
			"reason=\"calls from there are those of the first by priority\"",
			addr_text(&place->addr, where),
			transport_kind_name(place->transport), place->first->id,
			other->id);
	else
		log_warning("trunk",
			"event=shared-host host=%s transport=%s trunks=%s,%s "
			"reason=\"calls from ports that are neither's are those of the "
			"first by priority\"",
			addr_host_text(&place->addr, where),
			transport_kind_name(place->transport), place->first->id,
			other->id);
}

static void place_first(struct place *place)
{
	place->first = NULL;
	LIST_FOREACH (&place->filings, node, next) {
		struct trunk *trunk = LIST_ENTRY(node, struct filing, node)->trunk;

		if (!place->first || trunk->rank < place->first->rank)
			place->first = trunk;
	}
}

/* ---- filing ---- */

static int file_at(struct sources *sources, struct filing *filing, enum place_kind kind,
	struct trunk *trunk, const struct addr *addr)
{
	enum transport_kind transport =
		kind == PLACE_LINGERING ? TRANSPORT_UDP : trunk_transport(trunk);
	struct place *place = place_get(sources, kind, transport, addr);

	if (!place)
		return -ENOMEM;
	place_warn(place, trunk);
	filing->place = place;
	filing->trunk = trunk;
	list_append(&place->filings, &filing->node);
	if (!place->first || trunk->rank < place->first->rank)
		place->first = trunk;
	return 0;
}

static void unfile(struct sources *sources, struct filing *filing)
{
	struct place *place = filing->place;

	if (!place)
		return;
	list_remove(&filing->node);
	filing->place = NULL;
	if (list_empty(&place->filings)) {
		hash_remove(&sources->places, &place->node);
		free(place);
	} else if (place->first == filing->trunk) {
		place_first(place);
	}
}

void sources_remove(struct sources *sources, struct trunk *trunk)
{
	for (unsigned i = 0; i < trunk->source_count; i++) {
		unfile(sources, &trunk->sources[i].filings[0]);
		unfile(sources, &trunk->sources[i].filings[1]);
	}
	free(trunk->sources);
	trunk->sources = NULL;
	trunk->source_count = 0;
}

/* Behind its own addresses come those that it had before, and those of its registrar. */
static const struct addr *address_at(const struct trunk *trunk, unsigned index)
{
	const unsigned own = trunk->addr_count + trunk->former_count;

	return index < own ? &trunk->addrs[index]
			   : &trunk->registration->addrs[index - own];
}

static unsigned count_addresses(const struct trunk *trunk)
{
	return trunk->addr_count + trunk->former_count +
	       (trunk->registration ? trunk->registration->addr_count : 0);
}

static bool is_former(const struct trunk *trunk, unsigned index)
{
	return index >= trunk->addr_count &&
	       index < trunk->addr_count + trunk->former_count;
}

int sources_put(struct sources *sources, struct trunk *trunk)
{
	const unsigned count = count_addresses(trunk);
	const bool takes_calls = trunk->configured && !trunk_is_tls(trunk) &&
				 trunk_settings(trunk)->enabled;
	int err = 0;

	sources_remove(sources, trunk);
	if (count == 0)
		return 0;
	trunk->sources = calloc(count, sizeof(*trunk->sources));
	if (!trunk->sources)
		return -ENOMEM;
	trunk->source_count = count;
	for (unsigned i = 0; i < count && !err; i++) {
		struct filing *filings = trunk->sources[i].filings;
		const struct addr *addr = address_at(trunk, i);

		if (!takes_calls || is_former(trunk, i)) {
			err = file_at(sources, &filings[0], PLACE_LINGERING, trunk, addr);
			continue;
		}
		err = file_at(sources, &filings[0], PLACE_ADDRESS, trunk, addr);
		if (!err)
			err = file_at(sources, &filings[1], PLACE_HOST, trunk, addr);
	}
	if (err)
		sources_remove(sources, trunk);
	return err;
}

/* ---- asking ---- */

struct trunk *sources_find(const struct sources *sources, enum transport_kind kind,
	const struct addr *remote)
{
	const struct place *place = place_find(sources, PLACE_ADDRESS, kind, remote);

	if (!place)
		place = place_find(sources, PLACE_HOST, kind, remote);
	return place ? place->first : NULL;
}

bool sources_allow(const struct sources *sources, enum transport_kind kind,
	const struct addr *remote)
{
	const struct place *lingering;

	if (place_find(sources, PLACE_HOST, kind, remote))
		return true;
	lingering = place_find(sources, PLACE_LINGERING, TRANSPORT_UDP, remote);
	if (!lingering)
		return false;
	LIST_FOREACH (&lingering->filings, node, next) {
		const struct trunk *trunk = LIST_ENTRY(node, struct filing, node)->trunk;

		if (trunk->calls || trunk->registration)
			return true;
	}
	return false;
}

struct trunk *sources_known(const struct sources *sources, const struct addr *remote)
{
	static const struct {
		enum place_kind kind;
		enum transport_kind transport;
	} places[] = {
		{PLACE_HOST, TRANSPORT_UDP},
		{PLACE_HOST, TRANSPORT_TCP},
		{PLACE_LINGERING, TRANSPORT_UDP},
	};
	const struct place *place = NULL;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !place; i++)
		place = place_find(sources, places[i].kind, places[i].transport, remote);
	return place ? place->first : NULL;
}

bool sources_has(const struct trunk *trunk, const struct addr *remote)
{
	for (unsigned i = 0; i < count_addresses(trunk); i++) {
		if (addr_equal_host(address_at(trunk, i), remote))
			return true;
	}
	return false;
}

static bool one_has_host(const struct place *place, const struct addr *host)
{
	if (!place)
		return false;
	LIST_FOREACH (&place->filings, node, next) {
		if (sources_has(LIST_ENTRY(node, struct filing, node)->trunk, host))
			return true;
	}
	return false;
}

bool sources_share(
	const struct sources *sources, const struct addr *a, const struct addr *b)
{
	return one_has_host(place_find(sources, PLACE_HOST, TRANSPORT_UDP, a), b) ||
	       one_has_host(place_find(sources, PLACE_HOST, TRANSPORT_TCP, a), b) ||
	       one_has_host(place_find(sources, PLACE_LINGERING, TRANSPORT_UDP, a), b);
}
