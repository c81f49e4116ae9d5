#include "trunk/pick.h"

#include "base/secret.h"

#include <string.h>

struct candidate {
	struct pick_target target;
	/* Of emergency calls; 0 of others. */
	bool hindered; /* another call would be stopped, and it is not for this one */
	size_t listed; /* its place in [emergency] trunks */
	bool misfit;   /* it takes other calls */
	uint64_t draw; /* lower is tried first within one priority */
};

/* The candidates while they are found, best first. */
struct search {
	const struct trunks *trunks;
	const struct routes *routes;
	const struct pick_question *question;
	uint64_t now_us;
	struct candidate best[PICK_MAX + 1];
	unsigned count;
	struct candidate left_out; /* the best of those; no trunk: none */
	struct pick *ret;
};

static int compare_fit(const struct route_fit *a, const struct route_fit *b)
{
	const int called = pattern_fit_compare(a->called, b->called);

	return called ? called : pattern_fit_compare(a->caller, b->caller);
}

static bool is_better(const struct candidate *a, const struct candidate *b)
{
	const int fit = compare_fit(&a->target.fit, &b->target.fit);

	if (a->hindered != b->hindered)
		return b->hindered;
	if (a->listed != b->listed)
		return a->listed < b->listed;
	if (a->misfit != b->misfit)
		return b->misfit;
	if (fit)
		return fit < 0;
	if (a->target.route->priority != b->target.route->priority)
		return a->target.route->priority < b->target.route->priority;
	if (a->draw != b->draw)
		return a->draw < b->draw;
	return strcmp(a->target.trunk->id, b->target.trunk->id) < 0;
}

/* -log2 of RANDOM / 2^32, which is above 0, times 2^24: exponentially distributed. */
static uint64_t exponential(uint64_t random)
{
	const unsigned zeros = (unsigned)__builtin_clzll(random) - 32;
	uint64_t mantissa = random << zeros, log = 0;

	/* the digits of the logarithm of a number from 1 to 2, one a squaring */
	for (unsigned i = 0; i < 24; i++) {
		mantissa = mantissa * mantissa >> 31;
		log <<= 1;
		if (mantissa >> 32) {
			mantissa >>= 1;
			log |= 1;
		}
	}
	return ((uint64_t)(zeros + 1) << 24) - log;
}

/*
 * The order of these numbers is that of drawing one after the other with chances by weight, as RFC 2782 does:
 * of exponentially distributed times with the weights as rates, each is the first as often as its weight says.
 */
static uint64_t draw(const struct pick_question *question, unsigned weight)
{
	if (!weight)
		return UINT64_MAX;
	if (question->settled)
		return UINT64_MAX - weight;
	return (exponential(secret_below(UINT64_C(1) << 32) | 1) << 24) / weight;
}

static bool is_caller(const struct route_call *call, const struct route *route)
{
	return call->from && route->kind == call->kind &&
	       strcmp(route->settings->id, call->from) == 0;
}

/* A trunk may take the call by several of its routes: the best one counts. */
static void insert(struct search *search, const struct candidate *candidate)
{
	unsigned at = 0;

	while (at < search->count &&
		search->best[at].target.trunk != candidate->target.trunk)
		at++;
	if (at == search->count && search->count < PICK_MAX)
		search->count++;
	else if (at < search->count && !is_better(candidate, &search->best[at]))
		return;
	/* what is in the way moves back, over the trunk's own, or over the last */
	for (; at > 0 && is_better(candidate, &search->best[at - 1]); at--)
		search->best[at] = search->best[at - 1];
	search->best[at] = *candidate;
}

static void leave_out(struct search *search, const struct candidate *candidate,
	const struct obstacle *obstacle)
{
	if (!obstacle_is_routed(obstacle->kind))
		return;
	search->ret->routed = true;
	if (!search->question->dry)
		obstacle_count(candidate->target.trunk, obstacle, &search->ret->retry_s);
	if (search->left_out.target.trunk && !is_better(candidate, &search->left_out))
		return;
	search->left_out = *candidate;
	search->ret->left_out = candidate->target.trunk;
	search->ret->obstacle = *obstacle;
}

/* A route that takes the number, of a call that is none of emergency. */
static bool found_h(void *arg, const struct route *route, struct pattern_fit fit)
{
	struct search *search = arg;
	const struct route_call *call = &search->question->call;
	struct candidate candidate = {.target = {.route = route->config}};
	const unsigned method = search->question->method;
	struct obstacle_question question = {.way = OBSTACLE_TO,
		.message = method != 0,
		.subscription = method == CONFIG_METHOD_SUBSCRIBE,
		.now_us = search->now_us};
	struct obstacle obstacle;

	candidate.target.fit.called = fit;
	if (is_caller(call, route) || route_judge_source(route, call) ||
		!routes_fit_caller(search->routes, route, call->caller,
			&candidate.target.fit.caller))
		return true;
	question.trunk = candidate.target.trunk =
		trunks_at(search->trunks, route->kind, route->at);
	if (method & ~route->settings->messages.methods) {
		search->ret->unwilling = true;
		return true;
	}
	candidate.draw = draw(search->question, route->config->weight);
	if (obstacle_find(&question, &obstacle) && !obstacle_is_brief(obstacle.kind)) {
		leave_out(search, &candidate, &obstacle);
		return true;
	}
	search->ret->routed = true;
	insert(search, &candidate);
	return search->count < PICK_MAX;
}

/* The place of TRUNK in [emergency] trunks; behind all that are named there it is as good as others. Whom the call
 * is for comes before all. */
static size_t place_listed(
	const struct pick_question *question, const struct trunk *trunk)
{
	const struct config_words *trunks = &question->config->emergency.trunks;
	size_t i = 0;

	if (trunk == question->first)
		return 0;
	if (!trunk->gateway)
		return trunks->count + 1;
	while (i < trunks->count && strcmp(trunks->words[i], trunk->id) != 0)
		i++;
	return i + 1;
}

/* A trunk for an emergency call. */
static void consider(struct search *search, struct trunk *trunk)
{
	const struct pick_question *question = search->question;
	struct candidate candidate = {.target = {.trunk = trunk}};
	struct pick_opinion opinion;

	pick_judge(search->trunks, trunk, question, &opinion);
	if (opinion.is_caller || (opinion.verdict != ROUTE_FITS &&
					 trunk->kind != route_side(&question->call)))
		return;
	candidate.target.route = opinion.route;
	candidate.target.fit = opinion.fit;
	candidate.hindered = opinion.obstacle.kind && trunk != question->first;
	candidate.listed = place_listed(question, trunk);
	candidate.misfit = opinion.verdict != ROUTE_FITS;
	candidate.draw = draw(question, opinion.route->weight);
	if (obstacle_stops(opinion.obstacle.kind, true)) {
		leave_out(search, &candidate, &opinion.obstacle);
		return;
	}
	search->ret->routed = true;
	insert(search, &candidate);
}

/* Emergency calls are few: all trunks are looked at. */
static void consider_all(struct search *search)
{
	for (unsigned kind = TRUNK_SERVER; kind <= TRUNK_GATEWAY; kind++) {
		struct trunk *trunk;

		for (unsigned i = 0; (trunk = trunks_at(search->trunks,
					      (enum trunk_kind)kind, i)) != NULL;
			i++)
			consider(search, trunk);
	}
}

void pick_candidates(const struct trunks *trunks, const struct pick_question *question,
	struct pick *ret)
{
	struct search search = {.trunks = trunks,
		.routes = trunks_routes(trunks),
		.question = question,
		.now_us = trunks_now_us(trunks),
		.ret = ret};

	*ret = (struct pick){.count = 0};
	if (question->emergency)
		consider_all(&search);
	else if (search.routes)
		routes_each(search.routes, question->call.called, found_h, &search);
	for (; ret->count < search.count; ret->count++)
		ret->list[ret->count] = search.best[ret->count].target;
}

/* Whether A is nearer to taking a call than B, of one trunk. */
static bool is_nearer(const struct pick_opinion *a, const struct pick_opinion *b)
{
	const int fit = compare_fit(&a->fit, &b->fit);

	if ((a->verdict == ROUTE_FITS) != (b->verdict == ROUTE_FITS))
		return a->verdict == ROUTE_FITS;
	if (a->verdict != b->verdict)
		return a->verdict > b->verdict;
	if (a->verdict != ROUTE_FITS)
		return false;
	return fit ? fit < 0 : a->route->priority < b->route->priority;
}

void pick_judge(const struct trunks *trunks, const struct trunk *trunk,
	const struct pick_question *question, struct pick_opinion *ret)
{
	const struct route_call *call = &question->call;
	const struct obstacle_question obstacle = {.trunk = trunk,
		.way = OBSTACLE_TO,
		.emergency = question->emergency,
		.now_us = trunks_now_us(trunks)};
	struct route route = {.kind = trunk->kind, .settings = trunk_settings(trunk)};

	for (size_t i = 0; (route.config = config_route_at(route.settings, i)); i++) {
		struct pick_opinion opinion = {
			.is_caller = is_caller(call, &route), .route = route.config};

		opinion.verdict = route_judge(&route, call, &opinion.fit);
		if (!i || is_nearer(&opinion, ret))
			*ret = opinion;
	}
	(void)obstacle_find(&obstacle, &ret->obstacle);
}

struct route_call pick_call(
	const struct trunk *trunk, struct span called, struct span caller)
{
	return (struct route_call){.kind = trunk->kind,
		.from = trunk->id,
		.calls_to = trunk_settings(trunk)->calls_to,
		.called = called,
		.caller = caller};
}
