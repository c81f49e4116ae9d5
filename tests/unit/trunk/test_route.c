/* The tree of routes: what it finds is what looking at each of them finds. */
#include "../unit.h"

#include "trunk/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GATEWAYS 60
#define ROUTES 3
#define WORDS 4
#define TEXT 12

/* A configuration made of random prefixes, of few characters, so that many of them fit. */
struct made {
	struct config config;
	struct config_server server;
	struct config_gateway gateways[GATEWAYS];
	struct config_route named[GATEWAYS][ROUTES];
	char ids[GATEWAYS][8];
	char texts[GATEWAYS][ROUTES + 1][2][WORDS][TEXT];
	char *words[GATEWAYS][ROUTES + 1][2][WORDS];
};

/* Words that the configuration may own. */
static char id_a[] = "a", id_b[] = "b", id_c[] = "c";
static char two_digits[] = "12", one_digit[] = "1";
static char word_servers[] = "servers", word_gateways[] = "gateways";
static char word_pbx[] = "server:pbx", word_trunk_b[] = "trunk:b";

static unsigned chance_state;

static unsigned chance(unsigned limit)
{
	chance_state = chance_state * 1103515245u + 12345u;
	return (chance_state >> 16) % limit;
}

static void random_pattern(char out[static TEXT])
{
	static const char *const places[] = {
		"0", "1", "2", "+", "0", "1", "2", "X", "Z", "N", "[02]", "[0-1]"};
	size_t len = 0;

	out[0] = '\0';
	for (unsigned i = 1 + chance(4); i > 0; i--) {
		const char *place = places[chance(12)];

		if (len + strlen(place) + 2 > TEXT)
			break;
		len += (size_t)snprintf(out + len, TEXT - len, "%s", place);
	}
	if (!chance(5))
		snprintf(out + len, TEXT - len, "$");
}

static void random_words(struct config_words *words, char **list, char (*texts)[TEXT])
{
	words->words = list;
	for (words->count = chance(WORDS + 1); words->count && !list[words->count - 1];) {
		for (unsigned i = 0; i < words->count; i++) {
			random_pattern(texts[i]);
			list[i] = texts[i];
		}
	}
}

static void make(struct made *made, unsigned seed)
{
	memset(made, 0, sizeof(*made));
	chance_state = seed;
	made->config.refs = 1;
	made->server.common.id = made->ids[0];
	made->config.servers = &made->server;
	made->config.server_count = 1;
	made->config.gateways = made->gateways;
	made->config.gateway_count = GATEWAYS;
	for (unsigned i = 0; i < GATEWAYS; i++) {
		struct config_trunk *common = &made->gateways[i].common;

		snprintf(made->ids[i], sizeof(made->ids[i]), "g%u", i);
		common->id = made->ids[i];
		common->routes = made->named[i];
		common->route_count = chance(ROUTES + 1);
		for (unsigned j = 0; j <= common->route_count; j++) {
			struct config_route *route =
				j ? &made->named[i][j - 1] : &common->route;

			random_words(&route->prefixes, made->words[i][j][0],
				made->texts[i][j][0]);
			random_words(&route->callers, made->words[i][j][1],
				made->texts[i][j][1]);
		}
	}
}

static struct span random_number(char *out)
{
	unsigned len = chance(7);

	for (unsigned i = 0; i < len; i++)
		out[i] = "012+3"[chance(5)];
	return (struct span){.p = out, .len = len};
}

/* What the tree finds: the best fit of each route, in order. */
struct found {
	const struct routes *routes;
	struct span caller;
	const struct config_route *list[GATEWAYS * (ROUTES + 1) + 1];
	struct route_fit fits[GATEWAYS * (ROUTES + 1) + 1];
	unsigned count;
	struct pattern_fit last;
};

static bool found_h(void *arg, const struct route *route, struct pattern_fit fit)
{
	struct found *found = arg;
	struct pattern_fit caller;

	if (found->count)
		assert_true(pattern_fit_compare(found->last, fit) <= 0);
	found->last = fit;
	if (!routes_fit_caller(found->routes, route, found->caller, &caller))
		return true;
	for (unsigned i = 0; i < found->count; i++)
		if (found->list[i] == route->config)
			return true; /* by a shorter prefix */
	found->list[found->count] = route->config;
	found->fits[found->count++] = (struct route_fit){fit, caller};
	return true;
}

static const struct route_fit *find(
	const struct found *found, const struct config_route *route)
{
	for (unsigned i = 0; i < found->count; i++)
		if (found->list[i] == route)
			return &found->fits[i];
	return NULL;
}

static void compare(const struct made *made, const struct routes *routes,
	struct span called, struct span caller)
{
	const struct route_call call = {
		.kind = TRUNK_SERVER, .called = called, .caller = caller};
	struct found found = {.routes = routes, .caller = caller};
	unsigned fitting = 1; /* the server, which takes any number */

	routes_each(routes, called, found_h, &found);
	for (unsigned i = 0; i < GATEWAYS; i++) {
		struct route route = {
			.kind = TRUNK_GATEWAY, .settings = &made->gateways[i].common};

		for (size_t j = 0;
			(route.config = config_route_at(route.settings, j)) != NULL;
			j++) {
			const struct route_fit *fit = find(&found, route.config);
			struct route_fit naive;
			const bool fits =
				route_judge(&route, &call, &naive) == ROUTE_FITS;

			assert_int_equal(fit != NULL, fits);
			if (!fit)
				continue;
			fitting++;
			assert_int_equal(
				pattern_fit_compare(fit->called, naive.called), 0);
			assert_int_equal(
				pattern_fit_compare(fit->caller, naive.caller), 0);
		}
	}
	assert_int_equal(found.count, fitting);
}

static void the_tree_finds_what_a_loop_finds(void **state)
{
	struct made *made = malloc(sizeof(*made));

	(void)state;
	assert_non_null(made);
	for (unsigned seed = 1; seed <= 40; seed++) {
		struct routes *routes;
		char called[8], caller[8];

		print_message("seed %u\n", seed);
		make(made, seed);
		assert_int_equal(routes_new(&routes, &made->config), 0);
		for (unsigned i = 0; i < 200; i++) {
			const struct span to = random_number(called);

			compare(made, routes, to, random_number(caller));
		}
		routes_free(routes);
		assert_int_equal(made->config.refs, 1);
	}
	free(made);
}

struct counted {
	unsigned count, limit;
};

static bool count_h(void *arg, const struct route *route, struct pattern_fit fit)
{
	struct counted *counted = arg;

	(void)route;
	(void)fit;
	return ++counted->count < counted->limit;
}

/* Whoever has enough says so, and is still told of those that fit as well. */
static void the_search_ends_behind_the_same_fit(void **state)
{
	char *both[] = {two_digits}, *one[] = {one_digit};
	struct config_gateway gateways[3] = {
		{.common = {.id = id_a, .route.prefixes = {both, 1}}},
		{.common = {.id = id_b, .route.prefixes = {one, 1}}},
		{.common = {.id = id_c, .route.prefixes = {both, 1}}}};
	struct config config = {.refs = 1, .gateways = gateways, .gateway_count = 3};
	struct counted counted = {.limit = 1};
	struct routes *routes;

	(void)state;
	assert_int_equal(routes_new(&routes, &config), 0);
	routes_each(routes, span_of("123"), count_h, &counted);
	assert_int_equal(counted.count, 2);
	counted = (struct counted){.limit = 9};
	routes_each(routes, span_of("123"), count_h, &counted);
	assert_int_equal(counted.count, 3);
	counted = (struct counted){.limit = 9};
	routes_each(routes, span_of("2"), count_h, &counted);
	assert_int_equal(counted.count, 0);
	routes_free(routes);
}

/* Prefixes that all fit in many ways cost a look at each of their places, and no more. */
static void classes_that_overlap_are_each_looked_at_once(void **state)
{
	static char texts[512][PATTERN_MAX + 1];
	static char *words[512];
	struct config_gateway gateway = {
		.common = {.id = id_a, .route.prefixes = {words, 512}}};
	struct config config = {.refs = 1, .gateways = &gateway, .gateway_count = 1};
	struct counted counted = {.limit = 1000};
	struct routes *routes;

	(void)state;
	for (unsigned i = 0; i < 512; i++) {
		for (unsigned j = 0; j < 9; j++)
			texts[i][j] = i >> j & 1 ? 'X' : '1';
		memset(texts[i] + 9, 'N', PATTERN_MAX - 9);
		words[i] = texts[i];
	}
	assert_int_equal(routes_new(&routes, &config), 0);
	routes_each(routes,
		span_of("1111111112222222222222222222222222222222222222222222222222222222"
			"222"
			"22"),
		count_h, &counted);
	assert_int_equal(counted.count, 512);
	routes_free(routes);
}

static void sources_and_sides(void **state)
{
	char *servers[] = {word_servers}, *gateways[] = {word_gateways},
	     *pbx[] = {word_pbx, word_trunk_b};
	static const struct {
		unsigned sources; /* index below */
		enum trunk_kind to, from;
		const char *id;
		enum config_calls_to calls_to;
		enum route_verdict verdict;
	} rows[] = {
		{0, TRUNK_GATEWAY, TRUNK_SERVER, "pbx", CONFIG_CALLS_TO_OTHER,
			ROUTE_FITS},
		{0, TRUNK_GATEWAY, TRUNK_SERVER, NULL, CONFIG_CALLS_TO_OTHER, ROUTE_FITS},
		{0, TRUNK_SERVER, TRUNK_SERVER, "pbx", CONFIG_CALLS_TO_OTHER,
			ROUTE_NOT_SIDE},
		{0, TRUNK_SERVER, TRUNK_SERVER, "pbx", CONFIG_CALLS_TO_SERVERS,
			ROUTE_FITS},
		{0, TRUNK_GATEWAY, TRUNK_SERVER, "pbx", CONFIG_CALLS_TO_SERVERS,
			ROUTE_NOT_SIDE},
		{0, TRUNK_SERVER, TRUNK_GATEWAY, "a", CONFIG_CALLS_TO_OTHER, ROUTE_FITS},
		{0, TRUNK_GATEWAY, TRUNK_GATEWAY, "a", CONFIG_CALLS_TO_OTHER,
			ROUTE_NOT_SIDE},
		{0, TRUNK_GATEWAY, TRUNK_GATEWAY, "a", CONFIG_CALLS_TO_GATEWAYS,
			ROUTE_FITS},
		/* servers */
		{1, TRUNK_GATEWAY, TRUNK_SERVER, "pbx", CONFIG_CALLS_TO_SERVERS,
			ROUTE_FITS},
		{1, TRUNK_SERVER, TRUNK_SERVER, "pbx", CONFIG_CALLS_TO_OTHER, ROUTE_FITS},
		{1, TRUNK_SERVER, TRUNK_GATEWAY, "a", CONFIG_CALLS_TO_OTHER,
			ROUTE_NOT_SOURCE},
		/* gateways */
		{2, TRUNK_GATEWAY, TRUNK_GATEWAY, "a", CONFIG_CALLS_TO_OTHER, ROUTE_FITS},
		{2, TRUNK_GATEWAY, TRUNK_SERVER, "pbx", CONFIG_CALLS_TO_OTHER,
			ROUTE_NOT_SOURCE},
		/* server:pbx, trunk:b */
		{3, TRUNK_GATEWAY, TRUNK_SERVER, "pbx", CONFIG_CALLS_TO_OTHER,
			ROUTE_FITS},
		{3, TRUNK_GATEWAY, TRUNK_SERVER, "pbx2", CONFIG_CALLS_TO_OTHER,
			ROUTE_NOT_SOURCE},
		{3, TRUNK_GATEWAY, TRUNK_SERVER, NULL, CONFIG_CALLS_TO_OTHER,
			ROUTE_NOT_SOURCE},
		{3, TRUNK_GATEWAY, TRUNK_SERVER, "b", CONFIG_CALLS_TO_OTHER,
			ROUTE_NOT_SOURCE},
		{3, TRUNK_GATEWAY, TRUNK_GATEWAY, "b", CONFIG_CALLS_TO_OTHER, ROUTE_FITS},
		{3, TRUNK_GATEWAY, TRUNK_GATEWAY, "pbx", CONFIG_CALLS_TO_OTHER,
			ROUTE_NOT_SOURCE},
	};
	const struct config_words sources[] = {
		{NULL, 0}, {servers, 1}, {gateways, 1}, {pbx, 2}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct config_route config = {.sources = sources[rows[i].sources]};
		const struct route route = {.kind = rows[i].to, .config = &config};
		const struct route_call call = {.kind = rows[i].from,
			.from = rows[i].id,
			.calls_to = rows[i].calls_to};

		if (route_judge_source(&route, &call) != rows[i].verdict)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tree_finds_what_a_loop_finds),
		cmocka_unit_test(the_search_ends_behind_the_same_fit),
		cmocka_unit_test(classes_that_overlap_are_each_looked_at_once),
		cmocka_unit_test(sources_and_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
