#include "trunk/route.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where prefixes begin; nothing leads to it, so that its number stands for none, too. */
#define ROOT 0
#define NONE 0

/* A place behind its parent's. Numbers that end there fit `ends` too. */
struct node {
	struct pattern_set set; /* what leads here */
	unsigned next, first;   /* sibling, first child; NONE: there is none */
	unsigned entries, ends; /* the first of its list, counted from 1; NONE */
	uint8_t length, exact;
};

/* A route below one of its prefixes. */
struct entry {
	unsigned route, next;
};

struct routes {
	struct config *config; /* owned reference */
	struct route *list;
	unsigned count;
	struct node *nodes;
	unsigned node_count, node_room;
	struct entry *entries;
	unsigned entry_count, entry_room;
};

/* ---- making it ---- */

static int grow(void **list, unsigned count, unsigned *room, size_t size)
{
	void *grown;

	if (count < *room)
		return 0;
	grown = reallocarray(*list, *room ? *room * 2 : 64, size);
	if (!grown)
		return -ENOMEM;
	*list = grown;
	*room = *room ? *room * 2 : 64;
	return 0;
}

static unsigned new_node(struct routes *routes, const struct node *node)
{
	if (grow((void **)&routes->nodes, routes->node_count, &routes->node_room,
		    sizeof(*routes->nodes)))
		return NONE;
	routes->nodes[routes->node_count] = *node;
	return routes->node_count++;
}

static unsigned new_root(struct routes *routes)
{
	return new_node(routes, &(const struct node){.first = NONE});
}

/* The node below PARENT that SET leads to, made where there is none. NONE: no memory. */
static unsigned child_of(
	struct routes *routes, unsigned parent, const struct pattern_set *set)
{
	const struct node above = routes->nodes[parent];
	unsigned at = above.first;

	while (at != NONE && memcmp(&routes->nodes[at].set, set, sizeof(*set)) != 0)
		at = routes->nodes[at].next;
	if (at != NONE)
		return at;
	at = new_node(
		routes, &(const struct node){.set = *set,
				.next = above.first,
				.length = (uint8_t)(above.length + 1),
				.exact = (uint8_t)(above.exact +
						   (pattern_set_is_exact(set) ? 1 : 0))});
	if (at != NONE)
		routes->nodes[parent].first = at;
	return at;
}

static int add_entry(struct routes *routes, unsigned node, bool ends, unsigned route)
{
	unsigned *first = ends ? &routes->nodes[node].ends : &routes->nodes[node].entries;

	if (grow((void **)&routes->entries, routes->entry_count, &routes->entry_room,
		    sizeof(*routes->entries)))
		return -ENOMEM;
	routes->entries[routes->entry_count] =
		(struct entry){.route = route, .next = *first};
	*first = ++routes->entry_count;
	return 0;
}

static int add_pattern(
	struct routes *routes, unsigned root, const char *text, unsigned route)
{
	struct pattern pattern;
	unsigned node = root;
	struct span bad;

	if (pattern_parse(&pattern, span_of(text), &bad))
		return 0; /* it was refused when it was read */
	for (unsigned i = 0; i < pattern.count; i++) {
		node = child_of(routes, node, &pattern.places[i]);
		if (node == NONE)
			return -ENOMEM;
	}
	return add_entry(routes, node, pattern.ends, route);
}

static int file_prefixes(struct routes *routes, unsigned route)
{
	const struct config_words *prefixes = &routes->list[route].config->prefixes;
	int err = 0;

	if (!prefixes->count)
		return add_entry(routes, ROOT, false, route);
	for (size_t i = 0; i < prefixes->count && !err; i++)
		err = add_pattern(routes, ROOT, prefixes->words[i], route);
	return err;
}

static int file_callers(struct routes *routes, unsigned at)
{
	struct route *route = &routes->list[at];
	const struct config_words *callers = &route->config->callers;
	int err = 0;

	if (!callers->count)
		return 0;
	route->callers = new_root(routes);
	if (route->callers == NONE)
		return -ENOMEM;
	for (size_t i = 0; i < callers->count && !err; i++)
		err = add_pattern(routes, route->callers, callers->words[i], at);
	return err;
}

static void list_routes(struct routes *routes, enum trunk_kind kind,
	const struct config_trunk *settings, unsigned at)
{
	const struct config_route *config;

	for (size_t i = 0; (config = config_route_at(settings, i)) != NULL; i++)
		routes->list[routes->count++] = (struct route){
			.kind = kind, .at = at, .settings = settings, .config = config};
}

static int list_all(struct routes *routes, const struct config *config)
{
	size_t count = config->server_count;

	for (size_t i = 0; i < config->gateway_count; i++)
		count += 1 + config->gateways[i].common.route_count;
	routes->list = calloc(count + 1, sizeof(*routes->list));
	if (!routes->list)
		return -ENOMEM;
	for (unsigned i = 0; i < config->server_count; i++)
		list_routes(routes, TRUNK_SERVER, &config->servers[i].common, i);
	for (unsigned i = 0; i < config->gateway_count; i++)
		list_routes(routes, TRUNK_GATEWAY, &config->gateways[i].common, i);
	return 0;
}

int routes_new(struct routes **ret, struct config *config)
{
	struct routes *routes = calloc(1, sizeof(*routes));
	int err;

	if (!routes)
		return -ENOMEM;
	routes->config = config_ref(config);
	(void)new_root(routes);
	err = routes->node_count ? list_all(routes, config) : -ENOMEM;
	/* from behind, so that each list of a node has the order of the configuration */
	for (unsigned i = routes->count; i-- > 0 && !err;) {
		err = file_prefixes(routes, i);
		if (!err)
			err = file_callers(routes, i);
	}
	if (err) {
		routes_free(routes);
		return err;
	}
	*ret = routes;
	return 0;
}

void routes_free(struct routes *routes)
{
	if (!routes)
		return;
	config_unref(routes->config);
	free(routes->list);
	free(routes->nodes);
	free(routes->entries);
	free(routes);
}

/* ---- asking ---- */

/* A list of entries that fit. */
struct found {
	unsigned entries;
	struct pattern_fit fit;
};

/* Those of a number, best first. More than one a length only where classes and digits fit alike. */
struct trail {
	struct found fixed[2 * PATTERN_MAX];
	struct found *list; /* fixed, or on the heap where those are too few */
	unsigned count, room;
};

static void trail_add(struct trail *trail, unsigned entries, struct pattern_fit fit)
{
	unsigned at = trail->count;

	if (entries == NONE)
		return;
	if (trail->count == trail->room) {
		const size_t size = 2 * trail->room * sizeof(*trail->list);
		struct found *grown = trail->list == trail->fixed
					      ? malloc(size)
					      : realloc(trail->list, size);

		if (!grown)
			return; /* without memory the poorer fits are not looked at */
		if (trail->list == trail->fixed)
			memcpy(grown, trail->fixed, sizeof(trail->fixed));
		trail->list = grown;
		trail->room *= 2;
	}
	for (; at > 0 && pattern_fit_compare(fit, trail->list[at - 1].fit) < 0; at--)
		trail->list[at] = trail->list[at - 1];
	trail->list[at] = (struct found){.entries = entries, .fit = fit};
	trail->count++;
}

static void trail_free(struct trail *trail)
{
	if (trail->list != trail->fixed)
		free(trail->list);
}

static void add_node(struct trail *trail, const struct node *node, bool is_last)
{
	const unsigned length = node->length, exact = node->exact;

	trail_add(trail, node->entries, (struct pattern_fit){length, exact});
	if (is_last)
		trail_add(trail, node->ends, (struct pattern_fit){length + 1, exact + 1});
}

/* From NODE on, which the first places of NUMBER lead to. Recursion is as deep as a prefix is long. */
static void walk(const struct routes *routes, unsigned node, struct span number,
	struct trail *trail)
{
	const struct node *above = &routes->nodes[node];
	struct span rest;

	add_node(trail, above, number.len == 0);
	if (!number.len)
		return;
	rest = (struct span){.p = number.p + 1, .len = number.len - 1};
	for (unsigned at = above->first; at != NONE; at = routes->nodes[at].next)
		if (pattern_set_has(&routes->nodes[at].set, number.p[0]))
			walk(routes, at, rest, trail);
}

void routes_each(
	const struct routes *routes, struct span called, routes_found_h *h, void *arg)
{
	struct trail trail = {.count = 0, .room = 2 * PATTERN_MAX};
	bool more = true;

	trail.list = trail.fixed;
	walk(routes, ROOT, called, &trail);
	for (unsigned i = 0; i < trail.count; i++) {
		const struct found *found = &trail.list[i];

		if (!more && pattern_fit_compare(found->fit, trail.list[i - 1].fit) != 0)
			break;
		for (unsigned at = found->entries; at != NONE;) {
			const struct entry *entry = &routes->entries[at - 1];

			more = h(arg, &routes->list[entry->route], found->fit) && more;
			at = entry->next;
		}
	}
	trail_free(&trail);
}

bool routes_fit_caller(const struct routes *routes, const struct route *route,
	struct span caller, struct pattern_fit *ret)
{
	struct trail trail = {.count = 0, .room = 2 * PATTERN_MAX};
	bool fits;

	*ret = (struct pattern_fit){.length = 0};
	if (route->callers == NONE)
		return true;
	trail.list = trail.fixed;
	walk(routes, route->callers, caller, &trail);
	fits = trail.count > 0;
	if (fits)
		*ret = trail.list[0].fit;
	trail_free(&trail);
	return fits;
}

/* ---- judging one ---- */

static bool is_source(const char *word, const struct route_call *call)
{
	const bool server = call->kind == TRUNK_SERVER;
	const char *prefix = server ? "server:" : "trunk:";
	const size_t len = strlen(prefix);

	if (strcmp(word, server ? "servers" : "gateways") == 0)
		return true;
	return call->from && strncmp(word, prefix, len) == 0 &&
	       strcmp(word + len, call->from) == 0;
}

enum trunk_kind route_side(const struct route_call *call)
{
	switch (call->calls_to) {
	case CONFIG_CALLS_TO_GATEWAYS:
		return TRUNK_GATEWAY;
	case CONFIG_CALLS_TO_SERVERS:
		return TRUNK_SERVER;
	default:
		return call->kind == TRUNK_SERVER ? TRUNK_GATEWAY : TRUNK_SERVER;
	}
}

enum route_verdict route_judge_source(
	const struct route *route, const struct route_call *call)
{
	const struct config_words *sources = &route->config->sources;

	if (!sources->count)
		return route->kind == route_side(call) ? ROUTE_FITS : ROUTE_NOT_SIDE;
	for (size_t i = 0; i < sources->count; i++)
		if (is_source(sources->words[i], call))
			return ROUTE_FITS;
	return ROUTE_NOT_SOURCE;
}

const char *route_best(
	const struct config_words *patterns, struct span number, struct pattern_fit *ret)
{
	const char *best = NULL;

	*ret = (struct pattern_fit){.length = 0};
	for (size_t i = 0; i < patterns->count; i++) {
		struct pattern pattern;
		struct span bad;

		if (pattern_parse(&pattern, span_of(patterns->words[i]), &bad) ||
			!pattern_matches(&pattern, number) ||
			(best && pattern_fit_compare(pattern_fit(&pattern), *ret) >= 0))
			continue;
		best = patterns->words[i];
		*ret = pattern_fit(&pattern);
	}
	return best;
}

/* Whether one of PATTERNS (none: any) fits NUMBER, with the best in *RET. */
static bool fits_any(
	const struct config_words *patterns, struct span number, struct pattern_fit *ret)
{
	return route_best(patterns, number, ret) || !patterns->count;
}

enum route_verdict route_judge(
	const struct route *route, const struct route_call *call, struct route_fit *ret)
{
	enum route_verdict verdict = route_judge_source(route, call);

	*ret = (struct route_fit){.called = {0}};
	if (verdict)
		return verdict;
	if (!fits_any(&route->config->prefixes, call->called, &ret->called))
		return ROUTE_NOT_CALLED;
	if (!fits_any(&route->config->callers, call->caller, &ret->caller))
		return ROUTE_NOT_CALLER;
	return ROUTE_FITS;
}
